"""Specs gone wrong: valid ones with something replaced, taken out, put in, moved, or broken in the text itself."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from sweeper.spec import to_toml
from sweeper.spec.document import Document
from sweeper.spec.study_table import StudyTable
from tests.fuzz import values

FIT = {"task": "tests.pipelines.chain:Fit", "metric": "score"}
TYPED = {"task": "tests.pipelines.typed:Typed", "metric": "score"}
VALID: tuple[dict[str, Any], ...] = (
    {**FIT, "replicates": "seed", "grid": {"rate": [0.1, 0.2], "seed": [0, 1], "Scale": {"factor": [1, 2.5]}}},
    {**FIT, "grid": [{"rate": [0.1]}, {"rate": {"linspace": [0, 1, 5]}, "seed": {"range": [3]}}], "timeout": 60},
    {**FIT, "grid": {"rate,epochs": [[0.1, 1], [0.2, 2]]}, "fixed": {"note": "x", "Collect": {"size": 5}}},
    {**FIT, "points": [{"rate": 0.1, "epochs": 2}, {"rate": 0.3}], "timeout": {"Fit": 10, "Scale": 1.5}},
    {
        **FIT,
        "grid": {"rate": {"geomspace": [1e-5, 1e-1, 5]}, "epochs": [1, 2]},
        "exclude": [{"rate": 1e-5, "epochs": 2}, {"epochs": 1}],
        "direction": "minimize",
        "name": "sweep-1",
    },
    {
        **TYPED,
        "grid": {"real": [1, 0.5], "colour": ["RED", "BLUE"], "flag": [True], "maybe": ["", 3]},
        "fixed": {"day": values.TIMES[0], "items": [1, "a"], "table": {"a": {"b": 1}}, "choice": "sgd", "share": 0.25},
        "points": [{"whole": 3, "text": "words"}],
    },
    {
        "task": "tests.pipelines.chain:Fit",
        "objectives": {"score": "maximize", "size": "minimize"},
        "replicates": "seed",
        "grid": {"seed": [0, 1, 2]},
        "study": {
            "trials": 8,
            "timeout": 3600,
            "sampler": {"name": "tpe", "n_startup_trials": 4},
            "seed": 3,
            "space": {
                "rate": {"float": [1e-4, 1.0], "log": True},
                "epochs": {"int": [1, 9], "step": 2},
                "Scale": {"factor": {"choice": [1.0, 2.0], "when": {"epochs": [1, 3]}}},
            },
            "enqueue": [{"rate": 0.1, "epochs": 3}],
            "constraints": ["score >= 0"],
        },
    },
    {
        **TYPED,
        "study": {
            "trials": 3,
            "pruner": "median",
            "sampler": "random",
            "reproducible": True,
            "warm_start": ["other"],
            "space": {
                "choice": {"choice": ["adam", "sgd"]},
                "real": {"float": [0, 1], "step": 0.1, "when": {"choice": "adam"}},
                "whole": {"int": [1, 4]},
            },
        },
    },
)

Path = tuple[str | int, ...]


def mutant(random: Random) -> str:
    """Return the text of a spec that was valid."""
    document = copy.deepcopy(random.choice(VALID))
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        random.choice(_CHANGES)(random, document)
    written = written_as_toml(document)
    for _ in range(random.choice((0, 0, 0, 0, 1, 3))):
        written = random.choice(_SLIPS)(random, written)
    return written


def written_as_toml(document: dict[str, Any]) -> str:
    """Return a document as TOML."""
    return "".join(f"{to_toml({key: item}, None)[2:-2]}\n" for key, item in document.items())


def _places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of everything in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from _places(item, (*path, key))


def _owner(document: Any, path: Path) -> Any:
    for part in path[:-1]:
        document = document[part]
    return document


def _place(random: Random, document: dict[str, Any]) -> tuple[Any, Any] | None:
    places = [*_places(document)]
    if not places:
        return None
    path = random.choice(places)
    return _owner(document, path), path[-1]


def _replace(random: Random, document: dict[str, Any]) -> None:
    if place := _place(random, document):
        owner, key = place
        owner[key] = values.value(random)


def _delete(random: Random, document: dict[str, Any]) -> None:
    if place := _place(random, document):
        owner, key = place
        del owner[key]


def _rename(random: Random, document: dict[str, Any]) -> None:
    """Give a value, or a copy of it, another key in its table."""
    if place := _place(random, document):
        owner, key = place
        if isinstance(owner, dict):
            owner[values.name(random)] = owner[key] if random.random() < 0.5 else owner.pop(key)
        else:
            owner.append(owner[key])


def _insert(random: Random, document: dict[str, Any]) -> None:
    """Put something new into a table, under a key of the format or any other."""
    tables = [
        document,
        *(table for path in _places(document) if isinstance(table := _owner(document, (*path, 0)), dict)),
    ]
    known = [*Document.model_fields, *StudyTable.model_fields]
    key = random.choice(known) if random.random() < 0.7 else values.name(random)
    random.choice(tables)[key] = values.value(random)


def _move(random: Random, document: dict[str, Any]) -> None:
    """Move something to another place, or copy it there."""
    source, target = _place(random, document), _place(random, document)
    if source and target:
        moved = copy.deepcopy(source[0][source[1]])
        target[0][target[1]] = moved


_CHANGES: tuple[Callable[[Random, dict[str, Any]], None], ...] = (
    _replace,
    _replace,
    _replace,
    _delete,
    _rename,
    _insert,
    _move,
)


def _cut(random: Random, written: str) -> str:
    start = random.randrange(len(written) + 1)
    return written[:start] + written[start + random.choice((1, 1, 3, 20)) :]


def _type_something(random: Random, written: str) -> str:
    place = random.randrange(len(written) + 1)
    return (
        written[:place]
        + random.choice(("[", "]", "{", "}", '"', "'", "=", ",", ".", "#", "\n", "\r\n", values.text(random)))
        + written[place:]
    )


def _repeat_line(random: Random, written: str) -> str:
    lines = written.splitlines(keepends=True)
    return written + random.choice(lines) if lines else written


_SLIPS: tuple[Callable[[Random, str], str], ...] = (_cut, _type_something, _type_something, _repeat_line)
