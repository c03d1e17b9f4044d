"""How a figure for a paper looks: the same on every machine, whatever its user has set for other figures."""

from __future__ import annotations

import functools
from typing import Any

from sweeper.report.escape import shown
from sweeper.report.figures.palette import BLUE, GREEN, ORANGE, PURPLE, SKY_BLUE, VERMILION

WIDTH = 3.4
"""Of a column in inches."""

HEIGHT = 2.3
"""Of a panel in inches."""

COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY_BLUE, "#000000", "#B59F00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (7, 2, 1, 2)))

SETTINGS: dict[str, Any] = {
    "text.parse_math": False,  # a dollar sign in a user's word is no formula
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "errorbar.capsize": 2,
    "legend.fontsize": 7,
    "legend.title_fontsize": 7,
    "legend.frameon": False,
    "legend.columnspacing": 1.4,
    "pdf.fonttype": 42,  # TrueType, as publishers ask for
    "svg.fonttype": "none",  # words stay words, to be searched and edited
    "svg.hashsalt": "sweeper",
    "savefig.dpi": 300,
}


def spelled(words: str, most: int) -> str:
    """Return a user's words, at most so many letters; those that the font does not have are spelled out."""
    known = _letters()
    every = (letter if ord(letter) in known else ascii(letter)[1:-1] for letter in shown(words, most))
    return shown("".join(every), most)


@functools.cache
def _letters() -> frozenset[int]:
    from matplotlib import font_manager

    return frozenset(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())
