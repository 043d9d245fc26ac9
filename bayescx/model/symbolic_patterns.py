"""Full information as PyTensor expressions, for the open PyMC model.

Every organization has its respondents by pattern, padded to the longest list of patterns: what a pattern has not
seen is a variable with variance 1 that covaries with nothing, and so adds nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from numpy.typing import NDArray

from bayescx.evidence import Matched

__all__ = ["Answers", "answers_of", "observe_answers"]

Floats = NDArray[np.float64]
Tensor = Any

_ANSWERS = "organization_answers"
_SCALE = "organization_scale"


class Answers(NamedTuple):
    """Answers of A organizations in up to K patterns.

    ``organization`` (A,) is their number, ``is_free`` (A,) whether they shared correlations only. ``n_obs`` (A, K)
    respondents have ``statistics`` (A, K, 1 + p, p): means, then sums of squares and products about them, on the
    common scale. ``seen`` is 1 where a statistic was, else 0.
    """

    organization: NDArray[np.int64]
    is_free: NDArray[np.bool_]
    n_obs: Floats
    statistics: Floats
    seen: Floats


def answers_of(matched: Matched, unit: Floats) -> Answers:
    """Patterns of all organizations that have any; ``unit`` (p,) divides all but correlations."""
    names = [name for name in matched.organizations if name in matched.patterns]
    is_free = np.array([matched.level[name] == "correlations" for name in names], dtype=bool)
    p, most = len(matched.variables), max((len(matched.patterns[name]) for name in names), default=0)
    n_obs, statistics = np.zeros((len(names), most)), np.zeros((len(names), most, 1 + p, p))
    seen = np.zeros(statistics.shape)
    for a, name in enumerate(names):
        for k, one in enumerate(matched.patterns[name]):
            here = np.array(one.variables)
            units = np.ones(len(here)) if is_free[a] else unit[here]
            n_obs[a, k] = one.n_obs
            statistics[a, k, 0, here] = one.mean / units
            statistics[a, k][np.ix_(1 + here, here)] = one.scatter / np.multiply.outer(units, units)
            seen[a, k][np.ix_([0, *(1 + here)], here)] = 1.0
    organization = np.array([matched.organizations.index(name) for name in names], dtype=np.int64)
    return Answers(organization, is_free, n_obs, statistics, seen)


def observe_answers(answers: Answers, matched: Matched, sigma: Tensor) -> None:
    """Add the observed variable ``answers`` to the model; ``sigma`` (J, p, p) is implied for every organization.

    Organizations that shared correlations get SDs of their own, ``log_scale`` (organization_scale, variable), flat.
    """
    model = pm.modelcontext(None)
    names = [matched.organizations[j] for j in answers.organization]
    model.add_coords(
        {
            _ANSWERS: names,
            "pattern": list(range(answers.n_obs.shape[1])),
            "statistic": ["~1", *(f"~~{name}" for name in matched.variables)],  # as lavaan writes moments
        }
    )
    sigma = sigma[answers.organization]
    if answers.is_free.any():
        model.add_coord(_SCALE, [name for name, free in zip(names, answers.is_free, strict=True) if free])
        sigma = _rescaled(answers, sigma)
    dims = (_ANSWERS, "pattern", "statistic", "variable")
    pm.CustomDist(
        "answers",
        pm.Data("n_answers", answers.n_obs, dims=dims[:2]),
        pm.Data("seen", answers.seen, dims=dims),
        sigma,
        logp=_log_density,
        random=_random_statistics,
        signature="(k),(k,s,p),(p,p)->(k,s,p)",
        observed=pm.Data("statistics", answers.statistics, dims=dims),
        dims=dims,
    )


def _rescaled(answers: Answers, sigma: Tensor) -> Tensor:
    """``sigma`` (A, p, p), where correlations were shared with free SDs instead of the implied ones."""
    free = np.flatnonzero(answers.is_free)
    log_scale = pm.Flat("log_scale", dims=(_SCALE, "variable"))
    unseen = 1.0 - answers.seen[free, :, 0].max(axis=1)
    if unseen.any():  # nothing else holds the SD of a variable that an organization lacks
        weight = 2.0 * answers.n_obs[free].sum(axis=1)[:, None] * unseen
        pm.Potential("log_scale_unseen", -0.5 * (weight * log_scale**2).sum())
    along = np.arange(unseen.shape[1])
    sd = pt.sqrt(sigma[free][:, along, along])
    ratio = pt.ones(sigma.shape[:2])[free].set(pt.exp(log_scale) / sd)
    return sigma * ratio[:, :, None] * ratio[:, None, :]


def _log_density(statistics: Tensor, n_obs: Tensor, seen: Tensor, sigma: Tensor) -> Tensor:
    """Log-likelihood of organizations, means integrated out, constants left out.

    -1/2 sum_p [n log|Sigma_p| + tr(W Sigma_p^-1) + n d' Sigma_p^-1 d] - 1/2 log|M| with M = sum_p n J' Sigma_p^-1 J and
    d the means less their estimate M^-1 sum_p n J' Sigma_p^-1 ybar.
    """
    mean, scatter = statistics[..., 0, :], statistics[..., 1:, :]
    answered, both = seen[..., 0, :], seen[..., 1:, :]
    identity = pt.eye(sigma.shape[-1])  # type: ignore[no-untyped-call]
    of_seen = both * sigma[..., None, :, :] + identity * (1.0 - answered)[..., None, :]
    precision = both * pt.linalg.inv(of_seen)
    weighted = n_obs[..., None, None] * precision
    of_means = weighted.sum(axis=-3) + identity * (1.0 - answered.max(axis=-2))[..., None, :]
    total = (weighted * mean[..., None, :]).sum(axis=(-3, -1))
    centre = (pt.linalg.inv(of_means) * total[..., None, :]).sum(axis=-1)
    apart = answered * (mean - centre[..., None, :])
    deviance = (precision * scatter).sum(axis=(-3, -2, -1))
    deviance += (weighted * apart[..., :, None] * apart[..., None, :]).sum(axis=(-3, -2, -1))
    deviance += (n_obs * pt.linalg.slogdet(of_seen)[1]).sum(axis=-1) + pt.linalg.slogdet(of_means)[1]
    return pt.switch(pt.isnan(deviance), -np.inf, -deviance / 2)  # nan: partial correlations that no matrix has


def _random_statistics(
    n_obs: Floats, seen: Floats, sigma: Floats, rng: np.random.Generator, size: tuple[int, ...] | None = None
) -> Floats:
    """Means and scatters of new respondents in the same patterns, about means of 0."""
    shape = n_obs.shape[:-1] if size is None else tuple(size)
    n_obs, seen = np.broadcast_to(n_obs, (*shape, n_obs.shape[-1])), np.broadcast_to(seen, (*shape, *seen.shape[-3:]))
    sigma = np.broadcast_to(sigma, (*shape, *sigma.shape[-2:]))
    out = np.zeros(seen.shape)
    for at in np.ndindex(n_obs.shape):
        here, n = np.flatnonzero(seen[at][0]), int(n_obs[at])
        if n > 0:
            rows = rng.multivariate_normal(np.zeros(len(here)), sigma[at[:-1]][np.ix_(here, here)], size=n)
            mean = rows.mean(axis=0)
            out[at][0, here] = mean
            out[at][np.ix_(1 + here, here)] = (rows - mean).T @ (rows - mean)
    return out
