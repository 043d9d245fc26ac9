"""What attributes of organizations add to the centres of their paths, for organizations of every kind.

An organization that reported has its own attributes. One that has not has those that were stated of it; where none
were, and for a new one, they are those of an organization that is known, drawn at random. The typical organization has
the average attributes of those that are known: it is at the population centre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, MODERATION
from bayescx.fitted import Fit
from bayescx.model.layout import Layout

__all__ = ["added_by", "attributes_of_others", "known_attributes"]

Floats = NDArray[np.float64]
_STREAM = 9  # random stream, apart from the seed's own


def known_attributes(fit: Fit) -> Floats:
    """Attributes of organizations that reported, then of others that were stated, centred, numbers in SDs."""
    found = fit.evidence.attributes
    return np.concatenate([found.z(), found.z_unreported()])


def attributes_of_others(fit: Fit, count: int, *, new: bool) -> Floats:
    """Attributes (chain, draw, count, K) of organizations that have not reported, or of new ones."""
    known, sizes = known_attributes(fit), fit.posterior.sizes
    rng = np.random.default_rng([fit.seed, _STREAM, new])
    out = known[rng.integers(len(known), size=(sizes[CHAIN], sizes[DRAW], count))]
    if not new:
        stated = fit.evidence.attributes.z_unreported()[:count]
        out[:, :, : len(stated)] = stated
    return np.asarray(out)


def added_by(attributes: Floats, fit: Fit, layout: Layout) -> Floats:
    """What attributes (chain, draw, organization, K) add to components, (chain, draw, organization, C)."""
    draws = fit.posterior[MODERATION].values
    out = np.zeros((*draws.shape[:2], attributes.shape[-2], len(layout.components)))
    for g, one in enumerate(layout.moderators):
        out[..., one.component] += draws[..., g, None] * attributes[..., one.column]
    return out
