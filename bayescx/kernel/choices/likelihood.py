"""Log-likelihood of ordered categories: counts for each covariate pattern of each organization.

P(y <= c) = Phi(kappa_c - x' beta). A component row is kappa_0, log(kappa_1 - kappa_0), ..., then the slopes: thresholds
stay in order whatever the free parameters, and an empty category only widens the density of its increment.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx.kernel.choices.normal import interval, quick, tail
from bayescx.kernel.compiled import compiled

__all__ = ["Choices", "choice_likelihood"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Choices(NamedTuple):
    """Patterns organization by organization (``pattern_start`` (J + 1,)): covariates (P, K) and counts (P, C)."""

    pattern_start: Ints
    x: Floats
    counts: Floats


_RARE = 1e-5
"""A probability below this is computed as a logarithm; above it the quick one has eleven digits."""


@compiled
def _precise(c, n_cut, eta, cut, width, log_width):
    """log P of category c; its derivatives in the threshold it hangs on (all move), and in its own log width."""
    if c == 0:
        value, rise = tail(cut[0] - eta)
        return value, rise, 0.0
    if c == n_cut:
        value, rise = tail(eta - cut[n_cut - 1])
        return value, -rise, 0.0
    return interval(cut[c - 1] - eta, width[c], log_width[c])


@compiled
def _pattern(counts, eta, cut, width, log_width, below, density, base, own):
    """One pattern: its log-likelihood and the derivative in all thresholds; ``base`` and ``own`` gain theirs."""
    n_cut = cut.shape[0]
    below[n_cut + 1] = 1.0
    for c in range(n_cut):
        if counts[c] > 0.0 or counts[c + 1] > 0.0:
            below[c + 1], density[c + 1] = quick(cut[c] - eta)
    total, pull, product = 0.0, 0.0, 1.0
    for c in range(n_cut + 1):
        n = counts[c]
        if n > 0.0:
            p = below[c + 1] - below[c]
            if p > _RARE:
                share = n / p
                both, wider = share * (density[c + 1] - density[c]), share * density[c + 1] * width[c]
                if n == 1.0:
                    product *= p
                else:
                    total += n * np.log(p)
            else:
                value, both, wider = _precise(c, n_cut, eta, cut, width, log_width)
                total += n * value
                both *= n
                wider *= n
            base[max(c - 1, 0)] += both
            if c > 0 and c < n_cut:
                own[c] += wider
            pull += both
    return total, product, pull


@compiled
def choice_likelihood(choices, u, adjoint):
    """Sum over all patterns; ``adjoint`` (J, components) gains the derivatives in ``u``."""
    x, counts = choices.x, choices.counts
    n_cut, n_slope = counts.shape[1] - 1, x.shape[1]
    width, cut, base, own = np.zeros(n_cut + 1), np.empty(n_cut), np.empty(n_cut), np.empty(n_cut)
    below, density = np.zeros(n_cut + 2), np.zeros(n_cut + 2)
    beta, slope = np.empty(n_slope), np.empty(n_slope)
    total, product = 0.0, 1.0
    for j in range(u.shape[0]):
        cut[0] = u[j, 0]
        for c in range(1, n_cut):
            width[c] = np.exp(u[j, c])
            cut[c] = cut[c - 1] + width[c]
        for c in range(n_cut):
            base[c], own[c] = 0.0, 0.0  # derivatives in a threshold with all above it, and in the width below it
        for k in range(n_slope):
            beta[k], slope[k] = u[j, n_cut + k], 0.0
        for p in range(choices.pattern_start[j], choices.pattern_start[j + 1]):
            eta = 0.0
            for k in range(n_slope):
                eta += x[p, k] * beta[k]
            value, single, pull = _pattern(counts[p], eta, cut, width, u[j], below, density, base, own)
            total += value
            product *= single
            if product < 1e-150:
                total += np.log(product)
                product = 1.0
            for k in range(n_slope):
                slope[k] -= pull * x[p, k]
        above = 0.0
        for c in range(n_cut - 1, 0, -1):
            above += base[c]
            adjoint[j, c] += own[c] + width[c] * above
        adjoint[j, 0] += above + base[0]
        for k in range(n_slope):
            adjoint[j, n_cut + k] += slope[k]
    return total + np.log(product)
