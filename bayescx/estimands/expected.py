"""What the next organizations would buy: the interval of the average of N that is to be expected once more report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError
from bayescx.estimands.attributes import added_by, drawn_alike, known_attributes
from bayescx.estimands.population import evaluate
from bayescx.estimands.quantity import (
    QuantityName,
    check_population,
    interval_of,
    is_settled,
    quantity_of,
    whole_number,
)
from bayescx.estimands.system import System, layout_of
from bayescx.evidence import Matched
from bayescx.fitted import Fit
from bayescx.model import matrices
from bayescx.model.layout import Layout
from bayescx.model.refit import refit_each, warn_of_refits

__all__ = ["expected_margin"]

Floats = NDArray[np.float64]

_FUTURE, _REFIT, _ATTRIBUTES = 14, 15, 16  # random streams, apart from the seed's own
_MOST_RESPONDENTS = 10**9
_USUAL_RANGE = (0.1, 0.9)


def expected_margin(
    fit: Fit,
    k: int | Sequence[int],
    quantity: QuantityName,
    *,
    simulations: int = 20,
    n_obs: int | None = None,
    ci_prob: float = 0.95,
    standardized: bool = True,
    draws: int = 500,
    tune: int = 500,
    random_seed: int | None = None,
    progressbar: bool = True,
) -> pd.DataFrame:
    """Say how narrow the interval of the average of the N planned will be once k organizations have reported.

    Each simulation takes one draw of the posterior as the truth, draws the organizations to come from its population
    (with all of their parameters), draws the sample moments that they would share (Wishart), adds them to the evidence
    and fits again. The same imagined organizations serve every k. Where paths depend on attributes of organizations,
    those of which they were stated come first; others have those of one that is known, drawn at random.

    Parameters
    ----------
    fit : Fit
    k : int or sequence of int
        Organizations that have reported in total: from those present (today's interval) to those planned.
    quantity : str or tuple
        As in ``margin_by_reporting``.
    simulations : int
        Futures drawn; each costs one refit for every k.
    n_obs : int, optional
        Respondents of each organization to come; by default the median of those present.
    ci_prob : float
        Probability of the equal-tailed interval.
    standardized : bool
        Effects in SDs; else in the data's units.
    draws, tune : int
        Of each refit, per chain.
    random_seed : int, optional
        By default the fit's own.
    progressbar : bool
        Show how many refits are done.

    Returns
    -------
    pandas.DataFrame
        One row per k: ``k``; ``width_now`` and ``expected_width`` of the interval, with ``width_10`` and ``width_90``,
        the quantiles of the width over simulations; ``sd_now`` and ``expected_sd``; ``share_saved``, the share of
        today's width that is saved; ``not_converged``, how many refits did not converge for this quantity.

    Raises
    ------
    FitError
        If there is no such quantity, k or another setting is out of range, or the pooling leaves no population.

    Warns
    -----
    ConvergenceWarning
        Once, if refits did not converge for this quantity.

    Examples
    --------
    >>> table = expected_margin(fit, [4, 6], "loyalty~trust", simulations=2, progressbar=False)
    >>> table["k"].tolist(), bool(table["share_saved"][1] > table["share_saved"][0] == 0)
    ([4, 6], True)
    """
    asked = quantity_of(fit, quantity, standardized=standardized)
    check_population(fit)
    totals = _totals(fit, k)
    whole_number("simulations", simulations, 1)
    whole_number("draws", draws, 4)
    whole_number("tune", tune, 1)
    now = interval_of(asked.average(fit), ci_prob)
    seed = fit.seed if random_seed is None else whole_number("random_seed", random_seed, 0)
    size = _respondents(fit, n_obs)
    present = len(fit.organizations)
    later = [total for total in totals if total > present]
    shape = (simulations, max(totals) - present)
    futures = _futures(fit, *shape, size, seed) if later else np.empty(0)
    attributes = _attributes_to_come(fit, *shape, seed)
    plan = [(total, s) for total in later for s in range(simulations)]
    changes = [
        {
            "evidence": _joined(fit.evidence, futures[s, : total - present], size, attributes[s, : total - present]),
            "random_seed": int(np.random.default_rng([seed, _REFIT, total, s]).integers(2**31)),
            "draws": draws,
            "tune": tune,
        }
        for total, s in plan
    ]
    rows = [(total, now.width, now.sd, True) for total in totals if total == present]
    doing = f"Refitting with imagined organizations ({len(changes)})"
    for (total, _), again in zip(plan, refit_each(fit, changes, doing=doing, progressbar=progressbar), strict=True):
        answer = asked.average(again)
        found = interval_of(answer, ci_prob)
        rows.append((total, found.width, found.sd, is_settled(again, answer)))
    table = _table(pd.DataFrame(rows, columns=["k", "width", "sd", "settled"]), now.width, now.sd)
    warn_of_refits(int(table["not_converged"].sum()), len(changes))
    return table


def _totals(fit: Fit, k: object) -> list[int]:
    present, planned = len(fit.organizations), fit.n_planned
    asked = list(k) if isinstance(k, Iterable) and not isinstance(k, str) else [k]
    totals = [whole_number("k", one, present, planned) for one in asked]
    if not totals:
        raise FitError(f"k is empty; name numbers of organizations from {present} (present) to {planned} (planned)")
    return sorted(set(totals))


def _respondents(fit: Fit, n_obs: int | None) -> int:
    """Respondents of an organization to come."""
    least = len(fit.evidence.variables) + 2
    if n_obs is not None:
        return whole_number("n_obs", n_obs, least, _MOST_RESPONDENTS)
    counted = fit.evidence.n_obs[fit.evidence.n_obs > 0]
    if not len(counted):
        raise FitError("no organization shared rows or moments: say with n_obs how many respondents each will have")
    return max(round(float(np.median(counted))), least)


def _futures(fit: Fit, simulations: int, count: int, n_obs: int, seed: int) -> Floats:
    """Sample covariances (divisor n - 1) in the data's units of imagined organizations, (simulations, count, p, p)."""
    layout = layout_of(fit)
    rng = np.random.default_rng([seed, _FUTURE])
    sizes = fit.posterior.sizes
    n_draw = sizes[CHAIN] * sizes[DRAW]
    chosen = rng.choice(n_draw, size=simulations, replace=simulations > n_draw)
    # the target "new" is one organization per draw: each truth is laid out as often as it has organizations to come
    place = np.unravel_index(np.repeat(chosen, count), (sizes[CHAIN], sizes[DRAW]))
    at = {dim: xr.DataArray(index, dims="future") for dim, index in zip((CHAIN, DRAW), place, strict=True)}
    truths = fit.posterior.isel(at).drop_vars([CHAIN, DRAW]).rename(future=DRAW).expand_dims(CHAIN)
    truths = truths.assign_coords({CHAIN: [0], DRAW: np.arange(simulations * count)}).transpose(CHAIN, DRAW, ...)
    if layout.moderators:
        truths = _moved(fit, truths, layout, simulations, count, seed)
    imagined = replace(
        fit,
        tree=xr.DataTree.from_dict({"posterior": truths}),
        provenance={**fit.provenance, "random_seed": int(rng.integers(2**31))},
    )

    def implied(system: System) -> Floats:
        return matrices.implied_covariance(layout, system.u)

    unit = np.array([layout.scale[name] for name in layout.variables])
    sigma = evaluate(imagined, "new", implied)[0] * np.multiply.outer(unit, unit)
    return _wishart(rng, sigma, n_obs - 1).reshape(simulations, count, *sigma.shape[1:])


def _alike(fit: Fit, simulations: int, count: int, seed: int) -> NDArray[np.int64]:
    """Whose attributes imagined organizations have, (simulations, count): those stated first."""
    return drawn_alike(fit, (simulations, count), np.random.default_rng([seed, _ATTRIBUTES]), stated_first=True)


def _attributes_to_come(fit: Fit, simulations: int, count: int, seed: int) -> Floats:
    """Attributes of imagined organizations as evidence has them, (simulations, count, K)."""
    known = fit.evidence.attributes
    return np.concatenate([known.values, known.unreported_values])[_alike(fit, simulations, count, seed)]


def _moved(fit: Fit, truths: xr.Dataset, layout: Layout, simulations: int, count: int, seed: int) -> xr.Dataset:
    """Move population centres to where the attributes of each imagined organization put them, and these to 0."""
    z = known_attributes(fit)[_alike(fit, simulations, count, seed)].reshape(1, simulations * count, 1, -1)
    of_them = replace(fit, tree=xr.DataTree.from_dict({"posterior": truths}))
    added = added_by(z, of_them, layout)[:, :, 0, layout.of_block("paths")]
    return truths.assign(beta_mu=truths["beta_mu"] + added, moderation=0.0 * truths["moderation"])


def _wishart(rng: np.random.Generator, sigma: Floats, df: int) -> Floats:
    """Sample covariances around ``sigma`` (..., p, p) by Bartlett's decomposition: no row is ever drawn."""
    p = sigma.shape[-1]
    factor = np.tril(rng.standard_normal(sigma.shape), -1)
    factor[..., range(p), range(p)] = np.sqrt(rng.chisquare(df - np.arange(p), size=sigma.shape[:-1]))
    root = np.linalg.cholesky(sigma) @ factor
    return np.asarray(root @ np.swapaxes(root, -1, -2) / df)


def _joined(evidence: Matched, cov: Floats, n_obs: int, attributes: Floats) -> Matched:
    """The evidence with imagined organizations, and their attributes, after those that shared rows or moments."""
    names: list[str] = []
    number = 0
    while len(names) < len(cov):
        number += 1
        if (name := f"imagined {number}") not in evidence.organizations:
            names.append(name)
    at = int(np.count_nonzero(evidence.n_obs > 0))  # those known by figures only stand last
    before, after = evidence.organizations[:at], evidence.organizations[at:]
    return replace(
        evidence,
        organizations=(*before, *names, *after),
        n_obs=np.insert(evidence.n_obs, at, np.full(len(cov), n_obs)),
        mean=np.insert(evidence.mean, at, np.full((len(cov), cov.shape[-1]), np.nan), axis=0),
        cov=np.insert(evidence.cov, at, cov, axis=0),
        level={**evidence.level, **dict.fromkeys(names, "moments")},
        attributes=evidence.attributes.joined(attributes, at),
    )


def _table(rows: pd.DataFrame, width_now: float, sd_now: float) -> pd.DataFrame:
    by_total = rows.groupby("k", sort=True)
    width = by_total["width"]
    low, high = (width.quantile(probability) for probability in _USUAL_RANGE)
    return pd.DataFrame(
        {
            "width_now": width_now,
            "expected_width": width.mean(),
            "width_10": low,
            "width_90": high,
            "sd_now": sd_now,
            "expected_sd": by_total["sd"].mean(),
            "share_saved": 1.0 - width.mean() / width_now,
            "not_converged": by_total["settled"].agg(lambda settled: int((~settled).sum())),
        }
    ).reset_index()
