"""Values that nobody would write in a spec, or on a command line, and that come up all the same."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from random import Random
from typing import Any

NAMES = (
    *("rate", "seed", "epochs", "note", "Scale.factor", "Collect.size", "Scale", "Collect", "Fit", "Fit.rate"),
    *("real", "whole", "flag", "text", "colour", "day", "maybe", "items", "table", "choice", "share", "workers"),
    *(
        "rate,seed",
        "real, whole",
        "Scale.factor,rate",
        "a.b.c.d",
        "",
        ".",
        "..",
        "a..b",
        " rate ",
        "rate,",
        ",",
        "=",
        "$float",
    ),
    *(
        "__class__",
        "ünï",
        "名前",
        "x" * 300,
        "a b",
        "\t",
        "\n",
        "\x1b[31m",
        "\u202e",
        "\ufeff",
        "[key]",
        "*",
        "float",
        "int",
    ),
    *("choice", "when", "log", "step", "range", "linspace", "geomspace", "name", "0", "-1", "true", "nan"),
)
TEXTS = (
    *(
        "",
        " ",
        "a",
        "adam",
        "RED",
        "GREEN",
        "2024-01-01",
        "0.5",
        "1",
        "true",
        "nan",
        "null",
        "None",
        "maximize",
        "minimise",
    ),
    *(
        "tests.pipelines.chain:Fit",
        "tests.pipelines.typed:Typed",
        "os:path",
        "no.such.module:Class",
        ":",
        "a:b:c",
        "sys:exit",
    ),
    *("score <= 1", "score <", "<= 1", "score <= nan", "score <= 1e999", "a = b", "tpe", "random", "hyperband", "all"),
    *(
        "best:5",
        "best:0",
        "30 days",
        "../../etc/passwd",
        "/etc/passwd",
        "a/b",
        "..",
        "\x00",
        "\x1b]0;title\x07",
        "\x1b[2J",
    ),
    *(
        "line\nline",
        "tab\t",
        "\x7f",
        "\u202eright to left",
        "\u2028",
        "e\u0301",
        "\U0001f600" * 50,
        "x" * 10_000,
        "'" * 40,
        '"' * 40,
    ),
    *(
        "\\" * 30,
        "{}",
        "[]",
        "[[",
        "{{",
        "%s%n",
        "${HOME}",
        "$(id)",
        "`id`",
        "<script>",
        "&amp;",
        "1" * 400,
        "\uff11\uff12",
        "\u0663",
    ),
)
NUMBERS = (
    *(
        0,
        1,
        -1,
        2,
        3,
        5,
        10,
        100,
        1000,
        10**6,
        2**31,
        2**32,
        2**53 + 1,
        2**63 - 1,
        2**63,
        -(2**63) - 1,
        10**25,
        10**400,
        -(10**400),
    ),
    *(
        0.0,
        -0.0,
        0.1,
        0.5,
        1.0,
        1.5,
        -1.5,
        1e-5,
        1e-300,
        5e-324,
        1e300,
        1.7976931348623157e308,
        math.inf,
        -math.inf,
        math.nan,
    ),
)
TIMES = (
    dt.date(2024, 1, 1),
    dt.date(1, 1, 1),
    dt.date(9999, 12, 31),
    dt.time(0, 0),
    dt.time(23, 59, 59, 999999),
    dt.datetime(2024, 1, 1, 12, 30),  # noqa: DTZ001 (TOML has times without a zone)
    dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone(dt.timedelta(hours=-12))),
)


def value(random: Random, depth: int = 3) -> Any:
    """Return any value that TOML has."""
    scalar = [*_SCALARS] if depth else [*_SCALARS[:-1]]
    return random.choice(scalar if depth == 0 or random.random() < 0.7 else _NESTED)(random, depth)


def name(random: Random) -> str:
    """Return a key of a table."""
    return random.choice(NAMES) if random.random() < 0.9 else random.choice(TEXTS)


def text(random: Random) -> str:
    """Return a text: one that is known to be awkward, or random characters."""
    if random.random() < 0.8:
        return random.choice(TEXTS)
    return "".join(_character(random) for _ in range(random.randrange(12)))


def _character(random: Random) -> str:
    code = random.choice((random.randrange(0x80), random.randrange(0x250), random.randrange(0x110000)))
    return "?" if 0xD800 <= code < 0xE000 else chr(code)


def number(random: Random, _: int = 0) -> int | float:
    chosen = random.choice(NUMBERS)
    return (
        chosen
        if random.random() < 0.8
        else random.choice((random.random(), random.randrange(1000), random.gauss(0, 1e6)))
    )


def _array(random: Random, depth: int) -> list[Any]:
    length = random.choice((0, 1, 1, 2, 2, 3, 5))
    if random.random() < 0.6:
        one = random.choice(_SCALARS)
        return [one(random, 0) for _ in range(length)]
    return [value(random, depth - 1) for _ in range(length)]


def _table(random: Random, depth: int) -> dict[str, Any]:
    return {name(random): value(random, depth - 1) for _ in range(random.choice((0, 1, 1, 2, 3)))}


def _generator(random: Random, _: int) -> dict[str, Any]:
    kind = random.choice(("range", "linspace", "geomspace"))
    return {kind: [number(random) for _ in range(random.choice((1, 2, 3, 3, 3, 4)))]}


def _domain(random: Random, depth: int) -> dict[str, Any]:
    kind = random.choice(("float", "int", "choice"))
    domain: dict[str, Any] = {kind: [number(random) for _ in range(random.choice((1, 2, 2, 2, 3)))]}
    for option in ("log", "step", "when"):
        if random.random() < 0.3:
            domain[option] = value(random, depth - 1) if depth else True
    return domain


def _deep(random: Random, _: int) -> Any:
    nested: Any = random.choice(([], {}, 1))
    for _level in range(random.choice((5, 20, 48, 52, 90))):
        nested = [nested] if random.random() < 0.5 else {"a": nested}
    return nested


_SCALARS: tuple[Callable[[Random, int], Any], ...] = (
    number,
    lambda random, _: text(random),
    lambda random, _: random.random() < 0.5,
    lambda random, _: random.choice(TIMES),
    number,
)
_NESTED: tuple[Callable[[Random, int], Any], ...] = (_array, _table, _generator, _domain, _array, _table, _deep)
