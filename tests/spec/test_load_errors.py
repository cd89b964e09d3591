"""Every mistake in the settings is one line that says where it is and what."""

import dataclasses
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_settings import Config, read_text

from ranker.spec.load import ConfigError, load


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return read_text


MISTAKES = {
    "[section]\ncuont = 1": "run.toml: section: no setting 'cuont'. Did you mean 'count'? There "
    "are: rate, count, is_on, text, order, maximum, limit, weights, clip, extra.",
    "zzz = 1": "run.toml: no setting 'zzz'. There are: seed, section, clips.",
    "[section]\ncount = 2.0": "run.toml: section.count: must be a whole number, got 2.0",
    "[section]\ncount = true": "run.toml: section.count: must be a whole number, got true",
    "[section]\ncount = -1": "run.toml: section: count must be >= 0, got -1",
    "[section]\nrate = 'fast'": "run.toml: section.rate: must be a number, got 'fast'",
    "[section]\nrate = false": "run.toml: section.rate: must be a number, got false",
    "[section]\nrate = nan": "run.toml: section.rate: must be finite, got nan",
    "[section]\nmaximum = -inf": "run.toml: section.maximum: must be finite, got -inf",
    "[section]\nis_on = 1": "run.toml: section.is_on: must be true or false, got 1",
    "[section]\ntext = 2024-01-02": "run.toml: section.text: must be text, "
    "got datetime.date(2024, 1, 2)",
    "[section]\ntext = []": "run.toml: section.text: must be text, got a list",
    "[section]\norder = 'frist'": "run.toml: section.order: must be one of first, last, "
    "got 'frist'",
    "[section]\nweights = {a = 'x'}": "run.toml: section.weights.a: must be a number, got 'x'",
    "section = 3": "run.toml: section: must be a table, got 3",
    "[section.clip]\nkind = 'sofd'": "run.toml: section.clip: no kind 'sofd'. Did you mean "
    "'soft'? There are: soft, hard.",
    "[section.clip]\nkind = 1": "run.toml: section.clip: no kind 1. There are: soft, hard.",
    "[section.clip]\nkind = 'hard'\nfloor = 1.0": "run.toml: section.clip: no setting 'floor'. "
    "There are: strength, units.",
    "[section.clip]\nkind = 'hard'\nstrength = 0.0": "run.toml: section.clip: strength must be "
    "> 0, got 0.0",
    "[section.extra]\nstrength = 1.0": "run.toml: section.extra: no kind; there are: soft, hard",
    "[[clips]]\nkind = 'hard'\n[[clips]]\nkind = 'soft'\nfloor = 'x'": "run.toml: clips.1.floor: "
    "must be a number, got 'x'",
    "clips = 'hard'": "run.toml: clips: must be a list, got 'hard'",
    "clips = ['haard']": "run.toml: clips.0: no kind 'haard'. Did you mean 'hard'? There are: "
    "soft, hard.",
    "seed = 2147483648": "run.toml: seed: must fit in 32 bits, got 2147483648",
    "seed = -2147483649": "run.toml: seed: must fit in 32 bits, got -2147483649",
    f"seed = {2**90}": "run.toml: seed: must fit in 32 bits, got an integer of 91 bits",
    "[section]\nrate = 1e308": "run.toml: section.rate: must be 0 or of size 1.2e-38 to 3.4e+38, "
    "as float32 is, got 1e+308",
    "[section]\nrate = -1e-39": "run.toml: section.rate: must be 0 or of size 1.2e-38 to 3.4e+38, "
    "as float32 is, got -1e-39",
    "extends = 1": "run.toml: extends: must be a file's path, got 1",
    "extends = 'none.toml'": "none.toml: No such file or directory",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_the_file_is_said_with_its_place(read, text):
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value) == MISTAKES[text]


@pytest.mark.parametrize("text", ["seed = ", "seed = 1\nseed = 2"])
def test_what_is_no_toml_says_so(read, text):
    with pytest.raises(ConfigError, match=r"^run\.toml: not TOML: .*(line 2|end of document)"):
        read(text)


OVERRIDE_MISTAKES = {
    "section.count=-1": "section: count must be >= 0, got -1",
    "section.count=many": "section.count: must be a whole number, got 'many'",
    "section.cuont=1": "section: no setting 'cuont'. Did you mean 'count'? There are: rate, "
    "count, is_on, text, order, maximum, limit, weights, clip, extra.",
    "section.rate=nan": "section.rate: must be finite, got nan",
    "section.rate.x=1": "section.rate: must be a number, got a table",
    "section=none": "section: must be a table, got 'none'",
    "section.clip.kind=haard": "section.clip: no kind 'haard'. Did you mean 'hard'? There are: "
    "soft, hard.",
    "clips.0.floor=1": "clips: no element '0'; the list is empty",
    "section.rate": "must be section.name=value",
    "section..rate=1": "must be section.name=value",
    "=1": "must be section.name=value",
    "section.text=": "no TOML value: ''",
    "section.text=two words": "no TOML value: 'two words'",
    "section.text=[1": "no TOML value: '[1'",
    "seed=1\nsection.count=2": "more than one value: '1\\nsection.count=2'",
    "extends=base.toml": "no setting 'extends'. There are: seed, section, clips.",
}


