"""Whom an answer is about, and which respondents it averages over.

Targets mean what they mean elsewhere: "organization", each one that reported; "typical", one with every parameter at
the population centre; "average", the mean over the N planned, of which those that have not reported are drawn from
the population; "new", one more drawn from it. A ratio is the ratio of averages.

Quantities that average over respondents take an organization's own covariate patterns. The typical organization takes
those of all that reported, each organization weighing the same; one that has not reported, or a new one, takes in
each draw those of one that reported, each as likely: what its respondents are like is uncertain too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.choices.fitted import ChoiceFit
from bayescx.errors import FitError, did_you_mean

__all__ = [
    "CATEGORY",
    "ChoiceTarget",
    "Components",
    "components",
    "labelled",
    "mean_probabilities",
    "over_organizations",
]

Floats = NDArray[np.float64]
ChoiceTarget = Literal["organization", "typical", "average", "new"]
CATEGORY = "category"
_UNREPORTED, _NEW = 2, 3  # random streams, apart from the sampler's
_MOST_CELLS = 1 << 20  # numbers handled at a time


class Components:
    """Thresholds and slopes of the organizations that a target is about, on the common scale.

    Attributes
    ----------
    kappa : array (S, M, C - 1)
        Thresholds of the average respondent, draws by organizations.
    beta : array (S, M, K)
        Slopes, in the model's order.
    like : array (S, M) or None
        The reported organization whose respondents each has; None: all of them, by organization.
    """

    def __init__(self, cut: Floats, beta: Floats, like: NDArray[np.intp] | None) -> None:
        self.kappa = np.concatenate([cut[..., :1], cut[..., :1] + np.cumsum(np.exp(cut[..., 1:]), axis=-1)], axis=-1)
        self.beta, self.like = beta, like


def components(fit: ChoiceFit, target: str) -> Components:
    """What a target needs: of each organization, of one, or of the N planned.

    Raises
    ------
    FitError
        If the target is unknown.
    """
    targets = get_args(ChoiceTarget)
    if target not in targets:
        raise FitError(
            f"unknown target {target!r:.60}{did_you_mean(str(target), targets) or '.'} Targets: {', '.join(targets)}"
        )
    n_org = len(fit.organizations)
    if target == "typical":
        return Components(*_drawn(fit, 1, None), None)
    if target == "new":
        return Components(*_drawn(fit, 1, _NEW), _like(fit, 1, _NEW))
    cut, beta = _reported(fit)
    like = np.broadcast_to(np.arange(n_org), cut.shape[:2])
    if target == "average" and (beyond := fit.n_planned - n_org):
        more = _drawn(fit, beyond, _UNREPORTED)
        cut, beta = (np.concatenate(pair, axis=1) for pair in zip((cut, beta), more, strict=True))
        like = np.concatenate([like, _like(fit, beyond, _UNREPORTED)], axis=1)
    return Components(cut, beta, like)


def _flat(fit: ChoiceFit, name: str) -> Floats:
    """Draws of all chains one after another, (S, ...)."""
    values = fit.posterior[name].values
    return np.asarray(values.reshape(-1, *values.shape[2:]))


def _slopes(fit: ChoiceFit, pooled: Floats | None, n_org: int) -> Floats:
    """Pooled slopes (S, M, pooled) and common ones in the model's order, (S, M, K)."""
    is_pooled = np.array(fit.counts.equation.pooled)
    out = np.empty((len(_flat(fit, "cut_mu")), n_org, len(is_pooled)))
    if pooled is not None:
        out[..., is_pooled] = pooled
    if not is_pooled.all():
        out[..., ~is_pooled] = _flat(fit, "beta_fixed")[:, None]
    return out


def _reported(fit: ChoiceFit) -> tuple[Floats, Floats]:
    cut = _flat(fit, "cut")
    return cut, _slopes(fit, _flat(fit, "beta") if "beta" in fit.posterior else None, cut.shape[1])


