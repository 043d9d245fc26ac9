"""How likely each answer is along one variable: a line and a band for each category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import to_hex, to_rgb

from bayescx._names import ORGANIZATION
from bayescx.choices import ChoiceFit, choice_probabilities
from bayescx.choices.population import CATEGORY, ChoiceTarget
from bayescx.coding import Category, Hinge, number_text
from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.evidence.findings import printable, suggestion
from bayescx.plots import style, typesetting
from bayescx.plots.picture import Picture
from bayescx.plots.positions import spaced
from bayescx.plots.style import MARGIN
from bayescx.plots.typesetting import LINE
from bayescx.wording import numeral

__all__ = ["plot_choices"]

_HEIGHT = 0.42  # of the axes, in widths of the page
_EACH, _STEPS = 12, 24  # so many values are shown one by one; more are shown in so many steps
_NAME_ROOM = 0.3  # of the page, at most, for names of categories
_BESIDE, _FEW = 0.5, 3  # of the distance of levels, for their categories; and how many bands are told apart with ease
_VALUE = "value"
_COLOURS = (style.VERMILLION, "#E69F00", style.GREY, "#56B4E9", style.BLUE)  # from the lowest answer to the highest


def plot_choices(
    fit: ChoiceFit,
    variable: str,
    target: ChoiceTarget = "average",
    *,
    organization: str | None = None,
    at: Mapping[str, float | str] | None = None,
    values: Sequence[float] | None = None,
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw the probability of each answer along one variable, everything else as it is for each respondent.

    Parameters
    ----------
    fit : ChoiceFit
    variable : str
        A column of the model: a number, also one with hinges, or a category.
    target : {"organization", "typical", "average", "new"}
        "organization" needs ``organization``.
    organization : str, optional
        One of those that reported, for the target "organization".
    at : mapping, optional
        What else all respondents are taken to have, as of ``choice_probabilities``.
    values : sequence of float, optional
        Of the variable; by default those of the data, or steps between the lowest and the highest (as far as the terms
        tell: with a hinge on one side only, from its knot on).
    ci_prob : float
        Probability of the bands (equal-tailed).
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per category and value: category, value, mean, lower, upper.

    Raises
    ------
    FitError
        If the model has no such column, the fit no such organization, or a setting cannot be drawn.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.choices import ChoiceCounts, fit_choices
    >>> counted = {"shop": list("aaabbb"), "effort": [1, 3, 5] * 2, "leave": [20, 42, 60, 10, 28, 45]}
    >>> counted["stay"] = [80, 58, 40, 90, 72, 55]
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"]
    ... )
    >>> fit = fit_choices(counts, random_seed=1, progressbar=False)
    >>> picture = plot_choices(fit, "effort")
    >>> picture.title, len(picture.data)
    ('How likely each answer is, by effort', 6)
    """
    points = style.check_width(width)
    columns = fit.counts.equation.columns
    if variable not in columns:
        raise FitError(f"the model has no column {printable(str(variable))!r}{suggestion(str(variable), columns)}")
    if at and variable in at:
        raise FitError(f"{printable(variable)!r} runs along the axis, so it has no single value in at")
    if (target == ORGANIZATION) != (organization is not None):
        raise FitError('one organization is drawn with target="organization" and organization="its name"')
    shown = _values(fit, variable) if values is None else list(values)
    if len(shown) < 2:
        raise FitError(f"two values or more make a line, found {shown!r:.60}")
    parts = [choice_probabilities(fit, {**(at or {}), variable: one}, target) for one in shown]
    draws = xr.concat(parts, dim=pd.Index(shown, name=_VALUE))
    if organization is not None:
        if organization not in fit.organizations:
            hint = suggestion(str(organization), fit.organizations)
            raise FitError(f"there is no organization {printable(str(organization))!r}{hint}")
        draws = draws.sel({ORGANIZATION: organization}, drop=True)
    data = _table(fit, draws, ci_prob)
    words = _Words(fit, data, variable, target, organization, at or {}, f"{100 * ci_prob:g} %")
    with style.themed():
        page = _Drawing(words, points).draw()
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _values(fit: ChoiceFit, variable: str) -> list[Any]:
    """Levels of a category; of a number those in the data, or steps between the ends, with every knot."""
    equation, x = fit.counts.equation, fit.counts.x
    hinges: list[Hinge] = []
    found: set[float] = set()
    for k, name in enumerate(fit.terms):
        how = equation.coded.get(name)
        if isinstance(how, Category) and how.column == variable:
            return list(how.levels)
        if isinstance(how, Hinge) and how.column == variable:
            hinges.append(how)
            found |= {float(how.at + one) for one in np.unique(x[:, k])}
        elif name == variable:
            found |= {float(one) for one in np.unique(x[:, k])}
    if len(found) > _EACH:
        found = set(np.linspace(min(found), max(found), _STEPS + 1).tolist()) | {how.at for how in hinges}
    return sorted(found)


