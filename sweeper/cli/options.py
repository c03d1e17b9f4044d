"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

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
sweep = click.argument("sweep", required=False)
