"""From free parameters to every organization's components, and the way back for gradients.

Population: component ~ Normal(mu, tau). The free parameter is eps with component = m(mu, tau) + L(tau) eps, where
N(m, L L') is what the organization's own normal approximation (precision P, information P b) and N(mu, tau) give
together: C = diag(1 / tau^2) + P = R R', K = R^-1, m = K' K (mu / tau^2 + P b), L = K'. The density gains log|L|,
so the posterior is exact for any P and b, and has no funnel; an organization without data (P = 0) becomes
non-centered by itself.

Blocks of one component (log SDs, single-predictor equations) are most of them and take the scalar form of the same
algebra.
"""

from __future__ import annotations

import numpy as np

from bayescx.kernel.compiled import compiled, log_product
from bayescx.kernel.moderators import add_by_moderator, moderated_means, moderator_prior, place_moderated, pull_mean
from bayescx.kernel.priors import log_density
from bayescx.kernel.problem import LINEAR, PLACED

__all__ = ["place", "population_sd", "pull_back"]

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


@compiled
def population_sd(x, scale):
    """Population SD of its free parameter: ``tau = scale * log(1 + e^x)``.

    Far left x is the log scale, far right it is linear, so that a normal-tailed prior stays normal-tailed and no
    wall of e^(2x) meets the sampler.
    """
    return scale * np.log1p(np.exp(x))


@compiled
def _signed(sign, value):
    """A value of declared sign, ``sign * log(1 + e^value)``: value, slope, and log |slope| with its slope."""
    growth = np.exp(-abs(value))
    soft = np.log1p(growth) + max(value, 0.0)
    rise = 1.0 / (1.0 + growth) if value > 0.0 else growth / (1.0 + growth)
    return sign * soft, sign * rise, value - soft, 1.0 - rise


@compiled
def _conditional_mean(k, x, tau, pooling, work):
    """Place a population mean given tau: what its prior and organizations' own estimates say together.

    Precision Q = 1 / scale^2 + sum 1 / (tau^2 + V_j), mean M, mu = M + x / sqrt(Q). With one organization or two,
    (mu, tau) would otherwise be a funnel. Return half the log of Q, and its slope in log tau.
    """
    precision = 1.0 / (pooling.mean_scale[k] * pooling.mean_scale[k])
    total = precision * pooling.mean_centre[k]
    for t in range(pooling.told_start[k], pooling.told_start[k + 1]):
        weight = 1.0 / (tau * tau + pooling.told_variance[t])
        precision += weight
        total += weight * pooling.told_estimate[t]
    mean, root = total / precision, np.sqrt(precision)
    change, shift = 0.0, 0.0
    for t in range(pooling.told_start[k], pooling.told_start[k + 1]):
        weight = 1.0 / (tau * tau + pooling.told_variance[t])
        slope = -2.0 * tau * tau * weight * weight
        change += slope
        shift += slope * (pooling.told_estimate[t] - mean)
    work.centre[k] = mean + x / root
    work.mean_slope[k] = 1.0 / root
    work.mean_turn[k] = shift / precision - 0.5 * x * change / (precision * root)
    return np.log(root), 0.5 * change / precision


@compiled
def _untie(pooling, pull):
    """Turn derivatives in tied population means into those in the means as they were placed."""
    n_tie, n_pop = pooling.tie.shape
    back = np.zeros(n_tie)
    for c in range(n_tie):
        for k in range(n_pop):
            back[c] += pooling.tie_back[k, c] * pull[k]
    for c in range(n_tie):
        for k in range(n_pop):
            pull[k] -= pooling.tie[c, k] * back[c]


