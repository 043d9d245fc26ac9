"""Populations as the priors have them, before any evidence.

What is agreed and no evidence belongs to the prior: declared signs and, where only figures speak, the common scale on
which every construct has a variance of about 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bayescx.estimands.attributes import known_attributes
from bayescx.estimands.memory import remembered
from bayescx.estimands.system import System, layout_of, possible
from bayescx.fitted import Fit
from bayescx.model.component_priors import component_priors, moderator_priors
from bayescx.model.layout import Layout
from bayescx.priors import Prior

if TYPE_CHECKING:
    from bayescx.model.informed import Informed

__all__ = ["assumed_signs", "possible_populations", "simulated_populations"]

Floats = NDArray[np.float64]

_SEED = 20  # of the priors' draws: the same for every fit, so that what is marked does not depend on its seed
_MOST_SCALED = 2000  # draws on the common scale, each of which costs as many as there are candidates
_CANDIDATES = 12  # of each draw, from which the common scale takes one
_LEAST_POSSIBLE = 500  # draws whose correlations can occur together


def assumed_signs(fit: Fit) -> dict[str, int]:
    """Signs, 1 or -1, of free paths that were declared, or assumed where no organization has data that would tell.

    Examples
    --------
    >>> assumed_signs(fit)
    {}
    """
    layout = layout_of(fit)
    informed = _informed(fit, layout)
    return {} if informed is None else {layout.components[c].name: sign for c, sign in informed.signs.items()}


def _informed(fit: Fit, layout: Layout) -> Informed | None:
    if not (fit.evidence.published or fit.evidence.signs):
        return None
    from bayescx.model.informed import inform  # which loads the compiler

    return inform(layout, fit.evidence)


def simulated_populations(fit: Fit, layout: Layout, count: int, draws: int) -> Floats:
    """Components of a population's centre and of ``count`` organizations, (draw, 1 + count, C).

    Second-order loadings that average 1 are nan: their priors are given that average. On the common scale there are
    at most 2,000 draws.
    """

    def compute() -> Floats:
        rng = np.random.default_rng(_SEED)
        informed = _informed(fit, layout)
        if informed is None or not informed.only_figures:
            return _drawn(rng, fit, layout, dict(informed.signs) if informed else {}, (draws, 1 + count))
        fewer = min(draws, _MOST_SCALED)
        pool = _drawn(rng, fit, layout, dict(informed.signs), (fewer * _CANDIDATES, 1 + count))
        return _on_common_scale(rng, layout, pool.reshape(fewer, _CANDIDATES, *pool.shape[1:]))

    return remembered(fit, ("prior draws", count, draws), compute)


def possible_populations(layout: Layout, u: Floats) -> Floats | None:
    """Draws (draw, organization, C) in which all correlations can occur together; None if these are too few."""
    u = u[possible(layout, u).all(axis=1)]
    return u if len(u) >= _LEAST_POSSIBLE else None


def _drawn(rng: np.random.Generator, fit: Fit, layout: Layout, signs: dict[int, int], shape: tuple[int, int]) -> Floats:
    """Draws from the priors, (draw, 1 + count, C): the centre, then organizations around it."""
    tied = {entry.component for factor in layout.averages for entry in factor}
    wanted = {entry.component for entry in layout.paths}
    columns = []
    for c, (centre, sd) in enumerate(component_priors(layout, fit.priors)):
        if c in tied and c in wanted:
            columns.append(np.full(shape, np.nan))
        elif layout.kinds[c] == "none":
            columns.append(centre.sample(rng, shape))
        else:
            middle = np.ones((1, 1)) if c in tied else _sampled(rng, centre, signs.get(c, 0), shape[0])[:, None]
            spread = 0.0 if sd is None else sd.sample(rng, (shape[0], 1))
            noise = rng.standard_normal(shape)
            noise[:, 0] = 0.0  # the centre itself
            columns.append(middle + spread * noise)
    return np.stack(columns, axis=-1) + _by_attributes(rng, fit, layout, shape)


def _by_attributes(rng: np.random.Generator, fit: Fit, layout: Layout, shape: tuple[int, int]) -> Floats:
    """What attributes drawn from organizations that are known add; nothing to the centre."""
    out = np.zeros((*shape, len(layout.components)))
    if layout.moderators:
        known = known_attributes(fit)
        drawn = known[rng.integers(len(known), size=shape)]
        drawn[:, 0] = 0.0
        for one, prior in zip(layout.moderators, moderator_priors(layout, fit.priors), strict=True):
            out[..., one.component] += prior.sample(rng, (shape[0], 1)) * drawn[..., one.column]
    return out


def _on_common_scale(rng: np.random.Generator, layout: Layout, pool: Floats) -> Floats:
    """Draws given that the variance of every construct is about 1, from a pool (draw, candidate, 1 + count, C).

    Equation by equation in causal order, each draw takes one of its candidates, and draws are taken anew, by how well
    they keep to the scale.
    """
    from bayescx.model.figure_arrays import UNIT_SD

    u = pool[:, 0].copy()
    every = np.arange(len(u))
    for k, members in enumerate(_equations(layout)):
        tried = np.repeat(u[:, None], pool.shape[1], axis=1)
        tried[..., members] = pool[..., members]
        with np.errstate(all="ignore"):
            off = np.log(System(layout, tried[:, :, 1:]).variance[..., k].mean(axis=-1)) / UNIT_SD
        weight = np.nan_to_num(np.exp(-0.5 * off**2)) + np.finfo(float).tiny
        total = weight.cumsum(axis=1)
        u = tried[every, (total > total[:, -1:] * rng.random((len(u), 1))).argmax(axis=1)]
        u = u[rng.choice(every, len(u), p=total[:, -1] / total[:, -1].sum())]
    return u


def _equations(layout: Layout) -> list[list[int]]:
    """Components that the variance of each construct depends on, and those of constructs before it do not."""
    seen = {-1}
    out = []
    for k, sd in enumerate(layout.psi):
        named = [*(entry.component for entry in layout.paths if entry.row == k), sd.component, *layout.psi_cells[k]]
        new = [c for c in dict.fromkeys(map(int, named)) if c not in seen]
        seen.update(new)
        out.append(new)
    return out


def _sampled(rng: np.random.Generator, prior: Prior, sign: int, draws: int) -> Floats:
    """Draws from a prior, of the half-line of a declared sign only; nan if the prior does not reach there."""
    if sign == 0 or (prior.positive and sign > 0):
        return prior.sample(rng, draws)
    if prior.positive:
        return np.full(draws, np.nan)
    shape = prior.distribution()
    below = float(shape.cdf(0.0))
    lower, upper = (below, 1.0) if sign > 0 else (0.0, below)
    return np.asarray(shape.ppf(lower + (upper - lower) * rng.random(draws)))
