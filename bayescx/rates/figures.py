"""How likely published figures are, and proposals for the organizations that they speak of.

A figure depends on its set's mean share. On the scale where it is nearly linear in the members' deviations z (logit
of a share, log of a ratio), figures tell of a few directions of z only: all others are drawn from the population,
these from a normal approximation given the others, and what the approximation gets wrong becomes a weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_ndtr

from bayescx.rates.counts import Counts
from bayescx.rates.published import PublishedRate, members_of
from bayescx.rates.splits import Tree

__all__ = ["Component", "Term", "components_of", "terms_of"]

Floats = NDArray[np.float64]

_Z, _ZW = np.polynomial.hermite_e.hermegauss(9)
_ZW = _ZW / _ZW.sum()
_N, _NW = np.polynomial.hermite_e.hermegauss(5)
_NW = _NW / _NW.sum()
_INFLATION = 1.3  # of the proposals' error variance, so that their tails cover
_STEPS = 4


@dataclass(frozen=True, eq=False)
class Term:
    """One observation that a figure makes: of its whole set, or of one member ("each").

    Attributes
    ----------
    figure : int
        Its place among the published figures.
    members : array of int
        Places among the organizations.
    above, below : array (C,)
        1 for the categories of the share, and for those that it is relative to (all 0 for a share).
    log_n, log_n_sd : float
        Of the respondents.
    value, step : float
        As printed, and the grid.
    """

    figure: int
    members: NDArray[np.intp]
    above: Floats
    below: Floats
    log_n: float
    log_n_sd: float
    value: float
    step: float

    @property
    def is_ratio(self) -> bool:
        """Whether it is a ratio of two shares."""
        return bool(self.below.any())

    def mean_shares(self, shares: Floats) -> tuple[Floats, Floats]:
        """The set's mean share above and below, (...), from those of its members, (..., m, C)."""
        mean = shares.mean(axis=-2)
        return mean @ self.above, mean @ self.below

    def statistic(self, shares: Floats) -> Floats:
        """The figure's quantity of its set, (...)."""
        above, below = self.mean_shares(shares)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(above / below if self.is_ratio else above)

    def log_likelihood(self, shares: Floats) -> Floats:
        """Log probability that the printed value is what a sample rounds to; over a range of n, its mean."""
        above, below = self.mean_shares(shares)
        tiny = np.finfo(np.float64).tiny
        n = np.exp(self.log_n + self.log_n_sd * (_N if self.log_n_sd else _N[:1] * 0))
        low, high = self.value - self.step / 2, self.value + self.step / 2
        if self.is_ratio:
            above, below = np.maximum(above, tiny), np.maximum(below, tiny)
            centre, unit = np.log(above) - np.log(below), np.sqrt(1 / above + 1 / below)
            low, high = np.log(max(low, 1e-3 * self.value)), np.log(high)
        else:
            centre, unit = above, np.sqrt(np.maximum(above * (1 - above), tiny))
        error = unit / np.sqrt(n)[(slice(None), *(None,) * np.ndim(unit))]
        found = _log_window((low - centre) / error, (high - centre) / error)
        if len(n) == 1:
            return np.asarray(found[0])
        top = found.max(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.log(np.tensordot(_NW, np.exp(found - top), axes=1)) + top
        return np.where(np.isfinite(top), mean, -np.inf)

    def target(self) -> float:
        """The printed value on the nearly linear scale, kept off its ends."""
        if self.is_ratio:
            return float(np.log(self.value))
        off = max(self.step / 4, min(0.25 / np.exp(self.log_n), 0.25))
        inside = min(max(self.value, off), 1 - off)
        return float(np.log(inside) - np.log1p(-inside))

    def error_variance(self, above: Floats, below: Floats) -> Floats:
        """Of the printed value around the set's own on that scale: sampling and rounding."""
        n = np.exp(self.log_n - self.log_n_sd)
        if self.is_ratio:
            return np.asarray((1 / above + 1 / below) / n + (self.step / self.value) ** 2 / 12)
        size = above * (1 - above)
        return np.asarray(1 / (n * size) + (self.step / size) ** 2 / 12)

    def log_forecast(self, tree: Tree, mu: Floats, tau: Floats) -> Floats:
        """Roughly the log likelihood of a population (M, S), members integrated out; to propose by."""
        first, second = _moments(mu, tau)
        above, variance = (
            self._mean(tree, first, self.above),
            self._product(tree, first, second, self.above, self.above),
        )
        size = len(self.members)
        if not self.is_ratio:
            above = np.clip(above, 1e-9, 1 - 1e-9)
            centre = np.log(above) - np.log1p(-above)
            spread = np.maximum(variance - above**2, 0) / size / (above * (1 - above)) ** 2
            below = above
        else:
            below = np.maximum(self._mean(tree, first, self.below), 1e-9)
            above = np.maximum(above, 1e-9)
            centre = np.log(above) - np.log(below)
            both = self._product(tree, first, second, self.above, self.below)
            under = self._product(tree, first, second, self.below, self.below)
            spread = np.maximum(variance / above**2 - 2 * both / (above * below) + under / below**2, 0) / size
        printed = expit(self.target()) if not self.is_ratio else 0.5
        known = np.full_like(above, printed) if not self.is_ratio else above
        scale = np.sqrt(_INFLATION * (spread + self.error_variance(known, below)))
        distance = (self.target() - centre) / scale
        steep = np.pi / np.sqrt(3.0) * np.abs(distance)  # a logistic density with this SD
        return np.asarray(-np.log(scale) - steep - 2 * np.log1p(np.exp(-steep)))

    @staticmethod
    def _mean(tree: Tree, first: Floats, of: Floats) -> Floats:
        half = np.where(tree.sign == 1, first[:, None], np.where(tree.sign == -1, 1 - first[:, None], 1.0))
        return np.asarray(half.prod(axis=2) @ of)

    @staticmethod
    def _product(tree: Tree, first: Floats, second: Floats, one: Floats, other: Floats) -> Floats:
        """Mean of the product of two sums of categories' shares in one organization, (M,)."""
        total = np.zeros(len(first))
        moments = {  # of the factors of two categories at a split: left, right, or not concerned
            (1, 1): second, (-1, -1): 1 - 2 * first + second, (1, -1): first - second,
            (1, 0): first, (-1, 0): 1 - first, (0, 0): np.ones_like(first),
        }  # fmt: skip
        for c in np.flatnonzero(one):
            for d in np.flatnonzero(other):
                part = np.ones(len(first))
                for s, (a, b) in enumerate(zip(tree.sign[c].tolist(), tree.sign[d].tolist(), strict=True)):
                    part = part * moments.get((a, b), moments.get((b, a), first))[:, s]
                total += part
        return total


def _moments(mu: Floats, tau: Floats) -> tuple[Floats, Floats]:
    """Mean of p and of its square over a population, (M, S)."""
    p = expit(mu[..., None] + tau[..., None] * _Z)
    return p @ _ZW, p**2 @ _ZW


def _log_window(low: Floats, high: Floats) -> Floats:
    """Log probability of a standard normal between two bounds, exact far out as well."""
    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    upper, lower = log_ndtr(high), log_ndtr(low)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            np.where(np.isneginf(upper), -np.inf, upper + np.log1p(-np.exp(np.minimum(lower - upper, 0))))
        )


