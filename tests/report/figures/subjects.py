"""Subjects to draw: a grid, a study, two objectives, and names that try to be more than words."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from sweeper.report.figures.subject import Axis, Curve, Mark, Step, Subject
from sweeper.spec import Direction

RATE = Axis("learning_rate", "learning_rate", is_number=True)
OPTIMIZER = Axis("optimizer", "optimizer", is_number=False)
WIDTH = Axis("width", "width", is_number=True)
MOMENTUM = Axis("momentum", "momentum", is_number=True)
ACCURACY = Axis("accuracy", "Accuracy", is_number=True, direction=Direction.MAXIMIZE)
LATENCY = Axis("latency", "Latency", is_number=True, unit="ms", direction=Direction.MINIMIZE)
RATES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "it's \"quoted\" & 'so'",
    "🚀 学习 \u202eabc",
    "x" * 300,
    "$\\alpha_{1}$",
    "%{x}<br>{{7*7}}",
    "</script><b>",
)


def score(values: dict[str, Any]) -> float:
    """Return something to maximize that has its best inside."""
    distance = (math.log10(values["learning_rate"]) + 2) ** 2
    penalty = {"sgd": 0.03, "lion": 0.015}.get(values.get("optimizer", ""), 0.0)
    return 0.97 - 0.05 * distance - penalty - abs(values.get("width", 64) - 64) / 2000


def words(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def mark(values: dict[str, Any], mean: float | None, *, n: int = 5, spread: float = 0.01, **more: Any) -> Mark:
    """Return a configuration with an accuracy; None: it has no result."""
    if mean is None:
        return Mark(values, {}, n=0, words=words(values), **more)
    ends = {"lows": {"accuracy": mean - spread}, "highs": {"accuracy": mean + spread}} if n > 1 else {}
    return Mark(values, {"accuracy": mean}, **ends, n=n, words=words(values), **more)


def best_first(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Return marks by falling accuracy, those behind that break a constraint, the first of them the best."""
    first, *others = sorted(marks, key=lambda one: (not one.is_feasible, -one.means.get("accuracy", -math.inf)))
    return (replace(first, is_best=True), *others)


def one_parameter() -> Subject:
    """Return a grid over a learning rate, five replicates each, one of them without a result."""
    marks = [mark({"learning_rate": rate}, None if rate == 1e-3 else score({"learning_rate": rate})) for rate in RATES]
    return Subject("rates", (RATE,), (ACCURACY,), best_first(marks), ("seed",), "95 % t interval")


def grid() -> Subject:
    """Return a grid over a number and words, with learning curves, one point failed."""
    chance = random.Random(1)
    marks = []
    for rate, optimizer in product(RATES, ("adam", "sgd", "lion")):
        values = {"learning_rate": rate, "optimizer": optimizer}
        mean = None if values == {"learning_rate": 1e-2, "optimizer": "lion"} else score(values)
        marks.append(mark(values, mean, spread=chance.uniform(0.005, 0.03)))
    ordered = best_first(marks)
    curves = tuple(_curve(one, chance) for one in ordered if one.means)
    steps = tuple(runs(len(marks) * 5, chance))
    return Subject(
        "bert_lr",
        (RATE, OPTIMIZER),
        (ACCURACY,),
        ordered,
        ("seed",),
        "95 % t interval",
        steps,
        curves,
        "accuracy",
        {"learning_rate": 0.83, "optimizer": 0.17},
        "PED-ANOVA",
    )


def _curve(of: Mark, chance: random.Random) -> Curve:
    goal = of.means["accuracy"]
    series = []
    for _ in range(3):
        off = chance.uniform(-0.02, 0.02)
        series.append({step: goal * (1 - math.exp(-step / 6)) + off + chance.gauss(0, 0.004) for step in range(30)})
    return Curve(of.words, tuple(series))


def runs(number: int, chance: random.Random, *, pause: int = 0) -> Iterator[Step]:
    """Yield runs on four workers, the last of them still going; after the first third a pause of milliseconds."""
    free = [1_700_000_000_000] * 4
    for place in range(number):
        worker = min(range(4), key=free.__getitem__)
        if pause and place == number // 3:
            free = [max(free) + pause] * 4
        start = free[worker] + 50
        end = start + int(chance.uniform(20_000, 90_000))
        free[worker] = end
        state = chance.choices(["finished", "failed"], [20, 1])[0]
        is_last = place == number - 1
        yield Step(place, None, start, None if is_last else end, "running" if is_last else state, words=f"run {place}")


