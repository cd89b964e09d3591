"""An export says of which run it is; in another run's directory it is refused."""

import json

import pytest

from ranker.serve import check_origin
from ranker.serve.origin import write_origin

pytestmark = pytest.mark.runs

OURS = {"config_sha256": "a", "data": {"schema.toml": "b"}}


@pytest.fixture
def version(tmp_path):
    (tmp_path / "export/1/assets.extra").mkdir(parents=True)
    write_origin(tmp_path / "export/1", OURS | {"step": 7})
    return tmp_path / "export/1"


def result(directory, document):
    (directory / "RESULT.json").write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"config_sha256": "z"}, "settings"),
        ({"data": {"schema.toml": "z"}}, "data"),
        ({"config_sha256": "z", "data": {}}, "settings and data"),
    ],
)
def test_the_export_of_another_run_is_refused_in_its_directory_alone(
    version, tmp_path, other, said
):
    result(tmp_path, OURS)
    check_origin(version, tmp_path)
    result(tmp_path, OURS | other)
    with pytest.raises(ValueError, match=rf"1: not of the run in .*: it is of other {said};"):
        check_origin(version, tmp_path)
    check_origin(version, version)
    check_origin(version, version.parent)


@pytest.mark.parametrize("damaged", ["", "[]", "{", "null"])
def test_without_what_to_compare_nothing_is_refused(version, tmp_path, damaged):
    check_origin(version, tmp_path)
    (tmp_path / "RESULT.json").write_text(damaged)
    check_origin(version, tmp_path)
    result(tmp_path, OURS)
    (version / "assets.extra/origin.json").unlink()
    check_origin(version, tmp_path)
