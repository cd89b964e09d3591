"""What is written of tables in public formats: it decodes, and says what the columns are."""

import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from described_tables import bandit_log, games, impressions, reviews

from ranker.datasets.describe import names
from ranker.datasets.describe.description import Asked, describe
from ranker.datasets.describe.writing import spec_of
from ranker.spec.load import load
from ranker.spec.table import TableSpec

NOW = 1.8e9  # 2027, after all that is made


def described(*files, **asked):
    """Returns what is found out about files, the text, and the spec that it decodes to."""
    found = describe([str(file) for file in files], Asked(**asked), now=NOW)
    text = spec_of(found)
    spec_file = files[0].parent / "spec-of.toml"
    spec_file.write_text(text, "utf-8")
    return found, text, load(spec_file, [], TableSpec)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    return impressions(tmp_path_factory.mktemp("shop") / "log.parquet")


def kinds(parts):
    return {name: part.kind for name, part in parts.items()}


def test_a_log_of_impressions(log):
    found, text, spec = described(log)
    assert (spec.user, spec.item, spec.time, spec.request) == ("uid", "sku", "timestamp", "")
    assert kinds(spec.features) == {
        "uid": "id", "sku": "id", "country": "category", "device": "category", "price": "number",
        "tags": "list", "row_timestamp": "time",
    }  # fmt: skip
    assert kinds(spec.tasks) == {
        "click": "binary", "purchase": "binary", "dwell_seconds": "regression"
    }  # fmt: skip
    price = spec.features["price"]
    assert (price.transform, price.missing) == ("log1p", "indicator")
    assert spec.features["tags"].max_length == 2
    assert spec.tasks["dwell_seconds"].where == "click"
    assert not found.left_out
    assert spec.split.by == "time"
    assert spec.past["item_click_rate"].by == ("sku",)
    assert spec.past["user_last_click"].of == "sku"
    assert spec.past["user_last_click"].where == "click"
    assert any("dwell_seconds" in w and "swamp" in w for w in found.warnings)
    assert "10.51% null" in text.split("[features.price]")[0].splitlines()[-1]


def test_what_is_written_is_the_same_each_time(log):
    assert described(log)[1] == described(log)[1]


def test_reviews_of_clothes(tmp_path):
    found, _, spec = described(reviews(tmp_path / "reviews.csv"))
    assert (spec.user, spec.item, spec.time) == ("", "Clothing ID", "")
    assert kinds(spec.features) == {
        "Clothing ID": "id", "Age": "number", "Title": "text", "Review Text": "text",
        "Division Name": "category", "Department Name": "category", "Class Name": "category",
    }  # fmt: skip
    assert kinds(spec.tasks) == {
        "Rating": "regression",
        "Recommended IND": "binary",
        "Positive Feedback Count": "regression",
    }
    assert spec.tasks["Recommended IND"].label == "`Recommended IND`"
    assert spec.split.by == "random"
    assert not spec.past
    assert "it has no name" in found.left_out[""]


def test_a_log_of_a_bandit(tmp_path):
    found, text, spec = described(bandit_log(tmp_path / "all.csv"))
    assert (spec.user, spec.item, spec.time) == ("", "item_id", "timestamp")
    assert kinds(spec.tasks) == {"click": "binary"}
    assert found.left_out.keys() == {"", "position", "propensity_score"}
    assert '# weight = "1 / propensity_score"' in text
    assert '# [features.position]\n# kind = "category"\n' in text
    assert spec.features["user_feature_0"].kind == "category"
    assert kinds(spec.past) == {"item_rows": "count", "item_click_rate": "rate"}


@pytest.mark.parametrize("has_header", [True, False])
def test_games_that_were_bought_and_played(tmp_path, has_header):
    found, _, spec = described(games(tmp_path / "steam-200k.csv", has_header=has_header))
    names = ("user_id", "game", "behavior", "hours") if has_header else (
        "column_1", "column_2", "column_3", "column_4")  # fmt: skip
    assert (spec.user, spec.item) == names[:2]
    assert kinds(spec.features) == {names[0]: "id", names[1]: "id"}
    assert kinds(spec.tasks) == {"play": "binary", names[3]: "regression"}
    assert spec.tasks["play"].label == f"{names[2]} == 'play'"
    assert spec.tasks[names[3]].where == f"{names[2]} == 'play'"
    assert len(spec.source.columns) == (0 if has_header else 5)
    assert "constant" in next(iter(found.left_out.values()))


def test_what_somebody_says_of_columns_is_taken(log):
    _, text, spec = described(log, user="device", item="country", labels=("purchase",))
    assert (spec.user, spec.item) == ("device", "country")
    assert kinds(spec.tasks) == {"purchase": "binary"}
    assert "# [tasks.click]" in text
    assert not {"click", "dwell_seconds"} & spec.features.keys()


def test_many_files_of_one_folder_are_a_pattern(log, tmp_path):
    table = pq.read_table(log)
    paths = [tmp_path / f"part-{number:02d}.parquet" for number in range(12)]
    for number, path in enumerate(paths):
        pq.write_table(table[number * 1_000 : (number + 1) * 1_000], path)
    found, _, spec = described(*paths)
    assert spec.source.files == (str(tmp_path / "*.parquet"),)
    assert found.sample.num_rows == 12_000
    few = dataclasses.replace(found.sample, table=found.sample.table[:5])
    assert not few.is_whole


def test_a_sample_is_from_all_over_the_files(log, tmp_path):
    path = tmp_path / "groups.parquet"
    pq.write_table(pq.read_table(log), path, row_group_size=200)  # 100 groups
    found, text, _ = described(path, sample_rows=1_000)
    sample = found.sample
    assert 900 <= len(sample.table) <= 1_100
    assert sample.num_rows == 20_000
    moments = sample.table["timestamp"].cast(pa.int64()).to_numpy()
    whole = pq.read_table(log)["timestamp"].cast(pa.int64()).to_numpy()
    assert (moments > whole[18_000]).sum() > 50
    assert (moments < whole[2_000]).sum() > 50
    assert sample.num_nulls["price"] == pq.read_table(log)["price"].null_count
    assert "about 500 values" in text or 300 < found.columns["uid"].distinct <= 500


TIMES = ("minutes on page", "timeOnSite", "dwell_on_page", "watch_ms")
OTHERS = ("on_page", "position_on_page", "page_in_list", "minutes")


@pytest.mark.parametrize("name", [*TIMES, *OTHERS])
def test_a_name_says_whether_it_is_of_how_long_something_lasted(name):
    assert names.is_duration(name) == (name in TIMES)
