"""Means and covariances without a model from incomplete answers: maximum likelihood by the EM algorithm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.patterns import Pattern, available_variance

__all__ = ["saturated_moments"]

TOLERANCE = 1e-9
"""Largest change of a mean or covariance, in SDs, after which the iterations stop."""
MOST_LEAPS = 100
LONGEST_LEAP = 128.0
AT_ONCE = 4096
"""Patterns that are worked on together: bounds the memory."""
LEAST_EIGENVALUE = 1e-6


def saturated_moments(patterns: Sequence[Pattern], p: int) -> tuple[Floats, Floats]:
    """Maximum-likelihood means (p,) and covariances (p, p) of patterns of missing answers.

    The covariances are rescaled from divisor n to n - 1, n being all respondents; one pattern alone has the usual
    ones. Variables that nobody answered are nan. What the answers leave open (two variables that nobody answered
    together) stays uncorrelated given the rest; an estimate on the border, with a linear combination that does not
    vary, is drawn towards no correlation by as little as makes it positive definite.

    Dempster, Laird & Rubin (1977, JRSS B 39, 1-38); Little & Rubin (2019, Statistical Analysis with Missing Data,
    section 11.2).

    Parameters
    ----------
    patterns : sequence of Pattern
        At least one, with two respondents or more together.
    p : int
        Number of variables.

    Examples
    --------
    >>> from bayescx.evidence.patterns import patterns_of
    >>> rows = np.array([[1.0, 2.0], [3.0, 3.0], [2.0, 4.0], [6.0, np.nan]])
    >>> mean, cov = saturated_moments(patterns_of(rows), 2)
    >>> mean.round(6).tolist(), cov.round(6).tolist()
    ([3.0, 3.5], [[4.666667, 2.333333], [2.333333, 1.833333]])
    """
    n_obs = sum(one.n_obs for one in patterns)
    mean, cov = np.full(p, np.nan), np.full((p, p), np.nan)
    if len(patterns) == 1:
        (only,) = patterns
        mean[list(only.variables)] = only.mean
        cov[np.ix_(only.variables, only.variables)] = only.scatter / (n_obs - 1)
        return mean, cov
    variance, _ = available_variance(patterns, p)
    present = np.flatnonzero(variance > 0)
    start, unit = _available_mean(patterns, p)[present], np.sqrt(variance[present])
    m, s = _maximum(_Stack(patterns, present, start, unit), n_obs)
    mean[present] = start + unit * m
    cov[np.ix_(present, present)] = _positive_definite(s) * np.outer(unit, unit) * (n_obs / (n_obs - 1))
    return mean, cov


class _Stack:
    """Patterns as arrays of one shape, in SDs from the available means; zeros where nothing was answered."""

    def __init__(self, patterns: Sequence[Pattern], present: NDArray[np.intp], start: Floats, unit: Floats) -> None:
        place = {int(variable): k for k, variable in enumerate(present)}
        shape = len(patterns), len(present)
        self.n = np.array([one.n_obs for one in patterns], dtype=float)
        self.answered = np.zeros(shape, dtype=bool)
        self.mean = np.zeros(shape)
        self.scatter = np.zeros((*shape, shape[1]))
        for row, one in enumerate(patterns):
            keep = [k for k, variable in enumerate(one.variables) if variable in place]
            to = [place[one.variables[k]] for k in keep]
            self.answered[row, to] = True
            self.mean[row, to] = (one.mean[keep] - start[to]) / unit[to]
            self.scatter[row][np.ix_(to, to)] = one.scatter[np.ix_(keep, keep)] / np.outer(unit[to], unit[to])


def _maximum(data: _Stack, n_obs: int) -> tuple[Floats, Floats]:
    """Iterate to the maximum; every second step leaps (SQUAREM: Varadhan & Roland, 2008, Scand. J. Statist. 35)."""
    q = data.mean.shape[1]
    now = np.vstack([np.zeros(q), np.eye(q)])  # the means above the covariances
    for _ in range(MOST_LEAPS):
        one = _step(data, n_obs, now)
        two = _step(data, n_obs, one)
        change, turn = one - now, two - 2 * one + now
        if np.abs(two - one).max() < TOLERANCE:
            return two[0], two[1:]
        length = min(max(np.linalg.norm(change) / np.linalg.norm(turn), 1.0), LONGEST_LEAP)
        leap = now + 2 * length * change + length**2 * turn
        now = leap if np.linalg.eigvalsh(leap[1:])[0] > 0 else two
    return two[0], two[1:]


def _step(data: _Stack, n_obs: int, now: Floats) -> Floats:
    """One iteration: expected answers given those that are there, and the moments of both together."""
    mean, cov = now[0], now[1:]
    q = len(mean)
    first, second = np.zeros(q), np.zeros((q, q))
    for begin in range(0, len(data.n), AT_ONCE):
        part = slice(begin, begin + AT_ONCE)
        n, answered, several = data.n[part], data.answered[part], data.n[part] > 1
        both = answered[:, :, None] & answered[:, None, :]
        block = np.where(both, cov, np.eye(q))  # the identity where nothing was answered leaves the rest alone
        regression = cov @ np.where(both, np.linalg.inv(block), 0.0)
        shift = (regression @ np.where(answered, data.mean[part] - mean, 0.0)[..., None])[..., 0]
        first += n @ shift
        second += (regression[several] @ data.scatter[part][several] @ regression[several].mT).sum(axis=0)
        second += (n[:, None] * shift).T @ shift
        second += n.sum() * cov - np.tensordot(n, regression, 1) @ cov
    step = first / n_obs
    new = second / n_obs - np.outer(step, step)
    return np.vstack([mean + step, (new + new.T) / 2])


def _positive_definite(cov: Floats) -> Floats:
    """The matrix itself, or drawn towards its diagonal until no eigenvalue of its correlations is too small."""
    sd = np.sqrt(np.maximum(np.diag(cov), LEAST_EIGENVALUE))
    least = np.linalg.eigvalsh(cov / np.outer(sd, sd))[0]
    if least >= LEAST_EIGENVALUE:
        return cov
    keep = (1 - LEAST_EIGENVALUE) / (1 - least)
    return np.asarray(np.outer(sd, sd) * np.where(np.eye(len(sd), dtype=bool), 1.0, keep * cov / np.outer(sd, sd)))


def _available_mean(patterns: Sequence[Pattern], p: int) -> Floats:
    total, count = np.zeros(p), np.zeros(p)
    for one in patterns:
        total[list(one.variables)] += one.n_obs * one.mean
        count[list(one.variables)] += one.n_obs
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count)
