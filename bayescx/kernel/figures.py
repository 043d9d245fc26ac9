"""Log-likelihood of published figures, given the covariance matrices of the constructs of those they speak of.

A figure f of organizations q with weights w compares a contrast with 0: c_f = sum_q w (N_q - v D_q) - constant, for a
ratio N / D published as v; a plain statistic has no D and the constant v. Figures of one sample err together: with
D_fq the derivative of c_f in Phi_q, Cov(c_f, c_g) = sum_q 2 / sqrt(n_fq n_gq) tr(D_fq Phi_q D_gq Phi_q), the delta
method for normal data at the current parameters, plus the variance of rounding. Orderings and bounds say that a
contrast is positive: probit in units of its sampling SD, never a wall.

The gradient needs how the covariance itself changes. With W its adjoint and H_fq = sum_g W_fg kappa_fg D_gq, it is
2 D''_f [Phi H Phi] + 2 sym(H Phi D): D'' along one direction per figure, by a complex step.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx.kernel.compiled import compiled
from bayescx.kernel.implied import multiply
from bayescx.kernel.statistics import derivative_of, regress, value_of

__all__ = ["Figures", "declared_signs", "figures_likelihood"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP = 1e-30  # imaginary: nothing is subtracted, so nothing is lost
_HALF_LOG_2PI = 0.5 * math.log(2.0 * math.pi)


class Figures(NamedTuple):
    """Published figures as flat arrays.

    ``member`` (Q,) are the organizations that figures speak of; a *share* is one organization in one figure. Figures
    come group by group (``group_start``): groups speak of different samples. ``probit`` (F,) is 0 for a value, else 1
    for "positive", ``pooled`` 1 where the statistic is that of all respondents together. ``size_extra`` (F,) is the
    free number behind an unknown sample size, or -1: log n = ``log_n`` + ``log_n_sd`` * it, for one member's part.
    ``unit_precision`` (1,) says how closely each construct's variance averages 1 over members, on the log scale (0: it
    need not). Components ``signed`` (K,) have a ``sign`` (K,) in every member, seen with an SD of ``sign_width`` (Q,);
    ``firm`` (Q, K) is 1 where an R-squared of a sole cause leaves no way from one sign to the other.
    ``sizes`` lists the free numbers behind sample sizes, which are standard normal. ``rounding`` (F,) is the SD of
    rounding in units of the published value; times D for a ratio.
    """

    member: Ints
    unit_precision: Floats
    signed: Ints
    sign: Floats
    sign_width: Floats
    firm: Ints
    sizes: Ints
    group_start: Ints
    share_start: Ints
    share_slot: Ints
    share_weight: Floats
    probit: Ints
    pooled: Ints
    constant: Floats
    denominator_constant: Floats
    rounding: Floats
    size_extra: Ints
    log_n: Floats
    log_n_sd: Floats
    atom_start: Ints
    atom_code: Ints
    atom_row: Ints
    atom_column: Ints
    atom_contrast: Floats
    atom_denominator: Floats


@compiled
def _log_normal_cdf(z):
    """log Phi(z) and its derivative, also far in the left tail."""
    if z > -25.0:
        p = 0.5 * math.erfc(-z / math.sqrt(2.0))
        return np.log(p), np.exp(-0.5 * z * z - _HALF_LOG_2PI) / p
    # the asymptotic series of the tail; its next term is below 1e-11 from here on
    w = 1.0 / (z * z)
    tail = w * (-1.0 + w * (3.0 + w * (-15.0 + w * 105.0)))
    turn = w * (2.0 + w * (-12.0 + w * (90.0 - w * 840.0))) / z
    return -0.5 * z * z - np.log(-z) - _HALF_LOG_2PI + np.log1p(tail), -z - 1.0 / z + turn / (1.0 + tail)


@compiled
def _differentiated(f, weights, matrix, structure, figures, inverse, room, vectors, out):
    """Weighted sum of the figure's atoms for one covariance matrix; its derivative goes to ``out`` (m, m).

    ``inverse`` (entries, entries of an equation), ``room`` (5, m, m) and ``vectors`` (2, m) are scratch.
    """
    first, last = figures.atom_start[f], figures.atom_start[f + 1]
    start, source, paths, effects, explained = (
        structure.path_start, structure.path_source, room[3], room[4], vectors[0]
    )  # fmt: skip
    codes, rows, columns = figures.atom_code[first:last], figures.atom_row[first:last], figures.atom_column[first:last]
    regress(matrix, start, source, inverse, paths, effects, explained)
    total = 0.0 * matrix[0, 0]
    for a in range(last - first):
        total += weights[first + a] * value_of(codes[a], rows[a], columns[a], matrix, paths, effects, explained)
    derivative_of(
        codes, rows, columns, weights[first:last], matrix, start, source, inverse, paths, effects, explained,
        room[:3], vectors[1], out
    )  # fmt: skip
    return total


@compiled
def _pool(f, figures, phi, out):
    """Covariance matrix of all respondents that a pooled figure speaks of."""
    out[:] = 0.0
    for s in range(figures.share_start[f], figures.share_start[f + 1]):
        matrix = phi[figures.share_slot[s]]
        for i in range(out.shape[0]):
            for k in range(out.shape[0]):
                out[i, k] += figures.share_weight[s] * matrix[i, k]


@compiled
def _evaluate(f, weights, figures, structure, phi, scratch, derivative):
    """Sum over the figure's shares; ``derivative`` (shares, m, m) receives each share's."""
    inverse, room, vectors, pooled = scratch
    first, last = figures.share_start[f], figures.share_start[f + 1]
    total = 0.0
    for s in range(first, last):
        if figures.pooled[f] == 1:
            if s == first:
                _pool(f, figures, phi, pooled)
                total = _differentiated(
                    f, weights, pooled, structure, figures, inverse, room, vectors, derivative[s]
                )  # fmt: skip
            else:
                derivative[s] = derivative[first]
        else:
            total += figures.share_weight[s] * _differentiated(
                f, weights, phi[figures.share_slot[s]], structure, figures, inverse, room, vectors, derivative[s]
            )  # fmt: skip
    m = phi.shape[1]
    for s in range(last - 1, first - 1, -1):  # scaled last: pooled shares are copies of the first
        for i in range(m):
            for k in range(m):
                derivative[s, i, k] *= figures.share_weight[s]
    return total


@compiled
def _sampling_covariance(first, last, figures, root, product, out):
    """Covariance of the contrasts of one group; ``product`` (shares, m, m) holds Phi D."""
    m = product.shape[1]
    for f in range(first, last):
        for g in range(first, f + 1):
            total = 0.0
            for s in range(figures.share_start[f], figures.share_start[f + 1]):
                for t in range(figures.share_start[g], figures.share_start[g + 1]):
                    if figures.share_slot[s] == figures.share_slot[t]:
                        for i in range(m):
                            for k in range(m):
                                total += product[s, i, k] * product[t, k, i]
            out[f, g] = root[f] * root[g] * total
            out[g, f] = out[f, g]


@compiled
def _values(first, last, figures, contrast, denominator, sampling, slope, denominator_slope, weight):
    """Log density of the group's published values.

    Adds derivatives in contrasts (``slope``) and denominators, and writes those in ``sampling`` to ``weight``.
    """
    index = np.empty(last - first, dtype=np.int64)
    n = 0
    for f in range(first, last):
        if figures.probit[f] == 0:
            index[n] = f
            n += 1
    factor, inverse = np.zeros((n, n)), np.zeros((n, n))
    log_p = 0.0
    for a in range(n):
        f = index[a]
        log_p += np.log(abs(denominator[f])) - _HALF_LOG_2PI
        denominator_slope[f] += 1.0 / denominator[f]
        for b in range(a + 1):
            s = sampling[f, index[b]]
            if a == b:
                s += (figures.rounding[f] * denominator[f]) ** 2
            for c in range(b):
                s -= factor[a, c] * factor[b, c]
            if a == b:
                if not s > 0.0:
                    return -np.inf
                factor[a, a] = np.sqrt(s)
                log_p -= np.log(factor[a, a])
            else:
                factor[a, b] = s / factor[b, b]
    for a in range(n):  # inverse of the factor, and the standardized residuals
        inverse[a, a] = 1.0 / factor[a, a]
        for b in range(a):
            s = 0.0
            for c in range(b, a):
                s -= factor[a, c] * inverse[c, b]
            inverse[a, b] = s / factor[a, a]
    for a in range(n):
        z = 0.0
        for b in range(a + 1):
            z += inverse[a, b] * contrast[index[b]]
        log_p -= 0.5 * z * z
        for b in range(a + 1):
            slope[index[b]] -= inverse[a, b] * z
    for a in range(n):
        f = index[a]
        for b in range(n):
            s = 0.0
            for c in range(max(a, b), n):
                s += inverse[c, a] * inverse[c, b]
            weight[f, index[b]] = 0.5 * (slope[f] * slope[index[b]] - s)
        denominator_slope[f] += 2.0 * weight[f, f] * figures.rounding[f] ** 2 * denominator[f]
    return log_p


@compiled
def _signs(first, last, figures, contrast, denominator, sampling, slope, denominator_slope, weight):
    """Log probability that the group's orderings and bounds hold, with derivatives as in ``_values``."""
    log_p = 0.0
    for f in range(first, last):
        if figures.probit[f] == 1:
            sd = np.sqrt(sampling[f, f] + (figures.rounding[f] * denominator[f]) ** 2)
            value, change = _log_normal_cdf(contrast[f] / sd)
            log_p += value
            slope[f] += change / sd
            weight[f, f] = -0.5 * change * contrast[f] / (sd * sd * sd)
            denominator_slope[f] += 2.0 * weight[f, f] * figures.rounding[f] ** 2 * denominator[f]
    return log_p


