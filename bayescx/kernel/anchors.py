"""Covariance matrices of organizations known by published figures, in coordinates that figures do not bend.

A figure R2_i fixes a residual SD given the paths: log E_i - 2 log s_i = logit R2_i, with E_i the explained variance; a
ratio of paths fixes one of them given the others. Sampled as they stand, sharp figures are thin curved ridges. An
*anchored* component c (a residual's log SD, or a path) of the members of a figure's set is therefore moved as the house
moves everything: conditionally. c_obs is where it meets the figure exactly, given all that comes before it in causal
order; with P the precision of the figure there, and N(mu, tau^2 / M) the population for the mean of the M members,

    c = (M mu / tau^2 + P c_obs) / (M / tau^2 + P) + x (M / tau^2 + P)^(-1/2),     u_q = c + tau (eps_q - mean eps).

It is exact for any P, and only the marginal likelihood N(c_obs; mu, tau^2 / M + 1 / P) is left for what comes before.
Where figures are all there is, mu is *placed* the same way, given every c_obs of its population and its prior.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx.kernel.compiled import compiled
from bayescx.kernel.priors import log_density
from bayescx.kernel.residual import residual_covariance

__all__ = [
    "POOLED",
    "SHARED",
    "SHARED_LOG",
    "Anchors",
    "State",
    "anchored_covariances",
    "anchored_state",
    "mean_eps_of",
    "placed_mean",
    "ratio_parts",
    "shown_r_squared",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

POOLED, SHARED, SHARED_LOG = 0, 1, 2
"""Modes: members' mean in a population; a component that all share; the same, on the log scale of its declared sign."""

_MOST_STEPS = 60


class Anchors(NamedTuple):
    """Anchored components, sorted by equation, ratios before R-squared.

    ``ratio`` (A,) is 1 for a ratio of paths. ``component``, ``own``, ``population`` and ``shared`` say which component,
    its place among own and shared ones and its population (-1 where it has none), ``free`` its free number where
    shared. ``multiplier`` is the value that a path entry or SD has per component. ``target`` is R2, or the constant of
    the contrast. ``centre`` and ``centre_precision`` steer shared components. Members of the set have ``member_slot``
    and ``member_weight``; the contrast of a ratio has ``term_entry`` (path entries) and ``term_weight``, ``entry`` is
    the anchored one. ``placed`` lists populations (with ``placed_own``) whose mean is placed, ``placed_centre`` and
    ``placed_precision`` (a normal version of) its prior.
    """

    ratio: Ints
    mode: Ints
    equation: Ints
    component: Ints
    own: Ints
    population: Ints
    shared: Ints
    free: Ints
    multiplier: Floats
    sign: Floats
    target: Floats
    precision: Floats
    centre: Floats
    centre_precision: Floats
    member_start: Ints
    member_slot: Ints
    member_weight: Floats
    term_start: Ints
    term_entry: Ints
    term_weight: Floats
    entry: Ints
    placed: Ints
    placed_own: Ints
    placed_equation: Ints
    placed_centre: Floats
    placed_precision: Floats


class State(NamedTuple):
    """What is filled on the way from components to covariance matrices, and read on the way back.

    ``phi``, ``psi``, ``effects`` (Q, m, m); ``path`` (Q, entries); ``explained`` (Q, m); ``met`` = c_obs, ``value`` =
    c, ``tau`` and ``spread`` = tau^2 / M + 1 / P of each anchor (A,); ``sd`` and ``factor`` of Psi.
    """

    phi: Floats
    psi: Floats
    effects: Floats
    path: Floats
    explained: Floats
    met: Floats
    value: Floats
    tau: Floats
    spread: Floats
    sd: Floats
    factor: Floats


