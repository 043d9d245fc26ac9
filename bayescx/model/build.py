"""The posterior as an open PyMC model: to read, to extend, to sample in other ways, to check the kernel by.

It shares no code with ``bayescx.kernel``. Parameters come in blocks (paths, loadings, log SDs, partial
correlations), each a variable over organizations and the block's own dimension, pooled in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from numpy.typing import NDArray
from scipy.stats import wishart

from bayescx._names import BLOCK_VARIABLES, MODERATION, MODERATOR, ORGANIZATION
from bayescx.errors import ModelError, PriorError
from bayescx.model.arrays import Arrays
from bayescx.model.averages import free_directions
from bayescx.model.component_priors import component_priors, moderator_priors
from bayescx.model.layout import BLOCKS, Layout
from bayescx.model.nuts import SamplerSettings, run_nutpie
from bayescx.model.prepare import Prepared, prepare
from bayescx.model.start import find_start
from bayescx.model.symbolic import implied_covariance
from bayescx.model.symbolic_figures import add_figures
from bayescx.model.symbolic_patterns import answers_of, observe_answers
from bayescx.priors import Prior, Priors
from bayescx.spec import PathModel

if TYPE_CHECKING:
    from bayescx.evidence import Evidence, Matched

__all__ = ["build_model", "open_model", "sample_open"]

Floats = NDArray[np.float64]
Tensor = Any
Form = Literal["centered", "conditional"]


def build_model(
    model: PathModel,
    evidence: Evidence | Matched,
    priors: Priors | None = None,
    *,
    pooling: str | Mapping[str, str] = "partial",
    scale: bool = True,
    identification: Literal["mean", "marker"] = "mean",
    form: Form = "centered",
) -> pm.Model:
    """Return the posterior that ``fit`` samples as a PyMC model.

    Parameters
    ----------
    model, evidence, priors, pooling, scale, identification
        As in ``fit``. Every family of ``Prior`` is allowed, positive ones too.
    form : {"centered", "conditional"}
        How organizations' own values are written. Centered, as in textbooks: ``beta ~ Normal(beta_mu,
        beta_tau)``. Conditional, the same posterior in coordinates that sample well: around what the
        population and the organization's own data say together.

    Returns
    -------
    pymc.Model
        Variables ``beta`` (organization, path), ``beta_mu`` and ``beta_tau`` (path); ``loading`` (indicator);
        and, pooled in the same way as ``beta``, ``log_residual_sd`` (residual), ``log_exogenous_sd``
        (exogenous) and ``partial_correlation_z`` (covariance), all on the common scale; ``moderation`` (moderator),
        what attributes of organizations do to paths. ``loading`` of an item
        that the model declares reversed is minus its loading. Parameters that a
        label makes equal are one variable, under the first one's name. The covariance matrices are the
        observed variable ``moments``: log-likelihoods come by organization, predictions as covariance
        matrices. Organizations with missing answers or correlations only are in another one, ``answers``:
        means and sums of squares of respondents who answered the same variables, one pattern after the
        other, predicted about means of 0. Who shared only correlations has free SDs, ``log_scale``
        (organization_scale, variable), flat. Published figures are potentials: ``published_values`` (of all
        values together), ``published_directions`` (orderings and bounds), ``declared_signs`` and, where only
        figures speak, ``common_scale``; ``published_contrast`` (figure) is how far each one is from what
        parameters imply, ``published_n_obs`` (published_sample) are sizes that were published as a range.
        Where a path's sign is declared, the prior of its centre, or of the value that all share, is
        truncated. Loadings that average 1, ``log_scale``, and everything in conditional form have flat
        coordinates and their density, if any, in a potential. A model with potentials has no prior
        predictive draws.

    Raises
    ------
    ModelError, EvidenceError, PriorError
        Everything that is wrong with the input.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.evidence import Evidence, SampleMoments
    >>> from bayescx.spec import parse_model
    >>> cov = pd.DataFrame([[1.0, 0.5], [0.5, 1.0]], index=["x", "y"], columns=["x", "y"])
    >>> moments = SampleMoments(80, None, cov)
    >>> evidence = Evidence.from_moments({"north": moments, "south": moments})
    >>> [str(variable) for variable in build_model(parse_model("y ~ x"), evidence).free_RVs[:3]]
    ['beta_mu', 'beta_tau', 'beta']
    """
    prepared = prepare(model, evidence, priors, pooling=pooling, scale=scale, identification=identification)
    return open_model(prepared, form)


def open_model(prepared: Prepared, form: Form) -> pm.Model:
    """The posterior of what has been laid out and checked."""
    if form not in ("centered", "conditional"):
        raise ModelError("form", [f"it is 'centered' or 'conditional', found {form!r}"])
    layout, sample, informed = prepared.layout, prepared.sample, prepared.informed
    own = _Own.find(prepared) if form == "conditional" else None
    signs = informed.signs if informed is not None else {}
    described = [
        _Described(centre, sd, signs.get(c, 0))
        for c, (centre, sd) in enumerate(component_priors(layout, prepared.priors))
    ]
    n_org = len(sample.n_obs)
    with pm.Model(coords=_coords(prepared)) as model:
        moved = _moderated(layout, prepared.priors, sample.attributes)
        u = pt.zeros((n_org, len(layout.components)))
        for block in BLOCKS:
            if members := layout.of_block(block):
                u = u[:, members].set(_block(layout, block, [described[c] for c in members], own, moved))
        sigma = implied_covariance(layout, u, n_org)
        _observe_moments(prepared, sigma)
        answers = answers_of(prepared.evidence, np.array([layout.scale[name] for name in layout.variables]))
        if len(answers.organization):
            observe_answers(answers, prepared.evidence, sigma)
        if informed is not None:
            add_figures(layout, informed, u)
    return model


def _coords(prepared: Prepared) -> dict[str, list[str]]:
    layout = prepared.layout
    variables = list(layout.variables)
    coords = {
        ORGANIZATION: list(prepared.evidence.organizations),
        "variable": variables,
        "variable_other": variables,
    }
    for block, (_, dim) in BLOCK_VARIABLES.items():
        names = [layout.components[c].name for c in layout.of_block(block)]
        coords |= {dim: names} if names else {}
    if layout.moderators:
        coords |= {MODERATOR: [one.name for one in layout.moderators], "attribute": list(layout.model.attributes)}
    return coords


def _observe_moments(prepared: Prepared, sigma: Tensor) -> None:
    """Add the covariance matrices of organizations with complete answers; ``sigma`` (J, p, p) is every one's."""
    evidence, sample = prepared.evidence, prepared.sample
    complete = np.flatnonzero(sample.is_complete)
    if not complete.size:
        return
    dim = ORGANIZATION
    if len(complete) < len(evidence.organizations):
        dim = "organization_moments"
        pm.modelcontext(None).add_coord(dim, [evidence.organizations[j] for j in complete])
        sigma = sigma[complete]
    dims = (dim, "variable", "variable_other")
    pm.CustomDist(
        "moments",
        pm.Data("n_obs", sample.n_obs[complete].astype(float), dims=dim),
        sigma,
        logp=_moments_log_density,
        random=_random_moments,
        signature="(),(p,p)->(p,p)",
        observed=pm.Data("cov", sample.cov[complete], dims=dims),
        dims=dims,
    )


