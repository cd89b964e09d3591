"""A description as the spec of a table, TOML that trains as it stands, with its reasons."""

import dataclasses
import tomllib
from collections.abc import Iterator

import numpy as np

from ranker.datasets.describe import names
from ranker.datasets.describe.description import Description
from ranker.datasets.describe.document import Document
from ranker.datasets.describe.features import facts, rounded, suggest
from ranker.datasets.describe.labels import Label
from ranker.spec.decode import Layer, decode
from ranker.spec.table import BinaryTask, TableSpec
from ranker.spec.table_features import TableFeature

_MOST_LEFT_OUT = 500  # columns that are named


@np.errstate(over="ignore", invalid="ignore")  # numbers may be as large as there are
def spec_of(found: Description) -> str:
    """Returns the spec, TOML.

    Unless `found.problem` says that something has to be filled in, `ranker.spec` decodes it.
    """
    document = Document()
    _top(document, found)
    _roles(document, found)
    document.blank()
    document.table(["source"], found.source)
    document.blank()
    document.sentence(found.split_why)
    always = ["by", "boundaries"] if found.split.by == "time" else ["by"]
    document.table(["split"], found.split, always=always)
    _tasks(document, found)
    _features(document, found)
    _past(document, found)
    _left_out(document, found)
    text = document.text()
    if not found.problem:
        decode(TableSpec, [Layer("the spec", tomllib.loads(text))])
    return text


def _top(document: Document, found: Description) -> None:
    sample = found.sample
    files = "1 file" if sample.num_files == 1 else f"{sample.num_files:,} files"
    least = "" if sample.is_counted else "at least "
    looked = "all" if sample.is_whole else f"{len(sample.table):,}"
    document.say(
        "Made by `ranker describe`. Read it, change what is wrong, and go on:",
        "  ranker prepare --dataset=table --spec=THIS FILE",
        f"{files}, {least}{sample.num_rows:,} rows, "
        f"{len(found.columns) + len(sample.left_out):,} columns; looked at {looked} of the rows.",
    )
    if found.problem:
        document.say(f"TO FILL IN: {found.problem}.")
    if found.warnings:
        document.blank()
        document.say("What may hurt:")
        for warning in found.warnings:
            document.say(warning, mark="- ")


def _roles(document: Document, found: Description) -> None:
    roles = found.roles
    document.blank()
    document.value("name", found.name)
    for role in (names.USER, names.ITEM):
        column = getattr(roles, role)
        if not column:
            document.say(f"No {role} was found; --{role}=COLUMN names one.")
            continue
        distinct = rounded(found.columns[column].distinct)
        about = "" if found.sample.is_whole else "about "
        document.value(role, found.names[column], f"{roles.why[role]}; {about}{distinct} of them")
    if roles.time:
        document.value("time", roles.time, roles.why["time"])
        if roles.time_unit != "s":
            document.value("time_unit", roles.time_unit)
    else:
        document.say("No time was found, so nothing is of the past; --time=COLUMN names one.")
    if roles.request:
        document.value("request", roles.request, roles.why["request"])
    for name in found.columns:
        if names.is_propensity(name) and (named := names.expression(name)):
            document.say(f'weight = "1 / {named}"  # against what the policy that showed preferred')


def _tasks(document: Document, found: Description) -> None:
    document.blank()
    document.say("Tasks: what is predicted.")
    if not found.labels:
        document.say("TO FILL IN: a label; a task is such as")
        document.table(["tasks", "click"], BinaryTask(label="click == 1"), is_out=True)
    for label in found.labels:
        document.blank()
        for sentence in _said(label):
            document.sentence(sentence)
        document.table(["tasks", label.name], label.task)
    for label in found.others:
        document.blank()
        document.sentence(f"{label.why}; not asked for")
        document.table(["tasks", label.name], label.task, is_out=True)


def _said(label: Label) -> Iterator[str]:
    known = label.values[label.has_label]
    if not len(known):
        yield label.why
        return
    if label.is_binary:
        holds = f"{known.mean():.3%} positive"
    else:
        holds = f"mean {known.mean():.4g}, standard deviation {known.std():.4g}"
    null = f", {1 - label.has_label.mean():.2%} without a label" * (not label.has_label.all())
    yield f"{label.why}: {holds}{null}"
    yield from label.remarks
    if not label.is_binary and known.min() >= 0 and known.std() > 2 * known.mean() > 0:
        yield f'a heavy tail: label = "log1p({label.task.label})" may be learnt better'


def _features(document: Document, found: Description) -> None:
    document.blank()
    document.say("Features: what the model sees of a row.")
    for name, suggestion in found.features.items():
        document.blank()
        seen = facts(found.columns[name], is_whole=found.sample.is_whole)
        document.sentence(f"{suggestion.why}; {seen}")
        _feature(document, found, name, suggestion.feature, is_out=False)


def _past(document: Document, found: Description) -> None:
    if not found.past:
        return
    document.blank()
    document.say(
        "Features of the past: of the rows strictly before the row's time. Labels that are known "
        "late are known late here too: leave out what would not be known when a row is scored."
    )
    for name, past in found.past.items():
        document.blank()
        document.table(["past", name], past)


def _left_out(document: Document, found: Description) -> None:
    if not found.left_out:
        return
    document.blank()
    document.say("Left out, and why. Take away the # before a table to have it all the same.")
    for name, why in list(found.left_out.items())[:_MOST_LEFT_OUT]:
        document.blank()
        document.say(f"{name!r:.100}: {why}.")
        if name in found.columns and name in found.names:
            suggestion = suggest(found.columns[name], found.roles)
            _feature(document, found, name, suggestion.feature, is_out=True)
    if len(found.left_out) > _MOST_LEFT_OUT:
        document.say(f"and {len(found.left_out) - _MOST_LEFT_OUT:,} more.")


def _feature(
    document: Document, found: Description, name: str, feature: TableFeature, *, is_out: bool
) -> None:
    plain = found.names[name]
    if plain != name:
        feature = dataclasses.replace(feature, column=name)
    document.table(["features", plain], feature, is_out=is_out)
