"""Where sampling starts and what steers it: each organization's own penalized maximum and its curvature.

Organizations are first fitted apart (components they share are estimated together), penalized by the priors of
the population centres, because small organizations have no usable maximum. The curvature gives each block a normal
approximation of its likelihood. Both only steer: an inexact maximum makes sampling slower, never wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bayescx.kernel import problem
from bayescx.kernel.posterior import expand, log_density
from bayescx.model.arrays import Arrays

__all__ = ["Start", "find_start"]

Floats = NDArray[np.float64]
_STEP = 1e-4  # of prior SDs, for second derivatives from differences of exact gradients
_FAR = 1e12  # stands for "impossible" in the line search, which cannot take infinity


@dataclass(frozen=True)
class Start:
    """Steered arrays and an overdispersed starting point.

    Attributes
    ----------
    arrays : Arrays
        With steering filled in.
    centre, spread : array (D,)
        Free parameters at the approximation's centre, and how far chains are spread around it.
    own : array (J, O)
        Each organization's own penalized estimates.
    variance : array (J, O)
        Their sampling variances; infinite where an organization's data say nothing.
    """

    arrays: Arrays
    centre: Floats
    spread: Floats
    own: Floats
    variance: Floats

    def draw(self, seed: int | None) -> Floats:
        """One chain's starting point, shape (D,)."""
        rng = np.random.default_rng(seed)
        return np.asarray(self.centre + self.spread * rng.standard_normal(self.centre.size))


def find_start(arrays: Arrays) -> Start:
    """Fit every organization by itself and steer ``arrays`` by the result."""
    apart = _apart(arrays)
    peak = _maximum(apart)
    n_org, n_own, n_z = len(arrays.sample.n_obs), len(arrays.own), apart.n_shared_free
    expanded = expand(peak, apart.n_expanded, apart.records)
    own = expanded[len(apart.shared) :].reshape(n_org, n_own)
    pooling = apart._pooling()
    penalty = 1.0 / pooling.fixed_sd**2
    curvature = _curvature(apart, peak) / np.multiply.outer(pooling.fixed_sd, pooling.fixed_sd)
    steering, variance = _steering(arrays, own, curvature, pooling.fixed_mean, penalty)
    steered = replace(arrays, steering=steering)
    position = [arrays.own.index(c) for c in arrays.population]
    centres = own[:, position]
    noise = np.where(np.isfinite(variance), variance, 0.0)[:, position].mean(axis=0)
    observed = centres.var(axis=0, ddof=1) if n_org > 1 else np.full(len(position), 0.01)
    tau = np.sqrt(np.clip(observed - noise, 0.03**2, 1.0))
    middle = centres.mean(axis=0)
    centre = np.concatenate([peak[:n_z], middle, np.log(tau), np.zeros(n_org * n_own)])
    spread = np.concatenate(
        [
            _shared_spread(apart, peak),
            tau / np.sqrt(n_org),
            np.full(len(position), 0.3),
            np.ones(n_org * n_own),
        ]
    )
    return Start(steered, centre, spread, own, variance)


def _apart(arrays: Arrays) -> Arrays:
    """The same arrays with partially pooled components independent, under the priors of their centres."""
    words = {block: "none" if word == "partial" else word for block, word in arrays.layout.pooling.items()}
    return Arrays.of(replace(arrays.layout, pooling=words), arrays.sample, arrays.priors)


def _maximum(apart: Arrays) -> Floats:
    def negative(x: Floats) -> tuple[float, Floats]:
        value, gradient = log_density(x, apart.records)
        return (-value, -gradient) if np.isfinite(value) else (_FAR, np.zeros_like(x))

    found = minimize(negative, np.zeros(apart.n_dim), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return np.asarray(found.x)


def _curvature(apart: Arrays, peak: Floats) -> Floats:
    """Negative second derivatives of each organization's density in its own free parameters, shape (J, O, O).

    Given the shared components organizations are independent, so one difference serves them all.
    """
    n_org, n_own = len(apart.sample.n_obs), len(apart.own)
    out = np.empty((n_org, n_own, n_own))
    first = apart.n_dim - n_org * n_own
    for o in range(n_own):
        step = np.zeros(apart.n_dim)
        step[first + o :: n_own] = _STEP
        up, down = log_density(peak + step, apart.records)[1], log_density(peak - step, apart.records)[1]
        out[:, :, o] = (down - up)[first:].reshape(n_org, n_own) / (2 * _STEP)
    return (out + out.transpose(0, 2, 1)) / 2


def _shared_spread(apart: Arrays, peak: Floats) -> Floats:
    out = np.empty(apart.n_shared_free)
    for k in range(out.size):
        step = np.zeros(apart.n_dim)
        step[k] = _STEP
        up, down = log_density(peak + step, apart.records)[1][k], log_density(peak - step, apart.records)[1][k]
        out[k] = 1 / np.sqrt(max((down - up) / (2 * _STEP), 1.0))
    return out


def _steering(
    arrays: Arrays, own: Floats, curvature: Floats, mean: Floats, penalty: Floats
) -> tuple[problem.Steering, Floats]:
    n_org, n_own = own.shape
    information, scalar = np.zeros((n_org, n_own)), np.zeros((n_org, n_own))
    variance = np.full((n_org, n_own), np.inf)
    blocks = []
    covariance = np.linalg.inv(_positive(curvature, floor=1e-3))
    first = 0
    for block in arrays.blocks:
        here = slice(first, first + len(block))
        first += len(block)
        total = np.linalg.inv(covariance[:, here, here])
        precision = _positive(total - np.diag(penalty[here]), floor=0.0)
        moved = own[:, here] - mean[here]
        information[:, here] = np.einsum("jab,jb->ja", precision, own[:, here]) + penalty[here] * moved
        diagonal = np.diagonal(precision, axis1=1, axis2=2)
        scalar[:, here] = diagonal
        with np.errstate(divide="ignore"):
            variance[:, here] = np.diagonal(np.linalg.inv(precision + 1e-12 * np.eye(len(block))), axis1=1, axis2=2)
        if len(block) > 1:
            blocks.append(precision.reshape(n_org, -1))
    packed = np.concatenate(blocks, axis=1) if blocks else np.zeros((n_org, 1))
    return problem.Steering(information, scalar, packed), variance


def _positive(matrix: Floats, floor: float) -> Floats:
    """The symmetric ``matrix`` with eigenvalues raised to ``floor``."""
    values, vectors = np.linalg.eigh(matrix)
    raised: Floats = (vectors * np.maximum(values, floor)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    return raised
