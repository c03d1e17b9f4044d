"""Options that several commands share."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import click


class Word(click.Choice[Any]):
    """One of an enum's values, as the enum's member: click itself would ask for the members' names."""

    def __init__(self, words: type[enum.StrEnum]) -> None:
        super().__init__([word.value for word in words])
        self._words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the member that a word on the command line means."""
        return self._words(super().convert(value, param, ctx))


spec = click.argument("spec", type=click.Path(path_type=Path))
overrides = click.option(
    "-p",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE[,VALUE...]",
    help="Set a parameter, or sweep it over several values; goes before the spec's own. May be given again.",
)
tracking_uri = click.option(
    "--tracking-uri",
    metavar="URI",
    help="MLflow tracking server or database.  [default: MLFLOW_TRACKING_URI, else the nearest results/ folder]",
)
workers = click.option(
    "--workers", "-w", type=click.IntRange(min=1), default=1, show_default=True, help="Tasks that run at once."
)
rerun_changed = click.option(
    "--rerun-changed", is_flag=True, help="Make results again that other code made, and what depends on them."
)
sweep = click.argument("sweep", required=False)
