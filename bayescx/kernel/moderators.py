"""Populations whose mean depends on what organizations are: mu + gamma' z_j, placed together given tau.

With rows d_j = (1, z_j), the prior (about c, with scales s) and the own estimates b_j of organizations whose data tell
give theta = (mu, gamma) a normal approximation: mean M, precision Q = diag(1 / s^2) + sum w_j d_j d_j' with
w_j = 1 / (tau^2 + V_j). With Q = L L' and K = L^-1, theta = M + K' x. Rows of 1 alone: a population without moderators.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled
from bayescx.kernel.priors import log_density

__all__ = ["add_by_moderator", "moderated_means", "moderator_prior", "place_moderated", "pull_mean"]


@compiled
def _design(t, first, row, moderation):
    """Fill ``row`` with 1 and the moderators of the organization that estimate t is of."""
    j = moderation.told_row[t]
    row[0] = 1.0
    for a in range(1, row.shape[0]):
        row[a] = moderation.covariate[j, moderation.column[first + a - 1]]


@compiled
def _inverse_factor(matrix, inverse):
    """K = L^-1 of a positive definite matrix L L', which becomes L."""
    size = matrix.shape[0]
    for a in range(size):
        for b in range(a + 1):
            s = matrix[a, b]
            for c in range(b):
                s -= matrix[a, c] * matrix[b, c]
            matrix[a, b] = np.sqrt(s) if a == b else s / matrix[b, b]
    for a in range(size):
        for b in range(a + 1):
            s = 1.0 if a == b else 0.0
            for c in range(b, a):
                s -= matrix[a, c] * inverse[c, b]
            inverse[a, b] = s / matrix[a, a]


@compiled
def place_moderated(k, x, n_z, tau, pooling, moderation, work):
    """Place mu and gamma of population k, and keep how they turn with tau; return half log|Q| and its slope in log tau.

    ``x`` is the free numbers: that of mu is number n_z + k, those of gamma come last.
    """
    first, size = moderation.start[k], 1 + moderation.start[k + 1] - moderation.start[k]
    first_x = x.shape[0] - moderation.column.shape[0] + first - 1
    precision, change = np.zeros((size, size)), np.zeros((size, size))
    total, shift, row = np.zeros(size), np.zeros(size), np.empty(size)
    for a in range(size):
        scale = pooling.mean_scale[k] if a == 0 else moderation.scale[first + a - 1]
        centre = pooling.mean_centre[k] if a == 0 else moderation.centre[first + a - 1]
        precision[a, a] = 1.0 / (scale * scale)
        total[a] = precision[a, a] * centre
    for t in range(pooling.told_start[k], pooling.told_start[k + 1]):
        weight = 1.0 / (tau * tau + pooling.told_variance[t])
        _design(t, first, row, moderation)
        for a in range(size):
            total[a] += weight * pooling.told_estimate[t] * row[a]
            for b in range(a + 1):
                precision[a, b] += weight * row[a] * row[b]
                change[a, b] -= 2.0 * tau * tau * weight * weight * row[a] * row[b]
    inverse = work.placing[k]
    _inverse_factor(precision, inverse)
    half_log = 0.0
    solved, mean = np.zeros(size), np.zeros(size)
    for a in range(size):
        half_log += np.log(precision[a, a])
        for b in range(a + 1):
            solved[a] += inverse[a, b] * total[b]
    for a in range(size):
        for b in range(a, size):
            mean[a] += inverse[b, a] * solved[b]
    for t in range(pooling.told_start[k], pooling.told_start[k + 1]):
        weight = 1.0 / (tau * tau + pooling.told_variance[t])
        _design(t, first, row, moderation)
        residual = pooling.told_estimate[t]
        for a in range(size):
            residual -= row[a] * mean[a]
        for a in range(size):
            shift[a] -= 2.0 * tau * tau * weight * weight * residual * row[a]
    slope = _turn(k, first, x, n_z + k, first_x, inverse, change, shift, mean, work)
    return half_log, slope


@compiled
def _turn(k, first, x, at_mean, first_x, inverse, change, shift, mean, work):
    """Write theta and its derivatives in log tau; return half the trace of A = K dQ K'.

    d theta = K' (K (dh - dQ M) - P' x), with P the lower triangle of A, its diagonal halved.
    """
    size = mean.shape[0]
    half, left = np.zeros((size, size)), np.zeros((size, size))
    for a in range(size):
        for b in range(size):
            for c in range(a + 1):
                left[a, b] += inverse[a, c] * (change[c, b] if c >= b else change[b, c])
    trace = 0.0
    for a in range(size):
        for b in range(a + 1):
            s = 0.0
            for c in range(b + 1):
                s += left[a, c] * inverse[b, c]
            half[a, b] = s if b < a else 0.5 * s
        trace += half[a, a]
    turned = np.zeros(size)
    for a in range(size):
        for b in range(a + 1):
            turned[a] += inverse[a, b] * shift[b]
        for b in range(a, size):
            turned[a] -= half[b, a] * (x[at_mean] if b == 0 else x[first_x + b])
    for a in range(size):
        value, turn = mean[a], 0.0
        for b in range(a, size):
            value += inverse[b, a] * (x[at_mean] if b == 0 else x[first_x + b])
            turn += inverse[b, a] * turned[b]
        if a == 0:
            work.centre[k], work.mean_turn[k], work.mean_slope[k] = value, turn, inverse[0, 0]
        else:
            work.gamma[first + a - 1], work.gamma_turn[first + a - 1] = value, turn
    return trace


@compiled
def pull_mean(k, n_z, pull, by_moderator, moderation, work, gradient):
    """Add derivatives in mu (``pull``) and in gamma of population k to ``gradient``; return that in log tau."""
    first, last = moderation.start[k], moderation.start[k + 1]
    gradient[n_z + k] += pull * work.mean_slope[k]
    turned = pull * work.mean_turn[k]
    if last > first:
        inverse = work.placing[k]
        before = gradient.shape[0] - moderation.column.shape[0] + first - 1
        for a in range(1, 1 + last - first):
            s = inverse[a, 0] * pull
            for b in range(1, a + 1):
                s += inverse[a, b] * by_moderator[first + b - 1]
            gradient[before + a] += s
            turned += by_moderator[first + a - 1] * work.gamma_turn[first + a - 1]
    return turned


@compiled
def moderator_prior(moderation, work, by_moderator):
    """Log prior of gamma; its slopes are written to ``by_moderator``."""
    log_p = 0.0
    for g in range(moderation.column.shape[0]):
        lp, by_moderator[g] = log_density(moderation.family[g], moderation.parameters[g], work.gamma[g])
        log_p += lp
    return log_p


@compiled
def moderated_means(j, mean, pooling, moderation, work):
    """Means of the populations of own components, as organization j has them."""
    if moderation.column.shape[0] == 0:
        return mean
    own = work.own_mean
    for o in range(mean.shape[0]):
        own[o] = mean[o]
        k = pooling.population[o]
        if k >= 0:
            for g in range(moderation.start[k], moderation.start[k + 1]):
                own[o] += work.gamma[g] * moderation.covariate[j, moderation.column[g]]
    return own


@compiled
def add_by_moderator(j, own_pull, pooling, moderation, by_moderator):
    """Add to the derivatives in gamma what derivatives in the means of organization j imply."""
    if moderation.column.shape[0] == 0:
        return
    for o in range(own_pull.shape[0]):
        k = pooling.population[o]
        if k >= 0:
            for g in range(moderation.start[k], moderation.start[k + 1]):
                by_moderator[g] += own_pull[o] * moderation.covariate[j, moderation.column[g]]
