"""Pages of a moderation plot: a line along a number, and a block for each level of a category."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayescx._names import ORGANIZATION
from bayescx.plots import style, typesetting
from bayescx.plots.moderation_data import LEVEL, NEW, TYPICAL, VALUE
from bayescx.plots.style import MARGIN, Floats
from bayescx.plots.typesetting import LINE
from bayescx.wording import counted

__all__ = ["LevelsPage", "LinePage", "Said"]

_BESIDE = 0.04  # of the range of dots, to either side of them
_HEIGHT = 0.5  # of the axes of a line, in widths of the page
_LARGEST, _SMALLEST = 7.5, 2.4  # diameters of dots, in points
_ROW, _PITCH, _CLOSE, _MANY = 18.0, 7.5, 4.5, 12  # heights of rows, in points; so many organizations stand closer
_BAND: dict[str, Any] = {"color": style.BLUE, "alpha": 0.3}
_NEW_BAND: dict[str, Any] = {"color": style.BLUE, "alpha": 0.12}
_LINE: dict[str, Any] = {"color": style.BLUE, "linewidth": 1.4}
_THIN: dict[str, Any] = {"color": style.GREY, "linewidth": 0.6, "alpha": 0.75}
_DOT: dict[str, Any] = {"facecolor": style.GREY, "edgecolor": "white", "linewidth": 0.4}
_DIAMOND: dict[str, Any] = {"marker": "D", "markersize": 5.0, "color": style.BLUE, "linestyle": "none"}


@dataclass(frozen=True)
class Said:
    """Texts of a page, names already in the model's words."""

    title: str
    sentence: str
    notes: Sequence[tuple[str, str]]
    caption: str
    attribute: str
    typical: str
    new: str
    organization: str
    percent: str


class _Page:
    """What both pages have: a head, a legend, dots by weight, and room between."""

    largest = _LARGEST

    def __init__(self, data: pd.DataFrame, said: Said, width: float) -> None:
        self.said, self.width = said, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.room = width - 2 * MARGIN
        self.own = data[data["what"] == ORGANIZATION].reset_index(drop=True)
        self.typical = data[data["what"] == TYPICAL].reset_index(drop=True)
        self.new = data[data["what"] == NEW].reset_index(drop=True)
        self.heading = typesetting.wrap(said.title, 0.97 * self.room, style.TITLE_SIZE, weight="bold")
        notes = [(said.sentence, style.INK), *said.notes]
        self.notes = [
            (text, colour) for note, colour in notes for text in typesetting.wrap(note, 0.97 * self.room, self.size, 4)
        ]
        self.head = MARGIN + len(self.heading) * LINE * style.TITLE_SIZE + len(self.notes) * self.line + 6

    def start(self, height: float) -> None:
        """Take a sheet and write its head."""
        self.page = style.Page(self.width, height)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, self.heading, style.TITLE_SIZE, weight="bold")
        for text, colour in self.notes:
            y += self.page.lines(MARGIN, y, [text], self.size, colour=colour)

    def limits(self) -> tuple[float, float]:
        """Range of the path: every interval drawn."""
        rows = pd.concat([self.own, self.typical, self.new])
        low, high = float(rows["lower"].min()), float(rows["upper"].max())
        pad = 0.05 * (high - low) or 0.1
        return low - pad, high + pad

    def areas(self) -> Floats:
        """Areas of the dots: as their weights, but never too small to be seen."""
        return np.maximum(self.largest**2 * self.own["weight"].to_numpy(), _SMALLEST**2)

    def legend(self) -> list[tuple[str, list[str]]]:
        """Kinds of marks, each with its words on as many lines as they need."""
        marks = {TYPICAL: self.said.typical, NEW: self.said.new, ORGANIZATION: self.said.organization}
        room = self.room - 2.2 * self.size
        return [(kind, typesetting.wrap(words, room, self.size)) for kind, words in marks.items()]

    def legend_height(self) -> float:
        return sum(len(lines) for _, lines in self.legend()) * self.line

    def draw_legend(self, top: float) -> None:
        for kind, lines in self.legend():
            self.draw_key(kind, [MARGIN, MARGIN + 1.6 * self.size], top + 0.8 * self.line - 0.36 * self.size)
            top += self.page.lines(MARGIN + 2.2 * self.size, top, lines, self.size, colour=style.GREY)

    def draw_key(self, kind: str, x: list[float], y: float) -> None:
        """Draw one kind of mark as the legend shows it."""
        if kind == ORGANIZATION:
            self.page.mark(x, [y, y], **_THIN)
            dot = {"marker": "o", "markersize": 4.4, "markeredgewidth": 0.4, "linestyle": "none"}
            self.page.mark([sum(x) / 2], [y], markerfacecolor=style.GREY, markeredgecolor="white", **dot)
            return
        self.page.mark(x, [y, y], linewidth=7, **(_BAND if kind == TYPICAL else _NEW_BAND))
        if kind == TYPICAL:
            self.draw_typical(x, y)

    def draw_typical(self, x: list[float], y: float) -> None:
        """Draw what marks the typical organization's mean."""
        raise NotImplementedError

    def centred(self, x: float, y: float, text: str) -> None:
        """A line of text around x, but never off the page."""
        half = typesetting.text_width(text, self.size) / 2
        self.page.lines(
            float(np.clip(x, MARGIN + half, self.width - MARGIN - half)), y, [text], self.size, align="center"
        )


