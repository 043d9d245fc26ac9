"""How well items measure their factors, and whether factors differ from each other.

All follows from the covariance matrix of items that the model implies, draw by draw and organization by organization.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.estimands.blocks import in_blocks
from bayescx.estimands.measurement import Measurement, measurement_of
from bayescx.estimands.population import Target, evaluate, labelled
from bayescx.estimands.prior import with_contraction
from bayescx.estimands.summary import summarize
from bayescx.estimands.system import System
from bayescx.fitted import Fit

__all__ = ["FACTOR", "average_variance_extracted", "heterotrait_monotrait", "measurement_quality", "reliability"]

Floats = NDArray[np.float64]

FACTOR, OTHER = "factor", "factor_other"

_BLOCK = 512  # organizations at a time: of 30 items a covariance matrix takes 7 kB


def reliability(fit: Fit, target: Target = "organization", *, standardized: bool = True) -> xr.DataArray:
    """Omega of each factor: the share of the variance of its items' sum that is due to the factor (McDonald 1999).

    (sum of loadings)^2 * variance of the factor / variance of the sum of its items, the latter with all that the model
    has them share: other factors on which they load, and errors that covary. Items that run against their factor, by
    their mean loading, are reversed before they are summed: the same ones in all draws and organizations. Of the
    average it is the mean of organizations' own omegas.

    Parameters
    ----------
    fit : Fit
    target : {"organization", "typical", "average", "new", "alone"}
    standardized : bool
        The sum is of items on the common scale, each divided by its pooled SD within organizations: the same sum
        everywhere, in which long answer scales count no more than short ones. Else of items as they were answered.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], factor, with coordinates ``items`` (how many), contraction and prior_sd (see
        ``direct_effects``). Of a factor only items with an error count; factors with fewer than two of these, and those
        that only other factors measure, are left out.

    Raises
    ------
    FitError
        If no factor has two items with errors, or the target has no answer.

    Examples
    --------
    >>> reliability(fit, "average").dims  # doctest: +SKIP
    ('chain', 'draw', 'factor')
    """
    measured = measurement_of(fit)
    unit = np.ones(len(measured.rows)) if standardized else measured.unit
    keyed = _keys(fit, measured)

    def block(system: System) -> Floats:
        loadings = measured.loadings(system) * unit[:, None]
        sigma = measured.covariance(system) * unit[:, None] * unit
        common = (keyed * loadings).sum(axis=-2) ** 2 * system.variance[..., measured.columns]
        return np.asarray(common / (keyed * (sigma @ keyed)).sum(axis=-2))

    return _answer(
        fit, target, measured, block, (FACTOR,), name="reliability",
        long_name="reliability of the sum of items (omega)", units="share of variance", standardized=standardized,
    )  # fmt: skip


def _keys(fit: Fit, measured: Measurement) -> Floats:
    """1 or -1 for each item of a factor, by the sign of its mean loading, else 0, (item, factor)."""
    loadings = evaluate(fit, "organization", measured.loadings, key=None)
    return np.asarray(np.where(np.nanmean(loadings, axis=(0, 1, 2)) < 0, -1.0, 1.0) * measured.belongs)


def average_variance_extracted(fit: Fit, target: Target = "organization") -> xr.DataArray:
    """Average variance extracted by each factor (Fornell & Larcker 1981): its mean squared standardized loading.

    A squared standardized loading, loading^2 * variance of the factor / implied variance of the item, is the share of
    an item's variance that this factor explains, standardized in each organization by its own model-implied SDs.

    Parameters, dims, coordinates and errors are those of ``reliability``.

    Examples
    --------
    >>> average_variance_extracted(fit).dims  # doctest: +SKIP
    ('chain', 'draw', 'organization', 'factor')
    """
    measured = measurement_of(fit)

    def block(system: System) -> Floats:
        variance = np.diagonal(measured.covariance(system), axis1=-2, axis2=-1)
        explained = measured.loadings(system) ** 2 * system.variance[..., None, measured.columns] / variance[..., None]
        return np.asarray(explained.sum(axis=-2) / measured.belongs.sum(axis=0))

    return _answer(
        fit, target, measured, block, (FACTOR,), name="average_variance_extracted",
        long_name="average variance extracted (AVE)", units="share of variance",
    )  # fmt: skip


def heterotrait_monotrait(fit: Fit, target: Target = "organization") -> xr.DataArray:
    """Heterotrait-monotrait ratio of correlations, HTMT (Henseler, Ringle & Sarstedt 2015), of each pair of factors.

    The mean correlation of items of one factor with items of the other, divided by the geometric mean of the two mean
    correlations of items within a factor. Correlations are those of items as the model implies them, and count by their
    absolute size. An item of both factors is not paired with itself.

    Parameters and errors are those of ``reliability``; besides, two factors are needed.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], factor, factor_other: symmetric, 1 for a factor with itself.

    Examples
    --------
    >>> heterotrait_monotrait(fit).dims  # doctest: +SKIP
    ('chain', 'draw', 'organization', 'factor', 'factor_other')
    """
    measured = measurement_of(fit)
    if len(measured.factors) < 2:
        raise FitError(
            f"a ratio of correlations between and within factors needs two factors with two items each; the model has "
            f"one, {measured.factors[0]!r}"
        )
    return _answer(
        fit, target, measured, _htmt(measured), (FACTOR, OTHER), name="heterotrait_monotrait",
        long_name="heterotrait-monotrait ratio (HTMT)", units="ratio of correlations",
    )  # fmt: skip


def _htmt(measured: Measurement) -> Callable[[System], Floats]:
    belongs = measured.belongs
    same = belongs.T @ belongs  # on the diagonal all items of a factor, elsewhere those of both factors
    pairs = np.outer(belongs.sum(axis=0), belongs.sum(axis=0)) - same

    def block(system: System) -> Floats:
        sigma = measured.covariance(system)
        sd = np.sqrt(np.diagonal(sigma, axis1=-2, axis2=-1))
        correlation = np.abs(sigma / (sd[..., :, None] * sd[..., None, :]))
        mean = (belongs.T @ correlation @ belongs - same) / pairs
        within = np.sqrt(np.diagonal(mean, axis1=-2, axis2=-1))
        return np.asarray(mean / (within[..., :, None] * within[..., None, :]))

    return block


def _answer(
    fit: Fit,
    target: Target,
    measured: Measurement,
    block: Callable[[System], Floats],
    dims: tuple[str, ...],
    *,
    name: str,
    long_name: str,
    units: str,
    standardized: bool = True,
) -> xr.DataArray:
    """An estimand along factors, with its coordinates."""

    def function(system: System) -> Floats:
        return in_blocks(system, block, _BLOCK)

    key = (name, standardized)
    coords: dict[str, object] = {dim: list(measured.factors) for dim in dims}
    if dims == (FACTOR,):
        coords["items"] = (FACTOR, [len(rows) for rows in measured.items.values()])
    found = labelled(
        fit, target, evaluate(fit, target, function, key=key, standardized=standardized), dims, coords,
        name=name, long_name=long_name, units=units,
    )  # fmt: skip
    return with_contraction(found, fit, function, key=key, standardized=standardized)


def measurement_quality(fit: Fit, target: Target = "average", ci_prob: float = 0.95) -> pd.DataFrame:
    """What reviewers ask of a measurement model, one row per factor.

    Parameters
    ----------
    fit : Fit
    target : {"average", "typical", "new", "organization", "alone"}
        For the average of the N planned every figure is averaged over organizations before figures are compared.
    ci_prob : float
        Probability of the equal-tailed intervals.

    Returns
    -------
    pandas.DataFrame
        Columns [organization,] factor, items (how many), then posterior means and probabilities:

        - omega, omega_lb, omega_ub: ``reliability``.
        - ave, ave_lb, ave_ub: ``average_variance_extracted``.
        - largest_correlation, correlates_most_with: the largest absolute correlation with another factor that has an
          observed item, and with which factor it is on average the largest.
        - p_fornell_larcker: probability that AVE exceeds the square of that largest correlation, the criterion of
          Fornell & Larcker (1981).
        - htmt: the largest ``heterotrait_monotrait`` ratio with another factor; p_htmt_85, p_htmt_90: probability that
          it is below .85 and .90, the limits of Henseler, Ringle & Sarstedt (2015).

        nan where there is no other factor to compare with.

    Raises
    ------
    FitError
        If no factor has two items with errors, or the target has no answer.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("trust =~ t1 + t2 + t3; loyalty =~ l1 + l2; loyalty ~ trust")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization")
    >>> table = measurement_quality(bcx.fit(model, evidence, random_seed=1, progressbar=False))
    >>> table[["factor", "omega", "correlates_most_with", "p_htmt_90"]].round(1).values.tolist()
    [['trust', 0.9, 'loyalty', 1.0], ['loyalty', 0.8, 'trust', 1.0]]
    """
    measured = measurement_of(fit)
    ave = average_variance_extracted(fit, target)
    tables = [_interval(reliability(fit, target), "omega", ci_prob), _interval(ave, "ave", ci_prob)]
    table = pd.concat([tables[0], tables[1][["ave", "ave_lb", "ave_ub"]]], axis=1)
    counts = np.broadcast_to(ave["items"].values, ave.shape[2:]).ravel()
    table.insert(list(table.columns).index(FACTOR) + 1, "items", counts)
    largest, whose = _largest(np.abs(_correlations(fit, target, measured)))
    table["largest_correlation"] = largest.mean(axis=(0, 1)).ravel()
    names = np.array([*measured.factors, *measured.single, ""], dtype=object)
    table["correlates_most_with"] = names[whose.ravel()]
    table["p_fornell_larcker"] = _probability(ave.values > largest**2, largest)
    ratio = np.full(ave.shape, np.nan)
    if len(measured.factors) > 1:
        ratio, _ = _largest(heterotrait_monotrait(fit, target).values)
    table["htmt"] = ratio.mean(axis=(0, 1)).ravel()
    for limit in (85, 90):
        table[f"p_htmt_{limit}"] = _probability(ratio < limit / 100, ratio)
    return table


def _interval(draws: xr.DataArray, name: str, ci_prob: float) -> pd.DataFrame:
    table = summarize(draws, ci_prob, kind="stats")
    lower, upper = (str(column) for column in table if str(column).startswith("eti"))
    labels = [str(dim) for dim in draws.dims[2:]]
    named = table.rename(columns={"mean": name, lower: f"{name}_lb", upper: f"{name}_ub"})
    return named[[*labels, name, f"{name}_lb", f"{name}_ub"]]


def _correlations(fit: Fit, target: Target, measured: Measurement) -> Floats:
    """Correlations of factors with all that have an observed item, themselves first, (chain, draw, ..., F, others)."""
    columns = measured.columns
    others = [*columns, *(measured.layout.constructs.index(name) for name in measured.single)]

    def function(system: System) -> Floats:
        sd = np.sqrt(system.variance)
        covariance = system.covariance[..., columns, :][..., others]
        return np.asarray(covariance / (sd[..., columns][..., :, None] * sd[..., others][..., None, :]))

    return evaluate(fit, target, function, key="factor correlations")


def _largest(sizes: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Largest size (chain, draw, ..., F, others) but that with itself, and where it is largest on average, else -1."""
    count = sizes.shape[-1]
    if count < 2:
        return np.full(sizes.shape[:-1], np.nan), np.full(sizes.shape[2:-1], -1)
    others = np.where(np.eye(sizes.shape[-2], count, dtype=bool), 0.0, sizes)
    whose = others.mean(axis=(0, 1)).argmax(axis=-1)
    largest = others.max(axis=-1)
    return largest, np.where(np.isnan(largest).any(axis=(0, 1)), -1, whose)


def _probability(holds: NDArray[np.bool_], of: Floats) -> Floats:
    """Share of draws; nan where there is nothing that could hold or not."""
    return np.where(np.isnan(of).any(axis=(0, 1)), np.nan, holds.mean(axis=(0, 1))).ravel()
