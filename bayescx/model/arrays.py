"""Layout, moments, priors and steering as the arrays of the compiled density, and the order of its free parameters.

Free parameters x = [z (shared), mean and SD (population), eps (organization by organization), extra, moderators], each
centred and scaled so that the sampler starts with all of them near 1; tau = scale * log(1 + e^x). Extra are one number
per unknown sample size of published figures, then p log scales per organization that shared correlations.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import PriorError
from bayescx.kernel import problem
from bayescx.kernel.anchors import POOLED
from bayescx.kernel.patterns import Patterns
from bayescx.kernel.priors import encode
from bayescx.model.anchoring import Places, anchor_arrays
from bayescx.model.averages import Ties, free_directions, ties_of
from bayescx.model.component_priors import component_priors
from bayescx.model.flat import starts
from bayescx.model.informed import Informed
from bayescx.model.layout import Layout
from bayescx.model.moderation import moderation_arrays, moderators_of
from bayescx.model.moderator_entries import ModeratorEntry
from bayescx.model.structure import structure_arrays
from bayescx.priors import Prior, Priors

__all__ = ["Arrays", "Sample", "Told"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_VAGUE_SD = 10.0  # steers independent components whose prior has no SD


@dataclass(frozen=True)
class Sample:
    """Moments on the common scale: ``n_obs`` (J,), ``cov`` (J, p, p) with divisor n - 1.

    Organizations in ``patterns`` and those known by figures only (``n_obs`` 0) have no say through ``cov``.
    ``attributes`` (J, K) are those that paths depend on, centred, numbers in SDs.
    """

    n_obs: Ints
    cov: Floats
    patterns: Patterns | None = None
    attributes: Floats | None = None

    @cached_property
    def is_complete(self) -> NDArray[np.bool_]:
        """Which organizations enter by their complete moments, (J,)."""
        complete = self.n_obs > 0
        if self.patterns is not None:
            complete[self.patterns.organization] = False
        return complete

    @property
    def n_extra(self) -> int:
        """Log scales of organizations that shared correlations."""
        return 0 if self.patterns is None else self.cov.shape[1] * int((self.patterns.free_extra >= 0).sum())

    def with_fixed_scales(self) -> Sample:
        """The same with correlations as covariances: an organization by itself says nothing about its scale."""
        if self.n_extra == 0 or self.patterns is None:
            return self
        return replace(self, patterns=self.patterns._replace(free_extra=np.full_like(self.patterns.free_extra, -1)))

    def data(self) -> problem.Data:
        """What the compiled density reads of complete organizations; the others weigh nothing."""
        complete = self.is_complete
        half_df = np.where(complete, (self.n_obs - 1) / 2.0, 0.0)
        return problem.Data(half_df, np.where(complete[:, None, None], self.cov, np.eye(self.cov.shape[1])))


class Told(NamedTuple):
    """Steering of population means: location and scale of the prior, and own estimates with their variances.

    ``rows`` are the organizations that estimates are of.
    """

    centre: Floats
    scale: Floats
    estimates: tuple[Floats, ...]
    variances: tuple[Floats, ...]
    rows: tuple[Ints, ...]

    @classmethod
    def nothing(cls, n_pop: int) -> Told:
        """Means are their own free numbers."""
        nobody = (np.zeros(0),) * n_pop
        return cls(np.zeros(n_pop), np.ones(n_pop), nobody, nobody, (np.zeros(0, dtype=np.int64),) * n_pop)

    def tie_scale(self, ties: Floats, tau: Floats) -> Floats:
        """About how far sums of means as placed are from what they are tied to, (constraints,); ``tau`` is typical."""
        told = np.array([np.sum(1.0 / (own**2 + one)) for own, one in zip(tau, self.variances, strict=True)])
        return np.asarray(np.sqrt(ties**2 @ (1.0 / (self.scale**-2.0 + told))))


def _encode(priors: Sequence[Prior], *, positive: bool, signed: Sequence[bool] | None = None) -> tuple[Ints, Floats]:
    codes, numbers = [], []
    for prior, fits in zip(priors, signed or (False,) * len(priors), strict=True):
        known = encode(prior.name, prior.parameters)
        if known is None or (prior.positive != positive and not fits):
            raise PriorError(
                f'{prior} restricts the sign of a value that engine="kernel" leaves free; use engine="pymc", '
                "or a prior on the whole line such as Normal"
            )
        codes.append(known[0])
        numbers.append(known[1])
    return np.array(codes, dtype=np.int64), np.array(numbers, dtype=np.float64).reshape(-1, 4)


def _location_and_scale(prior: Prior) -> tuple[float, float]:
    p = prior.parameters
    location = p.get("mu", p.get("alpha", 0.0))
    return location, p.get("sigma", p.get("s", p.get("b", p.get("beta", _VAGUE_SD))))


def _typical_size(sd: Prior) -> float:
    p = sd.parameters
    match sd.name:
        case "Exponential":
            return 1.0 / p["lam"]
        case "Gamma":
            return p["alpha"] / p["beta"]
        case "InverseGamma":
            return p["beta"] / (p["alpha"] + 1.0)
        case "LogNormal":
            return float(np.exp(p["mu"]))
    return p.get("sigma", p.get("beta", 1.0))


@dataclass(frozen=True)
class Arrays:
    """Everything the compiled density reads, for one layout, sample and choice of priors."""

    layout: Layout
    sample: Sample
    priors: Priors
    steering: problem.Steering
    shared_steering: tuple[Floats, Floats] | None = None
    """Centre (Z,) and scale (Z, Z) of the free parameters behind shared components, once they are known."""
    told: Told | None = None
    """What organizations' own data tell about population means, once it is known."""
    informed: Informed | None = None
    """Published figures, and what they anchor."""

    @classmethod
    def of(cls, layout: Layout, sample: Sample, priors: Priors, informed: Informed | None = None) -> Arrays:
        """Arrays that steer nothing yet: own components are non-centered."""
        blank = cls(layout, sample, priors, problem.Steering(*(np.zeros((1, 1)),) * 3), informed=informed)
        n_org, n_own = len(sample.n_obs), len(blank.own)
        total = sum(len(block) ** 2 for block in blank.blocks if len(block) > 1)
        zeros = np.zeros((n_org, n_own))
        return replace(blank, steering=problem.Steering(zeros, zeros.copy(), np.zeros((n_org, max(total, 1)))))

    @cached_property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Own components moved together: paths of one equation, loadings of one factor; others alone, and last."""
        equations: dict[tuple[str, str], list[int]] = {}
        for c, (component, kind) in enumerate(zip(self.layout.components, self.layout.kinds, strict=True)):
            if kind != "full":
                name = component.equation if component.block in ("paths", "loadings") else component.name
                equations.setdefault((component.block, name), []).append(c)
        several = [tuple(block) for block in equations.values() if len(block) > 1]
        return (*several, *(tuple(block) for block in equations.values() if len(block) == 1))

    @cached_property
    def own(self) -> tuple[int, ...]:
        """Components that differ between organizations, block by block."""
        return tuple(c for block in self.blocks for c in block)

    @cached_property
    def shared(self) -> tuple[int, ...]:
        """Components that organizations share."""
        return tuple(c for c, kind in enumerate(self.layout.kinds) if kind == "full")

    @cached_property
    def population(self) -> tuple[int, ...]:
        """Own components that are partially pooled, in the order of mu and tau."""
        return tuple(c for c in self.own if self.layout.kinds[c] == "partial")

    @cached_property
    def shared_map(self) -> tuple[Floats, Floats]:
        """Offset (F,) and matrix (F, Z) from free parameters to shared components."""
        offset, matrix = free_directions(self.layout, self.shared)
        if self.shared_steering is None:
            return offset, matrix
        centre, scale = self.shared_steering
        return offset + matrix @ centre, matrix @ scale

    def free_of(self, components: Floats) -> Floats:
        """Free parameters [z, eps] of independent organizations whose components (J, C) are about these."""
        offset, matrix = self.shared_map
        pooling = self.pooling_arrays
        z = np.linalg.lstsq(matrix, components[:, list(self.shared)].mean(axis=0) - offset)[0]
        eps = (components[:, list(self.own)] - pooling.fixed_mean) / pooling.fixed_sd
        return np.concatenate([z, eps.ravel()])

    def _log_volume(self) -> Floats:
        scale = np.eye(self.n_shared_free) if self.shared_steering is None else self.shared_steering[1]
        return np.array([np.linalg.slogdet(scale)[1]])

    @cached_property
    def sd_scale(self) -> Floats:
        """A typical size of each population SD under its prior, shape (populations,)."""
        described = component_priors(self.layout, self.priors)
        return np.array([_typical_size(sd) for c in self.population if (sd := described[c][1]) is not None])

    @cached_property
    def population_prior(self) -> Floats:
        """Location and scale of each population centre's prior, shape (populations, 2)."""
        described = component_priors(self.layout, self.priors)
        return np.array([_location_and_scale(described[c][0]) for c in self.population]).reshape(-1, 2)

    @property
    def n_shared_free(self) -> int:
        """Z, the number of free parameters behind the shared components."""
        return int(self.shared_map[1].shape[1])

    @property
    def n_dim(self) -> int:
        """D, the number of free parameters."""
        return self.n_shared_free + 2 * len(self.population) + self._n_rest

    @property
    def _n_rest(self) -> int:
        return len(self.sample.n_obs) * len(self.own) + self.n_extra + len(self.moderators)

    @cached_property
    def moderators(self) -> tuple[ModeratorEntry, ...]:
        """What attributes do to paths, in the order of populations."""
        return moderators_of(self.layout, self.population)

    @property
    def n_extra(self) -> int:
        """Unknown sample sizes, and log scales of organizations that shared correlations."""
        return self.sample.n_extra + (len(self.informed.figures.unknown_sizes) if self.informed else 0)

    @property
    def n_expanded(self) -> int:
        """Length of the expanded draw: shared, mu, tau, own components, extra, moderators."""
        return len(self.shared) + 2 * len(self.population) + self._n_rest

    @cached_property
    def records(self) -> NDArray[np.uint64]:
        """The record array for the compiled density."""
        return self._packed[0]

    @cached_property
    def _packed(self) -> tuple[NDArray[np.uint64], list[NDArray[np.generic]]]:
        plain = (
            self.sample.data(), structure_arrays(self.layout), self.pooling_arrays, self.prior_arrays(), self.steering,
            self._moderation(),
        )  # fmt: skip
        if self.sample.patterns is None and self.informed is None:
            return problem.pack(*plain)
        informed = self.informed or Informed.of_nothing()
        patterns = self.sample.patterns or _no_patterns(len(self.layout.variables))
        slots = {name: q for q, name in enumerate(informed.figures.members)}
        anchors = anchor_arrays(informed.anchors, self.placed, slots, self._places())
        own_signs = {c: sign for c, sign in informed.signs.items() if c in self.own}
        figures = informed.figures.arrays(self.layout, own_signs, only_figures=informed.only_figures)
        return problem.pack(*plain, patterns, figures, anchors)

    @cached_property
    def placed(self) -> tuple[int, ...]:
        """Components whose population centre is placed by figures: nothing else speaks of them."""
        if self.informed is None or not self.informed.only_figures:
            return ()
        anchored = (a.component for a in self.informed.anchors if not a.is_ratio and a.mode == POOLED)
        return tuple(dict.fromkeys(anchored))

    @cached_property
    def shared_free(self) -> dict[int, int]:
        """Free number of each shared component that has one of its own."""
        _, matrix = free_directions(self.layout, self.shared)
        alone = np.count_nonzero(matrix, axis=0) == 1
        return {self.shared[int(np.argmax(matrix[:, k]))]: int(k) for k in np.flatnonzero(alone)}

    def _places(self) -> Places:
        described = component_priors(self.layout, self.priors)
        own = {c: o for o, c in enumerate(self.own)}
        population = {c: k for k, c in enumerate(self.population)}
        shared = {c: i for i, c in enumerate(self.shared)}
        nowhere = -1
        return Places(
            own=lambda c: own.get(c, nowhere),
            population=lambda c: population.get(c, nowhere),
            shared=lambda c: shared.get(c, nowhere),
            free=lambda c: self.shared_free.get(c, nowhere),
            prior=lambda c: _location_and_scale(described[c][0]),
        )

    def _kinds(self, components: Sequence[int], placed: Collection[int]) -> Ints:
        signs = self.informed.signs if self.informed else {}
        return np.array([problem.PLACED if c in placed else signs.get(c, problem.LINEAR) for c in components], np.int64)

    @cached_property
    def pooling_arrays(self) -> problem.Pooling:
        """How free parameters become components."""
        position = {c: k for k, c in enumerate(self.population)}
        described = component_priors(self.layout, self.priors)
        steer = np.array([_location_and_scale(described[c][0]) for c in self.own]).reshape(-1, 2)
        several = [block for block in self.blocks if len(block) > 1]
        sizes = np.array([len(block) for block in several], dtype=np.int64)
        offset, matrix = self.shared_map
        told = self.told or Told.nothing(len(self.population))
        population = np.array([position.get(c, -1) for c in self.own], dtype=np.int64)
        return problem.Pooling(
            own_component=np.array(self.own, dtype=np.int64),
            population=population,
            pooled=(population >= 0).astype(np.float64),
            independent=np.flatnonzero(population < 0),
            fixed_mean=steer[:, 0],
            fixed_sd=steer[:, 1],
            mean_centre=told.centre,
            mean_scale=told.scale,
            told_start=starts([len(one) for one in told.estimates]),
            told_estimate=np.concatenate([np.zeros(0), *told.estimates]),
            told_variance=np.concatenate([np.zeros(0), *told.variances]),
            sd_scale=self.sd_scale,
            log_volume=self._log_volume(),
            block_start=starts(sizes),
            block_offset=starts(sizes**2)[:-1],
            shared_component=np.array(self.shared, dtype=np.int64),
            shared_offset=offset,
            shared_matrix=matrix,
            mean_kind=self._kinds(self.population, self.placed),
            shared_kind=self._kinds(self.shared, self.anchored_shared),
            tie=self.ties.matrix,
            tie_back=np.linalg.pinv(self.ties.matrix),
            tie_target=self.ties.target,
            tie_scale=told.tie_scale(self.ties.matrix, self.sd_scale),
        )

    @cached_property
    def ties(self) -> Ties:
        """Averages that population means keep."""
        return ties_of(self.layout, self.population)

    @cached_property
    def anchored_shared(self) -> tuple[int, ...]:
        """Shared components that figures anchor."""
        return tuple(a.component for a in self.informed.anchors if a.mode != POOLED) if self.informed else ()

    def _signed(self, components: Sequence[int]) -> list[bool]:
        signs = self.informed.signs if self.informed else {}
        return [signs.get(c, 0) > 0 for c in components]

    def _moderation(self) -> problem.Moderation:
        told = self.told or Told.nothing(len(self.population))
        rows = np.concatenate([np.zeros(0, dtype=np.int64), *told.rows])
        return moderation_arrays(self.layout, self.population, self.priors, self.sample.attributes, rows)

    def prior_arrays(self) -> problem.Priors:
        """Families and parameters of all priors, as the compiled density reads them."""
        described = component_priors(self.layout, self.priors)
        # partially pooled components get the density of their population; the family stored for them is not read
        independent = Prior("Normal")
        own = [independent if self.layout.kinds[c] == "partial" else described[c][0] for c in self.own]
        return problem.Priors(
            *_encode([described[c][0] for c in self.shared], positive=False, signed=self._signed(self.shared)),
            *_encode(own, positive=False),
            *_encode([described[c][0] for c in self.population], positive=False, signed=self._signed(self.population)),
            *_encode([sd for c in self.population if (sd := described[c][1]) is not None], positive=True),
        )


def _no_patterns(p: int) -> Patterns:
    ints, floats = np.zeros(0, dtype=np.int64), np.zeros(0)
    seen = np.zeros((0, p), dtype=np.int64)
    return Patterns(
        ints, np.zeros(1, dtype=np.int64), ints, floats, floats, ints, seen, np.zeros((0, p)), np.zeros((0, p * p))
    )
