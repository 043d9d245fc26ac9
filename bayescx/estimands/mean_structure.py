"""Latent means and intercepts of organizations, given loadings and covariances: a Gibbs sampler on plain arrays.

Of one block of factors, for each of S sets of loadings and covariances: an organization's mean of item k is

    y_jk = nu_k + d_jk + sum_f lambda_jkf xi_jf + e_jk,   d_jk ~ N(0, tau_k^2),   e_jk ~ N(0, own_jk),

nu flat. xi_j is the mean of the factors over those who answered: latent mean plus sampling error. It is split into
eta_j, flat with sum 0 over organizations, and a shift c that all share, of which the latent means' summing to 0 leaves
only sampling error. Errors that covary between items add a part of their own ("tied").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayescx.estimands.slices import slice_step
from bayescx.priors import Prior

__all__ = ["Block", "Drawn", "added_variance", "contrasts", "located", "sample_blocks"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Means of p items in J organizations, and S draws of what the covariances tell about m factors.

    Attributes
    ----------
    mean, answered : array (J, p)
        Zero and False where an organization lacks an item.
    loadings : array (S, J, p, m)
    own : array (S, J, p)
        Sampling variance of the part of an item's mean that it shares with no other; above 0.
    tied : array (S, J, p, p) or None
        Sampling covariance of the parts of errors that covary between items; zero where an item is lacking.
    """

    mean: Floats
    answered: Bools
    loadings: Floats
    own: Floats
    tied: Floats | None = None


@dataclass(frozen=True)
class Drawn:
    """Draws of a block: sd (S, p), factor (S, J, m) = xi, deviation (S, J, p) = d, nan where an item is lacking."""

    sd: Floats
    factor: Floats
    deviation: Floats


def contrasts(count: int) -> Floats:
    """Orthonormal columns (count, count - 1) that are orthogonal to a column of ones (Helmert)."""
    out = np.zeros((count, count - 1))
    for k in range(1, count):
        out[:k, k - 1] = 1.0 / np.sqrt(k * (k + 1))
        out[k, k - 1] = -k / np.sqrt(k * (k + 1))
    return out


def located(loadings: Floats, weights: Floats, x: Floats) -> tuple[Floats, Floats]:
    """Intercepts (S, p) and means of factors (S, J, m), with sum 0, by generalized least squares.

    Intercepts are eliminated first: each belongs to one item. ``weights`` (S, J, p) are inverse variances, 0 where an
    item is lacking, and ``x`` (S, J, p) what intercepts and factors are to explain.
    """
    information, score, total = normal_equations(loadings, weights, x)
    s, j, _, m = loadings.shape
    basis = np.kron(contrasts(j), np.eye(m))
    free = np.linalg.solve(basis.T @ information @ basis, (score @ basis)[..., None])
    factor = (free[..., 0] @ basis.T).reshape(s, j, m)
    left = x - (loadings @ factor[..., None])[..., 0]
    return np.asarray((weights * left).sum(axis=1) / total), factor


def normal_equations(loadings: Floats, weights: Floats, x: Floats) -> tuple[Floats, Floats, Floats]:
    """Information (S, J m, J m) and score (S, J m) of factors without intercepts, and weights (S, p) of the latter."""
    s, j, p, m = loadings.shape
    total = weights.sum(axis=1)
    total = np.where(total > 0, total, 1.0)
    weighted = np.swapaxes(loadings * weights[..., None], -1, -2)
    rows = weighted.reshape(s, j * m, p)
    information = -(rows / total[:, None]) @ np.swapaxes(rows, -1, -2)
    each = np.arange(j)
    information.reshape(s, j, m, j, m)[:, each, :, each] += np.moveaxis(weighted @ loadings, 1, 0)
    centre = (weights * x).sum(axis=1) / total
    score = (weighted @ (x - centre[:, None])[..., None])[..., 0]
    return information, score.reshape(s, j * m), total


