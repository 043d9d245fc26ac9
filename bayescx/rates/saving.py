"""A fit of shares as a netCDF file: draws as arrays, and all else that they were made from as text."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayescx.archive import write_archive

if TYPE_CHECKING:
    from bayescx.rates.fitted import RatesFit

__all__ = ["FORMAT", "FORMAT_VERSION", "POSTERIOR", "fingerprint", "save"]

FORMAT = "bayescx-rates"
FORMAT_VERSION = 1
POSTERIOR = "posterior"


def save(fit: RatesFit, path: str | os.PathLike[str]) -> Path:
    """Write a fit as one netCDF file, whole or not at all.

    Raises
    ------
    FitError
        If the folder is not there or cannot be written to.
    """
    return write_archive(_tree(fit), path, "shares.nc")


def _tree(fit: RatesFit) -> xr.DataTree:
    settings = json.dumps(_settings(fit), default=_plain)
    tree = xr.DataTree(children={POSTERIOR: xr.DataTree(fit.posterior)})
    tree.attrs = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "settings": settings,
        "fingerprint": fingerprint(settings, fit.posterior),
    }
    return tree


def _settings(fit: RatesFit) -> dict[str, Any]:
    """Everything that is not a draw."""
    counts = fit.counts
    return {
        "counts": {
            "organizations": counts.organizations,
            "groups": counts.groups,
            "categories": counts.categories,
            "answers": counts.answers.tolist(),
            "n_planned": counts.n_planned,
            "missing": dict(counts.missing),
            "unassigned": counts.unassigned,
            "simulated": counts.simulated,
        },
        "published": [asdict(one) for one in fit.published],
        "organizations": fit.organizations,
        "splits": fit.tree.splits,
        "mean": fit.mean.to_dict(),
        "sd": fit.sd.to_dict(),
        "seed": fit.seed,
        "proposed": dict(fit.proposed),
        "distinct": dict(fit.distinct),
    }


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item()


def fingerprint(settings: str, posterior: xr.Dataset) -> str:
    """A number that changes with anything in the file."""
    digest = hashlib.sha256(settings.encode("utf-8"))
    for name in sorted(map(str, posterior.data_vars)):
        digest.update(name.encode("utf-8") + np.ascontiguousarray(posterior[name].values).tobytes())
    return digest.hexdigest()
