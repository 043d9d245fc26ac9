"""Forest of shares: one category in every organization, in the population, and in a new organization."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.evidence.findings import listing, printable
from bayescx.plots import style, typesetting
from bayescx.plots.forest import _Forest
from bayescx.plots.forest_data import POPULATION
from bayescx.plots.picture import Picture
from bayescx.rates.estimands import RateTarget, category_rates
from bayescx.rates.fitted import RatesFit
from bayescx.wording import numeral

__all__ = ["plot_rates"]

_ORDER: tuple[RateTarget, ...] = ("organization", "typical", "average", "new")


def plot_rates(
    fit: RatesFit,
    category: str | list[str],
    *,
    group: str | None = None,
    ci_prob: float = 0.95,
    width: float = 6.5,
) -> Picture:
    """Draw the share of a category in every organization, for the typical one, on average and in a new organization.

    Parameters
    ----------
    fit : RatesFit
    category : str or list of str
        One category, or several taken together.
    group : str, optional
        Needed where respondents are told apart.
    ci_prob : float
        Probability of the equal-tailed intervals (thin bars; thick ones hold 50 %).
    width : float
        Inches, from 3.8 to 12; the height follows from the number of organizations.

    Returns
    -------
    Picture
        Its ``data`` has one row per mark: target, organization (empty for the population), label, n_obs (0 where only
        published figures are known), mean, sd, lower, upper, lower50, upper50. Organizations that a figure gives only
        the number of are not drawn.

    Raises
    ------
    FitError
        If the fit has no such category or group, or a setting is none that can be drawn.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.rates import Counts, fit_rates
    >>> frame = pd.DataFrame({"shop": ["a", "b"], "leaves": [20, 9], "stays": [80, 51]})
    >>> fit_of_rates = fit_rates(Counts.from_table(frame, organization="shop", n_planned=4))
    >>> picture = plot_rates(fit_of_rates, "leaves")
    >>> picture.data["label"].tolist()
    ['a', 'b', 'typical organization', 'average of the four planned, two known', 'new organization']
    """
    points = style.check_width(width)
    if group is None and fit.groups != ("",):
        there = listing([printable(name) for name in fit.groups], 8)
        raise FitError(f"a picture shows one group; name it with group=...: {there}")
    data = pd.concat([_rows(fit, target, category, group, ci_prob) for target in _ORDER], ignore_index=True)
    names = [category] if isinstance(category, str) else list(category)
    words = _Words(data, tuple(map(typesetting.clean, names)), typesetting.clean(group or ""), f"{100 * ci_prob:g} %")
    with style.themed():
        page = _Forest(words, points).draw()  # type: ignore[arg-type]
        return Picture(words.title, words.description, data, page.svg(), page.figure)


def _rows(
    fit: RatesFit, target: RateTarget, category: str | list[str], group: str | None, ci_prob: float
) -> pd.DataFrame:
    draws = category_rates(fit, target, category=category, group=group)
    if target == "organization":
        draws = draws.sel({ORGANIZATION: list(fit.named)})  # of those without a name nothing tells one from another
    outer, inner = (summarize(draws, probability, kind="stats") for probability in (ci_prob, 0.5))
    lower, upper = (column for column in outer if str(column).startswith("eti"))
    organizations = [str(name) for name in outer[ORGANIZATION]] if ORGANIZATION in outer else [""]
    asked = fit.counts.n_obs[:, fit.groups.index(group or "")]
    n_obs = dict(zip(fit.counts.organizations, asked.tolist(), strict=True))
    counted = [n_obs.get(name, 0) if name else None for name in organizations]
    return pd.DataFrame(
        {
            "target": target,
            "organization": organizations,
            "label": organizations if target == "organization" else [_target_words(fit, target)],
            "n_obs": pd.array(counted, dtype="Int64"),
            "mean": outer["mean"],
            "sd": outer["sd"],
            "lower": outer[lower],
            "upper": outer[upper],
            "lower50": inner["eti50_lb"],
            "upper50": inner["eti50_ub"],
        }
    )


def _target_words(fit: RatesFit, target: str) -> str:
    planned, known = fit.n_planned, len(fit.organizations)
    if target != "average":
        return f"{target} organization"
    if planned == 1:
        return "the only one"
    return f"average of the {numeral(planned)}" + (f" planned, {numeral(known)} known" if known < planned else "")


@dataclass(frozen=True)
class _Words:
    """What the picture says in words and figures, by the names that forests ask for."""

    data: pd.DataFrame
    categories: tuple[str, ...]
    group: str
    percent: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.title,)

    @property
    def notes(self) -> list[tuple[str, str]]:
        return []

    @property
    def title(self) -> str:
        among = f" among {self.group}" if self.group else ""
        return f"Share of {' + '.join(self.categories)}{among}"

    @property
    def together(self) -> str:
        return f"with the others (bars: 50 % and {self.percent})"

    @property
    def description(self) -> str:
        """The main numbers for those who cannot see them."""
        rows = self.data[self.data["target"] == "organization"].sort_values("mean", kind="stable")
        said = [f"{typesetting.clean(row['label'])} {self.interval(row)}" for _, row in rows.iterrows()]
        parts = said if len(said) <= 1 else [f"{len(said)} organizations, from {said[0]} to {said[-1]}"]
        for _, row in self.data[self.data["target"].isin(POPULATION)].iterrows():
            parts.append(f"{row['label']} {self.interval(row)}")
        return f"Mean and {self.percent} interval of a share: {'; '.join(parts)}."

    def interval(self, row: pd.Series) -> str:
        return typesetting.interval(row, self._decimals)

    @property
    def _decimals(self) -> int:
        return 3 if float(self.data["mean"].max()) < 0.1 else 2

    def axis_label(self, room: float, size: float) -> list[str]:
        whole = f"{self.title[0].lower()}{self.title[1:]} (1 = all answers)"
        lines = typesetting.wrap(whole, room, size)
        return lines if " ".join(lines) == whole else ["share (1 = all answers)"]
