"""The way back from covariance matrices of anchored organizations to free numbers: see ``kernel.anchors``.

Everything is undone in reverse causal order. ``slope`` (Q, m, m) is the derivative in Phi and grows where explained
variances and SDs of causes decided where a figure is met; ``direct`` (Q, entries) gains what paths did there.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.anchors import POOLED, SHARED_LOG, mean_eps_of, placed_mean, ratio_parts, shown_r_squared
from bayescx.kernel.compiled import compiled
from bayescx.kernel.implied import multiply
from bayescx.kernel.priors import log_density
from bayescx.kernel.residual import residual_covariance_adjoint

__all__ = ["pull_back_covariances"]


@compiled
def _middle(i, effects, slope):
    """Diagonal entry i of T' G T."""
    m, total = effects.shape[0], 0.0
    for a in range(i, m):
        s = 0.0
        for b in range(i, m):
            s += slope[a, b] * effects[b, i]
        total += effects[a, i] * s
    return total


@compiled
def _path_slope(i, source, effects, slope, phi):
    """Entry (i, source) of 2 T' G Phi."""
    m, total = effects.shape[0], 0.0
    for a in range(i, m):
        s = 0.0
        for b in range(m):
            s += slope[a, b] * phi[b, source]
        total += effects[a, i] * s
    return 2.0 * total


@compiled
def _component_slope(a, slot, anchors, structure, state, slope, direct):
    """Derivative in an anchored component of one organization."""
    i = anchors.equation[a]
    if anchors.ratio[a] == 0:
        return 2.0 * state.psi[slot, i, i] * _middle(i, state.effects[slot], slope[slot])
    entry = anchors.entry[a]
    source = structure.path_source[entry]
    along = _path_slope(i, source, state.effects[slot], slope[slot], state.phi[slot]) + direct[slot, entry]
    return anchors.multiplier[a] * along


@compiled
def _back_from_value(
    a,
    x,
    first_eps,
    n_org,
    n_own,
    anchors,
    structure,
    priors,
    member,
    work,
    state,
    slope,
    direct,
    adjoint,
    gradient,
    back,
):
    """From an anchored component to x, tau, mu and c_obs: ``back`` (3, A) gains d tau, d mu and d c_obs.

    What ``adjoint`` (J, C) holds of the component is taken out of it and goes the same way.
    """
    first, last = anchors.member_start[a], anchors.member_start[a + 1]
    count = last - first
    if anchors.mode[a] != POOLED:
        d_c = 0.0
        for slot in range(member.shape[0]):
            d_c += _component_slope(a, slot, anchors, structure, state, slope, direct)
        for j in range(n_org):
            d_c += adjoint[j, anchors.component[a]]
            adjoint[j, anchors.component[a]] = 0.0
        i, c = anchors.shared[a], state.value[a]
        if anchors.mode[a] == SHARED_LOG:
            c = anchors.sign[a] * np.exp(c)
        d_c += log_density(priors.shared_family[i], priors.shared_parameters[i], c)[1]
        if anchors.mode[a] == SHARED_LOG:
            d_c = d_c * c + 1.0
        total = anchors.centre_precision[a] + anchors.precision[a]
        gradient[anchors.free[a]] += d_c / np.sqrt(total)
        back[2, a] += d_c * anchors.precision[a] / total
        return
    tau, mu = state.tau[a], work.centre[anchors.population[a]]
    mean_eps = mean_eps_of(a, x, first_eps, n_own, anchors, member)
    along = np.sqrt(count) * mean_eps
    pull = count / (tau * tau)
    total = pull + anchors.precision[a]
    off = state.value[a] - mu
    d_c, d_mean = -pull * off, 0.0
    for s in range(first, last):
        at = first_eps + member[anchors.member_slot[s]] * n_own + anchors.own[a]
        d_u = _component_slope(a, anchors.member_slot[s], anchors, structure, state, slope, direct)
        d_u += adjoint[member[anchors.member_slot[s]], anchors.component[a]]
        adjoint[member[anchors.member_slot[s]], anchors.component[a]] = 0.0
        d_c += d_u
        back[0, a] += d_u * (x[at] - mean_eps)
        gradient[at] += tau * d_u
        d_mean += tau * d_u
    d_pull = (mu - state.met[a]) * anchors.precision[a] / (total * total) - 0.5 * along / (total * np.sqrt(total))
    d_pull = d_c * d_pull - 0.5 * off * off - 0.5 / total
    back[0, a] -= 2.0 * d_pull * pull / tau + 1.0 / tau
    back[1, a] += d_c * pull / total + pull * off
    back[2, a] += d_c * anchors.precision[a] / total
    spread_out = ((d_c / np.sqrt(total) + along) * np.sqrt(count) - d_mean) / count
    for s in range(first, last):
        gradient[first_eps + member[anchors.member_slot[s]] * n_own + anchors.own[a]] += spread_out


