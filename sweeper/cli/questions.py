"""The options by which a command line says which table it wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from sweeper.cli import options
from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.question import Order, Pivot, Question
from sweeper.report.statistics.interval import IntervalMethod
from sweeper.report.statistics.significance import PairedTest
from sweeper.spec import Direction
from sweeper.spec.words import split_values

Command = Callable[..., Any]

_OPTIONS = (
    click.option("--metric", "metrics", multiple=True, metavar="NAME",
                 help="A metric to compare.  [default: what the sweep is about]"),
    click.option("--maximize", multiple=True, metavar="METRIC", help="Compare a metric of which more is better."),
    click.option("--minimize", multiple=True, metavar="METRIC", help="Compare a metric of which less is better."),
    click.option("--where", multiple=True, metavar="CONDITION",
                 help="Leave out all else, as in 'learning_rate < 0.1', 'optimizer = adam,sgd' or 'state != failed'."),
    click.option("--group-by", multiple=True, metavar="NAME[,NAME...]",
                 help="One row for each value of these parameters, over all that share it."),
    click.option("--pivot", nargs=2, metavar="ROWS COLUMNS",
                 help="The values of one parameter as rows, those of another as columns."),
    click.option("--best-per", multiple=True, metavar="NAME[,NAME...]",
                 help="Only the best configuration for each value of these parameters."),
    click.option("--show", multiple=True, metavar="NAME[,NAME...]", help="Show a parameter though it does not vary."),
    click.option("--replicates", multiple=True, metavar="NAME[,NAME...]",
                 help="Parameters in which repeated measurements differ, besides those that the sweeps name."),
    click.option("--sort", metavar="[-]NAME", help="Order rows by a parameter or metric; '-' puts the largest first."),
    click.option("--top", type=click.IntRange(min=1), help="Only so many rows."),
    click.option("--interval", type=options.Word(IntervalMethod), default="t", show_default=True,
                 help="The 95 % confidence interval of a mean."),
    click.option("--quantile", "quantiles", multiple=True, type=click.FloatRange(0, 1), metavar="SHARE",
                 help="Show a quantile over the replicates: 0.5 is the median."),
    click.option("--baseline", metavar="NAME=VALUE[,NAME=VALUE...]",
                 help="Compare every row with this one, over the replicates that both have."),
    click.option("--test", type=options.Word(PairedTest), default="t", show_default=True,
                 help="The test by which rows are compared."),
    click.option("--label", "labels", multiple=True, metavar="NAME=WORDS",
                 help="What readers see in the place of a parameter's or metric's name."),
)  # fmt: skip


def question(command: Command) -> Command:
    """Give a command the options that ``to_question`` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def to_question(asked: Mapping[str, Any]) -> Question:
    """Return the question that the options of ``question`` ask; raises ``InputError`` for one that makes no sense."""
    maximize, minimize = asked["maximize"], asked["minimize"]
    for metric in {*maximize} & {*minimize}:
        raise InputError(f"of {metric} either more is better or less; say --maximize or --minimize, not both")
    pivot, sort, baseline = asked["pivot"], asked["sort"], asked["baseline"]
    return Question(
        metrics=tuple(dict.fromkeys([*asked["metrics"], *maximize, *minimize])),
        directions=dict.fromkeys(maximize, Direction.MAXIMIZE) | dict.fromkeys(minimize, Direction.MINIMIZE),
        where=tuple(map(Condition.parse, asked["where"])),
        group_by=_names(asked["group_by"]),
        pivot=Pivot(_names(pivot[:1]), _names(pivot[1:])) if pivot else None,
        best_per=_names(asked["best_per"]),
        columns=_names(asked["show"]),
        replicates=_names(asked["replicates"]),
        order=Order.parse(sort) if sort else None,
        top=asked["top"],
        baseline=_baseline(baseline) if baseline else (),
        test=asked["test"],
        interval=asked["interval"],
        quantiles=tuple(dict.fromkeys(asked["quantiles"])),
        labels=_labels(asked["labels"]),
    )


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))


def _baseline(text: str) -> tuple[Condition, ...]:
    """Return the conditions of ``name=value,name=value``."""
    parts = split_values(text)
    if not all("=" in part for part in parts):
        raise InputError(f"--baseline {text}: write NAME=VALUE,NAME=VALUE")
    return tuple(map(Condition.parse, parts))


def _labels(texts: Sequence[str]) -> Mapping[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (name, _, words) in zip(texts, pairs, strict=True):
        if not (name.strip() and words.strip()):
            raise InputError(f"--label {text}: write NAME=WORDS")
    return {name.strip(): words.strip() for name, _, words in pairs}
