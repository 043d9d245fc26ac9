"""Where sampling starts and what steers it: each organization's own penalized maximum and its curvature.

Organizations are first fitted apart (components they share are estimated together), penalized by the priors of
the population centres, because small organizations have no usable maximum. The curvature gives each block a normal
approximation of its likelihood. Both only steer: an inexact maximum makes sampling slower, never wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bayescx.kernel import problem
from bayescx.kernel.posterior import expand, log_density
from bayescx.model.arrays import Arrays, Told
from bayescx.model.moderation import without_moderators
from bayescx.model.newton import Peak, climb, raised
from bayescx.model.threads import one_thread
from bayescx.priors import Prior, Priors

__all__ = ["Start", "find_start"]

Floats = NDArray[np.float64]
_TAU_SPREAD = 0.3  # of the free form of population SDs, over chains
_SIGNED_CENTRE = -0.7  # log(1 + e^-0.7) = 0.4: a path of declared sign starts there
_LEAST_PRECISION = 1e-3  # of an organization's own parameters, where the curvature is none
_MOST_STARTS = 20
_FIRM = 1e4  # times what their data say: precision with which loadings are taken to keep their sum
_NO_INFORMATION = 1e-3  # a precision below this, per squared prior unit, is none


@dataclass(frozen=True)
class Start:
    """Steered arrays and an overdispersed starting point.

    Attributes
    ----------
    arrays : Arrays
        With steering filled in.
    centre, spread : array (D,)
        Free parameters at the approximation's centre, and how far chains are spread around it.
    estimate, variance : array (J, C)
        Each organization's own estimates (no prior), and their sampling variances; nan and infinity where its data
        say nothing, and for components that organizations share.
    alone, alone_cov : array (J, C), (J, C, C)
        Each organization fitted by itself, whatever the pooling: maximum of its likelihood times the priors of the
        population centres, and inverse curvature there. Correlations are taken as covariances on the common scale.
        Loadings, which organizations always share, have their joint value, without variance.
    """

    arrays: Arrays
    centre: Floats
    spread: Floats
    estimate: Floats
    variance: Floats
    alone: Floats
    alone_cov: Floats

    def draw(self, seed: int | None) -> Floats:
        """One chain's starting point, shape (D,); nearer to the centre where the density is zero further out."""
        rng = np.random.default_rng(seed)
        x = self.centre
        for shrunk in np.linspace(1.0, 0.0, _MOST_STARTS):
            x = np.asarray(self.centre + shrunk * self.spread * rng.standard_normal(self.centre.size))
            if np.isfinite(log_density(x, self.arrays.records)[0]):
                break
        return x


@dataclass(frozen=True)
class _Apart:
    """Organizations fitted apart: the peak, and their own components there with their covariance."""

    arrays: Arrays
    peak: Peak
    shared: Floats
    own: Floats
    covariance: Floats

    @classmethod
    def of(cls, arrays: Arrays, words: dict[str, str], near: Floats | None = None) -> _Apart:
        """Fit with independent components, but for blocks that ``words`` calls "full"; ``near`` (J, C) is close by."""
        apart = Arrays.of(replace(arrays.layout, pooling=words), arrays.sample, _on_the_whole_line(arrays.priors))
        n_org, n_own = len(arrays.sample.n_obs), len(apart.own)
        start = None if near is None else apart.free_of(near)
        peak = climb(apart.records, n_org, n_own, apart.n_shared_free, start)
        expanded = expand(peak.x, apart.n_expanded, apart.records)
        sd = apart.pooling_arrays.fixed_sd
        curvature = peak.curvature.own / np.multiply.outer(sd, sd)
        covariance = np.linalg.inv(raised(curvature, _LEAST_PRECISION))
        n_shared = len(apart.shared)
        own = expanded[n_shared : n_shared + n_org * n_own].reshape(n_org, n_own)
        return cls(apart, peak, expanded[:n_shared], own, covariance)

    def by_component(self) -> tuple[Floats, Floats]:
        """Values (J, C) and covariances (J, C, C) of all components."""
        n_org, n_component = len(self.own), len(self.arrays.layout.components)
        values, spread = np.empty((n_org, n_component)), np.zeros((n_org, n_component, n_component))
        values[:, list(self.arrays.shared)] = self.shared
        values[:, list(self.arrays.own)] = self.own
        spread[np.ix_(range(n_org), self.arrays.own, self.arrays.own)] = self.covariance
        return values, spread


