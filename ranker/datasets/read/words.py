"""Words of raw files, as rows hold them."""

UNKNOWN = "unknown"  # the word where there is none


def one_line(text: str) -> str:
    """Returns `text` fit for a vocabulary: on one line, and never empty."""
    return " ".join(text.split()) or UNKNOWN
