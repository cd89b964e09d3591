"""Delimited text: what is well-formed comes through, what is not is counted and placed."""

import io

import numpy as np
import pytest

from ranker.datasets.errors import DatasetError
from ranker.datasets.read import text
from ranker.datasets.read.rejected_rows import RejectedRows
from ranker.datasets.read.text import DelimitedFile, Format

COLUMNS = ("a", "b", "c", "d")
KINDS = ("int64", "int64", "float64", "int64")
GOOD = [[1, 2, 3.5, 4], [5, 6, 0.5, 8], [9, 10, 5.0, 12]]


def _file(data: bytes, delimiter: str = ",", **options) -> tuple[DelimitedFile, RejectedRows]:
    rejected = RejectedRows("x.csv", max_share=0.9)
    form = Format(COLUMNS, delimiter, **options)
    return DelimitedFile(io.BytesIO(data), form, rejected=rejected), rejected


def _numbers(data: bytes, delimiter: str = ",", **options):
    file, rejected = _file(data, delimiter, **options)
    blocks = list(file.columns(KINDS))
    lines = np.concatenate([line for line, _ in blocks]).tolist()
    rows = [list(row) for _, columns in blocks for row in zip(*columns, strict=True)]
    return lines, rows, rejected


def _encode(rows: list, delimiter: str, newline: str = "\n") -> bytes:
    return "".join(delimiter.join(map(str, row)) + newline for row in rows).encode()


@pytest.mark.parametrize("block_bytes", [7, 20, 1 << 20])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("delimiter", [",", "\t", "::"], ids=["comma", "tab", "colons"])
def test_numbers_come_through_whatever_the_block(delimiter, newline, block_bytes, monkeypatch):
    monkeypatch.setattr(text, "_BLOCK_BYTES", block_bytes)
    lines, rows, rejected = _numbers(_encode(GOOD, delimiter, newline), delimiter)
    assert (lines, rows) == ([1, 2, 3], GOOD)
    assert rejected.report() == {"read": 3, "kept": 3, "rejected": {}}


@pytest.mark.parametrize(
    "row", [b" 1,2 ,3,4", b'"1",2,"3.0",4', b"001,2,+3,4", b"1,2,3.,4", b"1,2,30e-1,4"]
)
@pytest.mark.parametrize("whole", [True, False], ids=["as a block", "by line"])
def test_what_is_a_number_does_not_depend_on_the_neighbours(row, whole):
    _, rows, _ = _numbers(row + (b"\n" if whole else b"\nx\n"))
    assert rows == [[1, 2, 3.0, 4]]


def test_a_last_line_without_an_end_counts():
    lines, rows, _ = _numbers(_encode(GOOD, ",").rstrip(b"\n"))
    assert (lines, rows) == ([1, 2, 3], GOOD)


BAD_LINES = {
    "too few": (b"1,2,3", "columns", "3 columns in place of 4"),
    "too many": (b"1,2,3,4,5", "columns", "5 columns in place of 4"),
    "no number": (b"1,x,3,4", "number", "b 'x' is not a whole number"),
    "empty value": (b"1,,3,4", "number", "b '' is not a whole number"),
    "no whole number": (b"1,2,3,4.5", "number", "d '4.5' is not a whole number"),
    "nan": (b"1,2,nan,4", "number", "c 'nan' is not a number"),
    "infinite": (b"1,2,1e400,4", "number", "c '1e400' is not a number"),
    "hexadecimal": (b"0x10,2,3,4", "number", "a '0x10' is not a whole number"),
    "Python's number": (b"1_0,2,3,4", "number", "a '1_0' is not a whole number"),
    "beyond int64": (b"1,2,3,99999999999999999999", "number", "d '99999999999999999999'"),
    "bytes": (b"1,2,3,\xff\xfe", "encoding", r"the bytes b'\xff\xfe' are not utf-8"),
    "lone return": (b"1,2\r3,4,5", "number", "b '2\\r3' is not a whole number"),
}