def _table(fit: ChoiceFit, draws: xr.DataArray, ci_prob: float) -> pd.DataFrame:
    """One row per category and value, in their order."""
    summary = summarize(draws, ci_prob, kind="stats")
    lower, upper = (column for column in summary if str(column).startswith("eti"))
    table = summary.rename(columns={lower: "lower", upper: "upper"})[[CATEGORY, _VALUE, "mean", "lower", "upper"]]
    order = {name: c for c, name in enumerate(fit.categories)}
    return table.sort_values(CATEGORY, key=lambda column: column.map(order), kind="stable").reset_index(drop=True)


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: ChoiceFit
    data: pd.DataFrame
    variable: str
    target: str
    organization: str | None
    at: Mapping[str, float | str]
    percent: str

    @property
    def variable_words(self) -> str:
        return typesetting.clean(self.fit.counts.equation.model.in_words(self.variable))

    @property
    def title(self) -> str:
        return f"How likely each answer is, by {self.variable_words}"

    @property
    def subtitle(self) -> str:
        fit = self.fit
        if self.organization is not None:
            whom = typesetting.clean(self.organization)
        elif self.target == "average":
            whom = "The only one" if fit.n_planned == 1 else f"Average of the {numeral(fit.n_planned)}"
        else:
            whom = f"{self.target.capitalize()} organization"
        return f"{whom}; {'bars' if self.is_category else 'bands'}: {self.percent}"

    @property
    def is_category(self) -> bool:
        return isinstance(self.data[_VALUE].iloc[0], str)

    @property
    def held(self) -> str:
        model = self.fit.counts.equation.model
        said = [
            f"{typesetting.clean(model.in_words(name))} = {typesetting.clean(str(value))}"
            for name, value in self.at.items()
        ]
        return f"Everyone has {', '.join(said)}" if said else ""

    @property
    def notes(self) -> list[tuple[str, str]]:
        problems = self.fit.provenance.get("convergence_problems")
        return [("Not converged: do not report", style.RED)] if problems else []

    @property
    def knots(self) -> list[float]:
        coded = self.fit.counts.equation.coded.values()
        return sorted({how.at for how in coded if isinstance(how, Hinge) and how.column == self.variable})

    def rows(self, category: str) -> pd.DataFrame:
        return self.data[self.data[CATEGORY] == category]

    @property
    def description(self) -> str:
        """The ends of every line for those who cannot see them."""
        said = []
        for category in self.fit.categories:
            rows = self.rows(category)
            ends = [rows.iloc[0], rows.iloc[-1]]
            figures = " to ".join(typesetting.interval(end, 2) for end in ends)
            said.append(f"{typesetting.clean(category)} {figures}")
        first, last = (_said(self.data[_VALUE].iloc[i]) for i in (0, -1))
        notes = "".join(f" {note}." for note, _ in self.notes)
        whole = f"Mean probability and {self.percent} interval from {self.variable_words} = {first} to {last}, "
        whom = self.subtitle.rpartition(";")[0]
        return f"{whole}{whom[:1].lower()}{whom[1:]}: {'; '.join(said)}.{notes}"


def _said(value: object) -> str:
    return number_text(float(value)) if isinstance(value, int | float | np.number) else typesetting.clean(str(value))


