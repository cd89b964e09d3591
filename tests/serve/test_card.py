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
