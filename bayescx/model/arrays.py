"""Layout, moments, priors and steering as the arrays of the compiled density, and the order of its free parameters.

Free parameters x = [z (shared), mean and SD (population), eps (organization by organization)], each centred and
scaled so that the sampler starts with all of them near 1: mu = centre + scale * x, tau = scale * log(1 + e^x).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import PriorError
from bayescx.kernel import problem
from bayescx.kernel.priors import encode
from bayescx.model.averages import free_directions
from bayescx.model.layout import Entry, Layout
from bayescx.priors import Prior, Priors

__all__ = ["Arrays", "Sample", "component_priors", "route_of", "structure_arrays"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FIELDS = {
    "paths": ("path_mean", "path_sd"),
    "loadings": ("loading", ""),
    "residuals": ("residual", "residual_sd"),
    "exogenous": ("exogenous", "exogenous_sd"),
    "covariances": ("correlation", "correlation_sd"),
}
_TRANSFORMED = {
    "residuals": "the log of a residual SD",
    "exogenous": "the log of an SD",
    "covariances": "the Fisher z of a (partial) correlation",
}
_VAGUE_SD = 10.0  # steers independent components whose prior has no SD


@dataclass(frozen=True)
class Sample:
    """Moments on the common scale: ``n_obs`` (J,), ``cov`` (J, p, p) with divisor n - 1."""

    n_obs: Ints
    cov: Floats


def component_priors(layout: Layout, priors: Priors) -> list[tuple[Prior, Prior | None]]:
    """Prior of each component's centre (or value, where organizations share it or are independent) and of its SD.

    Raises
    ------
    PriorError
        If a prior is named for a parameter that the model does not have.
    """
    single = _by_component(layout, priors)
    out: list[tuple[Prior, Prior | None]] = []
    for component, kind in zip(layout.components, layout.kinds, strict=True):
        centre, sd = _FIELDS[component.block]
        prior = single.get(component.name, getattr(priors, centre))
        if prior.positive and component.block in _TRANSFORMED:
            raise PriorError(
                f"the prior of {component.name} is {prior}, but it is the prior of {_TRANSFORMED[component.block]}, "
                "which may be negative: use one on the whole line, such as Normal"
            )
        out.append((prior, getattr(priors, sd) if kind == "partial" else None))
    return out


def _by_component(layout: Layout, priors: Priors) -> dict[str, Prior]:
    """Priors of single parameters by component; a covariance may be named either way round, equal ones by any name."""
    names = {component.name: component.name for component in layout.components}
    known = {"~~".join(reversed(name.split("~~"))): name for name in names if "~~" in name} | names
    for label, rows in layout.model.labels.items():
        own = [known[row.name] for row in rows if row.name in known]
        known |= {row.name: own[0] for row in rows if own} | ({label: own[0]} if own else {})
    unknown = [name for name in priors.overrides if name not in known]
    if unknown:
        raise PriorError(
            f"a prior is given for {', '.join(map(repr, unknown))}, but the free parameters of this model are: "
            f"{', '.join(names)}"
        )
    return {known[name]: prior for name, prior in priors.overrides.items()}


def _encode(priors: Sequence[Prior], *, positive: bool) -> tuple[Ints, Floats]:
    codes, numbers = [], []
    for prior in priors:
        known = encode(prior.name, prior.parameters)
        if known is None or prior.positive != positive:
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
    mean_steering: tuple[Floats, Floats] | None = None
    """Centre and scale (populations,) of population means, once they are known."""

    @classmethod
    def of(cls, layout: Layout, sample: Sample, priors: Priors) -> Arrays:
        """Arrays that steer nothing yet: own components are non-centered."""
        blank = cls(layout, sample, priors, problem.Steering(*(np.zeros((1, 1)),) * 3))
        n_org, n_own = len(sample.n_obs), len(blank.own)
        total = sum(len(block) ** 2 for block in blank.blocks if len(block) > 1)
        zeros = np.zeros((n_org, n_own))
        return replace(blank, steering=problem.Steering(zeros, zeros.copy(), np.zeros((n_org, max(total, 1)))))

    @cached_property
    def blocks(self) -> tuple[tuple[int, ...], ...]:
        """Own components that are moved together: the paths of one equation; anything else alone, and last."""
        equations: dict[tuple[str, str], list[int]] = {}
        for c, (component, kind) in enumerate(zip(self.layout.components, self.layout.kinds, strict=True)):
            if kind != "full":
                name = component.equation if component.block == "paths" else component.name
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

    @property
    def mean_map(self) -> tuple[Floats, Floats]:
        """Centre and scale (populations,) from free parameters to population means."""
        n_pop = len(self.population)
        return (np.zeros(n_pop), np.ones(n_pop)) if self.mean_steering is None else self.mean_steering

    def _log_volume(self) -> Floats:
        scale = np.eye(self.n_shared_free) if self.shared_steering is None else self.shared_steering[1]
        return np.array([np.linalg.slogdet(scale)[1] + np.log(self.mean_map[1]).sum()])

    @cached_property
    def sd_scale(self) -> Floats:
        """A typical size of each population SD under its prior, shape (populations,)."""
        described = component_priors(self.layout, self.priors)
        return np.array([_typical_size(sd) for c in self.population if (sd := described[c][1]) is not None])

    @property
    def n_shared_free(self) -> int:
        """Z, the number of free parameters behind the shared components."""
        return int(self.shared_map[1].shape[1])

    @property
    def n_dim(self) -> int:
        """D, the number of free parameters."""
        return self.n_shared_free + 2 * len(self.population) + len(self.sample.n_obs) * len(self.own)

    @property
    def n_expanded(self) -> int:
        """Length of the expanded draw: shared, mu, tau, own components."""
        return len(self.shared) + 2 * len(self.population) + len(self.sample.n_obs) * len(self.own)

    @cached_property
    def records(self) -> NDArray[np.uint64]:
        """The record array for the compiled density."""
        return self._packed[0]

    @cached_property
    def _packed(self) -> tuple[NDArray[np.uint64], list[NDArray[np.generic]]]:
        data = problem.Data((self.sample.n_obs - 1) / 2.0, self.sample.cov)
        return problem.pack(data, structure_arrays(self.layout), self.pooling_arrays, self._priors(), self.steering)

    @cached_property
    def pooling_arrays(self) -> problem.Pooling:
        """How free parameters become components."""
        position = {c: k for k, c in enumerate(self.population)}
        described = component_priors(self.layout, self.priors)
        steer = np.array([_location_and_scale(described[c][0]) for c in self.own]).reshape(-1, 2)
        several = [block for block in self.blocks if len(block) > 1]
        sizes = np.array([len(block) for block in several], dtype=np.int64)
        offset, matrix = self.shared_map
        population = np.array([position.get(c, -1) for c in self.own], dtype=np.int64)
        return problem.Pooling(
            own_component=np.array(self.own, dtype=np.int64),
            population=population,
            pooled=(population >= 0).astype(np.float64),
            independent=np.flatnonzero(population < 0),
            fixed_mean=steer[:, 0],
            fixed_sd=steer[:, 1],
            mean_centre=self.mean_map[0],
            mean_scale=self.mean_map[1],
            sd_scale=self.sd_scale,
            log_volume=self._log_volume(),
            block_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            block_offset=np.concatenate([[0], np.cumsum(sizes**2)])[:-1].astype(np.int64),
            shared_component=np.array(self.shared, dtype=np.int64),
            shared_offset=offset,
            shared_matrix=matrix,
        )

    def _priors(self) -> problem.Priors:
        described = component_priors(self.layout, self.priors)
        # partially pooled components get the density of their population; the family stored for them is not read
        independent = Prior("Normal")
        own = [independent if self.layout.kinds[c] == "partial" else described[c][0] for c in self.own]
        return problem.Priors(
            *_encode([described[c][0] for c in self.shared], positive=False),
            *_encode(own, positive=False),
            *_encode([described[c][0] for c in self.population], positive=False),
            *_encode([sd for c in self.population if (sd := described[c][1]) is not None], positive=True),
        )


def _by_row(entries: Sequence[Entry], n_rows: int) -> tuple[Ints, Ints, Ints, Floats]:
    ordered = sorted(entries, key=lambda e: e.row)
    counts = np.bincount([e.row for e in ordered], minlength=n_rows) if ordered else np.zeros(n_rows, dtype=np.int64)
    return (
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        np.array([e.column for e in ordered], dtype=np.int64),
        np.array([e.component for e in ordered], dtype=np.int64),
        np.array([e.value for e in ordered], dtype=np.float64),
    )


def route_of(layout: Layout) -> int:
    """The cheapest exact form of the likelihood that the model allows."""
    exogenous = set(layout.exogenous)
    residual_cells = [i for i, _ in np.argwhere(layout.psi_cells >= 0) if i not in exogenous]
    zero = any(e.component < 0 and e.value == 0 for e in layout.psi)
    if residual_cells or zero or np.any(layout.theta_cells >= 0):
        return problem.GENERAL
    latent = set(layout.model.latents)
    if not latent:
        return problem.OBSERVED
    exact = any(e.component < 0 and e.value == 0 for e in layout.theta)
    return problem.GENERAL if exact or latent != set(layout.constructs) else problem.LATENT


def structure_arrays(layout: Layout) -> problem.Structure:
    """The layout's entries as index arrays."""
    m, p = len(layout.constructs), len(layout.variables)
    block = np.array(layout.exogenous if len(layout.exogenous) > 1 else (), dtype=np.int64)
    single = np.array([i for i in range(m) if i not in block], dtype=np.int64)
    column_of = {name: i for i, name in enumerate(layout.variables)}
    return problem.Structure(
        np.array([route_of(layout), len(layout.components)], dtype=np.int64),
        *_by_row(layout.paths, m),
        *_by_row(layout.loadings, p),
        np.array([e.component for e in layout.psi], dtype=np.int64),
        np.array([e.value for e in layout.psi], dtype=np.float64),
        np.array([e.component for e in layout.theta], dtype=np.int64),
        np.array([e.value for e in layout.theta], dtype=np.float64),
        block,
        single,
        layout.psi_cells[np.ix_(block, block)],
        layout.psi_cells,
        layout.theta_cells,
        np.array([column_of.get(name, -1) for name in layout.constructs], dtype=np.int64),
    )
