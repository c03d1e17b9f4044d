"""The commands of Dask that the pages show are ones that it takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from tests.pages import HOW_TO, blocks

PAGES = [HOW_TO / f"{name}.md" for name in ("dask-cluster", "dask-tls", "slurm", "kubernetes")]

_DASK = re.compile(r"\bdask (?:scheduler|worker) [^'\n&]+")
_CERTIFICATE = re.compile(r"\w+\.(?:pem|key)")


def _commands(page: Path) -> Iterator[list[str]]:
    """Yield the commands of Dask in a page, in shells and in manifests, as words."""
    for block in blocks(page, "sh"):
        yield from (shlex.split(command)[1:] for command in _DASK.findall(block.text))
    for block in blocks(page, "yaml"):
        yield from (words[1:] for words in _arguments(yaml.safe_load(block.text)) if words[0] == "dask")


def _arguments(node: object) -> Iterator[list[str]]:
    if isinstance(node, dict):
        if "args" in node:
            yield node["args"]
        for inner in node.values():
            yield from _arguments(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _arguments(inner)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_dask_takes_them(page: Path) -> None:
    from distributed.cli import dask_scheduler, dask_worker

    commands = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    shown = [*_commands(page)]
    for program, *words in shown:
        for file in filter(_CERTIFICATE.fullmatch, words):
            Path(file).touch()
        try:
            commands[program].make_context(program, words)
        except click.UsageError as error:
            pytest.fail(f"{page.name}: dask {program} {shlex.join(words)}: {error.message}")
    assert shown
