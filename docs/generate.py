"""Write the reference of the commands, docs/reference/cli.md, from the commands themselves.

python docs/generate.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from sweeper.cli import COMMANDS, main

PAGE = Path(__file__).parent / "reference" / "cli.md"

HEAD = """\
# The commands

<!-- Written by docs/generate.py from the commands' own help. -->

What the exit codes mean is told [here](exit-codes.md), what a spec holds [here](spec.md).
"""


def cli_reference() -> str:
    """Return the page."""
    context = main.make_context("sweeper", [], resilient_parsing=True)
    sections = [_section("sweeper", main, context)]
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        inner = command.make_context(name, [], parent=context, resilient_parsing=True)
        sections.append(_section(f"sweeper {name}", command, inner))
        for part in command.commands.values() if isinstance(command, click.Group) else ():
            within = part.make_context(str(part.name), [], parent=inner, resilient_parsing=True)
            sections.append(_section(f"sweeper {name} {part.name}", part, within))
    return "\n".join([HEAD, *sections])


def _section(title: str, command: click.Command, context: click.Context) -> str:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    lines = [f"## {title}", "", "```text", usage, "```", "", *_paragraphs(command.help or "")]
    if isinstance(command, click.Group):
        lines += ["| command | |", "|---|---|"]
        lines += [f"| [`{name}`](#{_anchor(title, name)}) | {words} |" for name, words in _commands(command)]
        lines += [""]
    lines += ["| option | |", "|---|---|", *_options(command, context), ""]
    return "\n".join(lines)


def _commands(group: click.Group) -> list[tuple[str, str]]:
    """Return the commands of a group, each with a line about it."""
    if group is main:
        return [*COMMANDS.items()]
    return [(name, command.get_short_help_str(200)) for name, command in group.commands.items()]


def _anchor(title: str, name: str) -> str:
    return f"{title} {name}".replace(" ", "-")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield " ".join(paragraph.split())
        yield ""


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            names, words = (" ".join(part.split()).replace("|", "\\|") for part in record)
            yield f"| `{names}` | {words} |"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(cli_reference(), encoding="utf-8")
