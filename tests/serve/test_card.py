"""The model card: whatever names the data brings, they are shown and do nothing."""

import dataclasses

import pytest
from tiny_dataset import tiny_schema

from ranker.serve.card import model_card

HOSTILE = {
    "<script>alert(1)</script>": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a | b": "a \\| b",
    "[x](javascript:alert(1))": "\\[x\\](javascript:alert(1))",
    "![x](http://x)": "\\!\\[x\\](http://x)",
    "`code`": "\\`code\\`",
    "**bold** ~~gone~~": "\\*\\*bold\\*\\* \\~\\~gone\\~\\~",
    "&lt;": "&amp;lt;",
    "back\\slash": "back\\\\slash",
    "a\n# b\r\x1b[31m\u2028c": "a # b  \\[31m c",
    "user_id": "user_id",
}


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_a_name_is_shown_as_it_is_wherever_it_stands(name):
    schema = dataclasses.replace(tiny_schema(), dataset=name)
    metrics = {name: {name: {name: 0.25, "warm": {name: 0.5}, "cold": {"note": name}}}}
    lines = model_card(schema, {"metrics": metrics}).split("\n")
    shown = HOSTILE[name]
    assert lines[0] == f"# Multitask ranker on {shown}"
    assert f"## Metrics: {shown}" in lines
    assert f"### {shown}" in lines
    assert f"| {shown} | 0.2500 | 0.5000 | - |" in lines
    assert f"cold: {shown}." in lines


def test_a_setting_does_not_end_the_block_that_it_stands_in():
    hostile = "x\n```\n<script>"
    card = model_card(
        tiny_schema(), {"settings": {"seed": 7, "monitor": hostile, hostile: {"a": 1}}}
    )
    lines = card.split("\n")
    fences = [place for place, line in enumerate(lines) if line.startswith("```")]
    assert len(fences) == 2
    assert fences[1] == len(lines) - 2


def test_the_card_says_which_numbers_are_live_and_which_frozen_if_there_are_both():
    live = {"gauc": 0.25, "warm": {"gauc": 0.5}, "cold": {}}
    plain = model_card(tiny_schema(), {"metrics": {"test": {"like": live}}})
    both = model_card(
        tiny_schema(), {"metrics": {"test": {"like": live | {"frozen": {"gauc": 0.75}}}}}
    )
    assert "frozen" not in plain
    assert "| gauc | 0.2500 | 0.5000 | - | 0.7500 |" in both.split("\n")
    assert both.count("in *frozen*, all rows, they are as they were at the user's first") == 1


CARD = {
    "origin": {
        "date": "2026-11-28T15:00:00Z",
        "version": "1.2.3",
        "commit": "abc123",
        "unfinished": "not finished, at attempt 1,240 of 2,000",
        "attempt": 1234,
        "step": 1200,
        "config_sha256": "5e77",
        "data": {"schema.toml": "da7a", "train.parquet": "0123"},
        "start": {"from": "runs/27", "attempt": 2_345, "config_sha256": "01d"},
    },
    "rows": {"train": 90_570, "validation": 10},
    "parameters": 1_234_567,
}
LINES = {
    "date": "| exported | 2026-11-28T15:00:00Z |",
    "version": "| version of the trainer | 1.2.3 |",
    "commit": "| commit of the trainer | abc123 |",
    "unfinished": "| run | not finished, at attempt 1,240 of 2,000 |",
    "attempt": "| attempt | 1,234 |",
    "step": "| step | 1,200 |",
    "config_sha256": "| SHA-256 of the settings | 5e77 |",
    "start": "| begun from | runs/27 |",
    "data": "| train.parquet | 0123 |",
    "rows": "| train | 90,570 |",
    "parameters": "| trained parameters | 1,234,567 |",
}


@pytest.mark.parametrize("key", LINES)
def test_where_the_model_comes_from_is_told_as_far_as_it_is_known(key):
    assert LINES[key] in model_card(tiny_schema(), CARD).split("\n")
    known = {name: value for name, value in CARD.items() if name != key}
    known["origin"] = {name: value for name, value in CARD["origin"].items() if name != key}
    card = model_card(tiny_schema(), known)
    start = ["| its attempt | 2,345 |", "| SHA-256 of its settings | 01d |"]
    assert [line in card.split("\n") for line in start] == [key != "start"] * 2
    assert set(LINES.values()) - set(card.split("\n")) == {LINES[key]}


@pytest.mark.parametrize("value", [None, {}])
def test_what_is_not_known_is_no_empty_table(value):
    card = model_card(tiny_schema(), {"origin": {"commit": value or None, "data": value}})
    assert "## Origin" not in card
    assert "## Files" not in card
    assert "## Rows" not in card
    assert "None" not in card


def test_base_rates_and_arguments_are_told():
    schema = tiny_schema()
    features = list(schema.features)
    features[2] = dataclasses.replace(features[2], name="user gender", argument="user_gender")
    schema = dataclasses.replace(schema, features=tuple(features))
    lines = model_card(schema, {}).split("\n")
    assert "| like | probability of label 1 | 0.6 | 1 |" in lines
    assert "| rating | prediction in the label's unit | 3.5 | 1.1 |" in lines
    assert "| user gender | user_gender | string | [B] |" in lines
    assert "| genres | genres | string | [B, L] |" in lines
