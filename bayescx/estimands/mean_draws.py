"""Draws of latent means and intercepts from a fit, and what is needed to judge them; see ``latent_means``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError, PriorError
from bayescx.estimands.given import observed_covariances
from bayescx.estimands.mean_evidence import SharedMeans, shared_means
from bayescx.estimands.mean_plan import Plan, plan_of
from bayescx.estimands.mean_spread import LEAST_SPREAD, drawn_together
from bayescx.estimands.mean_structure import Drawn, added_variance, sample_blocks
from bayescx.estimands.memory import remembered
from bayescx.estimands.population import evaluate
from bayescx.estimands.quantity import whole_number
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit
from bayescx.priors import Prior

__all__ = ["INTERCEPT_SD", "MeanDraws", "mean_draws"]

Floats = NDArray[np.float64]

INTERCEPT_SD = Prior("HalfNormal", sigma=0.1)
SWEEPS = 12
_STREAM, _TOGETHER = 6, 7  # random streams, apart from the seed's own
_AT_ONCE = 8_000_000  # numbers in one array of loadings of a batch of draws: bounds the memory
_JITTER = 1e-12


@dataclass(frozen=True)
class MeanDraws:
    """What follows from S draws for the J organizations that shared means; all on the common scale.

    Attributes
    ----------
    plan : Plan
        What is compared: m constructs, q items.
    chain, draw : tuple of int
        The chains, and the draws of each, that were used: S together.
    mean : array (S, J, m)
        Sum 0 over organizations; nan for those that lack the construct.
    sd : array (S, m)
        Pooled SD within these organizations, as the model implies it.
    added : array (S, m)
        Variance that deviations of intercepts add to a mean, average of the organizations; nan without items.
    deviation : array (S, J, q)
    tau : array (S, q)
    seed : int
        Of what is drawn from these draws.
    """

    plan: Plan
    chain: tuple[int, ...]
    draw: tuple[int, ...]
    mean: Floats
    sd: Floats
    added: Floats
    deviation: Floats
    tau: Floats
    seed: int

    @property
    def constructs(self) -> list[str]:
        """Names of the constructs compared."""
        return [self.plan.layout.constructs[c] for c in self.plan.constructs]

    @property
    def items(self) -> list[str]:
        """Names of their items."""
        return [self.plan.layout.variables[k] for k in self.plan.items]

    @property
    def organizations(self) -> list[str]:
        """Names of the organizations compared."""
        return list(self.plan.shared.organizations)

    @cached_property
    def together(self) -> Floats:
        """Means drawn together as far as organizations are alike, (S, J, m); see ``mean_spread``."""
        out = np.full_like(self.mean, np.nan)
        for i, takes_part in enumerate(self.plan.takes_part.T):
            rng = np.random.default_rng([self.seed, _TOGETHER, i])
            sd = self.sd[:, i, None]
            out[:, takes_part, i] = sd * drawn_together(self.mean[:, takes_part, i] / sd, rng)
        return out

    @cached_property
    def spread(self) -> Floats:
        """SD of the means of these organizations, drawn together, in SDs of the construct, (S, m)."""
        return np.asarray(np.nanstd(self.together, axis=1, ddof=1) / self.sd)

    @cached_property
    def differ(self) -> Floats:
        """Probability that this SD is above a tenth of the construct's, (m,)."""
        return np.asarray((self.spread > LEAST_SPREAD).mean(axis=0))

    @cached_property
    def added_sd(self) -> Floats:
        """SD that deviations of intercepts add to a mean, in SDs of the construct, (m,); nan without items."""
        return np.asarray(np.sqrt(self.added.mean(axis=0)) / self.sd.mean(axis=0))

    @cached_property
    def intercept_noise(self) -> Floats:
        """``added_sd`` relative to the SD of the means between organizations, (m,)."""
        return np.asarray(self.added_sd / self.spread.mean(axis=0))

    def by_chain(self, values: Floats) -> Floats:
        """Draws (S, ...) as (chain, draw, ...)."""
        return values.reshape(len(self.chain), len(self.draw), *values.shape[1:])