@compiled
def _back_from_mean(p, x, n_z, anchors, structure, pooling, priors, member, work, state, slope, back, gradient):
    """From a placed population centre to its free number and to where its anchors meet their figures."""
    k, i = anchors.placed[p], anchors.placed_equation[p]
    d_mu = log_density(priors.mean_family[k], priors.mean_parameters[k], work.centre[k])[1]
    for q in range(member.shape[0]):  # members that follow without being anchored
        follows = True
        for a in range(anchors.ratio.shape[0]):
            if anchors.population[a] == k:
                for s in range(anchors.member_start[a], anchors.member_start[a + 1]):
                    follows = follows and anchors.member_slot[s] != q
        if follows:
            d_mu += 2.0 * state.psi[q, i, i] * _middle(i, state.effects[q], slope[q])
    for a in range(anchors.ratio.shape[0]):
        if anchors.population[a] == k:
            d_mu += back[1, a]
    precision, mean = placed_mean(p, anchors, state)
    root = np.sqrt(precision)
    gradient[n_z + k] += d_mu / root
    for a in range(anchors.ratio.shape[0]):
        if anchors.population[a] == k:
            count, spread = anchors.member_start[a + 1] - anchors.member_start[a], state.spread[a]
            back[2, a] += d_mu / (spread * precision)
            d_precision = d_mu * ((state.met[a] - mean) / precision - 0.5 * x[n_z + k] / (precision * root))
            d_precision -= 0.5 / precision
            back[0, a] -= d_precision / (spread * spread) * 2.0 * state.tau[a] / count
            back[1, a] = 0.0


@compiled
def _back_from_r_squared(
    a, x, first_eps, n_own, anchors, structure, member, state, d_met, back, slope, direct, gradient
):
    """From where R-squared is met to explained variances (hence paths and Phi), tau and the members' deviations."""
    first, last, i = anchors.member_start[a], anchors.member_start[a + 1], anchors.equation[a]
    pooled = anchors.mode[a] == POOLED
    mean_eps = mean_eps_of(a, x, first_eps, n_own, anchors, member) if pooled else 0.0
    total, d_mean = 0.0, 0.0
    for again in (False, True):
        for s in range(first, last):
            slot = anchors.member_slot[s]
            at = first_eps + member[slot] * n_own + anchors.own[a]
            eps = x[at] - mean_eps if pooled else 0.0
            shown = shown_r_squared(a, slot, state.met[a], state.tau[a] * eps, anchors, state)
            change = anchors.member_weight[s] * shown * (1.0 - shown)
            if not again:
                total += change
                continue
            d_level = d_met * change / total  # of log E / 2 - tau deviation
            if pooled:
                back[0, a] -= d_level * eps
                gradient[at] -= d_level * state.tau[a]
                d_mean += d_level * state.tau[a]
            d_explained = 0.5 * d_level / state.explained[slot, i]
            for e in range(structure.path_start[i], structure.path_start[i + 1]):
                for f in range(structure.path_start[i], structure.path_start[i + 1]):
                    b, c = structure.path_source[e], structure.path_source[f]
                    direct[slot, e] += 2.0 * d_explained * state.path[slot, f] * state.phi[slot, b, c]
                    slope[slot, b, c] += d_explained * state.path[slot, e] * state.path[slot, f]
    if pooled:
        for s in range(first, last):
            at = first_eps + member[anchors.member_slot[s]] * n_own + anchors.own[a]
            gradient[at] += d_mean / (last - first)


