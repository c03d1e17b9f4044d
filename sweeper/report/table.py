"""The table of a sweep: one row a configuration, the best first, in the format that is asked for."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from sweeper.report import typeset
from sweeper.report.layout import layout

if TYPE_CHECKING:
    from sweeper.report.outcomes import SweepOutcomes


class Format(enum.StrEnum):
    """What a table can be written as."""

    TEXT = "text"
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"
    LATEX = "latex"


def render(outcomes: SweepOutcomes, form: Format = Format.TEXT) -> str:
    """Return the table, without a line end after it."""
    if form in (Format.CSV, Format.JSON):
        from sweeper.report import export

        return export.to_csv(outcomes) if form is Format.CSV else export.to_json(outcomes)
    write = {Format.TEXT: typeset.text, Format.MARKDOWN: typeset.markdown, Format.LATEX: typeset.latex}[form]
    return write(layout(outcomes))