def mean_draws(fit: Fit, draws: int, intercept_sd: Prior, random_seed: int | None, sweeps: int = SWEEPS) -> MeanDraws:
    """Sample means and intercepts for about so many draws of the posterior; the answer is kept with the fit.

    Raises
    ------
    FitError
        If fewer than two organizations shared means of the same construct, or a setting is none.
    PriorError
        If ``intercept_sd`` is no prior of an SD.
    """
    wanted = whole_number("draws", draws, 2)
    seed = fit.seed if random_seed is None else whole_number("random_seed", random_seed, 0)
    _check_prior(intercept_sd)
    if fit.pooling["loadings"] == "none" and fit.model.latents:
        raise FitError(
            "with free loadings each organization's factors have units of their own, so means cannot be compared; fit "
            'with pooling={"loadings": "partial"}'
        )
    shared = shared_means(fit)
    if len(shared.organizations) < 2:
        raise FitError(_too_few(shared))
    layout = layout_of(fit)
    given = observed_covariances(fit, layout)
    plan = plan_of(layout, shared, None if given is None else given[shared.positions])
    posterior = fit.posterior
    step = max(1, posterior.sizes[CHAIN] * posterior.sizes[DRAW] // wanted)
    keep = slice(0, None, step)

    def compute() -> Floats:
        u = evaluate(fit, "organization", lambda system: system.u[keep][:, shared.positions])
        return _sampled(plan, u.reshape(-1, *u.shape[2:]), intercept_sd, sweeps, seed)

    packed = remembered(fit, ("latent means", step, intercept_sd, seed, sweeps), compute)
    chains, kept = posterior[CHAIN].values.tolist(), posterior[DRAW].values[keep].tolist()
    return MeanDraws(plan, tuple(chains), tuple(kept), **_unpacked(plan, packed), seed=seed)


def _check_prior(prior: object) -> None:
    if not isinstance(prior, Prior):
        raise PriorError(f'intercept_sd must be a Prior, e.g. Prior("HalfNormal", sigma=0.1); found {prior!r}')
    if not prior.positive:
        raise PriorError(
            "intercept_sd is the prior of a standard deviation: it needs a positive distribution such as HalfNormal; "
            f"found {prior}"
        )


def _too_few(shared: SharedMeans) -> str:
    count = f"one did: {shared.organizations[0]}" if shared.organizations else "none did"
    names = "".join(f". {name}: {why}" for name, why in shared.left_out.items())
    return (
        f"to compare means, two organizations must have shared means; {count}. Share rows, or moments with means: "
        f"SampleMoments(n_obs, mean, cov){names}"
    )


def _shapes(plan: Plan) -> dict[str, tuple[int, ...]]:
    j, m, q = *plan.takes_part.shape, len(plan.items)
    return {"mean": (j, m), "sd": (m,), "added": (m,), "deviation": (j, q), "tau": (q,)}


def _unpacked(plan: Plan, packed: Floats) -> dict[str, Floats]:
    out, start = {}, 0
    for name, shape in _shapes(plan).items():
        size = int(np.prod(shape))
        out[name] = packed[:, start : start + size].reshape(len(packed), *shape)
        start += size
    return out


def _sampled(plan: Plan, u: Floats, prior: Prior, sweeps: int, seed: int) -> Floats:
    """All draws as one array (S, ...), a batch at a time."""
    rng = np.random.default_rng([seed, _STREAM])
    each = u.shape[1] * len(plan.layout.variables) * len(plan.layout.constructs)
    size = max(1, _AT_ONCE // each)
    return np.concatenate([_batch(plan, u[i : i + size], prior, sweeps, rng) for i in range(0, len(u), size)])


def _batch(plan: Plan, u: Floats, prior: Prior, sweeps: int, rng: np.random.Generator) -> Floats:
    system = System(plan.layout, u, plan.given)
    out = {name: np.full((len(u), *shape), np.nan) for name, shape in _shapes(plan).items()}
    out["sd"][:] = _pooled_sd(plan, system)
    covariance = system.covariance[..., plan.constructs, :][..., plan.constructs] * plan.sampling
    factor = np.zeros_like(out["mean"])
    if plan.factors:
        _add_factors(plan, u, covariance, prior, sweeps, rng, out, factor)
    error = _errors(plan, covariance, factor[..., plan.factors].sum(axis=1), rng)
    out["mean"][:] = np.where(plan.takes_part, factor - error, np.nan)
    for group, members in plan.groups:
        if group.is_direct:
            block = plan.block(group, members, u)
            cells = np.ix_(range(len(u)), members, plan.columns(group))
            noise = np.sqrt(block.own) * rng.standard_normal(block.own.shape)
            raw = (block.mean - block.mean.mean(axis=0) - noise) / block.loadings[..., 0] - error[cells]
            slope = 1.0 / block.loadings[..., 0]
            out["mean"][cells] = raw - slope * (raw.sum(axis=1) / slope.sum(axis=1))[:, None]
    return np.concatenate([values.reshape(len(u), -1) for values in out.values()], axis=1)


def _add_factors(
    plan: Plan,
    u: Floats,
    covariance: Floats,
    prior: Prior,
    sweeps: int,
    rng: np.random.Generator,
    out: dict[str, Floats],
    factor: Floats,
) -> None:
    """Sample the groups with items: means over those who answered into ``factor``, what is final into ``out``."""
    measured = [(group, members) for group, members in plan.groups if not group.is_direct]
    count = plan.takes_part[:, plan.factors].sum(axis=0)
    shift_cov = covariance[..., plan.factors, :][..., plan.factors].sum(axis=1) / np.outer(count, count)
    blocks = [plan.block(group, members, u) for group, members in measured]
    found: list[Drawn] = sample_blocks(blocks, shift_cov, prior, sweeps, rng)
    draws = range(len(u))
    for (group, members), block, one in zip(measured, blocks, found, strict=True):
        columns, rows = plan.columns(group), [plan.items.index(k) for k in group.variables]
        factor[np.ix_(draws, members, columns)] = one.factor
        out["deviation"][np.ix_(draws, members, rows)] = one.deviation
        out["tau"][:, rows] = one.sd
        out["added"][:, columns] = added_variance(block, one.sd).mean(axis=1)


def _pooled_sd(plan: Plan, system: System) -> Floats:
    """SD of each construct within the organizations compared, weighted by their respondents less 1, (S, m)."""
    weights = plan.takes_part * (np.array([n.sum() for _, n in plan.shared.answers]) - 1.0)[:, None]
    variance = system.variance[..., plan.constructs]
    return np.asarray(np.sqrt((variance * weights).sum(axis=1) / weights.sum(axis=0)))


def _errors(plan: Plan, covariance: Floats, total: Floats, rng: np.random.Generator) -> Floats:
    """Sampling errors of the constructs' means (S, J, m), those of factors with sum ``total`` (S, M)."""
    m = covariance.shape[-1]
    size = np.diagonal(covariance, axis1=-2, axis2=-1)[..., None] * np.eye(m)
    nothing = np.where(plan.takes_part, 0.0, 1.0)[..., None] * np.eye(m)
    root = np.linalg.cholesky(covariance + _JITTER * size + nothing)
    error = (root @ rng.standard_normal((*root.shape[:-1], 1)))[..., 0] * plan.takes_part
    if not plan.factors:
        return np.asarray(error)
    along = covariance[..., plan.factors]
    among = along[..., plan.factors, :].sum(axis=1)
    off = np.linalg.solve(among, (total - error[..., plan.factors].sum(axis=1))[..., None])
    return np.asarray(error + (along @ off[:, None])[..., 0])
