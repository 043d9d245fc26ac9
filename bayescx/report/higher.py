"""Who is higher: means of constructs between organizations, and on what organizations cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from bayescx._names import ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands import summarize
from bayescx.estimands.latent_means import (
    COMPARABLE,
    CONSTRUCT,
    RANK,
    comparable_means,
    latent_means,
    rank_organizations,
)
from bayescx.fitted import Fit
from bayescx.plots.latent_means import plot_latent_means
from bayescx.report.answers import Answers, Estimate, estimate_of, in_a_column
from bayescx.report.chain import by_total_effect, last_outcome
from bayescx.report.pictures import both
from bayescx.report.prose import Finding, capital, linked, listed
from bayescx.report.tables import Cell, Group, Row, Table, cell, chance
from bayescx.wording import counted, enumeration, interval_name, share

__all__ = ["Compared", "Higher", "Place", "who_is_higher"]

_LIKELY, _SURE = 0.8, 0.95
"""From these probabilities on an organization is said to be most likely the highest, and to be the highest."""

_MOST_MARKS, _MOST_PANELS = 150, 15
"""Intervals in one picture, and panels: of 40 organizations three constructs are drawn, of ten all 15."""


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

    ``between`` is the SD of the means in SDs of the construct, 0 where uncertainty could be all of it; ``noise`` is
    what intercepts of items could make up of it (nan for one variable).
    """

    name: str
    words: str
    items: int
    between: float
    noise: float
    noise_id: str
    is_comparable: bool
    places: tuple[Place, ...]

    @property
    def differs(self) -> bool:
        """Whether organizations differ by more than their uncertainty, in a way that can be compared."""
        return self.is_comparable and self.between > 0

    @property
    def likeliest(self) -> list[Place]:
        """Organizations by the probability that they are highest."""
        return sorted(self.places, key=lambda place: -place.first)


@dataclass(frozen=True)
class Higher:
    """Sentences, the picture twice and what it leaves out, a table of constructs and one of organizations for each."""

    headline: Markup
    sentences: tuple[Markup, ...]
    picture: dict[str, Any]
    not_drawn: int
    comparison: Table
    each: tuple[Table, ...]
    has_factors: bool
    left_out: str
    compared: dict[str, Compared]

    @property
    def finding(self) -> Finding:
        """The headline under its heading."""
        return Finding("Who is higher", (self.headline,))


def who_is_higher(answers: Answers) -> Higher | None:
    """Compare organizations; None where fewer than two shared means, or loadings give each units of its own."""
    fit = answers.fit
    try:
        means = latent_means(fit)
    except FitError:
        return None
    compared = _compared(answers)
    drawn = _drawn(answers, list(compared), max(len(one.places) for one in compared.values()))
    about = compared.get(last_outcome(fit) or "", list(compared.values())[-1])
    options: dict[str, Any] = {"construct": drawn, "ci_prob": answers.ci_prob}
    return Higher(
        _headline(about),
        tuple(_sentences(list(compared.values()))),
        both(lambda width: plot_latent_means(fit, width=width, **options), "means"),
        len(compared) - len(drawn),
        _comparison(compared.values()),
        tuple(_table(answers, number, one) for number, one in enumerate(compared.values())),
        any(one.items > 1 for one in compared.values()),
        str(means.attrs["left_out"]),
        compared,
    )


