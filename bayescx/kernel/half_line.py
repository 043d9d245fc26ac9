"""Paths that a published figure keeps on one side of 0, in a coordinate that has no other side.

A sole cause whose R-squared was published cannot have a path of 0, so its sign splits the posterior in two parts of
which the declared one is meant. ``place`` gives v ~ N(mu, tau); the path is u = s log(1 + e^(v / s)), which is v but
near 0, and the density gains log N(u) - log N(v) + log du/dv. It is exact for any s.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled

__all__ = ["half_line", "pull_back_half_line"]

_BEND = 0.05  # where, on the common scale, u begins to differ from v


@compiled
def _own_of(component, pooling):
    """Place of a component among own ones."""
    for o in range(pooling.own_component.shape[0]):
        if pooling.own_component[o] == component:
            return o
    return -1


@compiled
def _folded(v):
    """u, du/dv and log du/dv."""
    growth = np.exp(-abs(v) / _BEND)
    rise = 1.0 / (1.0 + growth) if v > 0.0 else growth / (1.0 + growth)
    soft = _BEND * np.log1p(growth)
    return max(v, 0.0) + soft, rise, min(v, 0.0) / _BEND - soft / _BEND


@compiled
def half_line(figures, pooling, work, before):
    """Fold the firm paths of members; ``before`` (Q, K) keeps v. Return what the log density gains."""
    total = 0.0
    for q in range(figures.member.shape[0]):
        j = figures.member[q]
        for k in range(figures.signed.shape[0]):
            if figures.firm[q, k] == 1:
                c, sign = figures.signed[k], figures.sign[k]
                o = _own_of(c, pooling)
                v, m = sign * work.u[j, c], sign * work.mean[o]
                u, _, volume = _folded(v)
                before[q, k] = v
                work.u[j, c] = sign * u
                total += volume - 0.5 * work.precision[o] * (u - v) * (u + v - 2.0 * m)
    return total


@compiled
def pull_back_half_line(figures, pooling, n_z, n_pop, work, before, adjoint, gradient):
    """Turn ``adjoint`` (J, C) of folded paths into that of v, and add derivatives of mu and tau to ``gradient``."""
    for q in range(figures.member.shape[0]):
        j = figures.member[q]
        for k in range(figures.signed.shape[0]):
            if figures.firm[q, k] == 1:
                c, sign = figures.signed[k], figures.sign[k]
                o = _own_of(c, pooling)
                v, m, precision = before[q, k], sign * work.mean[o], work.precision[o]
                u, rise, _ = _folded(v)
                d_v = (sign * adjoint[j, c] - precision * (u - m)) * rise + precision * (v - m) + (1.0 - rise) / _BEND
                adjoint[j, c] = sign * d_v
                p = pooling.population[o]
                d_mu = sign * precision * (u - v)
                gradient[n_z + p] += d_mu * work.mean_slope[p]
                d_log_tau = precision * (u - v) * (u + v - 2.0 * m) + d_mu * work.mean_turn[p]
                gradient[n_z + n_pop + p] += d_log_tau * work.sd_slope[p]