@compiled
def anchored_state(n_slot, structure, anchors):
    """Room for one evaluation."""
    m, n_entry, n_anchor = structure.psi_component.shape[0], structure.path_source.shape[0], anchors.ratio.shape[0]
    return State(
        np.zeros((n_slot, m, m)), np.empty((n_slot, m, m)), np.zeros((n_slot, m, m)), np.empty((n_slot, n_entry)),
        np.empty((n_slot, m)), np.empty(n_anchor), np.empty(n_anchor), np.empty(n_anchor), np.empty(n_anchor),
        np.empty((n_slot, m)), np.empty((n_slot, m, m)),
    )  # fmt: skip


@compiled
def mean_eps_of(a, x, first_eps, n_own, anchors, member):
    """Mean of the members' free numbers."""
    total = 0.0
    for s in range(anchors.member_start[a], anchors.member_start[a + 1]):
        total += x[first_eps + member[anchors.member_slot[s]] * n_own + anchors.own[a]]
    return total / (anchors.member_start[a + 1] - anchors.member_start[a])


@compiled
def _meet_r_squared(a, x, first_eps, n_own, anchors, member, state, mean_eps):
    """The c at which the members' mean R-squared is the target: Newton's method on an increasing function of -c."""
    first, last, i = anchors.member_start[a], anchors.member_start[a + 1], anchors.equation[a]
    tau, target = state.tau[a], anchors.target[a]
    logit, weights = np.log(target / (1.0 - target)), 0.0
    c = 0.0
    for s in range(first, last):
        slot = anchors.member_slot[s]
        if not state.explained[slot, i] > 0.0:
            return np.nan
        eps = x[first_eps + member[slot] * n_own + anchors.own[a]] if anchors.own[a] >= 0 else 0.0
        level = 0.5 * np.log(state.explained[slot, i]) - np.log(anchors.multiplier[a]) - tau * (eps - mean_eps)
        c += anchors.member_weight[s] * (level - 0.5 * logit)
        weights += anchors.member_weight[s]
    c /= weights
    for _ in range(_MOST_STEPS):
        miss, slope = -target * weights, 0.0
        for s in range(first, last):
            slot = anchors.member_slot[s]
            eps = x[first_eps + member[slot] * n_own + anchors.own[a]] if anchors.own[a] >= 0 else 0.0
            shown = shown_r_squared(a, slot, c, tau * (eps - mean_eps), anchors, state)
            miss += anchors.member_weight[s] * shown
            slope += 2.0 * anchors.member_weight[s] * shown * (1.0 - shown)
        step = min(max(miss / slope, -1.0), 1.0)
        c += step
        if abs(step) < 1e-13:
            break
    return c


@compiled
def shown_r_squared(a, slot, c, deviation, anchors, state):
    """R-squared of a member at c."""
    i = anchors.equation[a]
    residual = anchors.multiplier[a] * np.exp(c + deviation)
    return 1.0 / (1.0 + residual * residual / state.explained[slot, i])


@compiled
def ratio_parts(a, x, first_eps, n_own, anchors, structure, member, state, mean_eps):
    """Contrast without c, and its slope in c."""
    rest, slope = -anchors.target[a], 0.0
    for s in range(anchors.member_start[a], anchors.member_start[a + 1]):
        slot = anchors.member_slot[s]
        for t in range(anchors.term_start[a], anchors.term_start[a + 1]):
            entry = anchors.term_entry[t]
            k = structure.path_source[entry]
            weight = anchors.member_weight[s] * anchors.term_weight[t] * np.sqrt(state.phi[slot, k, k])
            if entry != anchors.entry[a]:
                rest += weight * state.path[slot, entry]
            else:
                slope += weight * anchors.multiplier[a]
                if anchors.own[a] >= 0:
                    eps = x[first_eps + member[slot] * n_own + anchors.own[a]]
                    rest += weight * anchors.multiplier[a] * state.tau[a] * (eps - mean_eps)
    return rest, slope


