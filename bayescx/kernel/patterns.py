"""Log-likelihood by full information: each respondent counts with the answers that he or she gave.

Respondents p of an organization saw the variables J_p. Means are integrated out under a flat prior:

    log L = -1/2 sum_p [n_p log|Sigma_p| + tr(W_p Sigma_p^-1) + n_p d_p' Sigma_p^-1 d_p] - 1/2 log|M|
    M = sum_p n_p J_p' Sigma_p^-1 J_p,  d_p = ybar_p - J_p M^-1 sum_p n_p J_p' Sigma_p^-1 ybar_p

With K = Sigma^-1, u unseen and s seen, log|Sigma_p| = log|Sigma| + log|K_uu| and R = -K_uu^-1 K_us completes what was
seen, so that a pattern costs little more than what it lacks. The completed moments

    T = sum_p [A_p (W_p + n_p d_p d_p' + n_p (M^-1)_ss) A_p' + n_p K_uu^-1],  A_p = [I; R]

stand in for the scatter of complete data: the derivative of -2 log L in Sigma is n K - K T K, as in the EM algorithm.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx.kernel.compiled import compiled, inlined
from bayescx.kernel.implied import implied_likelihood, multiply
from bayescx.kernel.latent import inverse_and_log_det

__all__ = ["Patterns", "patterned_likelihood"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Patterns(NamedTuple):
    """Moments of respondents who answered the same variables, organization by organization.

    The a-th of A organizations is number ``organization[a]``, and has patterns ``start[a]:start[a + 1]``. ``n_obs``
    (P,) respondents answered ``n_seen`` (P,) variables: those in ``seen`` (P, p), ascending, padded with -1. ``mean``
    (P, p) and ``scatter`` (P, p * p) begin with their means and their q x q sums of squares and products, row by row.

    Where an organization's scale is unknown, ``free_extra`` (A,) is where its p free numbers e begin, else -1: Sigma
    counts as its correlations, with SDs exp(scale_sd e). The SDs' flat density on the log scale is a constant, left
    out; e of a variable that was never seen is standard normal.
    """

    organization: Ints
    start: Ints
    free_extra: Ints
    scale_sd: Floats
    n_obs: Floats
    n_seen: Ints
    seen: Ints
    mean: Floats
    scatter: Floats


class _Room(NamedTuple):
    """Room for one organization: p x p matrices, two things for each of its patterns, and vectors."""

    inverse: Floats  # K
    work: Floats
    precision: Floats  # M
    spread: Floats  # M^-1
    completed: Floats  # T
    part: Floats  # of T, by one pattern
    swept: Floats  # (patterns, p, p): K_uu^-1, -R and Sigma_p^-1 in one
    order: Ints  # (patterns, p): variables seen, then those unseen
    ratio: Floats  # of SDs, free to implied
    mean: Floats  # M^-1 sum_p n_p J_p' Sigma_p^-1 ybar_p
    total: Floats  # the same without M^-1


@compiled
def _rescale(patterns, a, extra, sigma, ratio):
    """Give ``sigma`` the SDs exp(scale_sd e)."""
    p = sigma.shape[0]
    for k in range(p):
        e = extra[patterns.free_extra[a] + k] if extra.shape[0] > 0 else 0.0
        ratio[k] = np.exp(patterns.scale_sd[a] * e) / np.sqrt(sigma[k, k])
    for i in range(p):
        for k in range(p):
            sigma[i, k] *= ratio[i] * ratio[k]


@compiled
def _rescale_adjoint(patterns, a, sigma, ratio, along, slope, extra_adjoint):
    """Turn ``slope``, the deviance's in the rescaled ``sigma``, into that in the matrix before; ``along`` is room."""
    p = sigma.shape[0]
    for k in range(p):
        along[k] = 0.0  # half the derivative in the log of an SD
        for i in range(p):
            along[k] += slope[k, i] * sigma[k, i]
        if extra_adjoint.shape[0] > 0:
            extra_adjoint[patterns.free_extra[a] + k] -= patterns.scale_sd[a] * along[k]
    for k in range(p):
        slope[k, k] -= along[k] / sigma[k, k]
        for i in range(p):
            slope[i, k] *= ratio[i] * ratio[k]


@compiled
def _sweep(patterns, q, inverse, swept, order):
    """Sweep K over what pattern ``q`` has not seen; return log|K_uu|, or nan where it is not positive definite."""
    p, at, n_seen, log_det = inverse.shape[0], 0, patterns.n_seen[q], 0.0
    for k in range(p):
        if at < n_seen and patterns.seen[q, at] == k:
            order[at] = k
            at += 1
        else:
            order[n_seen + k - at] = k
        for i in range(p):
            swept[k, i] = inverse[k, i]
    for b in range(n_seen, p):
        k = order[b]
        pivot = swept[k, k]
        if not pivot > 0.0:
            return np.nan
        log_det += np.log(pivot)
        for j in range(p):
            swept[k, j] /= pivot
        for i in range(p):
            x = swept[i, k]
            if i != k:
                for j in range(p):
                    swept[i, j] -= x * swept[k, j]
                swept[i, k] = -x / pivot
        swept[k, k] = 1.0 / pivot
    return log_det


