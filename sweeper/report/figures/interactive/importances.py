"""Which parameters matter: a bar for each."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.report.escape import shown
from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import HOVER, Picture, finish, hover, inert
from sweeper.report.figures.palette import COLOURS
from sweeper.report.figures.scales import distinct
from sweeper.report.figures.subject import Subject

MOST_BARS = 20


def importances(subject: Subject) -> Iterator[Picture]:
    """Yield a picture of the importances, the greatest on top."""
    import plotly.express as px

    if len(subject.importances) < 2:
        return
    labels = {axis.name: axis.label for axis in subject.parameters}
    ranked = sorted(subject.importances.items(), key=lambda item: -item[1])
    drawn = dict(ranked[:MOST_BARS])
    words = distinct(inert(labels.get(name, name)) for name in drawn)
    columns = {
        "share": [*drawn.values()],
        "parameter": words,
        "text": [f"{share:.2f}" if share >= 0.005 else "&lt; 0.01" for share in drawn.values()],
        "words": [hover(labels.get(name, name), f"{share:.1%}") for name, share in drawn.items()],
    }
    figure = px.bar(
        columns, x="share", y="parameter", text="text", custom_data=["words"], color_discrete_sequence=COLOURS
    )
    figure.update_traces(textposition="outside", cliponaxis=False, hovertemplate=HOVER)
    figure.update_xaxes(title_text="share", range=[0, 1.15 * max(*drawn.values(), 0.01)])
    figure.update_yaxes(title_text=None, type="category", autorange="reversed")
    left_out = len(ranked) - len(drawn)
    metric = f" in what sets the best apart by {captions.listed(axis.label for axis in subject.objectives)}"
    yield Picture(
        "Importance of the parameters",
        captions.caption(
            f"The share of each parameter{metric * bool(subject.objectives)}.",
            f"{shown(subject.importance_method, 100)}." * bool(subject.importance_method),
            f"{captions.counted(left_out, 'parameter')} of less importance left out." * (left_out > 0),
        ),
        finish(figure),
    )
