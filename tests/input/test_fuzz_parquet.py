"""Whatever a Parquet file holds: rows that are what they must be, or one sentence."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzz import fuzz, mutated
from hypothesis import strategies as st
from tiny_dataset import tiny_schema, tiny_table

from ranker.input import Encoder, check_split, read_split, read_vocabularies
from ranker.input.rules import bounds

pytestmark = pytest.mark.runs

WRITTEN = (
    {"compression": "zstd", "write_page_checksum": True},  # as `pipelines.prepare` does
    {"compression": "none", "data_page_version": "2.0"},
    {"compression": "snappy", "use_dictionary": False},
    {"compression": "gzip", "row_group_size": 7},
)
FIELDS = [*(f.name for f in tiny_schema().features), "like", "rating", "timestamp"]


@pytest.fixture(scope="module")
def encoder(prepared):
    return Encoder(tiny_schema(), read_vocabularies(prepared, tiny_schema()))


def check_file(path, encoder, max_rejected_rows):
    """Reads `path`, and holds what comes of it to the schema."""
    schema, said = tiny_schema(), None
    try:
        account = check_split(path, schema, max_rejected_rows=max_rejected_rows)
        split = read_split(
            path, schema, encoder, known_users=[], max_rejected_rows=max_rejected_rows
        )
    except ValueError as error:
        said = str(error)
    if said is not None:
        assert said.startswith(f"{path}: ")
        assert len(said.splitlines()) == 1, said
        assert len(said) < 3_000
        return
    assert account == split.rejected_rows
    assert account.num_read - account.num_rejected == len(split)
    for feature in schema.features:
        values = split.rows.features[feature.name]
        if feature.kind == "numeric":
            lowest, highest = bounds(feature)
            assert ((values >= lowest) & (values <= highest)).all()
        else:
            assert (values < encoder.num_rows[feature.vocabulary]).all()
            assert (values >= (-1 if feature.is_multivalued else 0)).all()
    for task in schema.tasks:
        labels = split.rows.labels[task.name][split.rows.weights[task.name] > 0]
        assert ((labels >= task.minimum) & (labels <= task.maximum)).all()


BUDGETS = [120, pytest.param(1_500, marks=pytest.mark.slow)]


@pytest.mark.parametrize("budget", BUDGETS)
def test_injured_files(budget, encoder, tmp_path):
    path, files = tmp_path / "x.parquet", []
    for number, options in enumerate(WRITTEN):
        pq.write_table(tiny_table(20, number), path, **options)
        files.append(path.read_bytes())

    def check(data):
        path.write_bytes(data)
        check_file(path, encoder, 0.9)

    fuzz("Parquet bytes", st.sampled_from(files).flatmap(mutated), check, num_cases=budget)


NUMBERS = st.one_of(
    st.none(),
    st.sampled_from([0.0, 1.0, -1.0, 5.0, math.nan, math.inf, -math.inf, 1e30, 1e-30, 1e300]),
    st.floats(),
)
IDS = st.none() | st.integers(-(2**63), 2**63 - 1)
TEXTS = st.none() | st.text(max_size=4) | st.sampled_from(["Drama", "M"])
KINDS = (
    (pa.int64(), IDS),
    (pa.int8(), st.none() | st.integers(-128, 127)),
    (pa.uint64(), st.none() | st.integers(0, 2**64 - 1)),
    (pa.float64(), NUMBERS),
    (pa.float32(), NUMBERS.map(lambda x: None if x is None else float(np.clip(x, -3e38, 3e38)))),
    (pa.string(), TEXTS),
    (pa.large_string(), TEXTS),
    (pa.binary(), st.none() | st.binary(max_size=4)),
    (pa.bool_(), st.none() | st.booleans()),
    (pa.timestamp("us"), st.none()),
    (pa.null(), st.none()),
    (pa.dictionary(pa.int8(), pa.string()), TEXTS),
    (pa.list_(pa.int64()), st.none() | st.lists(IDS, max_size=6)),
    (pa.large_list(pa.string()), st.none() | st.lists(TEXTS, max_size=6)),
    (pa.list_(pa.list_(pa.int64())), st.none() | st.just([[1], None])),
    (pa.struct({"element": pa.int64()}), st.none() | st.just({"element": 1})),
)


@st.composite
def columns(draw):
    """Returns a name, and 20 values of any type."""
    kind, values = draw(st.sampled_from(KINDS))
    few = draw(st.lists(values, min_size=1, max_size=3))
    return draw(st.sampled_from(FIELDS)), pa.array((few * 20)[:20], kind)


@pytest.mark.parametrize("budget", BUDGETS)
def test_valid_files_of_a_wrong_shape(budget, encoder, tmp_path):
    path, good = tmp_path / "x.parquet", tiny_table(20, 5)

    def check(case):
        changed, dropped, num_rows, options, share = case
        table = good
        for name, column in changed:
            table = table.set_column(table.column_names.index(name), name, column)
        pq.write_table(table.drop_columns(dropped).slice(0, num_rows), path, **options)
        check_file(path, encoder, share)

    cases = st.tuples(
        st.lists(columns(), max_size=3),
        st.sampled_from([[], [], [], *([name] for name in FIELDS)]),
        st.sampled_from([0, 1, 20, 20, 20]),
        st.sampled_from(WRITTEN),
        st.sampled_from([0.0, 0.5, 0.9]),
    )
    fuzz("Parquet of a wrong shape", cases, check, num_cases=budget)