@compiled
def _bend(f, direction, figures, structure, phi, scratch, imaginary, out, adjoint):
    """Add 2 D''_f[direction] to ``adjoint`` (Q, m, m): how the derivatives of the figure turn.

    ``direction`` (shares, m, m) is V = Phi H Phi of each share; ``imaginary`` is complex scratch.
    """
    inverse, room, vectors, matrix = imaginary
    first, last, m = figures.share_start[f], figures.share_start[f + 1], phi.shape[1]
    pooled = scratch[3]
    if figures.pooled[f] == 1:
        _pool(f, figures, phi, pooled)
    for s in range(first, last):
        weight = figures.share_weight[s]
        if figures.pooled[f] == 0:
            slot = figures.share_slot[s]
            for i in range(m):
                for k in range(m):
                    matrix[i, k] = phi[slot, i, k] + 1j * _STEP * direction[s, i, k]
        else:
            for i in range(m):
                for k in range(m):
                    along = 0.0
                    for t in range(first, last):
                        along += figures.share_weight[t] * direction[t, i, k]
                    matrix[i, k] = pooled[i, k] + 1j * _STEP * along
        _differentiated(f, figures.atom_contrast, matrix, structure, figures, inverse, room, vectors, out)
        for i in range(m):
            for k in range(m):
                adjoint[figures.share_slot[s], i, k] += 2.0 * weight * out[i, k].imag / _STEP


