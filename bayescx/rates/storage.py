"""Reading fits of shares that were saved."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.archive import read_archive
from bayescx.errors import FitError
from bayescx.priors import Prior
from bayescx.rates.counts import Counts
from bayescx.rates.figure_checks import check_figures
from bayescx.rates.fitted import GROUP, SPLIT, RatesFit
from bayescx.rates.published import PublishedRate
from bayescx.rates.saving import FORMAT, FORMAT_VERSION, POSTERIOR, fingerprint
from bayescx.rates.splits import tree_of

__all__ = ["load_rates_fit"]

_POPULATION = (CHAIN, DRAW, GROUP, SPLIT)
_DIMS = {"logit": (CHAIN, DRAW, ORGANIZATION, GROUP, SPLIT), "mu": _POPULATION, "tau": _POPULATION}


def load_rates_fit(path: str | os.PathLike[str]) -> RatesFit:
    """Read a fit that ``RatesFit.save`` wrote; it gives the same answers. Nothing in the file is executed.

    Parameters
    ----------
    path : path
        A netCDF file.

    Returns
    -------
    RatesFit

    Raises
    ------
    FitError
        If the file is missing, is no fit of shares, was written by a later version, or was changed.

    Examples
    --------
    >>> fit = load_rates_fit("shares.nc")  # doctest: +SKIP
    """
    return read_archive(path, FORMAT, FORMAT_VERSION, _fit)


def _fit(tree: xr.DataTree) -> RatesFit:
    """A fit from the tree that ``save`` wrote."""
    settings = json.loads(tree.attrs["settings"])
    if POSTERIOR not in tree.children:
        raise FitError(f"its group {POSTERIOR} is missing")
    stored = tree[POSTERIOR].to_dataset()
    if fingerprint(tree.attrs["settings"], stored) != tree.attrs.get("fingerprint"):
        raise FitError("it is not what was saved: the file was changed")
    counted = settings["counts"]
    shape = (len(counted["organizations"]), len(counted["groups"]), len(counted["categories"]))
    counts = Counts(**counted | {"answers": np.array(counted["answers"], dtype=np.int64).reshape(shape)})
    splits = tree_of(counts.categories, settings["splits"])
    organizations = tuple(settings["organizations"])
    return RatesFit(
        counts=counts,
        published=check_figures([PublishedRate(**one) for one in settings["published"]], counts),
        organizations=organizations,
        tree=splits,
        mean=_prior(settings["mean"]),
        sd=_prior(settings["sd"]),
        seed=settings["seed"],
        posterior=_posterior(stored, {ORGANIZATION: organizations, GROUP: counts.groups, SPLIT: splits.names}),
        proposed=settings["proposed"],
        distinct=settings["distinct"],
    )


def _prior(entry: dict[str, Any]) -> Prior:
    return Prior(entry["name"], **{key: value for key, value in entry.items() if key != "name"})


def _posterior(stored: xr.Dataset, names: dict[str, tuple[str, ...]]) -> xr.Dataset:
    """Draws under the names of the settings, whatever text an archive makes of coordinates."""
    labels: dict[str, Any] = {dim: list(own) for dim, own in names.items()}
    labels |= {dim: np.arange(stored.sizes[dim]) for dim in (CHAIN, DRAW)}
    draws = {name: (dims, stored[name].values) for name, dims in _DIMS.items()}
    return xr.Dataset(draws, coords={dim: labels[dim] for dim in (CHAIN, DRAW, ORGANIZATION, GROUP, SPLIT)})
