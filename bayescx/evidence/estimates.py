"""Rows of one organization -> its moments, or patterns in their place, and why they are not usable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayescx.evidence.arithmetic import Floats, dependent_variables, two_pass_moments
from bayescx.evidence.findings import Finding
from bayescx.evidence.incomplete import incomplete_answers, incomplete_findings
from bayescx.evidence.moments_checks import not_positive_definite
from bayescx.evidence.patterns import Pattern, patterns_of
from bayescx.evidence.semidefinite import dependent_beside, emptied, independent

__all__ = ["Estimates", "of_answers", "of_complete"]


@dataclass(frozen=True, eq=False)
class Estimates:
    """Moments, or patterns in their place, and what is wrong with them."""

    mean: Floats | None = None
    cov: Floats | None = None
    patterns: tuple[Pattern, ...] = ()
    findings: Sequence[Finding] = ()


def of_answers(
    organization: str, names: Sequence[str], sound: Sequence[int], kept: Floats, *, patterned: bool
) -> Estimates:
    """Moments of complete answers, else their patterns."""
    if not (patterned or np.isnan(kept).any()):
        return Estimates(*_moments(organization, names, kept))
    patterns = patterns_of(kept)
    findings = incomplete_findings(organization, names, kept, patterns)
    return Estimates(patterns=tuple(_placed(one, sound) for one in patterns), findings=findings)


def of_complete(
    organization: str,
    variables: Sequence[str],
    sound: Sequence[int],
    kept: Floats,
    coded: frozenset[str],
    *,
    patterned: bool,
) -> Estimates:
    """Moments of answers with coded columns among them, which must be complete but for what is lacking altogether."""
    given = np.flatnonzero(~np.isnan(kept).all(axis=0)).tolist() if len(kept) else []
    answers, places = kept[:, given], [sound[k] for k in given]
    if incomplete := int(np.isnan(answers).any(axis=1).sum()):
        return Estimates(findings=[incomplete_answers(organization, incomplete, len(kept))])
    names = [variables[place] for place in places]
    if not names or len(kept) <= sum(name not in coded for name in names) + 1:
        return Estimates()
    mean, cov, _, findings = _moments(organization, names, answers, coded)
    if not patterned:
        return Estimates(mean, cov, (), findings)
    only = Pattern(tuple(places), len(kept), mean, cov * (len(kept) - 1))
    return Estimates(patterns=(only,), findings=findings)


def _placed(one: Pattern, places: Sequence[int]) -> Pattern:
    return Pattern(tuple(places[variable] for variable in one.variables), one.n_obs, one.mean, one.scatter)


def _moments(
    organization: str, names: Sequence[str], complete: Floats, coded: frozenset[str] = frozenset()
) -> tuple[Floats, Floats, tuple[Pattern, ...], list[Finding]]:
    """Return mean and covariance, and why they are not usable; coded columns may be constant or collinear."""
    mean, cov = two_pass_moments(complete)
    if not np.isfinite(cov).all():
        return mean, cov, (), [Finding("values too large to square", organization)]
    constant = (np.ptp(complete, axis=0) == 0) | (np.diag(cov) <= 0)
    findings = [
        Finding(f"column '{names[index]}' is constant", organization, f"always {complete[0, index]:g}")
        for index in np.flatnonzero(constant).tolist()
        if names[index] not in coded
    ]
    emptied(cov, np.flatnonzero(constant).tolist())
    mean[constant] = complete[0, constant]
    if coded:
        loose = [k for k, name in enumerate(names) if name in coded]
        enough = len(complete) > len(names) - len(loose) + len(independent(cov, loose)) + 1
        dependent = dependent_beside(cov, names, coded) if enough else ()
    else:
        varying = np.flatnonzero(~constant).tolist()
        dependent = dependent_variables(cov[np.ix_(varying, varying)], [names[k] for k in varying]) if varying else ()
    if dependent:
        findings.append(Finding(not_positive_definite(dependent), organization))
    return mean, cov, (), findings
