"""The pipeline drawn: each task class below what it requires, and arrows that pass between the boxes.

Layers are longest paths, and crossings are few by the barycentre heuristic of K. Sugiyama, S. Tagawa and M. Toda,
"Methods for Visual Understanding of Hierarchical System Structures", IEEE Transactions on Systems, Man, and
Cybernetics 11 (1981). Lengths are in em, so that the drawing grows with the reader's letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sweeper.report.page.page import Edge, Node

_BOX_WIDTH = 14.0
_LINE_HEIGHT = 1.4
_PADDING = 0.7
_LANE_WIDTH = 1.0
_GAP = 1.5
_LAYER_GAP = 2.4
_LOOP = 1.5
_SWEEPS = 4

_Pair = tuple[str, str]
"""An edge: the names of what is upstream and of what is downstream."""

_Slot = tuple[str, ...]
"""What has a place in a layer: a node, (name,), or the lane of an arrow that passes it, (upstream, downstream)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle of the drawing."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> float:
        """The middle between the left and the right side."""
        return self.left + self.width / 2

    @property
    def right(self) -> float:
        """The right side."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower side."""
        return self.top + self.height


@dataclass(frozen=True, slots=True)
class Box:
    """A node in its place; ``requires`` are the names of its upstream nodes."""

    node: Node
    place: Place
    requires: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing of a pipeline, from the top down; the arrows are paths as SVG writes them."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[str, ...]


def draw(nodes: Sequence[Node], edges: Sequence[Edge]) -> Drawing:
    """Place the nodes of a pipeline, and route the arrows between them.

    Edges of nodes that are not there are left out. Task classes may require themselves or each other, as instances of
    other parameters: such arrows run up, past the boxes' right sides.
    """
    named = {node.name: node for node in nodes}
    pairs = list(dict.fromkeys((edge.upstream, edge.downstream) for edge in edges))
    pairs = [pair for pair in pairs if named.keys() >= {*pair}]
    depths = _depths(list(named), pairs)
    falling = [(up, down) for up, down in pairs if depths[up] < depths[down]]
    places = _places(_ordered(_layers(depths, falling), falling), named)
    boxes = [
        Box(node, places[depths[name]][name,], tuple(up for up, down in pairs if down == name))
        for name, node in named.items()
    ]
    arrows = [_arrow(pair, depths, places) for pair in pairs]
    every = [place for layer in places for place in layer.values()]
    return Drawing(
        width=max((place.right for place in every), default=0.0) + _LOOP * (len(falling) < len(pairs)),
        height=max((place.bottom for place in every), default=0.0),
        boxes=tuple(sorted(boxes, key=lambda box: (box.place.top, box.place.left))),
        arrows=tuple(arrows),
    )


def _depths(names: Sequence[str], pairs: Sequence[_Pair]) -> dict[str, int]:
    """Return each node's layer: one below the lowest that it requires, and the first of a cycle as if it were free.

    What requires nothing stands just above the first that requires it, so that its arrow is short.
    """
    upstream = {name: {up for up, down in pairs if down == name} for name in names}
    depths: dict[str, int] = {}
    while len(depths) < len(upstream):
        waiting = [name for name in names if name not in depths]
        ready = [name for name in waiting if upstream[name] <= depths.keys()] or waiting[:1]
        depths |= {name: max((depths[up] + 1 for up in upstream[name] & depths.keys()), default=0) for name in ready}
    lowest = {name: min((depths[down] for up, down in pairs if up == name), default=1) - 1 for name in names}
    return {name: depths[name] if upstream[name] else max(depths[name], lowest[name]) for name in names}


def _layers(depths: Mapping[str, int], falling: Sequence[_Pair]) -> list[list[_Slot]]:
    layers: list[list[_Slot]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for name, depth in depths.items():
        layers[depth].append((name,))
    for up, down in falling:
        for layer in layers[depths[up] + 1 : depths[down]]:
            layer.append((up, down))
    return layers


def _ordered(layers: Sequence[list[_Slot]], falling: Sequence[_Pair]) -> Sequence[list[_Slot]]:
    """Order each layer by the mean place of what its slots are joined to, downwards and upwards in turns."""
    for sweep in range(_SWEEPS):
        for fixed, moved in pairwise(layers if sweep % 2 == 0 else layers[::-1]):
            places = {slot: (place + 0.5) / len(fixed) for place, slot in enumerate(fixed)}
            means = {slot: _mean([places[one] for one in fixed if _joined(one, slot, falling)]) for slot in moved}
            moved.sort(key=means.__getitem__)
    return layers


def _joined(one: _Slot, other: _Slot, falling: Sequence[_Pair]) -> bool:
    """Tell whether an arrow runs from one slot to another in the next layer, in either direction."""
    if len(one) == len(other) == 1:
        return (*one, *other) in falling or (*other, *one) in falling
    return one == other or (len(one) != len(other) and not {*one}.isdisjoint(other))


def _mean(places: Sequence[float]) -> float:
    return sum(places) / len(places) if places else 0.5


def _places(layers: Sequence[Sequence[_Slot]], named: Mapping[str, Node]) -> list[dict[_Slot, Place]]:
    """Return where each slot of each layer lies; layers are centred below each other."""
    widths = [sum(map(_width, layer)) + _GAP * (len(layer) - 1) for layer in layers]
    places: list[dict[_Slot, Place]] = []
    top = 0.0
    for layer, width in zip(layers, widths, strict=True):
        left = (max(widths) - width) / 2
        height = max(_height(named[slot[0]]) for slot in layer if len(slot) == 1)
        places.append({})
        for slot in layer:
            places[-1][slot] = Place(left, top, _width(slot), height)
            left += _width(slot) + _GAP
        top += height + _LAYER_GAP
    return places


def _width(slot: _Slot) -> float:
    return _BOX_WIDTH if len(slot) == 1 else _LANE_WIDTH


def _height(node: Node) -> float:
    return 2 * _PADDING + _LINE_HEIGHT * (1 + len(node.detail))


def _arrow(pair: _Pair, depths: Mapping[str, int], places: Sequence[Mapping[_Slot, Place]]) -> str:
    up, down = pair
    start, end = places[depths[up]][up,], places[depths[down]][down,]
    if depths[up] >= depths[down]:
        return _rising(start, end)
    steps = [f"M{start.centre:g} {start.bottom:g}"]
    for lane in [layer[pair] for layer in places[depths[up] + 1 : depths[down]]]:
        steps += [_curve(start, lane), f"V{lane.bottom:g}"]
        start = lane
    return "".join([*steps, _curve(start, end)])


def _curve(start: Place, end: Place) -> str:
    middle = (start.bottom + end.top) / 2
    return f"C{start.centre:g} {middle:g} {end.centre:g} {middle:g} {end.centre:g} {end.top:g}"


def _rising(start: Place, end: Place) -> str:
    """Return the arrow of an edge of a cycle: out of one right side, and into the other."""
    y, to_y = start.bottom - start.height / 3, end.top + end.height / 3
    side = max(start.right, end.right) + _LOOP
    return f"M{start.right:g} {y:g}C{side:g} {y:g} {side:g} {to_y:g} {end.right:g} {to_y:g}"