def terms_of(
    published: Sequence[PublishedRate], counts: Counts, organizations: Sequence[str], group: str
) -> tuple[Term, ...]:
    """The observations that figures make of one group, whatever their use."""
    place = {name: j for j, name in enumerate(organizations)}
    terms = []
    for number, figure in enumerate(published):
        if (counts.groups[0] if figure.group is None else figure.group) != group:
            continue
        members = np.array([place[name] for name in members_of(figure, counts)], dtype=np.intp)
        sets = members[:, None] if figure.rule == "each" else members[None]
        low, high = figure.n_obs if isinstance(figure.n_obs, tuple) else (figure.n_obs, figure.n_obs)
        log_n = (np.log(low) + np.log(high)) / 2 - (np.log(len(members)) if figure.rule == "each" else 0.0)
        spread = float(np.log(high / low) / (2 * 1.959964))
        above, below = (
            np.array([c in side for c in counts.categories], float) for side in (figure.categories, figure.relative_to)
        )
        terms += [
            Term(number, one, above, below, float(log_n), spread, float(figure.value), float(figure.rounded_to))
            for one in sets
        ]
    return tuple(terms)


def components_of(terms: Sequence[Term], tree: Tree) -> tuple[Component, ...]:
    """Terms that share members, directly or through others, together."""
    parts: list[tuple[set[int], list[Term]]] = []
    for term in terms:
        members, found = set(term.members.tolist()), [term]
        apart = []
        for others, their in parts:
            if others & members:
                members, found = members | others, their + found
            else:
                apart.append((others, their))
        parts = [*apart, (members, found)]
    return tuple(Component(tuple(found), np.array(sorted(members), dtype=np.intp), tree) for members, found in parts)


