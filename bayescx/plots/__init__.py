"""Pictures of a fit. Each draws what the estimands answered and returns a `Picture` that carries its numbers.

Names load on first use: matplotlib costs half a second that only those who draw with it should pay.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayescx.plots.forest import plot_forest as plot_forest
    from bayescx.plots.knobs import plot_knobs as plot_knobs
    from bayescx.plots.path_diagram import plot_path_diagram as plot_path_diagram
    from bayescx.plots.picture import Picture as Picture
    from bayescx.plots.prior_posterior import plot_prior_posterior as plot_prior_posterior

__all__ = ["Picture", "plot_forest", "plot_knobs", "plot_path_diagram", "plot_prior_posterior"]

_HOMES = {
    "Picture": "picture",
    "plot_forest": "forest",
    "plot_knobs": "knobs",
    "plot_path_diagram": "path_diagram",
    "plot_prior_posterior": "prior_posterior",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