def _compared(answers: Answers) -> dict[str, Compared]:
    fit = answers.fit
    table = summarize(latent_means(fit), answers.ci_prob, kind="stats").dropna(subset=["mean"])
    out: dict[str, Compared] = {}
    for number, known in enumerate(comparable_means(fit).to_dict("records")):
        name = str(known[CONSTRUCT])
        out[name] = Compared(
            name,
            fit.model.in_words(name),
            int(known["items"]),
            float(known["sd_between"]),
            float(known["intercept_noise"]),
            f"noise-{number}",
            bool(known[COMPARABLE]),
            _places(fit, name, number, table[table[CONSTRUCT] == name]),
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


def _drawn(answers: Answers, names: list[str], organizations: int) -> list[str]:
    """Constructs in the picture: if not all can be read, the last outcome and those that matter most for it."""
    most = max(2, min(_MOST_PANELS, _MOST_MARKS // organizations))
    outcome = last_outcome(answers.fit)
    order = [outcome, *by_total_effect(answers, outcome)] if outcome and answers.main else []
    chosen = list(dict.fromkeys(name for name in [*order, *names] if name in names))[:most]
    return [name for name in names if name in chosen]


# -------------------------------------------------------------------------------------------------- sentences


def _highest(place: Place) -> Markup:
    return linked(place.id, chance(place.first))


def _headline(one: Compared) -> Markup:
    """Who is highest on one construct, or why that cannot be told."""
    if not one.is_comparable:
        return Markup("On {construct} organizations should not be compared: {why}.").format(
            construct=one.words, why=_why_not(one)
        )
    if not one.between:
        return Markup(
            "On {construct} no difference between organizations is seen beyond the uncertainty of their means."
        ).format(construct=one.words)
    first, second = one.likeliest[:2]
    if first.first < _LIKELY:
        return Markup(
            "It is open which organization is highest on {construct}: {first} with probability {figure}, {second} with "
            "probability {other}."
        ).format(
            construct=one.words, first=first.organization, figure=_highest(first), second=second.organization,
            other=_highest(second),
        )  # fmt: skip
    return Markup("{organization} {verb} highest on {construct}, with probability {figure}.").format(
        organization=first.organization, verb="is" if first.first >= _SURE else "is most likely",
        construct=one.words, figure=_highest(first),
    )  # fmt: skip


def _why_not(one: Compared) -> Markup:
    if np.isinf(one.noise):
        return Markup("no difference is seen beyond the uncertainty of their means")
    return Markup("items that are answered differently could make up {share} of the SD between them").format(
        share=linked(one.noise_id, _noise(one))
    )


def _sentences(compared: list[Compared]) -> Iterable[Markup]:
    """Who is highest on what, organization by organization; what is open; and what cannot be compared."""
    firsts: dict[str, list[Compared]] = {}
    for one in compared:
        if one.differs and one.likeliest[0].first >= _LIKELY:
            firsts.setdefault(one.likeliest[0].organization, []).append(one)
    for organization, led in sorted(firsts.items(), key=lambda pair: -len(pair[1])):
        is_sure = all(one.likeliest[0].first >= _SURE for one in led)
        parts = [
            Markup("{construct} (probability {figure})").format(construct=one.words, figure=_highest(one.likeliest[0]))
            for one in led
        ]
        yield Markup("{organization} is {how}highest on {listed}.").format(
            organization=organization, how="" if is_sure else "most likely ", listed=listed(parts)
        )
    said = {
        "It is open who is highest on": [one for one in compared if one.differs and one.likeliest[0].first < _LIKELY],
        "No differences beyond the uncertainty of the means are seen on": [one for one in compared if not one.between],
    }
    for start, ones in said.items():
        if ones:
            yield Markup("{start} {names}.").format(start=start, names=enumeration(one.words for one in ones))
    if apart := [one for one in compared if not one.is_comparable and np.isfinite(one.noise)]:
        parts = [
            Markup("{construct} ({share})").format(construct=one.words, share=linked(one.noise_id, _noise(one)))
            for one in apart
        ]
        yield Markup(
            "Organizations should not be compared on {listed}: so much of the SD between them could come from items "
            "that are answered differently, at the same level of what they measure."
        ).format(listed=listed(parts))
    yield from _taken_for_granted(compared)


def _taken_for_granted(compared: list[Compared]) -> Iterable[Markup]:
    single = [one.words for one in compared if np.isnan(one.noise)]
    if len(single) == len(compared):
        yield Markup("Each construct is one variable; that it means the same everywhere is taken for granted.")
    elif single:
        verb = "is" if len(single) == 1 else "are each"
        yield Markup("{names} {verb} one variable; that it means the same everywhere is taken for granted.").format(
            names=capital(enumeration(single)), verb=verb
        )


# ----------------------------------------------------------------------------------------------------- tables


def _noise(one: Compared) -> str:
    if np.isnan(one.noise):
        return "–"
    return "all" if np.isinf(one.noise) else share(one.noise)


def _comparison(compared: Iterable[Compared]) -> Table:
    """How much organizations differ, construct by construct, and whether they can be compared."""
    ones = list(compared)
    has_factors = any(one.items > 1 for one in ones)
    caption = (
        "SD: standard deviation of the means between organizations, in SDs of the construct within organizations; "
        "0 where the uncertainty of the means could be all of it."
    )
    headers = ["SD"]
    if has_factors:
        caption += (
            " Items: the share of this SD that deviations of items' intercepts could make up. Up to a half, "
            "organizations count as comparable."
        )
        headers += ["items", "comparable"]
    most = max(len(one.places) for one in ones)
    rows = []
    for one in ones:
        granted = "granted" if np.isnan(one.noise) else ("yes" if one.is_comparable else "no")
        cells = [Cell(share(one.between))]
        cells += [Cell(_noise(one), id=one.noise_id), Cell(granted)] if has_factors else []
        rows.append(Row(_label(one, most), tuple(cells)))
    title = "Can organizations be compared?" if has_factors else "How much organizations differ"
    return Table("comparable", title, caption, "construct", tuple(headers), (Group("", tuple(rows)),))


def _label(one: Compared, most: int) -> str:
    """A construct with its items, and with the organizations compared where others have more."""
    about = [counted(one.items, "item")] if one.items > 1 else []
    about += [counted(len(one.places), "organization")] if len(one.places) < most else []
    return f"{one.words} ({', '.join(about)})" if about else one.words


def _table(answers: Answers, number: int, one: Compared) -> Table:
    """Every organization on one construct."""
    doubt = "" if one.is_comparable else " Organizations should not be compared on it."
    rows = [
        Row(
            place.organization,
            (cell(place.mean), Cell(chance(place.first), id=place.id), Cell(f"{place.mean_rank:.1f}")),
        )
        for place in one.places
    ]
    return Table(
        f"means-{number}",
        capital(one.words),
        f"{capital(one.words)}, posterior mean and {interval_name(answers.ci_prob)}.{doubt}",
        "organization",
        ("mean", "P(highest)", "mean rank"),
        (Group("", tuple(rows)),),
    )
