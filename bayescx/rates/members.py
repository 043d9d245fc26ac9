"""Proposals for the organizations that published figures speak of, given their population.

Figures tell of a few directions of the members' deviations z only: all others are drawn from the population, these from
a mixture of two normals about the mode given the others. What the mixture gets wrong becomes a weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from bayescx.rates.figures import Term
from bayescx.rates.splits import Tree

__all__ = ["Component", "components_of"]

Floats = NDArray[np.float64]

_INFLATION = 1.3  # of error variances, so that the tails of proposals cover
_CLIMBS, _TURNS = 6, 5  # steps to the mode: of all deviations, and of the directions that figures tell of
_TRIES = 6
_MOST_BENT = 0.5  # of a deviation's prior precision that a bend may take away
_MOST_CELLS = 1 << 20  # numbers handled at a time
_LOOSE = 0.15
"""Share of proposals with the population's own spread: every likelihood that is log-concave falls inside them."""


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

    def propose(self, mu: Floats, tau: Floats, rng: np.random.Generator, *, redraws: int = 1) -> tuple[Floats, Floats]:
        """Draw the members' deviations for each population: several times, and keep one of these by its weight.

        Parameters
        ----------
        mu, tau : array (M, S)
        rng : Generator
        redraws : int
            How often to draw what figures leave free: the oftener, the less do weights differ.

        Returns
        -------
        z : array (M, m, S)
        log_weight : array (M,)
            Log of prior times likelihood over the proposal's density, the mean of the tries: an unbiased estimate of
            the terms' likelihood given the population.
        """
        block = max(1, _MOST_CELLS // (len(self.members) * self.tree.sign.size))
        parts = [
            self._proposed(mu[start : start + block], tau[start : start + block], rng, redraws)
            for start in range(0, len(mu), block)
        ]
        if not parts:
            return np.zeros((0, len(self.members), mu.shape[1])), np.zeros(0)
        z, log_weight = (np.concatenate(some) for some in zip(*parts, strict=True))
        return z, log_weight

    def _proposed(self, mu: Floats, tau: Floats, rng: np.random.Generator, redraws: int) -> tuple[Floats, Floats]:
        """One block of populations. Deviations are z = scale * y; y is drawn along what figures tell of, and across."""
        shape = (len(mu), len(self.members), mu.shape[1])
        base, scale, along = self._mode(mu, tau)
        ahead = np.einsum("mdk,md->mk", along, base / scale)
        kept, total = np.zeros(shape), np.full(len(mu), -np.inf)
        for _ in range(redraws):
            free = rng.standard_normal(base.shape)
            free -= np.einsum("mdk,mk->md", along, np.einsum("mdk,md->mk", along, free))
            c, precision, least = self._mode_along(mu, tau, scale, free, along, ahead)
            across = 0.5 * (free**2).sum(axis=1) + np.log(scale).sum(axis=1)
            for _ in range(_TRIES):
                moved, log_along = _drawn_about_mode(precision, least, rng)
                z = scale * (free + np.einsum("mdk,mk->md", along, c + moved))
                gained = across - log_along - 0.5 * (z**2).sum(axis=1) + self.log_likelihood(mu, tau, z.reshape(shape))
                total = np.logaddexp(total, gained)
                with np.errstate(invalid="ignore"):
                    taken = np.log(rng.random(len(mu))) < gained - total
                kept[taken] = z.reshape(shape)[taken]
        return kept, total - np.log(redraws * _TRIES)

    def _mode(self, mu: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
        """Roughly where deviations are likeliest, (M, m * S), and how.

        Returns
        -------
        mode : array (M, m * S)
        scale : array (M, m * S)
            SD of each deviation where figures leave it free: the bend of a mean share near 0 or 1 narrows it.
        along : array (M, m * S, K)
            Orthonormal directions of deviations over their scale that figures tell of.
        """
        shape = (len(mu), len(self.members), mu.shape[1])
        base = np.zeros((len(mu), shape[1] * shape[2]))
        for _ in range(_CLIMBS):
            slope, lacking, error = self._linear(mu, tau, base.reshape(shape), near=False)
            observed = lacking + np.einsum("mfd,md->mf", slope, base)
            total = slope @ slope.transpose(0, 2, 1) + error[:, :, None] * np.eye(error.shape[1])
            base = np.einsum("mfd,mf->md", slope, np.linalg.solve(total, observed[..., None])[..., 0])
        bend, lacking, error = self._linear(mu, tau, base.reshape(shape), near=True, bent=True)
        scale = 1 / np.sqrt(1 - np.minimum(np.einsum("mfd,mf->md", bend, lacking / error), _MOST_BENT))
        return base, scale, np.linalg.qr((slope * scale[:, None]).transpose(0, 2, 1))[0]

    def _mode_along(
        self, mu: Floats, tau: Floats, scale: Floats, free: Floats, along: Floats, c: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Where the directions lead, given all others, from a start.

        Returns
        -------
        mode : array (M, K)
        precision : array (M, K, K)
            Given figures.
        least : array (M, K, K)
            Given the population alone.
        """
        shape = (len(mu), len(self.members), mu.shape[1])
        least = along.transpose(0, 2, 1) @ (scale[:, :, None] ** 2 * along)
        held = np.einsum("mdk,md->mk", along, scale**2 * free)
        for _ in range(_TURNS):
            z = scale * (free + np.einsum("mdk,mk->md", along, c))
            slope, lacking, error = self._linear(mu, tau, z.reshape(shape), near=True)
            turn = slope @ (scale[:, :, None] * along)
            scaled = turn.transpose(0, 2, 1) / error[:, None, :]
            precision = scaled @ turn + least
            pulled = np.einsum("mkf,mf->mk", scaled, lacking + np.einsum("mfk,mk->mf", turn, c)) - held
            c = np.linalg.solve(precision, pulled[..., None])[..., 0]
        return c, precision, least

    def log_likelihood(self, mu: Floats, tau: Floats, z: Floats) -> Floats:
        """Of all terms, (M,)."""
        shares = self.tree.shares(mu[:, None] + tau[:, None] * z)
        parts = [term.log_likelihood(shares[:, self._places(term)]) for term in self.terms]
        return np.asarray(sum(parts[1:], start=parts[0]))

    def _places(self, term: Term) -> NDArray[np.intp]:
        return np.searchsorted(self.members, term.members)

    def _linear(
        self, mu: Floats, tau: Floats, z: Floats, *, near: bool, bent: bool = False
    ) -> tuple[Floats, Floats, Floats]:
        """The terms at z, on the scale where they are nearly linear.

        Returns
        -------
        slope : array (M, F, m * S)
            First derivatives; if ``bent``, instead the second ones, as far as they come from those of mean shares.
        lacking, error : array (M, F)
            What the terms lack to what was printed, and the variance of that.
        """
        logits = mu[:, None] + tau[:, None] * z
        p, shares = expit(logits), self.tree.shares(logits)
        moved = tau[:, None] * ((1 - 2 * p) * tau[:, None] if bent else 1.0)
        slopes, lacking, errors = [], [], []
        for term in self.terms:
            places = self._places(term)
            above, below = (np.maximum(one, 1e-12) for one in term.mean_shares(shares[:, places]))
            printed, error = term.observed(above, below, near=near)
            slope = self._turn(shares, p, term.above) / above[:, None, None]
            if not term.below.all():
                slope -= self._turn(shares, p, term.below) / below[:, None, None]
            if not term.is_ratio:
                slope /= np.maximum(1 - above / below, 1e-12)[:, None, None]
            whole = np.zeros_like(z)
            whole[:, places] = (slope * moved)[:, places] / len(places)
            slopes.append(whole.reshape(len(z), -1))
            lacking.append(printed - term.scaled(above, below))
            errors.append(_INFLATION * error)
        return np.stack(slopes, axis=1), np.stack(lacking, axis=1), np.stack(errors, axis=1)

    def _turn(self, shares: Floats, p: Floats, of: Floats) -> Floats:
        """Derivative of each member's share of some categories with respect to its logits, (M, m, S)."""
        out = np.zeros_like(p)
        for s, sign in enumerate(self.tree.sign.T):
            left, right = (shares[..., one] @ of[one] for one in (sign == 1, sign == -1))
            out[..., s] = left * (1 - p[..., s]) - right * p[..., s]
        return out


def _drawn_about_mode(precision: Floats, least: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draw (M, K) from a normal with these precisions or, now and then, the least; with the mixture's log density.

    Densities lack the constant (2 pi)^(-K / 2), as those of standard normal deviations do.
    """
    noise, loose = rng.standard_normal(precision.shape[:2]), rng.random(len(precision)) < _LOOSE
    roots = [np.linalg.cholesky(one) for one in (precision, least)]
    drawn = [np.linalg.solve(root.transpose(0, 2, 1), noise[..., None])[..., 0] for root in roots]
    moved = np.where(loose[:, None], drawn[1], drawn[0])
    densities = [
        np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        - 0.5 * (np.einsum("mkj,mk->mj", root, moved) ** 2).sum(axis=1)
        for root in roots
    ]
    return moved, np.logaddexp(np.log1p(-_LOOSE) + densities[0], np.log(_LOOSE) + densities[1])
