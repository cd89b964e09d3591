"""What goes wrong with data, as a person has to read it."""


class DatasetError(ValueError):
    """Data that cannot be used; the message is one sentence with file, line and value."""


class UnreachableError(DatasetError):
    """A source that gives nothing now: no connection, or no such file there."""
