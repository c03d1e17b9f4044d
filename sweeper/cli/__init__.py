"""The command line: one command a file, imported when it is used."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from sweeper.errors import SweeperError, spelled_out
from sweeper.masking import mask_tracebacks
from sweeper.outlet import turn_off

COMMANDS = {
    "diff": "Say in what two runs or configurations differ.",
    "doctor": "Check the store, and say how to mend it.",
    "gc": "Clear away what the store can do without.",
    "invalidate": "Take results back, to be computed again.",
    "list": "List the sweeps, and how far each is.",
    "plan": "Show what a sweep would do, and what it would cost.",
    "remove": "Take a sweep's name off the record.",
    "rename": "Give a sweep another name.",
    "report": "Compare results: tables, figures for a paper, a page.",
    "run": "Run a sweep: compute what was never computed.",
    "show": "Show everything about a run, or a sweep.",
    "status": "Show how a sweep stands, and why points failed.",
    "stop": "Stop a sweep from another terminal or machine.",
    "study": "Hand a study over to Optuna.",
    "ui": "Open MLflow's pages on the store.",
}


class _LazyGroup(click.Group):
    """A group that imports a command's module only to run it, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [*COMMANDS]  # once its command is imported, ``list`` is a module here

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"sweeper.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([*COMMANDS.items()])

    def main(self, args: Sequence[str] | None = None, *others: Any, **settings: Any) -> Any:
        """Run the command line; of the program itself, and not where it is called as a function, no secret gets out."""
        if args is None:
            mask_tracebacks()
        try:
            return super().main(args, *others, **settings)
        except OSError as error:  # a reader that has gone is nothing to say, and Click's affair
            turn_off(sys.stdout)
            with contextlib.suppress(OSError):
                click.secho(_inert_lines(f"{_place_of(error)}: {error.strerror or error}"), fg="red", err=True)
            sys.exit(1)

    def make_context(self, *arguments: Any, **settings: Any) -> click.Context:
        """Read the options before the command's name."""
        with _inert():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: click.Context) -> object:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal without the sign for ± shows another
        try:
            with _inert():
                return super().invoke(ctx)
        except SweeperError as error:
            click.secho(_inert_lines(str(error)), fg="red", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(130)


def _place_of(error: OSError) -> str:
    """Return what could not be read or written: only the output and the working directory have no name."""
    if error.filename:
        return str(error.filename)
    return "the working directory" if isinstance(error, FileNotFoundError) else "the output"


@contextlib.contextmanager
def _inert() -> Iterator[None]:
    """Let no complaint of Click's repeat from the command line what a terminal would obey."""
    try:
        yield
    except click.ClickException as error:
        vars(error)["message"] = _inert_lines(error.message)  # Click calls it final
        raise


def _inert_lines(text: str) -> str:
    return "\n".join(map(spelled_out, text.split("\n")))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="luigi-sweeper", prog_name="sweeper")
def main() -> None:
    """Run experiment sweeps over pipelines of MLflow-backed Luigi tasks."""
