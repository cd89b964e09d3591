"""Data that are not there: the command that prepares them, and what was perhaps meant."""

import pytest

from ranker.cli import program, unprepared


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        ("data/movielens-100k", "--dataset=movielens-100k"),
        ("data/movielens-100k-past", "--dataset=movielens-100k --output=data/movielens-100k-past"),
        ("/disk/movielens-1m", "--dataset=movielens-1m --output=/disk/movielens-1m"),
        ("data/ours", "--dataset=NAME --output=data/ours"),
    ],
)
def test_the_command_is_said(tmp_path, monkeypatch, folder, command):
    monkeypatch.chdir(tmp_path)
    error = FileNotFoundError(2, "No such file or directory", f"{folder}/schema.toml")
    assert program.sentence(error) == (
        f"{folder}: no prepared data there, for it has no schema.toml. "
        f"This prepares them: ranker prepare {command}"
    )


def test_the_nearest_folder_is_said(tmp_path):
    for name in ("ours", "movielens-100k"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "schema.toml").touch()
    said = unprepared.advice(tmp_path / "movielens-10k" / "schema.toml")
    assert f"Did you mean --set=data.path={tmp_path}/movielens-100k? " in said


def test_another_missing_file_is_not_the_data():
    error = FileNotFoundError(2, "No such file or directory", "runs/first/config.toml")
    assert program.sentence(error) == "runs/first/config.toml: No such file or directory"
