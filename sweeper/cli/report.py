"""``sweeper report``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sweeper.cli import options
from sweeper.cli.questions import question, to_question
from sweeper.errors import InputError
from sweeper.files import write_named
from sweeper.report.sources.reading import open_store, read
from sweeper.report.tables.formats import Format, format_of, render
from sweeper.report.tables.table import answer

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("sweeps", nargs=-1, metavar="[SWEEP]...")
@question
@click.option("--experiment", "experiments", multiple=True, metavar="NAME",
              help="Take in the runs of an MLflow experiment, whoever made them.")  # fmt: skip
@click.option("--format", "form", type=options.Word(Format), help="What to write the table as.  [default: text]")
@click.option("--long", "is_long", is_flag=True, help="One row a result, every parameter and metric: csv and json.")
@click.option("--output", "-o", type=_FILE, metavar="FILE",
              help="Write the table to a file: .txt, .md, .tex, .csv, .json or .html.")  # fmt: skip
@click.option("--html", "page", type=_FILE, metavar="FILE",
              help="Write a page that opens anywhere: the table to sort and filter, and pictures.")  # fmt: skip
@click.option("--figure", type=_FILE, metavar="FILE", help="Draw a figure for a paper: .pdf, .svg or .png.")
@click.option("--x", metavar="NAME", help="The parameter along the figure's axis.  [default: the first number]")
@click.option("--hue", metavar="NAME", help="The parameter that tells the figure's lines apart.")
@options.tracking_uri
def command(  # noqa: PLR0913 (an argument for each option)
    *,
    sweeps: tuple[str, ...],
    experiments: tuple[str, ...],
    form: Format | None,
    is_long: bool,
    output: Path | None,
    page: Path | None,
    figure: Path | None,
    x: str | None,
    hue: str | None,
    tracking_uri: str | None,
    **asked: Any,
) -> None:
    """Print the table of each SWEEP together, of the newest by default: one row a configuration, the best first.

    Of a study it shows the best twenty, how many trials there were, and how the best was found. It needs neither the
    sweep's code nor its spec file, only the store.
    """
    if (x or hue) and not figure:
        raise InputError("--x and --hue are about a figure; name its file by --figure")
    chosen = form or (format_of(output) if output else Format.TEXT)
    if is_long and not chosen.is_for_programs:
        raise InputError("--long, one row a result, is for csv and json: name one by --format, or by the suffix of -o")
    files = [path.resolve() for path in (output, page, figure) if path]
    if len(set(files)) < len(files):
        raise InputError("two of --output, --html and --figure name one file")
    wanted = to_question(asked)
    if is_long and (wanted.grouping or wanted.baseline):
        raise InputError("--long has one row a result: it is neither grouped nor compared")
    reader = open_store(tracking_uri)
    table = answer(wanted, read(reader, sweeps, experiments, wanted))
    if output:
        _write(output, render(table, chosen, is_long=is_long, reader=reader))
    if page:
        _write(page, render(table, Format.HTML, reader=reader))
    if figure:
        from sweeper.report.figures.depict import depict
        from sweeper.report.figures.paper import write_figure

        write_figure(depict(table, reader), figure, x=x, hue=hue)
        click.echo(f"wrote {figure}", err=True)
    if not output and (form or not (page or figure)):
        click.echo(render(table, chosen, is_long=is_long, reader=reader))


def _write(path: Path, text: str) -> None:
    try:
        write_named(path, f"{text}\n".encode())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)
