"""A figure for a paper, as a file: the same bytes for the same results."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from sweeper.errors import InputError
from sweeper.files import write_named
from sweeper.report.escape import shown
from sweeper.report.figures.paper.design import design
from sweeper.report.figures.paper.draw import draw
from sweeper.report.figures.paper.style import SETTINGS, spelled
from sweeper.report.figures.subject import Subject

METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None, "Creator": "sweeper"},
    "svg": {"Date": None, "Creator": "sweeper"},
    "png": {"Software": "sweeper"},
}
"""What is noted in a file, by its suffix; never the time."""


def write_figure(subject: Subject, path: Path, *, x: str | None = None, hue: str | None = None) -> None:
    """Draw the first metrics of a subject against the parameter ``x``, told apart by ``hue``, or two objectives.

    Raises ``InputError`` for a suffix other than .pdf, .svg and .png, for a parameter that is not there, if a parameter
    that varies would stay hidden, and if the file cannot be written.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in METADATA:
        raise InputError(f"{path}: a figure is a file that ends in {', '.join(f'.{each}' for each in METADATA)}")
    content = _drawn(subject, form, x, hue)
    try:
        write_named(path, content)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _drawn(subject: Subject, form: str, x: str | None, hue: str | None) -> bytes:
    plan = design(subject, x, hue)
    from matplotlib import style

    content = io.BytesIO()
    with style.context(["default", SETTINGS]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # an SVG is shown with its reader's fonts
        figure = draw(plan, shown if form == "svg" else spelled)
        figure.savefig(content, format=form, metadata=METADATA[form])
    return content.getvalue()
