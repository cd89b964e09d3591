"""Text of several values: words, or a list written with a letter between them."""

from collections import Counter

import numpy as np

from ranker.datasets.describe.column import TEXT, Column

_DELIMITERS = "|;,"


def is_prose(column: Column) -> bool:
    """Returns whether a column is text of several words."""
    if column.look != TEXT:
        return False
    words = column.words(200)
    return bool(words) and float(np.mean([len(word.split()) for word in words])) >= 2.5


def delimiter_of(column: Column) -> str:
    """Returns what is between the values of a column of text, "" if it holds one value a row."""
    words = column.words(500) if column.look == TEXT else []
    for delimiter in _DELIMITERS:
        having = [word for word in words if delimiter in word]
        if len(having) < 0.2 * len(words) or len(having) < 3:
            continue
        pieces = Counter(piece.strip() for word in having for piece in word.split(delimiter))
        is_short = all(len(piece.split()) <= 3 and len(piece) <= 40 for piece in pieces)
        if is_short and "" not in pieces and len(pieces) < 0.7 * pieces.total():
            return delimiter
    return ""
