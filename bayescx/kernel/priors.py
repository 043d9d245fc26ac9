"""Log densities of prior families, with derivatives.

Normalizing constants are computed once in Python and travel as the last parameter, so the compiled part is short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.special import gammaln

from bayescx.kernel.compiled import compiled

__all__ = ["POSITIVE", "encode", "log_density"]

NORMAL, STUDENT, CAUCHY, LAPLACE, LOGISTIC = 0, 1, 2, 3, 4
HALF_NORMAL, HALF_STUDENT, HALF_CAUCHY, EXPONENTIAL, GAMMA, INVERSE_GAMMA, LOG_NORMAL = 5, 6, 7, 8, 9, 10, 11

POSITIVE = 5
"""Families with this code or a higher one live on the positive half-line."""

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)
Parameters = Mapping[str, float]


def _student_constant(nu: float, sigma: float) -> float:
    return float(gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi) - np.log(sigma))


# name in PyMC -> code, function from its parameters to (three numbers, normalizing constant)
_FAMILIES: dict[str, tuple[int, Callable[[Parameters], tuple[float, float, float, float]]]] = {
    "Normal": (NORMAL, lambda p: (p["mu"], p["sigma"], 0.0, -_HALF_LOG_2PI - np.log(p["sigma"]))),
    "StudentT": (STUDENT, lambda p: (p["mu"], p["sigma"], p["nu"], _student_constant(p["nu"], p["sigma"]))),
    "Cauchy": (CAUCHY, lambda p: (p["alpha"], p["beta"], 0.0, -np.log(np.pi * p["beta"]))),
    "Laplace": (LAPLACE, lambda p: (p["mu"], p["b"], 0.0, -np.log(2 * p["b"]))),
    "Logistic": (LOGISTIC, lambda p: (p["mu"], p["s"], 0.0, -np.log(p["s"]))),
    "HalfNormal": (
        HALF_NORMAL,
        lambda p: (0.0, p["sigma"], 0.0, 0.5 * np.log(2 / np.pi) - np.log(p["sigma"])),
    ),
    "HalfStudentT": (
        HALF_STUDENT,
        lambda p: (0.0, p["sigma"], p["nu"], np.log(2) + _student_constant(p["nu"], p["sigma"])),
    ),
    "HalfCauchy": (HALF_CAUCHY, lambda p: (0.0, p["beta"], 0.0, np.log(2) - np.log(np.pi * p["beta"]))),
    "Exponential": (EXPONENTIAL, lambda p: (0.0, p["lam"], 0.0, np.log(p["lam"]))),
    "Gamma": (
        GAMMA,
        lambda p: (p["alpha"], p["beta"], 0.0, p["alpha"] * np.log(p["beta"]) - float(gammaln(p["alpha"]))),
    ),
    "InverseGamma": (
        INVERSE_GAMMA,
        lambda p: (p["alpha"], p["beta"], 0.0, p["alpha"] * np.log(p["beta"]) - float(gammaln(p["alpha"]))),
    ),
    "LogNormal": (LOG_NORMAL, lambda p: (p["mu"], p["sigma"], 0.0, -_HALF_LOG_2PI - np.log(p["sigma"]))),
}


def encode(name: str, parameters: Parameters) -> tuple[int, tuple[float, float, float, float]] | None:
    """Code and numbers of a prior, or None when the kernel does not know its family."""
    if name not in _FAMILIES:
        return None
    code, numbers = _FAMILIES[name]
    return code, numbers(parameters)


@compiled
def log_density(family, parameters, x):
    """Log density of one value and its derivative; a value outside the support has density zero."""
    a, b, c, constant = parameters[0], parameters[1], parameters[2], parameters[3]
    if family >= POSITIVE and x <= 0.0:
        return -np.inf, 0.0
    if family == NORMAL or family == HALF_NORMAL:
        z = (x - a) / b
        return constant - 0.5 * z * z, -z / b
    if family == STUDENT or family == HALF_STUDENT:
        z = (x - a) / b
        return constant - 0.5 * (c + 1) * np.log1p(z * z / c), -(c + 1) * z / (b * (c + z * z))
    if family == CAUCHY or family == HALF_CAUCHY:
        z = (x - a) / b
        return constant - np.log1p(z * z), -2 * z / (b * (1 + z * z))
    if family == LAPLACE:
        return constant - abs(x - a) / b, -np.sign(x - a) / b
    if family == LOGISTIC:
        z = (x - a) / b
        return constant - abs(z) - 2 * np.log1p(np.exp(-abs(z))), -np.tanh(0.5 * z) / b
    if family == EXPONENTIAL:
        return constant - b * x, -b
    if family == GAMMA:
        return constant + (a - 1) * np.log(x) - b * x, (a - 1) / x - b
    if family == INVERSE_GAMMA:
        return constant - (a + 1) * np.log(x) - b / x, (b / x - (a + 1)) / x
    z = (np.log(x) - a) / b
    return constant - np.log(x) - 0.5 * z * z, -(1 + z / b) / x
