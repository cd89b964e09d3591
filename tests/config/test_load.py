"""Settings are read exactly, and every mistake is one line that says where it is."""

import dataclasses
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranker.config.load import ConfigError, difference, dump, load, sha256


@dataclasses.dataclass(frozen=True, kw_only=True)
class Soft:
    kind: Literal["soft"] = "soft"
    strength: float = 0.25
    floor: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hard:
    kind: Literal["hard"] = "hard"
    strength: float = 4.0
    units: tuple[int, ...] = (8, 4)

    def __post_init__(self) -> None:
        if not self.strength > 0:
            raise ValueError(f"strength must be > 0, got {self.strength}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section:
    rate: float = 0.5
    count: int = 3
    is_on: bool = False
    text: str = "plain"
    order: Literal["first", "last"] = "first"
    maximum: float | None = None
    limit: int | None = 7
    weights: dict[str, float] = dataclasses.field(default_factory=dict)
    clip: Soft | Hard = Soft(strength=0.75)
    extra: Soft | Hard | None = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError(f"count must be >= 0, got {self.count}")
        if self.order == "last" and self.count == 0:
            raise ValueError("nothing can be last of 0")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    seed: int = 0
    section: Section = dataclasses.field(default_factory=lambda: Section(rate=0.125))
    clips: tuple[Soft | Hard, ...] = ()


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(text="", *overrides, base=None, kind=Config):
        if base is not None:
            (tmp_path / "base.toml").write_text(base, "utf-8")
        (tmp_path / "run.toml").write_text(text, "utf-8")
        return load(tmp_path.relative_to(tmp_path) / "run.toml", list(overrides), kind)

    return read


def test_an_empty_file_is_the_defaults(read):
    assert read("") == Config()


def test_what_is_stated_goes_before_the_default_of_its_own_table(read):
    # The section's default has rate 0.125 where its class says 0.5.
    assert read("[section]\ncount = 9").section == Section(rate=0.125, count=9)
    assert read("[section.clip]\nfloor = 1").section.clip == Soft(strength=0.75, floor=1.0)


def test_an_int_will_do_for_a_float_and_becomes_one(read):
    rate = read("[section]\nrate = 2").section.rate
    assert rate == 2.0
    assert type(rate) is float


def test_lists_become_tuples_of_tagged_dataclasses(read):
    text = '[[clips]]\nkind = "hard"\nunits = [3]\n[[clips]]\nkind = "soft"\nfloor = 2.0'
    assert read(text).clips == (Hard(units=(3,)), Soft(floor=2.0))


def test_a_file_goes_before_its_base_and_an_override_before_both(read):
    base = 'seed = 1\n[section]\ncount = 5\ntext = "base"\nweights = {a = 1.0}'
    config = read(
        'extends = "base.toml"\n[section]\ntext = "file"\nweights = {b = 2.0}',
        "section.count=6",
        "section.weights.a=3",
        base=base,
    )
    assert config.seed == 1
    assert config.section.text == "file"
    assert config.section.count == 6
    assert config.section.weights == {"a": 3.0, "b": 2.0}


@pytest.mark.parametrize(
    ("value", "text"),
    [("plain_word", "plain_word"), ("data/movielens-1m", "data/movielens-1m"), ('"a b"', "a b")],
)
def test_a_bare_word_is_text(read, value, text):
    assert read("", f"section.text={value}").section.text == text


def test_none_is_a_word_where_a_type_allows_it(read):
    assert read("", "section.limit=none").section.limit is None
    assert read('[section.extra]\nkind = "hard"', "section.extra=none").section.extra is None
    assert read("[section]\nlimit = 8").section.limit == 8
    # What stood before the word is gone, should a table follow it.
    stated = '[section.extra]\nkind = "hard"\nstrength = 9.0'
    again = read(stated, "section.extra=none", "section.extra.kind=hard")
    assert again.section.extra == Hard()
    assert read("", "section.extra.kind=hard").section.extra == Hard()


def test_another_kind_drops_the_settings_of_the_one_before(read):
    stated = '[section.clip]\nkind = "hard"\nstrength = 9.0\nunits = [1]'
    assert read(stated, "section.clip.kind=soft").section.clip == Soft(strength=0.75)
    # The file names no kind: what it says is of the default's, and goes with it.
    assert read("[section.clip]\nstrength = 9.0", "section.clip.kind=hard").section.clip == Hard()
    # The same kind again is no switch.
    assert read(stated, "section.clip.kind=hard").section.clip == Hard(strength=9.0, units=(1,))
    both = read(stated, "section.clip.kind=soft", "section.clip.floor=0.5")
    assert both.section.clip == Soft(strength=0.75, floor=0.5)
    base = read('extends = "base.toml"\n[section.clip]\nkind = "soft"\nfloor = 1.5', base=stated)
    assert base.section.clip == Soft(strength=0.75, floor=1.5)


def test_an_override_reaches_into_a_list_or_replaces_it(read):
    text = '[[clips]]\nkind = "hard"\nstrength = 1.0\n[[clips]]\nkind = "soft"'
    assert read(text, "clips.1.floor=0.5").clips == (Hard(strength=1.0), Soft(floor=0.5))
    assert read(text, "clips=[]").clips == ()
    assert read(text, 'clips=[{kind="soft"}]', "clips.0.floor=2").clips == (Soft(floor=2.0),)
    assert read("", "section.clip.kind=hard", "section.clip.units.1=6").section.clip == Hard(
        units=(8, 6)
    )


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
    "There are: kind, strength, units.",
    "[section.clip]\nkind = 'hard'\nstrength = 0.0": "run.toml: section.clip: strength must be "
    "> 0, got 0.0",
    "[section.extra]\nstrength = 1.0": "run.toml: section.extra: no kind; there are: soft, hard",
    "[[clips]]\nkind = 'hard'\n[[clips]]\nkind = 'soft'\nfloor = 'x'": "run.toml: clips.1.floor: "
    "must be a number, got 'x'",
    "clips = 'hard'": "run.toml: clips: must be a list, got 'hard'",
    "clips = ['hard']": "run.toml: clips.0: must be a table, got 'hard'",
    "seed = 9223372036854775808": "run.toml: seed: must fit in 64 bits, got an integer that "
    "does not",
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
    "clips.0.floor=1": "clips: no element '0'; it has 0, from 0",
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


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
INTS = st.integers(-(2**63), 2**63 - 1)
SOFT = st.builds(Soft, strength=NUMBERS, floor=NUMBERS)
HARD = st.builds(
    Hard,
    strength=st.floats(1e-300, 1e300),
    units=st.lists(INTS, max_size=3).map(tuple),
)
CONFIGS = st.builds(
    Config,
    seed=INTS,
    section=st.builds(
        Section,
        rate=NUMBERS,
        count=st.integers(1, 2**63 - 1),
        is_on=st.booleans(),
        text=st.text(),
        order=st.sampled_from(["first", "last"]),
        maximum=st.none() | NUMBERS,
        limit=st.none() | INTS,
        weights=st.dictionaries(st.text(), NUMBERS, max_size=3),
        clip=SOFT | HARD,
        extra=st.none() | SOFT | HARD,
    ),
    clips=st.lists(SOFT | HARD, max_size=3).map(tuple),
)


@settings(deadline=None)
@given(config=CONFIGS)
def test_what_is_dumped_loads_equal(config, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "dumped.toml"
    path.write_bytes(dump(config).encode())
    again = load(path, [], Config)
    assert again == config
    assert sha256(again) == sha256(config)
    assert difference(again, config) == []


@settings(deadline=None)
@given(before=CONFIGS, after=CONFIGS)
def test_a_difference_is_seen_by_the_digest_and_by_name(before, after):
    assert (before == after) == (difference(before, after) == [])
    if sha256(before) == sha256(after):
        assert before == after


def test_differences_name_each_setting_and_both_values(read):
    before = read('seed = 1\n[[clips]]\nkind = "soft"\n[section]\nweights = {a = 1.0}')
    after = read(
        '[[clips]]\nkind = "soft"\nfloor = 0.5\n[section.clip]\nkind = "hard"\n'
        '[section]\ntext = "new"\nlimit = "none"\nweights = {b = 1.0}'
    )
    assert difference(before, after) == [
        "seed: 1 -> 0",
        "section.text: 'plain' -> 'new'",
        "section.limit: 7 -> None",
        "section.weights: {'a': 1.0} -> {'b': 1.0}",
        "section.clip: soft -> hard",
        "clips.0.floor: 0.0 -> 0.5",
    ]
    assert difference(before, dataclasses.replace(before, clips=())) == ["clips: [soft] -> []"]


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


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, [], Config)
    assert str(caught.value) == f"{tmp_path}: Is a directory"
