"""Maximum of a density whose organizations are independent given what they share, by damped Newton steps.

Second derivatives come from differences of the exact gradient. Given the shared parameters z, organizations do not
interact, so one difference in the o-th parameter of *all* organizations serves every one of them, and the matrix
has the form of an arrow: blocks H_j on the diagonal, a border H_jz, and H_zz. A step costs 2 (O + Z) gradients,
however many organizations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.kernel.posterior import log_density

__all__ = ["Arrow", "Peak", "climb", "raised"]

Floats = NDArray[np.float64]
Records = NDArray[np.uint64]

_STEP = 1e-4  # of a prior SD, which is 1 for organizations' own parameters
_FLOOR = 0.3  # curvature taken where the density has less: for own parameters the prior alone gives 1
_LONGEST = 2.0  # that one step may move a parameter
_MOST_STEPS = 100
_GAIN = 1e-9  # expected gain in log density below which a step is not worth taking
_SUFFICIENT = 1e-4  # share of the expected gain that a step must bring


@dataclass(frozen=True)
class Arrow:
    """Negative second derivatives: ``own`` (J, O, O), ``border`` (J, O, Z), ``shared`` (Z, Z)."""

    own: Floats
    border: Floats
    shared: Floats

    def solve(self, gradient: Floats) -> Floats:
        """Newton step for ``gradient`` (Z + J O,), with curvature raised to a floor so that it climbs."""
        n_org, n_own, n_z = self.border.shape
        own = _turned(self.own)
        along_z, along_own = gradient[:n_z], gradient[n_z:].reshape(n_org, n_own)
        solved = np.linalg.solve(own, np.concatenate([along_own[..., None], self.border], axis=2))
        remainder = _turned(self.schur(own))
        z = np.linalg.solve(remainder, along_z - np.einsum("joz,jo->z", self.border, solved[..., 0]))
        step = solved[..., 0] - solved[..., 1:] @ z
        return np.concatenate([z, step.ravel()])

    def schur(self, own: Floats | None = None) -> Floats:
        """Curvature in z once the organizations have adapted to it, (Z, Z)."""
        own = raised(self.own, _FLOOR) if own is None else own
        return np.asarray(self.shared - np.einsum("joz,jow->zw", self.border, np.linalg.solve(own, self.border)))


@dataclass(frozen=True)
class Peak:
    """Where the density is highest, and its curvature there."""

    x: Floats
    curvature: Arrow


def raised(matrix: Floats, floor: float) -> Floats:
    """Symmetric matrices (..., d, d) with eigenvalues raised to ``floor``."""
    values, vectors = np.linalg.eigh(matrix)
    out: Floats = (vectors * np.maximum(values, floor)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    return out


def _turned(matrix: Floats) -> Floats:
    """Symmetric matrices (..., d, d) with eigenvalues of their absolute size, at least ``_FLOOR``.

    Where the density curves the wrong way, a step is as long as where it curves as much the right way (Dauphin et al.
    2014); raised to the floor alone, such directions would take nearly all of a step.
    """
    try:
        np.linalg.cholesky(matrix - _FLOOR * np.eye(matrix.shape[-1]))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(matrix)
        out: Floats = (vectors * np.maximum(np.abs(values), _FLOOR)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
        return out
    return matrix


def _shortened(step: Floats, n_z: int, n_org: int) -> Floats:
    """The step with that of the shared parameters, and of each organization, no longer than allowed."""
    z, own = step[:n_z], step[n_z:].reshape(n_org, -1)
    z = z / max(1.0, np.abs(z).max(initial=0.0) / _LONGEST)
    own = own / np.maximum(1.0, np.abs(own).max(axis=1, keepdims=True, initial=0.0) / _LONGEST)
    return np.concatenate([z, own.ravel()])


def climb(records: Records, n_org: int, n_own: int, n_z: int, start: Floats | None = None) -> Peak:
    """Maximize over x = [z, eps of each organization], from ``start`` or from 0, the prior means.

    The maximum only steers sampling, so running out of steps is no error.
    """
    x = np.zeros(n_z + n_org * n_own) if start is None else start
    value, gradient = log_density(x, records)
    for _ in range(_MOST_STEPS):
        step = _shortened(_curvature(x, records, n_org, n_own, n_z).solve(gradient), n_z, n_org)
        expected = float(gradient @ step)
        if not expected > _GAIN:
            break
        length = 1.0
        while length > 1e-6:
            higher, slope = log_density(x + length * step, records)
            if higher > value + _SUFFICIENT * length * expected:
                break
            length /= 2
        else:
            break
        x, value, gradient = x + length * step, higher, slope
    return Peak(x, _curvature(x, records, n_org, n_own, n_z))


def _curvature(x: Floats, records: Records, n_org: int, n_own: int, n_z: int) -> Arrow:
    own, border = np.empty((n_org, n_own, n_own)), np.empty((n_org, n_own, n_z))
    shared = np.empty((n_z, n_z))
    for o in range(n_own):
        own[:, :, o] = _difference(x, slice(n_z + o, None, n_own), records)[n_z:].reshape(n_org, n_own)
    for k in range(n_z):
        change = _difference(x, slice(k, k + 1), records)
        shared[:, k] = change[:n_z]
        border[:, :, k] = change[n_z:].reshape(n_org, n_own)
    return Arrow((own + own.transpose(0, 2, 1)) / 2, border, (shared + shared.T) / 2)


def _difference(x: Floats, where: slice, records: Records) -> Floats:
    step = np.zeros_like(x)
    step[where] = _STEP
    change = log_density(x - step, records)[1] - log_density(x + step, records)[1]
    return np.asarray(np.nan_to_num(change / (2 * _STEP), posinf=0.0, neginf=0.0))
