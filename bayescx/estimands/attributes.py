"""What attributes of organizations add to the centres of their paths, for organizations of every kind.

An organization that reported has its own attributes. One that has not has those that were stated of it; where none
were, and for a new one, they are those of an organization that is known, drawn at random. The typical organization has
the average attributes of those that reported: it is at the population centre.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW, MODERATION
from bayescx.fitted import Fit
from bayescx.model.layout import Layout

__all__ = ["added_by", "attributes_of_others", "drawn_alike", "known_attributes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_STREAM = 9  # random stream, apart from the seed's own


def known_attributes(fit: Fit) -> Floats:
    """Attributes of organizations that reported, then of others that were stated, centred, numbers in SDs."""
    found = fit.evidence.attributes
    return np.concatenate([found.z(), found.z_unreported()])


def attributes_of_others(fit: Fit, count: int, *, new: bool) -> Floats:
    """Attributes (chain, draw, count, K) of organizations that have not reported, or of new ones."""
    sizes = fit.posterior.sizes
    rng = np.random.default_rng([fit.seed, _STREAM, new])
    alike = drawn_alike(fit, (sizes[CHAIN], sizes[DRAW], count), rng, stated_first=not new)
    return np.asarray(known_attributes(fit)[alike])


def drawn_alike(fit: Fit, shape: tuple[int, ...], rng: np.random.Generator, *, stated_first: bool) -> Ints:
    """Whose attributes organizations to come have, along the last axis: numbers among those that are known.

    Anyone's; with ``stated_first`` the first ones are those that have not reported and of which they were stated.
    """
    reported, stated = len(fit.organizations), len(fit.evidence.attributes.unreported)
    out = rng.integers(reported + stated, size=shape)
    if stated_first:
        known = min(stated, shape[-1])
        out[..., :known] = reported + np.arange(known)
    return out


def added_by(attributes: Floats, fit: Fit, layout: Layout) -> Floats:
    """What attributes (chain, draw, organization, K) add to components, (chain, draw, organization, C)."""
    draws = fit.posterior[MODERATION].values
    out = np.zeros((*draws.shape[:2], attributes.shape[-2], len(layout.components)))
    for g, one in enumerate(layout.moderators):
        out[..., one.component] += draws[..., g, None] * attributes[..., one.column]
    return out