class _Drawing:
    """Places everything on a page, and draws it."""

    def __init__(self, words: _Words, width: float) -> None:
        self.words, self.width = words, width
        self.size = style.body_size(width)
        self.line = LINE * self.size
        self.values = list(dict.fromkeys(words.data[_VALUE]))
        self.levels = words.is_category
        self.x = np.arange(len(self.values), dtype=float) if self.levels else np.array(self.values, dtype=float)
        room = _NAME_ROOM * width
        self.names = {
            name: typesetting.shorten(typesetting.clean(name), room, self.size) for name in words.fit.categories
        }
        self.left = MARGIN + typesetting.text_width("1.0", self.size) + 8
        beside = max(typesetting.text_width(name, self.size) for name in self.names.values())
        self.right = width - MARGIN - beside - 10
        self.height = max(_HEIGHT * min(width, 6.5 * 72), 1.05 * self.line * len(self.names))

    def draw(self) -> style.Page:
        words, room = self.words, self.width - 2 * MARGIN
        heading = typesetting.wrap(words.title, room, style.TITLE_SIZE, weight="bold")
        said = [one for one in (words.subtitle, words.held) if one]
        lines = [typesetting.shorten(one, room, self.size) for one in said]
        top = MARGIN + len(heading) * LINE * style.TITLE_SIZE + (len(lines) + len(words.notes)) * self.line + 8
        self.top, below = top, top + self.height + self.line + 8
        self.page = style.Page(self.width, below + self.line + MARGIN)
        y = MARGIN + self.page.lines(MARGIN, MARGIN, heading, style.TITLE_SIZE, weight="bold")
        y += self.page.lines(MARGIN, y, lines, self.size)
        for note, colour in words.notes:
            y += self.page.lines(MARGIN, y, [note], self.size, colour=colour)
        self._draw_axes()
        for c, name in enumerate(self.names):
            self._draw_category(words.rows(name), c)
        self._draw_names()
        label = typesetting.shorten(words.variable_words, room, self.size)
        half = typesetting.text_width(label, self.size) / 2
        middle = float(np.clip((self.left + self.right) / 2, MARGIN + half, self.width - MARGIN - half))
        self.page.lines(middle, below, [label], self.size, align="center")
        return self.page

    def colour(self, c: int) -> str:
        """Of a category by its place, from the colour of the lowest to that of the highest."""
        place = c * (len(_COLOURS) - 1) / (len(self.names) - 1)
        steps = np.arange(len(_COLOURS))
        red, green, blue = (float(np.interp(place, steps, part)) for part in np.array([*map(to_rgb, _COLOURS)]).T)
        return to_hex((red, green, blue))

    def _draw_axes(self) -> None:
        pad = 0.5 if self.levels else 0.02 * float(np.ptp(self.x))
        limits = float(self.x.min()) - pad, float(self.x.max()) + pad
        box = (self.left, self.top, self.right - self.left, self.height)
        self.axes = self.page.axes(*box, limits, self.size, labelled=False)
        top = min(1.0, 1.08 * float(self.words.data["upper"].max()))
        self.axes.set_ylim(0.0, top)
        how: dict[str, Any] = {"fontsize": self.size, "parse_math": False}
        places, labels = style.ticks(0.0, top, 2.2 * self.height, self.size)
        self.axes.set_yticks(places, labels, color=style.INK, **how)
        self.axes.tick_params(axis="y", length=0)
        self.axes.hlines(places, *limits, color=style.FAINT, linewidth=0.6, zorder=0)
        if self.levels:
            each = 0.95 * box[2] / len(self.x)
            shown = [typesetting.shorten(_said(one), each, self.size) for one in self.values]
            self.axes.set_xticks(self.x, shown, **how)
        else:
            self.axes.set_xticks(*style.ticks(*limits, box[2], self.size), **how)
        for knot in self.words.knots:
            if limits[0] < knot < limits[1]:
                self.axes.axvline(knot, color=style.LIGHT, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)

    def _draw_category(self, rows: pd.DataFrame, c: int) -> None:
        colour, count = self.colour(c), len(self.names)
        mean, lower, upper = (rows[name].to_numpy() for name in ("mean", "lower", "upper"))
        if self.levels:
            x = self.x + _BESIDE * ((c + 0.5) / count - 0.5)
            self.axes.plot(*style.segments(x, lower, x, upper), color=colour, linewidth=1.6, zorder=3)
            self.axes.plot(x, mean, "o", color=colour, markersize=3.6, zorder=4)
            return
        alpha = 0.2 if count <= _FEW else 0.1
        self.axes.fill_between(self.x, lower, upper, color=colour, alpha=alpha, linewidth=0, zorder=2)
        self.axes.plot(self.x, mean, color=colour, linewidth=1.2, zorder=4)

    def _draw_names(self) -> None:
        """Names at the right ends of their lines, kept apart."""
        _, top = self.axes.get_ylim()
        ends = {name: float(self.words.rows(name)["mean"].iloc[-1]) for name in self.names}
        order = sorted(ends, key=lambda name: -ends[name])
        wishes = [self.top + (1 - ends[name] / top) * self.height for name in order]
        pitch = 1.05 * self.line
        bounds = (self.top, self.top + self.height + 0.5 * self.line)
        places = spaced(wishes, [1.0] * len(order), [pitch] * (len(order) - 1), bounds)
        for name, y in zip(order, places, strict=True):
            colour = self.colour(list(self.names).index(name))
            self.page.text(self.right + 6, y + 0.36 * self.size, self.names[name], self.size, colour=colour)
