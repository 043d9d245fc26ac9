"""R-squared parted among predictors or groups of them, with the uncertainty of each part."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bayescx._names import OUTCOME
from bayescx.errors import FitError
from bayescx.estimands import r_squared, summarize
from bayescx.estimands.equation import predictors_of
from bayescx.estimands.grouping import Groups, group_members
from bayescx.estimands.population import Target
from bayescx.estimands.shares import GROUP, METHODS, ShareMethod, explained_shares
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import interval_name, target_words

__all__ = ["plot_shares"]

_TARGETS = ("average", "typical", "new")
_ROW, _BAR = 17.0, 9.0
_COLUMNS = ["what", GROUP, "predictors", "mean", "sd", "lower", "upper"]


def plot_shares(
    fit: Fit,
    outcome: str,
    method: ShareMethod = "lmg",
    groups: Groups | None = None,
    *,
    target: Target = "average",
    relative: bool = False,
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw how much of an outcome's R-squared each predictor, or group of them, accounts for; the largest part first.

    Pratt's parts may be negative: they are drawn to the left of 0 in another colour, and the picture says what that
    means.

    Parameters
    ----------
    fit : Fit
    outcome : str
    method : {"lmg", "pratt"}
    groups : mapping of str to iterable of str, optional
        As in ``explained_shares``; by default each predictor stands by itself.
    target : {"average", "typical", "new"}
        Whom the answer is about: the mean over the N planned, the population centre, one more organization.
    relative : bool
        As shares of R-squared instead of parts of it.
    ci_prob : float
        Probability of the equal-tailed intervals.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per part and one for their sum, R-squared: what ("part" or "r_squared"), group,
        predictors, mean, sd, lower, upper.

    Raises
    ------
    FitError
        As ``explained_shares``; or if the target is no population.

    Examples
    --------
    >>> picture = plot_shares(fit, "loyalty")
    >>> picture.data["group"].tolist()
    ['trust', 'satisfaction', '']
    """
    points = style.check_width(width)
    if target not in _TARGETS:
        raise FitError(
            f"a picture of shares speaks of a population, found target {target!r}; use {', '.join(_TARGETS)}"
        )
    members = group_members(outcome, predictors_of(fit, outcome), groups)
    data = _table(fit, outcome, method, members, target, relative, ci_prob)
    words = _Words(fit, data, members, outcome, method, target, relative, ci_prob)
    with style.themed():
        page = _Shares(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _table(
    fit: Fit,
    outcome: str,
    method: ShareMethod,
    members: dict[str, list[str]],
    target: Target,
    relative: bool,
    ci_prob: float,
) -> pd.DataFrame:
    draws = explained_shares(fit, outcome, method, members, target, relative=relative)
    parts = summarize(draws, ci_prob, kind="stats").assign(what="part", predictors=draws["predictors"].values)
    parts = parts.sort_values("mean", ascending=False, kind="stable")
    whole = summarize(r_squared(fit, target).sel({OUTCOME: [outcome]}), ci_prob, kind="stats")
    whole = whole.assign(what="r_squared", predictors="", **{GROUP: ""})
    table = pd.concat([parts, whole], ignore_index=True)
    lower, upper = (column for column in table if str(column).startswith("eti"))
    return table.rename(columns={lower: "lower", upper: "upper"})[_COLUMNS]


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    members: dict[str, list[str]]
    outcome: str
    method: str
    target: str
    relative: bool
    ci_prob: float

    def said(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @cached_property
    def parts(self) -> pd.DataFrame:
        return self.data[self.data["what"] == "part"]

    @cached_property
    def whole(self) -> pd.Series:
        return self.data.iloc[-1]

    def name(self, group: str) -> str:
        """A single predictor in words; a group as it was named."""
        return self.said(group) if self.members[group] == [group] else typesetting.clean(group)

    def inside(self, group: str) -> str:
        """The predictors of a group, in words; nothing for a predictor by itself."""
        names = self.members[group]
        return "" if names == [group] else ", ".join(self.said(name) for name in names)

    @property
    def title(self) -> str:
        return f"What explains {self.said(self.outcome)}?"

    @property
    def axis_label(self) -> str:
        return "share of R-squared" if self.relative else "part of R-squared"

    @property
    def method_words(self) -> str:
        if self.method == "pratt":
            return f"{METHODS['pratt']}: standardized path × correlation with the outcome"
        return f"{METHODS['lmg']}: what each adds to R-squared, averaged over all orders of entry"

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader must know first, each with its colour."""
        whom = f"{target_words(self.fit, self.target)}, mean and {interval_name(self.ci_prob)}"
        notes = [(whom, style.GREY), (self.method_words, style.GREY)]
        if self.relative:
            notes.append((f"R-squared: {typesetting.interval(self.whole, 2)}", style.GREY))
        if self.method == "pratt" and (self.parts["lower"] < 0).any():
            said = (
                "Below 0, path and correlation have opposite signs (suppression): such a value is no share of anything"
            )
            notes.append((said, style.VERMILLION if (self.parts["mean"] < 0).any() else style.GREY))
        return [*notes, *style.notes_on(self.fit)]

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        found = [f"{self.name(row[GROUP])} {typesetting.interval(row, 2)}" for _, row in self.parts.iterrows()]
        whole = [] if self.relative else [f"Together, R-squared {typesetting.interval(self.whole, 2)}."]
        label = f"{self.axis_label[:1].upper()}{self.axis_label[1:]} of {self.said(self.outcome)}"
        whom, *notes = (note for note, _ in self.notes)
        return " ".join([f"{label}, {whom}: {'; '.join(found)}.", *whole, *(f"{note}." for note in notes)])


class _Shares:
    """Places rows of parts on a page, and draws them."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.rows = words.parts if words.relative else words.data
        self.numbers = [typesetting.interval(row, 2) for _, row in self.rows.iterrows()]
        names = [words.name(group) for group in words.parts[GROUP]]
        inside = [words.inside(group) for group in words.parts[GROUP]]
        if not words.relative:
            names.append("together (R-squared)")
            inside.append("")
        room = width - 2 * MARGIN
        self.number_width = max(typesetting.text_width(text, self.size) for text in self.numbers)
        needed = max(typesetting.text_width(text, self.size) for text in (*names, *inside))
        self.name_width = min(needed, 0.38 * room, room - self.number_width - 2 * self.size - 60)
        self.names = [typesetting.wrap(name, self.name_width, self.size) for name in names]
        self.inside = [typesetting.wrap(one, self.name_width, self.size, 3) if one else [] for one in inside]
        lines = np.array([len(name) + len(one) for name, one in zip(self.names, self.inside, strict=True)])
        heights = np.maximum(_ROW, lines * self.line + 5)
        edges = np.cumsum(heights)
        self.places = edges - heights / 2
        self.rule = None if words.relative else float(edges[-2]) + 3
        if self.rule is not None:
            self.places[-1] += 6
        self.height = float(edges[-1]) + (0 if self.rule is None else 6)

    def draw(self) -> style.Page:
        words, room, size = self.words, self.width - 2 * MARGIN, self.size
        heading = typesetting.wrap(words.title, room, style.TITLE_SIZE, weight="bold")
        notes = [(line, colour) for note, colour in words.notes for line in typesetting.wrap(note, room, size)]
        top = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(notes) * self.line + 8
        label_top = top + self.height + self.line + 7
        self.page = style.Page(self.width, label_top + self.line + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for line, colour in notes:
            y += self.page.lines(MARGIN, y, [line], size, colour=colour)
        left, right = MARGIN + self.name_width + size, self.width - MARGIN - self.number_width - size
        self._draw_texts(top)
        if self.rule is not None:
            self.page.mark((MARGIN, self.width - MARGIN), (top + self.rule,) * 2, color=style.LIGHT, linewidth=0.6)
        self._draw_marks(self.page.axes(left, top, right - left, self.height, self._limits(), size))
        half = typesetting.text_width(words.axis_label, size) / 2
        middle = float(np.clip((left + right) / 2, MARGIN + half, self.width - MARGIN - half))
        self.page.lines(middle, label_top, [words.axis_label], size, align="center")
        return self.page

    def _limits(self) -> tuple[float, float]:
        """Nothing is always in sight: a part is read by its distance from there."""
        low, high = min(0.0, float(self.rows["lower"].min())), max(0.0, float(self.rows["upper"].max()))
        pad = 0.04 * (high - low) or 0.1
        return low - pad, high + pad

    def _draw_texts(self, top: float) -> None:
        for place, name, inside, text in zip(self.places, self.names, self.inside, self.numbers, strict=True):
            y = top + place - (len(name) + len(inside)) * self.line / 2
            y += self.page.lines(MARGIN, y, name, self.size)
            self.page.lines(MARGIN, y, inside, self.size, colour=style.GREY)
            self.page.text(self.width - MARGIN, top + place + 0.36 * self.size, text, self.size, align="right")

    def _draw_marks(self, axes: style.Axes) -> None:
        axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
        parts, places = self.words.parts, self.places[: len(self.words.parts)]
        negative = parts["mean"].to_numpy() < 0
        for some, colour in ((~negative, style.BLUE), (negative, style.VERMILLION)):
            if some.any():
                rows, y = parts[some], places[some]
                axes.barh(y, rows["mean"], height=_BAR, color=colour, alpha=0.22, linewidth=0, zorder=2)
                bar = style.segments(rows["lower"], y, rows["upper"], y)
                axes.plot(*bar, color=colour, linewidth=1.1, zorder=3)
                axes.plot(rows["mean"], y, linestyle="none", marker="o", markersize=3.8, color=colour, zorder=4)
        if self.rule is not None:
            whole, y = self.words.whole, self.places[-1:]
            bar = style.segments([whole["lower"]], y, [whole["upper"]], y)
            axes.plot(*bar, color=style.INK, linewidth=1.1, zorder=3)
            axes.plot([whole["mean"]], y, linestyle="none", marker="D", markersize=4.6, color=style.INK, zorder=4)
