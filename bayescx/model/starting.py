"""Whether sampling can start: the density at the points where chains begin, and what speaks against it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.kernel.posterior import expand, log_density
from bayescx.model.arrays import Arrays
from bayescx.model.figures import Term, contrast_of
from bayescx.model.matrices import path_matrix, psi_matrix
from bayescx.model.nuts import SamplerSettings
from bayescx.model.start import Start

__all__ = ["check_starts"]

Floats = NDArray[np.float64]
_MOST_NAMED = 3


def check_starts(start: Start, settings: SamplerSettings) -> None:
    """Refuse to sample where the density is zero wherever chains would start.

    Raises
    ------
    FitError
        That says so and, with published figures, names those that fit worst there.
    """
    points = [start.draw(settings.seed + chain) for chain in range(settings.chains)]
    if any(np.isfinite(log_density(x, start.arrays.records)[0]) for x in points):
        return
    worst = _worst_figures(start.arrays, points[0])
    about = f" Published figures that fit worst there: {'; '.join(worst)}." if worst else ""
    raise FitError(
        f"sampling cannot start: the posterior density is zero at all {settings.chains} starting points, so evidence "
        f"and priors contradict each other.{about} Look at values, units and priors"
        f"{', and leave figures out one by one' if worst else ''}"
    )


def _worst_figures(arrays: Arrays, x: Floats) -> list[str]:
    """Labels of the figures that are furthest from what a point of the free parameters implies."""
    informed = arrays.informed
    if informed is None or not informed.figures.terms:
        return []
    with np.errstate(all="ignore"):
        covariances = _covariances(arrays, x)
        position = {name: j for j, name in enumerate(informed.figures.organizations)}
        off: dict[str, float] = {}
        for term in informed.figures.terms:
            far = _distance(term, arrays, covariances[[position[name] for name in term.members]])
            off[term.figure.label] = max(far, off.get(term.figure.label, 0.0))
    return sorted((label for label, far in off.items() if far > 1.0), key=lambda label: -off[label])[:_MOST_NAMED]


def _distance(term: Term, arrays: Arrays, phi: Floats) -> float:
    """How far a term is off, in about as many SDs of sampling and rounding; infinite where it has no value."""
    contrast, below = contrast_of(term, arrays.layout, phi)
    error = float(contrast / below / np.hypot(term.rounding, np.exp(-0.5 * term.log_n)))
    if not np.isfinite(error):
        return float("inf")
    return max(-error, 0.0) if term.is_sign else abs(error)


def _covariances(arrays: Arrays, x: Floats) -> Floats:
    """Covariance matrices of constructs of every organization, (J, m, m)."""
    layout, n_org, n_own = arrays.layout, len(arrays.sample.n_obs), len(arrays.own)
    expanded = expand(x, arrays.n_expanded, arrays.records)
    u = np.zeros((n_org, len(layout.components)))
    u[:, list(arrays.shared)] = expanded[: len(arrays.shared)]
    first = len(arrays.shared) + 2 * len(arrays.population)
    u[:, list(arrays.own)] = expanded[first : first + n_org * n_own].reshape(n_org, n_own)
    total = np.linalg.inv(np.eye(len(layout.constructs)) - path_matrix(layout, u))
    return np.asarray(total @ psi_matrix(layout, u) @ total.swapaxes(-1, -2))
