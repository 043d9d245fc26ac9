"""How published statistics move with a covariance matrix of constructs: one pass back through its regressions.

A statistic s is a sum of atoms (paths, total effects, correlations, explained variances) in the equation-by-equation
regressions of Phi. Its derivative is the symmetric D with ds = tr(D dPhi). For an equation with predictor covariance A
and coefficients b = A^-1 a, a slope g in b is a slope h = A^-1 g in a and -h b' in A; that of the explained variance
a'b is 2 b in a and -b b' in A.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.kernel.statistics import CORRELATION, PATH, PRATT, R_SQUARED, TOTAL

__all__ = ["Regressed", "regressed", "slopes_of"]

Floats = NDArray[np.float64]
Weighted = tuple[int, int, int, Floats]
"""Code, outcome and cause of an atom, and its weight, which broadcasts with the leading axes."""


class Regressed(NamedTuple):
    """Regressions of covariance matrices (..., m, m); ``inverses`` (..., c, c) of the covariance of causes."""

    found: algebra.Regressions
    causes: Sequence[Sequence[int]]
    inverses: Sequence[Floats | None]

    def at(self, members: Sequence[int]) -> Regressed:
        """Some of the matrices along the second axis."""
        found = algebra.Regressions(*(part[:, members] for part in self.found))
        return self._replace(found=found, inverses=[None if one is None else one[:, members] for one in self.inverses])


def regressed(phi: Floats, causes: Sequence[Sequence[int]]) -> Regressed:
    """Regress every construct on its causes (positions)."""
    inverses = [
        np.linalg.inv(phi[..., list(columns), :][..., list(columns)]) if len(columns) else None for columns in causes
    ]
    return Regressed(algebra.regressions(phi, causes), causes, inverses)


def slopes_of(atoms: Iterable[Weighted], at: Regressed) -> Floats:
    """Symmetric derivative of a weighted sum of atoms in each covariance matrix, (..., m, m)."""
    found = at.found
    phi = found.phi
    out, paths, effects = np.zeros_like(phi), np.zeros_like(phi), np.zeros_like(phi)
    explained = np.zeros_like(found.explained)
    for code, i, k, weight in atoms:
        variance, other = phi[..., i, i], phi[..., k, k]
        spread = np.sqrt(other / variance)
        if code == R_SQUARED:
            explained[..., i] += weight / variance
            out[..., i, i] -= weight * found.explained[..., i] / variance**2
        elif code == PRATT:
            path, along = found.paths[..., i, k], phi[..., i, k]
            paths[..., i, k] += weight * along / variance
            _add_pair(out, i, k, weight * path / variance)
            out[..., i, i] -= weight * path * along / variance**2
        elif code == CORRELATION:
            scale = 1.0 / np.sqrt(variance * other)
            half = 0.5 * weight * phi[..., i, k] * scale
            _add_pair(out, i, k, weight * scale)
            out[..., i, i] -= half / variance
            out[..., k, k] -= half / other
        else:
            into, value = (paths, found.paths) if code == PATH else (effects, found.effects)
            standardized = value[..., i, k] * spread
            slope = weight if code in (PATH, TOTAL) else 2.0 * weight * standardized  # else its square
            into[..., i, k] += slope * spread
            half = 0.5 * slope * standardized
            out[..., i, i] -= half / variance
            out[..., k, k] += half / other
    turned = np.swapaxes(found.effects, -1, -2)
    paths += turned @ effects @ turned
    for i, (columns, inverse) in enumerate(zip(at.causes, at.inverses, strict=True)):
        if inverse is not None:
            _add_equation(out, i, list(columns), found.paths, inverse, paths, explained[..., i, None])
    return out


def _add_pair(out: Floats, i: int, k: int, slope: Floats) -> None:
    """Change with one covariance, half of it on each side of the diagonal."""
    out[..., i, k] += 0.5 * slope
    out[..., k, i] += 0.5 * slope


def _add_equation(
    out: Floats, i: int, columns: list[int], paths: Floats, inverse: Floats, in_paths: Floats, in_explained: Floats
) -> None:
    """What flows back through the coefficients and the explained variance of one equation."""
    b = paths[..., i, columns]
    h = (inverse @ in_paths[..., i, columns][..., None])[..., 0]
    along = 0.5 * h + in_explained * b
    out[..., i, columns] += along
    out[..., columns, i] += along
    across = h[..., :, None] * b[..., None, :]
    within = 0.5 * (across + np.swapaxes(across, -1, -2)) + (in_explained * b)[..., :, None] * b[..., None, :]
    out[..., np.array(columns)[:, None], np.array(columns)] -= within
