"""Layered drawing of a directed acyclic graph: boxes and arrows in, coordinates out.

After Sugiyama, Tagawa and Toda (1981). Nodes and labels stand in ranks, in which every arrow that passes has a place
too. Curves bend in the strips between ranks, where nothing stands, and so never enter a box that is not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bayescx.plots.positions import Positions
from bayescx.plots.ranks import LayeredGraph, layered_graph, staggered

__all__ = ["Arrow", "Box", "Drawing", "Node", "Spacing", "lay_out"]

Point = tuple[float, float]

_TANGENT = 0.42  # share of a strip's width that a curve keeps its direction at either end
_WIDEST = 40.0  # px that a strip gets wider for curves, at most
_MIDDLE = 0.75  # share of a node's side that arrows meet
_BLUNT = 12.0  # px of it that they leave free, at least
_SLACK = 0.4  # share of the free room beside it that a slanting line may use


@dataclass(frozen=True)
class Node:
    """Size of a node; ``corner`` is the radius that its corners are rounded with."""

    width: float
    height: float
    corner: float = 0.0


@dataclass(frozen=True)
class Arrow:
    """An arrow between two nodes, with the width and height of its label if it has one."""

    source: str
    target: str
    label: tuple[float, float] | None = None


@dataclass(frozen=True)
class Box:
    """A rectangle by its centre."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """Where everything is, in px from the top left corner.

    Attributes
    ----------
    width, height : float
    nodes : dict
        The box of each node.
    labels : tuple of Box or None
        The box of each arrow's label.
    curves : tuple of tuples of tuples of points
        Of each arrow its runs: up to its label and on from there, or one run without a label. A run is a chain of
        cubic Bézier curves, 3 k + 1 points. The first begins on the border of the source; the last ends on that of
        the target.
    """

    width: float
    height: float
    nodes: dict[str, Box]
    labels: tuple[Box | None, ...]
    curves: tuple[tuple[tuple[Point, ...], ...], ...]


@dataclass(frozen=True)
class Spacing:
    """Distances in px.

    Parameters
    ----------
    node, label, waypoint : float
        What is kept free on either side of each of these within its rank.
    strip : float
        Least width of the strips between ranks.
    lean : float
        How much wider a strip gets per px that a curve moves sideways in it.
    head : float
        Straight end of every arrow, which carries its head.
    port : float
        Distance between arrows at a node, where there is room.
    margin : float
        Around everything.
    widest : float
        What a drawing keeps to across its arrows, if the nodes of every layer do: labels that take more side by
        side are staggered.
    """

    node: float = 10.0
    label: float = 5.0
    waypoint: float = 8.0
    strip: float = 14.0
    lean: float = 0.3
    head: float = 10.0
    port: float = 16.0
    margin: float = 6.0
    widest: float = float("inf")


def lay_out(
    nodes: Mapping[str, Node], arrows: Sequence[Arrow], *, direction: str = "right", spacing: Spacing | None = None
) -> Drawing:
    """Place nodes, labels and arrows.

    Parameters
    ----------
    nodes : mapping
        Size of each node by its name.
    arrows : sequence of Arrow
        Without circles.
    direction : {"right", "down"}
        Where arrows point to.
    spacing : Spacing, optional

    Returns
    -------
    Drawing
        No two boxes overlap, and no curve enters a box other than those of its own ends and label.

    Raises
    ------
    graphlib.CycleError
        If arrows lead in a circle.

    Examples
    --------
    >>> drawing = lay_out({"a": Node(60, 30), "b": Node(60, 30)}, [Arrow("a", "b", (20, 10))])
    >>> drawing.nodes["a"].y == drawing.nodes["b"].y == drawing.labels[0].y
    True
    """
    spacing = spacing or Spacing()
    down = direction == "down"

    def turned(size: tuple[float, float]) -> tuple[float, float]:
        return (size[1], size[0]) if down else size

    parts = (
        {name: turned((node.width, node.height)) for name, node in nodes.items()},
        [(arrow.source, arrow.target) for arrow in arrows],
        [None if arrow.label is None else turned(arrow.label) for arrow in arrows],
        (spacing.node, spacing.label, spacing.waypoint),
    )
    graph = layered_graph(*parts)
    ranks = graph.ordered_ranks()
    if rows := staggered(graph, ranks, spacing.widest):
        graph = layered_graph(*parts, rows)
        ranks = graph.ordered_ranks()
    corners = [node.corner for node in nodes.values()]
    frame = _Frame(graph, ranks, corners, spacing)
    width, height = turned(frame.size)
    boxes = [Box(*turned(frame.centre(i)), *turned((item.flow, item.across))) for i, item in enumerate(graph.items)]
    return Drawing(
        width,
        height,
        dict(zip(nodes, boxes, strict=False)),
        tuple(None if label is None else boxes[label] for label in graph.labels),
        tuple(
            tuple(tuple(turned(point) for point in run) for run in frame.runs(chain, label))
            for chain, label in zip(graph.chains, graph.labels, strict=True)
        ),
    )


class _Frame:
    """Everything in coordinates (flow, across), whichever way the drawing is turned."""

    def __init__(
        self, graph: LayeredGraph, ranks: Sequence[Sequence[int]], corners: Sequence[float], spacing: Spacing
    ) -> None:
        self.items = items = graph.items
        self.corners = corners
        self.spacing = spacing
        self.ranks = ranks
        self.places = places = Positions(items, ranks, spacing.widest)
        rooms = [self._room(number) for number in range(len(corners))]
        places.open_ports(rooms, spacing.port)
        places.settle()
        for _ in range(2):
            places.straighten(graph.chains)
            places.open_ports(rooms, spacing.port)
        first = min((places.across[i] - item.across / 2 for i, item in enumerate(items)), default=0.0)
        self.across = places.across = [place - first + spacing.margin for place in places.across]
        self.bands = self._bands()
        self.slack = self._slack()
        self.size = (
            self.bands[-1][1] + spacing.margin,
            max((self.across[i] + item.across / 2 for i, item in enumerate(items)), default=0.0) + spacing.margin,
        )

    def _room(self, number: int) -> float:
        """The length of a node's side that arrows may use: its middle, and more of it if they are many."""
        item = self.items[number]
        most = max(len(item.above), len(item.below))
        wanted = max(_MIDDLE * item.across, self.spacing.port * (most - 1))
        return max(min(wanted, item.across - max(self.corners[number], _BLUNT)), 0.0)

    def centre(self, number: int) -> Point:
        """The centre of an item."""
        start, stop = self.bands[self.items[number].rank]
        return ((start + stop) / 2, self.across[number])

    def _bands(self) -> list[tuple[float, float]]:
        """Where each rank begins and ends: as long as its longest item, after a strip that suits its widest curve."""
        bands = []
        stop = self.spacing.margin
        for number, rank in enumerate(self.ranks):
            start = stop
            if number > 0:
                widest = max(
                    (abs(self.places.end(i, o) - self.places.end(o, i)) for i in rank for o in self.items[i].above),
                    default=0.0,
                )
                start += self.spacing.strip + min(self.spacing.lean * widest, _WIDEST)
                if any(self.items[i].is_node for i in rank):
                    start += self.spacing.head
            stop = start + max((self.items[i].flow for i in rank), default=0.0)
            bands.append((start, stop))
        return bands

    def _slack(self) -> list[float]:
        """How far to either side of its centre a line through an item may run."""
        slack = [0.0] * len(self.items)
        for rank in self.ranks:
            free = [float("inf")] * (len(rank) + 1)
            for place, (one, other) in enumerate(pairwise(rank), start=1):
                sizes = self.items[one].across + self.items[other].across
                free[place] = self.across[other] - self.across[one] - sizes / 2
            for place, i in enumerate(rank):
                room = min(free[place], free[place + 1], 2 * self.spacing.waypoint)
                slack[i] = _SLACK * (self.items[i].across / 2 or room)
        return slack

    def runs(self, chain: Sequence[int], label: int | None) -> list[list[Point]]:
        """The runs of an arrow; see ``Drawing``."""
        slopes = self._slopes(chain)
        source, target = chain[0], chain[-1]
        runs = [[self._border(source, chain[1], 1)]]
        for place, (one, other) in enumerate(pairwise(chain)):
            start, stop = self.bands[self.items[one].rank][1], self.bands[self.items[other].rank][0]
            if other == target:
                stop -= self.spacing.head
            begin = self._on_line(one, other, start, slopes[place])
            end = self._on_line(other, one, stop, slopes[place + 1])
            _line_to(runs[-1], begin)
            _curve_to(runs[-1], end, slopes[place], slopes[place + 1])
            if other == label:
                half = self.items[other].flow / 2
                middle = self.centre(other)[0]
                _line_to(runs[-1], self._on_line(other, one, middle - half, slopes[place + 1]))
                runs.append([self._on_line(other, one, middle + half, slopes[place + 1])])
        _line_to(runs[-1], self._border(target, chain[-2], -1))
        return runs

    def _on_line(self, number: int, other: int, flow: float, slope: float) -> Point:
        """The point at ``flow`` of the straight line on which a link runs through an item."""
        return (flow, self.places.end(number, other) + slope * (flow - self.centre(number)[0]))

    def _border(self, number: int, other: int, side: int) -> Point:
        """Where a link meets the border of a node, which lies further in at rounded corners."""
        item, corner = self.items[number], self.corners[number]
        port = self.places.ports[number, other]
        beyond = min(max(abs(port) - (item.across / 2 - corner), 0.0), corner)
        inset = corner - (corner**2 - beyond**2) ** 0.5
        return (self.centre(number)[0] + side * (item.flow / 2 - inset), self.across[number] + port)

    def _slopes(self, chain: Sequence[int]) -> list[float]:
        """The slope of an arrow in each of its ranks: none at its ends and where it turns back, else a mean of both.

        It is limited so that the line stays in the room that its rank keeps free for it.
        """
        points = [self.centre(i) for i in chain]
        points[0] = (points[0][0], self.places.end(chain[0], chain[1]))
        points[-1] = (points[-1][0], self.places.end(chain[-1], chain[-2]))
        secants = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(points)]
        slopes = [0.0]
        for i, (before, after) in zip(chain[1:-1], pairwise(secants), strict=True):
            start, stop = self.bands[self.items[i].rank]
            mean = 2 * before * after / (before + after) if before * after > 0 else 0.0
            most = self.slack[i] / max((stop - start) / 2, 1.0)
            slopes.append(min(max(mean, -most), most))
        return [*slopes, 0.0]


def _line_to(run: list[Point], point: Point) -> None:
    """Go on straight, as a cubic curve."""
    (x, y), (to_x, to_y) = run[-1], point
    if (x, y) != (to_x, to_y):
        run.extend([(x + (to_x - x) / 3, y + (to_y - y) / 3), (x + (to_x - x) * 2 / 3, y + (to_y - y) * 2 / 3), point])


def _curve_to(run: list[Point], point: Point, slope: float, slope_there: float) -> None:
    """Go on to a point, beginning and ending with the slopes given."""
    (x, y), (to_x, to_y) = run[-1], point
    reach = _TANGENT * (to_x - x)
    run.extend([(x + reach, y + slope * reach), (to_x - reach, to_y - slope_there * reach), point])