def find_start(arrays: Arrays) -> Start:
    """Fit every organization by itself and steer ``arrays`` by the result."""
    with one_thread():
        return _found(arrays)


def _found(arrays: Arrays) -> Start:
    pooling = arrays.layout.pooling
    fitted = _Apart.of(arrays, {block: "none" if word == "partial" else word for block, word in pooling.items()})
    wholly_apart = dict.fromkeys(pooling, "none") | {"loadings": "full"}
    scaled = arrays.sample.with_fixed_scales()
    same = scaled is arrays.sample and fitted.arrays.layout.pooling == wholly_apart
    values, _ = fitted.by_component()
    alone = fitted if same else _Apart.of(replace(arrays, sample=scaled), wholly_apart, values)
    n_org, n_own, n_z = len(arrays.sample.n_obs), len(arrays.own), fitted.arrays.n_shared_free
    own, peak, prior = fitted.own, fitted.peak, fitted.arrays.pooling_arrays
    steering = _steering(arrays, own, fitted.covariance, prior.fixed_mean, 1.0 / prior.fixed_sd**2)
    estimate, variance = _own_estimates(arrays, steering)
    around = np.linalg.cholesky(np.linalg.inv(raised(peak.curvature.schur(), 1.0)))
    tau = _population_sd(arrays, own, variance)
    steered = replace(
        arrays,
        steering=steering,
        shared_steering=_apart_from_signs(arrays, peak.x[:n_z], around),
        told=_told(arrays, estimate, variance),
    )
    n_pop, rest = tau.size, n_org * n_own + arrays.n_extra + len(arrays.moderators)
    centre = [np.zeros(n_z + n_pop), np.log(np.expm1(tau / arrays.sd_scale)), np.zeros(rest)]
    spread = [np.ones(n_z + n_pop), np.full(n_pop, _TAU_SPREAD), np.ones(rest)]
    return Start(
        steered, np.concatenate(centre), np.concatenate(spread), estimate, variance,
        *alone.by_component(),
    )  # fmt: skip


def _population_sd(arrays: Arrays, own: Floats, variance: Floats) -> Floats:
    """SD of each population by moments: the spread of own estimates less their sampling noise."""
    noise = variance[:, list(arrays.population)]
    tells = np.isfinite(noise)
    centres = np.where(tells, own[:, [arrays.own.index(c) for c in arrays.population]], np.nan)
    centres = without_moderators(arrays.layout, arrays.population, centres, arrays.sample.attributes)
    count = np.maximum(tells.sum(axis=0), 1)
    middle = np.where(tells, centres, 0.0).sum(axis=0) / count
    squares = np.where(tells, (centres - middle) ** 2, 0.0).sum(axis=0)
    observed = np.where(count > 1, squares / np.maximum(count - 1, 1), 0.01)
    noise = np.where(tells, noise, 0.0).sum(axis=0) / count
    return np.asarray(np.sqrt(np.clip(observed - noise, 0.03**2, 1.0)))


def _told(arrays: Arrays, estimate: Floats, variance: Floats) -> Told:
    """What is known of population means before sampling."""
    kinds = arrays.pooling_arrays.mean_kind
    linear = kinds == problem.LINEAR
    prior = arrays.population_prior
    tells = [np.isfinite(variance[:, c]) & one for c, one in zip(arrays.population, linear, strict=True)]
    return Told(
        np.where(linear, prior[:, 0], _SIGNED_CENTRE),
        np.where(linear, prior[:, 1], 1.0),
        tuple(estimate[here, c] for here, c in zip(tells, arrays.population, strict=True)),
        tuple(variance[here, c] for here, c in zip(tells, arrays.population, strict=True)),
        tuple(np.flatnonzero(here) for here in tells),
    )