@compiled
def _means(n_z, pooling, priors, moderation, work, gradient):
    """Tie the population means in ``centre`` where the model does; return the log prior of all."""
    n_tie, n_pop = pooling.tie.shape
    centre, pull = work.centre, work.mean_pull
    gap = -pooling.tie_target
    log_p = 0.0
    for c in range(n_tie):
        for k in range(n_pop):
            gap[c] += pooling.tie[c, k] * centre[k]
        log_p -= 0.5 * (gap[c] / pooling.tie_scale[c]) ** 2
    for c in range(n_tie):
        for k in range(n_pop):
            centre[k] -= pooling.tie_back[k, c] * gap[c]
    for k in range(n_pop):
        pull[k] = 0.0
        if pooling.mean_kind[k] != PLACED:
            lp, pull[k] = log_density(priors.mean_family[k], priors.mean_parameters[k], centre[k])
            log_p += lp
    _untie(pooling, pull)
    for c in range(n_tie):
        for k in range(n_pop):
            pull[k] -= pooling.tie[c, k] * gap[c] / (pooling.tie_scale[c] * pooling.tie_scale[c])
    log_p += moderator_prior(moderation, work, work.gamma_pull)
    for k in range(n_pop):
        turned = pull_mean(k, n_z, pull[k], work.gamma_pull, moderation, work, gradient)
        gradient[n_z + n_pop + k] += turned * work.sd_slope[k]
    return log_p


@compiled
def _population(x, n_org, pooling, priors, moderation, work, gradient):
    """Priors of the population means and SDs, and of the components given them up to their squares.

    ``centre`` becomes mu, ``mean_slope`` d mu / dx, ``mean_turn`` d mu / d log tau and ``sd_slope`` d log tau / dx.
    """
    mean, precision, sd_slope = work.mean, work.precision, work.sd_slope
    n_z, n_pop = pooling.shared_matrix.shape[1], priors.mean_family.shape[0]
    log_p = 0.0
    for k in range(n_pop):
        free = x[n_z + n_pop + k]
        growth = np.exp(free)
        soft = np.log1p(growth)
        tau = pooling.sd_scale[k] * soft
        left = 1.0 / (1.0 + growth)
        sd_slope[k] = growth * left / soft
        lp, slope = log_density(priors.sd_family[k], priors.sd_parameters[k], tau)
        # log d tau / dx = log scale + x - log(1 + e^x)
        log_p += lp + free - soft - n_org * (np.log(soft) + _HALF_LOG_2PI)
        gradient[n_z + n_pop + k] += (slope * tau - n_org) * sd_slope[k] + left
        precision[k] = 1.0 / (tau * tau)
        work.centre[k], work.mean_slope[k], work.mean_turn[k] = 0.0, 0.0, 0.0
        if pooling.mean_kind[k] == LINEAR:
            if moderation.start[k + 1] > moderation.start[k]:
                volume, turn = place_moderated(k, x, n_z, tau, pooling, moderation, work)
            else:
                volume, turn = _conditional_mean(k, x[n_z + k], tau, pooling, work)
            log_p -= volume
            gradient[n_z + n_pop + k] -= turn * sd_slope[k]
        elif pooling.mean_kind[k] != PLACED:
            work.centre[k], rise, volume, turn = _signed(
                pooling.mean_kind[k], pooling.mean_centre[k] + pooling.mean_scale[k] * x[n_z + k]
            )  # fmt: skip
            work.mean_slope[k] = rise * pooling.mean_scale[k]
            log_p += volume + np.log(pooling.mean_scale[k])
            gradient[n_z + k] += turn * pooling.mean_scale[k]
    log_p += _means(n_z, pooling, priors, moderation, work, gradient)
    log_p += (1.0 - n_org) * log_product(pooling.sd_scale)
    for o in range(pooling.own_component.shape[0] - 1, -1, -1):  # populations come in the order of their components
        k = pooling.population[o]
        if k >= 0:
            mean[o] = work.centre[k]
            precision[o] = precision[k]
        else:
            mean[o] = pooling.fixed_mean[o]
            precision[o] = 1.0 / (pooling.fixed_sd[o] * pooling.fixed_sd[o])
    return log_p


@compiled
def _shared(x, pooling, priors, work, gradient):
    """Components that all organizations share, and their prior; ``shared_slope`` (F,) becomes their slope."""
    n_shared, n_z = pooling.shared_matrix.shape
    u, log_p = work.u, 0.0
    for i in range(n_shared):
        value = pooling.shared_offset[i]
        for k in range(n_z):
            value += pooling.shared_matrix[i, k] * x[k]
        work.shared_slope[i] = 1.0
        if pooling.shared_kind[i] == PLACED:
            work.shared_slope[i] = 0.0
            continue
        if pooling.shared_kind[i] != LINEAR:
            value, work.shared_slope[i], volume, turn = _signed(pooling.shared_kind[i], value)
            log_p += volume
            for k in range(n_z):
                gradient[k] += turn * pooling.shared_matrix[i, k]
        for j in range(u.shape[0]):
            u[j, pooling.shared_component[i]] = value
        lp, slope = log_density(priors.shared_family[i], priors.shared_parameters[i], value)
        log_p += lp
        for k in range(n_z):
            gradient[k] += slope * work.shared_slope[i] * pooling.shared_matrix[i, k]
    return log_p


