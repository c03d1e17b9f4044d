"""What sets things apart in a figure, for every reader: the colours of Okabe and Ito (2008), and never colour alone."""

from __future__ import annotations

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY_BLUE, VERMILION = "#56B4E9", "#D55E00"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY_BLUE, VERMILION)
"""Those of the eight that stand out on white and on black; the last is that of the best."""

GREY = "#8C8C8C"
"""That of what does not count: what breaks a constraint, the lines that join."""

SEQUENTIAL = ("#3E4889", "#32658E", "#287E8E", "#20988A", "#2FB07D", "#5BC663", "#99D83C", "#DDE328")
"""The scale of numbers: viridis without its ends, of which one is lost on black and the other on white."""


def translucent(colour: str, share: float = 0.18) -> str:
    """Return a colour as CSS has it, so thin that what is behind it shows."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"
