"""Full-information likelihood, written out: loops over patterns, plain inverses, selection matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bayescx.evidence import Matched, Pattern

Floats = NDArray[np.float64]


def log_likelihood(sigma: Floats, patterns: Sequence[Pattern]) -> float:
    """Of one organization, over the variables that it ever observed; means integrated out under a flat prior."""
    observed = sorted({k for one in patterns for k in one.variables})
    parts = []
    of_means, total = np.zeros((len(observed),) * 2), np.zeros(len(observed))
    value = 0.0
    for one in patterns:
        select = np.array([[float(k == v) for v in observed] for k in one.variables])
        here = sigma[np.ix_(one.variables, one.variables)]
        inverse = np.linalg.inv(here)
        value -= 0.5 * (one.n_obs * np.linalg.slogdet(here)[1] + np.trace(one.scatter @ inverse))
        of_means += one.n_obs * select.T @ inverse @ select
        total += one.n_obs * select.T @ inverse @ one.mean
        parts.append((one, select, inverse))
    centre = np.linalg.solve(of_means, total)
    for one, select, inverse in parts:
        apart = one.mean - select @ centre
        value -= 0.5 * one.n_obs * apart @ inverse @ apart
    return float(value - 0.5 * np.linalg.slogdet(of_means)[1])


def with_sds(sigma: Floats, sds: Floats) -> Floats:
    """The correlations of ``sigma`` with other SDs."""
    ratio = sds / np.sqrt(np.diag(sigma))
    return sigma * np.outer(ratio, ratio)


def random_patterns(
    rng: np.random.Generator, sigma: Floats, answered: Sequence[tuple[Sequence[int], int]]
) -> tuple[Pattern, ...]:
    """Respondents drawn from ``sigma`` (p, p) and means that are not 0: how many answered which variables."""
    mean = rng.standard_normal(len(sigma))
    patterns = []
    for variables, n_obs in answered:
        rows = rng.multivariate_normal(mean, sigma, size=n_obs)[:, list(variables)]
        apart = rows - rows.mean(axis=0)
        patterns.append(Pattern(tuple(variables), n_obs, rows.mean(axis=0), apart.T @ apart))
    return tuple(patterns)


def correlations(patterns: Sequence[Pattern]) -> tuple[Pattern, ...]:
    """What is left of the one pattern when only correlations are shared."""
    (one,) = patterns
    sd = np.sqrt(np.diag(one.scatter) / (one.n_obs - 1))
    return (Pattern(one.variables, one.n_obs, np.zeros(len(sd)), one.scatter / np.outer(sd, sd)),)


def matched(
    variables: Sequence[str],
    patterns: Mapping[str, tuple[Pattern, ...]],
    level: Mapping[str, str],
    complete: Mapping[str, tuple[int, Floats]],
    order: Sequence[str],
) -> Matched:
    """Evidence of organizations with patterns and of complete ones (n, covariances), in this order."""
    p = len(variables)
    moments = {name: complete.get(name, (0, np.full((p, p), np.nan))) for name in order}
    n_obs = [sum(one.n_obs for one in patterns.get(name, ())) or moments[name][0] for name in order]
    return Matched(
        organizations=tuple(order),
        variables=tuple(variables),
        n_obs=np.array(n_obs, dtype=np.int64),
        mean=np.full((len(order), p), np.nan),
        cov=np.array([moments[name][1] for name in order]),
        dropped={},
        kept_out={},
        n_planned=len(order),
        level={name: level.get(name, "rows") for name in order},
        patterns=patterns,
    )
