"""Draws to tables: the width of intervals is chosen here, last."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError
from bayescx.estimands.prior import CONTRACTION, PRIOR_SD

__all__ = ["LEAST_CONTRACTION", "summarize"]

Floats = NDArray[np.float64]
Kind = Literal["all", "stats"]

LEAST_CONTRACTION = 0.5
"""An answer whose variance the evidence cut by less than this share rests mostly on the prior."""

_TAILS = (0.05, 0.95)  # as Vehtari et al. (2021); left out, ArviZ would take them from its settings


def summarize(array: xr.DataArray | xr.Dataset, ci_prob: float = 0.95, *, kind: Kind = "all") -> pd.DataFrame:
    """Summarize draws as a tidy table, one row per quantity.

    Parameters
    ----------
    array : DataArray or Dataset
        An estimand, or any array with dims chain and draw. Of a Dataset each variable that has draws is summarized,
        named in a column ``quantity``.
    ci_prob : float
        Probability of the equal-tailed interval.
    kind : {"all", "stats"}
        "stats" leaves the diagnostics out, which take most of the time.

    Returns
    -------
    pandas.DataFrame
        Columns for the labels (path, organization, cause and outcome ...), then by ArviZ's names: mean, sd,
        ``eti95_lb``, ``eti95_ub`` (for 0.95), mcse_mean, ess_bulk, ess_tail, r_hat. Of effects and R-squared also
        ``contraction``, 1 - variance / variance under the priors (nan where these leave it undefined), and
        ``rests_on_prior``: it is below 0.5, so the evidence leaves the answer open. Pairs of constructs without a
        route are left out.

    Raises
    ------
    FitError
        If there are no draws, ``ci_prob`` is not between 0 and 1, or ``kind`` is unknown.

    Examples
    --------
    >>> from bayescx.estimands import r_squared
    >>> summarize(r_squared(fit, target="typical"), ci_prob=0.9).columns.tolist()[:5]
    ['outcome', 'mean', 'sd', 'eti90_lb', 'eti90_ub']
    """
    _check_probability(ci_prob)
    if kind not in ("all", "stats"):
        raise FitError(f"kind is 'all' or 'stats', found {kind!r}")
    if isinstance(array, xr.Dataset):
        tables = [
            summarize(variable, ci_prob, kind=kind).assign(quantity=str(name))
            for name, variable in array.data_vars.items()
            if {CHAIN, DRAW} <= set(variable.dims)
        ]
        if not tables:
            raise FitError("no variable of this Dataset has dims chain and draw")
        table = pd.concat(tables, ignore_index=True)
        return table[["quantity", *(column for column in table.columns if column != "quantity")]]
    if not {CHAIN, DRAW} <= set(array.dims):
        raise FitError(f"there are no draws to summarize: dims are {', '.join(map(str, array.dims))}")
    return _table(array, ci_prob, kind)


def _check_probability(ci_prob: object) -> None:
    if not isinstance(ci_prob, float | np.floating) or not 0 < ci_prob < 1:
        percent = float(ci_prob) if isinstance(ci_prob, int | float) else 0.0
        hint = f"; for {percent:g} % give {percent / 100:g}" if 1 < percent < 100 else ""
        raise FitError(f"ci_prob must lie between 0 and 1, found {ci_prob!r}{hint}")


def _table(array: xr.DataArray, ci_prob: float, kind: Kind) -> pd.DataFrame:
    dims = [dim for dim in array.dims if dim not in (CHAIN, DRAW)]
    draws = array.transpose(CHAIN, DRAW, *dims)
    shape = draws.shape[2:]
    keep = np.ones(shape, dtype=bool)
    if "has_route" in array.coords:
        route = array["has_route"].broadcast_like(draws.isel({CHAIN: 0, DRAW: 0}))
        keep = np.broadcast_to(route.transpose(*dims).values, shape)
    index = np.indices(shape)[:, keep] if shape else np.zeros((0, 1), dtype=int)
    labels = {
        str(dim): np.asarray(draws[dim].values)[index[i]] if dim in draws.coords else index[i]
        for i, dim in enumerate(dims)
    }
    cells = draws.values[..., keep]
    columns = _statistics(cells, ci_prob, kind) if cells.size else _nothing(ci_prob, kind)
    return pd.DataFrame({**labels, **columns, **_contraction(draws, keep)})


def _contraction(draws: xr.DataArray, keep: NDArray[np.bool_]) -> dict[str, Any]:
    """Contraction of an estimand's cells; nothing for what was computed from one, which no longer has its variance."""
    if not {CONTRACTION, PRIOR_SD} <= set(draws.coords):
        return {}
    after = draws.var((CHAIN, DRAW), ddof=1)
    told, sd = (
        draws[name].broadcast_like(after).transpose(*after.dims).values[keep] for name in (CONTRACTION, PRIOR_SD)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1.0 - after.values[keep] / sd**2
    if not np.allclose(found, told, rtol=0.0, atol=1e-6, equal_nan=True):
        return {}
    return {CONTRACTION: told, "rests_on_prior": told < LEAST_CONTRACTION}


def _statistics(cells: Floats, ci_prob: float, kind: Kind) -> dict[str, Floats]:
    """Columns of a table from draws (chain, draw, cell)."""
    flat = cells.reshape(-1, cells.shape[-1])
    tail = (1 - ci_prob) / 2
    lower, upper = np.quantile(flat, [tail, 1 - tail], axis=0)
    return {
        "mean": flat.mean(axis=0),
        "sd": flat.std(axis=0, ddof=1),
        **dict(zip(_interval(ci_prob), (lower, upper), strict=True)),
        **(_diagnostics(cells) if kind == "all" else {}),
    }


def _diagnostics(cells: Floats) -> dict[str, Floats]:
    from arviz_stats import ess, mcse, rhat

    bare = xr.DataArray(cells, dims=(CHAIN, DRAW, "cell"))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # constants have no R-hat: it is nan in the table
        diagnostics = {
            "mcse_mean": mcse(bare, method="mean"),
            "ess_bulk": ess(bare, method="bulk"),
            "ess_tail": ess(bare, method="tail", prob=_TAILS),
            "r_hat": rhat(bare),
        }
    return {name: np.asarray(values.values) for name, values in diagnostics.items()}


def _interval(ci_prob: float) -> tuple[str, str]:
    label = f"eti{100 * ci_prob:g}"
    return f"{label}_lb", f"{label}_ub"


def _nothing(ci_prob: float, kind: Kind) -> dict[str, Floats]:
    """The columns of a table without rows: effects of a model without arrows."""
    diagnostics = ("mcse_mean", "ess_bulk", "ess_tail", "r_hat") if kind == "all" else ()
    return {name: np.empty(0) for name in ("mean", "sd", *_interval(ci_prob), *diagnostics)}
