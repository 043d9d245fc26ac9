"""Simulated studies with known truth: organizations drawn from a population, summarized by Wishart moments.

Moments of normal respondents are drawn directly (Bartlett's decomposition), so a study with a million respondents
costs as much as one with a hundred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import wishart

import bayescx as bcx
from bayescx.estimands.system import System
from bayescx.model import matrices
from bayescx.model.component_priors import component_priors
from bayescx.model.layout import Layout

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """Components of a population and of its organizations, the last of which is new: never in the evidence.

    ``mu``, ``tau`` (C,) and ``u`` (N + 1, C).
    """

    layout: Layout
    mu: Floats
    tau: Floats
    u: Floats

    @classmethod
    def from_priors(cls, layout: Layout, priors: bcx.Priors, n_planned: int, rng: np.random.Generator) -> Truth:
        """Draw the population from the priors, and organizations from the population."""
        described = component_priors(layout, priors)
        mu = np.array([float(centre.sample(rng)) for centre, _ in described])
        tau = np.array([float(sd.sample(rng)) if sd is not None else 0.0 for _, sd in described])
        return cls.of_population(layout, mu, tau, n_planned, rng)

    @classmethod
    def of_population(cls, layout: Layout, mu: Floats, tau: Floats, n_planned: int, rng: np.random.Generator) -> Truth:
        """Draw organizations from a stated population."""
        return cls(layout, mu, tau, mu + tau * rng.standard_normal((n_planned + 1, mu.size)))

    def evidence(self, n_obs: list[int], n_planned: int, rng: np.random.Generator) -> bcx.Evidence:
        """Moments of the first organizations, one for each sample size."""
        sigma = matrices.implied_covariance(self.layout, self.u)
        names = list(self.layout.variables)
        moments = {}
        for j, n in enumerate(n_obs):
            cov = np.atleast_2d(wishart(n - 1, sigma[j] / (n - 1)).rvs(random_state=rng))
            moments[f"org_{j + 1:02d}"] = bcx.SampleMoments(
                n_obs=n, mean=None, cov=pd.DataFrame((cov + cov.T) / 2, index=names, columns=names)
            )
        return bcx.Evidence.from_moments(moments, n_planned=n_planned)

    def system(self) -> System:
        """Matrices of all organizations, the new one last."""
        return System(self.layout, self.u)
