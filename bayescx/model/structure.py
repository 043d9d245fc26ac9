"""The layout's entries as index arrays of the compiled density, and the form of likelihood that it allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayescx.kernel import problem
from bayescx.model.flat import starts
from bayescx.model.layout import Entry, Layout

__all__ = ["route_of", "structure_arrays"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def _by_row(entries: Sequence[Entry], n_rows: int) -> tuple[Ints, Ints, Ints, Floats]:
    ordered = sorted(entries, key=lambda e: e.row)
    counts = np.bincount([e.row for e in ordered], minlength=n_rows) if ordered else np.zeros(n_rows, dtype=np.int64)
    return (
        starts(counts),
        np.array([e.column for e in ordered], dtype=np.int64),
        np.array([e.component for e in ordered], dtype=np.int64),
        np.array([e.value for e in ordered], dtype=np.float64),
    )


def route_of(layout: Layout) -> int:
    """The cheapest exact form of the likelihood that the model allows."""
    exogenous = set(layout.exogenous)
    residual_cells = [i for i, _ in np.argwhere(layout.psi_cells >= 0) if i not in exogenous]
    zero = any(e.component < 0 and e.value == 0 for e in layout.psi)
    if residual_cells or zero or np.any(layout.theta_cells >= 0):
        return problem.GENERAL
    latent = set(layout.model.latents)
    if not latent:
        return problem.OBSERVED
    exact = any(e.component < 0 and e.value == 0 for e in layout.theta)
    return problem.GENERAL if exact or latent != set(layout.constructs) else problem.LATENT


def structure_arrays(layout: Layout) -> problem.Structure:
    """The layout's entries as index arrays."""
    m, p = len(layout.constructs), len(layout.variables)
    exogenous = () if layout.is_conditional else layout.exogenous
    block = np.array(exogenous if len(exogenous) > 1 else (), dtype=np.int64)
    apart = layout.exogenous if layout.is_conditional else block
    single = np.array([i for i in range(m) if i not in apart], dtype=np.int64)
    column_of = {name: i for i, name in enumerate(layout.variables)}
    return problem.Structure(
        np.array([route_of(layout), len(layout.components)], dtype=np.int64),
        *_by_row(layout.paths, m),
        *_by_row(layout.loadings, p),
        np.array([e.component for e in layout.psi], dtype=np.int64),
        np.array([e.value for e in layout.psi], dtype=np.float64),
        np.array([e.component for e in layout.theta], dtype=np.int64),
        np.array([e.value for e in layout.theta], dtype=np.float64),
        block,
        single,
        layout.psi_cells[np.ix_(block, block)],
        layout.psi_cells,
        layout.theta_cells,
        np.array([column_of.get(name, -1) for name in layout.constructs], dtype=np.int64),
    )