def big_grid(seeds: int = 1) -> Subject:
    """Return a grid of four parameters, complete, of 5 x 3 x 4 x 2 configurations."""
    chance = random.Random(2)
    marks = [
        mark(values, score(values) + chance.gauss(0, 0.01), n=seeds)
        for rate, optimizer, width, momentum in product(RATES, ("adam", "sgd", "lion"), (16, 32, 64, 128), (0.0, 0.9))
        for values in [{"learning_rate": rate, "optimizer": optimizer, "width": width, "momentum": momentum}]
    ]
    parameters = (RATE, OPTIMIZER, WIDTH, MOMENTUM)
    importances = {"learning_rate": 0.7, "width": 0.2, "optimizer": 0.06, "momentum": 0.003}
    return Subject(
        "big", parameters, (ACCURACY,), best_first(marks), importances=importances, importance_method="PED-ANOVA"
    )


def study(number: int = 200) -> Subject:
    """Return a study of conditional parameters, whose trials end in every way."""
    chance = random.Random(3)
    marks, steps = [], []
    now = 1_700_000_000_000
    for trial in range(number):
        optimizer = chance.choice(["adam", "sgd"])
        focus = min(1.0, 0.3 + trial / number)
        values: dict[str, Any] = {
            "learning_rate": 10 ** (-2 + (1 - focus) * chance.uniform(-3, 2) + chance.gauss(0, 0.3)),
            "optimizer": optimizer,
            "width": chance.randint(8, 128),
        }
        if optimizer == "sgd":
            values["momentum"] = chance.random()
        value = score(values) + chance.gauss(0, 0.01)
        state = chance.choices(["complete", "pruned", "failed"], [8, 3, 1])[0]
        is_feasible = chance.random() < 0.9
        start, now = now, now + int(chance.uniform(5_000, 40_000))
        told = (value,) if state == "complete" else ()
        steps.append(Step(trial, trial, start, now, state, told, is_feasible, words(values)))
        marks.append(mark(values, value if told else None, n=1, trial=trial, is_feasible=is_feasible))
    log_rate = replace(RATE, is_log=True)
    return Subject(
        "study",
        (log_rate, OPTIMIZER, WIDTH, MOMENTUM),
        (ACCURACY,),
        best_first(marks),
        steps=tuple(steps),
        importances={"learning_rate": 0.8, "width": 0.15, "momentum": 0.03, "optimizer": 0.02},
        importance_method="PED-ANOVA",
    )


def two_objectives(number: int = 60) -> Subject:
    """Return configurations by accuracy and latency, with their Pareto front."""
    chance = random.Random(4)
    marks = []
    for _ in range(number):
        width = chance.randint(4, 256)
        accuracy, latency = 0.98 - 1 / width**0.7 - abs(chance.gauss(0, 0.03)), width * chance.uniform(0.05, 0.15)
        ends = {"accuracy": 0.01, "latency": latency * 0.06}
        means = {"accuracy": accuracy, "latency": latency}
        lows, highs = ({name: means[name] + sign * end for name, end in ends.items()} for sign in (-1, 1))
        marks.append(Mark({"width": width, "dropout": chance.random()}, means, lows, highs, 5, words=f"width={width}"))
    front = [one for one in marks if not any(_beats(other, one) for other in marks)]
    ordered = [replace(one, is_best=one in front) for one in sorted(marks, key=lambda one: one not in front)]
    dropout = Axis("dropout", "dropout", is_number=True)
    return Subject("pareto", (WIDTH, dropout), (ACCURACY, LATENCY), tuple(ordered), ("seed",), "95 % t interval")


def _beats(one: Mark, other: Mark) -> bool:
    return (
        one is not other
        and one.means["accuracy"] >= other.means["accuracy"]
        and one.means["latency"] <= other.means["latency"]
    )


def hostile() -> Subject:
    """Return a subject in which every word is a user's attempt at something else."""
    first, second = (
        Axis(f"{name}{HOSTILE[0]}", HOSTILE[place], is_number=False) for place, name in ((0, "a"), (1, "b"))
    )
    third = Axis("c", HOSTILE[4], is_number=True, unit=HOSTILE[5])
    metric = Axis("m", HOSTILE[6], is_number=True, unit=HOSTILE[7], direction=Direction.MAXIMIZE)
    marks = [
        Mark({first.name: one, second.name: two, "c": number}, {"m": place / 7}, words=f"{one} {two}")
        for place, (one, two, number) in enumerate(product(HOSTILE, HOSTILE, (1, 2)))
    ]
    curves = tuple(Curve(one, ({1: 0.1, 2: 0.2},)) for one in HOSTILE)
    steps = tuple(
        Step(place, place, place * 1000, place * 1000 + 900, one, (0.1 * place,), words=one)
        for place, one in enumerate(HOSTILE)
    )
    importances = {axis.name: 0.3 for axis in (first, second, third)}
    ordered = (replace(marks[-1], is_best=True), *marks[-2::-1])
    return Subject(
        HOSTILE[0],
        (first, second, third),
        (metric,),
        ordered,
        (HOSTILE[1],),
        HOSTILE[2],
        steps,
        curves,
        HOSTILE[3],
        importances,
        HOSTILE[4],
    )