def _moments_log_density(cov: Tensor, n_obs: Tensor, sigma: Tensor) -> Tensor:
    """-(n - 1)/2 [log|Sigma| + tr(S Sigma^-1)]: means are integrated out, constants left out."""
    _, log_determinant = pt.linalg.slogdet(sigma)
    trace = (cov * pt.linalg.inv(sigma)).sum(axis=(-2, -1))  # both are symmetric
    log_p = -(n_obs - 1) / 2 * (log_determinant + trace)
    return pt.switch(pt.isnan(log_p), -np.inf, log_p)  # nan: partial correlations that no matrix has


def _random_moments(
    n_obs: Floats, sigma: Floats, rng: np.random.Generator, size: tuple[int, ...] | None = None
) -> Floats:
    """Covariance matrices (divisor n - 1) of new samples: Wishart with n - 1 degrees of freedom."""
    shape = np.shape(n_obs) if size is None else tuple(size)
    n_obs, sigma = np.broadcast_to(n_obs, shape), np.broadcast_to(sigma, (*shape, *sigma.shape[-2:]))
    out = np.empty(sigma.shape)
    for at in np.ndindex(*shape):
        out[at] = wishart.rvs(n_obs[at] - 1, sigma[at], random_state=rng) / (n_obs[at] - 1)
    return out


