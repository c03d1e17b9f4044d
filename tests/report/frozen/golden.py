"""The tables of the frozen store: ``python -m tests.report.frozen.golden`` writes them anew."""

from __future__ import annotations

import tempfile
from pathlib import Path

from click.testing import CliRunner

from sweeper.cli import main
from sweeper.store.locate import sqlite_path
from tests.report.frozen.make import PLACE
from tests.report.frozen.restore import restore

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "optimizers.txt": "optimizers",
    "optimizers.md": "optimizers --format markdown",
    "optimizers.tex": "optimizers --format latex",
    "optimizers.csv": "optimizers --format csv",
    "optimizers.json": "optimizers --format json",
    "optimizers.long.csv": "optimizers --format csv --long",
    "optimizers.long.json": "optimizers --format json --long --where seed<1",
    "grouped.txt": "optimizers --group-by optimizer --quantile 0.5 --quantile 0.975",
    "median.tex": "optimizers --interval bootstrap --quantile 0.5 --format latex",
    "several.txt": "optimizers --metric accuracy --minimize loss --metric parameters --interval none",
    "pivot.txt": "optimizers --pivot learning_rate optimizer",
    "pivot.md": "optimizers --pivot learning_rate optimizer --format markdown",
    "pivot.tex": "optimizers --pivot learning_rate optimizer --format latex --label learning_rate=$\\eta$",
    "baseline.txt": "optimizers --baseline optimizer=sgd",
    "baseline.tex": "optimizers --baseline optimizer=sgd --format latex",
    "baseline.csv": "optimizers --baseline optimizer=sgd --format csv",
    "baseline.json": "optimizers --baseline optimizer=sgd --format json",
    "wilcoxon.txt": "optimizers --baseline optimizer=sgd,learning_rate=0.01 --test wilcoxon",
    "wilcoxon.md": "optimizers --baseline optimizer=sgd,learning_rate=0.01 --test wilcoxon --format markdown",
    "two.txt": "optimizers limits",
    "two.md": "optimizers limits --format markdown",
    "two.csv": "optimizers limits --format csv",
    "pooled.txt": "optimizers limits --group-by Titles.limit,learning_rate --where optimizer=adam",
    "search.txt": "search",
    "search.md": "search --format markdown",
    "search.tex": "search --format latex",
    "search.json": "search --format json",
    "experiment.txt": "--experiment baselines --maximize accuracy --replicates seed",
    "experiment.tex": "--experiment baselines --maximize accuracy --replicates seed --format latex",
    "experiment.json": "--experiment baselines --maximize accuracy --replicates seed --format json",
    "experiment.long.csv": "--experiment baselines --metric accuracy --format csv --long",
    "mixed.txt": "optimizers --experiment baselines --where optimizer!=sgd --best-per sweep",
}
"""The arguments of the command, by the file that holds what it prints."""


def reported(uri: str, arguments: str) -> str:
    """Return what ``sweeper report`` prints."""
    done = CliRunner().invoke(main, ["report", *arguments.split(), "--tracking-uri", uri], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def printed(uri: str, arguments: str) -> str:
    """Return what ``sweeper report`` prints, with the store at the place where it pretends to have been made."""
    database = sqlite_path(uri)
    assert database is not None
    return reported(uri, arguments).replace(str(database.parent.parent), PLACE)


def write() -> None:
    """Write all of them."""
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        uri = restore(Path(folder))
        for name, arguments in CASES.items():
            (GOLDEN / name).write_text(printed(uri, arguments), encoding="utf-8")


if __name__ == "__main__":
    write()
