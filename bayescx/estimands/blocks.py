"""Answers computed block by block, where each needs far more memory than it leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bayescx.estimands.system import System

__all__ = ["in_blocks"]

Floats = NDArray[np.float64]


def in_blocks(system: System, function: Callable[[System], Floats], most: int) -> Floats:
    """Compute ``function`` for at most so many organizations, of whatever draws, at a time.

    Parameters
    ----------
    system : System
        Of any leading axes.
    function : callable
        From a System with one leading axis to an array with that axis first.
    most : int
        Organizations in a block.
    """
    leading = system.u.shape[:-1]
    u = system.u.reshape(-1, system.u.shape[-1])
    given = None
    if system.exogenous is not None:
        e = system.exogenous.shape[-1]
        given = np.broadcast_to(system.exogenous, (*leading, e, e)).reshape(-1, e, e)
    parts = [
        function(System(system.layout, u[k : k + most], None if given is None else given[k : k + most]))
        for k in range(0, len(u), most)
    ]
    whole = np.concatenate(parts)
    return whole.reshape(*leading, *whole.shape[1:])
