"""Covariances of exogenous variables that a model takes as they were observed, for organizations of every kind.

An organization that reported has its own. The typical one has their average, over organizations that have complete
data; one that has not reported, or a new one, has those of a reported organization drawn at random.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW
from bayescx.fitted import Fit
from bayescx.model.layout import Layout

__all__ = ["given_covariances", "mean_covariance", "observed_covariances"]

Floats = NDArray[np.float64]
_STREAM = 8  # random stream, apart from the seed's own


def observed_covariances(fit: Fit, layout: Layout) -> Floats | None:
    """Covariances (J, e, e) of those that reported, on the common scale; None where parameters describe them."""
    if not layout.is_conditional:
        return None
    names = [layout.constructs[i] for i in layout.exogenous]
    where = [fit.evidence.variables.index(name) for name in names]
    scale = np.array([layout.scale[name] for name in names])
    return np.asarray(fit.evidence.cov[:, where][:, :, where] / np.outer(scale, scale))


def mean_covariance(fit: Fit, layout: Layout) -> Floats | None:
    """Their average over organizations, (e, e)."""
    observed = observed_covariances(fit, layout)
    return None if observed is None else np.asarray(observed.mean(axis=0))


def given_covariances(fit: Fit, layout: Layout, target: str, chain: int) -> Floats | None:
    """Covariances for a target in one chain, to be broadcast against (draw, organization, e, e)."""
    observed = observed_covariances(fit, layout)
    if observed is None or target in ("organization", "alone"):
        return observed
    if target == "typical":
        return np.asarray(observed.mean(axis=0))
    draws = fit.posterior.sizes[DRAW]
    beyond = 1 if target == "new" else fit.n_planned - len(observed)
    if beyond == 0:
        return observed
    rng = np.random.default_rng([fit.seed, _STREAM, target == "new", fit.posterior.sizes[CHAIN], chain])
    drawn = observed[rng.integers(len(observed), size=(draws, beyond))]
    if target == "new":
        return np.asarray(drawn)
    own = np.broadcast_to(observed, (draws, *observed.shape))
    return np.concatenate([own, drawn], axis=1)
