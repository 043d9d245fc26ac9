"""Run nutpie: settings in, finished draws out; an interrupt is an interrupt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import xarray as xr

from bayescx._names import CHAIN, DRAW
from bayescx.errors import FitError
from bayescx.evidence.findings import shortened

__all__ = ["SamplerSettings", "run_nutpie"]


@dataclass(frozen=True)
class SamplerSettings:
    """What every engine is told: draws kept and draws for adaptation per chain, chains, cores, seed and the rest."""

    draws: int
    tune: int
    chains: int
    cores: int
    seed: int
    target_accept: float
    progressbar: bool


def run_nutpie(compiled: Any, settings: SamplerSettings) -> xr.DataTree:
    """Sample a compiled model.

    Raises
    ------
    FitError
        If nutpie gives up, as where the density is zero wherever a chain could start.
    KeyboardInterrupt
        nutpie answers Ctrl-C with the draws so far, which look like a whole fit; here it ends the fit.
    """
    import nutpie

    try:
        tree: xr.DataTree = nutpie.sample(
            compiled,
            draws=settings.draws,
            tune=settings.tune,
            chains=settings.chains,
            cores=settings.cores,
            seed=settings.seed,
            target_accept=settings.target_accept,
            progress_bar=settings.progressbar,
            save_warmup=False,
        )
    except RuntimeError as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise FitError(
            f"sampling failed: {shortened(said, 300)}. Evidence and priors may contradict each other: look at values, "
            "units and priors; another random_seed tells whether it was chance"
        ) from error
    stats = tree["sample_stats"]
    if stats.sizes.get(DRAW, 0) < settings.draws or stats.sizes.get(CHAIN, 0) < settings.chains:
        raise KeyboardInterrupt
    return tree
