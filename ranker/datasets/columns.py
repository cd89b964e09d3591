"""What the columns of prepared rows are, in the few forms that datasets have; statistics later."""

from ranker.schema import Feature, Task


def categorical(name: str, dtype: str = "int64") -> Feature:
    """Returns a feature of one id or word a row, with a vocabulary of its own."""
    return Feature(name=name, kind="categorical", dtype=dtype, vocabulary=name)


def id_list(
    name: str, max_length: int, *, dtype: str = "int64", vocabulary: str = "", past_of: str = ""
) -> Feature:
    """Returns a feature of a list of ids or words a row; its own vocabulary unless named."""
    return Feature(
        name=name,
        kind="categorical",
        dtype=dtype,
        vocabulary=vocabulary or name,
        is_multivalued=True,
        max_length=max_length,
        past_of=past_of,
    )


def history(name: str, max_length: int) -> Feature:
    """Returns a feature of the items that the user met before, the latest first."""
    return id_list(name, max_length, vocabulary="item_id", past_of="user_id")


def numeric(
    name: str, minimum: float, maximum: float | None = None, *, log1p: bool = False
) -> Feature:
    """Returns a feature of one number a row, in these bounds; of its logarithm if `log1p`."""
    return Feature(
        name=name, kind="numeric", dtype="float32", log1p=log1p, minimum=minimum, maximum=maximum
    )


def binary(name: str) -> Task:
    """Returns a task whose label is 0 or 1."""
    return Task(name=name, kind="binary", minimum=0.0, maximum=1.0)
