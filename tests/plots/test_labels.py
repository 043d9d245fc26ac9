"""Labels of a map cover neither each other nor marks, and stand near what they name."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from bayescx.plots.labels import COVERED, place_labels

ROOM = (0.0, 0.0, 400.0, 300.0)


def boxes_of(placed: Any, sizes: Any) -> Any:
    return [(x, y, x + w, y + h) for (x, y), (w, h) in zip(placed.corners, sizes, strict=True)]


def overlap(one: Any, other: Any) -> bool:
    return bool(min(one[2], other[2]) > max(one[0], other[0]) and min(one[3], other[3]) > max(one[1], other[1]))


@pytest.mark.parametrize("count", [1, 2, 15, 40])
@pytest.mark.parametrize("kind", ["spread", "clustered", "in a row", "in one place"])
def test_labels_stand_apart(kind: str, count: int) -> None:
    rng = np.random.default_rng(count)
    points: Any = {
        "spread": rng.uniform((20, 20), (380, 280), (count, 2)),
        "clustered": np.array([200, 150]) + 20 * rng.standard_normal((count, 2)),
        "in a row": np.stack([np.linspace(20, 380, count), np.full(count, 150.0)], axis=1),
        "in one place": np.full((count, 2), 150.0),
    }[kind]
    sizes = [(float(w), 10.0) for w in rng.uniform(20, 70, count)]
    placed = place_labels([tuple(p) for p in points.tolist()], sizes, ROOM)
    boxes = boxes_of(placed, sizes)
    assert placed.worst < COVERED
    assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
    for x, y in points:
        assert not any(overlap(box, (x - 2, y - 2, x + 2, y + 2)) for box in boxes)
    for left, top, right, bottom in boxes:
        assert left >= 0
        assert top >= 0
        assert right <= 400.001
        assert bottom <= 300.001


def test_a_lone_label_stands_beside_its_mark_without_a_leader() -> None:
    placed = place_labels([(100.0, 100.0)], [(40.0, 10.0)], ROOM)
    assert not placed.has_leader[0]
    assert np.hypot(*(placed.ends[0] - [100.0, 100.0])) < 7


def test_labels_keep_off_lines() -> None:
    bars = [(60.0, 99.5, 140.0, 100.5), (99.5, 60.0, 100.5, 140.0)]
    placed = place_labels([(100.0, 100.0)], [(30.0, 10.0)], ROOM, bars)
    (box,) = boxes_of(placed, [(30.0, 10.0)])
    assert not any(overlap(box, bar) for bar in bars)
    assert not placed.has_leader[0]  # between the bars there is room next to the mark


def test_a_leader_ends_at_its_label() -> None:
    points = [(200.0 + 4 * i, 150.0) for i in range(8)]
    sizes = [(60.0, 10.0)] * 8
    placed = place_labels(points, sizes, ROOM)
    assert placed.has_leader.any()
    for (x, y), (left, top, right, bottom) in zip(placed.ends, boxes_of(placed, sizes), strict=True):
        assert left <= x <= right
        assert top <= y <= bottom


def test_what_does_not_fit_is_said() -> None:
    assert place_labels([(10.0, 10.0)] * 9, [(30.0, 10.0)] * 9, (0.0, 0.0, 40.0, 40.0)).worst >= COVERED


def test_the_same_every_time() -> None:
    points = [(float(x), float(y)) for x, y in np.random.default_rng(1).uniform(50, 250, (12, 2))]
    one, two = (place_labels(points, [(50.0, 10.0)] * 12, ROOM) for _ in (1, 2))
    np.testing.assert_array_equal(one.corners, two.corners)
