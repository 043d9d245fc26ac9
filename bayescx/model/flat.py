"""Lists as the flat arrays that compiled code reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["floats", "ints", "starts"]


def ints(values: Iterable[int]) -> NDArray[np.int64]:
    """Whole numbers, also none."""
    return np.array(list(values), dtype=np.int64)


def floats(values: Iterable[float]) -> NDArray[np.float64]:
    """Numbers, also none."""
    return np.array(list(values), dtype=np.float64)


def starts(sizes: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Where parts of these sizes begin in one array, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
