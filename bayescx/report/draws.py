"""A fit with fewer draws, for figures that are slow to compute and need no more."""

from __future__ import annotations

from dataclasses import replace

from bayescx._names import CHAIN, DRAW
from bayescx.fitted import Fit

__all__ = ["with_fewer_draws"]


def with_fewer_draws(fit: Fit, most: int) -> Fit:
    """The same fit with about so many draws, evenly spaced; itself if it has no more.

    Examples
    --------
    >>> with_fewer_draws(fit, 400).posterior.sizes["draw"]
    100
    """
    sizes = fit.posterior.sizes
    step = sizes[CHAIN] * sizes[DRAW] // most
    if step < 2:
        return fit
    tree = fit.tree.copy()
    for group in ("posterior", "sample_stats"):
        tree[group] = tree[group].isel({DRAW: slice(None, None, step)})
    return replace(fit, tree=tree)
