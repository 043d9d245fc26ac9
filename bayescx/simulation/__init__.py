"""Simulated organizations: rows from a path model whose every parameter is known.

Values are in the data's units and by lavaan's names. Matrices are built here from those names alone, so that
what a fit recovers was not made by the fit's own bookkeeping.
"""

from __future__ import annotations

from bayescx.simulation.draws import Simulation, simulate

__all__ = ["Simulation", "simulate"]
