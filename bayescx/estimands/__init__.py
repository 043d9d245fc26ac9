"""Questions to a fit: each returns draws as a DataArray with units; ``summarize`` makes tables of them."""

from bayescx.estimands.effects import (
    direct_effects,
    indirect_effects,
    mediated_share,
    route_effects,
    total_effects,
)
from bayescx.estimands.summary import summarize
from bayescx.estimands.variance import heterogeneity, r_squared
from bayescx.estimands.whatif import defined_parameters, what_if

__all__ = [
    "defined_parameters",
    "direct_effects",
    "heterogeneity",
    "indirect_effects",
    "mediated_share",
    "r_squared",
    "route_effects",
    "summarize",
    "total_effects",
    "what_if",
]
