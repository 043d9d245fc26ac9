"""Which organizations shared means, in what units, and how many answered what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.evidence import Matched
from bayescx.fitted import Fit

__all__ = ["SharedMeans", "shared_means"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_NO_MEANS = {
    "figures": "only figures were published about it",
    "correlations": "it shared correlations, which have no means",
}


@dataclass(frozen=True)
class SharedMeans:
    """Means of the organizations that shared any, on the common scale.

    Attributes
    ----------
    organizations : tuple of str, length J
    positions : list of int
        Where they stand among all organizations of the fit.
    mean : array (J, p)
        nan for variables that an organization lacks. Where answers are missing, the estimates of
        ``bayescx.evidence.saturated``.
    answers : tuple of (array (P, p), array (P,))
        For each organization what was answered together, and by how many.
    left_out : dict
        The other organizations, each with the reason.
    """

    organizations: tuple[str, ...]
    positions: list[int]
    mean: Floats
    answers: tuple[tuple[Bools, Floats], ...]
    left_out: dict[str, str]

    def counts(self, belongs: Bools) -> Floats:
        """Respondents who answered at least one variable of a set, and of both of two sets, (J, m, m).

        ``belongs`` (p, m) tells which variables are in which set.
        """
        out = []
        for answered, n in self.answers:
            any_of = (answered[:, :, None] & belongs).any(axis=1).astype(float)
            out.append((any_of * n[:, None]).T @ any_of)
        return np.array(out)


def shared_means(fit: Fit) -> SharedMeans:
    """Collect the means that organizations shared."""
    evidence = fit.evidence
    scale = np.array([fit.scale[name] for name in evidence.variables])
    positions, left_out = [], {}
    for j, name in enumerate(evidence.organizations):
        level = evidence.level.get(name, "rows")
        if level not in _NO_MEANS and np.isfinite(evidence.mean[j]).any():
            positions.append(j)
        else:
            left_out[name] = _NO_MEANS.get(level, "it shared no means")
    return SharedMeans(
        tuple(evidence.organizations[j] for j in positions),
        positions,
        evidence.mean[positions] / scale,
        tuple(_answers(evidence, j) for j in positions),
        left_out,
    )


def _answers(evidence: Matched, j: int) -> tuple[Bools, Floats]:
    patterns = evidence.patterns.get(evidence.organizations[j])
    if not patterns:
        return np.isfinite(evidence.mean[[j]]), np.array([float(evidence.n_obs[j])])
    answered = np.zeros((len(patterns), len(evidence.variables)), dtype=bool)
    for row, one in enumerate(patterns):
        answered[row, list(one.variables)] = True
    return answered, np.array([float(one.n_obs) for one in patterns])