@compiled
def _place_block(eps, deviation, mean, precision, information, steering, first, size, inverse, work):
    """Deviations from the population mean of one block; leaves K in ``inverse`` and returns log|L|."""
    for a in range(size):
        for b in range(a + 1):
            s = steering[a * size + b]
            if a == b:
                s += precision[first + a]
            for c in range(b):
                s -= inverse[a * size + c] * inverse[b * size + c]
            if a == b:
                inverse[a * size + a] = np.sqrt(s)
            else:
                inverse[a * size + b] = s / inverse[b * size + b]
    determinant = 1.0
    for a in range(size):  # R becomes its inverse in place, row by row
        pivot = inverse[a * size + a]
        determinant *= pivot
        for b in range(a):
            s = 0.0
            for c in range(b, a):
                s -= inverse[a * size + c] * inverse[c * size + b]
            work[b] = s / pivot
        for b in range(a):
            inverse[a * size + b] = work[b]
        inverse[a * size + a] = 1.0 / pivot
    for a in range(size):  # m - mu = K' K (P b - P mu): differences, so that a tiny tau loses no digits
        s = information[first + a]
        for b in range(size):
            s -= steering[a * size + b] * mean[first + b]
        work[size + a] = s
    for a in range(size):
        s = eps[first + a]
        for b in range(a + 1):
            s += inverse[a * size + b] * work[size + b]
        work[a] = s
    for c in range(size):
        s = 0.0
        for a in range(c, size):
            s += inverse[a * size + c] * work[a]
        deviation[first + c] = s
    return -np.log(determinant)


@compiled
def place(x, pooling, priors, steering, moderation, work, gradient):
    """Fill ``work``; return the log prior with all Jacobians and start ``gradient`` (D,)."""
    u, mean, precision, deviation, scale = work.u, work.mean, work.precision, work.deviation, work.scale
    n_org, n_own = scale.shape
    n_block = pooling.block_offset.shape[0]
    scalars = pooling.block_start[n_block]
    log_p = pooling.log_volume[0] + _shared(x, pooling, priors, work, gradient)
    log_p += _population(x, n_org, pooling, priors, moderation, work, gradient)
    room = np.empty(2 * scalars + 1)
    first_eps = pooling.shared_matrix.shape[1] + 2 * priors.mean_family.shape[0]
    for j in range(n_org):
        eps = x[first_eps + j * n_own : first_eps + (j + 1) * n_own]
        moved, information = deviation[j], steering.information[j]
        own_mean = moderated_means(j, mean, pooling, moderation, work)
        for b in range(n_block):
            first, offset = pooling.block_start[b], pooling.block_offset[b]
            size = pooling.block_start[b + 1] - first
            log_p += _place_block(
                eps, moved, own_mean, precision, information, steering.block[j, offset:], first, size,
                work.inverse[j, offset:], room
            )  # fmt: skip
        precise = steering.scalar[j]
        for o in range(scalars, n_own):
            variance = 1.0 / (precision[o] + precise[o])
            root = np.sqrt(variance)
            scale[j, o] = root
            moved[o] = variance * (information[o] - precise[o] * own_mean[o]) + root * eps[o]
        log_p += log_product(scale[j, scalars:])
        for o in range(n_own):
            log_p -= pooling.pooled[o] * 0.5 * precision[o] * moved[o] * moved[o]
        for o in range(n_own):
            u[j, pooling.own_component[o]] = own_mean[o] + moved[o]
    for o in pooling.independent:
        for j in range(n_org):
            value = mean[o] + deviation[j, o]
            log_p += log_density(priors.own_family[o], priors.own_parameters[o], value)[0]
    return log_p


