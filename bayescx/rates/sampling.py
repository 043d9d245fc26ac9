"""Independent draws of a group's populations and organizations, given counts and published figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.priors import Prior
from bayescx.rates.binomial import draw_deviations
from bayescx.rates.figures import Term
from bayescx.rates.members import Component, components_of
from bayescx.rates.splits import Tree
from bayescx.rates.surface import Pull, Surface

__all__ = ["GroupDraws", "draw_group"]

Floats = NDArray[np.float64]
Proposal = tuple[Floats, Floats, Floats, Floats]  # mu, tau, log density, rough log weight

_SPARE = 1.25  # proposals per draw where the interpolated densities are nearly exact
_BATCH = 100_000  # proposals at a time where figures reject most
_MOST_BATCHES = 100
_EFFORTS = (1, 12), (8, 40)  # redraws of members, and proposals kept in units of the draws, before giving up
_MOST_REPEATED, _HOPELESS = 0.01, 0.9  # share of draws that are copies of others: of a posterior, and not worth more


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
        If too few proposals suit the figures.
    """
    k, n = (part.astype(np.float64) for part in tree.counts(answers))
    about = [term.splits(tree) for term in terms]
    own = [[term for term, told in zip(terms, about, strict=True) if told == {s}] for s in range(k.shape[1])]
    joint = tuple(term for term, told in zip(terms, about, strict=True) if len(told) > 1)
    components = components_of(terms, tree)
    proposed = 0
    for redraws, most_kept in _EFFORTS:
        surfaces = [
            Surface(k[:, s], n[:, s], mean, sd, wide=bool(terms), pull=_pull(own[s], tree, s, rng, redraws))
            for s in range(k.shape[1])
        ]
        pool, more = _filled(_Ways(surfaces, components, joint, tree, redraws), size, most_kept, rng)
        proposed += more
        repeated = _repeated(pool.log_weight, size)
        if repeated <= _MOST_REPEATED or repeated > _HOPELESS:
            break
    if repeated > _MOST_REPEATED:
        raise _failed(bool(terms), proposed, size)
    chosen = _resampled(pool.log_weight, size, rng)
    mu, tau = pool.mu[chosen], pool.tau[chosen]
    z = np.stack([draw_deviations(k[:, s], n[:, s], mu[:, s], tau[:, s], rng) for s in range(k.shape[1])], axis=2)
    for component, members in zip(components, pool.z, strict=True):
        z[:, component.members] = members[chosen]
    return GroupDraws(mu, tau, mu[:, None] + tau[:, None] * z, proposed, len(np.unique(chosen)) / size)


@dataclass(frozen=True, eq=False)
class _Ways:
    """How populations are proposed: split by split, thinned by the figures that join splits; then members."""

    surfaces: list[Surface]
    components: tuple[Component, ...]
    joint: tuple[Term, ...]
    tree: Tree
    redraws: int


def _pull(terms: Sequence[Term], tree: Tree, split: int, rng: np.random.Generator, redraws: int) -> Pull | None:
    """What those figures that tell of one split alone make of its populations."""
    if not terms:
        return None
    components = components_of(terms, tree)

    def alone(mu: Floats, tau: Floats) -> tuple[Floats, Floats]:
        every = np.zeros((len(mu), len(tree.splits))), np.ones((len(mu), len(tree.splits)))
        every[0][:, split], every[1][:, split] = mu, tau
        return every

    def rough(mu: Floats, tau: Floats) -> Floats:
        return np.asarray(sum(term.log_forecast(tree, *alone(mu, tau)) for term in terms))

    def close(mu: Floats, tau: Floats) -> Floats:
        return np.asarray(sum(one.propose(*alone(mu, tau), rng, redraws=redraws)[1] for one in components))

    return Pull(rough, close)


def _filled(ways: _Ways, size: int, most_kept: int, rng: np.random.Generator) -> tuple[_Pool, int]:
    """Propose until so many draws can be distinct, or there are too many proposals."""
    most = batch = int(_SPARE * size) + 100
    highest = 0.0
    if ways.joint:
        batch = max(batch, _BATCH)
        highest = float(_forecast(ways, [surface.propose(batch, rng) for surface in ways.surfaces]).max())
    pools: list[_Pool] = []
    proposed = 0
    while proposed < _MOST_BATCHES * batch and sum(len(one.log_weight) for one in pools) < most_kept * most:
        pools.append(_proposed(ways, batch, most, highest, rng))
        proposed += batch
        if _repeated(np.concatenate([one.log_weight for one in pools]), size) <= _MOST_REPEATED:
            break
    return _joined(pools), proposed


def _failed(has_figures: bool, proposed: int, size: int) -> FitError:
    if not has_figures:
        return FitError(
            "the population could not be drawn: a prior of its mean or SD has tails too heavy for these counts to "
            'bound; take one as Prior("Normal", mu=0, sigma=1.5) and Prior("HalfNormal", sigma=0.5)'
        )
    return FitError(
        f"of {proposed:,} populations that were proposed, too few suit the published figures for {size:,} independent "
        "draws: together they are too far from what priors and counts expect, or too exact (n_obs, rounded_to), to be "
        'found; check their values, or set use="check" for one of them and see what the others expect of it'
    )


def _forecast(ways: _Ways, drawn: list[Proposal]) -> Floats:
    """Roughly the log weight of proposals: what figures that join splits and a wide proposal make of it."""
    mu, tau = (np.stack([part[i] for part in drawn], axis=1) for i in (0, 1))
    joint = (term.log_forecast(ways.tree, mu, tau) for term in ways.joint)
    return np.asarray(sum(joint, start=sum(part[3] for part in drawn)))


def _proposed(ways: _Ways, batch: int, most: int, highest: float, rng: np.random.Generator) -> _Pool:
    """One batch of proposals, thinned and weighted; at most so many are kept."""
    drawn = [surface.propose(batch, rng) for surface in ways.surfaces]
    mu, tau = (np.stack([part[i] for part in drawn], axis=1) for i in (0, 1))
    thinning = np.zeros(batch)
    kept = np.arange(batch)
    if ways.joint:
        thinning = np.minimum(_forecast(ways, drawn) - highest, 0.0)
        kept = np.flatnonzero(np.log(rng.random(batch)) < thinning)[:most]
    mu, tau, log_weight = mu[kept], tau[kept], -thinning[kept]
    z = []
    for component in ways.components:
        members, gained = component.propose(mu, tau, rng, redraws=ways.redraws)
        z.append(members)
        log_weight = log_weight + gained
    for s, surface in enumerate(ways.surfaces):
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
