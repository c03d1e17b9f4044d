"""Command lines that nobody would type: every command, its own options and others', with any value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import click

from sweeper.cli import COMMANDS, main
from sweeper.spec import to_toml
from tests.fuzz import values

SPECS = ("good.toml", "study.toml", "odd.toml", "broken.toml", "missing.toml", "results", ".", "")
FILES = (
    "out.csv",
    "out.md",
    "out.tex",
    "out.json",
    "out.txt",
    "out",
    "a/b.csv",
    "results",
    "\x1b[31m.csv",
    "x" * 300 + ".csv",
    ".csv",
    "",
)
PICTURES = ("out.pdf", "out.svg", "out.png", "out.gif", "\x1b[2J.html", "page.html", "a/b.html")
URIS = (
    "",
    " ",
    "http://",
    "http:///x",
    "sqlite://",
    "sqlite:///",
    "file:/x",
    "\x1b[31m",
    "results",
    "sqlite:///none.db",
    "://",
)
CONDITIONS = (
    "rate = 0.1",
    "rate<1",
    "rate =",
    "= 1",
    "state != failed",
    "seed = 1,2",
    "score > 0.5",
    "rate ~ 1",
    "note = \x1b[2J",
    "a=b=c",
)
OVERRIDES = (
    *(
        "rate=0.1",
        "rate=1,2",
        "rate=",
        "=1",
        "rate",
        "seed=nan",
        "seed=0x10",
        "epochs=1e3",
        "epochs=1.5",
        "rate=inf",
        "note=a b",
    ),
    *(
        "note=\x1b[31m",
        "note=\udcff",
        "Scale.factor=2",
        "Scale={factor=3}",
        "Nobody.x=1",
        "rate,seed=[[1,2]]",
        "rate={range=[3]}",
    ),
    *(
        "rate=" + "[" * 100,
        "note='",
        'note="\\ud800"',
        "seed=1" + "0" * 30,
        "seed=1" + "0" * 5000,
        "rate=1e999",
        "rate=0.1,0.1",
    ),
)
NEVER = ("--pdb", "--engine", "--wait")
"""Options that would wait for somebody, or start processes."""

LEFT_OUT = ("ui",)
"""Commands that do not end by themselves."""


def vector(random: Random, names: Sequence[str]) -> list[str]:
    """Return the words of a command line; ``names`` are those of sweeps, runs and parameters that the store has."""
    if random.random() < 0.03:
        return [values.text(random) for _ in range(random.randrange(3))]
    name = random.choice([command for command in COMMANDS if command not in LEFT_OUT])
    words = [name]
    command: click.Command | None = main.get_command(click.Context(main), name)
    if isinstance(command, click.Group):
        words.append(random.choice([*command.commands, "nothing"]))
        command = command.commands.get(words[-1])
    for parameter in command.params if command else ():
        words += _argument(random, parameter, names)
    if name == "run":
        words += ["--engine", "inline"]
    if random.random() < 0.1:
        words.insert(random.randrange(len(words) + 1), random.choice(("--", "-", "--no-such", values.text(random))))
    return words


def _argument(random: Random, parameter: click.Parameter, names: Sequence[str]) -> list[str]:
    if isinstance(parameter, click.Argument):
        number = random.choice((0, 1, 1, 1, 1, 2)) if parameter.nargs != -1 else random.randrange(3)
        return [_value(random, parameter, names) for _ in range(number)]
    if parameter.opts[0] in NEVER or random.random() > 0.12 or not isinstance(parameter, click.Option):
        return []
    flag = random.choice([*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag:
        return [flag]
    return [flag, *(_value(random, parameter, names) for _ in range(max(parameter.nargs, 1)))]


def override(random: Random) -> str:
    """Return what might stand behind a ``-p``."""
    if random.random() < 0.5:
        return random.choice(OVERRIDES)
    value = to_toml(values.value(random), None) if random.random() < 0.5 else values.text(random)
    return f"{values.name(random)}{random.choice(('=', '=', '=', ' = ', '', '=='))}{value}"


def _value(random: Random, parameter: click.Parameter, names: Sequence[str]) -> str:
    """Return a value of the kind that a parameter is for; any text where that can do no harm to other files."""
    name = parameter.name or ""
    if name == "overrides":
        return override(random)
    if name in _OF_KIND:
        return random.choice(_OF_KIND[name])
    if isinstance(parameter.type, click.Choice) and random.random() < 0.8:
        return str(random.choice([*parameter.type.choices]))
    others = (random.choice(CONDITIONS), values.text(random), values.name(random), str(values.number(random)))
    return random.choice(names) if random.random() < 0.5 else random.choice(others)


_OF_KIND: Mapping[str, Sequence[str]] = {
    "spec": SPECS,
    "tracking_uri": URIS,
    "output": FILES,
    "storage": FILES,
    "page": PICTURES,
    "figure": PICTURES,
}