@pytest.mark.parametrize("block_bytes", [16, 1 << 20])
@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_refused_and_placed_and_its_neighbours_stay(name, block_bytes, monkeypatch):
    bad, reason, problem = BAD_LINES[name]
    monkeypatch.setattr(text, "_BLOCK_BYTES", block_bytes)
    data = _encode(GOOD[:1], ",") + b"\n" + bad + b"\r\n" + _encode(GOOD[1:], ",")
    lines, rows, rejected = _numbers(data)
    assert (lines, rows) == ([1, 4, 5], GOOD)  # line 2 is blank: no row
    assert rejected.num_read == 4
    assert dict(rejected.counts) == {reason: 1}
    assert rejected.first[reason].startswith("x.csv, line 3: ")
    assert problem in rejected.first[reason]


def test_a_tab_in_a_file_of_colons_is_no_delimiter():
    _, rows, rejected = _numbers(b"1\t2::3::4\n1::2::3::4\n", "::")
    assert rows == [[1, 2, 3, 4]]
    assert "2 columns" not in rejected.first["columns"]
    assert "3 columns in place of 4" in rejected.first["columns"]


def test_text_reads_quotes_and_numbers_its_lines():
    file, rejected = _file(b'1,"a, ""b""",c,d\r\n\r\n2,x,y\r\n3,\xc3\xa9,c,d\r\n4,\xe9,c,d\r\n')
    assert list(file.text()) == [(1, ["1", 'a, "b"', "c", "d"]), (4, ["3", "é", "c", "d"])]
    assert rejected.num_read == 4
    assert rejected.first == {
        "columns": "x.csv, line 3: 3 columns in place of 4: ['2', 'x', 'y']",
        "encoding": r"x.csv, line 5: the bytes b'\xe9,c,d' are not utf-8",
    }


def test_latin_1_is_read_as_such():
    file, _ = _file(b"1|\xe9|c|d\n", "|", encoding="latin-1")
    assert list(file.text()) == [(1, ["1", "é", "c", "d"])]


def test_quotes_that_do_not_close_are_an_error_with_their_line():
    file, _ = _file(b'1,2,3,4\n1,"2,3,4\n')
    with pytest.raises(DatasetError, match=r"x\.csv, line 2: not a row of values"):
        list(file.text())


@pytest.mark.parametrize("header", [b"a,b,c,d\r\n", b"\xef\xbb\xbfa,b,c,d\n", b"a:x,b:y,c,d:z\n"])
def test_a_header_is_no_row_and_counts_as_a_line(header):
    lines, rows, _ = _numbers(header + _encode(GOOD, ","), header=COLUMNS)
    assert (lines, rows) == ([2, 3, 4], GOOD)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.csv: empty file"),
        (b"a,c,b,d\n", "x.csv, line 1: the header is 'a,c,b,d'; expected the columns a, b, c, d"),
    ],
)
def test_a_wrong_header_is_an_error(data, message):
    with pytest.raises(DatasetError) as caught:
        _file(data, header=COLUMNS)
    assert message in str(caught.value)


def test_refusals_fail_above_their_share_and_not_at_it():
    for refused, fails in ((1, False), (2, True)):
        rejected = RejectedRows("x.csv", max_share=0.1)
        rejected.num_read = 10
        rejected.add("columns", line=7, problem="short", count=refused)
        if fails:
            with pytest.raises(DatasetError) as caught:
                rejected.check()
            assert str(caught.value) == (
                "x.csv: 2 of 10 rows rejected, more than max_rejected_rows = 0.1 allows: "
                "2 for columns (x.csv, line 7: short)"
            )
        else:
            rejected.check()


def test_no_rows_at_all_is_an_error():
    with pytest.raises(DatasetError, match=r"x\.csv: empty file"):
        RejectedRows("x.csv", max_share=0.1).check()