def _drawn(fit: ChoiceFit, count: int, stream: int | None) -> tuple[Floats, Floats]:
    """Components of organizations drawn from the population; its centre without a stream."""
    rng = None if stream is None else np.random.default_rng([fit.seed, stream])
    found = []
    for name in ("cut", "beta"):
        if f"{name}_mu" not in fit.posterior:
            continue
        mu = np.repeat(_flat(fit, f"{name}_mu")[:, None], count, axis=1)
        if rng is not None:
            mu = mu + _flat(fit, f"{name}_tau")[:, None] * rng.standard_normal(mu.shape)
        found.append(mu)
    return found[0], _slopes(fit, found[1] if len(found) > 1 else None, count)


def _like(fit: ChoiceFit, count: int, stream: int) -> NDArray[np.intp]:
    """Whose respondents organizations without data have, draw by draw, (S, count)."""
    rng = np.random.default_rng([fit.seed, stream, 1])
    sizes = fit.posterior.sizes
    return rng.integers(len(fit.organizations), size=(sizes[CHAIN] * sizes[DRAW], count))


def over_organizations(values: Floats, target: str) -> Floats:
    """Per-organization values (S, M, ...) as the target has them: all, the only one, or the mean."""
    if target == "organization":
        return values
    return np.asarray(values.mean(axis=1))


def mean_probabilities(fit: ChoiceFit, found: Components, changed: Callable[[Floats], Floats] | None = None) -> Floats:
    """Mean probability of each category over the respondents of each organization, (S, M, C).

    Parameters
    ----------
    changed : callable, optional
        From patterns (P, K), in the data's units, to those that are asked about.
    """
    counts = fit.counts
    x = counts.x if changed is None else changed(counts.x)
    weight = counts.answers.sum(axis=1) / counts.n_obs[counts.organization]
    n_draw, n_org, n_cut = found.kappa.shape
    out = np.zeros((n_draw, n_org, n_cut))
    for j in range(len(counts.organizations)):
        here = slice(counts.start[j], counts.start[j + 1])
        patterns, share = _distinct((x[here] - counts.centre) / counts.spread, weight[here])
        for m in range(n_org):
            if found.like is None:
                out[:, m] += _below(patterns, share, found.kappa[:, m], found.beta[:, m]) / len(counts.organizations)
            elif len(draws := np.flatnonzero(found.like[:, m] == j)):
                out[draws, m] = _below(patterns, share, found.kappa[draws, m], found.beta[draws, m])
    return np.diff(np.pad(out, ((0, 0), (0, 0), (1, 1)), constant_values=((0, 0), (0, 0), (0, 1))), axis=2)


def _distinct(x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Patterns that a question makes equal are evaluated once."""
    distinct, place = np.unique(x, axis=0, return_inverse=True)
    return distinct, np.bincount(place.ravel(), weights=weight)


def _below(x: Floats, share: Floats, kappa: Floats, beta: Floats) -> Floats:
    """Mean probability of being below each threshold, (S, C - 1)."""
    out = np.empty_like(kappa)
    step = max(1, _MOST_CELLS // len(x))
    for first in range(0, len(kappa), step):
        rows = slice(first, first + step)
        eta = beta[rows] @ x.T
        for c in range(kappa.shape[1]):
            out[rows, c] = ndtr(kappa[rows, c, None] - eta) @ share
    return out


def labelled(
    fit: ChoiceFit,
    target: str,
    values: Floats,
    last: tuple[str, list[str]] | None,
    *,
    name: str,
    long_name: str,
    units: str,
) -> xr.DataArray:
    """Draws (S[, J][, last]) with dims, coordinates, units and what they are."""
    sizes = fit.posterior.sizes
    whose = (ORGANIZATION,) if target == "organization" else ()
    dims = (CHAIN, DRAW, *whose, *((last[0],) if last else ()))
    coords: dict[str, object] = {CHAIN: fit.posterior[CHAIN].values, DRAW: fit.posterior[DRAW].values}
    coords |= {ORGANIZATION: list(fit.organizations)} if whose else {}
    coords |= {last[0]: last[1]} if last else {}
    return xr.DataArray(
        values.reshape(sizes[CHAIN], sizes[DRAW], *values.shape[1:]),
        dims=dims,
        coords=coords,
        name=name,
        attrs={"long_name": long_name, "units": units, "estimand": name, "target": target},
    )