@compiled
def declared_signs(figures, u, adjoint):
    """Log probability that members' own estimates have the declared signs; ``adjoint`` (J, C) gains derivatives."""
    total = 0.0
    for q in range(figures.member.shape[0]):
        j, width = figures.member[q], figures.sign_width[q]
        for k in range(figures.signed.shape[0]):
            c = figures.signed[k]
            if figures.firm[q, k] == 1 and figures.sign[k] * u[j, c] <= 0.0:
                return -np.inf
            value, slope = _log_normal_cdf(figures.sign[k] * u[j, c] / width)
            total += value
            adjoint[j, c] += slope * figures.sign[k] / width
    return total


@compiled
def _units(precision, phi, phi_adjoint):
    """Log density of what the common scale means: constructs have a variance of 1, on average over members."""
    n_slot, total = float(phi.shape[0]), 0.0
    if precision > 0.0:
        for k in range(phi.shape[1]):
            mean = 0.0
            for q in range(phi.shape[0]):
                mean += phi[q, k, k] / n_slot
            total -= 0.5 * precision * np.log(mean) ** 2
            for q in range(phi.shape[0]):
                phi_adjoint[q, k, k] -= precision * np.log(mean) / (mean * n_slot)
    return total


@compiled
def figures_likelihood(figures, structure, phi, extra, phi_adjoint, extra_adjoint):
    """Log-likelihood of all figures; ``phi_adjoint`` (Q, m, m), symmetric, and ``extra_adjoint`` gain derivatives."""
    n_figure, n_share, m = figures.probit.shape[0], figures.share_slot.shape[0], phi.shape[1]
    n_entry, widest = structure.path_source.shape[0], 1
    for i in range(m):
        widest = max(widest, structure.path_start[i + 1] - structure.path_start[i])
    scratch = (np.empty((n_entry, widest)), np.empty((5, m, m)), np.empty((2, m)), np.empty((m, m)))
    imaginary = (
        np.empty((n_entry, widest), dtype=np.complex128), np.empty((5, m, m), dtype=np.complex128),
        np.empty((2, m), dtype=np.complex128), np.empty((m, m), dtype=np.complex128),
    )  # fmt: skip
    turned = np.empty((m, m), dtype=np.complex128)
    derivative, product, direction = np.empty((n_share, m, m)), np.empty((n_share, m, m)), np.empty((n_share, m, m))
    below, held, left, right = np.empty((n_share, m, m)), np.empty((m, m)), np.empty((m, m)), np.empty((m, m))
    contrast, denominator, root = np.empty(n_figure), np.empty(n_figure), np.empty(n_figure)
    slope, denominator_slope = np.zeros(n_figure), np.zeros(n_figure)
    sampling, weight = np.zeros((n_figure, n_figure)), np.zeros((n_figure, n_figure))
    total = _units(figures.unit_precision[0], phi, phi_adjoint)
    for k in figures.sizes:
        total -= 0.5 * extra[k] * extra[k]
        extra_adjoint[k] -= extra[k]
    for g in range(figures.group_start.shape[0] - 1):
        first, last = figures.group_start[g], figures.group_start[g + 1]
        for f in range(first, last):
            log_n = figures.log_n[f]
            if figures.size_extra[f] >= 0:
                log_n += figures.log_n_sd[f] * extra[figures.size_extra[f]]
            root[f] = np.sqrt(2.0) * np.exp(-0.5 * log_n)
            denominator[f] = figures.denominator_constant[f] + _evaluate(
                f, figures.atom_denominator, figures, structure, phi, scratch, below
            )
            contrast[f] = (
                _evaluate(f, figures.atom_contrast, figures, structure, phi, scratch, derivative) - figures.constant[f]
            )
            for s in range(figures.share_start[f], figures.share_start[f + 1]):
                multiply(phi[figures.share_slot[s]], derivative[s], product[s])
        _sampling_covariance(first, last, figures, root, product, sampling)
        total += _values(first, last, figures, contrast, denominator, sampling, slope, denominator_slope, weight)
        total += _signs(first, last, figures, contrast, denominator, sampling, slope, denominator_slope, weight)
        if not abs(total) < np.inf:  # isfinite's x - x may be optimized away
            return -np.inf
        for f in range(first, last):
            if figures.size_extra[f] >= 0:
                turned_by = 0.0
                for h in range(first, last):
                    turned_by += weight[f, h] * sampling[f, h]
                extra_adjoint[figures.size_extra[f]] -= figures.log_n_sd[f] * turned_by
            for s in range(figures.share_start[f], figures.share_start[f + 1]):
                slot = figures.share_slot[s]
                held[:] = 0.0
                for h in range(first, last):
                    scale = weight[f, h] * root[f] * root[h]
                    if scale != 0.0:
                        for t in range(figures.share_start[h], figures.share_start[h + 1]):
                            if figures.share_slot[t] == slot:
                                for i in range(m):
                                    for k in range(m):
                                        held[i, k] += scale * derivative[t, i, k]
                multiply(held, phi[slot], left)  # H Phi
                multiply(phi[slot], left, direction[s])
                multiply(left, derivative[s], right)
                for i in range(m):
                    for k in range(m):
                        phi_adjoint[slot, i, k] += right[i, k] + right[k, i] + slope[f] * derivative[s, i, k]
                        phi_adjoint[slot, i, k] += denominator_slope[f] * below[s, i, k]
            _bend(f, direction, figures, structure, phi, scratch, imaginary, turned, phi_adjoint)
    return total
