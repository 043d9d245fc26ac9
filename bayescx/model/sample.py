"""fit: model, evidence and priors in, posterior out."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import secrets
import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import xarray as xr

from bayescx.errors import ModelError
from bayescx.evidence import Evidence, Matched
from bayescx.fitted import Fit
from bayescx.model.arrays import Arrays
from bayescx.model.convergence import warn_unless_converged
from bayescx.model.nuts import SamplerSettings
from bayescx.model.prepare import Prepared, prepare
from bayescx.model.start import Start, find_start
from bayescx.model.structure import route_of
from bayescx.model.tree import constant_data, posterior_dataset, prior_dataset
from bayescx.priors import Priors
from bayescx.spec import PathModel

__all__ = ["fit"]

_STATISTICS = (
    "diverging", "depth", "maxdepth_reached", "n_steps", "step_size", "energy", "energy_error", "logp",
    "mean_tree_accept",
)  # fmt: skip


def fit(
    model: PathModel,
    evidence: Evidence | Matched,
    priors: Priors | None = None,
    *,
    pooling: str | Mapping[str, str] = "partial",
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    cores: int | None = None,
    random_seed: int | None = None,
    target_accept: float | None = None,
    progressbar: bool = True,
    engine: Literal["kernel", "pymc"] = "kernel",
    scale: bool = True,
    identification: Literal["mean", "marker"] = "mean",
) -> Fit:
    """Sample the posterior of a path model over organizations.

    Parameters
    ----------
    model : PathModel
        From ``load_model``, ``read_model`` or ``parse_model``.
    evidence : Evidence
        What the organizations shared; rows and moments of the same sample give the same posterior.
    priors : Priors, optional
        On the common scale (see ``Priors``).
    pooling : str or dict
        "none", "partial" or "full" for the paths, or a word for each block: paths, residuals, exogenous, covariances.
        Where only published figures speak, "full" is meant for all blocks: nothing but the prior would tell members of
        a set apart.
    draws, tune, chains : int
        Draws kept and draws used for adaptation per chain; number of chains.
    cores : int, optional
        Chains that run side by side; by default as many as there are cores.
    random_seed : int, optional
        Makes the draws reproducible; by default a new one, kept in ``Fit.provenance``.
    target_accept : float, optional
        Acceptance rate that step sizes are adapted to; closer to 1 means smaller steps. By default 0.9, and 0.985 with
        published figures, which leave more to the sampler.
    progressbar : bool
        Show live progress.
    engine : {"kernel", "pymc"}
        The compiled density, or the open PyMC model of ``build_model`` through nutpie and JAX (slower; any prior that
        PyMC has).
    scale : bool
        Divide each observed variable by its pooled within-organization SD first, so that priors mean the same for every
        questionnaire. False keeps the data's own units.
    identification : {"mean", "marker"}
        Factors' unit: free loadings average 1, or the first loading is 1.

    Returns
    -------
    Fit

    Raises
    ------
    ModelError, EvidenceError, PriorError
        Everything that is wrong with the input, before sampling.
    FitError
        If sampling cannot start, or the sampler gives up.

    Warns
    -----
    ConvergenceWarning
        If R-hat is above 1.01, an effective sample size below 400, or a draw diverged.

    Examples
    --------
    >>> import bayescx as bcx
    >>> model = bcx.parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction")
    >>> rows = bcx.simulate(model, organizations=4, n_obs=100, random_seed=1).rows
    >>> evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=10)
    >>> fit = bcx.fit(model, evidence, random_seed=1, progressbar=False)
    >>> fit.tree["posterior"]["beta"].dims
    ('chain', 'draw', 'organization', 'path')
    """
    _check_settings(
        draws=draws,
        tune=tune,
        chains=chains,
        cores=cores,
        random_seed=random_seed,
        engine=engine,
        target_accept=target_accept,
    )
    prepared = prepare(model, evidence, priors, pooling=pooling, scale=scale, identification=identification)
    if target_accept is None:
        target_accept = 0.9 if prepared.informed is None else 0.985
    seed = secrets.randbelow(2**31) if random_seed is None else int(random_seed)
    settings = SamplerSettings(
        draws=draws,
        tune=tune,
        chains=chains,
        cores=min(chains, cores or os.cpu_count() or 1),
        seed=seed,
        target_accept=target_accept,
        progressbar=progressbar,
    )
    began = time.perf_counter()
    layout = prepared.layout
    start = find_start(Arrays.of(layout, prepared.sample, prepared.priors, prepared.informed))
    if engine == "kernel":
        posterior, stats = _sample_kernel(start, prepared.evidence, settings)
    else:
        posterior, stats = _sample_pymc(prepared, settings)
    wall = time.perf_counter() - began
    tree = xr.DataTree.from_dict(
        {
            "posterior": posterior,
            "sample_stats": stats,
            "prior": prior_dataset(layout, prepared.priors, seed),
            "constant_data": constant_data(prepared.evidence, start),
        }
    )
    convergence = warn_unless_converged(posterior, stats)
    provenance = {
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "target_accept": target_accept,
        "random_seed": seed,
        "engine": engine,
        "likelihood_route": ("observed", "latent", "general")[route_of(layout)],
        "scaled": scale,
        "seconds": round(wall, 3),
        "created_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
        "convergence": convergence.figures,
        "convergence_problems": convergence.problems,
    }
    return Fit(
        model=model,
        evidence=prepared.evidence,
        priors=prepared.priors,
        pooling=layout.pooling,
        scale=layout.scale,
        identification=identification,
        provenance=provenance,
        tree=tree,
    )


def _check_settings(**settings: Any) -> None:
    problems = []
    least = {"draws": 4, "tune": 1, "chains": 1, "cores": 1, "random_seed": 0}
    for name, lowest in least.items():
        value = settings[name]
        optional = name in ("cores", "random_seed")
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not (value is None and optional) and not (whole and value >= lowest):
            problems.append(f"{name} must be a whole number of at least {lowest}, found {value!r}")
    if isinstance(settings["random_seed"], int) and settings["random_seed"] >= 2**63:
        problems.append(f"random_seed must be below 2^63, found {settings['random_seed']}")
    accept = settings["target_accept"]
    if accept is not None and (not isinstance(accept, float) or not 0 < accept < 1):
        problems.append(f"target_accept must lie between 0 and 1, found {accept!r}")
    if settings["engine"] not in ("kernel", "pymc"):
        problems.append(f"engine is 'kernel' or 'pymc', found {settings['engine']!r}")
    if problems:
        raise ModelError("settings of fit", problems)


def _sample_kernel(start: Start, evidence: Matched, settings: SamplerSettings) -> tuple[xr.Dataset, xr.Dataset]:
    from bayescx.model.engine import sample_kernel

    sampled = sample_kernel(start, settings)
    raw = {str(name): array.values for name, array in sampled["posterior"].data_vars.items()}
    return posterior_dataset(start.arrays, raw, evidence.organizations), _statistics(sampled)


def _sample_pymc(prepared: Prepared, settings: SamplerSettings) -> tuple[xr.Dataset, xr.Dataset]:
    from bayescx.model.build import sample_open

    posterior, sampled = sample_open(prepared, settings)
    return posterior, _statistics(sampled)


def _statistics(sampled: xr.DataTree) -> xr.Dataset:
    stats = sampled["sample_stats"].to_dataset()
    return stats[[name for name in _STATISTICS if name in stats]]


def _versions() -> dict[str, str]:
    packages = ("bayescx", "nutpie", "numba", "jax", "numpy", "scipy", "pandas", "xarray", "arviz-stats", "pymc")
    return {
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }
