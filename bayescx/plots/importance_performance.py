"""Importance-performance map: what matters most for an outcome against how high it stands, to see where to begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.importance import importance_performance
from bayescx.estimands.levels import Answers
from bayescx.estimands.population import Target
from bayescx.estimands.ranks import DRIVER
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.importance_data import FIRST, KEEP, LOW, OVERKILL, importance_table
from bayescx.plots.labels import COVERED, Placed, place_labels
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import counted, enumeration, interval_name, target_words

__all__ = ["plot_importance_performance"]

_MOST_SAID = 6  # drivers of a quadrant that a description tells in figures
_RADIUS = 2.9
_LOWEST, _HIGHEST, _EACH, _TALLER = 150.0, 300.0, 16.0, 1.15
_TIDY, _TALL = 30.0, 340.0  # labels that stand no worse will do; beyond this height all that do not overlap
_TRIES = 20
_NOTES = {"Reversed items: ": "reversed", "": "mixed_units", "Not placed: ": "not_placed", "Left out: ": "left_out"}


def plot_importance_performance(
    fit: Fit,
    outcome: str,
    *,
    target: Target = "average",
    organization: str | None = None,
    drivers: Iterable[str] | None = None,
    answers: Answers | None = None,
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw what drives an outcome by its importance (to the right) and its performance (upwards).

    Importance is the total effect on the outcome, performance the present mean level. Lines at the averages of the
    drivers part the map: important drivers that stand low, at the lower right, are where to work first.

    Parameters
    ----------
    fit : Fit
    outcome : str
    target : {"average", "organization"}
        See ``importance_performance``; "organization" needs ``organization``.
    organization : str, optional
        Draw the map of one organization.
    drivers : iterable of str, optional
        By default all constructs that have items and a route to the outcome.
    answers : (float, float), optional
        Lowest and highest answer of the questionnaire, such as (1, 7): performance then runs from 0 to 100.
    ci_prob : float
        Probability of intervals: equal-tailed of importance, normal of performance.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per driver: target, organization (empty for the average), driver, mean, sd, lower,
        upper (of importance), performance, performance_se, performance_lower, performance_upper, and quadrant: "work
        here first", "keep up", "low priority" or "possible overkill"; empty for the only driver, and for those whose
        level cannot be compared, which are drawn grey.

    Raises
    ------
    FitError
        If the organization is unknown or shared no means, or as ``importance_performance`` does.

    Examples
    --------
    >>> picture = plot_importance_performance(fit, "loyalty")
    >>> picture.data["quadrant"].tolist()
    ['keep up', 'low priority']
    """
    points = style.check_width(width)
    whose = _target(fit, target, organization)
    found = importance_performance(fit, outcome, whose, drivers, answers)
    if organization is not None:
        found = _of(found, organization)
    data = importance_table(found, ci_prob, organization or "")
    words = _Words(fit, data, found, outcome, organization, ci_prob)
    with style.themed():
        page = _Map(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _target(fit: Fit, target: Target, organization: str | None) -> Target:
    if organization is None:
        if target == "organization":
            raise FitError("a map shows one organization: name it, organization=..., or use target='average'")
        return target
    if organization not in fit.organizations:
        hint = did_you_mean(str(organization), fit.organizations) or "."
        there = ", ".join(fit.organizations)
        raise FitError(f"there is no organization {organization!r}{hint} Organizations: {there}")
    return "organization"


def _of(found: xr.Dataset, organization: str) -> xr.Dataset:
    """One organization's drivers, as far as it shared their means."""
    own = found.sel({ORGANIZATION: organization})
    own = own.isel({DRIVER: np.flatnonzero(np.isfinite(own["performance"].values))})
    if not own.sizes[DRIVER]:
        raise FitError(f"{organization!r} shared no means of drivers. Left out: {found.attrs['left_out']}")
    return own


@dataclass(frozen=True)
class _Words:
    """What a map says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    found: xr.Dataset
    outcome: str
    organization: str | None
    ci_prob: float

    @cached_property
    def names(self) -> list[str]:
        apart = ~self.placed if self.placed.any() else self.placed
        return [
            self.said(name) + (" (not placed)" if is_apart else "")
            for name, is_apart in zip(self.data[DRIVER], apart, strict=True)
        ]

    def said(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @cached_property
    def placed(self) -> pd.Series:
        """Which drivers have a quarter."""
        return self.data["quadrant"] != ""

    @property
    def title(self) -> str:
        return f"Importance and performance of what drives {self.said(self.outcome)}"

    @property
    def whom(self) -> str:
        if self.organization is not None:
            return typesetting.clean(self.organization)
        importance, counts = target_words(self.fit, "average"), sorted(set(self.found["organizations"].values.tolist()))
        if counts == [self.fit.n_planned]:
            return importance
        shared = counted(counts[0], "organization") if len(counts) == 1 else "organizations"
        verb = "shared" if len(counts) > 1 or counts[0] > 1 else "alone shared"
        what = "means of all these drivers" if len(counts) == 1 < len(self.data) else "means"
        return f"importance: {importance}; performance: {shared} that {verb} {what}"

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader must know first, each with its colour."""
        notes = [(self.whom, style.GREY), *style.notes_on(self.fit)]
        lowering = [name for name, upper in zip(self.names, self.data["upper"], strict=True) if upper < 0]
        if lowering:
            said = f"More of it lowers {self.said(self.outcome)}: {enumeration(lowering)}"
            notes.append((said, style.GREY))
        for start, key in _NOTES.items():
            if told := str(self.found.attrs[key]):
                text = typesetting.clean(start + told)
                notes.append((text[0].upper() + text[1:], style.GREY))
        return notes

    @property
    def unit(self) -> str:
        return str(self.found["performance"].attrs["units"])

    @property
    def upright(self) -> str:
        return f"performance: present mean level ({self.unit})"

    @property
    def level(self) -> str:
        return f"importance: total effect on {self.said(self.outcome)} (SD\u00a0per\u00a0SD)"

    @property
    def legend(self) -> str:
        which = "these drivers" if self.placed.all() else "the drivers that are placed"
        lines = f"; lines: averages of {which}" if self.placed.any() else ""
        return f"bars: {interval_name(self.ci_prob)}s{lines}"

    def figures(self, row: pd.Series) -> str:
        places = typesetting.decimals_for((self.data["performance_upper"] - self.data["performance_lower"]).tolist())
        return f"{typesetting.interval(row, 2)} at {typesetting.number(row['performance'], places)}"

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        about = f"Importance (SD per SD) with {interval_name(self.ci_prob)}, at performance ({self.unit})."
        said = []
        for quadrant in (FIRST, KEEP, LOW, OVERKILL, ""):
            rows = self.data[self.data["quadrant"] == quadrant].sort_values("mean", ascending=False, kind="stable")
            listed = [f"{self.said(row[DRIVER])} {self.figures(row)}" for _, row in rows.iterrows()]
            more = [f"and {counted(len(listed) - _MOST_SAID, 'more driver')}"] if len(listed) > _MOST_SAID else []
            if listed:
                start = f"{quadrant.capitalize()}: " if quadrant else ""
                said.append(f"{start}{'; '.join([*listed[:_MOST_SAID], *more])}.")
        return " ".join([about, *said, *(f"{note}." for note, _ in self.notes)])


def _limits(lower: pd.Series, upper: pd.Series, least: float) -> tuple[float, float]:
    """Range of an axis with some air, of at least so much."""
    low, high = float(lower.min()), float(upper.max())
    pad = max(0.06 * (high - low), (least - (high - low)) / 2)
    return low - pad, high + pad


class _Map:
    """Places marks, labels and words on a page, and draws them."""

    def __init__(self, words: _Words, width: float) -> None:
        data = words.data
        self.words, self.width, self.data = words, width, data
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.x_limits = _limits(data["lower"], data["upper"], 0.02)
        spread = max(float(data["performance"].max() - data["performance"].min()), 1e-6 * data["performance"].max())
        self.y_limits = _limits(data["performance_lower"], data["performance_upper"], 0.2 * spread or 0.1)
        self.strip = 1.7 * self.line  # above and below the marks, for the words of quadrants
        self._set_axes(_LOWEST)
        room = np.clip(0.34 * self.wide, 14 * self.size, 0.46 * self.wide)
        self.labels = [typesetting.wrap(name, float(room), self.size, 3) for name in words.names]
        self.sizes = [(self._widest(lines), len(lines) * self.line) for lines in self.labels]
        self._place()

    def _widest(self, texts: Sequence[str]) -> float:
        return max(typesetting.text_width(text, self.size) for text in texts)

    def _set_axes(self, height: float) -> None:
        """Edges of the axes, whose marks are to have so much height."""
        self.inner = height
        low, high = self.y_limits
        self.y_ticks, self.y_names = style.ticks(low, high, height, self.size)
        self.left = MARGIN + self._widest(self.y_names) + 7
        edge = typesetting.text_width("0.00", self.size) / 2
        self.wide = self.width - MARGIN - edge - self.left
        self.height = height + 2 * self.strip

    def _place(self) -> None:
        """Find places for all labels, in a taller map if need be."""
        first = max(min(max(0.5 * self.wide, _LOWEST), _HIGHEST), _EACH * len(self.data))
        found: list[tuple[float, float, Placed]] = []
        for step in range(_TRIES):
            self._set_axes(first * _TALLER**step)
            room = (3.0, self.strip, self.wide, self.height - self.strip)
            placed = place_labels(list(zip(self.x, self.y, strict=True)), self.sizes, room, self._lines(), _RADIUS)
            found.append((placed.worst, self.inner, placed))
            if placed.worst < (_TIDY if self.inner < _TALL else COVERED):
                break
        _, height, self.placed = min(found, key=lambda one: one[:2])
        self._set_axes(height)

    @property
    def x(self) -> style.Floats:
        return self._across(self.data["mean"].to_numpy())

    @property
    def y(self) -> style.Floats:
        return self._down(self.data["performance"].to_numpy())

    def _across(self, values: style.Floats) -> style.Floats:
        low, high = self.x_limits
        return np.asarray((values - low) / (high - low) * self.wide)

    def _down(self, values: style.Floats) -> style.Floats:
        low, high = self.y_limits
        return np.asarray(self.strip + (high - values) / (high - low) * self.inner)

    def _lines(self) -> list[tuple[float, float, float, float]]:
        """Intervals and averages, which labels should not cover, as thin boxes."""
        columns = ("lower", "upper", "performance_lower", "performance_upper")
        left, right, bottom, top = (self.data[column].to_numpy() for column in columns)
        lines = list(zip(self._across(left), self.y, self._across(right), self.y, strict=True))
        lines += list(zip(self.x, self._down(top), self.x, self._down(bottom), strict=True))
        across, down = self.middle
        lines += [(at, 0.0, at, self.height) for at in (across, *self._across(np.zeros(1)))] + [
            (0.0, down, self.wide, down)
        ]
        return [(a - 0.5, b - 0.5, c + 0.5, d + 0.5) for a, b, c, d in lines]

    @property
    def middle(self) -> tuple[float, float]:
        """Where the averages of the drivers that are placed are on the map."""
        placed = self.words.placed.to_numpy()
        placed = placed if placed.any() else ~placed
        return float(self.x[placed].mean()), float(self.y[placed].mean())

    def draw(self) -> style.Page:
        words, size, room = self.words, self.size, self.width - 2 * MARGIN
        heading = typesetting.wrap(words.title, room, style.TITLE_SIZE, weight="bold")
        notes = [
            (line, colour) for note, colour in words.notes for line in typesetting.wrap(note, 0.97 * room, size, 3)
        ]
        upright, level = typesetting.wrap(words.upright, room, size), typesetting.wrap(words.level, room, size)
        legend = typesetting.wrap(words.legend, room, size)
        head = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(notes) * self.line + 6
        self.top = head + len(upright) * self.line + 5
        below = self.top + self.height + self.line + 7
        self.page = style.Page(self.width, below + (len(level) + len(legend)) * self.line + 2 + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for line, colour in notes:
            y += self.page.lines(MARGIN, y, [line], size, colour=colour)
        self.page.lines(MARGIN, head, upright, size)
        self._draw_axes()
        self._draw_quadrants()
        self._draw_marks()
        self._draw_labels()
        half = self._widest(level) / 2
        middle = float(np.clip(self.left + self.wide / 2, MARGIN + half, self.width - MARGIN - half))
        at = below + self.page.lines(middle, below, level, size, align="center") + 2
        self.page.lines(MARGIN, at, legend, size, colour=style.GREY)
        return self.page

    def _draw_axes(self) -> None:
        self.axes = self.page.axes(self.left, self.top, self.wide, self.height, self.x_limits, self.size)
        self.axes.spines["left"].set_visible(True)
        for place, name in zip(self._down(np.array(self.y_ticks)), self.y_names, strict=True):
            at = self.top + float(place)
            self.page.mark((self.left - 2.5, self.left), (at, at), color=style.GREY, linewidth=0.6)
            self.page.text(self.left - 4.5, at + 0.36 * self.size, name, self.size, align="right")
        if self.x_limits[0] < 0 < self.x_limits[1]:
            self.axes.plot([0, 0], [self.strip, self.height - self.strip], color=style.LIGHT, linewidth=0.6, zorder=1)

    def _draw_quadrants(self) -> None:
        """Lines at the averages, and what the quarters mean in the corners."""
        placed = self.words.placed
        if not placed.any():
            return
        x, down = float(self.data.loc[placed, "mean"].mean()), self.middle[1]
        how: dict[str, Any] = {"color": style.GREY, "linewidth": 0.6, "linestyle": (0, (4, 3)), "zorder": 1}
        self.axes.plot([x, x], [self.strip, self.height - self.strip], **how)
        self.axes.plot(self.x_limits, [down, down], **how)
        left, right = self.left + 4, self.left + self.wide
        top, bottom = self.top + 0.5 * self.line + 0.36 * self.size, self.top + self.height - 0.5 * self.line
        self.page.text(left, top, OVERKILL, self.size, colour=style.GREY)
        self.page.text(right, top, KEEP, self.size, colour=style.GREY, align="right")
        self.page.text(left, bottom, LOW, self.size, colour=style.GREY)
        self.page.text(right, bottom, FIRST, self.size, colour=style.VERMILLION, align="right")

    def _draw_marks(self) -> None:
        first, placed = self.data["quadrant"].eq(FIRST).to_numpy(), self.words.placed.to_numpy()
        apart = ~placed & placed.any()
        for some, colour in ((~first & ~apart, style.INK), (first, style.VERMILLION), (apart, style.GREY)):
            rows, y, x = self.data[some], self.y[some], self.data.loc[some, "mean"].to_numpy()
            bars = style.segments(rows["lower"].to_numpy(), y, rows["upper"].to_numpy(), y)
            upper, lower = (self._down(rows[f"performance_{end}"].to_numpy()) for end in ("upper", "lower"))
            for line in (bars, style.segments(x, upper, x, lower)):
                self.axes.plot(*line, color=colour, alpha=0.45, linewidth=0.7, zorder=2)
            inside = "white" if colour == style.GREY else colour
            self.axes.plot(x, y, "o", color=colour, mfc=inside, markersize=2 * _RADIUS - 1, zorder=4)

    def _draw_labels(self) -> None:
        placed = self.placed
        for i, lines in enumerate(self.labels):
            (left, top), (end_x, end_y), wide = placed.corners[i], placed.ends[i], self.sizes[i][0]
            x, y = float(self.x[i]), float(self.y[i])
            if placed.has_leader[i]:
                leader = [self.left + x, self.left + end_x], [self.top + y, self.top + end_y]
                self.page.mark(*leader, color=style.LIGHT, linewidth=0.5)
            if left + wide <= x:
                at, align = left + wide, "right"
            elif left >= x - 2.5:
                at, align = left, "left"
            else:
                at, align = left + wide / 2, "center"
            self.page.lines(self.left + float(at), self.top + float(top), lines, self.size, align=align)
