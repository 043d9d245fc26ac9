"""A fit as it would be, had some of its draws the opposite sign."""

from __future__ import annotations

from dataclasses import replace

import bayescx as bcx


def turned(fit: bcx.Fit, name: str, *variables: str) -> bcx.Fit:
    """The fit with the sign of one path or loading turned, in each of these variables of its posterior."""
    posterior = fit.posterior.copy(deep=True)
    for variable in variables:
        array = posterior[variable]
        array.loc[{array.dims[-1]: name}] *= -1.0
    tree = fit.tree.copy()
    tree["posterior"] = type(tree)(posterior)
    return replace(fit, tree=tree)