@compiled
def _meet(a, x, first_eps, n_own, anchors, structure, member, work, state):
    """Fill ``met``, ``tau`` and ``spread``; False where the figure cannot be met."""
    k = anchors.population[a]
    mean_eps = 0.0
    state.tau[a] = 0.0
    if k >= 0:
        state.tau[a] = np.sqrt(1.0 / work.precision[anchors.own[a]])
        mean_eps = mean_eps_of(a, x, first_eps, n_own, anchors, member)
    if anchors.ratio[a] == 0:
        state.met[a] = _meet_r_squared(a, x, first_eps, n_own, anchors, member, state, mean_eps)
    else:
        rest, slope = ratio_parts(a, x, first_eps, n_own, anchors, structure, member, state, mean_eps)
        state.met[a] = -rest / slope
        if anchors.mode[a] == SHARED_LOG:
            state.met[a] = np.log(anchors.sign[a] * state.met[a])
    count = anchors.member_start[a + 1] - anchors.member_start[a]
    state.spread[a] = state.tau[a] * state.tau[a] / count + 1.0 / anchors.precision[a]
    return abs(state.met[a]) < np.inf  # isfinite's x - x may be optimized away


@compiled
def placed_mean(p, anchors, state):
    """Posterior precision and mean of a placed population centre, given where its anchors meet their figures."""
    precision = anchors.placed_precision[p]
    total = precision * anchors.placed_centre[p]
    for a in range(anchors.ratio.shape[0]):
        if anchors.population[a] == anchors.placed[p]:
            precision += 1.0 / state.spread[a]
            total += state.met[a] / state.spread[a]
    return precision, total / precision


@compiled
def _place_mean(p, x, n_z, n_org, anchors, pooling, priors, work, state):
    """Give a population its centre; members that are not anchored follow it. Return what the log density gains."""
    k, o = anchors.placed[p], anchors.placed_own[p]
    precision, mean = placed_mean(p, anchors, state)
    mu = mean + x[n_z + k] / np.sqrt(precision)
    work.centre[k] = mu
    for j in range(n_org):  # place() left their deviations there
        work.u[j, pooling.own_component[o]] = mu + work.deviation[j, o]
    return log_density(priors.mean_family[k], priors.mean_parameters[k], mu)[0] - 0.5 * np.log(precision)


@compiled
def _anchor(a, x, first_eps, n_org, n_own, anchors, priors, member, work, state):
    """Give the anchored component its value; return what the log density gains."""
    count = anchors.member_start[a + 1] - anchors.member_start[a]
    if anchors.mode[a] == POOLED:
        k, tau = anchors.population[a], state.tau[a]
        mean_eps = mean_eps_of(a, x, first_eps, n_own, anchors, member)
        pull = count / (tau * tau)
        total = pull + anchors.precision[a]
        mu = work.centre[k]
        along = np.sqrt(count) * mean_eps
        c = (pull * mu + anchors.precision[a] * state.met[a]) / total + along / np.sqrt(total)
        state.value[a] = c
        for s in range(anchors.member_start[a], anchors.member_start[a + 1]):
            j = member[anchors.member_slot[s]]
            work.u[j, anchors.component[a]] = c + tau * (x[first_eps + j * n_own + anchors.own[a]] - mean_eps)
        # place() counted the members' free numbers as standard normal and their component as N(mu, tau)
        return 0.5 * along * along - 0.5 * pull * (c - mu) ** 2 - np.log(tau) - 0.5 * np.log(total)
    total = anchors.centre_precision[a] + anchors.precision[a]
    c = (anchors.centre_precision[a] * anchors.centre[a] + anchors.precision[a] * state.met[a]) / total
    c += x[anchors.free[a]] / np.sqrt(total)
    state.value[a] = c
    log_p = -0.5 * np.log(total)
    if anchors.mode[a] == SHARED_LOG:
        log_p += c
        c = anchors.sign[a] * np.exp(c)
    for j in range(n_org):
        work.u[j, anchors.component[a]] = c
    i = anchors.shared[a]
    return log_p + log_density(priors.shared_family[i], priors.shared_parameters[i], c)[0]


@compiled
def _fill_paths(i, structure, u, path):
    for e in range(structure.path_start[i], structure.path_start[i + 1]):
        c = structure.path_component[e]
        path[e] = structure.path_value[e] * (u[c] if c >= 0 else 1.0)


