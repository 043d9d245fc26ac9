"""Who is higher: means of organizations, construct by construct, with intervals and whether they compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import xarray as xr

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.estimands.latent_means import COMPARABLE, CONSTRUCT, DIFFER, MOST_NOISE, latent_means, named_construct
from bayescx.estimands.mean_draws import INTERCEPT_SD
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.priors import Prior
from bayescx.wording import counted, enumeration

__all__ = ["plot_latent_means"]

_PITCH, _GUTTER = 11.5, 16.0
_THREE_COLUMNS = 5.5 * 72
_ROOM = 0.95  # pixels make letters a little wider than they are in print
_SURE = 0.95  # from this probability on organizations are taken to differ
_NOISE = "intercept_noise"
_MOST_SAID = 6  # constructs that a description tells in figures


def plot_latent_means(
    fit: Fit,
    construct: str | Iterable[str] | None = None,
    *,
    standardized: bool = True,
    ci_prob: float = 0.95,
    width: float = 6.5,
    draws: int = 1000,
    intercept_sd: Prior = INTERCEPT_SD,
    random_seed: int | None = None,
) -> Picture:
    """Draw the mean of each organization less the average of the organizations, from the highest to the lowest.

    A panel for each construct. Grey panels are not to be compared: differences in how items are answered could make up
    more than half of the SD between organizations.

    Parameters
    ----------
    fit : Fit
    construct : str or iterable of str, optional
        One construct, which then has figures besides, or some; by default all that have means.
    standardized : bool
        In SDs of the construct within organizations, one axis for all panels; else in each construct's own units.
    ci_prob : float
        Probability of the equal-tailed intervals (thin; thick 50 %).
    width : float
        Inches, from 3.8 to 12.
    draws, intercept_sd, random_seed
        As of ``latent_means``.

    Returns
    -------
    Picture
        Its ``data`` has one row per mark: construct, organization, n_obs, mean, sd, lower, upper (``ci_prob``),
        lower50, upper50, intercept_noise, comparable, differ.

    Raises
    ------
    FitError
        If fewer than two organizations shared means, a construct has none, or a setting cannot be drawn.

    Examples
    --------
    >>> picture = plot_latent_means(fit, "trust")
    >>> picture.title
    'How high organizations are on trust'
    """
    points = style.check_width(width)
    means = latent_means(
        fit, standardized=standardized, draws=draws, intercept_sd=intercept_sd, random_seed=random_seed
    )
    names = _names(fit, means, construct)
    data = _table(fit, means.sel({CONSTRUCT: names}), ci_prob)
    words = _Words(fit, data, tuple(names), standardized, f"{100 * ci_prob:g} %", str(means.attrs["left_out"]))
    with style.themed():
        page = _Means(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _names(fit: Fit, means: xr.DataArray, construct: str | Iterable[str] | None) -> list[str]:
    if construct is None:
        return [str(name) for name in means[CONSTRUCT].values]
    try:
        asked = [construct] if isinstance(construct, str) else list(construct)
    except TypeError:
        raise FitError(f"a construct is named by text such as 'trust', found {construct!r}") from None
    if not asked:
        raise FitError("name at least one construct, or none at all for a picture of each")
    return list(dict.fromkeys(named_construct(fit, means, name) for name in asked))


def _table(fit: Fit, means: xr.DataArray, ci_prob: float) -> pd.DataFrame:
    """One row per mark, the highest first."""
    outer, inner = (summarize(means, probability, kind="stats") for probability in (ci_prob, 0.5))
    lower, upper = (column for column in outer if str(column).startswith("eti"))
    n_obs = dict(zip(fit.organizations, fit.evidence.n_obs.tolist(), strict=True))
    table = pd.DataFrame(
        {
            CONSTRUCT: outer[CONSTRUCT].astype(str),
            ORGANIZATION: outer[ORGANIZATION].astype(str),
            "n_obs": outer[ORGANIZATION].map(n_obs).astype("int64"),
            "mean": outer["mean"],
            "sd": outer["sd"],
            "lower": outer[lower],
            "upper": outer[upper],
            "lower50": inner["eti50_lb"],
            "upper50": inner["eti50_ub"],
            _NOISE: outer[CONSTRUCT].map(means[_NOISE].to_series()),
            COMPARABLE: outer[CONSTRUCT].map(means[COMPARABLE].to_series()),
            DIFFER: outer[CONSTRUCT].map(means[DIFFER].to_series()),
        }
    ).dropna(subset=["mean"])
    place = table[CONSTRUCT].map({str(name): i for i, name in enumerate(means[CONSTRUCT].values)})
    table = table.assign(place=place).sort_values(["place", "mean"], ascending=[True, False], kind="stable")
    return table.drop(columns="place").reset_index(drop=True)


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    names: tuple[str, ...]
    standardized: bool
    percent: str
    left_out: str

    def said(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @cached_property
    def panels(self) -> list[pd.DataFrame]:
        return [self.data[self.data[CONSTRUCT] == name] for name in self.names]

    @property
    def title(self) -> str:
        if len(self.names) == 1:
            return f"How high organizations are on {self.said(self.names[0])}"
        return f"How high organizations are on {counted(len(self.names), 'construct')}"

    @property
    def unit(self) -> str:
        return "SD" if self.standardized else "in the data's units"

    @property
    def axis_label(self) -> str:
        bars = f"bars: 50 % and {self.percent})".replace(" ", "\u00a0")
        return f"mean less the average of the organizations ({self.unit}; {bars}"

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What a reader must know first, each with its colour."""
        notes = style.notes_on(self.fit)
        if self.one_variable_each:
            notes.append(("Each construct is one variable, taken to mean the same everywhere", style.GREY))
        if self.left_out:
            notes.append((f"Left out: {typesetting.clean(self.left_out)}", style.GREY))
        return notes

    @cached_property
    def one_variable_each(self) -> bool:
        return bool(self.data[_NOISE].isna().all())

    def remark(self, rows: pd.DataFrame) -> str:
        """Whether a panel may be read as a comparison, where there is something to say."""
        differ = float(rows[DIFFER].iloc[0])
        if differ <= 1 - _SURE:
            return "hardly any difference between organizations"
        may_not = f"a difference: probability {differ:.2f}" if differ < _SURE else ""
        return "; ".join(filter(None, [self._comparing(rows), may_not if _comparable(rows) else ""]))

    def _comparing(self, rows: pd.DataFrame) -> str:
        noise = float(rows[_NOISE].iloc[0])
        if np.isnan(noise):
            return "" if self.one_variable_each else "one variable: taken to mean the same everywhere"
        if noise <= MOST_NOISE:
            return ""
        much = f"{100 * noise:.0f} %" if noise < 1 else "all"
        return f"not comparable: intercepts could make up {much} of the SD between organizations"

    def decimals(self, rows: pd.DataFrame) -> int:
        return 2 if self.standardized else typesetting.decimals_for((rows["upper"] - rows["lower"]).tolist())

    def interval(self, row: pd.Series) -> str:
        rows = self.data[self.data[CONSTRUCT] == row[CONSTRUCT]]
        return typesetting.interval(row, self.decimals(rows))

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        said = []
        for name, rows in list(zip(self.names, self.panels, strict=True))[:_MOST_SAID]:
            ends = [rows.iloc[0], rows.iloc[-1]]
            high, low = (f"{typesetting.clean(str(row[ORGANIZATION]))} {self.interval(row)}" for row in ends)
            remark = self.remark(rows)
            said.append(f"{self.said(name)}: from {high} to {low}{f' ({remark})' if remark else ''}.")
        if more := len(self.names) - _MOST_SAID:
            said += [f"And {counted(more, 'more construct')}."] if more > 0 else []
        apart = [self.said(name) for name, rows in zip(self.names, self.panels, strict=True) if not _comparable(rows)]
        said += [f"Not comparable: {enumeration(apart)}."] if apart else []
        notes = [f"{note}." for note, _ in self.notes]
        about = f"Mean less the average of the organizations and {self.percent} interval, {self.unit}."
        return " ".join([about, *said, *notes])