def _apart_from_signs(arrays: Arrays, centre: Floats, scale: Floats) -> tuple[Floats, Floats]:
    """Steering of shared components in which anchored ones and those of declared sign stand alone."""
    centre, scale = centre.copy(), scale.copy()
    for c, kind in zip(arrays.shared, arrays.pooling_arrays.shared_kind, strict=True):
        if kind != problem.LINEAR:
            k = arrays.shared_free[c]
            scale[k, :] = 0.0
            scale[:, k] = 0.0
            scale[k, k] = 1.0
            centre[k] = 0.0 if kind == problem.PLACED else _SIGNED_CENTRE
    return centre, scale


def _on_the_whole_line(priors: Priors) -> Priors:
    """The same priors, with a normal one for each that the kernel cannot take: good enough to steer by."""
    wide = Prior("Normal", mu=0.0, sigma=1.0)
    centres = ("path_mean", "loading", "residual", "exogenous", "correlation")
    fields = {name: wide for name in centres if getattr(priors, name).positive}
    single = {name: wide for name, prior in priors.overrides.items() if prior.positive}
    return priors.replace(single, **fields)


def _steering(arrays: Arrays, own: Floats, covariance: Floats, mean: Floats, penalty: Floats) -> problem.Steering:
    n_org, n_own = own.shape
    information, scalar = np.zeros((n_org, n_own)), np.zeros((n_org, n_own))
    blocks, no_data = [], arrays.sample.n_obs == 0
    for here in _slices(arrays):
        # the block's own precision once the rest of the organization is averaged over, less what the penalty added
        total = np.linalg.inv(covariance[:, here, here])
        precision = raised(total - np.diag(penalty[here]), floor=0.0)
        precision[no_data] = 0.0  # what is left there is the curvature of a prior that is not normal
        moved = own[:, here] - mean[here]
        information[:, here] = np.einsum("jab,jb->ja", precision, own[:, here]) + penalty[here] * moved
        information[no_data, here] = 0.0
        scalar[:, here] = np.diagonal(precision, axis1=1, axis2=2)
        if precision.shape[1] > 1:
            blocks.append(precision.reshape(n_org, -1))
    packed = np.concatenate(blocks, axis=1) if blocks else np.zeros((n_org, 1))
    return problem.Steering(information, scalar, packed)


def _slices(arrays: Arrays) -> list[slice]:
    ends = np.cumsum([len(block) for block in arrays.blocks])
    return [slice(int(end) - len(block), int(end)) for block, end in zip(arrays.blocks, ends, strict=True)]


def _tie_within(arrays: Arrays, block: tuple[int, ...]) -> tuple[Floats, Floats]:
    """The sum that the loadings of a block keep among themselves, (0 or 1, block), and what it is.

    An organization's data do not tell it: whatever the factor's unit, they fit as well.
    """
    matrix, target = arrays.ties
    members = [arrays.population.index(c) for c in block if c in arrays.population]
    touches = np.any(matrix[:, members] != 0.0, axis=1)
    elsewhere = np.delete(matrix, members, axis=1)
    if touches.sum() != 1 or len(members) < len(block) or np.any(elsewhere[touches] != 0.0):
        return np.zeros((0, len(block))), np.zeros(0)
    return matrix[touches][:, members], target[touches]


def _own_estimates(arrays: Arrays, steering: problem.Steering) -> tuple[Floats, Floats]:
    """Estimates and sampling variances that the steering stands for, by component, each (J, C)."""
    n_org, n_component = len(arrays.sample.n_obs), len(arrays.layout.components)
    estimate, variance = np.full((n_org, n_component), np.nan), np.full((n_org, n_component), np.inf)
    offset = 0
    for here, block in zip(_slices(arrays), arrays.blocks, strict=True):
        size = len(block)
        tie, total, firm = np.zeros((0, size)), np.zeros(0), 0.0
        if size > 1:
            precision = steering.block[:, offset : offset + size**2].reshape(n_org, size, size)
            offset += size**2
            tie, total = _tie_within(arrays, block)
            firm = _FIRM * (1.0 + np.abs(precision).max())
            precision = precision + firm * tie.T @ tie
        else:
            precision = steering.scalar[:, here, None]
        for j in range(n_org):
            if np.linalg.eigvalsh(precision[j])[0] > _NO_INFORMATION:
                inverse = np.linalg.inv(precision[j])
                told = steering.information[j, here] + firm * tie.T @ total
                estimate[j, block] = inverse @ told
                variance[j, block] = np.diagonal(inverse)
    return estimate, variance
