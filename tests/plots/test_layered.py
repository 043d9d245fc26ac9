"""Layered drawings: nothing overlaps, arrows point onward, and the same graph is drawn the same way."""

from __future__ import annotations

import time
from graphlib import CycleError
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayescx.plots.crossings import count_crossings, ordered
from bayescx.plots.layered import Arrow, Box, Drawing, Node, Spacing, lay_out
from bayescx.plots.positions import spaced
from bayescx.plots.ranks import layers_of

DIRECTIONS = ("right", "down")
SIZES = st.floats(12, 150)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Node], list[Arrow]]:
    names = [f"n{i}" for i in range(draw(st.integers(2, 15)))]
    nodes = {}
    for name in draw(st.permutations(names)):
        width, height = draw(SIZES), draw(SIZES)
        nodes[name] = Node(width, height, draw(st.floats(0, 1)) * min(width, height) / 2)
    pairs = draw(st.lists(st.sampled_from(list(combinations(names, 2))), unique=True, max_size=40))
    labels = st.none() | st.tuples(st.floats(10, 90), st.floats(8, 40))
    return nodes, [Arrow(source, target, draw(labels)) for source, target in pairs]


def boxes(drawing: Drawing) -> list[Box]:
    return [*drawing.nodes.values(), *(label for label in drawing.labels if label is not None)]


def edges_of(box: Box) -> tuple[float, float, float, float]:
    return box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2, box.y + box.height / 2


def overlap(one: Box, other: Box) -> bool:
    beside = abs(one.x - other.x) >= (one.width + other.width) / 2 - 1e-6
    below = abs(one.y - other.y) >= (one.height + other.height) / 2 - 1e-6
    return not (beside or below)


