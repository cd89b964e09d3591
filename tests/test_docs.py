"""What the documents say is so: links lead somewhere, settings exist, examples run."""

import csv
import re
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import yaml
from documents import CONFIGS, DOCS, ROOT, TEXTS, blocks

from benchmarks import learning_rates
from ranker.schema import read_schema
from ranker.spec import load
from ranker.spec.compare import CompareConfig
from ranker.spec.nightly import NightlySettings
from ranker.spec.part import fields_of
from ranker.spec.reference import tables
from ranker.spec.run import RunConfig
from ranker.spec.table import TableSpec

REFERENCE = ("settings", "table_spec", "nightly_settings", "compare_settings")
GENERATED = tuple(f"docs/{name}.md" for name in REFERENCE)


def slugs(text):
    """Returns the anchors of a page's headings, as both the site and a forge make them."""
    without = re.sub(r"(?ms)^ *```.*?^ *```", "", text)
    heads = re.findall(r"(?m)^#{1,6} (.+)$", without)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", head).strip().lower()) for head in heads}


PACKAGED = {"LICENSE", "CITATION.cff"}  # with the package


@pytest.mark.parametrize("name", TEXTS)
def test_no_link_is_dead(name):
    links = re.findall(r"\]\((?!https?:)([^)\s]*)\)", TEXTS[name])
    links += re.findall(r'(?:src|srcset)="(?!https?:)([^"]+)"', TEXTS[name])
    for link in links:
        path, _, anchor = link.partition("#")
        if path in PACKAGED and not (ROOT / "CHANGELOG.md").exists():
            continue
        target = (ROOT / name).parent / path if path else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in slugs(target.read_text("utf-8")), link


NAMED = re.compile(r"`((?:data|objective|optimizer|guard|train)(?:\.[a-z_]+)+)(?: = [^`]+)?`")
NO_SETTINGS = {
    "guard.judge",
    "optimizer.iterations",
    "optimizer.refused",
    "optimizer.committed",
    "train.parquet",
    "train.csv",
}


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in GENERATED])
def test_every_setting_that_is_named_exists(name):
    known = {f"{t.name}.{field.name}" for t in tables(RunConfig) for field, _ in t.fields}
    known |= {f"{f.name}.{g}" for f in fields_of(RunConfig) for g in ("recovery", "detect")}
    for setting in set(NAMED.findall(TEXTS[name])) - NO_SETTINGS:
        assert setting in known, setting


@pytest.mark.parametrize(
    "test", sorted(set(re.findall(r"`(tests/[\w/.]+::\w+)`", "".join(TEXTS.values()))))
)
def test_what_is_said_to_be_held_by_a_test_is(test):
    path, _, name = test.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    "name", [*TEXTS, "benchmarks/LOG.md", *(f"configs/{p.name}" for p in CONFIGS)]
)
def test_every_number_below_1_has_its_zero(name):
    text = (ROOT / name).read_text("utf-8")
    assert not re.findall(r"(?<![\w.\])/*-])\.\d+", text)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_config_begins_with_its_question(path):
    first = path.read_text("utf-8").splitlines()[0]
    assert re.fullmatch(r"# [A-Z].{10,96}\?", first)


RESULTS = ["compare_clippy", "compare_faults", "detection", "robustness"]
RESULTS += ["kuairand_nights", "thirty_nights"]
RESULTS += [f"results/{path.stem}" for path in (ROOT / "docs/results").glob("*.md")]


@pytest.mark.parametrize("name", RESULTS)
def test_a_page_of_results_says_how_they_came_about(name):
    begin = TEXTS[f"docs/{name}.md"][:1500]
    for word in ("Command", "Date", "Machine", "Raw data"):
        assert f"\n- {word}: " in begin
    assert re.search(r"\n- Date: 20\d\d-\d\d-\d\d", begin)


@pytest.mark.parametrize("name", [n for n in TEXTS if n.startswith("docs/") and n not in GENERATED])
def test_a_page_begins_with_what_the_reader_wants(name):
    assert re.match(r"# .+\n\nYou (want|have|found|added)\b", TEXTS[name])