@compiled
def _explained(i, structure, path, phi):
    """Variance that the causes of i explain, and nothing else."""
    total = 0.0
    for e in range(structure.path_start[i], structure.path_start[i + 1]):
        for f in range(structure.path_start[i], structure.path_start[i + 1]):
            total += path[e] * path[f] * phi[structure.path_source[e], structure.path_source[f]]
    return total


@compiled
def _row(i, structure, path, psi, effects, phi, explained):
    """Row i of Phi and of total effects, from those above it."""
    first, last = structure.path_start[i], structure.path_start[i + 1]
    effects[i, i] = 1.0
    for e in range(first, last):
        s = structure.path_source[e]
        for k in range(s + 1):
            effects[i, k] += path[e] * effects[s, k]
    phi[i, i] = explained + psi[i, i]
    for j in range(i):
        along = 0.0  # covariance of the residual of i with construct j
        for k in range(j + 1):
            along += effects[j, k] * psi[i, k]
        total = along
        for e in range(first, last):
            s = structure.path_source[e]
            total += path[e] * phi[s, j]
            if s == j:
                phi[i, i] += 2.0 * path[e] * along
        phi[i, j] = total
        phi[j, i] = total


@compiled
def _anchor_all(first, last, x, first_eps, n_z, anchors, structure, pooling, priors, member, work, state):
    """Anchor components ``first`` to ``last``, which belong to one equation; -inf where a figure cannot be met."""
    n_org, n_own = work.scale.shape
    log_p = 0.0
    for a in range(first, last):
        if not _meet(a, x, first_eps, n_own, anchors, structure, member, work, state):
            return -np.inf
    if first < last:
        for p in range(anchors.placed.shape[0]):
            if anchors.placed[p] == anchors.population[first]:
                log_p += _place_mean(p, x, n_z, n_org, anchors, pooling, priors, work, state)
    for a in range(first, last):
        log_p += _anchor(a, x, first_eps, n_org, n_own, anchors, priors, member, work, state)
    return log_p


@compiled
def _rescale(i, u, structure, psi, sd):
    """Take up a residual SD that was anchored after Psi was filled."""
    c = structure.psi_component[i]
    if c >= 0:
        new = structure.psi_value[i] * np.exp(u[c])
        for k in range(psi.shape[0]):
            if k != i:
                psi[i, k] *= new / sd[i]
                psi[k, i] = psi[i, k]
        psi[i, i] = new * new
        sd[i] = new


@compiled
def anchored_covariances(x, structure, pooling, priors, anchors, member, work, state):
    """Fill ``state`` and the anchored components in ``work``; return what the log density gains, -inf on failure."""
    n_z = pooling.shared_matrix.shape[1]
    first_eps = n_z + 2 * priors.mean_family.shape[0]
    n_anchor, n_slot, m = anchors.ratio.shape[0], member.shape[0], structure.psi_component.shape[0]
    log_p, a = 0.0, 0
    for q in range(n_slot):
        state.effects[q] = 0.0
        if not residual_covariance(
            work.u[member[q]], structure.psi_cell, structure.psi_component, structure.psi_value, state.sd[q],
            state.factor[q], state.psi[q]
        ):  # fmt: skip
            return -np.inf
    for i in range(m):
        for ratio in (1, 0):
            for q in range(n_slot):
                _fill_paths(i, structure, work.u[member[q]], state.path[q])
                state.explained[q, i] = _explained(i, structure, state.path[q], state.phi[q])
            first = a
            while a < n_anchor and anchors.equation[a] == i and anchors.ratio[a] == ratio:
                a += 1
            log_p += _anchor_all(
                first, a, x, first_eps, n_z, anchors, structure, pooling, priors, member, work, state
            )  # fmt: skip
            if log_p == -np.inf:
                return log_p
        for q in range(n_slot):
            _rescale(i, work.u[member[q]], structure, state.psi[q], state.sd[q])
            _row(i, structure, state.path[q], state.psi[q], state.effects[q], state.phi[q], state.explained[q, i])
    return log_p
