"""Who is higher: means of constructs between organizations, and on what organizations cannot be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from bayescx.errors import FitError
from bayescx.estimands.latent_means import CONSTRUCT, latent_means
from bayescx.plots.latent_means import plot_latent_means
from bayescx.report.answers import Answers
from bayescx.report.chain import by_total_effect, last_outcome
from bayescx.report.compared import LIKELY, SURE, Compared, Place, compared_means
from bayescx.report.pictures import both
from bayescx.report.prose import Finding, capital, figure, linked, listed
from bayescx.report.tables import Cell, Group, Row, Table, cell
from bayescx.wording import chance, counted, enumeration, interval_name, numeral, share

__all__ = ["Higher", "who_is_higher"]

_MOST_NAMED = 3

_MOST_MARKS, _MOST_PANELS = 150, 15
"""Intervals in one picture, and panels: of 40 organizations three constructs are drawn, of ten all 15."""


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
    compared = compared_means(answers)
    if not compared:
        return None
    drawn = _drawn(answers, list(compared), max(len(one.places) for one in compared.values()))
    about = compared.get(last_outcome(fit) or "", list(compared.values())[-1])
    options: dict[str, Any] = {"construct": drawn, "ci_prob": answers.ci_prob}
    return Higher(
        _headline(about),
        tuple(_sentences(list(compared.values()))),
        both(lambda width: plot_latent_means(fit, width=width, **options), "means"),
        len(compared) - len(drawn),
        _comparison(compared.values(), answers.ci_prob),
        tuple(_table(answers, number, one) for number, one in enumerate(compared.values())),
        any(one.items > 1 for one in compared.values()),
        "; ".join(filter(None, (str(means.attrs["left_out"]), _controls(means.sizes[CONSTRUCT] - len(compared))))),
        compared,
    )


def _controls(count: int) -> str:
    return f"the means of {counted(count, 'control')}" if count else ""


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
    """Who is highest on one construct, or why that cannot be told; and who is not compared."""
    return _about_the_highest(one) + _not_compared([one])


def _about_the_highest(one: Compared) -> Markup:
    whom = f"the {counted(len(one.places), 'organization')} that shared means" if one.of_whom else "organizations"
    if one.is_alike:
        return Markup(
            "On {construct} {whom} hardly differ: the SD of their means is {between} times that of customers."
        ).format(construct=one.words, whom=whom, between=figure(one.between, one.interval))
    if not one.is_comparable:
        return Markup(
            "On {construct} organizations should not be compared: items that are answered differently could make up "
            "{share} of the SD between them."
        ).format(construct=one.words, share=linked(one.noise_id, _noise(one)))
    if not one.differs:
        return Markup(
            "It is open whether {whom} differ on {construct}: the SD of their means is {between} times that of "
            "customers, above a tenth of it with probability {chance}."
        ).format(
            whom=whom, construct=one.words, between=figure(one.between, one.interval),
            chance=linked(one.differ_id, chance(one.differ)),
        )  # fmt: skip
    first, second = one.likeliest[:2]
    if first.first < LIKELY:
        return Markup(
            "{whom}t is open which is highest on {construct}: {first} with probability {figure}, {second} with "
            "probability {other}."
        ).format(
            whom=capital(f"{one.of_whom}i"), construct=one.words, first=first.organization, figure=_highest(first),
            second=second.organization, other=_highest(second),
        )  # fmt: skip
    return Markup("{whom}{organization} {verb} highest on {construct}, with probability {figure}.").format(
        whom=capital(one.of_whom), organization=first.organization,
        verb="is" if first.first >= SURE else "is most likely", construct=one.words, figure=_highest(first),
    )  # fmt: skip


def _not_compared(compared: list[Compared]) -> Markup:
    """Organizations that have no part in comparisons, named where they are few."""
    on: dict[str, list[str]] = {}
    for one in compared:
        for name in one.lacking:
            on.setdefault(name, []).append(one.words)
    named = [
        name if len(words) == len(compared) else f"{name} (on {enumeration(words)})"
        for name, words in list(on.items())[:_MOST_NAMED]
    ]
    more = len(on) - len(named)
    parts = [Markup("{names}").format(names=enumeration([*named, *([f"{numeral(more)} more"] if more else [])]))]
    said = Markup(" No means were shared by {names}.").format(names=parts[0]) if on else Markup()
    if waiting := compared[0].waiting:
        have = "have" if waiting > 1 else "has"
        said += Markup(" {count} {have} not reported yet.").format(
            count=capital(counted(waiting, "organization")), have=have
        )
    return said


def _sentences(compared: list[Compared]) -> Iterable[Markup]:
    """Who is highest on what, organization by organization; what is open; and what cannot be compared."""
    whom = {one.of_whom for one in compared}
    together = whom.pop() if len(whom) == 1 else ""
    firsts: dict[str, list[Compared]] = {}
    for one in compared:
        if one.differs and one.likeliest[0].first >= LIKELY:
            firsts.setdefault(one.likeliest[0].organization, []).append(one)
    for organization, led in sorted(firsts.items(), key=lambda pair: -len(pair[1])):
        is_sure = all(one.likeliest[0].first >= SURE for one in led)
        parts = [
            Markup("{construct} (probability {figure}{whom})").format(
                construct=one.words, figure=_highest(one.likeliest[0]),
                whom=f", of {counted(len(one.places), 'organization')}" if whom else "",
            )
            for one in led
        ]  # fmt: skip
        yield Markup("{whom}{organization} is {how}highest on {listed}.").format(
            whom=capital(together), organization=organization, how="" if is_sure else "most likely ",
            listed=listed(parts),
        )  # fmt: skip
    said = {
        "It is open who is highest on": [one for one in compared if one.differs and one.likeliest[0].first < LIKELY],
        "It is open whether organizations differ on": [
            one for one in compared if one.is_comparable and not one.differs and not one.is_alike
        ],
        "Organizations hardly differ on": [one for one in compared if one.is_alike],
    }
    for start, ones in said.items():
        if ones:
            yield Markup("{start} {names}.").format(start=start, names=enumeration(one.words for one in ones))
    if apart := [one for one in compared if not one.is_comparable and not one.is_alike]:
        parts = [
            Markup("{construct} ({share})").format(construct=one.words, share=linked(one.noise_id, _noise(one)))
            for one in apart
        ]
        yield Markup(
            "Organizations should not be compared on {listed}: so much of the SD between them could come from items "
            "that are answered differently, at the same level of what they measure."
        ).format(listed=listed(parts))
    if left_out := _not_compared(compared):
        yield left_out.strip()
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
    return "all" if one.noise >= 1 else share(one.noise)


def _comparison(compared: Iterable[Compared], ci_prob: float) -> Table:
    """How much organizations differ, construct by construct, and whether they can be compared."""
    ones = list(compared)
    has_factors = any(one.items > 1 for one in ones)
    caption = (
        "SD: standard deviation of the organizations' means, drawn together as far as they are alike, in SDs of the "
        f"construct within organizations; posterior mean and {interval_name(ci_prob)}. P(differ): probability that it "
        "is above 0.1."
    )
    headers = ["SD", "P(differ)"]
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
        cells = [cell(one.between), Cell(chance(one.differ), id=one.differ_id)]
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
