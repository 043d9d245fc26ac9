"""A layered graph: ranks of nodes, ranks of labels between them, and a place wherever an arrow passes a rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from itertools import pairwise

from bayescx.plots.crossings import ordered

__all__ = ["Item", "LayeredGraph", "layered_graph", "layers_of", "staggered"]

Size = tuple[float, float]
Link = tuple[str, str]


@dataclass
class Item:
    """Whatever holds a place in a rank: a node, a label, or a waypoint of an arrow, which has no size.

    Attributes
    ----------
    rank : int
    flow, across : float
        Its size along the arrows and across them.
    space : float
        What is kept free on either side of it within its rank.
    is_node : bool
    above, below : list of int
        Its neighbours in the rank before and after.
    """

    rank: int
    flow: float
    across: float
    space: float
    is_node: bool = False
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class LayeredGraph:
    """Items, nodes first; of each arrow its items from source to target, and which of them is its label."""

    items: list[Item]
    chains: list[list[int]]
    labels: list[int | None]

    def ordered_ranks(self) -> list[list[int]]:
        """The items of each rank, in an order with few crossings; none where no arrow passes a rank of labels."""
        found: list[list[int]] = [[] for _ in range(1 + max((item.rank for item in self.items), default=-1))]
        for number, item in enumerate(self.items):
            found[item.rank].append(number)
        return ordered(found, [item.above for item in self.items], [item.below for item in self.items])


def layers_of(nodes: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    """Return the layer of each node: the length of the longest chain of arrows that leads to it.

    A node with more arrows out than in is moved on towards its targets, which makes arrows shorter.

    Raises
    ------
    graphlib.CycleError
        If arrows lead in a circle.

    Examples
    --------
    >>> layers_of("abcd", [("a", "b"), ("b", "c"), ("d", "c")])
    {'a': 0, 'b': 1, 'c': 2, 'd': 1}
    """
    causes: dict[str, list[str]] = {node: [] for node in nodes}
    effects: dict[str, list[str]] = {node: [] for node in nodes}
    for source, target in links:
        causes[target].append(source)
        effects[source].append(target)
    order = list(TopologicalSorter(causes).static_order())
    layer: dict[str, int] = {}
    for node in order:
        layer[node] = max((layer[cause] + 1 for cause in causes[node]), default=0)
    for node in reversed(order):
        if len(effects[node]) > len(causes[node]):
            layer[node] = min(layer[effect] for effect in effects[node]) - 1
    return {node: layer[node] for node in nodes}


def layered_graph(
    nodes: Mapping[str, Size],
    links: Sequence[Link],
    labels: Sequence[Size | None],
    spaces: tuple[float, float, float],
    rows: Mapping[int, Mapping[int, int]] | None = None,
) -> LayeredGraph:
    """Break arrows into links between neighbouring ranks.

    Parameters
    ----------
    nodes : mapping
        Size of each node along the arrows and across them.
    links : sequence of (str, str)
        Source and target of each arrow.
    labels : sequence of size or None
        Size of each arrow's label.
    spaces : (float, float, float)
        What is kept free beside a node, a label, a waypoint.
    rows : mapping, optional
        Where the labels between a layer and the next are to stand on several ranks: the layer, and which of these
        ranks each arrow's label takes.
    """
    layer = layers_of(list(nodes), links)
    places = _label_layers([(layer[source], layer[target]) for source, target in links], labels)
    rows = rows or {}
    depth = [1 + max(rows.get(number, {0: 0}).values()) for number in range(max(layer.values(), default=0) + 1)]
    rank_of = [number + sum(depth[:number]) for number in range(len(depth))]
    graph = LayeredGraph([], [], [])
    items = graph.items
    items.extend(Item(rank_of[layer[name]], *size, spaces[0], is_node=True) for name, size in nodes.items())
    index = {name: number for number, name in enumerate(nodes)}
    for arrow, ((source, target), size, place) in enumerate(zip(links, labels, places, strict=True)):
        ranks = range(rank_of[layer[source]] + 1, rank_of[layer[target]])
        numbers = range(len(items), len(items) + len(ranks))
        label_rank = rank_of[place] + 1 + rows.get(place, {}).get(arrow, 0)
        for rank in ranks:
            shown = size if rank == label_rank else None
            items.append(Item(rank, *shown, spaces[1]) if shown else Item(rank, 0.0, 0.0, spaces[2]))
        chain = [index[source], *numbers, index[target]]
        for one, other in pairwise(chain):
            items[one].below.append(other)
            items[other].above.append(one)
        graph.chains.append(chain)
        graph.labels.append(None if size is None else numbers[label_rank - ranks[0]])
    return graph


def _label_layers(spans: Sequence[tuple[int, int]], labels: Sequence[Size | None]) -> list[int]:
    """The layer after which each label stands: where there are several, the emptiest, nearest to the arrow's middle."""
    load: dict[int, float] = {}
    places = [0] * len(spans)
    for number in sorted(range(len(spans)), key=lambda i: spans[i][1] - spans[i][0]):
        first, last = spans[number]
        place = min((load.get(layer, 0.0), abs(2 * layer + 1 - first - last), layer) for layer in range(first, last))[2]
        size = labels[number]
        load[place] = load.get(place, 0.0) + (size[1] if size is not None else 0.0)
        places[number] = place
    return places


def staggered(graph: LayeredGraph, ranks: Sequence[Sequence[int]], widest: float) -> dict[int, dict[int, int]]:
    """Spread the labels of ranks that are too wide over several: their ``rows`` for ``layered_graph``.

    Parameters
    ----------
    graph : LayeredGraph
        With one rank of labels between layers.
    ranks : sequence of sequence of int
        Its items, ordered.
    widest : float
        How wide a rank may be, if no rank of nodes is wider.
    """
    widths = [sum(graph.items[i].across + 2 * graph.items[i].space for i in rank) for rank in ranks]
    widest = max([widest, *widths[::2]])
    arrow_of = {label: arrow for arrow, label in enumerate(graph.labels) if label is not None}
    rows = {}
    for layer, (rank, width) in enumerate(zip(ranks[1::2], widths[1::2], strict=True)):
        if width > widest:
            count = int(width // widest) + 1
            shown = [arrow_of[item] for item in rank if item in arrow_of]
            rows[layer] = {arrow: place % count for place, arrow in enumerate(shown)}
    return rows
