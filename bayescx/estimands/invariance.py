"""Do items mean the same in every organization? Equal, pooled and free loadings compared by what they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.errors import FitError
from bayescx.estimands.population import evaluate
from bayescx.estimands.quantity import whole_number
from bayescx.estimands.system import System, layout_of
from bayescx.estimands.thinning import thinned
from bayescx.evidence import Matched
from bayescx.fitted import Fit
from bayescx.model import matrices
from bayescx.model.convergence import judge
from bayescx.model.layout import Layout
from bayescx.model.refit import refit_each, warn_of_refits

__all__ = ["compare_invariance"]

Floats = NDArray[np.float64]
Identification = Literal["mean", "marker"]

_LOADINGS = ("full", "partial", "none")
_THINNING = 5  # random stream, apart from those of fits and targets
_MOST_PIECES = 100
_LISTED = 12


def compare_invariance(
    fit: Fit,
    *,
    folds: int = 5,
    draws: int = 500,
    tune: int = 500,
    random_seed: int | None = None,
    progressbar: bool = True,
) -> pd.DataFrame:
    """Compare loadings that are equal in all organizations, pooled, or free, by how well each predicts respondents.

    Each of the three is fitted to all respondents but those of one fold, and asked for the density of those held out,
    fold after fold. No rows are needed: the moments of an organization are parted into moments of independent folds,
    which is exact where answers are normal, as the model has them (see ``thinning.thinned``). It describes new
    respondents of the organizations that reported, not new organizations.

    Parameters
    ----------
    fit : Fit
        Its evidence, priors, scaling and everything but the pooling of loadings are kept. Free loadings leave the unit
        of a factor to its first item (``identification="marker"``), in whose unit paths stay pooled: their score
        depends a little on which item comes first. Figures published about organizations that are parted are left out.
    folds : int
        How many times a part is held out, at least 2. What remains of an organization must be enough for its
        covariances: more respondents than its variables + 1.
    draws, tune : int
        Of each of the 3 * ``folds`` refits, per chain.
    random_seed : int, optional
        Of folds and refits; by default the fit's own.
    progressbar : bool
        Show how many refits are done.

    Returns
    -------
    pandas.DataFrame
        Rows ``loadings``: "full" (equal), "partial" (pooled), "none" (free). Columns:

        - elpd: expected log predictive density of all held-out respondents, given the rest, in the data's units;
          higher is better.
        - elpd_per_respondent: divided by the degrees of freedom, n - 1 of each organization.
        - elpd_diff: elpd less that of the best, 0 for the best itself.
        - se_diff: standard error of that difference, over organizations x folds.
        - refits, not_converged: how many, and how many of them did not converge for the densities asked for.

        ``attrs``: folds, respondents (degrees of freedom), scored (organizations), not_scored.

    Raises
    ------
    FitError
        If the model has no free loadings, there is one organization, none shared complete moments, or all are too
        small for so many folds.
    ModelError
        If free loadings leave a factor of this model without a unit.

    Warns
    -----
    ConvergenceWarning
        Once, if refits did not converge.

    Notes
    -----
    Held-out sums of squares and products W of d respondents (deviations from their mean) have the log density
    -d/2 [p log 2 pi + log|Sigma| + tr(W/d Sigma^-1)], which is averaged over posterior draws of an organization's
    Sigma as log-mean-exp, so that uncertainty of parameters counts. The density of many respondents together would
    rest on few of the draws; each fold of an organization is therefore scored in as many pieces as an organization
    has parameters (at most 100), and their log densities are added.

    Organizations with missing answers, correlations alone or published figures alone cannot be parted, nor those too
    small for so many folds. They stay whole in every refit and are not scored.

    Examples
    --------
    >>> table = compare_invariance(fit)  # doctest: +SKIP
    >>> table.loc["full", "elpd_diff"] < -2 * table.loc["full", "se_diff"]  # equal loadings predict worse
    ... # doctest: +SKIP
    True
    """
    seed = fit.seed if random_seed is None else whole_number("random_seed", random_seed, 0)
    splits = _splits(fit, whole_number("folds", folds, 2), seed)
    settings = {"draws": draws, "tune": tune, "random_seed": seed}
    asked = [(word, fold) for word in _LOADINGS for fold in range(folds)]
    parted = [_without(fit, splits, fold) for fold in range(folds)]
    changes = [{**settings, **_loadings(fit, word), "evidence": parted[fold]} for word, fold in asked]
    cells = {word: np.empty((folds, len(splits))) for word in _LOADINGS}
    unsettled = dict.fromkeys(_LOADINGS, 0)
    doing = f"Comparing equal, pooled and free loadings ({len(changes)} refits)"
    for (word, fold), again in zip(asked, refit_each(fit, changes, doing=doing, progressbar=progressbar), strict=True):
        densities = _log_densities(again, splits, fold)
        cells[word][fold] = _log_mean_exp(densities).sum(axis=-1)
        unsettled[word] += not _is_settled(again, densities)
    warn_of_refits(sum(unsettled.values()), len(changes))
    return _table(fit, splits, cells, unsettled)


@dataclass(frozen=True)
class _Split:
    """An organization whose moments are parted: first into folds, these into the pieces that are scored."""

    name: str
    position: int
    scatter: Floats
    degrees: tuple[tuple[int, ...], ...]
    """Degrees of freedom of each piece, fold by fold."""
    seed: int

    def pieces(self, fold: int) -> Floats:
        """Sums of squares and products of the pieces of a fold, (M, p, p): the same ones whenever asked."""
        start = sum(len(one) for one in self.degrees[:fold])
        return self._all()[start : start + len(self.degrees[fold])]

    def training(self, fold: int) -> tuple[int, Floats]:
        """Respondents and covariances (divisor n - 1) without a fold."""
        rest = sum(sum(one) for i, one in enumerate(self.degrees) if i != fold)
        start = sum(len(one) for one in self.degrees[:fold])
        others = np.delete(self._all(), np.s_[start : start + len(self.degrees[fold])], axis=0)
        cov = others.sum(axis=0) / rest
        return rest + 1, (cov + cov.T) / 2

    def _all(self) -> Floats:
        rng = np.random.default_rng([self.seed, _THINNING, self.position])
        return thinned(self.scatter, [d for fold in self.degrees for d in fold], rng)


def _splits(fit: Fit, folds: int, seed: int) -> list[_Split]:
    """How each organization with complete moments is parted."""
    layout, evidence = layout_of(fit), fit.evidence
    if not layout.of_block("loadings"):
        raise FitError("the model has no free loadings: there is nothing that could differ between organizations")
    if len(fit.organizations) < 2:
        raise FitError(
            f"only {fit.organizations[0]!r} reported: loadings can be equal or not from two organizations on"
        )
    complete = [j for j, name in enumerate(evidence.organizations) if _is_complete(evidence, j, name)]
    if not complete:
        raise FitError(
            "no organization shared complete rows or covariances: only these can be parted into respondents to fit and "
            "respondents to predict; missing answers, correlations alone and published figures cannot"
        )
    large = [j for j in complete if _is_large(evidence, j, folds)]
    if not large:
        raise FitError(_too_small(evidence, complete, folds))
    most = min(len(layout.components), _MOST_PIECES)
    out = []
    for j in large:
        n_obs = int(evidence.n_obs[j])
        degrees = tuple(tuple(_parts(d, min(d, most))) for d in _parts(n_obs - 1, folds))
        out.append(_Split(evidence.organizations[j], j, evidence.cov[j] * (n_obs - 1), degrees, seed))
    return out


def _is_complete(evidence: Matched, j: int, name: str) -> bool:
    return name not in evidence.patterns and evidence.n_obs[j] > 0


def _parts(whole: int, count: int) -> list[int]:
    """A whole number as a sum of so many that differ by 1 at most."""
    each, more = divmod(whole, count)
    return [each + (i < more) for i in range(count)]


def _is_large(evidence: Matched, j: int, folds: int) -> bool:
    """Whether a fold holds respondents and enough of them remain without it."""
    n_obs = int(evidence.n_obs[j])
    return n_obs - 1 >= folds and n_obs - _parts(n_obs - 1, folds)[0] > len(evidence.variables) + 1


def _too_small(evidence: Matched, complete: Sequence[int], folds: int) -> str:
    p = len(evidence.variables)
    shown = ", ".join(f"{evidence.organizations[j]} (n = {int(evidence.n_obs[j])})" for j in complete[:_LISTED])
    more = f" and {len(complete) - _LISTED} more" if len(complete) > _LISTED else ""
    return (
        f"every organization is too small to be parted into {folds} folds: {shown}{more}. Without a fold, more than "
        f"{p + 1} respondents must remain for {p} variables: ask for another number of folds (the more, the more "
        "remain, but no more than n - 1)"
    )


def _loadings(fit: Fit, word: str) -> dict[str, Any]:
    """Changes that fit loadings so.

    Raises
    ------
    ModelError
        If a factor has then no unit.
    """
    identification: Identification = "marker" if word == "none" else fit.identification  # type: ignore[assignment]
    pooling: Mapping[str, str] = {**fit.pooling, "loadings": word}
    Layout.of(fit.model, fit.scale, pooling, identification)
    return {"pooling": pooling, "identification": identification}


def _without(fit: Fit, splits: Sequence[_Split], fold: int) -> Matched:
    """The evidence without what a fold holds of those that are parted."""
    n_obs, cov = fit.evidence.n_obs.copy(), fit.evidence.cov.copy()
    for split in splits:
        n_obs[split.position], cov[split.position] = split.training(fold)
    parted = {split.name for split in splits}
    told = tuple(figure for figure in fit.evidence.published if parted.isdisjoint(figure.organizations))
    return replace(fit.evidence, n_obs=n_obs, cov=cov, published=told)


def _log_densities(fit: Fit, splits: Sequence[_Split], fold: int) -> Floats:
    """Log density of every piece of a fold under every draw, (chain, draw, organization, piece); 0 where there is none.

    In the data's units, so that fits with another common scale can be compared.
    """
    layout = layout_of(fit)
    unit = np.array([layout.scale[name] for name in layout.variables])
    held_out = [split.pieces(fold) / np.multiply.outer(unit, unit) for split in splits]
    degrees = [np.array(split.degrees[fold], dtype=np.float64) for split in splits]
    most = max(len(one) for one in degrees)

    def function(system: System) -> Floats:
        out = np.zeros((len(system.u), len(splits), most))
        for i, split in enumerate(splits):
            sigma = matrices.implied_covariance(layout, system.u[:, split.position])
            out[:, i, : len(degrees[i])] = _log_density(sigma, held_out[i], degrees[i])
            out[:, i] -= np.pad(degrees[i], (0, most - len(degrees[i]))) * np.log(unit).sum()
        return out

    return evaluate(fit, ORGANIZATION, function)


def _log_density(sigma: Floats, scatter: Floats, degrees: Floats) -> Floats:
    """Log density of deviations with these sums of squares and products; (draw, p, p), (M, p, p), (M,) to (draw, M)."""
    p = sigma.shape[-1]
    _, log_det = np.linalg.slogdet(sigma)
    trace = np.linalg.inv(sigma).reshape(-1, p * p) @ scatter.reshape(-1, p * p).T
    return np.asarray(-0.5 * (np.outer(p * np.log(2 * np.pi) + log_det, degrees) + trace))


def _log_mean_exp(densities: Floats) -> Floats:
    """Log of the mean density over chains and draws, (chain, draw, ...) to (...)."""
    largest = densities.max(axis=(0, 1))
    return np.asarray(largest + np.log(np.exp(densities - largest).mean(axis=(0, 1))))


def _is_settled(fit: Fit, densities: Floats) -> bool:
    """Whether each organization's density of all pieces meets the limits that ``bayescx.fit`` sets to parameters."""
    draws = xr.Dataset({"log_density": ((CHAIN, DRAW, ORGANIZATION), densities.sum(axis=-1))})
    return not judge(draws, fit.tree["sample_stats"].to_dataset()).problems


def _table(
    fit: Fit, splits: Sequence[_Split], cells: Mapping[str, Floats], unsettled: Mapping[str, int]
) -> pd.DataFrame:
    total = {word: float(values.sum()) for word, values in cells.items()}
    best = max(total, key=lambda word: total[word])
    respondents = sum(sum(map(sum, split.degrees)) for split in splits)
    apart = {word: values - cells[best] for word, values in cells.items()}
    folds = len(cells[best])
    table = pd.DataFrame(
        {
            "elpd": total,
            "elpd_per_respondent": {word: value / respondents for word, value in total.items()},
            "elpd_diff": {word: float(values.sum()) for word, values in apart.items()},
            "se_diff": {word: float(np.sqrt(values.size) * values.std(ddof=1)) for word, values in apart.items()},
            "refits": dict.fromkeys(cells, folds),
            "not_converged": dict(unsettled),
        }
    )
    table.index.name = "loadings"
    scored = [split.name for split in splits]
    rest = [name for name in fit.organizations if name not in scored]
    table.attrs = {"folds": folds, "respondents": respondents, "scored": scored, "not_scored": rest}
    return table