@dataclass(frozen=True, eq=False)
class Component:
    """Terms that speak of common members, and those members."""

    terms: tuple[Term, ...]
    members: NDArray[np.intp]
    tree: Tree

    def propose(self, mu: Floats, tau: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Draw the members' deviations for each population.

        Parameters
        ----------
        mu, tau : array (M, S)

        Returns
        -------
        z : array (M, m, S)
        log_weight : array (M,)
            Log of prior times likelihood over the proposal's density.
        """
        shape = (len(mu), len(self.members), mu.shape[1])
        base = np.zeros((len(mu), shape[1] * shape[2]))
        for _ in range(_STEPS):
            slope, lacking, error = self._linear(mu, tau, base.reshape(shape))
            observed = lacking + np.einsum("mfd,md->mf", slope, base)
            total = slope @ slope.transpose(0, 2, 1) + error[:, :, None] * np.eye(error.shape[1])
            base = np.einsum("mfd,mf->md", slope, np.linalg.solve(total, observed[..., None])[..., 0])
        along = np.linalg.qr(slope.transpose(0, 2, 1))[0]  # (M, m * S, K): the directions that figures tell of
        free = rng.standard_normal(base.shape)
        free -= np.einsum("mdk,mk->md", along, np.einsum("mdk,md->mk", along, free))
        c = np.einsum("mdk,md->mk", along, base)
        for _ in range(_STEPS):
            slope, lacking, error = self._linear(mu, tau, (free + np.einsum("mdk,mk->md", along, c)).reshape(shape))
            turn = slope @ along
            scaled = turn.transpose(0, 2, 1) / error[:, None, :]
            precision = scaled @ turn + np.eye(along.shape[2])
            pulled = np.einsum("mkf,mf->mk", scaled, lacking + np.einsum("mfk,mk->mf", turn, c))
            c = np.linalg.solve(precision, pulled[..., None])[..., 0]
        root = np.linalg.cholesky(precision)
        noise = rng.standard_normal(c.shape)
        c = c + np.linalg.solve(root.transpose(0, 2, 1), noise[..., None])[..., 0]
        z = (free + np.einsum("mdk,mk->md", along, c)).reshape(shape)
        log_proposal = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1) - 0.5 * (noise**2).sum(axis=1)
        return z, self.log_likelihood(mu, tau, z) - 0.5 * (c**2).sum(axis=1) - log_proposal

    def log_likelihood(self, mu: Floats, tau: Floats, z: Floats) -> Floats:
        """Of all terms, (M,)."""
        shares = self.tree.shares(mu[:, None] + tau[:, None] * z)
        parts = [term.log_likelihood(shares[:, self._places(term)]) for term in self.terms]
        return np.asarray(sum(parts[1:], start=parts[0]))

    def _places(self, term: Term) -> NDArray[np.intp]:
        return np.searchsorted(self.members, term.members)

    def _linear(self, mu: Floats, tau: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
        """Slopes (M, F, m * S) of the terms at z, what they lack to the printed values, and error variances."""
        logits = mu[:, None] + tau[:, None] * z
        p, shares = expit(logits), self.tree.shares(logits)
        factor = np.where(
            self.tree.sign == 1, 1 - p[..., None, :], np.where(self.tree.sign == -1, -p[..., None, :], 0.0)
        )
        turned = shares[..., None] * factor * tau[:, None, None]  # d share / d z: (M, m, C, S)
        slopes, lacking, errors = [], [], []
        for term in self.terms:
            places = self._places(term)
            above, below = (np.clip(one, 1e-12, 1 - 1e-12) for one in term.mean_shares(shares[:, places]))
            up, down = (
                np.einsum("mics,c->mis", turned[:, places], of) / len(places) for of in (term.above, term.below)
            )
            if term.is_ratio:
                at = np.log(above) - np.log(below)
                along = up / above[:, None, None] - down / below[:, None, None]
                error = term.error_variance(above, below)
            else:
                at = np.log(above) - np.log1p(-above)
                along = up / (above * (1 - above))[:, None, None]
                error = term.error_variance(np.full_like(above, expit(term.target())), below)
            slope = np.zeros_like(z)
            slope[:, places] = along
            flat = slope.reshape(len(z), -1)
            slopes.append(flat)
            lacking.append(term.target() - at)
            errors.append(_INFLATION * error)
        return np.stack(slopes, axis=1), np.stack(lacking, axis=1), np.stack(errors, axis=1)
