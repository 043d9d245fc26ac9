"""Organizations compared on each construct: their means, their ranks, and how sure it is that they differ."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bayescx._names import ORGANIZATION
from bayescx.estimands import summarize
from bayescx.estimands.latent_means import (
    COMPARABLE,
    CONSTRUCT,
    DIFFER,
    RANK,
    comparable_means,
    latent_means,
    rank_organizations,
    spread_of_means,
)
from bayescx.fitted import Fit
from bayescx.report.answers import Answers, Estimate, estimate_of, in_a_column
from bayescx.report.chain import drivers_first
from bayescx.wording import counted, interval_name

__all__ = ["LIKELY", "SURE", "Compared", "Place", "compared_means"]

LIKELY, SURE = 0.8, 0.95
"""From these probabilities on an organization is said to be most likely the highest, and to be the highest.

Organizations are said to differ where it is as sure that the SD of their means is above a tenth of that of customers.
"""


@dataclass(frozen=True)
class Place:
    """An organization's mean of a construct, and the probability that it is the highest with the id of its cell."""

    organization: str
    mean: Estimate
    first: float
    mean_rank: float
    id: str


@dataclass(frozen=True)
class Compared:
    """A construct on which organizations are compared, the highest first.

    ``between`` is the SD of the means in SDs of the construct, and ``differ`` the probability that it is above a tenth;
    ``noise`` is what intercepts of items could make up of it (nan for one variable). ``lacking`` are organizations
    that shared no means of the construct, and ``waiting`` so many have not reported. ``interval`` names that of
    ``between``.
    """

    name: str
    words: str
    items: int
    between: Estimate
    differ: float
    differ_id: str
    noise: float
    noise_id: str
    is_comparable: bool
    places: tuple[Place, ...]
    lacking: tuple[str, ...] = ()
    waiting: int = 0
    interval: str = ""

    @property
    def differs(self) -> bool:
        """Whether organizations surely differ, in a way that can be compared."""
        return self.is_comparable and self.differ >= SURE

    @property
    def is_alike(self) -> bool:
        """Whether they surely do not differ by more than a tenth of an SD."""
        return self.differ <= 1 - SURE

    @property
    def of_whom(self) -> str:
        """The organizations compared, at the start of a sentence; empty where they are all that are planned."""
        if not self.lacking and not self.waiting:
            return ""
        return f"of the {counted(len(self.places), 'organization')} that shared means, "

    @property
    def likeliest(self) -> list[Place]:
        """Organizations by the probability that they are highest."""
        return sorted(self.places, key=lambda place: -place.first)


def compared_means(answers: Answers) -> dict[str, Compared]:
    """What is compared, without controls, in the order of the model."""
    fit = answers.fit
    table = summarize(latent_means(fit), answers.ci_prob, kind="stats").dropna(subset=["mean"])
    rows = summarize(spread_of_means(fit), answers.ci_prob, kind="stats").to_dict("records")
    spread = in_a_column({str(row[CONSTRUCT]): estimate_of(row, f"between-{i}") for i, row in enumerate(rows)})
    known = {str(row[CONSTRUCT]): row for row in comparable_means(fit).to_dict("records")}
    out: dict[str, Compared] = {}
    for number, name in enumerate(drivers_first(fit.model, known)):
        places = _places(fit, name, number, table[table[CONSTRUCT] == name])
        there = {place.organization for place in places}
        out[name] = Compared(
            name,
            fit.model.in_words(name),
            int(known[name]["items"]),
            spread[name],
            float(known[name][DIFFER]),
            f"differ-{number}",
            float(known[name]["intercept_noise"]),
            f"noise-{number}",
            bool(known[name][COMPARABLE]),
            places,
            tuple(one for one in fit.organizations if one not in there),
            fit.n_planned - len(fit.organizations),
            interval_name(answers.ci_prob),
        )
    return out


def _places(fit: Fit, construct: str, number: int, rows: pd.DataFrame) -> tuple[Place, ...]:
    ranks = rank_organizations(fit, construct)
    first, mean_rank = ranks.sel({RANK: 1}), (ranks * ranks[RANK]).sum(RANK)
    ordered = rows.sort_values("mean", ascending=False, kind="stable").to_dict("records")
    means = in_a_column(
        {str(row[ORGANIZATION]): estimate_of(row, f"mean-{number}-{i}") for i, row in enumerate(ordered)}
    )
    return tuple(
        Place(
            name,
            mean,
            float(first.sel({ORGANIZATION: name})),
            float(mean_rank.sel({ORGANIZATION: name})),
            f"highest-{number}-{i}",
        )
        for i, (name, mean) in enumerate(means.items())
    )