@pytest.mark.parametrize("override", OVERRIDE_MISTAKES)
def test_a_mistake_in_an_override_names_the_override(read, override):
    with pytest.raises(ConfigError) as caught:
        read("seed = 4", override)
    shown = " ".join(override.split())
    assert str(caught.value) == f"--set={shown}: {OVERRIDE_MISTAKES[override]}"


def test_each_error_names_the_source_that_stated_the_value(read):
    def message(*sources, **named):
        with pytest.raises(ConfigError) as caught:
            read(*sources, **named)
        return str(caught.value).partition(":")[0]

    extends = 'extends = "base.toml"\n'
    assert message(extends, base="[section]\ncount = -1") == "base.toml"
    assert message(extends + "[section]\nrate = 1", base="[section]\ncount = -1") == "base.toml"
    assert message(extends + "[section]\nrate = 'x'", base="[section]\ncount = 1") == "run.toml"
    assert message("[section]\ncount = -1", "section.rate=1") == "run.toml"
    # No single setting is at fault: the newest source is what made it so.
    assert message("[section]\ncount = 0", "section.order=last") == "--set=section.order=last"


def test_a_base_may_not_extend_another(read):
    with pytest.raises(ConfigError) as caught:
        read("extends = 'base.toml'", base="extends = 'older.toml'")
    assert str(caught.value) == (
        "run.toml: extends: base.toml itself extends 'older.toml'; one level is all"
    )


def test_a_setting_without_a_default_must_be_stated(read):
    @dataclasses.dataclass(frozen=True)
    class Needy:
        name: str
        size: int = 1

    with pytest.raises(ConfigError, match=r"^run.toml: no name, which has no default$"):
        read("size = 2", kind=Needy)


def test_a_type_toml_cannot_hold_is_the_programmers_error(read):
    @dataclasses.dataclass(frozen=True)
    class Odd:
        name: bytes = b""

    with pytest.raises(TypeError, match="name: a setting cannot be of type <class 'bytes'>"):
        read("name = 'x'", kind=Odd)


KEYS = st.sampled_from(["seed", "section", "clips", "clip", "kind", "rate", "count", "x", "a.b"])
TOML_TEXT = st.one_of(
    st.text(max_size=30),
    st.builds("{} = {}".format, KEYS, st.text(max_size=12)),
    st.builds(
        "[{}]\n{} = {}".format, KEYS, KEYS, st.text("0123456789.e-+infa'\"[]{},=", max_size=9)
    ),
    st.builds("[[{}]]\n{} = 'hard'".format, KEYS, KEYS),
)


@settings(deadline=None)
@given(text=TOML_TEXT, overrides=st.lists(TOML_TEXT | st.builds("{}={}".format, KEYS, st.text())))
def test_no_input_gets_another_error_than_a_config_error_of_one_line(
    text, overrides, tmp_path_factory
):
    path = tmp_path_factory.getbasetemp() / "fuzzed.toml"
    path.write_bytes(text.encode())
    try:
        load(path, overrides, Config)
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1, error  # noqa: PT017 (any outcome will do)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"seed = 0x" + b"f" * 9000, b"seed = " + b"9" * 9000, b"a = " + b"[" * 99_999],
    ids=["bytes", "hexadecimal", "digits", "nested"],
)
def test_hostile_files_get_one_short_line(tmp_path, content):
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(path, [], Config)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 200 + len(str(path))


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "link to a device"])
@pytest.mark.parametrize("is_extended", [False, True])
def test_what_is_no_file_is_not_read(tmp_path, kind, is_extended):
    path = tmp_path / "there"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)  # which nobody writes to
    elif kind == "device":
        path = Path("/dev/zero")  # which never ends
    else:
        path.symlink_to("/dev/zero")
    extending = tmp_path / "run.toml"
    extending.write_text(f"extends = '{path}'")
    with pytest.raises(ConfigError) as caught:
        load(extending if is_extended else path, [], Config)
    assert str(caught.value) == f"{path}: no file but a folder, a pipe or a device"


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "run.toml"
    with path.open("wb") as file:
        file.truncate(2**40)  # and takes no room
    with pytest.raises(ConfigError) as caught:
        load(path, [], Config)
    assert str(caught.value) == (
        f"{path}: no settings: 1,099,511,627,776 bytes, of at most 1,000,000"
    )


def test_of_a_file_that_is_not_there_the_nearest_is_told(tmp_path):
    (tmp_path / "quick.toml").touch()
    (tmp_path / "other.toml").touch()
    with pytest.raises(ConfigError, match=r"qick\.toml: No such .* mean .*/quick\.toml\?$"):
        load(tmp_path / "qick.toml", [], Config)
    with pytest.raises(ConfigError, match=r"No such file or directory$"):
        load(tmp_path / "zzz.toml", [], Config)
