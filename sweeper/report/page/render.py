"""A page as one HTML file that asks for nothing else: styles, scripts and figures are in it."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sweeper.report.page.drawing import draw
from sweeper.report.page.page import Cell, Column, Page, Picture

if TYPE_CHECKING:
    import jinja2

_WIDEST = 36
"""How many characters of words stand beside each other in a cell."""

_COMPILES = frozenset({"parcoords", "scattergl", "scatterpolargl", "splom"})
"""The traces whose WebGL library compiles its drawing code as it runs, which the page's policy has to allow."""

_INERT = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})


def render(page: Page) -> str:
    """Return the page as HTML, which can always be written as UTF-8."""
    scripts = _scripts(page)
    html = _template().render(
        page=page,
        sections=list(_sections(page)),
        drawing=draw(page.nodes, page.edges),
        figures=[_json(picture.figure) for picture in page.pictures],
        widths=[_width(column, [row[place] for row in page.rows]) for place, column in enumerate(page.columns)],
        style=_asset("page.css"),
        scripts=scripts,
        policy=_policy(scripts.values(), page.pictures),
    )
    return html.encode("utf-8", "replace").decode()


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sweeper.report.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["zip"] = zip
    return environment.get_template("page.html")


@cache
def _asset(name: str) -> Markup:
    return Markup(files("sweeper.report.page").joinpath("assets", name).read_text(encoding="utf-8"))  # noqa: S704 (ours)


def _sections(page: Page) -> Iterator[tuple[str, str]]:
    """Yield the sections that have something: the name of each, which is its template's too, and its heading."""
    if page.rows or page.legend or page.footer:
        yield "results", "Results"
    if page.pictures:
        yield "pictures", "Pictures"
    if page.failures:
        yield "failures", "Failures"
    if page.nodes or page.shared:
        yield "pipeline", "Pipeline"
    if page.spec:
        yield "spec", "Spec"
    if page.environment or page.packages:
        yield "environment", "Code and environment"


def _scripts(page: Page) -> dict[str, Markup]:
    """Return the scripts that the page needs, by name."""
    scripts = {"theme": _asset("theme.js"), "paper": _asset("paper.js")}
    if page.rows:
        scripts["table"] = _asset("table.js")
    if page.pictures:
        scripts |= {"plotly": _plotly(), "pictures": _asset("pictures.js")}
    return scripts


@cache
def _plotly() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())  # noqa: S704 (as the library is shipped)


def _json(figure: Any) -> Markup:
    """Return a figure as JSON that ends no script element; numbers that JSON does not know are null."""
    from plotly.utils import PlotlyJSONEncoder

    return Markup(json.dumps(figure, cls=PlotlyJSONEncoder, separators=(",", ":")).translate(_INERT))  # noqa: S704 (above)


def _width(column: Column, cells: Sequence[Cell]) -> int:
    """Return how many characters wide a column is, so that it stays as it is while rows come and go."""
    words = max((len(cell.words) for cell in cells), default=0)
    notes = max((len(cell.note) for cell in cells), default=0)
    return max(words if column.is_number else min(words, _WIDEST), min(notes, _WIDEST))


def _policy(scripts: Iterable[str], pictures: Iterable[Picture]) -> str:
    """Return the content security policy: nothing is fetched, and no scripts run but the page's own."""
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    sources = [f"'sha256-{b64encode(digest).decode()}'" for digest in digests]
    traces = {trace.get("type") for picture in pictures for trace in picture.figure.get("data", ())}
    if traces & _COMPILES:
        sources.append("'unsafe-eval'")
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(sources)}",
            "style-src 'unsafe-inline'",  # Plotly sets styles as it draws
            "img-src data: blob:",  # and makes images of its own
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