def sample_blocks(
    blocks: Sequence[Block], shift_cov: Floats, prior: Prior, sweeps: int, rng: np.random.Generator
) -> list[Drawn]:
    """Draw the means of factors, deviations of intercepts and their SDs, once for each of the S sets.

    Parameters
    ----------
    blocks : sequence of Block
    shift_cov : array (S, M, M)
        Covariance of the shift c of the M factors of all blocks, in their order.
    prior : Prior
        Of each item's SD of intercepts.
    sweeps : int
        Sweeps of the sampler, from the same start for each set.
    rng : numpy.random.Generator
    """
    samplers = [_Sampler(block, prior, rng) for block in blocks]
    root = np.swapaxes(np.linalg.inv(np.linalg.cholesky(shift_cov)), -1, -2)
    shift = _Shift(samplers, root @ np.swapaxes(root, -1, -2), root, rng)
    uneven = any(sampler.is_uneven for sampler in samplers)
    for _ in range(sweeps):
        for sampler in samplers:
            sampler.sweep()
        if uneven:
            shift.draw()
    if not uneven:
        shift.draw()
    return [sampler.drawn() for sampler in samplers]


class _Sampler:
    """The state of one block for all S sets: SDs, intercepts, factors and the tied parts of errors."""

    def __init__(self, block: Block, prior: Prior, rng: np.random.Generator) -> None:
        s, j, p, m = block.loadings.shape
        self.block, self.rng, self.prior = block, rng, prior.distribution()
        self.sd = np.full((s, p), float(self.prior.ppf(0.5)))
        self.shift, self.tied = np.zeros((s, m)), np.zeros((s, j, p))
        self.factor, self.intercept = np.zeros((s, j, m)), np.zeros((s, p))
        # around the average of the organizations the shift says nearly nothing, so it is free of intercepts
        self.apart = block.loadings - block.loadings.mean(axis=1, keepdims=True)
        self.is_uneven = bool(np.abs(self.apart).max() > 0)
        self.draw_factors()

    @property
    def variance(self) -> Floats:
        """Variance of an item's mean but for factors and tied parts, (S, J, p)."""
        return np.asarray(self.block.own + self.sd[:, None] ** 2)

    @property
    def weights(self) -> Floats:
        return np.where(self.block.answered, 1.0 / self.variance, 0.0)

    def explained(self) -> Floats:
        """What intercepts and factors say, (S, J, p)."""
        return self.intercept[:, None] + _times(self.block.loadings, self.factor)

    def shifted(self) -> Floats:
        return _times(self.apart, np.broadcast_to(self.shift[:, None], self.factor.shape))

    def sweep(self) -> None:
        self.draw_sds()
        self.draw_factors()
        if self.block.tied is not None:
            left = self.block.mean - self.shifted() - self.explained()
            self.tied = _tied(self.block.tied, self.variance, left, self.block.answered, self.rng)

    def draw_factors(self) -> None:
        """Intercepts and factors, given SDs: least squares on data with their own noise added again is a draw."""
        noise = self.rng.standard_normal(self.tied.shape) * np.sqrt(self.variance)
        known = self.block.mean - self.shifted() - self.tied
        self.intercept, self.factor = located(self.block.loadings, self.weights, known + noise)

    def draw_sds(self) -> None:
        """SDs of intercepts, item by item, given intercepts; deviations and factors are integrated out."""
        left = self.block.mean - self.shifted() - self.tied - self.intercept[:, None]
        for k in range(left.shape[-1]):
            density = _Density(self.block, left, self.weights, k, self.prior)
            self.sd[:, k] = np.exp(slice_step(density, np.log(self.sd[:, k]), self.rng))

    def drawn(self) -> Drawn:
        """The factors with their shift, and deviations of intercepts given all else."""
        left = self.block.mean - self.shifted() - self.explained() - self.tied
        squared = self.sd[:, None] ** 2
        share = squared / self.variance
        spread = np.sqrt(share * self.block.own)
        deviation = share * left + spread * self.rng.standard_normal(left.shape)
        deviation = np.where(self.block.answered, deviation, np.nan)
        return Drawn(self.sd, self.factor + self.shift[:, None], deviation)


class _Shift:
    """The shift of all factors, which their sampling errors tie together across blocks."""

    def __init__(self, samplers: Sequence[_Sampler], precision: Floats, root: Floats, rng: np.random.Generator) -> None:
        self.samplers, self.precision, self.root, self.rng = samplers, precision, root, rng

    def draw(self) -> None:
        precision = self.precision.copy()
        score = (self.root @ self.rng.standard_normal((*self.root.shape[:2], 1)))[..., 0]
        start = 0
        for one in self.samplers:
            here = slice(start, start + one.shift.shape[1])
            if one.is_uneven:
                weighted = one.apart * one.weights[..., None]
                noise = self.rng.standard_normal(one.tied.shape) * np.sqrt(one.variance)
                known = one.block.mean - one.explained() - one.tied + noise
                precision[:, here, here] += np.einsum("sjpm,sjpl->sml", weighted, one.apart)
                score[:, here] += np.einsum("sjpm,sjp->sm", weighted, known)
            start = here.stop
        shift = np.linalg.solve(precision, score[..., None])[..., 0]
        start = 0
        for one in self.samplers:
            width = one.shift.shape[1]
            one.shift = shift[:, start : start + width]
            start += width


