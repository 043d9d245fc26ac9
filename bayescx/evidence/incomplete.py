"""What makes the incomplete answers of one organization unusable, judged on the answers that are there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from bayescx.evidence.arithmetic import Floats, dependent_variables, two_pass_moments
from bayescx.evidence.findings import Finding
from bayescx.evidence.moments_checks import not_positive_definite
from bayescx.evidence.patterns import Pattern, available_variance

__all__ = ["incomplete_answers", "incomplete_findings"]

LISTED_INCOMPLETE = 12


def incomplete_findings(
    organization: str, names: Sequence[str], values: Floats, patterns: Sequence[Pattern]
) -> list[Finding]:
    """Look for variables that do not vary, or not independently of others.

    Parameters
    ----------
    organization : str
    names : sequence of str, length p
    values : array (n, p)
        Rows with at least one answer, nan where one is missing. A variable without any answer is passed over.
    patterns : sequence of Pattern
        The same rows.
    """
    if not all(np.isfinite(one.scatter).all() for one in patterns):
        return [Finding("values too large to square", organization)]
    answered = ~np.isnan(values)
    variance, _ = available_variance(patterns, len(names))
    findings, varying = [], []
    for k in np.flatnonzero(answered.any(axis=0)).tolist():
        given = values[answered[:, k], k]
        if np.ptp(given) == 0 or not variance[k] > 0:
            findings.append(Finding(f"column '{names[k]}' is constant", organization, f"always {given[0]:g}"))
        else:
            varying.append(k)
    dependent = _dependent(values[:, varying])
    if dependent:
        what = not_positive_definite([names[varying[k]] for k in dependent])
        findings.append(Finding(what, organization))
    return findings


def incomplete_answers(organization: str, incomplete: int, respondents: int) -> Finding:
    """Say that answers are missing, where a model with coded columns needs all of them."""
    what = "answers are missing, and a model with below(…), above(…) or category(…) needs complete ones"
    advice = (
        "; missing='listwise' (command line: --missing listwise; in an evidence file: missing = \"listwise\") leaves "
        "these respondents out"
    )
    return Finding(what, organization, f"{incomplete} of {respondents} respondents", advice, LISTED_INCOMPLETE)


def _dependent(values: Floats) -> tuple[int, ...]:
    """Columns with a combination that never varies: told by complete rows, or pair by pair if these are too few."""
    complete = values[~np.isnan(values).any(axis=1)]
    if len(complete) > values.shape[1] + 1:
        suspects = _without_variance(complete)
        return suspects if suspects and _without_variance(_answered(values, suspects)) else ()
    for pair in combinations(range(values.shape[1]), 2):
        together = _answered(values, pair)
        if len(together) > 2 and (np.ptp(together, axis=0) > 0).all() and _without_variance(together):
            return pair
    return ()


def _answered(values: Floats, columns: Sequence[int]) -> Floats:
    part = values[:, list(columns)]
    return part[~np.isnan(part).any(axis=1)]


def _without_variance(complete: Floats) -> tuple[int, ...]:
    _, cov = two_pass_moments(complete)
    varying = np.flatnonzero(np.diag(cov) > 0)
    if len(varying) == 0:
        return ()
    found = dependent_variables(cov[np.ix_(varying, varying)], [str(k) for k in varying])
    return tuple(int(k) for k in found)
