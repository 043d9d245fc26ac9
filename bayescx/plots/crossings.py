"""Order of items within the ranks of a layered graph, so that few links cross.

Median sweeps with exchanges of neighbours, as in Gansner, Koutsofios, North and Vo (1993). Nothing is random: the
same graph gets the same order.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence

__all__ = ["count_crossings", "ordered"]

_SWEEPS = 16
_EXCHANGES = 8  # passes over a rank's neighbours in each sweep, at most

Ranks = list[list[int]]
Links = Sequence[Sequence[int]]


def ordered(ranks: Sequence[Sequence[int]], above: Links, below: Links) -> Ranks:
    """Order the items of each rank.

    Parameters
    ----------
    ranks : sequence of sequence of int
        Items of each rank.
    above, below : sequence of sequence of int
        Of each item, the items that it is linked to in the rank before and in the rank after.

    Returns
    -------
    list of list of int
        The order with the fewest crossings that was met.

    Examples
    --------
    >>> ordered([[0, 1], [2, 3]], above=[[], [], [1], [0]], below=[[3], [2], [], []])
    [[0, 1], [3, 2]]
    """
    best: tuple[int, Ranks] | None = None
    for start in (_walked(ranks, below, range(len(ranks))), _walked(ranks, above, reversed(range(len(ranks))))):
        order = [list(rank) for rank in start]
        stale = 0
        for sweep in range(_SWEEPS):
            _exchange(order, above, below)
            crossings = count_crossings(order, below)
            stale += 1
            if best is None or crossings < best[0]:
                best, stale = (crossings, [list(rank) for rank in order]), 0
            if best[0] == 0 or stale == 4:
                break
            _sweep(order, above if sweep % 2 == 0 else below, downwards=sweep % 2 == 0)
    return best[1] if best is not None else []


def count_crossings(ranks: Sequence[Sequence[int]], below: Links) -> int:
    """Return how many pairs of links between neighbouring ranks cross.

    Examples
    --------
    >>> count_crossings([[0, 1], [2, 3]], below=[[3], [2], [], []])
    1
    """
    place = {item: position for rank in ranks for position, item in enumerate(rank)}
    total = 0
    for rank in ranks:
        seen: list[int] = []
        for item in rank:
            ends = sorted(place[other] for other in below[item])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _walked(ranks: Sequence[Sequence[int]], onward: Links, sequence: Iterable[int]) -> Ranks:
    """The items of each rank in the order in which a walk along the links meets them."""
    found: Ranks = [[] for _ in ranks]
    rank_of = {item: number for number, rank in enumerate(ranks) for item in rank}
    met: set[int] = set()
    for number in sequence:
        stack = list(reversed(ranks[number]))
        while stack:
            item = stack.pop()
            if item not in met:
                met.add(item)
                found[rank_of[item]].append(item)
                stack.extend(reversed(onward[item]))
    return found


def _sweep(order: Ranks, towards: Links, *, downwards: bool) -> None:
    """Sort each rank by the medians of its neighbours in the rank just passed; items without any keep their place."""
    place = {item: position for rank in order for position, item in enumerate(rank)}
    for rank in order if downwards else reversed(order):
        medians = {item: _median(sorted(place[o] for o in towards[item])) for item in rank if towards[item]}
        moving = iter(sorted(medians, key=lambda item: (medians[item], place[item])))
        rank[:] = [next(moving) if item in medians else item for item in rank]
        place.update({item: position for position, item in enumerate(rank)})


def _median(places: Sequence[int]) -> float:
    """The median; of an even number, leaning towards the side where places lie closer together."""
    middle = len(places) // 2
    if len(places) % 2 == 1:
        return float(places[middle])
    if len(places) == 2:
        return (places[0] + places[1]) / 2
    left, right = places[middle - 1] - places[0], places[-1] - places[middle]
    if left + right == 0:
        return float(places[middle])
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _exchange(order: Ranks, above: Links, below: Links) -> None:
    """Exchange neighbours within ranks as long as that removes crossings."""
    place = {item: position for rank in order for position, item in enumerate(rank)}
    for _ in range(_EXCHANGES):
        gained = False
        for rank in order:
            for position in range(len(rank) - 1):
                one, other = rank[position], rank[position + 1]
                gain = sum(_gain(links[one], links[other], place) for links in (above, below))
                if gain > 0:
                    rank[position], rank[position + 1] = other, one
                    place[one], place[other] = position + 1, position
                    gained = True
        if not gained:
            return


def _gain(one: Sequence[int], other: Sequence[int], place: dict[int, int]) -> int:
    """Crossings that vanish when two neighbours, linked to ``one`` and ``other``, change places."""
    gain = 0
    for a in one:
        for b in other:
            gain += (place[a] > place[b]) - (place[a] < place[b])
    return gain
