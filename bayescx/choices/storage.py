"""Reading fits of choices that were saved."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import xarray as xr

from bayescx._names import CHAIN, DRAW, ORGANIZATION
from bayescx.archive import read_archive
from bayescx.choices.counts import ChoiceCounts
from bayescx.choices.equation import Equation, equation_of
from bayescx.choices.fitted import CUT, FIXED_TERM, TERM, ChoiceFit, cut_names
from bayescx.choices.priors import ChoicePriors
from bayescx.choices.saving import FORMAT, FORMAT_VERSION, GROUPS, fingerprint
from bayescx.errors import FitError
from bayescx.priors import Prior
from bayescx.spec import parse_model

__all__ = ["load_choice_fit"]


def load_choice_fit(path: str | os.PathLike[str]) -> ChoiceFit:
    """Read a fit that ``ChoiceFit.save`` wrote; it gives the same answers. Nothing in the file is executed.

    Parameters
    ----------
    path : path
        A netCDF file.

    Returns
    -------
    ChoiceFit

    Raises
    ------
    FitError
        If the file is missing, is no fit of choices, was written by a later version, or was changed.

    Examples
    --------
    >>> fit = load_choice_fit("choices.nc")  # doctest: +SKIP
    """
    return read_archive(path, FORMAT, FORMAT_VERSION, _fit)


def _fit(tree: xr.DataTree) -> ChoiceFit:
    """A fit from the tree that ``save`` wrote."""
    settings = json.loads(tree.attrs["settings"])
    if lost := [name for name in GROUPS if name not in tree.children]:
        raise FitError(f"its group {' and '.join(lost)} is missing")
    groups = {name: tree[name].to_dataset() for name in GROUPS}
    if fingerprint(tree.attrs["settings"], groups) != tree.attrs.get("fingerprint"):
        raise FitError("it is not what was saved: the file was changed")
    model = settings["model"]
    equation = equation_of(parse_model(model["text"], name=model["name"], source=model["source"]))
    counts = _counts(equation, settings["counts"], groups["counts"])
    return ChoiceFit(
        counts=counts,
        priors=_priors(settings["priors"]),
        provenance=settings["provenance"],
        posterior=_named(groups["posterior"], counts),
        sample_stats=groups["sample_stats"],
        simulated=settings["simulated"],
    )


def _counts(equation: Equation, about: dict[str, Any], stored: xr.Dataset) -> ChoiceCounts:
    arrays = {str(name): array.values for name, array in stored.data_vars.items()}
    return ChoiceCounts(
        equation=equation,
        organizations=tuple(about["organizations"]),
        categories=tuple(about["categories"]),
        organization=arrays["organization_of"].astype(np.intp),
        x=arrays["x"],
        answers=arrays["answers"],
        spread=arrays["spread"],
        n_planned=about["n_planned"],
        missing=about["missing"],
        unassigned=about["unassigned"],
    )


def _priors(entries: dict[str, Any]) -> ChoicePriors:
    overrides = {name: _prior(entry) for name, entry in entries.pop("overrides").items()}
    return ChoicePriors(**{name: _prior(entry) for name, entry in entries.items()}, overrides=overrides)


def _prior(entry: dict[str, Any]) -> Prior:
    return Prior(entry["name"], **{key: value for key, value in entry.items() if key != "name"})


def _named(draws: xr.Dataset, counts: ChoiceCounts) -> xr.Dataset:
    """Draws under the names that the settings and the model give them, whatever an archive makes of text."""
    terms = dict(zip(counts.terms, counts.equation.pooled, strict=True))
    labels = {
        ORGANIZATION: list(counts.organizations),
        CUT: cut_names(counts.categories),
        TERM: [name for name, pooled in terms.items() if pooled],
        FIXED_TERM: [name for name, pooled in terms.items() if not pooled],
    }
    variables = {name: (array.dims, array.values) for name, array in draws.data_vars.items()}
    known = {dim: names for dim, names in labels.items() if dim in draws.dims}
    return xr.Dataset(variables, coords={CHAIN: draws[CHAIN].values, DRAW: draws[DRAW].values, **known})
