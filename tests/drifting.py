"""Fits in which loadings differ between organizations as a test says, made without a sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

import bayescx as bcx

BLOCKS = ("paths", "loadings", "residuals", "exogenous", "covariances")


def drifting(
    text: str,
    organizations: Sequence[str],
    drifts: Mapping[tuple[str, str], float] | None = None,
    *,
    draws: int = 100,
    noise: float = 0.02,
) -> bcx.Fit:
    """A fit whose population loadings are 1; ``drifts`` maps an organization and a loading to its own deviation."""
    model = bcx.parse_model(text)
    names = [row.name for row in model.loadings]
    rng = np.random.default_rng(3)
    n = len(model.observed) + 10
    rows = [
        pd.DataFrame(rng.standard_normal((n, len(model.observed))), columns=list(model.observed)).assign(
            organization=organization
        )
        for organization in organizations
    ]
    evidence = bcx.Evidence.from_rows(pd.concat(rows), organization="organization").matched(model.observed)
    mu = np.ones((2, draws, len(names)))
    own = mu[:, :, None] + noise * rng.standard_normal((2, draws, len(organizations), len(names)))
    for (organization, loading), by in (drifts or {}).items():
        own[:, :, organizations.index(organization), names.index(loading)] += by
    dims = ("chain", "draw")
    posterior = xr.Dataset(
        {
            "loading": ((*dims, "organization", "indicator"), own),
            "loading_mu": ((*dims, "indicator"), mu),
            "loading_tau": ((*dims, "indicator"), 0.05 * np.abs(rng.standard_normal(mu.shape))),
        },
        coords={
            "chain": [0, 1], "draw": np.arange(draws), "organization": list(evidence.organizations),
            "indicator": names,
        },
    )  # fmt: skip
    return bcx.Fit(
        model=model,
        evidence=evidence,
        priors=bcx.Priors(),
        pooling=dict.fromkeys(BLOCKS, "partial"),
        scale=dict.fromkeys(model.observed, 1.0),
        identification="mean",
        provenance={"random_seed": 1},
        tree=xr.DataTree.from_dict({"posterior": posterior}),
    )
