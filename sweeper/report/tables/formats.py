"""What a table can be written as."""

from __future__ import annotations

import enum
from pathlib import Path

from sweeper.errors import InputError
from sweeper.report.tables import typeset
from sweeper.report.tables.layout import layout
from sweeper.report.tables.table import Table
from sweeper.store.base import Reader


class Format(enum.StrEnum):
    """The formats of a table."""

    TEXT = "text"
    MARKDOWN = "markdown"
    LATEX = "latex"
    CSV = "csv"
    JSON = "json"
    HTML = "html"

    @property
    def is_for_programs(self) -> bool:
        """Whether the format has every row and digit, and can have a row for each result."""
        return self in (Format.CSV, Format.JSON)


SUFFIXES = {
    ".txt": Format.TEXT,
    ".md": Format.MARKDOWN,
    ".tex": Format.LATEX,
    ".csv": Format.CSV,
    ".json": Format.JSON,
    ".html": Format.HTML,
}


def format_of(path: Path) -> Format:
    """Return the format that a file's suffix asks for; raises ``InputError`` for one that names none."""
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        raise InputError(f"{path}: no format has that suffix; choose from {', '.join(SUFFIXES)}") from None


def render(table: Table, form: Format = Format.TEXT, *, is_long: bool = False, reader: Reader | None = None) -> str:
    """Return a table in a format, without a line end after it; ``is_long`` has a row for each result.

    A page, which shows more than the table, needs a ``reader`` of the store that it is from. Raises ``InputError`` for
    a long table that is not for programs.
    """
    if is_long and not form.is_for_programs:
        raise InputError(f"one row a result is for csv and json, not for {form}")
    match form:
        case Format.TEXT:
            return typeset.text(layout(table))
        case Format.MARKDOWN:
            return typeset.markdown(layout(table))
        case Format.LATEX:
            return typeset.latex(layout(table))
        case Format.HTML:
            from sweeper.report.page.compose import compose
            from sweeper.report.page.render import render as page

            assert reader is not None
            return page(compose(table, reader))
        case Format.CSV | Format.JSON:
            return _exported(table, form, is_long=is_long)


def _exported(table: Table, form: Format, *, is_long: bool) -> str:
    from sweeper.report.tables import export

    if form is Format.CSV:
        return export.to_long_csv(table) if is_long else export.to_csv(table)
    return export.to_long_json(table) if is_long else export.to_json(table)
