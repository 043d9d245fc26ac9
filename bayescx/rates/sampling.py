"""Independent draws of a group's populations and organizations, given counts and published figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.priors import Prior
from bayescx.rates.binomial import draw_deviations
from bayescx.rates.figures import Component, Term, components_of
from bayescx.rates.splits import Tree
from bayescx.rates.surface import Surface

__all__ = ["GroupDraws", "draw_group"]

Floats = NDArray[np.float64]
Proposal = tuple[Floats, Floats, Floats, Floats]  # mu, tau, log density, rough log weight

_SPARE = 1.25  # proposals per draw where the interpolated densities are nearly exact
_BATCH = 100_000  # proposals at a time where figures reject most
_MOST_BATCHES, _MOST_KEPT = 100, 40  # batches, and what they may leave in units of the draws, before giving up
_MOST_REPEATED = 0.01


@dataclass(frozen=True, eq=False)
class GroupDraws:
    """Draws of one group: mu, tau (N, S), logit (N, J, S), and how many populations were proposed and are distinct."""

    mu: Floats
    tau: Floats
    logit: Floats
    proposed: int
    distinct: float


@dataclass(frozen=True, eq=False)
class _Pool:
    """Weighted proposals: mu, tau (P, S), members' z per component (P, m, S), log weights (P,)."""

    mu: Floats
    tau: Floats
    z: tuple[Floats, ...]
    log_weight: Floats


def draw_group(
    answers: NDArray[np.int64],
    tree: Tree,
    terms: tuple[Term, ...],
    mean: Prior,
    sd: Prior,
    size: int,
    rng: np.random.Generator,
) -> GroupDraws:
    """Draw from the posterior of one group.

    Populations are proposed from interpolated densities of each split, thinned by a forecast of the figures, and
    weighted by the exact density over the proposal's; systematic resampling then leaves equally likely draws, nearly
    all of them distinct. Organizations follow exactly, given their population.

    Parameters
    ----------
    answers : array (J, C)
        Organizations known by figures only have zeros.
    tree : Tree
    terms : tuple of Term
        Figures that are evidence.
    mean, sd : Prior
    size : int
        Draws.
    rng : Generator

    Raises
    ------
    FitError
        If the figures contradict the counts or each other so much that too few proposals suit them.
    """
    k, n = (part.astype(np.float64) for part in tree.counts(answers))
    surfaces = [Surface(k[:, s], n[:, s], mean, sd, wide=bool(terms)) for s in range(k.shape[1])]
    components = components_of(terms, tree)
    pool, proposed = _filled(surfaces, components, terms, tree, size, rng)
    chosen = _resampled(pool.log_weight, size, rng)
    mu, tau = pool.mu[chosen], pool.tau[chosen]
    z = np.stack([draw_deviations(k[:, s], n[:, s], mu[:, s], tau[:, s], rng) for s in range(k.shape[1])], axis=2)
    for component, members in zip(components, pool.z, strict=True):
        z[:, component.members] = members[chosen]
    return GroupDraws(mu, tau, mu[:, None] + tau[:, None] * z, proposed, len(np.unique(chosen)) / size)


def _filled(
    surfaces: list[Surface],
    components: tuple[Component, ...],
    terms: tuple[Term, ...],
    tree: Tree,
    size: int,
    rng: np.random.Generator,
) -> tuple[_Pool, int]:
    """Propose until so many draws can be distinct."""
    most = batch = int(_SPARE * size) + 100
    highest = 0.0
    if terms:
        batch = max(batch, _BATCH)
        highest = float(_forecast(terms, tree, [surface.propose(batch, rng) for surface in surfaces]).max())
    pools: list[_Pool] = []
    proposed = 0
    while proposed < _MOST_BATCHES * batch and sum(len(one.log_weight) for one in pools) < _MOST_KEPT * most:
        pools.append(_proposed(surfaces, components, terms, tree, batch, most, highest, rng))
        proposed += batch
        if _repeated(np.concatenate([one.log_weight for one in pools]), size) <= _MOST_REPEATED:
            return _joined(pools), proposed
    if not terms:
        raise FitError(
            "the population could not be drawn: a prior of its mean or SD has tails too heavy for these counts to "
            'bound; take one as Prior("Normal", mu=0, sigma=1.5) and Prior("HalfNormal", sigma=0.5)'
        )
    raise FitError(
        f"of {proposed:,} populations that the priors and counts allow, too few suit the published figures: they "
        "contradict the counts or each other, or say more exactly than they can know; check values and n_obs, or set "
        'use="check" for one of them'
    )


def _forecast(terms: tuple[Term, ...], tree: Tree, drawn: list[Proposal]) -> Floats:
    """Roughly the log weight of proposals: what figures and a wide proposal make of it."""
    mu, tau = (np.stack([part[i] for part in drawn], axis=1) for i in (0, 1))
    return np.asarray(sum((term.log_forecast(tree, mu, tau) for term in terms), start=sum(part[3] for part in drawn)))


def _proposed(
    surfaces: list[Surface],
    components: tuple[Component, ...],
    terms: tuple[Term, ...],
    tree: Tree,
    batch: int,
    most: int,
    highest: float,
    rng: np.random.Generator,
) -> _Pool:
    """One batch of proposals, thinned and weighted; at most so many are kept."""
    drawn = [surface.propose(batch, rng) for surface in surfaces]
    mu, tau = (np.stack([part[i] for part in drawn], axis=1) for i in (0, 1))
    thinning = np.zeros(batch)
    kept = np.arange(batch)
    if terms:
        thinning = np.minimum(_forecast(terms, tree, drawn) - highest, 0.0)
        kept = np.flatnonzero(np.log(rng.random(batch)) < thinning)
        kept = kept[:most]
    mu, tau, log_weight = mu[kept], tau[kept], -thinning[kept]
    z = []
    for component in components:
        members, gained = component.propose(mu, tau, rng)
        z.append(members)
        log_weight = log_weight + gained
    for s, surface in enumerate(surfaces):
        log_weight = log_weight + surface.log_weight(mu[:, s], tau[:, s], drawn[s][2][kept])
    return _Pool(mu, tau, tuple(z), log_weight)


def _joined(pools: list[_Pool]) -> _Pool:
    z = tuple(np.concatenate(parts) for parts in zip(*(pool.z for pool in pools), strict=True))
    mu, tau, weight = (np.concatenate([getattr(pool, one) for pool in pools]) for one in ("mu", "tau", "log_weight"))
    return _Pool(mu, tau, z, weight)


def _expected(log_weight: Floats, size: int) -> Floats:
    """How often each proposal is expected among so many draws."""
    top = log_weight.max(initial=-np.inf)
    weight = np.exp(log_weight - top) if np.isfinite(top) else np.ones_like(log_weight)
    return np.asarray(weight * (size / weight.sum()))


def _repeated(log_weight: Floats, size: int) -> float:
    """Share of draws that would be copies of another."""
    if len(log_weight) < size or not np.isfinite(log_weight).any():
        return 1.0
    return float(np.maximum(_expected(log_weight, size) - 1.0, 0.0).sum() / size)


def _resampled(log_weight: Floats, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Systematic resampling, in random order."""
    order = rng.permutation(len(log_weight))
    edges = np.cumsum(_expected(log_weight, size)[order])
    chosen = order[np.minimum(np.searchsorted(edges, np.arange(size) + rng.random(), side="right"), len(order) - 1)]
    return np.asarray(rng.permutation(chosen))
