"""A kinked line: how an outcome changes along a variable whose slope differs below and above a knot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.coding import Hinge, number_text
from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.estimands.asymmetry import SIDES, HingeEffect, asymmetry, knot_of, others_of
from bayescx.estimands.population import Target
from bayescx.fitted import Fit
from bayescx.model.scales import scale_of
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import chance, counted, interval_name, numbers, target_words, with_minus

__all__ = ["plot_kink", "where_slopes_hold"]

_TARGETS = ("average", "typical", "new")
_REACH = 2.0  # SDs of the variable to either side of the knot
_HEIGHT = 0.42  # of the axes, in widths of the page
_ALIKE = 1e-9  # slopes closer than this, relative to their size, are one line
_BELOW, _ABOVE = SIDES
_THIN: dict[str, Any] = {"color": style.GREY, "alpha": 0.6, "linewidth": 0.5}


def plot_kink(
    fit: Fit,
    outcome: str,
    variable: str,
    *,
    at: float | None = None,
    target: Target = "average",
    effect: HingeEffect = "total",
    reach: tuple[float, float] | None = None,
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw how an outcome changes along a variable that the model has in two parts, below and above a knot.

    The line is the change from the outcome's value at the knot, other predictors staying as they are; its band is
    the interval of the slope on each side times the distance. Thin lines are the organizations. Both axes are in the
    data's units.

    Parameters
    ----------
    fit : Fit
    outcome, variable : str
        A construct, and the variable of which the model has ``below(variable, at)`` and ``above(variable, at)``.
    at : float, optional
        The knot, where the model has several of the variable.
    target : {"average", "typical", "new"}
        Whom the kinked line is about: the mean over the N planned, the population centre, one more organization.
    effect : {"total", "direct"}
        Through every route, or by the paths from the two parts to the outcome alone.
    reach : (float, float), optional
        Ends of the horizontal axis, the knot between them. By default two SDs of the variable within organizations to
        either side, or as far as the next point where the model bends it.
    ci_prob : float
        Probability of the equal-tailed intervals.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per line and side of the knot: what (the target or "organization"), organization, side,
        slope (mean), slope_lower, slope_upper, and at the end of the axis on that side x, change, lower, upper. Its
        ``attrs``: knot, ratio (median of the slope below over that above), ratio_lower, ratio_upper,
        stronger_below, the probability that the slope below is the larger in size, and holds_from and holds_to, as
        ``asymmetry`` has them.

    Raises
    ------
    FitError
        As ``asymmetry``; or if the target is no population, the reach does not hold the knot, or the model bends the
        variable elsewhere within it.

    Examples
    --------
    >>> import bayescx as bcx
    >>> from bayescx.plots.kink import plot_kink
    >>> model = bcx.parse_model("loyalty ~ below(expectations, 0) + above(expectations, 0)")
    >>> rows = bcx.simulate(bcx.parse_model("loyalty ~ expectations"), organizations=4, n_obs=200, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> picture = plot_kink(bcx.fit(model, evidence, random_seed=1, progressbar=False), "loyalty", "expectations")
    >>> picture.title
    'How loyalty changes below and above expectations = 0'
    """
    points = style.check_width(width)
    if target not in _TARGETS:
        raise FitError(f"a kinked line is that of a population, found target {target!r}; use {', '.join(_TARGETS)}")
    knot = knot_of(fit, variable, at)
    found = asymmetry(fit, outcome, variable, target, at=knot, effect=effect, standardized=False)
    ends = _reach(fit, outcome, variable, knot, effect, reach)
    own = asymmetry(fit, outcome, variable, "organization", at=knot, effect=effect, standardized=False)["slope"]
    data = _table(found, own, ends, knot, ci_prob)
    words = _Words(fit, data, outcome, variable, target, effect, ci_prob)
    with style.themed():
        page = _Kink(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _reach(
    fit: Fit, outcome: str, variable: str, knot: float, effect: HingeEffect, asked: tuple[float, float] | None
) -> tuple[float, float]:
    """Ends of the horizontal axis, between which the two slopes hold."""
    others = others_of(fit, outcome, variable, knot, effect)
    if asked is None:
        where = fit.evidence.variables.index(Hinge(variable, "below", knot).name)
        sd = float(scale_of(fit.evidence, fit.model.coded)[where])
        lower, upper = ([one.at for one in others if (one.at < knot) == below] for below in (True, False))
        return max([knot - _REACH * sd, *lower]), min([knot + _REACH * sd, *upper])
    low, high = _checked(asked, knot)
    if bent := [one.name for one in others if low < one.at < high]:
        raise FitError(
            f"from {low:g} to {high:g} {variable!r} also acts on {outcome!r} by {' and '.join(bent)}, so two slopes "
            f"do not tell how it changes; choose reach=(low, high) around {knot:g} where nothing else bends it"
        )
    return low, high


def _checked(reach: object, knot: float) -> tuple[float, float]:
    ends = list(reach) if isinstance(reach, Iterable) and not isinstance(reach, str) else []
    if len(ends) == 2 and all(isinstance(one, int | float | np.number) for one in ends):
        low, high = map(float, ends)
        if math.isfinite(low) and math.isfinite(high) and low < knot < high:
            return low, high
    raise FitError(f"reach is (low, high) with the knot {knot:g} between them, found {reach!r}")


def _table(
    found: xr.Dataset, own: xr.DataArray, ends: tuple[float, float], knot: float, ci_prob: float
) -> pd.DataFrame:
    """Rows of the target's line, then those of the organizations' lines."""
    told = [
        summarize(found["slope"], ci_prob, kind="stats").assign(what=found.attrs["target"], **{ORGANIZATION: ""}),
        summarize(own, ci_prob, kind="stats").assign(what=ORGANIZATION),
    ]
    table = pd.concat(told, ignore_index=True)
    lower, upper = (column for column in table if str(column).startswith("eti"))
    table = table.rename(columns={"mean": "slope", lower: "slope_lower", upper: "slope_upper"})
    table["x"] = table["side"].map(dict(zip(SIDES, ends, strict=True)))
    distance = table["x"] - knot
    table["change"] = table["slope"] * distance
    reached = np.sort(np.stack([table["slope_lower"] * distance, table["slope_upper"] * distance]), axis=0)
    table["lower"], table["upper"] = reached
    table = table[
        ["what", ORGANIZATION, "side", "slope", "slope_lower", "slope_upper", "x", "change", "lower", "upper"]
    ]
    tail = (1 - ci_prob) / 2
    ratio = found["ratio"].quantile([tail, 0.5, 1 - tail], dim=(CHAIN, DRAW), skipna=False).values.tolist()
    table.attrs = {
        "knot": knot,
        **dict(zip(("ratio_lower", "ratio", "ratio_upper"), ratio, strict=True)),
        "stronger_below": float(found["stronger_below"]),
        "holds_from": found.attrs["holds_from"],
        "holds_to": found.attrs["holds_to"],
    }
    return table


def where_slopes_hold(attrs: Mapping[Any, Any]) -> str:
    """Say between which points the slopes of `asymmetry` hold; nothing where no other point bends the variable.

    Examples
    --------
    >>> where_slopes_hold({"holds_from": -2.0, "holds_to": 6.0}), where_slopes_hold({"holds_to": 6.0})
    ('from −2 to 6', 'up to 6')
    """
    low, high = attrs.get("holds_from", -math.inf), attrs.get("holds_to", math.inf)
    since, until = (with_minus(number_text(end)) if math.isfinite(end) else "" for end in (low, high))
    if since and until:
        return f"from {since} to {until}"
    return f"from {since} on" if since else f"up to {until}" if until else ""


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    outcome: str
    variable: str
    target: str
    effect: str
    ci_prob: float

    def said(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @cached_property
    def main(self) -> pd.DataFrame:
        """The target's two slopes, below and above."""
        return self.data[self.data["what"] != ORGANIZATION].set_index("side")

    @cached_property
    def organizations(self) -> pd.DataFrame:
        """The lines behind; none where all are one, and that of the target."""
        rows = self.data[self.data["what"] == ORGANIZATION]
        slopes = rows.pivot_table("slope", ORGANIZATION, "side", sort=False)
        size = float(np.abs(slopes.to_numpy()).max())
        return rows if float((slopes.max() - slopes.min()).max()) > _ALIKE * size else rows[:0]

    @property
    def knot(self) -> str:
        return with_minus(number_text(self.data.attrs["knot"]))

    @property
    def title(self) -> str:
        return f"How {self.said(self.outcome)} changes below and above {self.said(self.variable)} = {self.knot}"

    @property
    def whom(self) -> str:
        return target_words(self.fit, self.target)

    def slope(self, side: str) -> str:
        """Mean and interval, on one line."""
        row = self.main.loc[side]
        widths = (self.main["slope_upper"] - self.main["slope_lower"]).tolist()
        told = {"mean": row["slope"], "lower": row["slope_lower"], "upper": row["slope_upper"]}
        return typesetting.interval(told, typesetting.decimals_for(widths)).replace(" ", "\u00a0")

    @property
    def comparison(self) -> str:
        """The ratio of the slopes, and how sure it is which of them is the steeper."""
        facts, above = self.data.attrs, self.main.loc[_ABOVE]
        ratio = "ratio open, as the slope above may be 0"
        if above["slope_lower"] > 0 or above["slope_upper"] < 0:
            middle, low, high = numbers(facts["ratio"], facts["ratio_lower"], facts["ratio_upper"])
            ratio = f"ratio\u00a0{middle}\u00a0[{low},\u00a0{high}]"
        return f"{ratio}; probability that the slope below is the steeper\u00a0{chance(facts['stronger_below'])}"

    @property
    def sentence(self) -> str:
        """Without names, so that long ones cannot push figures out."""
        return f"Slope {self.slope(_BELOW)} below {self.knot}, {self.slope(_ABOVE)} above: {self.comparison}"

    @property
    def notes(self) -> list[tuple[str, str]]:
        how = "direct effect" if self.effect == "direct" else "total effect"
        whom = f"{self.whom}, mean and {interval_name(self.ci_prob)}; {how}, data's units"
        notes = [(whom, style.GREY)]
        if where := where_slopes_hold(self.data.attrs):
            notes.append((f"these slopes hold {where}: beyond, the model bends the line again", style.GREY))
        return [*notes, *style.notes_on(self.fit)]

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        outcome, variable = self.said(self.outcome), self.said(self.variable)
        change = (
            f"Per unit of {variable}, {outcome} changes by {self.slope(_BELOW)} below {self.knot} and by "
            f"{self.slope(_ABOVE)} above: {self.comparison}"
        )
        return " ".join(f"{sentence}." for sentence in (change, *(note for note, _ in self.notes), *self._range()))

    def _range(self) -> list[str]:
        """How far the organizations' slopes lie apart."""
        if not len(self.organizations):
            return []
        slopes = self.organizations.groupby("side", sort=False)["slope"].agg(["min", "max"])
        said = (f"from {' to '.join(numbers(*slopes.loc[side]))} {side}" for side in SIDES)
        return [f"Slopes of {len(self.organizations) // 2} organizations run {' and '.join(said)}"]


class _Kink:
    """Places everything on a page, and draws it."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.knot = float(words.data.attrs["knot"])
        self.reach = float(words.main["x"][_BELOW]), float(words.main["x"][_ABOVE])
        self.height = _HEIGHT * min(width, 6.5 * 72)
        self.limits = self._limits()
        self.ticks = style.ticks(*self.limits, 2.2 * self.height, self.size)
        labels = max(typesetting.text_width(label, self.size) for label in self.ticks[1])
        self.left, self.right = MARGIN + labels + 8, width - MARGIN - 2 * self.size

    def _limits(self) -> tuple[float, float]:
        """Range of the changes: the band and every line behind it."""
        ends = [*self.words.main["lower"], *self.words.main["upper"], *self.words.organizations["change"], 0.0]
        low, high = min(ends), max(ends)
        pad = 0.06 * (high - low) or 0.1
        return low - pad, high + pad

    def draw(self) -> style.Page:
        words, size, room = self.words, self.size, self.width - 2 * MARGIN
        heading = typesetting.wrap(words.title, room, style.TITLE_SIZE, weight="bold")
        notes = [(words.sentence, style.INK), *words.notes]
        lines = [(line, colour) for note, colour in notes for line in typesetting.wrap(note, 0.97 * room, size, 4)]
        caption = typesetting.wrap(self._caption, room, size)
        head = MARGIN + len(heading) * LINE * style.TITLE_SIZE + len(lines) * self.line + 6
        self.sides_at = head + len(caption) * self.line + 4
        self.top = self.sides_at + self.line + 2
        below = self.top + self.height + self.line + 8
        self.page = style.Page(self.width, below + self.line + 7 + len(self._legend()) * self.line + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        for line, colour in lines:
            y += self.page.lines(MARGIN, y, [line], size, colour=colour)
        self.page.lines(MARGIN, head, caption, size)
        self._draw_axes()
        self._draw_lines()
        label = self._label(room)
        half = typesetting.text_width(label, size) / 2
        middle = float(np.clip((self.left + self.right) / 2, MARGIN + half, self.width - MARGIN - half))
        self.page.lines(middle, below, [label], size, align="center")
        self._draw_legend(below + self.line + 7)
        return self.page

    @property
    def _caption(self) -> str:
        """What the upright axis shows; the unit stands first, so that a long name cannot push it out."""
        words = self.words
        return f"change (data's units) of {words.said(words.outcome)} from its value at {words.knot}"

    def _label(self, room: float) -> str:
        unit = " (data's units)"
        name = self.words.said(self.words.variable)
        return typesetting.shorten(name, room - typesetting.text_width(unit, self.size), self.size) + unit

    def _draw_axes(self) -> None:
        box = (self.left, self.top, self.right - self.left, self.height)
        self.axes = self.page.axes(*box, self.reach, self.size)
        self.axes.set_ylim(*self.limits)
        places, labels = self.ticks
        self.axes.set_yticks(places, labels, color=style.INK, fontsize=self.size, parse_math=False)
        self.axes.tick_params(axis="y", length=0)
        self.axes.hlines(places, *self.reach, color=style.FAINT, linewidth=0.6, zorder=0)
        self.axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
        self.axes.axvline(self.knot, color=style.GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        for side, x, align in ((_BELOW, self.left, "left"), (_ABOVE, self.right, "right")):
            self.page.lines(x, self.sides_at, [self._side(side)], self.size, colour=style.BLUE, align=align)

    def _side(self, side: str) -> str:
        """The slope of one half of the axes; without the knot where that has no room in half of their width."""
        mean, _ = self.words.slope(side).split("\u00a0", 1)
        said = f"{side} {self.words.knot}: {mean} per unit"
        fits = typesetting.text_width(said, self.size) < (self.right - self.left) / 2 - self.size
        return said if fits else f"{side}: {mean} per unit"

    def _draw_lines(self) -> None:
        low, high = self.reach
        main = self.words.main
        x = [low, self.knot, high]
        if len(own := self.words.organizations):
            ends = own.pivot_table("change", ORGANIZATION, "side", sort=False)
            nothing, gap = np.zeros(len(ends)), np.full(len(ends), np.nan)
            y = np.stack([ends[_BELOW], nothing, ends[_ABOVE], gap], axis=-1).ravel()
            self.axes.plot(np.tile([*x, np.nan], len(ends)), y, zorder=2, **_THIN)
        lower, upper = ([main[end][_BELOW], 0.0, main[end][_ABOVE]] for end in ("lower", "upper"))
        self.axes.fill_between(x, lower, upper, color=style.BLUE, alpha=0.3, linewidth=0, zorder=3)
        change = [main["change"][_BELOW], 0.0, main["change"][_ABOVE]]
        self.axes.plot(x, change, color=style.BLUE, linewidth=1.4, solid_joinstyle="miter", zorder=4)
        knot: dict[str, Any] = {"marker": "o", "markersize": 4.6, "color": style.BLUE, "linestyle": "none"}
        self.axes.plot([self.knot], [0.0], zorder=5, **knot)

    def _legend(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """What stands for whom, with the looks of its line."""
        band, line = {"color": style.BLUE, "alpha": 0.3, "linewidth": 7}, {"color": style.BLUE, "linewidth": 1.4}
        found = [(f"{self.words.whom}, {interval_name(self.words.ci_prob)}", [band, line])]
        if count := len(self.words.organizations) // 2:
            found.append((f"each of {counted(count, 'organization')}", [_THIN]))
        return found

    def _draw_legend(self, top: float) -> None:
        for i, (said, looks) in enumerate(self._legend()):
            y = top + (i + 0.8) * self.line
            for how in looks:
                self.page.mark([MARGIN, MARGIN + 1.6 * self.size], [y - 0.36 * self.size] * 2, **how)
            self.page.text(MARGIN + 2.2 * self.size, y, said, self.size, colour=style.GREY)
