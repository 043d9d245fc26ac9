"""fit_choices: counts and priors in, posterior out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
import os
import platform
import secrets
import time
import warnings
from typing import Any

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.choices.arrays import ChoiceArrays
from bayescx.choices.counts import ChoiceCounts
from bayescx.choices.fitted import CUT, FIXED_TERM, TERM, ChoiceFit, cut_names
from bayescx.choices.priors import ChoicePriors
from bayescx.choices.start import ChoiceStart, find_choice_start
from bayescx.errors import FitError
from bayescx.evidence.moments_checks import is_whole
from bayescx.kernel.choices.posterior import functions, log_density
from bayescx.model.convergence import Convergence, warn_unless_converged
from bayescx.model.engine import compile_kernel
from bayescx.model.nuts import SamplerSettings, run_nutpie
from bayescx.model.threads import one_thread

__all__ = ["fit_choices"]

_STATISTICS = (
    "diverging", "depth", "maxdepth_reached", "n_steps", "step_size", "energy", "energy_error", "logp",
    "mean_tree_accept",
)  # fmt: skip
_PACKAGES = ("bayescx", "nutpie", "numba", "numpy", "scipy", "xarray", "arviz-stats")


def fit_choices(
    counts: ChoiceCounts,
    priors: ChoicePriors | None = None,
    *,
    draws: int = 1000,
    tune: int = 1000,
    chains: int = 4,
    cores: int | None = None,
    random_seed: int | None = None,
    target_accept: float = 0.9,
    progressbar: bool = True,
) -> ChoiceFit:
    """Sample the posterior of an ordered probit, hierarchical over organizations (a probit of two categories).

    In organization j, ``P(y <= c | x) = Phi(kappa_jc - x' beta_j)``. Slopes are Normal over organizations unless the
    model says ``fixed(...)``; so are the first threshold and the logs of the distances of the others from the one
    below, so that an organization where nobody gave an answer has thresholds all the same.

    Parameters
    ----------
    counts : ChoiceCounts
    priors : ChoicePriors, optional
    draws, tune : int
        Draws kept and draws used for adaptation, per chain.
    chains, cores : int
        Number of chains, and of those that run side by side (by default as many as there are cores).
    random_seed : int, optional
        By default a new one, kept in ``ChoiceFit.provenance``.
    target_accept : float
        Acceptance rate that step sizes are adapted to.
    progressbar : bool

    Returns
    -------
    ChoiceFit

    Raises
    ------
    FitError
        If a setting cannot be, or sampling cannot start.
    PriorError
        If a prior is stated of a term that there is none of.

    Warns
    -----
    ConvergenceWarning
        If R-hat is above 1.01, an effective sample size below 400, or a draw diverged.
    UserWarning
        If pooled slopes are perfectly separated in single organizations.

    Examples
    --------
    >>> import pandas as pd
    >>> counted = {"shop": list("aabb"), "effort": [1, 2, 1, 2], "leave": [2, 5, 1, 4], "stay": [9, 8, 7, 6]}
    >>> counts = ChoiceCounts.from_table(
    ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"], n_planned=9
    ... )
    >>> fit_choices(counts, random_seed=1, progressbar=False)
    ChoiceFit(2 of 9 organizations, 1 term, 2 categories, 4 chains x 1000 draws)
    """
    _check_types(counts, priors)
    priors = ChoicePriors() if priors is None else priors
    settings = _settings(
        draws=draws, tune=tune, chains=chains, cores=cores, random_seed=random_seed, target_accept=target_accept,
        progressbar=progressbar,
    )  # fmt: skip
    _warn_of_separation(counts)
    began = time.perf_counter()
    with one_thread():
        start = find_choice_start(ChoiceArrays(counts, priors))
    sampled = _sampled(start, settings)
    wall = time.perf_counter() - began
    posterior, stats = _posterior(start.arrays, sampled), sampled["sample_stats"].to_dataset()
    stats = stats[[name for name in _STATISTICS if name in stats]]
    convergence = warn_unless_converged(posterior, stats)
    provenance = _provenance(settings, wall, convergence)
    return ChoiceFit(counts, priors, provenance, posterior, stats)


def _check_types(counts: object, priors: object) -> None:
    if not isinstance(counts, ChoiceCounts):
        raise FitError(
            f"counts must be ChoiceCounts, as ChoiceCounts.from_rows makes them; found {type(counts).__name__}"
        )
    if not isinstance(priors, ChoicePriors | None):
        raise FitError(f"priors must be ChoicePriors, found {type(priors).__name__}")


def _settings(
    *,
    draws: int,
    tune: int,
    chains: int,
    cores: int | None,
    random_seed: int | None,
    target_accept: float,
    progressbar: bool,
) -> SamplerSettings:
    """Settings that were checked; a seed is chosen where none was given."""
    _check(draws=(draws, 4), tune=(tune, 1), chains=(chains, 1), cores=(1 if cores is None else cores, 1))
    _check(random_seed=(0 if random_seed is None else random_seed, 0))
    _check_acceptance(target_accept)
    return SamplerSettings(
        draws=int(draws),
        tune=int(tune),
        chains=int(chains),
        cores=min(int(chains), cores or os.cpu_count() or 1),
        seed=secrets.randbelow(2**31) if random_seed is None else int(random_seed),
        target_accept=target_accept,
        progressbar=progressbar,
    )


def _warn_of_separation(counts: ChoiceCounts) -> None:
    if counts.separated:
        warnings.warn(
            f"perfect separation: answers never go against {'; '.join(counts.separated)}; these slopes rest on the "
            "other organizations and on the prior",
            UserWarning,
            stacklevel=3,
        )


def _provenance(settings: SamplerSettings, wall: float, convergence: Convergence) -> dict[str, Any]:
    return {
        **{name: value for name, value in dataclasses.asdict(settings).items() if name not in ("seed", "progressbar")},
        "random_seed": settings.seed,
        "seconds": round(wall, 3),
        "created_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {one: importlib.metadata.version(one) for one in _PACKAGES},
        "convergence": convergence.figures,
        "convergence_problems": convergence.problems,
    }


def _check(**settings: tuple[Any, int]) -> None:
    for name, (value, least) in settings.items():
        if not is_whole(value) or not least <= value < 2**63:
            raise FitError(f"{name} must be a whole number of at least {least}, found {value!r:.60}")


def _check_acceptance(value: Any) -> None:
    if not isinstance(value, float) or not 0 < value < 1:
        raise FitError(f"target_accept must lie between 0 and 1, found {value!r:.60}")


def _sampled(start: ChoiceStart, settings: SamplerSettings) -> xr.DataTree:
    """Hand the compiled density to nutpie."""
    if not any(
        np.isfinite(log_density(start.draw(settings.seed + c), start.arrays.records)[0]) for c in range(settings.chains)
    ):
        raise FitError("sampling cannot start: the posterior density is zero wherever chains begin; look at the priors")
    compiled = compile_kernel(start)  # type: ignore[arg-type]  # it reads of a start what this one has
    if not dataclasses.is_dataclass(compiled) or not hasattr(compiled, "compiled_logp_func"):
        raise FitError("choices need the nutpie version that constraints.txt names")
    density, expansion = functions()
    mine = dataclasses.replace(compiled, compiled_logp_func=density, compiled_expand_func=expansion)  # type: ignore[type-var]
    return run_nutpie(mine, settings)


def _posterior(arrays: ChoiceArrays, sampled: xr.DataTree) -> xr.Dataset:
    """Draws by name: slopes of terms, and thresholds."""
    raw = {str(name): array.values for name, array in sampled["posterior"].data_vars.items()}
    counts, n_cut = arrays.counts, arrays.n_cut
    pooled = [counts.terms[c - n_cut] for c in arrays.own[n_cut:]]
    common = [counts.terms[c - n_cut] for c in arrays.shared]
    by, over = (CHAIN, DRAW, ORGANIZATION), (CHAIN, DRAW)
    variables: dict[str, Any] = {
        "cut": ((*by, CUT), raw["own"][..., :n_cut]),
        "cut_mu": ((*over, CUT), raw["mu"][..., :n_cut]),
        "cut_tau": ((*over, CUT), raw["tau"][..., :n_cut]),
    }
    coords: dict[str, Any] = {
        CHAIN: np.arange(raw["own"].shape[0]),
        DRAW: np.arange(raw["own"].shape[1]),
        ORGANIZATION: list(counts.organizations),
        CUT: cut_names(counts.categories),
    }
    if pooled:
        variables |= {
            "beta": ((*by, TERM), raw["own"][..., n_cut:]),
            "beta_mu": ((*over, TERM), raw["mu"][..., n_cut:]),
            "beta_tau": ((*over, TERM), raw["tau"][..., n_cut:]),
        }
        coords[TERM] = pooled
    if common:
        variables["beta_fixed"] = ((*over, FIXED_TERM), raw["shared"])
        coords[FIXED_TERM] = common
    return xr.Dataset(variables, coords=coords)
