"""Settings are read exactly, and what is written loads equal."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_settings import Config, Hard, Section, Soft, read_text

from ranker.spec.load import difference, dump, load, sha256


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return read_text


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


NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)
INTS = st.integers(-(2**31), 2**31 - 1)
SOFT = st.builds(Soft, strength=NUMBERS, floor=NUMBERS)
HARD = st.builds(
    Hard,
    strength=st.floats(2.0**-100, 2.0**100, width=32),
    units=st.lists(INTS, max_size=3).map(tuple),
)
CONFIGS = st.builds(
    Config,
    seed=INTS,
    section=st.builds(
        Section,
        rate=NUMBERS,
        count=st.integers(1, 2**31 - 1),
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
