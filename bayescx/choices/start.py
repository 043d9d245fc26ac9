"""Where sampling starts and what steers it: normal approximations of each organization's own likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.choices.arrays import ChoiceArrays, Told
from bayescx.choices.scoring import Peak, climbed
from bayescx.kernel import problem
from bayescx.kernel.choices.posterior import log_density

__all__ = ["ChoiceStart", "find_choice_start"]

Floats = NDArray[np.float64]
_TAU_SPREAD = 0.3  # of the free form of population SDs, over chains
_MOST_STARTS = 20
_NO_INFORMATION = 1e-3  # an eigenvalue of an organization's precision below this is none
_SD_RANGE = 0.03, 1.0


@dataclass(frozen=True)
class ChoiceStart:
    """Steered arrays and an overdispersed starting point.

    Attributes
    ----------
    arrays : ChoiceArrays
    centre, spread : array (D,)
        Free parameters at the approximation's centre, and how far chains are spread around it.
    """

    arrays: ChoiceArrays
    centre: Floats
    spread: Floats

    def draw(self, seed: int | None) -> Floats:
        """One chain's starting point, (D,); nearer to the centre where the density is zero further out."""
        rng = np.random.default_rng(seed)
        x = self.centre
        for shrunk in np.linspace(1.0, 0.0, _MOST_STARTS):
            x = np.asarray(self.centre + shrunk * self.spread * rng.standard_normal(self.centre.size))
            if np.isfinite(log_density(x, self.arrays.records)[0]):
                break
        return x


def find_choice_start(arrays: ChoiceArrays) -> ChoiceStart:
    """Fit organizations with common slopes only in common, and steer ``arrays`` by the result."""
    peak = climbed(arrays)
    own = list(arrays.own)
    precision = peak.information[:, own][:, :, own]
    # at the maximum the likelihood's slope is what the penalty holds against it
    told = np.einsum("jab,jb->ja", precision, peak.u[:, own]) + peak.score[:, own]
    estimate, variance = _own_estimates(precision, told)
    tau = _population_sd(peak.u[:, own], variance)
    n_org, n_own = told.shape
    steering = problem.Steering(
        told,
        np.diagonal(precision, axis1=1, axis2=2),
        precision.reshape(n_org, -1) if n_own > 1 else np.zeros((n_org, 1)),
    )
    steered = arrays.steered(steering, _common(arrays, peak), Told(estimate, variance))
    n_shared, rest = len(arrays.shared), n_org * n_own
    centre = [np.zeros(n_shared + n_own), np.log(np.expm1(tau / arrays.sd_scale)), np.zeros(rest)]
    spread = [np.ones(n_shared + n_own), np.full(n_own, _TAU_SPREAD), np.ones(rest)]
    return ChoiceStart(steered, np.concatenate(centre), np.concatenate(spread))


def _own_estimates(precision: Floats, told: Floats) -> tuple[Floats, Floats]:
    """Estimates and sampling variances, (J, Q); infinite variances where its data leave something open."""
    knows = np.linalg.eigvalsh(precision)[:, 0] > _NO_INFORMATION
    inverse = np.linalg.inv(np.where(knows[:, None, None], precision, np.eye(precision.shape[1])))
    variance = np.diagonal(inverse, axis1=1, axis2=2)
    return np.einsum("jab,jb->ja", inverse, told), np.where(knows[:, None], variance, np.inf)


def _common(arrays: ChoiceArrays, peak: Peak) -> tuple[Floats, Floats]:
    """Common slopes and a root of their covariance, organizations' own components averaged over."""
    own, shared = list(arrays.own), list(arrays.shared)
    penalty = 1 / arrays.prior_shape[:, 1] ** 2
    across = peak.information[:, own][:, :, shared]
    stiff = peak.information[:, own][:, :, own] + np.diag(penalty[own])
    schur = peak.information[:, shared][:, :, shared].sum(axis=0) + np.diag(penalty[shared])
    schur = schur - np.einsum("jof,jog->fg", across, np.linalg.solve(stiff, across))
    return peak.u[0, shared], np.linalg.cholesky(np.linalg.inv((schur + schur.T) / 2))


def _population_sd(own: Floats, variance: Floats) -> Floats:
    """SD of each population by moments: the spread of own estimates less their sampling noise."""
    tells = np.isfinite(variance)
    count = np.maximum(tells.sum(axis=0), 1)
    middle = np.where(tells, own, 0.0).sum(axis=0) / count
    squares = np.where(tells, (own - middle) ** 2, 0.0).sum(axis=0)
    observed = np.where(count > 1, squares / np.maximum(count - 1, 1), 0.01)
    noise = np.where(tells, variance, 0.0).sum(axis=0) / count
    low, high = _SD_RANGE
    return np.asarray(np.sqrt(np.clip(observed - noise, low**2, high**2)))
