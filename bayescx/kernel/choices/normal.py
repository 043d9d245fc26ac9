"""Normal probabilities and their derivatives: quick ones, and logarithms that are precise however far in a tail."""

from __future__ import annotations

import math

import numpy as np

from bayescx.kernel.compiled import compiled

__all__ = ["interval", "quick", "tail"]

_ROOT_HALF = math.sqrt(0.5)
_LOG_ROOT = 0.5 * math.log(2.0 * math.pi)
_ROOT = 1.0 / math.sqrt(2.0 * math.pi)
_FAR = -5.0
"""Below it the continued fraction of Mills' ratio converges within `_DEPTH` steps."""
_DEPTH = 40
_NARROW = 0.01

_STEPS, _EDGE, _DEGREE = 16, 8.5, 8
"""Nodes per unit, where Phi is 0 or 1 to the last digit, and the degree of polynomials between nodes."""


def _taylor():
    """Phi's expansion around nodes: the n-th derivative of phi is (-1)^n He_n phi."""
    z = np.arange(-_EDGE, _EDGE + 0.5 / _STEPS, 1.0 / _STEPS)
    density = _ROOT * np.exp(-0.5 * z * z)
    rows = [0.5 * np.array([math.erfc(-one * _ROOT_HALF) for one in z])]
    before, hermite = np.zeros_like(z), np.ones_like(z)
    for n in range(1, _DEGREE + 1):
        rows.append((-1.0) ** (n - 1) * hermite * density / math.factorial(n))
        before, hermite = hermite, z * hermite - (n - 1) * before
    return np.stack(rows, axis=1)


_TABLE = _taylor()


@compiled
def quick(z):
    """Phi(z) and phi(z), within 1e-15 of them: three times as fast as functions that are precise in the tails."""
    if z >= _EDGE:
        return 1.0, 0.0
    if z <= -_EDGE:
        return 0.0, 0.0
    if np.isnan(z):
        return z, z
    node = np.int64((z + _EDGE) * _STEPS + 0.5)
    h = z - (node * (1.0 / _STEPS) - _EDGE)
    value, slope = _TABLE[node, _DEGREE], 0.0
    for n in range(_DEGREE - 1, -1, -1):
        slope = slope * h + value
        value = value * h + _TABLE[node, n]
    return value, slope


@compiled
def _mills(t):
    """(1 - Phi(t)) / phi(t) for t of at least 5."""
    below = t
    for k in range(_DEPTH, 0, -1):
        below = t + k / below
    return 1.0 / below


@compiled
def tail(z):
    """log Phi(z) and its derivative phi(z) / Phi(z)."""
    if z < _FAR:
        ratio = _mills(-z)
        return -0.5 * z * z - _LOG_ROOT + np.log(ratio), 1.0 / ratio
    density = _ROOT * np.exp(-0.5 * z * z)
    if z < 0.0:
        p = 0.5 * math.erfc(-z * _ROOT_HALF)
        return np.log(p), density / p
    q = 0.5 * math.erfc(z * _ROOT_HALF)
    return np.log1p(-q), density / (1.0 - q)


@compiled
def _wide(a, b):
    """log(Phi(b) - Phi(a)), phi(a) and phi(b) over it, where a + b is at most 0 and b - a not narrow."""
    if b > _FAR:
        p = 0.5 * (math.erfc(-b * _ROOT_HALF) - math.erfc(-a * _ROOT_HALF))
        scale = _ROOT / p
        return np.log(p), scale * np.exp(-0.5 * a * a), scale * np.exp(-0.5 * b * b)
    near, far = _mills(-b), _mills(-a)
    fall = np.exp(0.5 * (b - a) * (b + a))  # phi(a) / phi(b)
    mass = near - fall * far  # in units of phi(b)
    return -0.5 * b * b - _LOG_ROOT + np.log(mass), fall / mass, 1.0 / mass


@compiled
def interval(a, d, log_d):
    """log(Phi(a + d) - Phi(a)), and its derivatives in a (both ends move) and in log d (the upper end moves)."""
    m = a + 0.5 * d
    if d * (1.0 + abs(m)) < _NARROW:  # a difference would have no digits: expand around the middle
        square = d * d
        bend = 1.0 + (m * m - 1.0) * square / 24.0
        both = -m + m * square / (12.0 * bend)
        return (
            log_d - 0.5 * m * m - _LOG_ROOT + np.log(bend),
            both,
            (1.0 + (m * m - 1.0) * square / (12.0 * bend) + 0.5 * d * both),
        )
    if m > 0.0:
        value, high, low = _wide(-(a + d), -a)
    else:
        value, low, high = _wide(a, a + d)
    return value, high - low, high * d if high > 0.0 else 0.0  # 0 times an infinite width is 0
