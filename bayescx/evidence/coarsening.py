"""Groups of respondents large enough to be shared: small patterns of missing answers join coarser ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bayescx.coding import Coded
from bayescx.errors import EvidenceError
from bayescx.evidence.findings import Finding, lines, on_one_screen
from bayescx.evidence.matching import Matched
from bayescx.evidence.moments import SampleMoments, pattern_moments
from bayescx.evidence.patterns import Pattern, pooled, restricted
from bayescx.evidence.small_groups import small_groups

__all__ = ["Coarsened", "Shareable", "coarsened", "shareable_moments"]


@dataclass(frozen=True, eq=False)
class Coarsened:
    """Patterns that all have enough respondents, and what that cost.

    Parameters
    ----------
    patterns : tuple of Pattern
    merged : int
        Respondents who were counted with a pattern of fewer answers.
    ignored : int
        Answers of these respondents that were ignored for it.
    dropped : int
        Respondents for whom there was no such pattern.
    """

    patterns: tuple[Pattern, ...]
    merged: int = 0
    ignored: int = 0
    dropped: int = 0


def coarsened(patterns: Sequence[Pattern], minimum: int) -> Coarsened:
    """Join each pattern of fewer than `minimum` respondents to the fullest large enough one that it contains.

    Of two that are equally full, the one with more respondents is taken. Respondents who answered nothing that a
    large enough pattern consists of are dropped.

    Examples
    --------
    >>> import numpy as np
    >>> from bayescx.evidence.patterns import patterns_of
    >>> rows = np.arange(18.0).reshape(6, 3) ** 2
    >>> rows[:4, 2] = rows[5, 0] = np.nan
    >>> found = coarsened(patterns_of(rows), 3)
    >>> [(one.variables, one.n_obs) for one in found.patterns], found.merged, found.ignored, found.dropped
    ([((0, 1), 5)], 1, 1, 1)
    """
    large = [one for one in patterns if one.n_obs >= minimum]
    kept = list(large)
    merged = ignored = dropped = 0
    for one in patterns:
        if one.n_obs >= minimum:
            continue
        within = [other for other in large if set(other.variables) < set(one.variables)]
        if not within:
            dropped += one.n_obs
            continue
        target = min(within, key=lambda other: (-len(other.variables), -other.n_obs, other.variables))
        kept.append(_only(one, target.variables))
        merged += one.n_obs
        ignored += one.n_obs * (len(one.variables) - len(target.variables))
    return Coarsened(pooled(kept), merged, ignored, dropped)


@dataclass(frozen=True, eq=False)
class Shareable:
    """Moments of one organization that no respondent can be read off.

    Parameters
    ----------
    moments : SampleMoments
    merged, ignored, dropped : int
        As in `Coarsened`.
    lost : tuple of str
        Variables that only dropped respondents answered, or only in ignored answers.
    """

    moments: SampleMoments
    merged: int = 0
    ignored: int = 0
    dropped: int = 0
    lost: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """What the minimum size cost, as a moments file states it; empty if nothing."""
        counts = {"merged": self.merged, "ignored": self.ignored, "dropped": self.dropped}
        return counts if any(counts.values()) else {}


def shareable_moments(matched: Matched, minimum: int, coded: Mapping[str, Coded] | None = None) -> dict[str, Shareable]:
    """Return moments of each organization in which every pattern of answers has at least `minimum` respondents.

    Patterns are groups of different people, so that no difference of two of them is about fewer. So have both values of
    a column with two, and with coded columns (`PathModel.coded`) the levels of a category and the sides of a knot: the
    moments of a level that one respondent has are that respondent's answers.

    Raises
    ------
    EvidenceError
        Naming every organization that is too small, or whose respondents are too scattered over patterns, levels or
        values.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.evidence import Evidence
    >>> rows = pd.DataFrame({"org": "a", "x": range(30), "y": [k**2 if k > 12 else None for k in range(30)]})
    >>> evidence = Evidence.from_rows(rows.assign(x=rows["x"].mask(rows.index == 29)), organization="org")
    >>> found = shareable_moments(evidence.matched(["x", "y"]), 10)["a"]
    >>> found.moments, found.dropped
    (SampleMoments(n_obs=29, variables=('x', 'y'), 2 patterns of answers), 1)
    """
    moments = matched.moments()
    findings = []
    shareable = {}
    for name, own in moments.items():
        found = coarsened(matched.patterns.get(name, ()), minimum)
        if own.n_obs < minimum:
            advice = f"; --min-n {minimum} keeps such organizations out"
            findings.append(Finding(f"fewer than {minimum} respondents", name, f"n = {own.n_obs}", advice))
        elif name in matched.patterns and not found.patterns:
            what = f"no {minimum} respondents answered the same questions"
            advice = "; share fewer variables: --model MODEL or --variables A,B"
            findings.append(Finding(what, name, f"n = {own.n_obs}", advice))
        elif small := small_groups(matched, name, minimum, coded or {}, found.patterns):
            findings += small
        elif found.merged or found.dropped:
            shareable[name] = _shareable(name, found, own, matched.variables)
        else:
            shareable[name] = Shareable(own)
    if findings:
        raise EvidenceError("moments that can be shared", on_one_screen(lines(findings, len(moments))))
    return shareable


def _shareable(name: str, found: Coarsened, own: SampleMoments, variables: Sequence[str]) -> Shareable:
    try:
        moments = SampleMoments.from_patterns(pattern_moments(found.patterns, variables))
    except EvidenceError as error:
        raise EvidenceError(f"organization {name}, after small groups were left out", error.problems) from None
    kept = [variable for variable in variables if variable in moments.variables]
    lost = tuple(variable for variable in own.variables if variable not in kept)
    return Shareable(moments, found.merged, found.ignored, found.dropped, lost)


def _only(one: Pattern, variables: tuple[int, ...]) -> Pattern:
    (cut,) = restricted([one], variables)
    return Pattern(variables, cut.n_obs, cut.mean, cut.scatter)
