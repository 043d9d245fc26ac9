"""Items that mean something else somewhere: the deviations of organizations' loadings, those that matter by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.estimands.loading_differences import (
    LOADING,
    check_items_can_be_named,
    check_probability,
    loading_differences,
)
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import counted, interval_name

__all__ = ["plot_loading_differences"]

_PITCH, _HEADING = 13.0, 16.0
_HALF_A_CAPITAL = 0.36  # from a baseline to the middle of its letters, in sizes
_MOST_NAMED = 4  # organizations beside an item
_MOST_SAID = 8  # and in the description
_LEAST_AXES = 64.0
_DOT: dict[str, Any] = {"linestyle": "none", "marker": "o", "markeredgewidth": 0.0}


def plot_loading_differences(
    fit: Fit,
    *,
    at_least: float = 0.1,
    probability: float = 0.95,
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw how far each organization's loadings are from the population's, item by item within each factor.

    One dot per organization; organizations that differ by more than ``at_least`` (grey band) with a probability above
    ``probability`` have a colour, a name and an interval.

    Parameters
    ----------
    fit : Fit
        With partially pooled loadings.
    at_least : float
        The smallest difference that matters, a share of the factor's average loading.
    probability : float
        How sure one must be of such a difference to name an organization.
    ci_prob : float
        Probability of the equal-tailed intervals.
    width : float
        Inches, from 3.8 to 12; the height follows from the number of items and of organizations named.

    Returns
    -------
    Picture
        Its ``data`` has one row per dot: factor, item, organization, mean, lower, upper, differs (probability),
        is_named, and differs_somewhere (probability, of the item).

    Raises
    ------
    FitError
        As ``loading_differences``; or if a setting is none that can be drawn.

    Examples
    --------
    >>> plot_loading_differences(fit).save("loadings.svg")  # doctest: +SKIP
    """
    points = style.check_width(width)
    for name, value in (("probability", probability), ("ci_prob", ci_prob)):
        check_probability(name, value)
    data = _table(fit, at_least, probability, ci_prob)
    check_items_can_be_named(fit)
    words = _Words(fit, data, at_least, probability, ci_prob)
    with style.themed():
        page = _Differences(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _table(fit: Fit, at_least: float, probability: float, ci_prob: float) -> pd.DataFrame:
    found = loading_differences(fit, at_least)
    draws = found["deviation"].transpose(CHAIN, DRAW, LOADING, ORGANIZATION).values
    tail = (1 - ci_prob) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=(0, 1))
    differs = found["differs"].values.T
    n_items, n_organizations = differs.shape
    return pd.DataFrame(
        {
            "factor": np.repeat(found["factor"].values, n_organizations),
            "item": np.repeat(found["item"].values, n_organizations),
            ORGANIZATION: list(fit.organizations) * n_items,
            "mean": draws.mean(axis=(0, 1)).ravel(),
            "lower": lower.ravel(),
            "upper": upper.ravel(),
            "differs": differs.ravel(),
            "is_named": differs.ravel() > probability,
            "differs_somewhere": np.repeat(found["differs_somewhere"].values, n_organizations),
        }
    )


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    at_least: float
    probability: float
    ci_prob: float

    title = "Do items mean the same in every organization?"
    axis_label = "own loading less the population's, as a share of the factor's average loading"

    @cached_property
    def named(self) -> pd.DataFrame:
        return self.data[self.data["is_named"]]

    def said(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader must know first, each with its colour."""
        sure = f"with a probability above {100 * self.probability:g}\u00a0%"
        beyond = f"differs by more than {self.at_least:g} (grey band) {sure}"
        if self.named.empty:
            notes = [(f"No organization {beyond}", style.GREY)]
        else:
            said = f"Named: where a loading {beyond}; mean and {interval_name(self.ci_prob)}"
            notes = [(said, style.VERMILLION)]
        return [*notes, *style.notes_on(self.fit)]

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        items = len(self.data) // len(self.fit.organizations)
        about = f"Loadings of {counted(items, 'item')} in {counted(len(self.fit.organizations), 'organization')}."
        largest = self.named.sort_values("mean", key=abs, ascending=False, kind="stable")
        said = [
            f"{self.said(row['item'])} in {typesetting.clean(row[ORGANIZATION])} {typesetting.interval(row, 2)}"
            for _, row in largest.iloc[:_MOST_SAID].iterrows()
        ]
        more = [f"and {len(largest) - _MOST_SAID} more"] if len(largest) > _MOST_SAID else []
        found = [f"{'; '.join([*said, *more])}."] if said else []
        notes = [f"{note}." for note, _ in self.notes]
        return " ".join([about, notes[0], *found, *notes[1:]])


def _more(count: int) -> str:
    """How many organizations are not named beside their item."""
    return f"and {count - _MOST_NAMED} more"


@dataclass(frozen=True)
class _Row:
    """An item's row: its dots, the lines of its name, where it is, and whether a factor's name stands above."""

    rest: pd.DataFrame
    named: pd.DataFrame
    name: list[str]
    factor: str
    middle: float
    heading: float | None

    @property
    def beside(self) -> pd.DataFrame:
        """Those named beside the item, by how far they are from the others."""
        return self.named.iloc[:_MOST_NAMED]


class _Differences:
    """Places rows of items on a page, and draws them."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self._set_columns()
        self._set_rows()

    def _widest(self, *texts: str) -> float:
        return max((typesetting.text_width(text, self.size) for text in texts), default=0.0)

    def _set_columns(self) -> None:
        """Item names, axes, organizations that are named, and their intervals at the right margin."""
        words, size = self.words, self.size
        room = self.width - 2 * MARGIN
        items = [words.said(name) for name in words.data["item"].unique()]
        organizations = [typesetting.clean(name) for name in words.named[ORGANIZATION].unique()]
        numbers = self._widest(*(typesetting.interval(row, 2) for _, row in words.named.iterrows()))
        crowds = words.named.groupby(["factor", "item"]).size()
        uncounted = [_more(int(count)) for count in crowds if count > _MOST_NAMED]
        self.organization_width = max(min(self._widest(*organizations), 0.2 * room), self._widest(*uncounted))
        right = numbers + self.organization_width + 2.6 * size if organizations else size
        self.name_width = min(self._widest(*items), 0.34 * room, max(room - right - size - _LEAST_AXES, 5 * size))
        self.left = MARGIN + self.name_width + size
        self.right = self.width - MARGIN - right
        self.organization_left = self.right + size

    def _set_rows(self) -> None:
        self.rows: list[_Row] = []
        self.groups: list[list[float]] = []  # upper and lower edge of the rows of each factor
        y, before = 0.0, None
        for (factor, item), dots in self.words.data.groupby(["factor", "item"], sort=False):
            name = typesetting.wrap(self.words.said(str(item)), self.name_width, self.size, 3)
            is_named = dots["is_named"].to_numpy()
            named = dots[is_named].sort_values("mean", key=abs, ascending=False, kind="stable")
            lines = max(len(name), min(len(named), _MOST_NAMED) + (len(named) > _MOST_NAMED))
            height = max(_PITCH, lines * self.line + 7 if lines > 1 else 0.0)  # apart from the names of other rows
            heading = None
            if factor != before:
                heading = y
                y += _HEADING
                self.groups.append([y, y])
            self.rows.append(_Row(dots[~is_named], named, name, str(factor), y + height / 2, heading))
            y, before = y + height, factor
            self.groups[-1][1] = y
        self.height = y + 3

    def draw(self) -> style.Page:
        room, size = self.width - 2 * MARGIN, self.size
        heading = typesetting.wrap(self.words.title, room, style.TITLE_SIZE, weight="bold")
        notes = [(line, colour) for note, colour in self.words.notes for line in typesetting.wrap(note, room, size, 3)]
        label = typesetting.wrap(self.words.axis_label, room, size)
        self.top = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(notes) * self.line + 5
        label_top = self.top + self.height + self.line + 7
        self.page = style.Page(self.width, label_top + len(label) * self.line + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for line, colour in notes:
            y += self.page.lines(MARGIN, y, [line], size, colour=colour)
        self._draw_texts()
        self._draw_marks()
        half = self._widest(*label) / 2
        middle = np.clip((self.left + self.right) / 2, MARGIN + half, self.width - MARGIN - half)
        self.page.lines(float(middle), label_top, label, size, align="center")
        return self.page

    def _draw_texts(self) -> None:
        page, size = self.page, self.size
        for row in self.rows:
            if row.heading is not None:
                factor = typesetting.shorten(
                    self.words.said(row.factor), 0.95 * (self.width - 2 * MARGIN), size, weight="bold"
                )
                page.text(MARGIN, self.top + row.heading + 0.72 * _HEADING, factor, size, weight="bold")
            page.lines(MARGIN, self.top + row.middle - len(row.name) * self.line / 2, row.name, size)
            places = self._places(row)
            for y, (_, dot) in zip(places, row.beside.iterrows(), strict=False):
                base = self.top + y + _HALF_A_CAPITAL * size
                name = typesetting.shorten(typesetting.clean(dot[ORGANIZATION]), self.organization_width, size)
                page.text(self.organization_left, base, name, size, colour=style.VERMILLION)
                page.text(self.width - MARGIN, base, typesetting.interval(dot, 2), size, align="right")
            if len(row.named) > len(row.beside):
                base = self.top + places[-1] + _HALF_A_CAPITAL * size
                page.text(self.organization_left, base, _more(len(row.named)), size, colour=style.VERMILLION)

    def _places(self, row: _Row) -> style.Floats:
        """Heights of the lines beside an item; the last one is that of those without a name, if there are any."""
        count = len(row.beside) + (len(row.named) > len(row.beside))
        return row.middle + (np.arange(count) - (count - 1) / 2) * self.line

    def _limits(self) -> tuple[float, float]:
        data, named, band = self.words.data, self.words.named, self.words.at_least
        low = min(-1.2 * band, data["mean"].min(), named["lower"].min() if len(named) else 0.0)
        high = max(1.2 * band, data["mean"].max(), named["upper"].max() if len(named) else 0.0)
        pad = 0.03 * (high - low)
        return float(low - pad), float(high + pad)

    def _draw_marks(self) -> None:
        axes = self.page.axes(self.left, self.top, self.right - self.left, self.height, self._limits(), self.size)
        low, high = axes.get_xlim()
        band = self.words.at_least
        upper, lower = np.array(self.groups).T
        axes.barh((upper + lower) / 2, 2 * band, lower - upper, left=-band, color=style.FAINT, zorder=0)
        nothing = np.zeros(len(upper))
        axes.plot(*style.segments(nothing, upper, nothing, lower), color=style.GREY, linewidth=0.8, zorder=2)
        middles = np.array([row.middle for row in self.rows])
        guides = style.segments(np.full(len(middles), low), middles, np.full(len(middles), high), middles)
        axes.plot(*guides, color=style.LIGHT, linewidth=0.4, zorder=1)
        x = np.concatenate([row.rest["mean"] for row in self.rows])
        y = np.concatenate([np.full(len(row.rest), row.middle) for row in self.rows])
        axes.plot(x, y, markersize=3.4, color=style.BLUE, alpha=0.45, zorder=3, **_DOT)
        if self.words.named.empty:
            return
        named = pd.concat([row.named for row in self.rows])
        heights = np.concatenate([self._heights(row) for row in self.rows])
        bar = style.segments(named["lower"], heights, named["upper"], heights)
        axes.plot(*bar, color=style.VERMILLION, linewidth=0.9, zorder=4)
        axes.plot(named["mean"], heights, markersize=4.2, color=style.VERMILLION, zorder=5, **_DOT)

    def _heights(self, row: _Row) -> style.Floats:
        """Height of every coloured dot: beside its name, or on the line that counts those without."""
        places = self._places(row)
        return np.array([places[min(i, len(places) - 1)] for i in range(len(row.named))])