class LinePage(_Page):
    """The path (upright) along a number (level)."""

    def draw(self) -> style.Page:
        """Draw everything."""
        size, said = self.size, self.said
        caption = typesetting.wrap(said.caption, self.room, size)
        top = self.head + len(caption) * self.line + 4
        height = _HEIGHT * min(self.width, 6.5 * 72)
        limits = self.limits()
        places, labels = style.ticks(*limits, 2.2 * height, size)
        left = MARGIN + max(typesetting.text_width(label, size) for label in labels) + 8
        right = self.width - MARGIN - 2 * size
        below = top + height + self.line + 8
        self.start(below + self.line + 7 + self.legend_height() + MARGIN)
        self.page.lines(MARGIN, self.head, caption, size)
        power = _power(self.typical[VALUE].abs().max())
        reach = self._reach(10.0**power)
        self.axes = self.page.axes(left, top, right - left, height, reach, size)
        self.axes.set_ylim(*limits)
        self.axes.set_yticks(places, labels, color=style.INK, fontsize=size, parse_math=False)
        self.axes.tick_params(axis="y", length=0)
        self.axes.hlines(places, *reach, color=style.FAINT, linewidth=0.6, zorder=0)
        if limits[0] < 0 < limits[1]:
            self.axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
        self._draw_marks(10.0**power)
        unit = _POWERS.get(power, f" (10^{power})")
        name = typesetting.shorten(said.attribute, self.room - typesetting.text_width(unit, size), size)
        self.centred((left + right) / 2, below, name + unit)
        self.draw_legend(below + self.line + 7)
        return self.page

    def _reach(self, unit: float) -> tuple[float, float]:
        """Range of the attribute: the line, and some room beyond the dots, which may stand where it ends."""
        line, dots = self.typical[VALUE] / unit, self.own[VALUE] / unit
        room = _BESIDE * (dots.max() - dots.min())
        return min(line.iloc[0], dots.min() - room), max(line.iloc[-1], dots.max() + room)

    def _draw_marks(self, unit: float) -> None:
        for rows, how, order in ((self.new, _NEW_BAND, 2), (self.typical, _BAND, 3)):
            along = rows[VALUE] / unit
            self.axes.fill_between(along, rows["lower"], rows["upper"], linewidth=0, zorder=order, **how)
        self.axes.plot(self.typical[VALUE] / unit, self.typical["mean"], zorder=4, **_LINE)
        x = self.own[VALUE].to_numpy() / unit
        bars = style.segments(x, self.own["lower"], x, self.own["upper"])
        self.axes.plot(*bars, zorder=5, **_THIN)
        self.axes.scatter(x, self.own["mean"], s=self.areas(), zorder=6, **_DOT)

    def draw_typical(self, x: list[float], y: float) -> None:
        """Draw a piece of the line."""
        self.page.mark(x, [y, y], **_LINE)


_POWERS = {0: "", 6: " (millions)", 9: " (billions)"}


def _power(largest: float) -> int:
    """Power of ten that numbers on the axis are told in: none up to ten millions."""
    return 3 * math.floor(math.log10(largest) / 3) if largest >= 1e7 else 0