def _comparable(rows: pd.DataFrame) -> bool:
    return bool(rows[COMPARABLE].iloc[0])


class _Means:
    """Places panels on a page, and draws them."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.alone = len(words.names) == 1
        most = 3 if width >= _THREE_COLUMNS else 2
        self.columns = min(most, len(words.names))
        self.wide = (width - 2 * MARGIN - (self.columns - 1) * _GUTTER) / self.columns
        self.remark_lines = [typesetting.wrap(words.remark(rows), self.wide, self.size, 3) for rows in words.panels]
        self.titles = [
            [] if self.alone else typesetting.wrap(words.said(name), self.wide, self.size, weight="bold")
            for name in words.names
        ]
        labels = {typesetting.clean(str(name)) for name in words.data[ORGANIZATION]}
        labels |= {"organization"} if self.alone else set()
        needed = max(typesetting.text_width(label, self.size) for label in labels)
        self.name_width = min(needed, (0.3 if self.alone else 0.4) * self.wide)

    def _limits(self, rows: pd.DataFrame) -> tuple[float, float]:
        """Range of an axis: of all panels where they have one unit."""
        shown = self.words.data if self.words.standardized else rows
        least, most = min(float(shown["lower"].min()), 0.0), max(float(shown["upper"].max()), 0.0)
        pad = 0.04 * (most - least) or 0.1
        return least - pad, most + pad

    def draw(self) -> style.Page:
        words, size, room = self.words, self.size, _ROOM * (self.width - 2 * MARGIN)
        heading = typesetting.wrap(words.title, room, style.TITLE_SIZE, weight="bold")
        notes = [(line, colour) for note, colour in words.notes for line in typesetting.wrap(note, room, size)]
        label = typesetting.wrap(words.axis_label, room, size)
        bands = [range(i, min(i + self.columns, len(words.names))) for i in range(0, len(words.names), self.columns)]
        heads = [max(self._head(i) for i in band) for band in bands]
        heights = [max(len(words.panels[i]) for i in band) * _PITCH for band in bands]
        top = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(notes) * self.line + 6
        below = self.line + 14  # an axis with its numbers
        total = top + sum(heads) + sum(heights) + len(bands) * below + len(label) * self.line + MARGIN
        self.page = style.Page(self.width, total)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for line, colour in notes:
            y += self.page.lines(MARGIN, y, [line], size, colour=colour)
        y = top
        for band, head, height in zip(bands, heads, heights, strict=True):
            for place, i in enumerate(band):
                self._draw_panel(i, MARGIN + place * (self.wide + _GUTTER), y, head)
            y += head + height + below
        self.page.lines(self.width / 2, y - 2, label, size, align="center")
        return self.page

    def _head(self, i: int) -> float:
        """Height of a panel's title and remark."""
        remark = len(self.remark_lines[i]) if self.words.remark(self.words.panels[i]) else 0
        return (len(self.titles[i]) + remark + (1 if self.alone else 0)) * self.line + 3

    def _draw_panel(self, i: int, x: float, y: float, head: float) -> None:
        page, size, rows = self.page, self.size, self.words.panels[i]
        comparable = _comparable(rows)
        ink = style.INK if comparable else style.GREY
        at = y + page.lines(x, y, self.titles[i], size, weight="bold", colour=ink)
        if self.words.remark(rows):
            page.lines(x, at, self.remark_lines[i], size, colour=style.GREY if comparable else style.VERMILLION)
        top = y + head
        middles = (np.arange(len(rows)) + 0.5) * _PITCH
        for middle, name in zip(middles, rows[ORGANIZATION], strict=True):
            shown = typesetting.shorten(typesetting.clean(str(name)), self.name_width, size)
            page.text(x, top + middle + 0.36 * size, shown, size, colour=ink)
        left, right = x + self.name_width + 0.7 * size, x + self.wide - typesetting.text_width("−0.00", size) / 2
        if self.alone:
            left, right = self._draw_figures(rows, top, middles, left)
        limits = self._limits(rows)
        axes = page.axes(left, top, right - left, len(rows) * _PITCH, limits, size)
        axes.axvline(0, color=style.GREY, linewidth=0.8, zorder=1)
        colour = style.BLUE if comparable else style.LIGHT
        for lower, upper, thick in (("lower", "upper", 0.9), ("lower50", "upper50", 2.2)):
            bars = style.segments(rows[lower].to_numpy(), middles, rows[upper].to_numpy(), middles)
            axes.plot(*bars, color=colour, linewidth=thick, zorder=3)
        axes.plot(
            rows["mean"].to_numpy(), middles, marker="o", markersize=4.2, linestyle="none", mec=colour,
            mfc=colour if comparable else "white", mew=0.9, zorder=4,
        )  # fmt: skip

    def _draw_figures(
        self, rows: pd.DataFrame, top: float, middles: Sequence[float] | style.Floats, left: float
    ) -> tuple[float, float]:
        """Respondents and means in figures at both sides of the only panel; return the edges of its axes."""
        page, size = self.page, self.size
        counts = [f"{n:,}" for n in rows["n_obs"]]
        figures = [self.words.interval(row) for _, row in rows.iterrows()]
        head = f"mean [{self.words.percent}]"
        count_right = left + max(typesetting.text_width(text, size) for text in [*counts, "n"])
        right = self.width - MARGIN - max(typesetting.text_width(text, size) for text in [*figures, head]) - size
        page.text(MARGIN, top - 4, typesetting.shorten("organization", self.name_width, size), size, colour=style.GREY)
        page.text(count_right, top - 4, "n", size, colour=style.GREY, align="right")
        page.text(self.width - MARGIN, top - 4, head, size, colour=style.GREY, align="right")
        for middle, count, figure in zip(middles, counts, figures, strict=True):
            base = top + middle + 0.36 * size
            page.text(count_right, base, count, size, colour=style.GREY, align="right")
            page.text(self.width - MARGIN, base, figure, size, align="right")
        return count_right + size, right
