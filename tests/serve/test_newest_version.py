"""Which export is the newest."""

import pytest

from ranker import serve


def test_the_newest_version_is_found_from_a_run_or_a_folder_or_itself(tmp_path):
    for name in ("2", "10"):
        (tmp_path / "export" / name).mkdir(parents=True)
        (tmp_path / "export" / name / "saved_model.pb").touch()
    newest = tmp_path / "export" / "10"
    for place in (tmp_path, tmp_path / "export", newest):
        assert serve.newest_version(place) == newest
    assert serve.newest_version(tmp_path / "export" / "2").name == "2"
    with pytest.raises(FileNotFoundError, match="nowhere: no SavedModel here"):
        serve.newest_version(tmp_path / "nowhere")