class _Described(NamedTuple):
    """Priors of a component's centre (or value) and SD, and the declared sign of the centre (0: none)."""

    centre: Prior
    sd: Prior | None
    sign: int


def _moderated(layout: Layout, priors: Priors, attributes: Floats | None) -> Tensor | None:
    """What attributes of organizations add to the centres of all components, (J, C)."""
    if not layout.moderators:
        return None
    moderation = _variable(MODERATION, moderator_priors(layout, priors), (MODERATOR,))
    z = pm.Data("attributes", attributes, dims=(ORGANIZATION, "attribute"))
    place = np.zeros((len(layout.moderators), len(layout.components)))
    for g, one in enumerate(layout.moderators):
        place[g, one.component] = 1.0
    return (z[:, [one.column for one in layout.moderators]] * moderation) @ place


def _block(
    layout: Layout, block: str, described: Sequence[_Described], own: _Own | None, moved: Tensor | None
) -> Tensor:
    """The values of one block, shape (K,) where organizations share them, else (J, K)."""
    name, dim = BLOCK_VARIABLES[block]
    members = layout.of_block(block)
    centres = [one.centre for one in described]
    sds = [one.sd for one in described if one.sd is not None]
    signs = [one.sign for one in described]
    if layout.pooling[block] == "full":
        return _centres(layout, members, name, dim, centres, signs)
    if layout.pooling[block] == "none":
        return _variable(name, centres, (ORGANIZATION, dim))
    mu, tau = _centres(layout, members, f"{name}_mu", dim, centres, signs), _variable(f"{name}_tau", sds, (dim,))
    if block == "paths" and moved is not None:
        mu = mu + moved[:, members]
    if own is None:
        return pm.Normal(name, mu, tau, dims=(ORGANIZATION, dim))
    return _conditional(name, dim, mu, tau, *own.of(members))


def _centres(
    layout: Layout, members: Sequence[int], name: str, dim: str, priors: Sequence[Prior], signs: Sequence[int]
) -> Tensor:
    """Values that organizations share or come from, (K,); loadings of a factor average 1 where the layout says so."""
    tied = {entry.component for factor in layout.averages for entry in factor}
    if tied.isdisjoint(members):
        return _variable(name, priors, (dim,), signs)
    return _averaging_one(name, dim, priors, *free_directions(layout, members))


def _variable(name: str, priors: Sequence[Prior], dims: tuple[str, ...], signs: Sequence[int] = ()) -> Tensor:
    """A variable whose last dimension has these priors, each on the side of 0 that its sign says."""
    labels = pm.modelcontext(None).coords[dims[-1]]
    signs = signs or [0] * len(priors)
    if len({(prior.name, sign) for prior, sign in zip(priors, signs, strict=True)}) == 1:
        return _alike(name, priors, dims, signs[0])
    parts = [
        _alike(f"{name}[{label}]", [prior], dims[:-1], sign)
        for label, prior, sign in zip(labels, priors, signs, strict=True)
    ]
    return pm.Deterministic(name, pt.stack(parts, axis=-1), dims=dims)


def _alike(name: str, priors: Sequence[Prior], dims: tuple[str, ...], sign: int) -> Tensor:
    """A variable whose values have priors of one family and the same declared sign."""
    family, parameters = getattr(pm, priors[0].name), _parameters(priors)
    if sign == 0 or (sign > 0 and priors[0].positive):
        return family(name, **parameters, dims=dims)
    if priors[0].positive:
        raise PriorError(f"{name} has the declared sign -, but its prior {priors[0]} has no negative values")
    side = {"lower": 0.0} if sign > 0 else {"upper": 0.0}
    return pm.Truncated(name, family.dist(**parameters), **side, dims=dims)


