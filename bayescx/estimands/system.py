"""Structural matrices of organizations, from the components that draws are made of."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayescx import algebra
from bayescx.fitted import Fit
from bayescx.model import matrices
from bayescx.model.layout import Layout

__all__ = ["System", "layout_of", "possible"]

Floats = NDArray[np.float64]


class System:
    """Structural matrices of a batch of organizations on the common scale.

    Parameters
    ----------
    layout : Layout
    u : array (..., C)
    exogenous : array (..., e, e), optional
        Where the layout is conditional: covariances of the exogenous variables, broadcast against ``u``.
    """

    def __init__(self, layout: Layout, u: Floats, exogenous: Floats | None = None) -> None:
        self.layout = layout
        self.u = u
        self.exogenous = exogenous

    @cached_property
    def paths(self) -> Floats:
        """B, (..., m, m): entry (i, k) is the effect of construct k on construct i."""
        return matrices.path_matrix(self.layout, self.u)

    @cached_property
    def psi(self) -> Floats:
        """Covariance of exogenous constructs and residuals, (..., m, m)."""
        psi = matrices.psi_matrix(self.layout, self.u)
        if self.exogenous is not None:
            given = list(self.layout.exogenous)
            psi[..., np.array(given)[:, None], given] = self.exogenous
        return psi

    @cached_property
    def effects(self) -> Floats:
        """Total effects with ones on the diagonal, (..., m, m)."""
        return algebra.total_effects(self.paths)

    @cached_property
    def covariance(self) -> Floats:
        """Implied covariance of the constructs, (..., m, m)."""
        return np.asarray(self._carried @ np.swapaxes(self.effects, -1, -2))

    @cached_property
    def variance(self) -> Floats:
        """Implied variances of the constructs, (..., m)."""
        return np.asarray((self._carried * self.effects).sum(axis=-1))

    @cached_property
    def explained(self) -> Floats:
        """Explained share of every construct's variance (R-squared, random x), (..., m)."""
        total = np.where(self.variance > 0, self.variance, 1.0)  # a coded column may be constant somewhere
        return np.asarray(1.0 - np.diagonal(self.psi, axis1=-2, axis2=-1) / total)

    def effects_of(self, kind: str, *, standardized: bool) -> Floats:
        """Effects of every construct on every other, "direct", "total" or "indirect", (..., m, m)."""
        if kind == "direct":
            return self.in_units(self.paths, standardized=standardized)
        total = self.effects - np.eye(self.effects.shape[-1])
        return self.in_units(total if kind == "total" else total - self.paths, standardized=standardized)

    @cached_property
    def _carried(self) -> Floats:
        """T Psi: what each construct carries of every residual, (..., m, m)."""
        return np.asarray(self.effects @ self.psi)

    def in_units(self, effects: Floats, *, standardized: bool) -> Floats:
        """Effects (..., m, m) in SDs per SD of each organization itself, or in the data's units."""
        if standardized:
            return algebra.standardized(effects, self.variance)
        unit = self.layout.unit
        return np.asarray(effects * unit[:, None] / unit[None, :])


def layout_of(fit: Fit) -> Layout:
    """The layout that the fit was sampled with."""
    return Layout.of(fit.model, fit.scale, fit.pooling, fit.identification)


def possible(layout: Layout, u: Floats) -> NDArray[np.bool_]:
    """Whether correlations that the model sets to 0 leave a positive definite matrix, (...)."""
    if np.all(layout.psi_cells < 0):
        return np.ones(u.shape[:-1], dtype=bool)
    return np.asarray(np.isfinite(algebra.correlation(u, layout.psi_cells)).all(axis=(-1, -2)))
