"""The spec of a table: what it reads, gives back, and refuses in one sentence."""

import pytest

from ranker.spec.decode import ConfigError
from ranker.spec.load import dump, load
from ranker.spec.table import TableSpec
from ranker.spec.table_past import PastRate, window_seconds

SPEC = """
user = "uid"
item = "sku"
time = "timestamp"
[source]
files = ["logs/*.parquet"]
types = {sku = "text"}
[features.uid]
kind = "id"
[features.sku]
kind = "id"
missing = -7
[features.price]
kind = "number"
missing = "indicator"
transform = "log1p"
[features.place]
kind = "crossed"
columns = ["country", "device"]
hash_buckets = 1000
[past.user_ctr]
kind = "rate"
of = "click"
by = ["uid"]
window = "7 days"
[tasks.click]
kind = "binary"
[tasks.dwell]
kind = "regression"
label = "seconds / 60"
where = "click == 1"
"""


def read(tmp_path, text):
    path = tmp_path / "spec.toml"
    path.write_text(text, "utf-8")
    return load(path, [], TableSpec)


def test_a_spec_is_read_back_equal_from_what_is_written_of_it(tmp_path):
    spec = read(tmp_path, SPEC)
    assert spec.features["sku"].missing == -7.0
    assert spec.features["price"].missing == "indicator"
    assert window_seconds(spec.past["user_ctr"]) == 604_800
    assert spec == read(tmp_path, dump(spec))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('kind = "rate"', 'kind = "ratio"', "past.user_ctr: no kind 'ratio'. Did you mean 'rate'?"),
        ('"7 days"', '"0 days"', "window must be such as"),
        ('by = ["uid"]', 'by = ["uid", "uid"]', "by must be at most two different columns"),
        ('missing = "indicator"', 'missing = "zero"', "missing must be a number or"),
        ('missing = "indicator"', "missing = true", "missing: must be a number, got true"),
        ("missing = -7", "missing = -7.5", "whole number, got -7.5"),
        ('["country", "device"]', '["country"]', "columns must be two or more"),
        ('sku = "text"', 'sku = "string"', "types.sku 'string' is none of int, float"),
        ('files = ["logs/*.parquet"]', "files = []", "files must name at least one"),
        ('label = "seconds / 60"', 'lable = "seconds"', "Did you mean 'label'?"),
    ],
)
def test_a_mistake_is_said_in_one_sentence_with_its_place(tmp_path, before, after, said):
    assert SPEC.count(before) == 1
    with pytest.raises(ConfigError, match=r"spec\.toml") as raised:
        read(tmp_path, SPEC.replace(before, after))
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_window_is_seconds_to_weeks():
    lengths = {"1 second": 1, "30 minutes": 1_800, "2hours": 7_200, "1 week": 604_800, "": 0}
    for text, seconds in lengths.items():
        assert window_seconds(PastRate(of="click", window=text)) == seconds
