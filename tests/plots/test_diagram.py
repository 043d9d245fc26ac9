"""Boxes and arrows as SVG: text stays in its box, and what is drawn can be told apart."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree as ET

import pytest

from bayescx.plots.diagram import COLOURS, ArrowMark, NodeMark, draw
from bayescx.plots.lettering import text_width

SVG = "{http://www.w3.org/2000/svg}"
SHARE = "R² .74 [.70, .78]"
LABEL = ("−0.84", "[−0.88, −0.79]")
NAMES = [
    "trust",
    "satisfaction with customer service",
    "W" * 200,
    "x y " * 50,
    "<script>alert(1)</script>",
    "信任" * 40,
    "Donaudampfschifffahrtsgesellschaft",
    "$x^2$ & \"quotes\" '../../x'",
]


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314  (our own)


def groups(root: ET.Element, kind: str) -> list[ET.Element]:
    return [group for group in root.iter(f"{SVG}g") if group.get("class") == kind]


def texts(group: ET.Element) -> list[str]:
    return [text.text or "" for text in group.iter(f"{SVG}text")]


@pytest.mark.parametrize("direction", ["right", "down"])
@pytest.mark.parametrize("is_round", [False, True])
@pytest.mark.parametrize("below", ["", SHARE])
def test_text_fits_its_box(direction: str, is_round: bool, below: str) -> None:
    nodes = {str(i): NodeMark(name, below, is_round) for i, name in enumerate(NAMES)}
    arrows = [ArrowMark("0", str(i), LABEL) for i in range(1, len(NAMES))]
    found = groups(parsed(draw(nodes, arrows, [], direction)), "node")
    assert len(found) == len(NAMES)
    for group in found:
        rect = group.find(f"{SVG}rect")
        assert rect is not None
        x, y, width, height, corner = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height", "rx"))
        for text in group.iter(f"{SVG}text"):
            size, baseline = float(text.get("font-size", "0")), float(text.get("y", "0"))
            top, bottom = baseline - 0.8 * size, baseline + 0.22 * size
            assert y + 2 <= top < bottom <= y + height - 2
            beyond = max(0.0, y + corner - top, bottom - (y + height - corner))
            inset = corner - (corner**2 - min(beyond, corner) ** 2) ** 0.5
            assert float(text.get("x", "0")) == pytest.approx(x + width / 2, abs=0.06)
            assert text_width(text.text or "", size) <= width - 2 * inset - 2


def test_a_shortened_name_is_told_in_full_by_its_title() -> None:
    nodes = {str(i): NodeMark(name, SHARE) for i, name in enumerate(NAMES)}
    for name, group in zip(NAMES, groups(parsed(draw(nodes, [], [], "right")), "node"), strict=True):
        title = group.find(f"{SVG}title")
        words = texts(group)[:-1]
        if any("…" in word for word in words):
            assert title is not None
            assert title.text == name
        else:
            assert title is None
            assert "".join(words).replace(" ", "").replace("-", "") == name.replace(" ", "").replace("-", "")


def test_two_boxes_in_a_row_fit_a_phone() -> None:
    nodes = {name: NodeMark("satisfaction with the company", SHARE, is_round=True) for name in "abcdef"}
    pairs = ["ac", "ad", "bc", "bd", "ce", "cf", "de", "df", "ae", "bf"]
    root = parsed(draw(nodes, [ArrowMark(*pair, LABEL) for pair in pairs], ["Note. " * 20], "down"))
    assert float(root.get("width", "0")) <= 420
    nodes = {name: nodes[name] for name in "abcd"}
    pairs = ["ac", "ad", "bd"]
    root = parsed(draw(nodes, [ArrowMark(*pair, LABEL) for pair in pairs], ["Note. " * 20], "down"))
    assert float(root.get("width", "0")) <= 360
    assert min(float(text.get("font-size", "0")) for text in root.iter(f"{SVG}text")) >= 10.5


def test_signs_tell_arrows_apart() -> None:
    nodes = {name: NodeMark(name) for name in "abcd"}
    arrows = [
        ArrowMark("a", "b", ("0.50",), "positive", 2.5, title="a → b"),
        ArrowMark("b", "c", LABEL, "negative-pale", 1.0, dashed=True, muted=True),
        ArrowMark("c", "d", (), "loading", 1.0),
    ]
    root = parsed(draw(nodes, arrows, [], "right"))
    markers = {marker.get("id") for marker in root.iter(f"{SVG}marker")}
    assert markers == {"head-positive", "head-negative-pale", "head-loading"}
    for arrow, group in zip(arrows, groups(root, "arrow"), strict=True):
        assert texts(group) == list(arrow.label)
        fills = {text.get("fill") for text in group.iter(f"{SVG}text")}
        assert ("#1a1a1a" in fills) == (bool(arrow.label) and not arrow.muted)
        paths = list(group.iter(f"{SVG}path"))
        assert len(paths) == (2 if arrow.label else 1)
        assert {path.get("stroke") for path in paths} == {COLOURS[arrow.colour]}
        assert {float(path.get("stroke-width", "0")) for path in paths} == {arrow.width}
        assert all((path.get("stroke-dasharray") is not None) == arrow.dashed for path in paths)
        assert [path.get("marker-end") for path in paths] == [*[None] * (len(paths) - 1), f"url(#head-{arrow.colour})"]
    assert groups(root, "arrow")[0].findtext(f"{SVG}title") == "a → b"


@pytest.mark.parametrize("direction", ["right", "down"])
def test_arrow_heads_touch_the_box_that_they_point_to(direction: str) -> None:
    root = parsed(draw({name: NodeMark(name) for name in "ab"}, [ArrowMark("a", "b", LABEL)], [], direction))
    target = groups(root, "node")[1].find(f"{SVG}rect")
    assert target is not None
    *_, path = root.iter(f"{SVG}path")
    points = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[-\d.]+,[-\d.]+", path.get("d", ""))]
    head = float(next(root.iter(f"{SVG}marker")).get("markerWidth", "0"))
    axis = 0 if direction == "right" else 1
    side = float(target.get("xy"[axis], "0"))
    assert points[-1][axis] + head == pytest.approx(side, abs=0.11)
    assert points[-1][1 - axis] == pytest.approx(points[-4][1 - axis])
    assert points[-1][axis] > points[-4][axis]


def luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_from_its_ground() -> None:
    arrows = [ArrowMark("a", "b", LABEL), ArrowMark("a", "c", LABEL, "positive-pale")]
    root = parsed(draw({name: NodeMark(name, SHARE) for name in "abc"}, arrows, ["Note."], "right"))
    grounds = {rect.get("fill", "") for rect in root.iter(f"{SVG}rect")}
    darkest = min(map(luminance, grounds))
    for text in root.iter(f"{SVG}text"):
        assert (darkest + 0.05) / (luminance(text.get("fill", "")) + 0.05) >= 4.5


def test_notes_keep_within_the_width() -> None:
    svg = draw({"a": NodeMark("trust")}, [], ["word " * 60, "y" * 300], "right")
    root = parsed(svg)
    (notes,) = groups(root, "notes")
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    for text in notes:
        size = float(text.get("font-size", "0"))
        assert float(text.get("x", "0")) + text_width(text.text or "", size) <= width
        assert float(text.get("y", "0")) + 0.22 * size <= height


def test_forty_boxes_and_a_hundred_arrows_are_drawn_in_less_than_a_second() -> None:
    nodes = {str(i): NodeMark(NAMES[i % len(NAMES)], SHARE, i % 3 == 0) for i in range(40)}
    pairs = [(i, j) for i in range(40) for j in (i + 1, i + 2, i + 7) if j < 40][:100]
    arrows = [ArrowMark(str(i), str(j), LABEL) for i, j in pairs]
    start = time.process_time()
    svg = draw(nodes, arrows, [], "right")
    assert time.process_time() - start < 1.0
    assert svg == draw(nodes, arrows, [], "right")
    assert svg.count('class="arrow"') == 100
