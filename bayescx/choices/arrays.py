"""Counts, priors and steering as the arrays of the compiled density, and the order of its free parameters.

Components of an organization are its first threshold, the logs of the increments above it, then the slopes in the
model's order; thresholds and pooled slopes move as one block. Free parameters are [z (common slopes), mean and SD
(population), eps (organization by organization)], as in every posterior of the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx.choices.counts import ChoiceCounts
from bayescx.choices.priors import ChoicePriors
from bayescx.errors import PriorError
from bayescx.kernel import problem
from bayescx.kernel.choices.likelihood import Choices
from bayescx.kernel.choices.posterior import pack_choices
from bayescx.kernel.priors import encode
from bayescx.priors import Prior

__all__ = ["ChoiceArrays", "SampleSize", "Told", "location_and_scale", "typical_size"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_ONE_SD = 0.8413447460685429  # probability below one SD of a normal distribution


def location_and_scale(prior: Prior) -> tuple[float, float]:
    """Median, and half the distance of the quantiles that lie one SD from the mean of a normal distribution."""
    low, middle, high = (float(prior.distribution().ppf(q)) for q in (1 - _ONE_SD, 0.5, _ONE_SD))
    return middle, (high - low) / 2


def typical_size(sd: Prior) -> float:
    """The quantile that is sigma for a half-normal distribution."""
    return float(sd.distribution().ppf(2 * _ONE_SD - 1))


class SampleSize(NamedTuple):
    """Respondents of each organization, (J,)."""

    n_obs: Ints


class Told(NamedTuple):
    """Own estimates of pooled components and their sampling variances, (J, Q); infinity where data say nothing."""

    estimate: Floats
    variance: Floats


@dataclass(frozen=True)
class ChoiceArrays:
    """Everything the compiled density reads.

    ``steering`` is None before it is known: components are then non-centered, and common slopes their own free numbers.
    """

    counts: ChoiceCounts
    priors: ChoicePriors
    steering: problem.Steering | None = None
    common: tuple[Floats, Floats] | None = None
    """Centre (F,) and scale (F, F) of common slopes."""
    told: Told | None = None

    @cached_property
    def choices(self) -> Choices:
        """Patterns on the common scale, with their counts."""
        c = self.counts
        x = (c.x - c.centre) / c.spread
        return Choices(c.start.astype(np.int64), x, c.answers.astype(np.float64))

    @property
    def sample(self) -> SampleSize:
        """How many organizations there are, as samplers ask for it."""
        return SampleSize(self.counts.n_obs)

    @property
    def n_cut(self) -> int:
        """Thresholds."""
        return len(self.counts.categories) - 1

    @cached_property
    def own(self) -> tuple[int, ...]:
        """Components that differ between organizations."""
        pooled = np.flatnonzero(self.counts.equation.pooled)
        return (*range(self.n_cut), *(int(k) + self.n_cut for k in pooled))

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """Components that organizations share."""
        return tuple(k + self.n_cut for k, pooled in enumerate(self.counts.equation.pooled) if not pooled)

    @property
    def population(self) -> tuple[int, ...]:
        """Components with a population: all own ones."""
        return self.own

    @property
    def moderators(self) -> tuple[()]:
        """What populations depend on: nothing."""
        return ()

    @property
    def n_extra(self) -> int:
        """Free numbers beyond those: none."""
        return 0

    @cached_property
    def centres(self) -> list[Prior]:
        """Priors of the centres (or common values) of all components."""
        cuts = [self.priors.threshold] + [self.priors.increment] * (self.n_cut - 1)
        return cuts + self.priors.slopes(self.counts.terms)

    @cached_property
    def sds(self) -> list[Prior]:
        """Priors of the population SDs of own components."""
        cuts = [self.priors.threshold_sd] + [self.priors.increment_sd] * (self.n_cut - 1)
        return cuts + [self.priors.slope_sd] * (len(self.own) - self.n_cut)

    @cached_property
    def prior_shape(self) -> Floats:
        """Location and scale of the centres' priors, (components, 2)."""
        return np.array([location_and_scale(prior) for prior in self.centres])

    @cached_property
    def sd_scale(self) -> Floats:
        """A typical size of each population SD under its prior, (Q,)."""
        return np.array([typical_size(prior) for prior in self.sds])

    @property
    def n_dim(self) -> int:
        """Free parameters."""
        return self.n_expanded

    @property
    def n_expanded(self) -> int:
        """Length of the expanded draw: shared, mu, tau, own components."""
        return len(self.shared) + (2 + len(self.counts.organizations)) * len(self.own)

    def steered(self, steering: problem.Steering, common: tuple[Floats, Floats], told: Told) -> ChoiceArrays:
        """The same with steering."""
        return replace(self, steering=steering, common=common, told=told)

    @cached_property
    def _pooling(self) -> problem.Pooling:
        n_own, n_shared = len(self.own), len(self.shared)
        several = n_own > 1
        centre, scale = self.common or (np.zeros(n_shared), np.eye(n_shared))
        told = self.told or Told(*(np.full((len(self.counts.organizations), n_own), np.inf),) * 2)
        knows = np.isfinite(told.variance)
        shape = self.prior_shape[list(self.own)]
        steered = self.told is not None
        return problem.Pooling(
            own_component=np.array(self.own, dtype=np.int64),
            population=np.arange(n_own),
            pooled=np.ones(n_own),
            independent=np.zeros(0, dtype=np.int64),
            fixed_mean=np.zeros(n_own),
            fixed_sd=np.ones(n_own),
            mean_centre=shape[:, 0] if steered else np.zeros(n_own),
            mean_scale=shape[:, 1] if steered else np.ones(n_own),
            told_start=np.concatenate([[0], np.cumsum(knows.sum(axis=0))]),
            told_estimate=told.estimate.T[knows.T],
            told_variance=told.variance.T[knows.T],
            sd_scale=self.sd_scale,
            log_volume=np.array([np.linalg.slogdet(scale)[1]]),
            block_start=np.array([0, n_own] if several else [0]),
            block_offset=np.array([0] if several else [], dtype=np.int64),
            shared_component=np.array(self.shared, dtype=np.int64),
            shared_offset=centre,
            shared_matrix=scale,
            mean_kind=np.full(n_own, problem.LINEAR),
            shared_kind=np.full(n_shared, problem.LINEAR),
            tie=np.zeros((0, n_own)),
            tie_back=np.zeros((n_own, 0)),
            tie_target=np.zeros(0),
            tie_scale=np.zeros(0),
        )

    @cached_property
    def _priors(self) -> problem.Priors:
        common = [self.centres[c] for c in self.shared]
        centres = [self.centres[c] for c in self.own]
        unread = [Prior("Normal")] * len(self.own)  # pooled components have the density of their population
        return problem.Priors(*_encoded(common), *_encoded(unread), *_encoded(centres), *_encoded(self.sds))

    @cached_property
    def _packed(self) -> tuple[NDArray[np.uint64], list[NDArray[np.generic]]]:
        n_org, n_own = len(self.counts.organizations), len(self.own)
        zeros = np.zeros((n_org, n_own))
        blank = problem.Steering(zeros, zeros, np.zeros((n_org, n_own**2)))
        return pack_choices(self.choices, self._pooling, self._priors, self.steering or blank)

    @property
    def records(self) -> NDArray[np.uint64]:
        """The record array for the compiled density."""
        return self._packed[0]


def _encoded(priors: list[Prior]) -> tuple[Ints, Floats]:
    found = []
    for prior in priors:
        code = encode(prior.name, prior.parameters)
        if code is None:
            raise PriorError(f"{prior} is a distribution that choices do not take")
        found.append(code)
    return (
        np.array([code for code, _ in found], dtype=np.int64),
        np.array([numbers for _, numbers in found], dtype=np.float64).reshape(-1, 4),
    )