@compiled
def _add_precision(patterns, q, swept, order, precision, total):
    """Add n_p J_p' Sigma_p^-1 J_p to ``precision`` and its product with the pattern's means to ``total``."""
    for b in range(patterns.n_seen[q]):
        i = order[b]
        for c in range(patterns.n_seen[q]):
            x = patterns.n_obs[q] * swept[i, order[c]]
            precision[i, order[c]] += x
            total[i] += x * patterns.mean[q, c]


@compiled
def _add_completed(patterns, q, swept, order, spread, mean, part, completed):
    """Add a pattern's share of the completed moments T."""
    p, n, n_seen = mean.shape[0], patterns.n_obs[q], patterns.n_seen[q]
    part[:] = 0.0
    for b in range(n_seen):
        i = order[b]
        deviation = n * (patterns.mean[q, b] - mean[i])
        for c in range(n_seen):
            k = order[c]
            part[i, k] = (
                patterns.scatter[q, b * n_seen + c] + deviation * (patterns.mean[q, c] - mean[k]) + n * spread[i, k]
            )
    for b in range(n_seen, p):
        k = order[b]
        for c in range(n_seen):
            i = order[c]
            for j in range(p):
                part[k, j] -= swept[k, i] * part[i, j]
        for c in range(n_seen, p):
            i = order[c]
            x = n * swept[k, i]
            for d in range(n_seen):
                x -= part[k, order[d]] * swept[i, order[d]]
            part[k, i] = x
    for b in range(p):
        k = order[b]
        for c in range(p):
            i = order[c]
            completed[k, i] += part[k, i] if b >= n_seen or c < n_seen else part[i, k]


@inlined
def _deviance(evidence, a, sigma, slope):
    """-2 log L of the a-th organization, which counts -1/2, and its derivative in the implied ``sigma``."""
    patterns, extra, extra_adjoint, room = evidence
    p, first, last, is_free = sigma.shape[0], patterns.start[a], patterns.start[a + 1], patterns.free_extra[a] >= 0
    inverse, precision, total, completed = room.inverse, room.precision, room.total, room.completed
    if is_free:
        _rescale(patterns, a, extra, sigma, room.ratio)
    log_det = inverse_and_log_det(sigma, room.work, inverse)
    precision[:], total[:], completed[:] = 0.0, 0.0, 0.0
    value, n = 0.0, 0.0
    for q in range(first, last):
        swept, order = room.swept[q - first], room.order[q - first]
        value += patterns.n_obs[q] * (log_det + _sweep(patterns, q, inverse, swept, order) + patterns.n_seen[q] - p)
        n += patterns.n_obs[q]
        _add_precision(patterns, q, swept, order, precision, total)
    for k in range(p):
        if precision[k, k] == 0.0:  # nobody saw it
            precision[k, k] = 1.0
            if is_free and extra.shape[0] > 0:
                e = extra[patterns.free_extra[a] + k]
                value += e * e
                extra_adjoint[patterns.free_extra[a] + k] -= e
        else:
            value -= 1.0
    value += inverse_and_log_det(precision, room.work, room.spread)
    if not abs(value) < np.inf:
        return np.nan, 0.0
    for i in range(p):
        room.mean[i] = 0.0
        for k in range(p):
            room.mean[i] += room.spread[i, k] * total[k]
    for q in range(first, last):
        _add_completed(
            patterns, q, room.swept[q - first], room.order[q - first], room.spread, room.mean, room.part, completed
        )  # fmt: skip
    multiply(inverse, completed, room.work)
    multiply(room.work, inverse, slope)
    for i in range(p):
        value += room.work[i, i]
        for k in range(p):
            slope[i, k] = n * inverse[i, k] - slope[i, k]
    if is_free:
        _rescale_adjoint(patterns, a, sigma, room.ratio, total, slope, extra_adjoint)
    return value, -0.5


@inlined
def patterned_likelihood(patterns, structure, u, extra, adjoint, extra_adjoint):
    """Sum of the log-likelihoods of organizations with patterns, and derivatives.

    ``adjoint`` (J, C) gains those in ``u`` (J, C), ``extra_adjoint`` those in ``extra``. Where ``extra`` is empty every
    e is 0. Where a matrix is not positive definite the result is -inf.
    """
    p, most = structure.theta_component.shape[0], 0
    for a in range(patterns.organization.shape[0]):
        most = max(most, patterns.start[a + 1] - patterns.start[a])
    room = _Room(
        np.empty((p, p)), np.empty((p, p)), np.empty((p, p)), np.empty((p, p)), np.empty((p, p)), np.empty((p, p)),
        np.empty((most, p, p)), np.empty((most, p), dtype=np.int64), np.empty(p), np.empty(p), np.empty(p),
    )  # fmt: skip
    evidence = patterns, extra, extra_adjoint, room
    return implied_likelihood(_deviance, evidence, patterns.organization, structure, u, adjoint)