def sampled(run: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Points on the curves of a run, (n, 2)."""
    t = np.linspace(0, 1, 40)[:, None]
    points = np.array(run)
    pieces = [points[i : i + 4] for i in range(0, len(points) - 1, 3)]
    return np.concatenate(
        [(1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d for a, b, c, d in pieces]
    )


def enters(points: np.ndarray, box: Box) -> bool:
    left, top, right, bottom = edges_of(box)
    x, y = points.T
    return bool(((x > left + 1e-6) & (x < right - 1e-6) & (y > top + 1e-6) & (y < bottom - 1e-6)).any())


def check(drawing: Drawing, arrows: list[Arrow], direction: str) -> None:
    axis = 0 if direction == "right" else 1
    for one, other in combinations(boxes(drawing), 2):
        assert not overlap(one, other)
    for box in boxes(drawing):
        left, top, right, bottom = edges_of(box)
        assert min(left, top) >= -1e-6
        assert right <= drawing.width + 1e-6
        assert bottom <= drawing.height + 1e-6
    for arrow, label, runs in zip(arrows, drawing.labels, drawing.curves, strict=True):
        points = np.concatenate([sampled(run) for run in runs])
        assert (np.diff(points[:, axis]) >= -1e-6).all(), "an arrow turns back"
        assert points.min() >= -1e-6
        ends = (drawing.nodes[arrow.source], drawing.nodes[arrow.target])
        for box in boxes(drawing):
            if not any(box is end for end in ends):
                assert not enters(points, box), f"{arrow} enters {box}"
        assert len(runs) == (1 if label is None else 2)
        for end, point in zip(ends, (points[0], points[-1]), strict=True):
            assert on_border(point, end, axis)
        # the last stretch is straight and long enough for an arrow head
        assert points[-1][1 - axis] == pytest.approx(runs[-1][-4][1 - axis])
        assert points[-1][axis] - runs[-1][-4][axis] >= Spacing().head - 1e-6


def on_border(point: np.ndarray, box: Box, axis: int) -> bool:
    """On the side that faces the arrow, or a little further in where its corners are round."""
    size, centre = (box.width, box.height)[axis], (box.x, box.y)[axis]
    across = abs(point[1 - axis] - (box.x, box.y)[1 - axis])
    depth = size / 2 - abs(point[axis] - centre)
    return across <= (box.width, box.height)[1 - axis] / 2 + 1e-6 and -1e-6 <= depth <= size / 2 + 1e-6


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("spacing", [Spacing(), Spacing(widest=200.0)])
@given(graph=graphs())
@settings(max_examples=40, deadline=None)
def test_nothing_overlaps_and_arrows_enter_no_box_but_their_own(
    direction: str, spacing: Spacing, graph: tuple[dict[str, Node], list[Arrow]]
) -> None:
    nodes, arrows = graph
    drawing = lay_out(nodes, arrows, direction=direction, spacing=spacing)
    assert {name: (box.width, box.height) for name, box in drawing.nodes.items()} == {
        name: (pytest.approx(node.width), pytest.approx(node.height)) for name, node in nodes.items()
    }
    check(drawing, arrows, direction)
    for arrow, label in zip(arrows, drawing.labels, strict=True):
        assert (label is None) == (arrow.label is None)
        if label is not None:
            assert (label.width, label.height) == arrow.label
    assert lay_out(nodes, arrows, direction=direction, spacing=spacing) == drawing


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_rounded_sides_are_met_where_they_are(direction: str) -> None:
    nodes = {"a": Node(80, 80, 40), **{name: Node(60, 60) for name in "bcd"}}
    drawing = lay_out(nodes, [Arrow("a", name, (30, 12)) for name in "bcd"], direction=direction)
    centre = np.array([drawing.nodes["a"].x, drawing.nodes["a"].y])
    for runs in drawing.curves:
        assert np.linalg.norm(np.array(runs[0][0]) - centre) == pytest.approx(40.0)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_forty_nodes_take_less_than_a_second(direction: str) -> None:
    rng = np.random.default_rng(4)
    pairs = sorted({tuple(sorted(rng.choice(40, 2, replace=False).tolist())) for _ in range(110)})[:100]
    nodes = {str(i): Node(120, 56) for i in range(40)}
    arrows = [Arrow(str(a), str(b), (64, 28)) for a, b in pairs]
    start = time.process_time()
    drawing = lay_out(nodes, arrows, direction=direction)
    assert time.process_time() - start < 1.0
    check(drawing, arrows, direction)


def test_labels_that_take_too_much_side_by_side_are_staggered() -> None:
    nodes = {name: Node(100, 40) for name in "abcd"}
    arrows = [Arrow(*pair, (90, 28)) for pair in ("ac", "ad", "bc", "bd")]
    wide = lay_out(nodes, arrows, direction="down")
    assert len({label.y for label in wide.labels if label is not None}) == 1
    assert wide.width > 4 * 90
    narrow = lay_out(nodes, arrows, direction="down", spacing=Spacing(widest=260.0))
    assert len({label.y for label in narrow.labels if label is not None}) == 2
    assert narrow.width <= 260 + 2 * Spacing().margin + 1e-6
    check(narrow, arrows, "down")


def test_a_chain_is_a_straight_line() -> None:
    nodes = {name: Node(50, 30) for name in "abc"}
    drawing = lay_out(nodes, [Arrow("a", "b", (20, 10)), Arrow("b", "c", (20, 10))], direction="down")
    assert len({box.x for box in boxes(drawing)}) == 1
    assert [drawing.nodes[name].y for name in "abc"] == sorted(drawing.nodes[name].y for name in "abc")
    assert {x for runs in drawing.curves for run in runs for x, _ in run} == {drawing.nodes["a"].x}


def test_an_arrow_that_passes_a_node_goes_straight_round_it() -> None:
    nodes = {name: Node(50, 30) for name in "abc"}
    drawing = lay_out(nodes, [Arrow("a", "b"), Arrow("b", "c"), Arrow("a", "c", (20, 10))], direction="down")
    assert drawing.labels[2] is not None
    x = {
        round(point[0], 6) for run in drawing.curves[2] for point in sampled(run) if 40 < point[1] < drawing.height - 40
    }
    middle = drawing.nodes["b"]
    assert all(abs(place - middle.x) >= middle.width / 2 + Spacing().waypoint for place in x)


def test_layers_follow_the_longest_chain_and_causes_stand_near_what_they_cause() -> None:
    links = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "c"), ("c", "e")]
    assert layers_of("abcdef", links) == {"a": 0, "b": 1, "c": 2, "d": 1, "e": 3, "f": 0}
    with pytest.raises(CycleError):
        layers_of("ab", [("a", "b"), ("b", "a")])


def test_crossings_are_counted_and_removed() -> None:
    below = [[5, 6], [4], [3, 4], [], [], [], []]
    above: list[list[int]] = [[] for _ in below]
    for item, others in enumerate(below):
        for other in others:
            above[other].append(item)
    ranks = [[0, 1, 2], [3, 4, 5, 6]]
    by_hand = sum(
        (a < c) != (x < y) and a != c and x != y
        for (a, x), (c, y) in combinations([(i, o) for i, others in enumerate(below) for o in others], 2)
    )
    assert count_crossings(ranks, below) == by_hand == 7
    order = ordered(ranks, above, below)
    assert count_crossings(order, below) == 0
    assert [sorted(rank) for rank in order] == ranks


@given(
    wishes=st.lists(st.floats(-100, 100), min_size=1, max_size=8),
    data=st.data(),
)
def test_spaced_positions_keep_their_distances_and_cannot_be_bettered(wishes: list[float], data: st.DataObject) -> None:
    n = len(wishes)
    weights = data.draw(st.lists(st.floats(0.5, 4), min_size=n, max_size=n))
    distances = data.draw(st.lists(st.floats(0, 30), min_size=n - 1, max_size=n - 1))
    places = np.array(spaced(wishes, weights, distances))
    assert (np.diff(places) >= np.array(distances) - 1e-9).all()

    # Karush, Kuhn and Tucker: the force on every group that may move to one side vanishes or pushes the other way
    force = np.array(weights) * (np.array(wishes) - places)
    pressure = np.cumsum(force)
    assert abs(pressure[-1]) < 1e-6
    assert (pressure > -1e-6).all()
    loose = np.diff(places) > np.array(distances) + 1e-6
    assert (np.abs(pressure[:-1][loose]) < 1e-6).all()
