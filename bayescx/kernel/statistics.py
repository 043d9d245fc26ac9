"""Published statistics as functions of a covariance matrix of constructs, with derivatives.

A statistic is a sum of *atoms* of the equation-by-equation regressions that a covariance matrix Phi implies:
standardized paths, total effects, correlations, explained variances. One pass forward solves the regressions, one pass
back gives D with d statistic = tr(D dPhi), D symmetric. Both work on complex numbers too: with Phi + i h V in place of
Phi, Im D / h is the second derivative along V to machine precision (complex step), so nothing is written twice.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled

__all__ = [
    "CORRELATION",
    "PATH",
    "PRATT",
    "R_SQUARED",
    "SQUARED_TOTAL",
    "TOTAL",
    "derivative_of",
    "regress",
    "value_of",
]

PATH, TOTAL, CORRELATION, R_SQUARED, PRATT, SQUARED_TOTAL = 0, 1, 2, 3, 4, 5
"""Atoms of outcome i and cause k: path b* and total effect t* in SDs per SD, r_ik, R2_i, b* r_ik, t*^2."""


@compiled
def regress(phi, start, source, inverse, paths, effects, explained):
    """Regress every construct on its causes.

    Fill ``inverse`` (entries, entries of one equation): rows of each equation's inverse predictor covariance,
    ``paths`` (m, m), ``effects`` = (I - paths)^-1 and ``explained`` (m,), the explained variance.
    """
    m = phi.shape[0]
    for i in range(m):
        first, size = start[i], start[i + 1] - start[i]
        explained[i] = 0.0
        for k in range(m):
            paths[i, k] = 0.0
            effects[i, k] = 0.0
        effects[i, i] = 1.0
        for a in range(size):
            for b in range(size):
                inverse[first + a, b] = phi[source[first + a], source[first + b]]
        for p in range(size):  # Gauss-Jordan in place; predictor covariances are positive definite
            pivot = 1.0 / inverse[first + p, p]
            inverse[first + p, p] = 1.0
            for b in range(size):
                inverse[first + p, b] *= pivot
            for a in range(size):
                if a != p:
                    factor = inverse[first + a, p]
                    inverse[first + a, p] = 0.0
                    for b in range(size):
                        inverse[first + a, b] -= factor * inverse[first + p, b]
        for a in range(size):
            k = source[first + a]
            for b in range(size):
                paths[i, k] += inverse[first + a, b] * phi[source[first + b], i]
            explained[i] += paths[i, k] * phi[k, i]
            for c in range(m):
                effects[i, c] += paths[i, k] * effects[k, c]


@compiled
def value_of(code, i, k, phi, paths, effects, explained):
    """One atom."""
    if code == PATH:
        return paths[i, k] * np.sqrt(phi[k, k] / phi[i, i])
    if code == TOTAL:
        return effects[i, k] * np.sqrt(phi[k, k] / phi[i, i])
    if code == CORRELATION:
        return phi[i, k] / np.sqrt(phi[i, i] * phi[k, k])
    if code == R_SQUARED:
        return explained[i] / phi[i, i]
    if code == PRATT:
        return paths[i, k] * phi[i, k] / phi[i, i]
    return effects[i, k] * effects[i, k] * phi[k, k] / phi[i, i]


@compiled
def _atom_back(code, i, k, weight, phi, paths, effects, explained, d_phi, d_paths, d_effects, d_explained):
    """Derivatives of ``weight`` times an atom in everything it is made of."""
    value = weight * value_of(code, i, k, phi, paths, effects, explained)
    d_phi[i, i] -= (0.5 if code <= CORRELATION else 1.0) * value / phi[i, i]
    if code == PATH:
        d_paths[i, k] += weight * np.sqrt(phi[k, k] / phi[i, i])
        d_phi[k, k] += 0.5 * value / phi[k, k]
    elif code == TOTAL:
        d_effects[i, k] += weight * np.sqrt(phi[k, k] / phi[i, i])
        d_phi[k, k] += 0.5 * value / phi[k, k]
    elif code == CORRELATION:
        d_phi[i, k] += weight / np.sqrt(phi[i, i] * phi[k, k])
        d_phi[k, k] -= 0.5 * value / phi[k, k]
    elif code == R_SQUARED:
        d_explained[i] += weight / phi[i, i]
    elif code == PRATT:
        d_paths[i, k] += weight * phi[i, k] / phi[i, i]
        d_phi[i, k] += weight * paths[i, k] / phi[i, i]
    else:
        d_effects[i, k] += 2.0 * weight * effects[i, k] * phi[k, k] / phi[i, i]
        d_phi[k, k] += value / phi[k, k]


@compiled
def derivative_of(
    codes, rows, columns, weights, phi, start, source, inverse, paths, effects, explained, work, d_explained, out
):
    """Fill ``out`` (m, m), symmetric: the derivative in Phi of the sum of weighted atoms.

    ``work`` is (3, m, m) and ``d_explained`` (m,): room.
    """
    m = phi.shape[0]
    d_phi, d_paths, d_effects = work[0], work[1], work[2]
    for i in range(m):
        d_explained[i] = 0.0
        for k in range(m):
            d_phi[i, k] = 0.0
            d_paths[i, k] = 0.0
            d_effects[i, k] = 0.0
    for a in range(codes.shape[0]):
        _atom_back(
            codes[a], rows[a], columns[a], weights[a], phi, paths, effects, explained, d_phi, d_paths, d_effects,
            d_explained
        )  # fmt: skip
    for i in range(m - 1, -1, -1):
        first, size = start[i], start[i + 1] - start[i]
        for a in range(size):  # effects: row i is e_i + sum of paths times the rows of its causes
            k = source[first + a]
            for c in range(m):
                d_paths[i, k] += d_effects[i, c] * effects[k, c]
                d_effects[k, c] += d_effects[i, c] * paths[i, k]
        for a in range(size):
            k = source[first + a]
            pulled = 2.0 * d_explained[i] * paths[i, k]
            for b in range(size):
                pulled += inverse[first + a, b] * d_paths[i, source[first + b]]
            d_phi[k, i] += pulled
            # with b = P^-1 c: d (c' P^-1 c) = 2 b' dc - b' dP b, and d b = P^-1 (dc - dP b)
            for b in range(size):
                d_phi[k, source[first + b]] -= (pulled - d_explained[i] * paths[i, k]) * paths[i, source[first + b]]
    for i in range(m):
        for k in range(i + 1):
            out[i, k] = 0.5 * (d_phi[i, k] + d_phi[k, i])
            out[k, i] = out[i, k]
