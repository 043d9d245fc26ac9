"""Which items measure which factor, and the covariance matrix of items that a model implies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit
from bayescx.model import matrices
from bayescx.model.layout import Layout

__all__ = ["Measurement", "measurement_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measurement:
    """Factors with two or more items that have errors, and these items.

    Items that the model leaves no error are left out: what they would say of a factor is the factor itself.

    Attributes
    ----------
    layout : Layout
    items : dict
        Rows of each factor's items in the loading matrix.
    single : tuple of str
        The other factors that have an observed item.
    """

    layout: Layout
    items: dict[str, list[int]]
    single: tuple[str, ...]

    @property
    def factors(self) -> tuple[str, ...]:
        """Names of the factors."""
        return tuple(self.items)

    @property
    def columns(self) -> list[int]:
        """Positions of the factors among constructs."""
        return [self.layout.constructs.index(name) for name in self.items]

    @cached_property
    def rows(self) -> list[int]:
        """Rows of all their items in the loading matrix, each once."""
        return sorted({row for rows in self.items.values() for row in rows})

    @cached_property
    def belongs(self) -> Floats:
        """1 where an item is one of a factor's, else 0, (item, factor)."""
        return np.array([[float(row in rows) for rows in self.items.values()] for row in self.rows])

    @cached_property
    def unit(self) -> Floats:
        """Data units per common unit of each item."""
        return np.array([self.layout.scale[self.layout.variables[row]] for row in self.rows])

    def loadings(self, system: System) -> Floats:
        """Loadings of items on the factors that they are counted to, else 0, (..., item, factor)."""
        loading = matrices.loading_matrix(self.layout, system.u)
        return np.asarray(loading[..., self.rows, :][..., self.columns] * self.belongs)

    def covariance(self, system: System) -> Floats:
        """Implied covariance of the items, (..., item, item)."""
        loading = matrices.loading_matrix(self.layout, system.u)[..., self.rows, :]
        theta = matrices.theta_matrix(self.layout, system.u)[..., self.rows, :][..., self.rows]
        return np.asarray(loading @ system.covariance @ np.swapaxes(loading, -1, -2) + theta)


def measurement_of(fit: Fit) -> Measurement:
    """The measurement part of a model.

    Raises
    ------
    FitError
        If no factor has two items with errors.
    """
    layout = layout_of(fit)
    if not fit.model.latents:
        raise FitError(
            "the model has no factors, so nothing is known of how well items measure them; a factor and its items are "
            "written: trust =~ trust_1 + trust_2 + trust_3"
        )
    exact = {row for row, sd in enumerate(layout.theta) if sd.component < 0 and sd.value == 0}
    observed = {
        factor: [entry.row for entry in layout.loadings if layout.constructs[entry.column] == factor]
        for factor in fit.model.latents
    }
    items = {factor: [row for row in rows if row not in exact] for factor, rows in observed.items()}
    several = {factor: rows for factor, rows in items.items() if len(rows) > 1}
    if not several:
        raise FitError(
            f"no factor has two items with errors, without which there is no reliability. Factors: "
            f"{', '.join(fit.model.latents)}"
        )
    single = tuple(factor for factor, rows in observed.items() if rows and factor not in several)
    return Measurement(layout, several, single)
