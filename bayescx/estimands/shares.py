"""R-squared parted among predictors, or groups of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.blocks import in_blocks
from bayescx.estimands.equation import predictors_of
from bayescx.estimands.grouping import Groups, group_members
from bayescx.estimands.population import Target, evaluate, labelled, positions
from bayescx.estimands.prior import with_contraction
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit

__all__ = ["GROUP", "METHODS", "MOST_GROUPS", "ShareMethod", "explained_shares", "shapley", "unexplained"]

Floats = NDArray[np.float64]
ShareMethod = Literal["lmg", "pratt"]

GROUP = "group"
METHODS = {"lmg": "LMG", "pratt": "Pratt"}
MOST_GROUPS = 10
"""LMG looks at all 2^10 sets of them; each group more would double that."""

_BLOCK = 64  # organizations at a time: about 1 MB for ten single predictors, which a processor's cache holds
_COLLINEAR = 1e-12  # of its variance, below which a predictor says nothing that others do not


def explained_shares(
    fit: Fit,
    outcome: str,
    method: ShareMethod = "lmg",
    groups: Groups | None = None,
    target: Target = "organization",
    *,
    relative: bool = False,
) -> xr.DataArray:
    """Parts of an outcome's R-squared that its predictors, or groups of them, account for.

    Random-x: variances and covariances of the predictors are those that the model implies, standardized in each
    organization by its own. The parts add up to ``r_squared``.

    - "lmg": what a group adds to R-squared, averaged over all orders in which groups can enter (Lindeman, Merenda &
      Gold 1980; Grömping 2007), which is the Shapley value of R-squared. Never negative.
    - "pratt": the standardized path times the correlation of predictor and outcome (Pratt 1987), summed within groups.
      Negative where these have opposite signs, as for a suppressor: that is no share of anything, and the other parts
      then add up to more than R-squared.

    Parameters
    ----------
    fit : Fit
    outcome : str
    method : {"lmg", "pratt"}
    groups : mapping of str to iterable of str, optional
        Name of each group and its predictors. Those that are in none stand by themselves, as all do by default. LMG
        takes ten groups at most.
    target : {"organization", "typical", "average", "new", "alone"}
        "average": the average over organizations of each one's parts.
    relative : bool
        As shares of R-squared, which add up to 1; for the average of the N planned the ratio of the averages.

    Returns
    -------
    xarray.DataArray
        Dims chain, draw[, organization], group, with coordinates ``predictors`` (names, joined by " + "), contraction
        and prior_sd (see ``direct_effects``). Attribute ``sum`` says what the parts add up to.

    Raises
    ------
    FitError
        If the outcome is unknown or has no predictors, its residual covaries with them, a group names a construct that
        is no predictor or stands in another group, there are more than ten groups for LMG, or the target has no answer.

    Examples
    --------
    >>> explained_shares(fit, "loyalty", target="average").dims
    ('chain', 'draw', 'group')
    >>> both = explained_shares(fit, "loyalty", groups={"all": ["trust", "satisfaction"]}, relative=True)
    >>> float(both.min().round(6))
    1.0
    """
    if method not in METHODS:
        known = get_args(ShareMethod)
        hint = did_you_mean(str(method), known) or "."
        raise FitError(f"unknown method {method!r}{hint} Methods: {', '.join(known)}")
    members = group_members(outcome, predictors_of(fit, outcome), groups)
    _check_residual(fit, outcome)
    if method == "lmg" and len(members) > MOST_GROUPS:
        raise FitError(
            f"LMG parts R-squared among at most ten groups, and {outcome!r} has {len(members)}: {', '.join(members)}. "
            "Put predictors that belong together into one: groups={'name': ['first', 'second'], ...}; or use "
            "method='pratt'"
        )
    position = positions(layout_of(fit), [outcome])
    row, columns = position[outcome], [[position[name] for name in names] for names in members.values()]
    function = (_lmg if method == "lmg" else _pratt)(row, columns)

    def explained(system: System) -> Floats:
        return system.explained[..., [row]]

    denominator = explained if relative else None
    key = ("share", method, outcome, tuple((name, tuple(names)) for name, names in members.items()), relative)
    found = labelled(
        fit, target, evaluate(fit, target, function, denominator, key=key), (GROUP,),
        {GROUP: list(members), "predictors": (GROUP, [" + ".join(names) for names in members.values()])},
        name="explained_share", long_name=f"part of the R-squared of {outcome} ({METHODS[method]}, random x)",
        units="share of R-squared" if relative else "share of variance",
    ).assign_attrs(outcome=outcome, method=method, sum="1" if relative else "R-squared")  # fmt: skip
    return with_contraction(found, fit, function, denominator, key=key)


def _check_residual(fit: Fit, outcome: str) -> None:
    """Refuse an outcome whose predictors carry its residual: what they explain is then not 1 - residual variance."""
    model = fit.model
    for row in model.covariances:
        if outcome not in (row.lhs, row.rhs) or row.fixed == 0:
            continue
        other = row.rhs if row.lhs == outcome else row.lhs
        for name in model.predictors(outcome):
            if name == other or model.count_routes(other, name):
                raise FitError(
                    f"R-squared of {outcome!r} cannot be parted: by {row.name} its residual covaries with its "
                    f"predictor {name!r}, so that what predictors explain is not what the residual leaves"
                )


def _pratt(row: int, columns: Sequence[Sequence[int]]) -> Callable[[System], Floats]:
    def function(system: System) -> Floats:
        parts = system.paths[..., row, :] * system.covariance[..., row, :] / system.variance[..., [row]]
        return np.stack([parts[..., group].sum(axis=-1) for group in map(list, columns)], axis=-1)

    return function


def _lmg(row: int, columns: Sequence[Sequence[int]]) -> Callable[[System], Floats]:
    order = [*(column for group in columns for column in group), row]
    sizes = [len(group) for group in columns]

    def block(system: System) -> Floats:
        sd = np.sqrt(system.variance[:, order])
        sd = np.where(sd > 0, sd, 1.0)  # what does not vary is passed over
        correlation = system.covariance[:, order][:, :, order] / (sd[:, :, None] * sd[:, None, :])
        return shapley(1.0 - unexplained(np.moveaxis(correlation, 0, -1), sizes)).T

    return lambda system: in_blocks(system, block, _BLOCK)


def unexplained(correlation: Floats, sizes: Sequence[int]) -> Floats:
    """Share of the last variable's variance that each set of groups of the others leaves unexplained.

    Parameters
    ----------
    correlation : array (q, q, cell)
        Predictors group by group, then the outcome.
    sizes : sequence of int
        Predictors in each of the G groups.

    Returns
    -------
    array (2**G, cell)
        Set number s holds group g if bit g of s is set.

    Notes
    -----
    Group after group is swept out of all sets so far, which doubles their number while the matrices shrink: all sets
    of ten predictors together take about as many numbers as 19 matrices of the full size.
    """
    left = correlation[None]
    for size in sizes:
        swept = left
        for _ in range(size):
            swept = _without_first(swept)
        left = np.concatenate([left[:, size:, size:], swept])
    return left[:, 0, 0]


def _without_first(cov: Floats) -> Floats:
    """Covariances (set, q - 1, q - 1, cell) given the first variable; one that others determine is passed over."""
    pivot, along = cov[:, :1, :1], cov[:, :1, 1:]
    known = ~(pivot <= _COLLINEAR)  # nan stays nan
    slope = np.divide(along, pivot, out=np.zeros_like(along), where=np.broadcast_to(known, along.shape))
    return np.asarray(cov[:, 1:, 1:] - np.swapaxes(slope, 1, 2) * along)


def shapley(worth: Floats) -> Floats:
    """Shapley values (G, cell) of G members from the worth of every set of them, (2**G, cell), numbered by bits.

    Examples
    --------
    >>> import numpy as np
    >>> shapley(np.array([[0.0], [0.5], [0.3], [0.6]])).ravel().round(2).tolist()
    [0.4, 0.2]
    """
    sets = np.arange(len(worth))
    count = len(worth).bit_length() - 1
    holds = (sets >> np.arange(count)[:, None] & 1).astype(bool)
    others = holds.sum(axis=0) - holds  # in the set, besides the member itself
    weight = np.array([factorial(n) * factorial(count - 1 - n) / factorial(count) for n in range(count)])
    signed = np.where(holds, 1.0, -1.0) * weight[np.minimum(others, count - 1)]
    return np.asarray(signed @ worth)
