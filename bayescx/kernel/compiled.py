"""How the kernel's functions are compiled, and what they all use."""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["compiled", "inlined", "log_product"]

compiled = njit(
    # sums may be reordered and multiplications fused; nan and inf keep their meaning, they are how failure is told
    fastmath={"reassoc", "contract", "arcp", "nsz"},
    error_model="numpy",
    # called from compiled code only: wrappers for Python would triple the time to compile
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
    # one machine function, without symbols that a process which compiles would resolve otherwise than one which reads
    # the cache: so a seed gives the same draws, to the bit, in both
    forceinline=True,
)
"""Decorator of the functions of the kernel."""

inlined = njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For the outermost functions: every level of calls is optimized again, so a level less is seconds less to compile."""


@compiled
def log_product(values):
    """Sum of logarithms of positive values; one logarithm serves many of them."""
    total, product = 0.0, 1.0
    for value in values:
        product *= value
        if product < 1e-150 or product > 1e150:
            total += np.log(product)
            product = 1.0
    return total + np.log(product)
