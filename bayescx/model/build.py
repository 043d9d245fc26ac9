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

from bayescx._names import BLOCK_VARIABLES, ORGANIZATION
from bayescx.errors import ModelError
from bayescx.model.arrays import Arrays, component_priors
from bayescx.model.averages import free_directions
from bayescx.model.layout import BLOCKS, Layout
from bayescx.model.nuts import SamplerSettings, run_nutpie
from bayescx.model.prepare import Prepared, prepare
from bayescx.model.start import find_start
from bayescx.model.symbolic import implied_covariance
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
        (exogenous) and ``partial_correlation_z`` (covariance), all on the common scale. Parameters that a
        label makes equal are one variable, under the first one's name. The covariance matrices are the
        observed variable ``moments``: log-likelihoods come by organization, predictions as covariance
        matrices. Loadings that average 1, and everything in conditional form, have flat coordinates and
        their density in a potential: such a model has no prior predictive draws.

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
    layout, sample = prepared.layout, prepared.sample
    own = _Own.find(prepared) if form == "conditional" else None
    described = component_priors(layout, prepared.priors)
    n_org = len(sample.n_obs)
    with pm.Model(coords=_coords(prepared)) as model:
        u = pt.zeros((n_org, len(layout.components)))
        for block in BLOCKS:
            if members := layout.of_block(block):
                u = u[:, members].set(_block(layout, block, [described[c] for c in members], own))
        dims = (ORGANIZATION, "variable", "variable_other")
        n_obs = pm.Data("n_obs", sample.n_obs.astype(float), dims=ORGANIZATION)
        pm.CustomDist(
            "moments",
            n_obs,
            implied_covariance(layout, u, n_org),
            logp=_moments_log_density,
            random=_random_moments,
            signature="(),(p,p)->(p,p)",
            observed=pm.Data("cov", sample.cov, dims=dims),
            dims=dims,
        )
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
    return coords


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


def _block(layout: Layout, block: str, described: Sequence[tuple[Prior, Prior | None]], own: _Own | None) -> Tensor:
    """The values of one block, shape (K,) where organizations share them, else (J, K)."""
    name, dim = BLOCK_VARIABLES[block]
    members = layout.of_block(block)
    centres = [centre for centre, _ in described]
    sds = [sd for _, sd in described if sd is not None]
    if layout.pooling[block] == "full":
        tied = {entry.component for factor in layout.averages for entry in factor}
        if tied.isdisjoint(members):
            return _variable(name, centres, (dim,))
        return _averaging_one(name, dim, centres, *free_directions(layout, members))
    if layout.pooling[block] == "none":
        return _variable(name, centres, (ORGANIZATION, dim))
    mu, tau = _variable(f"{name}_mu", centres, (dim,)), _variable(f"{name}_tau", sds, (dim,))
    if own is None:
        return pm.Normal(name, mu, tau, dims=(ORGANIZATION, dim))
    return _conditional(name, dim, mu, tau, *own.of(members))


def _variable(name: str, priors: Sequence[Prior], dims: tuple[str, ...]) -> Tensor:
    """A variable whose last dimension has these priors."""
    if len({prior.name for prior in priors}) == 1:
        return getattr(pm, priors[0].name)(name, **_parameters(priors), dims=dims)
    labels = pm.modelcontext(None).coords[dims[-1]]
    parts = [
        getattr(pm, prior.name)(f"{name}[{label}]", **_parameters([prior]), dims=dims[:-1])
        for label, prior in zip(labels, priors, strict=True)
    ]
    return pm.Deterministic(name, pt.stack(parts, axis=-1), dims=dims)


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
        start = find_start(Arrays.of(prepared.layout, prepared.sample, prepared.priors))
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
    """Sample the conditional form through nutpie and JAX: the posterior by block, and nutpie's tree."""
    import nutpie

    compiled = nutpie.compile_pymc_model(
        open_model(prepared, "conditional"), backend="jax", gradient_backend="jax", freeze_model=False
    )
    sampled = run_nutpie(compiled, settings)
    every = sampled["posterior"].to_dataset()
    names = [name + suffix for name, _ in BLOCK_VARIABLES.values() for suffix in ("", "_mu", "_tau")]
    kept = every[[name for name in names if name in every]]
    return kept.drop_vars([coord for coord in kept.coords if coord not in kept.dims]), sampled