class _Density:
    """Log density of the SD of one item's intercepts, on its log scale; the factors, with sum 0, integrated out.

    Over factors without the condition, an organization's means have the density of what its items say of each other;
    that the estimates of its factors sum to 0 is one more observation, of variance the sum of theirs.
    """

    def __init__(self, block: Block, left: Floats, weights: Floats, k: int, prior: Any) -> None:
        others = np.arange(left.shape[-1]) != k
        self.prior, self.answered = prior, block.answered[:, k]
        self.left, self.own, self.loading = left[..., k], block.own[..., k], block.loadings[..., k, :]
        loadings = block.loadings[..., others, :]
        weighted = np.swapaxes(loadings * weights[..., others, None], -1, -2)
        self.information, self.score = weighted @ loadings, _times(weighted, left[..., others])

    def __call__(self, index: NDArray[np.int64], log_sd: Floats) -> Floats:
        sd = np.exp(log_sd)
        loading, left = self.loading[index], self.left[index]
        weight = np.where(self.answered, 1.0 / (self.own[index] + sd[:, None] ** 2), 0.0)
        weighted = loading * weight[..., None]
        information = self.information[index] + weighted[..., :, None] * loading[..., None, :]
        score = self.score[index] + weighted * left[..., None]
        size, inverse = _inverted(information)
        estimate = _times(inverse, score)
        misfit = (weight * left**2).sum(axis=-1) - (score * estimate).sum(axis=(-1, -2))
        total, precision = _inverted(inverse.sum(axis=1))
        off = estimate.sum(axis=1)
        misfit += (off * _times(precision, off)).sum(axis=-1)
        with np.errstate(divide="ignore"):
            before = np.log(self.prior.pdf(sd)) + log_sd
            weighed = np.where(self.answered, np.log(weight), 0.0).sum(axis=-1)
        return np.asarray(before + 0.5 * (weighed - size.sum(axis=-1) - total - misfit))


def _inverted(matrix: Floats) -> tuple[Floats, Floats]:
    """Log determinants (...) and inverses (..., m, m) of positive definite matrices."""
    if matrix.shape[-1] == 1:
        return np.log(matrix[..., 0, 0]), 1.0 / matrix
    return np.linalg.slogdet(matrix)[1], np.linalg.inv(matrix)


def _times(loadings: Floats, factor: Floats) -> Floats:
    return np.asarray((loadings @ factor[..., None])[..., 0])


def _tied(tied: Floats, variance: Floats, left: Floats, answered: Bools, rng: np.random.Generator) -> Floats:
    """Tied parts of errors given their sums with independent parts, by correcting a draw that knows nothing."""
    values, vectors = np.linalg.eigh(tied)
    before = _times(vectors * np.sqrt(np.maximum(values, 0.0))[..., None, :], rng.standard_normal(left.shape))
    noise = rng.standard_normal(left.shape) * np.sqrt(variance)
    off = np.where(answered, left - before - noise, 0.0)
    whole = tied + variance[..., None] * np.eye(left.shape[-1])
    return before + _times(tied, np.linalg.solve(whole, off[..., None])[..., 0])


def added_variance(block: Block, sd: Floats) -> Floats:
    """Variance that deviations of intercepts add to a factor's mean where its items are weighed best, (S, J, m)."""
    squared = np.broadcast_to(sd[:, None] ** 2, block.own.shape)
    tied = 0.0 if block.tied is None else np.diagonal(block.tied, axis1=-2, axis2=-1)
    weights = np.where(block.answered, 1.0 / (block.own + tied + squared), 0.0)
    weighted = np.swapaxes(block.loadings * weights[..., None], -1, -2)
    estimate = np.linalg.solve(weighted @ block.loadings, weighted)
    return np.asarray((estimate**2 * squared[..., None, :]).sum(axis=-1))
