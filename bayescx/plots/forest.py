"""Forest plot: one effect in every organization, in the population, and in a new organization."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.forest_data import POPULATION, Kind, forest_table, named_effect
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN, Floats
from bayescx.plots.typesetting import LINE
from bayescx.wording import together_words

__all__ = ["plot_forest"]

_PITCH, _PITCH_ALONE, _PITCH_POPULATION = 14.0, 17.0, 16.0
_APART = 2.6  # half the distance of an organization's two marks
_HALF_A_CAPITAL = 0.36  # from a baseline to the middle of its letters, in sizes
_COMMA = re.compile(r"(?<=,) ")


def plot_forest(
    fit: Fit,
    effect: str,
    *,
    kind: Kind = "direct",
    standardized: bool = True,
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw one effect in every organization, for the typical one, on average and in a new organization.

    Each organization has its estimate together with the others (filled dot, thick bar 50 %, thin bar ``ci_prob``) and
    below it what its own data say alone (hollow); the light line between them is what partial pooling changed.
    Intervals far longer than is usual here end in an arrow; the numbers at the right are never cut.

    Parameters
    ----------
    fit : Fit
    effect : str
        ``"outcome~cause"``; for ``kind="route"`` a route as ``route_effects`` names it, ``"a -> b -> c"``.
    kind : {"direct", "total", "indirect", "route"}
    standardized : bool
        SD of the outcome per SD of the cause; else in the data's units.
    ci_prob : float
        Probability of the equal-tailed intervals.
    width : float
        Inches, from 3.8 to 12; the height follows from the number of organizations.

    Returns
    -------
    Picture
        Its ``data`` has one row per mark: target, organization (empty for the population), label, n_obs, mean, sd,
        lower, upper (``ci_prob``), lower50, upper50. Without pooling there is no target "alone": it would be the same.

    Raises
    ------
    FitError
        If the model has no such effect, or a setting is none that can be drawn.

    Examples
    --------
    >>> import bayescx as bcx
    >>> from bayescx.plots import plot_forest
    >>> model = bcx.parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> picture = plot_forest(bcx.fit(model, evidence, random_seed=1, progressbar=False), "loyalty~trust")
    >>> picture.title
    'Direct effect of trust on loyalty'
    """
    points = style.check_width(width)
    asked = named_effect(fit, effect, kind, standardized=standardized)
    data = forest_table(fit, asked, ci_prob)
    names = tuple(typesetting.clean(fit.model.in_words(name)) for name in asked.chain)
    words = _Words(fit, data, asked.chain, names, kind, standardized, f"{100 * ci_prob:g} %")
    with style.themed():
        page = _Forest(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


@dataclass(frozen=True)
class _Words:
    """What a forest says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    chain: tuple[str, ...]
    names: tuple[str, ...]
    kind: str
    standardized: bool
    percent: str

    @cached_property
    def decimals(self) -> int:
        rows = self.data[self.data["target"] != "alone"]
        return 2 if self.standardized else typesetting.decimals_for((rows["upper"] - rows["lower"]).tolist())

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader must know first, each with its colour."""
        notes = style.notes_on(self.fit)
        fixed = self.fit.model.fixed_path(self.chain[0], self.chain[-1]) if self.kind == "direct" else None
        return notes if fixed is None else [*notes, (f"Set by the model to {fixed:g} in the data's units", style.GREY)]

    @property
    def unit(self) -> str:
        return ("SD per SD" if self.standardized else "in the data's units").replace(" ", "\u00a0")

    @property
    def title(self) -> str:
        cause, *between, outcome = self.names
        if self.kind != "route":
            return f"{self.kind.capitalize()} effect of {cause} on {outcome}"
        through = f" through {', '.join(between)}" if between else ""
        return f"Effect along one route of {cause} on {outcome}{through}"

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        rows = self.data[self.data["target"] == "organization"].sort_values("mean", kind="stable")
        said = [f"{typesetting.clean(row['label'])} {self.interval(row)}" for _, row in rows.iterrows()]
        parts = said if len(said) == 1 else [f"{len(said)} organizations, from {said[0]} to {said[-1]}"]
        for _, row in self.data[self.data["target"].isin(POPULATION)].iterrows():
            parts.append(f"{row['label']} {self.interval(row)}")
        notes = [f"{note}." for note, _ in self.notes]
        return " ".join([f"Mean and {self.percent} interval, {self.unit}: {'; '.join(parts)}.", *notes])

    def interval(self, row: pd.Series) -> str:
        return typesetting.interval(row, self.decimals)

    def axis_label(self, room: float, size: float) -> list[str]:
        what = "effect along this route" if self.kind == "route" else f"{self.kind} effect"
        whole = f"{what} of {self.names[0]} on {self.names[-1]} ({self.unit})"
        lines = typesetting.wrap(whole, room, size)
        return lines if " ".join(lines) == whole else [f"{what} ({self.unit})"]  # the title has the names

    @property
    def together(self) -> str:
        """What the filled dots of organizations are."""
        return f"{together_words(self.fit)} (bars: 50 % and {self.percent})"


def _limits(data: pd.DataFrame) -> tuple[float, float]:
    """Range of the axis: all intervals, unless they leave the marks' quartiles by three times what is usual."""
    shown = data[data["target"] != "alone"]
    widths = shown["upper"] - shown["lower"]
    low, high = (float(edge) for edge in np.quantile(shown["mean"], [0.25, 0.75]))
    new = float(widths[shown["target"] == "new"].max()) if (shown["target"] == "new").any() else 0.0
    usual = max(float(widths.median()), high - low, new / 4)
    least, most = float(data["lower"].min()), float(data["upper"].max())
    if usual > 0:
        least, most = max(least, low - 3 * usual), min(most, high + 3 * usual)
    pad = 0.04 * (most - least) or max(0.1 * abs(most), 0.1)
    return least - pad, most + pad


class _Forest:
    """Places the rows and columns of a forest on a page, and draws them."""

    def __init__(self, words: _Words, width: float) -> None:
        data = words.data
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.limits = _limits(data)
        self.own = data[data["target"] == "organization"].reset_index(drop=True)
        self.alone = data[data["target"] == "alone"].reset_index(drop=True)
        self.population = data[data["target"].isin(POPULATION)].reset_index(drop=True)
        self.labels = [typesetting.clean(name) for name in self.own["label"]]
        self.counts = [f"{n:,}" if n else "–" for n in self.own["n_obs"]]
        self.numbers = [words.interval(row) for rows in (self.own, self.population) for _, row in rows.iterrows()]
        self.number_head = f"mean [{words.percent}]"
        self._set_columns()
        self._set_rows()

    def _widest(self, *texts: str) -> float:
        return max(typesetting.text_width(text, self.size) for text in texts)

    def _set_columns(self) -> None:
        """Right edge of names, right edge of n, and the edges of the axes; numbers end at the right margin."""
        size, count = self.size, self._widest(*self.counts, "n")
        numbers = self._widest(*self.numbers, self.number_head)
        parts = [part for label in self.population["label"] for part in _COMMA.split(label)]
        needed = max(self._widest(*self.labels, "organization"), self._widest("", *parts) - size - count)
        free = self.width - 2 * MARGIN - count - numbers - 3 * size
        self.name_width = min(needed, 0.3 * self.width - MARGIN, max(free - 0.2 * self.width, 5 * size))
        self.count_right = MARGIN + self.name_width + size + count
        self.axes_left, self.axes_right = self.count_right + size, self.width - MARGIN - numbers - size

    def _set_rows(self) -> None:
        """Middles of the rows, counted down from the upper edge of the axes."""
        pitch = _PITCH_ALONE if len(self.alone) else _PITCH
        self.rows = (np.arange(len(self.own)) + 0.5) * pitch
        edge = len(self.own) * pitch
        self.rule = edge + 4
        room = self.count_right - MARGIN
        self.population_labels = [self._label_lines(label, room) for label in self.population["label"]]
        heights = np.array([max(_PITCH_POPULATION, len(lines) * self.line + 4) for lines in self.population_labels])
        self.population_rows = edge + 8 + np.cumsum(heights) - heights / 2
        self.plot_height = edge + 12 + float(heights.sum())

    def _label_lines(self, label: str, room: float) -> list[str]:
        """A label, broken at its comma if one line is too short."""
        parts = [label] if self._widest(label) <= room else _COMMA.split(label)
        return [line for part in parts for line in typesetting.wrap(part, room, self.size)]

    def draw(self) -> style.Page:
        room = self.width - 2 * MARGIN
        heading = typesetting.chain_lines(self.words.names, room, style.TITLE_SIZE, weight="bold")
        notes = self.words.notes
        label, legend = self.words.axis_label(room, self.size), self._legend(room)
        self.top = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(notes) * self.line + 22
        label_top = self.top + self.plot_height + self.line + 7
        legend_top = label_top + len(label) * self.line + 7
        self.page = style.Page(self.width, legend_top + len(legend) * 1.2 * self.line + MARGIN)
        self._draw_head(heading, notes)
        self._draw_texts()
        self._draw_marks()
        half = self._widest(*label) / 2
        middle = np.clip((self.axes_left + self.axes_right) / 2, MARGIN + half, self.width - MARGIN - half)
        self.page.lines(float(middle), label_top, label, self.size, align="center")
        self._draw_legend(legend, legend_top)
        return self.page

    def _draw_head(self, heading: list[str], notes: list[tuple[str, str]]) -> None:
        page, right, size = self.page, self.width - MARGIN, self.size
        y = MARGIN + page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for note, colour in notes:
            y += page.lines(MARGIN, y, [note], size, colour=colour)
        y = self.top - 7
        page.text(MARGIN, y, typesetting.shorten("organization", self.name_width, size), size, colour=style.GREY)
        page.text(self.count_right, y, "n", size, colour=style.GREY, align="right")
        page.text(right, y, self.number_head, size, colour=style.GREY, align="right")
        for height in (self.top - 2, self.top + self.rule):
            page.mark((MARGIN, right), (height, height), color=style.LIGHT, linewidth=0.6)

    def _draw_texts(self) -> None:
        page, size = self.page, self.size
        base = self.top + _HALF_A_CAPITAL * size
        for row, label, count in zip(self.rows, self.labels, self.counts, strict=True):
            page.text(MARGIN, base + row, typesetting.shorten(label, self.name_width, size), size)
            page.text(self.count_right, base + row, count, size, colour=style.GREY, align="right")
        for row, lines in zip(self.population_rows, self.population_labels, strict=True):
            page.lines(MARGIN, self.top + row - len(lines) * self.line / 2, lines, size)
        for row, text in zip((*self.rows, *self.population_rows), self.numbers, strict=True):
            page.text(self.width - MARGIN, base + row, text, size, align="right")

    def _draw_marks(self) -> None:
        place = (self.axes_left, self.top, self.axes_right - self.axes_left, self.plot_height)
        self.axes = self.page.axes(*place, self.limits, self.size)
        if self.limits[0] < 0 < self.limits[1]:
            self.axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
        for typical in self.population.loc[self.population["target"] == "typical", "mean"]:
            dashes = (0, (4, 3))
            self.axes.axvline(typical, color=style.VERMILLION, alpha=0.45, linewidth=0.7, linestyle=dashes, zorder=1)
        apart = _APART if len(self.alone) else 0.0
        upper, lower = self.rows - apart, self.rows + apart
        if len(self.alone):
            change = style.segments(self._inside(self.own["mean"]), upper, self._inside(self.alone["mean"]), lower)
            self.axes.plot(*change, color=style.LIGHT, linewidth=0.8, zorder=2)
            self._draw_bars(self.alone, lower, style.GREY, 0.6)
            self._draw_points(self.alone, lower, "o", 3.2, style.GREY, "white")
        self._draw_bars(self.own, upper, style.BLUE, 0.9, 2.2)
        self._draw_points(self.own, upper, "o", 4.4, style.BLUE, style.BLUE)
        self._draw_bars(self.population, self.population_rows, style.VERMILLION, 0.9, 2.2)
        is_new = self.population["target"].eq("new").to_numpy()
        for some, face in ((~is_new, style.VERMILLION), (is_new, "white")):
            self._draw_points(self.population[some], self.population_rows[some], "D", 5.0, style.VERMILLION, face)

    def _inside(self, values: ArrayLike) -> Floats:
        return np.clip(np.asarray(values, dtype=np.float64), *self.limits)

    def _draw_bars(self, rows: pd.DataFrame, y: Floats, colour: str, thin: float, thick: float = 0.0) -> None:
        bars = [("lower", "upper", thin)]
        if thick and (rows["lower"] <= rows["lower50"]).all():
            bars.append(("lower50", "upper50", thick))
        for lower, upper, line in bars:
            bar = style.segments(self._inside(rows[lower]), y, self._inside(rows[upper]), y)
            self.axes.plot(*bar, color=colour, linewidth=line, zorder=3)
        low, high = self.limits
        for beyond, edge, marker in ((rows["lower"] < low, low, "<"), (rows["upper"] > high, high, ">")):
            where = y[beyond.to_numpy()]
            if len(where):
                arrow: dict[str, Any] = {"marker": marker, "markersize": 3.2, "clip_on": False, "zorder": 5}
                self.axes.plot(np.full(len(where), edge), where, color=colour, linestyle="none", **arrow)

    def _draw_points(self, rows: pd.DataFrame, y: Floats, marker: str, size: float, edge: str, face: str) -> None:
        seen = rows["mean"].between(*self.limits).to_numpy()
        how: dict[str, Any] = {"marker": marker, "markersize": size, "linestyle": "none", "zorder": 6}
        self.axes.plot(rows["mean"].to_numpy()[seen], y[seen], mec=edge, mfc=face, mew=0.9, **how)

    def _legend(self, room: float) -> list[list[tuple[str, str, str, str, float]]]:
        """Entries (marker, edge, face, words, width) on as many lines as they need."""
        entries = [("o", style.BLUE, style.BLUE, self.words.together)] if len(self.own) else []
        if len(self.alone):
            entries.append(("o", style.GREY, "white", "alone"))
        if len(self.population):
            entries.append(("D", style.VERMILLION, style.VERMILLION, "population"))
        rows: list[list[tuple[str, str, str, str, float]]] = [[]]
        for marker, edge, face, words in entries:
            wide = self._widest(words) + 2.6 * self.size
            if rows[-1] and sum(entry[-1] for entry in rows[-1]) + wide > room:
                rows.append([])
            rows[-1].append((marker, edge, face, words, wide))
        return rows

    def _draw_legend(self, rows: Sequence[Sequence[tuple[str, str, str, str, float]]], top: float) -> None:
        size = self.size
        for i, entries in enumerate(rows):
            x, y = MARGIN, top + (i + 0.8) * 1.2 * self.line
            for marker, edge, face, words, wide in entries:
                how = {"marker": marker, "markersize": 4.4, "markeredgewidth": 0.9, "linestyle": "none"}
                middle = y - _HALF_A_CAPITAL * size
                self.page.mark([x + size / 2], [middle], markeredgecolor=edge, markerfacecolor=face, **how)
                self.page.text(x + 1.3 * size, y, words, size, colour=style.GREY)
                x += wide