def test_the_pictures_are_those_of_the_rows():
    points = learning_rates.read(learning_rates.ROWS)
    for theme in learning_rates.COLOURS:
        path = learning_rates.PICTURES / f"learning_rates_{theme}.svg"
        assert path.read_text("utf-8") == learning_rates.picture(points, theme)


def test_the_table_of_learning_rates_is_that_of_the_rows():
    page = TEXTS["docs/results/learning_rates.md"]
    with learning_rates.ROWS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name, words in learning_rates.NAMES.items():
        of_rate = learning_rates.read(learning_rates.ROWS)[name]
        medians = [f"{np.median(of_rate[rate]):.4f}" for rate in sorted(of_rate)]
        assert f"| {words}, median like AUC | {' | '.join(medians)} |" in page
        dead = [
            sum(
                r["diverged"] == "True"
                for r in rows
                if (r["safeguard"], float(r["rate"])) == (name, rate)
            )
            for rate in sorted(of_rate)
        ]
        assert f"| diverged, of 7 | {' | '.join(map(str, dead))} |" in page


@pytest.mark.parametrize(
    ("file", "machine"), [("compare_quick", ""), ("compare_quick_intel", ", second machine")]
)
def test_the_table_of_the_default_comparison_is_that_of_the_rows(file, machine):
    with (ROOT / f"docs/results/{file}.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    lost: dict[tuple[str, bool], dict[str, int]] = {}
    for row in rows:
        of_rate = lost.setdefault((row["safeguard"], int(row["seed"]) >= 100), {})
        of_rate[row["rate"]] = of_rate.get(row["rate"], 0) + (row["divergence"] == "full")
    page = TEXTS["docs/results/compare_quick.md"]
    for is_second, seeds in ((False, "0 to 6"), (True, "100 to 106")):
        counts = list(lost["none", is_second].values())
        told = " | ".join(map(str, (*counts, sum(counts))))
        assert f"| none, seeds {seeds}{machine} | {told} |" in page
    assert not any(sum(n.values()) for (name, _), n in lost.items() if name != "none")


def test_the_default_comparison_and_the_learning_rates_have_the_same_runs():
    with (ROOT / "docs/results/compare_quick.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (ROOT / "docs/results/learning_rates.csv").open(newline="") as file:
        before = {(r["safeguard"], r["rate"], r["seed"]): r for r in csv.DictReader(file)}
    both = [(r, before.get((r["safeguard"], r["rate"], r["seed"]))) for r in rows]
    same = [(r, b) for r, b in both if b]
    assert len(same) == 70
    assert all(r["like_auc_validation"] == b["like_auc"] for r, b in same)
    assert all((r["divergence"] == "full") == (b["diverged"] == "True") for r, b in same)


def test_the_table_of_quality_is_that_of_the_rows():
    page = TEXTS["docs/results/quality.md"]
    values: dict[tuple[str, ...], list[float]] = {}
    with (ROOT / "docs/results/quality.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            key = (row["ranker"], row["split"], row["task"], row["metric"])
            values.setdefault(key, []).append(float(row["value"]))
    told = 0
    for (ranker, split, _, metric), of_seeds in values.items():
        is_ours = ranker == "movielens_100k"
        if metric == "mae" or (not is_ours and (split != "test" or metric == "log_loss")):
            continue
        mean = f"{np.mean(of_seeds):.4f}"
        spread = f" ± {np.std(of_seeds, ddof=1):.4f}" if len(of_seeds) > 1 else ""
        assert f"| {mean}{spread} |" in page, (ranker, split, metric)
        told += 1
    assert told >= 16 + 4 * 3


def test_the_table_of_unseen_faults_is_that_of_the_rows():
    page = TEXTS["docs/detection.md"]
    with (ROOT / "docs/results/detection_unseen.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 13
    for row in rows:
        full = row["hindsight_full_attempt"]
        hindsight = f"full at {full}" if full else "healed"
        first = row["detector_full_attempts"].split(" ")[0] or "never"
        told = rf"\| {re.escape(row['run'])} \| {hindsight} \| [^|]* \| {first}\b"
        assert re.search(told, page), row
        late = int(first) - int(full) if full else 0
        assert not full or re.search(rf"{told}[^|]*\| (\*\*)?{late}(\*\*)? \|", page), row


def test_the_schema_of_the_page_is_one(tmp_path):
    _, text = blocks(TEXTS["docs/own_data.md"], "toml")
    (tmp_path / "schema.toml").write_text(text)
    schema = read_schema(tmp_path / "schema.toml")
    assert [task.kind for task in schema.tasks] == ["binary", "regression"]


def test_the_spec_of_the_page_is_one(tmp_path):
    text, _ = blocks(TEXTS["docs/own_data.md"], "toml")
    (tmp_path / "spec.toml").write_text(text)
    spec = load.load(tmp_path / "spec.toml", [], TableSpec)
    assert list(spec.tasks) == ["clicked", "watched"]


def test_the_nightly_job_of_the_page_has_every_safeguard_on(tmp_path):
    (text,) = blocks(TEXTS["docs/nightly.md"], "toml")
    (tmp_path / "nightly.toml").write_text(text)
    job = load.load(tmp_path / "nightly.toml", [], NightlySettings)
    run = load.load(ROOT / f"configs/{job.config}.toml", job.set, RunConfig)
    assert run.guard.detect
    assert run.guard.recovery
    assert [clip.kind for clip in run.clip] == ["clippy"]


def test_the_safeguards_of_the_page_are_those_of_the_comparison():
    config = load.load(ROOT / "configs/compare_faults.toml", [], CompareConfig)
    page = TEXTS["docs/compare_faults.md"]
    assert [s.name for s in config.safeguards if f"| {s.name} | {s.title} |" not in page] == []


def test_the_comparison_of_the_page_is_one(tmp_path):
    (text,) = blocks(TEXTS["docs/compare.md"], "toml")
    (tmp_path / "compare.toml").write_text(text)
    config = load.load(tmp_path / "compare.toml", [], CompareConfig)
    assert [safeguard.name for safeguard in config.safeguards] == ["none", "Clippy", "GC"]


def test_the_clippers_of_the_page_are_settings(tmp_path):
    text = blocks(TEXTS["docs/safeguards.md"], "toml")[0]
    tomllib.loads(text)
    (tmp_path / "run.toml").write_text(text)
    config = load.load(tmp_path / "run.toml", [], RunConfig)
    assert [clip.kind for clip in config.clip] == ["global_norm", "clippy"]


def test_the_job_of_the_page_acts_on_exit_codes():
    (text,) = blocks(TEXTS["docs/nightly.md"], "yaml")
    job = yaml.safe_load(text)["spec"]["jobTemplate"]["spec"]
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2, 3, 4]
    assert job["template"]["spec"]["restartPolicy"] == "Never"  # which the policy asks for


def test_the_library_example_refuses_the_nan_and_nothing_else():
    scope: dict = {}
    exec(compile(blocks(TEXTS["docs/library.md"], "python")[0], "library.md", "exec"), scope)
    before = scope["weights"].numpy().copy()
    assert before.tolist() == [[0.0, 2.0]]
    _, accept = scope["attempt"](np.ones((1, 2), np.float32), np.ones((1, 1), np.float32))
    assert bool(accept)
    assert (scope["weights"].numpy() != before).all()


@pytest.mark.runs
def test_the_site_is_built_without_a_warning_and_fetches_nothing(tmp_path):
    """Chromium, or any browser, would load a page of it without a network."""
    told = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", f"--site-dir={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > len(DOCS)
    settings = (tmp_path / "settings" / "index.html").read_text("utf-8")
    assert "<code>embedding_<wbr>width</code>" in settings  # so that a phone shows it
    for page in pages:
        loads = (
            r'<(?:script|img|iframe|source)[^>]+src="?(?:https?:)?//|<link[^>]+stylesheet[^>]+//'
        )
        assert not re.search(loads, page.read_text("utf-8")), page
