"""Boxes and arrows with text as SVG: it knows shapes, sizes and colours, but nothing of fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bayescx.plots.layered import Arrow, Box, Node, Spacing, lay_out
from bayescx.plots.lettering import filled, text_width, wrapped
from bayescx.plots.svg import Markup, document, element, path_data

__all__ = ["COLOURS", "ArrowMark", "NodeMark", "draw"]

COLOURS = {
    "positive": "#0072b2",  # Okabe and Ito (2008): told apart with every kind of colour vision
    "negative": "#d55e00",
    "positive-pale": "#62a8d4",
    "negative-pale": "#e8925a",
    "fixed": "#595959",
    "loading": "#8c8c8c",
}
_INK, _GREY, _BORDER, _FILL, _PAPER = "#1a1a1a", "#595959", "#5f6b76", "#f5f7f9", "#ffffff"

_NAME, _BELOW, _FIRST, _MORE, _NOTE = 12.5, 10.5, 12.5, 10.5, 11.0  # sizes of letters, px
_LEADING, _ASCENT = 1.22, 0.95  # height of a line, and of its part above the baseline, in sizes of letters
_TEXT_WIDTH, _MOST_LINES = 112.0, 3
_PAD_X, _PAD_Y, _CORNER = 7.0, 7.0, 4.0
_HEAD, _HALF_HEAD = 9.0, 4.5
_LEAST_WIDTH, _PHONE, _MARGIN = 300.0, 340.0, 6.0
_SPACING = {
    "right": Spacing(head=_HEAD + 2.0, margin=_MARGIN),
    "down": Spacing(head=_HEAD + 2.0, margin=_MARGIN, widest=_PHONE),
}

Point = tuple[float, float]
Line = tuple[str, float]
"""A line of text and the size of its letters."""


@dataclass(frozen=True)
class NodeMark:
    """A box: its words, what stands in small letters below them, and whether its ends are round."""

    words: str
    below: str = ""
    is_round: bool = False


@dataclass(frozen=True)
class ArrowMark:
    """An arrow: its label (lines, the first one larger), colour, width and what a pointer that rests on it is told.

    The first line of a muted label is as grey as the others.
    """

    source: str
    target: str
    label: tuple[str, ...] = ()
    colour: str = "positive"
    width: float = 2.0
    dashed: bool = False
    muted: bool = False
    title: str = ""


def draw(nodes: Mapping[str, NodeMark], arrows: Sequence[ArrowMark], notes: Sequence[str], direction: str) -> str:
    """Draw boxes and arrows, with notes below them.

    Parameters
    ----------
    nodes : mapping
        By names that arrows refer to.
    arrows : sequence of ArrowMark
        Without circles.
    notes : sequence of str
        Each begins a line.
    direction : {"right", "down"}
        Where arrows point to.

    Returns
    -------
    str
        An SVG document.

    Examples
    --------
    >>> marks = {"a": NodeMark("trust"), "b": NodeMark("loyalty", "R² .40")}
    >>> svg = draw(marks, [ArrowMark("a", "b", ("0.63",))], ["Standardized."], "right")
    >>> svg.count("<rect"), svg.count("<text")
    (3, 5)
    """
    texts = {name: _lines(mark) for name, mark in nodes.items()}
    labels = [_label(arrow) for arrow in arrows]
    sizes = _sizes(nodes, texts, arrows, direction)
    links = [
        Arrow(arrow.source, arrow.target, _block(label, pad=2.0) if label else None)
        for arrow, label in zip(arrows, labels, strict=True)
    ]
    drawing = lay_out(sizes, links, direction=direction, spacing=_SPACING[direction])
    width = max(drawing.width, _LEAST_WIDTH)
    shift = (width - drawing.width) / 2
    marks = [
        *(
            _arrow(arrow, label, box, runs, direction)
            for arrow, label, box, runs in zip(arrows, labels, drawing.labels, drawing.curves, strict=True)
        ),
        *(_node(mark, texts[name], drawing.nodes[name], sizes[name].corner) for name, mark in nodes.items()),
    ]
    below, bottom = _notes(notes, width, drawing.height)
    return document(
        width,
        bottom,
        element("defs", *(_marker(name) for name in COLOURS if any(arrow.colour == name for arrow in arrows))),
        element("rect", width=width, height=bottom, fill=_PAPER),
        element("g", *marks, transform=f"translate({shift:.1f} 0)" if shift else None),
        below,
    )


def _lines(mark: NodeMark) -> list[Line]:
    found = [(line, _NAME) for line in wrapped(mark.words, _NAME, _TEXT_WIDTH, _MOST_LINES)]
    return [*found, (mark.below, _BELOW)] if mark.below else found


def _label(arrow: ArrowMark) -> list[Line]:
    return [(line, _FIRST if i == 0 else _MORE) for i, line in enumerate(arrow.label)]


def _block(lines: Sequence[Line], pad: float) -> tuple[float, float]:
    """Width and height of lines below each other."""
    return max(text_width(*line) for line in lines) + 2 * pad, sum(size for _, size in lines) * _LEADING + pad


def _sizes(
    nodes: Mapping[str, NodeMark], texts: Mapping[str, Sequence[Line]], arrows: Sequence[ArrowMark], direction: str
) -> dict[str, Node]:
    """One size for all boxes, so that none seems more important, save for those that many arrows meet at."""
    height = max(_block(lines, 0.0)[1] for lines in texts.values()) + 2 * _PAD_Y
    corners = {name: height / 2 if mark.is_round else _CORNER for name, mark in nodes.items()}
    width = max(_needed(lines, height, corners[name]) for name, lines in texts.items())
    sizes = {}
    for name in nodes:
        most = max(sum(arrow.target == name for arrow in arrows), sum(arrow.source == name for arrow in arrows))
        side = corners[name] + 2 * _HALF_HEAD * most + 6.0
        own = (width, max(height, side)) if direction == "right" else (max(width, side), height)
        sizes[name] = Node(*own, corners[name])
    return sizes


def _needed(lines: Sequence[Line], height: float, corner: float) -> float:
    """Width of a box in which every line stays clear of the rounded ends."""
    widest = 0.0
    top = (height - _block(lines, 0.0)[1]) / 2
    for text, size in lines:
        bottom = top + size * _LEADING
        beyond = min(max(corner - top, corner - (height - bottom), 0.0), corner)
        inset = corner - (corner**2 - beyond**2) ** 0.5
        widest = max(widest, text_width(text, size) + 2 * max(_PAD_X, inset + 3.0))
        top = bottom
    return widest


def _written(lines: Sequence[Line], box: Box, colours: Sequence[str]) -> list[Markup]:
    """Lines in the middle of a box."""
    baseline = box.y - sum(size for _, size in lines) * _LEADING / 2
    out = []
    for (text, size), colour in zip(lines, colours, strict=True):
        y = baseline + size * _ASCENT
        out.append(element("text", text, x=box.x, y=y, font_size=size, text_anchor="middle", fill=colour))
        baseline += size * _LEADING
    return out


def _node(mark: NodeMark, lines: Sequence[Line], box: Box, corner: float) -> Markup:
    rectangle = element(
        "rect",
        x=box.x - box.width / 2,
        y=box.y - box.height / 2,
        width=box.width,
        height=box.height,
        rx=corner,
        fill=_FILL,
        stroke=_BORDER,
    )
    names = len(lines) - bool(mark.below)
    is_whole = not lines[names - 1][0].endswith("…")
    colours = [_INK] * names + [_GREY] * (len(lines) - names)
    title = [] if is_whole else [element("title", mark.words)]
    return element("g", *title, rectangle, *_written(lines, box, colours), class_="node")


def _arrow(
    mark: ArrowMark,
    lines: Sequence[Line],
    box: Box | None,
    runs: Sequence[Sequence[Point]],
    direction: str,
) -> Markup:
    *before, last = runs
    how = {
        "fill": "none",
        "stroke": COLOURS[mark.colour],
        "stroke_width": mark.width,
        "stroke_dasharray": "6 4" if mark.dashed else None,
    }
    curves = [element("path", d=path_data(run), **how) for run in before]
    head = f"url(#{_id(mark.colour)})"
    curves.append(element("path", d=path_data(_up_to_head(last, direction)), marker_end=head, **how))
    colours = [_GREY if mark.muted else _INK, *[_GREY] * (len(lines) - 1)][: len(lines)]
    label = [] if box is None else _written(lines, box, colours)
    return element("g", element("title", mark.title), *curves, *label, class_="arrow")


def _up_to_head(run: Sequence[Point], direction: str) -> list[Point]:
    """A run whose straight end stops where the arrow head begins."""
    (x, y), (to_x, to_y) = run[-4], run[-1]
    end = (to_x - _HEAD, to_y) if direction == "right" else (to_x, to_y - _HEAD)
    return [*run[:-3], (x, y), end, end]


def _id(colour: str) -> str:
    return f"head-{colour}"


def _marker(colour: str) -> Markup:
    tip = element("path", d=f"M0,0L{_HEAD:g},{_HALF_HEAD:g}L0,{2 * _HALF_HEAD:g}z", fill=COLOURS[colour])
    return element(
        "marker",
        tip,
        id=_id(colour),
        viewBox=f"0 0 {_HEAD:g} {2 * _HALF_HEAD:g}",
        refX=0.0,
        refY=_HALF_HEAD,
        markerWidth=_HEAD,
        markerHeight=2 * _HALF_HEAD,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )


def _notes(notes: Sequence[str], width: float, top: float) -> tuple[Markup, float]:
    """The notes below a drawing that ends at ``top``, and where they end."""
    lines = [line for note in notes for line in filled(note, _NOTE, width - 2 * _MARGIN)]
    first = top + _NOTE * _LEADING
    texts = [
        element("text", line, x=_MARGIN, y=first + i * _NOTE * _LEADING, font_size=_NOTE, fill=_GREY)
        for i, line in enumerate(lines)
    ]
    return element("g", *texts, class_="notes"), top + (len(lines) + 0.5) * _NOTE * _LEADING + _MARGIN