@compiled
def _pull_back_block(eps, total, first, size, inverse, eps_gradient, shift, solved, slope):
    """Gradient in eps, C^-1 total (``solved``), v = K' eps (``shift``) and the density's slope in the precisions.

    The adjoint of R is -v w' below the diagonal (w = K total) and -1 / R_aa on it. Pulled back through the
    Cholesky factorization, with R' v = eps, its diagonal is the sum that ends in ``slope``.
    """
    for a in range(size):
        s = 0.0
        for b in range(a + 1):
            s += inverse[a * size + b] * total[first + b]
        eps_gradient[first + a] = s
    for c in range(size):
        shift[c], solved[c], slope[c] = 0.0, 0.0, 0.0
        below = 0.0  # sum over b < a of K_bc w_b
        for a in range(c, size):
            k = inverse[a * size + c]
            shift[c] += k * eps[first + a]
            w = eps_gradient[first + a]
            solved[c] += k * w
            slope[c] -= k * eps[first + a] * below + 0.5 * k * k * (eps[first + a] * w + 1.0)
            below += k * w


@compiled
def pull_back(x, pooling, priors, steering, moderation, work, adjoint, gradient):
    """Add to ``gradient`` (D,) what the likelihood's ``adjoint`` (J, C) and the density of the components imply."""
    mean, precision, deviation, scale = work.mean, work.precision, work.deviation, work.scale
    n_org, n_own = scale.shape
    n_shared, n_z = pooling.shared_matrix.shape
    n_pop = priors.mean_family.shape[0]
    n_block = pooling.block_offset.shape[0]
    scalars = pooling.block_start[n_block]
    first_eps = n_z + 2 * n_pop
    total = np.empty(n_own)
    shift, solved, slope = np.empty(scalars + 1), np.empty(scalars + 1), np.empty(scalars + 1)
    mean_gradient, precision_gradient, own_pull = np.zeros(n_own), np.zeros(n_own), np.zeros(n_own)
    work.gamma_pull[:] = 0.0
    for i in range(n_shared):
        s = 0.0
        for j in range(n_org):
            s += adjoint[j, pooling.shared_component[i]]
        s *= work.shared_slope[i]
        for k in range(n_z):
            gradient[k] += s * pooling.shared_matrix[i, k]
    for j in range(n_org):
        moved = deviation[j]
        eps = x[first_eps + j * n_own : first_eps + (j + 1) * n_own]
        eps_gradient = gradient[first_eps + j * n_own : first_eps + (j + 1) * n_own]
        for o in range(n_own):
            total[o] = adjoint[j, pooling.own_component[o]]
        for o in range(n_own):
            total[o] -= pooling.pooled[o] * precision[o] * moved[o]
            precision_gradient[o] -= 0.5 * moved[o] * moved[o]
        for o in pooling.independent:
            value = mean[o] + moved[o]
            total[o] += log_density(priors.own_family[o], priors.own_parameters[o], value)[1]
        for b in range(n_block):
            first, offset = pooling.block_start[b], pooling.block_offset[b]
            size = pooling.block_start[b + 1] - first
            _pull_back_block(eps, total, first, size, work.inverse[j, offset:], eps_gradient, shift, solved, slope)
            for c in range(size):
                o = first + c
                own_pull[o] = precision[o] * (solved[c] + moved[o])
                precision_gradient[o] += slope[c] + solved[c] * (shift[c] - moved[o])
        precise = steering.scalar[j]
        for o in range(scalars, n_own):
            root = scale[j, o]
            variance = root * root
            eps_gradient[o] = total[o] * root
            pull = precision[o] * moved[o]
            # pull + (adjoint - pull) D / C, with 1 - D / C = P / C
            own_pull[o] = variance * (pull * precise[o] + (total[o] + pull) * precision[o])
            precision_gradient[o] += variance * (total[o] * (0.5 * root * eps[o] - moved[o]) - 0.5)
        for o in range(n_own):
            mean_gradient[o] += own_pull[o]
        add_by_moderator(j, own_pull, pooling, moderation, work.gamma_pull)
    pull = work.mean_pull
    for o in range(n_own):
        if pooling.population[o] >= 0:
            pull[pooling.population[o]] = mean_gradient[o]
    _untie(pooling, pull)
    for o in range(n_own):
        k = pooling.population[o]
        if k >= 0:
            turned = pull_mean(k, n_z, pull[k], work.gamma_pull, moderation, work, gradient)
            turned -= 2.0 * precision[o] * precision_gradient[o]
            gradient[n_z + n_pop + k] += turned * work.sd_slope[k]
