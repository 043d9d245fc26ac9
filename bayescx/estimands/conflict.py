"""Conflict: a published figure against what all other evidence predicts for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError
from bayescx.estimands.published import FIGURE, asked_figures, unlike
from bayescx.estimands.quantity import is_settled, whole_number
from bayescx.evidence import Published
from bayescx.fitted import Fit
from bayescx.model.refit import refit_each, warn_of_refits

if TYPE_CHECKING:
    from bayescx.estimands.figure_predictions import Predictions

__all__ = ["FLAG_BELOW", "conflict"]

Floats = NDArray[np.float64]
FLAG_BELOW = 0.04
"""Two-sided tail probability of a conflict: benchmarks/results/conflict.md has the rates that follow."""
_REFIT, _NOISE = 18, 19  # random streams, apart from the seed's own
_CENTRAL = (ndtr(-1.0), 0.5, ndtr(1.0))
_LEAST_NOISE = 1e-9  # a figure that others of its sample determine


def conflict(
    fit: Fit,
    figures: Sequence[Published] | None = None,
    *,
    split: bool = True,
    flag_below: float = FLAG_BELOW,
    draws: int | None = 500,
    tune: int | None = 500,
    chains: int | None = None,
    random_seed: int | None = None,
    progressbar: bool = True,
) -> pd.DataFrame:
    """Compare published figures with what all other evidence predicts for them.

    A figure with ``use="check"`` is no part of the posterior: the fit itself predicts it. For one with
    ``use="evidence"`` the model is fitted again without it (node-splitting), one refit for each. The prediction is
    that of the figure as it would be printed (see ``predicted_figures``).

    Parameters
    ----------
    fit : Fit
    figures : sequence of Published, optional
        Which to compare: any figures of organizations in the fit, whether or not it knew of them; by default those
        of its evidence.
    split : bool
        False spares the refits: figures that are evidence are then compared with a posterior that they helped to
        make, and conflicts look smaller than they are.
    flag_below : float
        A figure is flagged whose two-sided tail probability is smaller; an ordering or bound, if the probability that
        it holds is smaller than half of it. It is the rate of false alarms where predictions are calibrated.
    draws, tune, chains : int, optional
        Of each refit; draws and tune per chain. None means as in the fit.
    random_seed : int, optional
        Of the refits; by default the fit's own.
    progressbar : bool
        Show how many refits are done.

    Returns
    -------
    pandas.DataFrame
        One row per figure (index ``figure``); of a figure with rule "each" one row per organization. Columns:

        - ``use``; ``predicted_from``: "other evidence", or "all evidence" where the figure helped to predict itself;
        - ``published`` value; ``predicted``, the median, and ``sd``, half of the central 68 % of its predictive
          distribution (mean and SD of a normal one; a ratio may have neither), in the published unit;
        - ``difference``, published less predicted, and ``z`` = difference / sd;
        - ``tail_probability``: of a print at least as far out, two-sided, half of what ties counted (mid-p);
        - ``holds``: predictive probability that an ordering or bound would be seen to hold;
        - ``flag``: "conflict" or "";
        - ``converged``: whether the draws behind the row did.

        ``attrs["not_converged"]`` holds how many of the ``attrs["refits"]`` did not converge for their figure.

    Raises
    ------
    FitError
        If there are no figures, one speaks of what the fit does not have, or a setting is unusable.

    Warns
    -----
    ConvergenceWarning
        Once, if refits did not converge for their figure.

    Notes
    -----
    Figures come first and data later. Say that organizations one and two are known by an R-squared and a path, both
    evidence. Each predicts the other, given that they stand for the same respondents: together they fit or they do
    not, whatever n is. Then organization one shares rows. The figures would now count its respondents twice, and there
    are two ways out:

    - ``overlap="replace"``: the statistics of organization one are taken out of the figures, and what is left is
      evidence about two. Here ``conflict`` asks: given one's data, would two have to be odd for the figures to
      be true?
    - ``use="check"``: the figures leave the posterior. Here ``conflict`` asks: would another sample of one and two,
      as large as the figures', show them? Two is then known only as a member of the population.

    With two figures in contradiction each is at odds with the other evidence, and which of them is wrong is not in the
    table; nor does agreement mean much where ``sd`` is wide.

    Examples
    --------
    >>> from bayescx.evidence import Published
    >>> path = {"statistic": "path", "outcome": "trust", "cause": "satisfaction", "organizations": ["north"]}
    >>> table = conflict(fit, [Published(**path, value=0.2, n_obs=150), Published(**path, value=0.85, n_obs=90)])
    >>> table["flag"].tolist()
    ['conflict', '']
    """
    asked = asked_figures(fit, figures)
    seed = _checked(fit, flag_below, draws, tune, chains, random_seed)
    own = [figure for figure in asked if figure.use == "evidence" and split]
    changes = [
        {
            "evidence": replace(fit.evidence, published=_without(fit.evidence.published, figure)),
            "random_seed": int(np.random.default_rng([seed, _REFIT, k]).integers(2**31)),
            "draws": draws,
            "tune": tune,
            "chains": chains,
        }
        for k, figure in enumerate(own)
    ]
    doing = f"Refitting without a published figure ({len(changes)})"
    refits = zip(own, refit_each(fit, changes, doing=doing, progressbar=progressbar), strict=True)
    alone = {figure: _rows(again, figure, seed, split=True) for figure, again in refits}
    unsettled = sum(not all(row["converged"] for row in rows) for rows in alone.values())
    warn_of_refits(unsettled, len(changes))
    rows = [row for figure in asked for row in alone.get(figure) or _rows(fit, figure, seed, split=split)]
    table = pd.DataFrame(rows).drop(columns=["of", "figure"])
    table.index = pd.Index(unlike([row["figure"] for row in rows], [row["of"].source for row in rows]), name=FIGURE)
    suspect = (table["tail_probability"] < flag_below) | (table["holds"] < 0.5 * flag_below)
    table.insert(table.columns.get_loc("converged"), "flag", np.where(suspect, "conflict", ""))  # type: ignore[arg-type]
    table.attrs = {"refits": len(changes), "not_converged": unsettled}
    return table


def _checked(
    fit: Fit, flag_below: object, draws: int | None, tune: int | None, chains: int | None, random_seed: int | None
) -> int:
    """The seed, once all settings were found usable."""
    if not isinstance(flag_below, float | np.floating) or not 0 < flag_below < 1:
        raise FitError(f"flag_below is a probability such as {FLAG_BELOW}, found {flag_below!r}")
    for name, value, least in (("draws", draws, 4), ("tune", tune, 1), ("chains", chains, 1)):
        if value is not None:
            whole_number(name, value, least)
    return fit.seed if random_seed is None else whole_number("random_seed", random_seed, 0)


def _without(published: Sequence[Published], figure: Published) -> tuple[Published, ...]:
    """The same figures with one of them to be checked instead: its organizations stay."""
    return tuple(replace(one, use="check") if one == figure else one for one in published)


def _rows(fit: Fit, figure: Published, seed: int, *, split: bool) -> list[dict[str, Any]]:
    """Rows of a table for one figure."""
    from bayescx.estimands.figure_predictions import predictions_of  # which loads the compiler

    found = predictions_of(fit, [figure])
    by_members: dict[tuple[str, ...], list[int]] = {}
    for t, term in enumerate(found.terms):
        by_members.setdefault(term.members, []).append(t)
    helped = figure.use == "evidence" and not split
    return [
        {
            "of": figure,
            "figure": (replace(figure, organizations=members) if figure.rule == "each" else figure).label,
            "use": figure.use,
            "predicted_from": "all evidence" if helped else "other evidence",
            "published": np.nan if figure.value is None else figure.value,
            **_compared(figure, found, positions, seed)._asdict(),
            "converged": is_settled(fit, xr.DataArray(found.statistic[..., positions], dims=(CHAIN, DRAW, "term"))),
        }
        for members, positions in by_members.items()
    ]


class _Compared(NamedTuple):
    """How a print compares with its prediction: a value by how far out it is, else by how probably the claim holds."""

    predicted: float = np.nan
    sd: float = np.nan
    difference: float = np.nan
    z: float = np.nan
    tail_probability: float = np.nan
    holds: float = np.nan


def _compared(figure: Published, found: Predictions, positions: Sequence[int], seed: int) -> _Compared:
    if figure.value is None:
        return _Compared(holds=_holding(found, positions))
    (only,) = positions
    expected, noise = found.expected[..., only], found.noise[..., only]
    centre, sd = _spread(figure.rounded_to, expected, noise, seed)
    if figure.statistic == "bound":
        return _Compared(centre, sd, holds=_holding(found, positions))
    difference = figure.value - centre
    return _Compared(centre, sd, difference, difference / sd, _tail(figure.value, figure.rounded_to, expected, noise))


def _tail(value: float, grid: float, expected: Floats, noise: Floats) -> float:
    """Two-sided mid-p of a printed value: prints at the same place of the grid are ties."""
    sd = np.maximum(noise, _LEAST_NOISE)
    below = float(np.mean([ndtr((edge - expected) / sd) for edge in (value - 0.5 * grid, value + 0.5 * grid)]))
    return 2.0 * min(below, 1.0 - below)


def _spread(grid: float, expected: Floats, noise: Floats, seed: int) -> tuple[float, float]:
    """Median, and half of the central 68 % with the SD of rounding added, of what would be printed."""
    sample = expected + noise * np.random.default_rng([seed, _NOISE]).standard_normal(expected.shape)
    lower, median, upper = np.quantile(sample, _CENTRAL)
    return float(median), float(np.hypot(0.5 * (upper - lower), grid / np.sqrt(12.0)))


def _holding(found: Predictions, positions: Sequence[int]) -> float:
    """Predictive probability that an ordering or bound is seen to hold; its parts are counted as the posterior does."""
    holds = np.ones(found.statistic.shape[:-1])
    for t in positions:
        term = found.terms[t]
        turn = -1.0 if term.figure.side == "at_most" else 1.0
        sd = np.sqrt(found.noise[..., t] ** 2 + term.rounding**2)
        holds = holds * ndtr(
            turn * (found.expected[..., t] - (term.figure.value or 0.0)) / np.maximum(sd, _LEAST_NOISE)
        )
    return float(holds.mean())
