"""Positions across the arrows: links short and long ones straight, with everything in a rank kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bayescx.plots.ranks import Item

__all__ = ["Positions", "spaced"]

_INFINITE = float("inf")
_SWEEPS, _STILL = 80, 0.05  # rounds at most, and the movement (px) below which they stop
_STIFF = 6.0  # how much harder a link between two waypoints pulls than one at a node
_HELD = 1e6  # weight of an item that is to stay where it is
_REST = 1e-3  # weight of everybody's wish to be near the axis: it places what has no links


def spaced(
    wishes: Sequence[float],
    weights: Sequence[float],
    distances: Sequence[float],
    bounds: tuple[float, float] = (-_INFINITE, _INFINITE),
) -> list[float]:
    """Return the positions nearest to the wished ones (weighted squares) that keep their order and distances.

    This is isotonic regression of the wishes less the distances before them.

    Parameters
    ----------
    wishes, weights : sequence of float
        Where each of n things, in order, would like to be, and how much (positive).
    distances : sequence of float
        The least distance of each thing but the last to the next, n - 1 of them.
    bounds : (float, float)
        Between which all must be; there is room enough.

    Returns
    -------
    list of float

    Examples
    --------
    >>> spaced([0.0, 0.0, 50.0], [1.0, 1.0, 1.0], [10.0, 10.0])
    [-5.0, 5.0, 50.0]
    >>> spaced([0.0, 0.0, 50.0], [1.0, 1.0, 1.0], [10.0, 10.0], (0.0, 30.0))
    [0.0, 10.0, 30.0]
    """
    shifts = [0.0]
    for distance in distances:
        shifts.append(shifts[-1] + distance)
    blocks: list[tuple[float, float, int]] = []  # mean, weight and number of things that move as one
    for wish, weight, shift in zip(wishes, weights, shifts, strict=True):
        mean, total, count = wish - shift, weight, 1
        while blocks and blocks[-1][0] >= mean:
            other, more, number = blocks.pop()
            mean = (mean * total + other * more) / (total + more)
            total, count = total + more, count + number
        blocks.append((mean, total, count))
    lowest, highest = bounds[0], max(bounds[1] - shifts[-1], bounds[0])
    bare = [min(max(mean, lowest), highest) for mean, _, count in blocks for _ in range(count)]
    return [mean + shift for mean, shift in zip(bare, shifts, strict=True)]


class Positions:
    """Where the centres of items are across the arrows, and where links end at nodes.

    Parameters
    ----------
    items : sequence of Item
        Nodes first.
    ranks : sequence of sequence of int
        Their order.
    widest : float
        All ranks are to keep within this, or within the fullest of them if that takes more.
    """

    def __init__(self, items: Sequence[Item], ranks: Sequence[Sequence[int]], widest: float) -> None:
        self.items = items
        self.ranks = [rank for rank in ranks if rank]
        self.across = [0.0] * len(items)
        self.ports: dict[tuple[int, int], float] = {}
        """How far from the centre of a node (first) the link to a neighbour (second) ends."""
        self._distances = [[self._apart(one, other) for one, other in pairwise(rank)] for rank in self.ranks]
        full = [
            sum(apart) + (items[rank[0]].across + items[rank[-1]].across) / 2
            for rank, apart in zip(self.ranks, self._distances, strict=True)
        ]
        self._limit = max([widest, *full]) / 2
        self.settle()

    def _apart(self, one: int, other: int) -> float:
        """The least distance of the centres of two neighbours in a rank."""
        first, second = self.items[one], self.items[other]
        return (first.across + second.across) / 2 + first.space + second.space

    def _bounds(self, first: int, last: int) -> tuple[float, float]:
        return self.items[first].across / 2 - self._limit, self._limit - self.items[last].across / 2

    def end(self, number: int, other: int) -> float:
        """Where the link between an item and its neighbour ends at the item."""
        return self.across[number] + self.ports.get((number, other), 0.0)

    def settle(self) -> None:
        """Move each rank to where its links are shortest, given the others, until nothing moves.

        This descends the sum of squared lengths, a convex function, one rank at a time. Nodes with ports stay.
        """
        for sweep in range(_SWEEPS):
            moved = 0.0
            numbers = range(len(self.ranks))
            for number in numbers if sweep % 2 == 0 else reversed(numbers):
                rank = self.ranks[number]
                wishes, weights = zip(*map(self._wish, rank), strict=True)
                places = spaced(wishes, weights, self._distances[number], self._bounds(rank[0], rank[-1]))
                for i, place in zip(rank, places, strict=True):
                    moved = max(moved, abs(place - self.across[i]))
                    self.across[i] = place
            if sweep > 0 and moved < _STILL:
                return

    def _wish(self, number: int) -> tuple[float, float]:
        """Where an item would like to be, and how much."""
        item = self.items[number]
        if item.is_node and self.ports:
            return self.across[number], _HELD
        total, weight = 0.0, _REST
        for other in (*item.above, *item.below):
            pull = 1.0 if item.is_node or self.items[other].is_node else _STIFF
            total += pull * self.end(other, number)
            weight += pull
        return total / weight, weight

    def open_ports(self, rooms: Sequence[float], step: float) -> None:
        """Spread the links at the sides of nodes, each as near as possible to where it comes from or goes to.

        Parameters
        ----------
        rooms : sequence of float
            The length of each node's side that links may use.
        step : float
            The distance between two links, less where there is no room.
        """
        for number, room in enumerate(rooms):
            for others in (self.items[number].above, self.items[number].below):
                ends = sorted(others, key=lambda other: self.across[other])
                if ends:
                    apart = [min(step, room / max(len(ends) - 1, 1))] * (len(ends) - 1)
                    wishes = [self.across[other] - self.across[number] for other in ends]
                    places = spaced(wishes, [1.0] * len(ends), apart, (-room / 2, room / 2))
                    self.ports.update({(number, other): place for other, place in zip(ends, places, strict=True)})

    def straighten(self, chains: Sequence[Sequence[int]]) -> None:
        """Line up the labels and waypoints of arrows that pass several ranks, as far as their neighbours allow.

        Parameters
        ----------
        chains : sequence of sequence of int
            The items of each arrow from source to target.
        """
        beside = {}
        for rank in self.ranks:
            for before, item, after in zip([None, *rank], rank, [*rank[1:], None], strict=False):
                beside[item] = (before, after)
        for chain in sorted(chains, key=len, reverse=True):
            inner = chain[1:-1]
            if len(inner) >= 3:
                runs = _runs(inner, [self._room(item, *beside[item]) for item in inner])
                places = _line(runs, self.end(chain[0], chain[1]), self.end(chain[-1], chain[-2]))
                for (members, _, _), position in zip(runs, places, strict=True):
                    for item in members:
                        self.across[item] = position

    def _room(self, item: int, before: int | None, after: int | None) -> tuple[float, float]:
        """Between which positions an item can move while its neighbours stay."""
        low, high = self._bounds(item, item)
        if before is not None:
            low = self.across[before] + self._apart(before, item)
        if after is not None:
            high = self.across[after] - self._apart(item, after)
        return low, high


Run = tuple[list[int], float, float]


def _runs(inner: Sequence[int], rooms: Sequence[tuple[float, float]]) -> list[Run]:
    """Cut items into as few runs as possible, each with a room that all its members share."""
    runs: list[Run] = []
    for item, (low, high) in zip(inner, rooms, strict=True):
        if runs and max(runs[-1][1], low) <= min(runs[-1][2], high):
            runs[-1] = ([*runs[-1][0], item], max(runs[-1][1], low), min(runs[-1][2], high))
        else:
            runs.append(([item], low, high))
    return runs


def _line(runs: Sequence[Run], start: float, end: float) -> list[float]:
    """A position for each run: that of the one before where possible, else on the way to what comes next."""
    places: list[float] = []
    last = start
    for number, (_, low, high) in enumerate(runs):
        is_last = number == len(runs) - 1
        if not low <= last <= high or (is_last and number > 0):
            ahead = (end, end) if is_last else runs[number + 1][1:]
            last = min(max(min(max(end, ahead[0]), ahead[1]), low), high)
        places.append(last)
    return places
