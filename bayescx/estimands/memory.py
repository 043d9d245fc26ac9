"""Answers kept as long as their fit: pictures and tables of a report ask the same questions many times."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from bayescx.fitted import Fit

__all__ = ["MOST_KEPT", "remembered"]

Floats = NDArray[np.float64]

MOST_KEPT = 24_000_000
"""Numbers kept for one fit, about 200 MB; beyond that the oldest answers go."""

_KEPT: weakref.WeakKeyDictionary[Fit, dict[Hashable, Floats]] = weakref.WeakKeyDictionary()


def remembered(fit: Fit, key: Hashable, compute: Callable[[], Floats]) -> Floats:
    """Compute an answer once and give a copy of it each time it is asked for.

    Parameters
    ----------
    fit : Fit
    key : hashable
        Which question; None for one that is not worth keeping.
    compute : callable
    """
    if key is None:
        return compute()
    kept = _KEPT.setdefault(fit, {})
    if key not in kept:
        answer = compute()
        for oldest in list(kept):
            if answer.size + sum(one.size for one in kept.values()) <= MOST_KEPT:
                break
            del kept[oldest]
        if answer.size > MOST_KEPT:
            return answer
        kept[key] = answer
    return kept[key].copy()