def _parameters(priors: Sequence[Prior]) -> dict[str, Floats]:
    """Parameters of priors of one family, each as one number or one per prior."""
    # NumPy's numbers, because PyTensor keeps a plain 0.5 in single precision, and its logarithm too
    columns = {key: np.array([prior.parameters[key] for prior in priors]) for key in priors[0].parameters}
    return {key: column[0] if np.all(column == column[0]) else column for key, column in columns.items()}


def _averaging_one(name: str, dim: str, priors: Sequence[Prior], offset: Floats, directions: Floats) -> Tensor:
    """Loadings that keep each factor's average at 1: flat coordinates along what is left free."""
    n_free = directions.shape[1]
    moved = directions @ pm.Flat(f"{name}_free", shape=n_free) if n_free else np.zeros(len(priors))
    values = pm.Deterministic(name, pt.as_tensor(offset + moved), dims=dim)
    distributions = [getattr(pm, prior.name).dist(**_parameters([prior])) for prior in priors]
    densities = [pm.logp(distribution, values[k]) for k, distribution in enumerate(distributions)]
    pm.Potential(f"{name}_prior", pt.stack(densities).sum())
    return values


class _Own(NamedTuple):
    """Each organization's own estimates and their precisions, (J, C): 0 where its data say nothing."""

    estimate: Floats
    precision: Floats

    @classmethod
    def find(cls, prepared: Prepared) -> _Own:
        start = find_start(Arrays.of(prepared.layout, prepared.sample, prepared.priors, prepared.informed))
        return cls(np.nan_to_num(start.estimate), 1.0 / start.variance)

    def of(self, members: Sequence[int]) -> _Own:
        return _Own(self.estimate[:, members], self.precision[:, members])


def _conditional(name: str, dim: str, mu: Tensor, tau: Tensor, estimate: Floats, precision: Floats) -> Tensor:
    """Values ~ Normal(mu, tau), written as m + s eps.

    N(m, s) is what the population and an organization's own data say together; eps is flat. The potential is
    the log density of the values plus that of the change of variables.
    """
    dims = (ORGANIZATION, dim)
    b = pm.Data(f"{name}_estimate", estimate, dims=dims)
    w = pm.Data(f"{name}_precision", precision, dims=dims)
    eps = pm.Flat(f"{name}_eps", dims=dims)
    total = w + tau**-2
    m, s = (w * b + mu * tau**-2) / total, total**-0.5
    values = pm.Deterministic(name, m + s * eps, dims=dims)
    pm.Potential(f"{name}_population", (pm.logp(pm.Normal.dist(mu, tau), values) + pt.log(s)).sum())
    return values


def sample_open(prepared: Prepared, settings: SamplerSettings) -> tuple[xr.Dataset, xr.DataTree]:
    """Sample the conditional form through nutpie and JAX: the posterior by block, and nutpie's tree.

    Raises
    ------
    ModelError
        If published figures speak of organizations that shared nothing.
    """
    import nutpie

    if prepared.informed is not None and (members := prepared.informed.figures.members):
        # sharp figures are thin curved ridges that only the kernel's coordinates follow: chains get stuck here
        problem = (
            f"only published figures speak of {', '.join(members)}, and engine='pymc' does not sample those; "
            "engine='kernel' does, and build_model returns the same posterior as an open model to sample in other ways"
        )
        raise ModelError("engine", [problem])
    compiled = nutpie.compile_pymc_model(
        open_model(prepared, "conditional"), backend="jax", gradient_backend="jax", freeze_model=False
    )
    sampled = run_nutpie(compiled, settings)
    every = sampled["posterior"].to_dataset()
    names = [name + suffix for name, _ in BLOCK_VARIABLES.values() for suffix in ("", "_mu", "_tau")] + [MODERATION]
    kept = every[[name for name in names if name in every]]
    return kept.drop_vars([coord for coord in kept.coords if coord not in kept.dims]), sampled