class LevelsPage(_Page):
    """The path (level) at every level of a category, one below the other, above the organizations that have it."""

    def __init__(self, data: pd.DataFrame, said: Said, width: float) -> None:
        super().__init__(data, said, width)
        decimals = typesetting.decimals_for((self.typical["upper"] - self.typical["lower"]).tolist())
        self.numbers = [typesetting.interval(row, decimals) for _, row in self.typical.iterrows()]
        self.number_head = f"mean [{said.percent}]"
        self.members = [
            self.own[self.own[LEVEL] == level].sort_values("mean", kind="stable").index for level in self.typical[LEVEL]
        ]
        self._set_columns()
        self._set_rows()

    def _widest(self, *texts: str) -> float:
        return max(typesetting.text_width(text, self.size) for text in texts)

    def _set_columns(self) -> None:
        names = [typesetting.clean(level.replace("_", " ")) for level in self.typical[LEVEL]]
        counts = [counted(len(members), "organization") for members in self.members]
        numbers = self._widest(*self.numbers, self.number_head)
        free = self.width - 2 * MARGIN - numbers - 2 * self.size
        room = min(self._widest(*names, *counts), 0.45 * free)
        self.names = [typesetting.wrap(name, room, self.size) for name in names]
        self.counts = [typesetting.shorten(count, room, self.size) for count in counts]
        self.left, self.right = MARGIN + room + self.size, self.width - MARGIN - numbers - self.size

    def _set_rows(self) -> None:
        """Upper edges of the blocks and middles of their rows, counted down from the upper edge of the axes."""
        pitch = _CLOSE if len(self.own) > _MANY else _PITCH
        self.largest = min(_LARGEST, 1.1 * pitch)
        self.rows = np.empty(len(self.own))
        self.edges = []
        edge = 0.0
        for members, name in zip(self.members, self.names, strict=True):
            self.edges.append(edge)
            self.rows[members] = edge + _ROW + (np.arange(len(members)) + 0.5) * pitch
            edge += max(_ROW + len(members) * pitch, (len(name) + 1) * self.line + 2) + 6
        self.height = edge
        self.middles = np.array(self.edges) + _ROW / 2 + 1

    def draw(self) -> style.Page:
        """Draw everything."""
        size = self.size
        top = self.head + self.line + 8
        below = top + self.height + self.line + 8
        caption = typesetting.wrap(self.said.caption, self.room, size)
        legend = below + len(caption) * self.line + 7
        self.start(legend + self.legend_height() + MARGIN)
        self._draw_texts(top)
        self._draw_marks(top)
        for i, text in enumerate(caption):
            self.centred((self.left + self.right) / 2, below + i * self.line, text)
        self.draw_legend(legend)
        return self.page

    def _draw_texts(self, top: float) -> None:
        page, size, right = self.page, self.size, self.width - MARGIN
        room = self.left - size - MARGIN
        page.text(MARGIN, top - 7, typesetting.shorten(self.said.attribute, room, size), size, colour=style.GREY)
        page.text(right, top - 7, self.number_head, size, colour=style.GREY, align="right")
        for edge in self.edges:
            page.mark((MARGIN, right), (top + edge - 2, top + edge - 2), color=style.LIGHT, linewidth=0.6)
        for edge, middle, name, count, told in zip(
            self.edges, self.middles, self.names, self.counts, self.numbers, strict=True
        ):
            first = top + edge + _ROW / 2 - self.line / 2 + 1
            first += page.lines(MARGIN, first, name, size)
            page.lines(MARGIN, first, [count], size, colour=style.GREY)
            page.text(right, top + float(middle) + 0.36 * size, told, size, align="right")

    def _draw_marks(self, top: float) -> None:
        limits = self.limits()
        self.axes = self.page.axes(self.left, top, self.right - self.left, self.height, limits, self.size)
        if limits[0] < 0 < limits[1]:
            self.axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
        for rows, how, line in ((self.new, _NEW_BAND, 8.0), (self.typical, _BAND, 5.0)):
            bars = style.segments(rows["lower"], self.middles, rows["upper"], self.middles)
            self.axes.plot(*bars, linewidth=line, zorder=2, **how)
        self.axes.plot(self.typical["mean"], self.middles, zorder=4, **_DIAMOND)
        self.axes.plot(*style.segments(self.own["lower"], self.rows, self.own["upper"], self.rows), zorder=3, **_THIN)
        self.axes.scatter(self.own["mean"], self.rows, s=self.areas(), zorder=5, **_DOT)

    def draw_typical(self, x: list[float], y: float) -> None:
        """Draw a diamond."""
        self.page.mark([sum(x) / 2], [y], **_DIAMOND)
