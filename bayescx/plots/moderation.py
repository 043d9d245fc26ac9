"""Moderation plot: how a path differs between organizations with an attribute that they have as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from bayescx._names import ORGANIZATION
from bayescx.coding import Category
from bayescx.fitted import Fit
from bayescx.plots import style, typesetting
from bayescx.plots.moderation_data import LEVEL, NEW, TYPICAL, moderation_table, named_attribute, named_path
from bayescx.plots.moderation_pages import LevelsPage, LinePage, Said
from bayescx.plots.picture import Picture
from bayescx.wording import chance, counted, enumeration, interval_name, numeral, with_minus

__all__ = ["plot_moderation"]

_MOST_CONTRASTS = 3  # levels whose difference from the reference is told above the picture
_LEVEL_ROOM = 90.0  # points that a level's name may take in a sentence


def plot_moderation(
    fit: Fit,
    path: str,
    attribute: str,
    *,
    ci_prob: float = 0.95,
    standardized: bool = False,
    width: float = 6.5,
) -> Picture:
    """Draw a path against an attribute of organizations on which it depends.

    Of a number: every organization is a dot, its area by how much its own data tell of the path; the line is the path
    of the typical organization along the attribute, with its interval, and the lighter band that of a new one. Of a
    category: a block for each level, with the typical and a new organization of that level above the organizations that
    have it. Lines and levels are those at the average of all other attributes; dots are organizations as they are.

    Parameters
    ----------
    fit : Fit
        Of a model in which the path depends on the attribute: ``loyalty ~ pool(effort, employees)``.
    path : str
        ``"loyalty~effort"``.
    attribute : str
        Its column: ``"employees"``; of ``category(industry, services, goods)``: ``"industry"``.
    ci_prob : float
        Probability of the equal-tailed intervals.
    standardized : bool
        False: the path in the data's units. True: in SDs of the outcome per SD of the cause, both of the typical
        organization.
    width : float
        Inches, from 3.8 to 12.

    Returns
    -------
    Picture
        Its ``data`` has one row per mark: what ("organization", "typical" or "new"), organization (empty for the other
        two), value (of a number; nan of a category), level (of a category; else empty), mean, lower, upper (of the
        path), weight (precision of the organization's own data relative to the most precise one; nan for the other
        two). Its ``attrs``: path, attribute, and ``differences``, the rows of ``moderator_table`` about this attribute.

    Raises
    ------
    FitError
        If the path does not depend on the attribute, nobody shared the data's units that it would be told in, or a
        setting is none that can be drawn.

    Examples
    --------
    >>> import bayescx as bcx
    >>> rows = bcx.simulate(bcx.parse_model("loyalty ~ effort"), organizations=6, n_obs=200, random_seed=1).rows
    >>> rows["employees"] = 1000 + 250 * rows.groupby("organization").ngroup()
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> model = bcx.parse_model("loyalty ~ pool(effort, employees)")
    >>> moderated = bcx.fit(model, evidence, random_seed=1, progressbar=False)
    >>> plot_moderation(moderated, "loyalty~effort", "employees").title
    'Effect of effort on loyalty, by employees'
    """
    points = style.check_width(width)
    known = named_path(fit, path)
    column = named_attribute(fit, known, attribute)
    data = moderation_table(fit, known, column, ci_prob, standardized=standardized)
    words = _Words(fit, data, standardized, ci_prob)
    page = LevelsPage if words.is_category else LinePage
    with style.themed():
        drawn = page(data, words.said, points).draw()
        return Picture(words.title, words.description, data, drawn.svg(), drawn.figure)


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures."""

    fit: Fit
    data: pd.DataFrame
    standardized: bool
    ci_prob: float

    @property
    def is_category(self) -> bool:
        column = self.data.attrs["attribute"]
        return any(isinstance(one, Category) and one.column == column for one in self.fit.model.attributes.values())

    def _named(self, name: str) -> str:
        return typesetting.clean(self.fit.model.in_words(name))

    @cached_property
    def ends(self) -> tuple[str, str]:
        """Cause and outcome."""
        outcome, _, cause = self.data.attrs["path"].partition("~")
        return self._named(cause), self._named(outcome)

    @property
    def attribute(self) -> str:
        return self._named(self.data.attrs["attribute"])

    @property
    def title(self) -> str:
        return f"Effect of {self.ends[0]} on {self.ends[1]}, by {self.attribute}"

    @property
    def unit(self) -> str:
        return "SDs of the typical organization" if self.standardized else "data's units"

    @property
    def said(self) -> Said:
        """What the page writes."""
        percent = interval_name(self.ci_prob)
        count = int((self.data["what"] == ORGANIZATION).sum())
        return Said(
            title=self.title,
            sentence=self.sentence,
            notes=[(self.note, style.GREY), *style.notes_on(self.fit)],
            caption=f"effect ({self.unit}) of {self.ends[0]} on {self.ends[1]}",
            attribute=self.attribute,
            typical=f"typical organization, {percent}",
            new=f"new organization, {percent}",
            organization=f"each of {counted(count, 'organization')}, {percent}; larger dots: own data tell more",
            percent=f"{100 * self.ci_prob:g} %",
        )

    @property
    def note(self) -> str:
        """How it is read, and what other attributes are at where there are any."""
        attributes = {one.column for one in self.fit.model.moderators[self.data.attrs["path"]]}
        compared = "A comparison of organizations, which need not be a cause"
        if len(attributes) == 1:
            return compared
        others = "the other attribute" if len(attributes) == 2 else f"{numeral(len(attributes) - 1)} other attributes"
        where = "Typical and new" if self.is_category else "Line and bands"
        return f"{compared}. {where}: {others} at the average; dots: organizations as they are"

    @property
    def sentence(self) -> str:
        """How the path differs, without long names, so that these cannot push figures out."""
        rows = self.data.attrs["differences"]
        if not self.is_category:
            return f"Per {_amount(rows[0]['per'])} more: {self._difference(rows[0])}"
        if len(rows) > _MOST_CONTRASTS:
            return f"{numeral(len(rows) + 1).capitalize()} levels, each with mean and interval"
        return "; ".join(
            f"{_level(row['level'])} less {_level(row['reference'])}: {self._difference(row)}" for row in rows
        )

    def _difference(self, row: dict[str, Any]) -> str:
        decimals = typesetting.decimals_for([row["upper"] - row["lower"]])
        figures = typesetting.interval(row, decimals).replace(" ", "\u00a0")
        side, likely = ("higher", row["higher"]) if row["mean"] >= 0 else ("lower", 1 - row["higher"])
        return f"{figures}, {side} with probability\u00a0{chance(likely)}"

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        where = f"Mean and {interval_name(self.ci_prob)}, {self.unit}"
        told = [f"{self.sentence}", f"{where}: {self._told()}", *(note for note, _ in self.said.notes)]
        return " ".join(f"{one}." for one in [*told, *self._range()])

    def _told(self) -> str:
        """The typical and a new organization: at every level, or at both ends of the line."""
        parts = []
        for what in (TYPICAL, NEW):
            rows = self.data[self.data["what"] == what]
            if not self.is_category:
                rows = rows.iloc[[0, -1]]
            decimals = typesetting.decimals_for((rows["upper"] - rows["lower"]).tolist())
            at = [
                f"{typesetting.interval(row, decimals)} "
                + (f"in {_spaced(row[LEVEL])}" if self.is_category else f"at {_amount(row['value'])}")
                for _, row in rows.iterrows()
            ]
            parts.append(f"{what} organization {enumeration(at)}")
        return "; ".join(parts)

    def _range(self) -> list[str]:
        """How far organizations lie apart."""
        own = self.data[self.data["what"] == ORGANIZATION]
        decimals = typesetting.decimals_for((own["upper"] - own["lower"]).tolist())
        least, most = (typesetting.number(value, decimals) for value in (own["mean"].min(), own["mean"].max()))
        return [f"Means of {counted(len(own), 'organization')} run from {least} to {most}"]


def _spaced(level: str) -> str:
    return typesetting.clean(level.replace("_", " "))


def _level(level: str) -> str:
    """A level's name, short enough for a sentence with figures."""
    return typesetting.shorten(_spaced(level), _LEVEL_ROOM, 8.0)


def _amount(value: float) -> str:
    """A number of an attribute, with thousands set apart and no digits that say nothing."""
    return with_minus(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}")
