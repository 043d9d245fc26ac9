"""How the kernel's functions are compiled."""

from __future__ import annotations

from numba import njit

__all__ = ["compiled"]

compiled = njit(
    # sums may be reordered and multiplications fused; nan and inf keep their meaning, they are how failure is told
    fastmath={"reassoc", "contract", "arcp", "nsz"},
    error_model="numpy",
    # called from compiled code only: wrappers for Python would triple the time to compile
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
)
"""Decorator of every function of the kernel."""