@compiled
def _back_from_ratio(a, x, first_eps, n_own, anchors, structure, member, state, d_met, back, slope, direct, gradient):
    """From where a ratio is met to the other paths, the SDs of causes, tau and the members' deviations."""
    first, last = anchors.member_start[a], anchors.member_start[a + 1]
    pooled, value = anchors.mode[a] == POOLED, state.met[a]
    mean_eps = mean_eps_of(a, x, first_eps, n_own, anchors, member) if pooled else 0.0
    if anchors.mode[a] == SHARED_LOG:
        value = anchors.sign[a] * np.exp(value)
        d_met = d_met / value  # what was met is log |c|
    _, steep = ratio_parts(a, x, first_eps, n_own, anchors, structure, member, state, mean_eps)
    pull = -d_met / steep
    d_mean = 0.0
    for s in range(first, last):
        slot = anchors.member_slot[s]
        at = first_eps + member[slot] * n_own + anchors.own[a]
        for t in range(anchors.term_start[a], anchors.term_start[a + 1]):
            entry = anchors.term_entry[t]
            k = structure.path_source[entry]
            sd = np.sqrt(state.phi[slot, k, k])
            weight = pull * anchors.member_weight[s] * anchors.term_weight[t]
            path = state.path[slot, entry]
            if entry == anchors.entry[a]:
                eps = x[at] - mean_eps if pooled else 0.0
                path = anchors.multiplier[a] * (value + state.tau[a] * eps)
                if pooled:
                    part = weight * sd * anchors.multiplier[a]
                    back[0, a] += part * eps
                    gradient[at] += part * state.tau[a]
                    d_mean += part * state.tau[a]
            else:
                direct[slot, entry] += weight * sd
            slope[slot, k, k] += weight * path / (2.0 * sd)
    if pooled:
        for s in range(first, last):
            at = first_eps + member[anchors.member_slot[s]] * n_own + anchors.own[a]
            gradient[at] -= d_mean / (last - first)


@compiled
def pull_back_covariances(x, structure, pooling, priors, anchors, member, work, state, slope, adjoint, gradient):
    """Add to ``adjoint`` (J, C) and ``gradient`` (D,) what ``slope`` (Q, m, m), the derivative in Phi, implies.

    ``slope`` is used up, and so is what ``adjoint`` holds of anchored components: their part ends in ``gradient``.
    """
    n_org, n_own = work.scale.shape
    n_z, n_pop = pooling.shared_matrix.shape[1], priors.mean_family.shape[0]
    first_eps, m, n_slot = n_z + 2 * n_pop, structure.psi_component.shape[0], member.shape[0]
    direct, back = np.zeros(state.path.shape), np.zeros((3, anchors.ratio.shape[0]))
    last = anchors.ratio.shape[0]
    while last > 0:
        first = last - 1  # the anchors of one equation and kind belong together
        while (
            first > 0
            and anchors.equation[first - 1] == anchors.equation[last - 1]
            and anchors.ratio[first - 1] == anchors.ratio[last - 1]
        ):
            first -= 1
        for a in range(first, last):
            _back_from_value(
                a, x, first_eps, n_org, n_own, anchors, structure, priors, member, work, state, slope, direct, adjoint,
                gradient, back
            )  # fmt: skip
        for p in range(anchors.placed.shape[0]):
            if anchors.placed[p] == anchors.population[first]:
                _back_from_mean(
                    p, x, n_z, anchors, structure, pooling, priors, member, work, state, slope, back, gradient
                )  # fmt: skip
        for a in range(first, last):
            if anchors.ratio[a] == 1:
                _back_from_ratio(
                    a, x, first_eps, n_own, anchors, structure, member, state, back[2, a], back, slope, direct, gradient
                )  # fmt: skip
            else:
                _back_from_r_squared(
                    a, x, first_eps, n_own, anchors, structure, member, state, back[2, a], back, slope, direct, gradient
                )  # fmt: skip
            k = anchors.population[a]
            if k >= 0:
                gradient[n_z + k] += back[1, a] * work.mean_slope[k]
                d_log_tau = back[0, a] * state.tau[a] + back[1, a] * work.mean_turn[k]
                gradient[n_z + n_pop + k] += d_log_tau * work.sd_slope[k]
        last = first
    row, held, room = np.empty(work.u.shape[1]), np.empty((m, m)), np.empty((m, m))
    for q in range(n_slot):
        row[:] = 0.0
        for i in range(m):
            for e in range(structure.path_start[i], structure.path_start[i + 1]):
                c = structure.path_component[e]
                if c >= 0:
                    along = _path_slope(i, structure.path_source[e], state.effects[q], slope[q], state.phi[q])
                    row[c] += structure.path_value[e] * (along + direct[q, e])
        multiply(slope[q], state.effects[q], room)
        multiply(state.effects[q].T, room, held)
        residual_covariance_adjoint(
            work.u[member[q]], structure.psi_cell, structure.psi_component, state.sd[q], state.factor[q], state.psi[q],
            held, 1.0, room, row
        )  # fmt: skip
        for a in range(anchors.ratio.shape[0]):
            anchored = anchors.mode[a] != POOLED
            for s in range(anchors.member_start[a], anchors.member_start[a + 1]):
                anchored = anchored or anchors.member_slot[s] == q
            if anchored:
                row[anchors.component[a]] = 0.0
        for c in range(row.shape[0]):
            adjoint[member[q], c] += row[c]
