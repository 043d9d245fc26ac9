"""Labels beside the marks of a map, so that none covers another, a mark or, where possible, a line.

Each label chooses among places around its mark, near ones first, given the others, until none wants to move. Nothing is
random: the same map gets the same labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

__all__ = ["COVERED", "Placed", "place_labels"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_GAP, _TUCKED = 4.0, 2.2  # points between a mark and a label next to it, or off its corner
_AIR = 1.0  # points that labels keep from each other
_LEADER = 7.0  # labels farther than this have a line to their mark
_RINGS = (10.0, 15.0, 21.0, 28.0, 37.0, 48.0, 62.0, 80.0, 104.0, 135.0, 175.0, 230.0, 300.0)
_DIRECTIONS = 16
_SWEEPS, _FEW = 12, 20  # rounds at most; so many labels try all orders in which to choose
COVERED = 1e4
_CROSSED, _TOUCHED, _AMBIGUOUS, _PER_POINT = 60.0, 6.0, 8.0, 0.5


@dataclass(frozen=True)
class Placed:
    """Where labels stand.

    Attributes
    ----------
    corners : array (n, 2)
        Left and upper edges.
    ends : array (n, 2)
        Where a leader from the mark would touch the label.
    has_leader : array (n,)
        Whether the label is so far off that it needs one.
    worst : float
        What the label that stands worst costs: half a point for each point to its mark, 6 for a line that it covers,
        8 if another mark is nearer, 60 for a leader that crosses a label, a mark or a leader, and ``COVERED`` or more
        where a label covers a mark or another label.
    """

    corners: Floats
    ends: Floats
    has_leader: Bools
    worst: float


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    room: tuple[float, float, float, float],
    lines: Sequence[tuple[float, float, float, float]] = (),
    radius: float = 3.0,
) -> Placed:
    """Find places for labels.

    Parameters
    ----------
    points : sequence of (x, y)
        Middles of the marks, y running down; all in one unit.
    sizes : sequence of (width, height)
        Of the label of each.
    room : (left, top, right, bottom)
        Where labels may be.
    lines : sequence of (left, top, right, bottom)
        Upright and level lines that labels should keep off.
    radius : float
        Of marks.

    Returns
    -------
    Placed

    Examples
    --------
    >>> placed = place_labels([(50.0, 50.0), (52.0, 50.0)], [(30.0, 10.0)] * 2, (0.0, 0.0, 100.0, 100.0))
    >>> placed.worst < COVERED, len(placed.corners)
    (True, 2)
    """
    search = _Search(np.array(points), np.array(sizes), room, np.array(lines).reshape(-1, 4), radius)
    keys = (search.points[:, 1], -search.points[:, 0], -search.crowd, search.points[:, 0])
    orders = [np.argsort(key, kind="stable") for key in keys[: 4 if len(points) <= _FEW else 2]]
    costs, chosen = min((search.settled(order) for order in orders), key=lambda found: float(found[0].sum()))
    boxes, ends = search.chosen(chosen)
    return Placed(boxes[:, :2], ends, search.has_leader[np.arange(len(chosen)), chosen], float(costs.max()))


class _Search:
    """Places to choose from, (n, c), and what each costs by itself and given the others."""

    def __init__(self, points: Floats, sizes: Floats, room: Sequence[float], lines: Floats, radius: float) -> None:
        self.points = points
        apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
        self.crowd = (apart < 60).sum(axis=1)
        places = [_places(point, size, room) for point, size in zip(points, sizes, strict=True)]
        self.boxes = np.array(places)
        self.ends = np.clip(points[:, None], self.boxes[..., :2], self.boxes[..., 2:])
        inside = 0.7 * radius  # half the side of the largest square in a round mark
        marks = np.concatenate([points - inside, points + inside], axis=1)
        far = np.hypot(*np.moveaxis(self.ends - points[:, None], -1, 0))
        self.has_leader = far > _LEADER
        self.own = _PER_POINT * far
        self.own += _TOUCHED * _overlaps(self.boxes, lines).sum(axis=-1)
        self.own += _AMBIGUOUS * (self._nearest_other() < far)
        covered = _overlaps(self.boxes, marks).sum(axis=-1)
        through = _hits(points[:, None], self.ends, marks) & ~np.eye(len(points), dtype=bool)[:, None]
        self.own += _CROSSED * (through.sum(axis=-1) * self.has_leader) + COVERED * covered

    def _nearest_other(self) -> Floats:
        """How far each place is from the nearest other mark, (n, c)."""
        distance = np.full(self.boxes.shape[:2], np.inf)
        for k, point in enumerate(self.points):
            near = np.clip(point, self.boxes[..., :2], self.boxes[..., 2:]) - point
            to = np.hypot(near[..., 0], near[..., 1])
            to[k] = np.inf
            distance = np.minimum(distance, to)
        return distance

    def chosen(self, chosen: NDArray[np.int64]) -> tuple[Floats, Floats]:
        rows = np.arange(len(chosen))
        return self.boxes[rows, chosen], self.ends[rows, chosen]

    def settled(self, order: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
        """Let labels choose in turn until none wants to move; return the cost of each and the choice."""
        chosen = self.own.argmin(axis=1)
        for turn, i in enumerate(order.tolist()):  # at first given only those that have chosen
            chosen[i] = (self.own[i] + self._given(i, chosen, order[:turn])).argmin()
        everybody = np.arange(len(chosen))
        for _ in range(_SWEEPS):
            before = chosen.copy()
            for i in order.tolist():
                chosen[i] = (self.own[i] + self._given(i, chosen, everybody)).argmin()
            if (chosen == before).all():
                break
        costs = [(self.own[i] + self._given(i, chosen, everybody))[chosen[i]] for i in everybody.tolist()]
        return np.array(costs), chosen

    def _given(self, i: int, chosen: NDArray[np.int64], others: NDArray[np.int64]) -> Floats:
        """What each place of one label costs, given where others are, (c,)."""
        others = others[others != i]
        boxes, ends = (part[others] for part in self.chosen(chosen))
        leads = self.has_leader[np.arange(len(chosen)), chosen][others]
        mine, start = self.boxes[i], self.points[i]
        cost = COVERED * _overlaps(mine, boxes, _AIR).sum(axis=-1)
        crossed = _hits(start, self.ends[i], boxes).sum(axis=-1) * self.has_leader[i]
        theirs = (_hits(self.points[others], ends, mine) & leads[:, None]).sum(axis=0)
        tangled = _cross(start, self.ends[i], self.points[others], ends) & leads & self.has_leader[i][:, None]
        return np.asarray(cost + _CROSSED * (crossed + theirs + tangled.sum(axis=-1)))


def _places(point: Floats, size: Floats, room: Sequence[float]) -> Floats:
    """Boxes (c, 4) around a mark, moved into the room where they stick out."""
    (x, y), (width, height) = point, size
    near = (y - _TUCKED - height, y + _TUCKED), (x + _TUCKED, x - _TUCKED - width)  # between the bars of intervals
    sides = [(left, top) for top, left in product(*near)]
    sides += [(x + _GAP, y - height / 2), (x - _GAP - width, y - height / 2)]
    sides += [(x - width / 2, top) for top in (y - _GAP - height, y + _GAP)]
    angles = np.arange(_DIRECTIONS) * 2 * np.pi / _DIRECTIONS
    for ring, angle in product(_RINGS, angles):
        dx, dy = np.cos(angle), np.sin(angle)
        sides.append((x + ring * dx + (np.sign(round(dx, 9)) - 1) * width / 2, y + ring * dy + (dy - 1) * height / 2))
    corners = np.array(sides)
    left = np.clip(corners[:, 0], room[0], max(room[2] - width, room[0]))
    top = np.clip(corners[:, 1], room[1], max(room[3] - height, room[1]))
    return np.stack([left, top, left + width, top + height], axis=-1)


def _overlaps(boxes: Floats, others: Floats, air: float = 0.0) -> Bools:
    """Which boxes (..., 4) overlap which of the others (k, 4), (..., k)."""
    one = boxes[..., None, :]
    apart = (one[..., :2] >= others[:, 2:] + air) | (one[..., 2:] <= others[:, :2] - air)
    return np.asarray(~apart.any(axis=-1))


def _hits(start: Floats, end: Floats, boxes: Floats) -> Bools:
    """Which straight lines (..., 2) pass through which boxes (k, 4), (..., k)."""
    start, end = np.broadcast_arrays(start, end)
    start, run = start[..., None, :], (end - start)[..., None, :]
    run = np.where(np.abs(run) < 1e-9, 1e-9, run)
    one, two = (boxes[:, :2] - start) / run, (boxes[:, 2:] - start) / run
    enter, leave = np.minimum(one, two).max(axis=-1), np.maximum(one, two).min(axis=-1)
    return np.asarray((enter < leave) & (leave > 0) & (enter < 1))


def _cross(start: Floats, ends: Floats, others: Floats, other_ends: Floats) -> Bools:
    """Which of the lines from one start (c, 2) cross which others (k, 2), (c, k)."""
    ends = ends[:, None]

    def side(a: Floats, b: Floats, c: Floats) -> Floats:
        along, off = b - a, c - a
        return np.asarray(np.sign(along[..., 0] * off[..., 1] - along[..., 1] * off[..., 0]))

    apart = side(start, ends, others) != side(start, ends, other_ends)
    return np.asarray(apart & (side(others, other_ends, start) != side(others, other_ends, ends)))
