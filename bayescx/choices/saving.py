"""A fit of choices as a netCDF file: draws and counts as arrays, and all else that they were made from as text."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW
from bayescx.archive import write_archive

if TYPE_CHECKING:
    from bayescx.choices.fitted import ChoiceFit

__all__ = ["FORMAT", "FORMAT_VERSION", "GROUPS", "fingerprint", "save"]

FORMAT = "bayescx-choices"
FORMAT_VERSION = 1
GROUPS = ("posterior", "sample_stats", "counts")


def save(fit: ChoiceFit, path: str | os.PathLike[str]) -> Path:
    """Write a fit as one netCDF file, whole or not at all.

    Raises
    ------
    FitError
        If the folder is not there or cannot be written to.
    """
    return write_archive(_tree(fit), path, "choices.nc")


def _tree(fit: ChoiceFit) -> xr.DataTree:
    settings = json.dumps(_settings(fit), default=_plain)
    groups = dict(zip(GROUPS, (_bare(fit.posterior), _bare(fit.sample_stats), _counted(fit)), strict=True))
    tree = xr.DataTree(children={name: xr.DataTree(group) for name, group in groups.items()})
    tree.attrs = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "settings": settings,
        "fingerprint": fingerprint(settings, groups),
    }
    return tree


def _bare(draws: xr.Dataset) -> xr.Dataset:
    """Draws without names, which are the users' and stand in the settings as text."""
    return draws.drop_vars([name for name in draws.coords if name not in (CHAIN, DRAW)]).drop_attrs()


def _counted(fit: ChoiceFit) -> xr.Dataset:
    """Patterns and what was answered in each, bit for bit."""
    counts = fit.counts
    return xr.Dataset(
        {
            "organization_of": ("pattern", counts.organization.astype(np.int64)),
            "x": (("pattern", "covariate"), counts.x),
            "answers": (("pattern", "answer"), counts.answers.astype(np.int64)),
            "spread": ("covariate", counts.spread),
        }
    )


def _settings(fit: ChoiceFit) -> dict[str, Any]:
    """Everything that is no array."""
    counts = fit.counts
    model = counts.equation.model
    return {
        "model": {"text": model.text, "name": model.name, "source": model.source},
        "counts": {
            "organizations": counts.organizations,
            "categories": counts.categories,
            "n_planned": counts.n_planned,
            "missing": dict(counts.missing),
            "unassigned": counts.unassigned,
        },
        "priors": fit.priors.to_dict(),
        "provenance": dict(fit.provenance),
        "simulated": fit.simulated,
    }


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    return value.item()


def fingerprint(settings: str, groups: dict[str, xr.Dataset]) -> str:
    """A number that changes with anything in the file."""
    digest = hashlib.sha256(settings.encode("utf-8"))
    for group, arrays in groups.items():
        for name in sorted(map(str, arrays.variables)):
            digest.update(f"{group}/{name}".encode() + np.ascontiguousarray(arrays[name].values).tobytes())
    return digest.hexdigest()
