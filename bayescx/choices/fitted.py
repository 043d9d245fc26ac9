"""ChoiceFit: draws of slopes and thresholds with everything that they were made from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from bayescx._html import heading, table
from bayescx._names import CHAIN, DRAW
from bayescx.choices.counts import ChoiceCounts
from bayescx.choices.priors import ChoicePriors
from bayescx.choices.saving import save
from bayescx.evidence.findings import printable

__all__ = ["CUT", "FIXED_TERM", "TERM", "ChoiceFit", "cut_names"]

TERM, FIXED_TERM, CUT = "term", "fixed_term", "threshold"


@dataclass(frozen=True, eq=False)
class ChoiceFit:
    """Draws from the posterior of an ordered probit over organizations, and their provenance; it never changes.

    Attributes
    ----------
    counts : ChoiceCounts
    priors : ChoicePriors
    provenance : dict
        Seed, draws, versions, seconds, and the figures and problems of convergence.
    posterior : xarray.Dataset
        On the common scale (see ``ChoicePriors``): ``beta`` (chain, draw, organization, term) and ``beta_mu``,
        ``beta_tau`` (chain, draw, term) of pooled slopes; ``beta_fixed`` (chain, draw, fixed_term); ``cut`` (chain,
        draw, organization, threshold), the first threshold and the logs of the increments above it, with ``cut_mu``
        and ``cut_tau``.
    sample_stats : xarray.Dataset
        What the sampler says of each draw.
    simulated : bool
        Nobody gave these answers: reports say so. ``dataclasses.replace(fit, simulated=True)`` says it of a fit.
    """

    counts: ChoiceCounts
    priors: ChoicePriors
    provenance: Mapping[str, Any]
    posterior: xr.Dataset = field(repr=False)
    sample_stats: xr.Dataset = field(repr=False)
    simulated: bool = False

    def __post_init__(self) -> None:
        for variable in self.posterior.variables.values():
            if isinstance(values := variable.values, np.ndarray):
                values.flags.writeable = False

    @property
    def organizations(self) -> tuple[str, ...]:
        """Those that reported."""
        return self.counts.organizations

    @property
    def categories(self) -> tuple[str, ...]:
        """Answers, from the lowest to the highest."""
        return self.counts.categories

    @property
    def terms(self) -> tuple[str, ...]:
        """Terms of the equation, pooled and fixed ones, in the model's order."""
        return self.counts.terms

    @property
    def n_planned(self) -> int:
        """The number of organizations planned: what "average" averages over."""
        return self.counts.n_planned

    @property
    def seed(self) -> int:
        """Draws of unreported and new organizations follow from it."""
        return int(self.provenance["random_seed"])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit as one netCDF file, whole or not at all; ``load_choice_fit`` reads it.

        Parameters
        ----------
        path : path
            A file that is there is replaced.

        Raises
        ------
        FitError
            If the folder is not there or cannot be written to.
        """
        return save(self, path)

    def __repr__(self) -> str:
        sizes = self.posterior.sizes
        known = f"{len(self.organizations)} of {self.n_planned} organizations"
        size = f"{len(self.terms)} term{'s' if len(self.terms) > 1 else ''}, {len(self.categories)} categories"
        return f"ChoiceFit({known}, {size}, {sizes[CHAIN]} chains x {sizes[DRAW]} draws)"

    def _repr_html_(self) -> str:
        """Return what was fitted to what, for notebooks."""
        sizes, problems = self.posterior.sizes, self.provenance["convergence_problems"]
        counts = self.counts
        rows = [
            ("model", str(counts.equation.model)),
            ("organizations", f"{len(self.organizations)} of {self.n_planned} planned"),
            ("answers", f"{int(counts.n_obs.sum()):,} in {len(counts.x):,} patterns"),
            ("categories", ", ".join(printable(one) for one in self.categories)),
            ("draws", f"{sizes[CHAIN]} chains × {sizes[DRAW]:,}, seed {self.seed}"),
            ("convergence", "; ".join(problems) if problems else "no problems"),
        ]
        return heading("Fit of choices") + table([], rows)


def cut_names(categories: tuple[str, ...]) -> list[str]:
    """Thresholds by the categories that they part.

    Examples
    --------
    >>> cut_names(("disloyal", "neutral", "loyal"))
    ['disloyal | neutral', 'neutral | loyal']
    """
    return [f"{low} | {high}" for low, high in pairwise(categories)]
