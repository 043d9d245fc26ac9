"""Draws as a labelled DataTree in ArviZ's layout: posterior, sample_stats, prior, constant_data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import BLOCK_VARIABLES, CHAIN, DRAW, MODERATION, MODERATOR, ORGANIZATION, SAMPLE
from bayescx.evidence import Matched
from bayescx.model.arrays import Arrays
from bayescx.model.component_priors import component_priors, moderator_priors
from bayescx.model.figure_arrays import UnknownSize
from bayescx.model.layout import BLOCKS, Layout
from bayescx.model.start import Start
from bayescx.priors import Priors

__all__ = ["constant_data", "posterior_dataset", "prior_dataset"]

Floats = NDArray[np.float64]


def posterior_dataset(arrays: Arrays, raw: Mapping[str, Floats], organizations: tuple[str, ...]) -> xr.Dataset:
    """Name the expanded draws ("shared", "mu", "tau", "own", each (chain, draw, ...)) block by block."""
    layout = arrays.layout
    index = {
        "shared": {c: i for i, c in enumerate(arrays.shared)},
        "population": {c: i for i, c in enumerate(arrays.population)},
        "own": {c: i for i, c in enumerate(arrays.own)},
    }
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    coords: dict[str, list[str]] = {ORGANIZATION: list(organizations)}
    for block in BLOCKS:
        members = layout.of_block(block)
        if not members:
            continue
        name, dim = BLOCK_VARIABLES[block]
        coords[dim] = [layout.components[c].name for c in members]
        if layout.pooling[block] == "full":
            variables[name] = ((CHAIN, DRAW, dim), raw["shared"][..., [index["shared"][c] for c in members]])
            continue
        own = raw["own"][..., [index["own"][c] for c in members]]
        variables[name] = ((CHAIN, DRAW, ORGANIZATION, dim), own)
        if layout.pooling[block] == "partial":
            positions = [index["population"][c] for c in members]
            variables[f"{name}_mu"] = ((CHAIN, DRAW, dim), raw["mu"][..., positions])
            variables[f"{name}_tau"] = ((CHAIN, DRAW, dim), raw["tau"][..., positions])
    if arrays.informed is not None and (unknown := arrays.informed.figures.unknown_sizes):
        coords[SAMPLE] = _sample_names(unknown)
        variables["published_n_obs"] = ((CHAIN, DRAW, SAMPLE), _sizes(unknown, raw["extra"]))
    if arrays.moderators:
        coords[MODERATOR] = [one.name for one in layout.moderators]
        in_order = [arrays.moderators.index(one) for one in layout.moderators]
        variables[MODERATION] = ((CHAIN, DRAW, MODERATOR), raw[MODERATION][..., in_order])
    n_chain, n_draw = next(iter(variables.values()))[1].shape[:2]
    used = {dim for dims, _ in variables.values() for dim in dims}
    axes = {CHAIN: np.arange(n_chain), DRAW: np.arange(n_draw)}
    return xr.Dataset(variables, coords={**axes, **{k: v for k, v in coords.items() if k in used}})


def _sample_names(unknown: Sequence[UnknownSize]) -> list[str]:
    """Name each sample by its organizations; those that would have the same name by the middle of their range too."""
    names = [", ".join(size.organizations) for size in unknown]
    middle = np.exp([size.log_n + np.log(len(size.organizations)) for size in unknown])
    found: list[str] = []
    for name, n_obs in zip(names, middle, strict=True):
        told = name if names.count(name) == 1 else f"{name} (about {n_obs:.0f})"
        found.append(told if told not in found else f"{told} ({len(found) + 1})")
    return found


def _sizes(unknown: Sequence[UnknownSize], extra: Floats) -> Floats:
    """Sizes of whole samples, (chain, draw, sample)."""
    log_n = np.array([size.log_n + np.log(len(size.organizations)) for size in unknown])
    return np.asarray(np.exp(log_n + np.array([size.log_n_sd for size in unknown]) * extra[..., : len(unknown)]))


def prior_dataset(layout: Layout, priors: Priors, seed: int, draws: int = 1000) -> xr.Dataset:
    """Draws of population values from their priors: what the posterior of each can be compared with.

    Loadings that a factor's scale ties together are left out: their prior is conditional on their average.
    """
    rng = np.random.default_rng([seed, 1])
    described = component_priors(layout, priors)
    tied = {entry.component for factor in layout.averages for entry in factor}
    variables: dict[str, tuple[tuple[str, ...], Floats]] = {}
    coords: dict[str, list[str]] = {}
    for block in BLOCKS:
        members = [c for c in layout.of_block(block) if c not in tied]
        if not members:
            continue
        name, dim = BLOCK_VARIABLES[block]
        suffix = "_mu" if layout.pooling[block] == "partial" else ""
        coords[dim] = [layout.components[c].name for c in members]
        centre = np.stack([described[c][0].sample(rng, (1, draws)) for c in members], axis=-1)
        variables[name + suffix] = ((CHAIN, DRAW, dim), centre)
        sds = [sd for c in members if (sd := described[c][1]) is not None]
        if sds:
            spread = np.stack([sd.sample(rng, (1, draws)) for sd in sds], axis=-1)
            variables[f"{name}_tau"] = ((CHAIN, DRAW, dim), spread)
    if layout.moderators:
        coords[MODERATOR] = [one.name for one in layout.moderators]
        drawn = [prior.sample(rng, (1, draws)) for prior in moderator_priors(layout, priors)]
        variables[MODERATION] = ((CHAIN, DRAW, MODERATOR), np.stack(drawn, axis=-1))
    return xr.Dataset(variables, coords={CHAIN: [0], DRAW: np.arange(draws), **coords})


def constant_data(evidence: Matched, start: Start) -> xr.Dataset:
    """What entered: moments in the data's units (``cov`` has divisor n - 1), the common scale, and own estimates.

    ``own_estimate`` and ``sampling_sd`` (organization, path) are each organization's free paths estimated from its data
    alone, on the common scale. ``alone`` (organization, component) and ``alone_cov`` are maximum and inverse curvature
    of each organization's likelihood times the priors of the population centres, given the loadings that all share;
    nan for organizations known by published figures only, which have no data of their own.
    """
    layout = start.arrays.layout
    has_data = np.array([evidence.level.get(name) != "figures" for name in evidence.organizations])
    names, paths = list(evidence.variables), layout.of_block("paths")
    dim = BLOCK_VARIABLES["paths"][1]
    return xr.Dataset(
        {
            "n_obs": ((ORGANIZATION,), evidence.n_obs),
            "mean": ((ORGANIZATION, "variable"), evidence.mean),
            "cov": ((ORGANIZATION, "variable", "variable_other"), evidence.cov),
            "scale": (("variable",), np.array([layout.scale[name] for name in names])),
            "own_estimate": ((ORGANIZATION, dim), start.estimate[:, paths]),
            "sampling_sd": ((ORGANIZATION, dim), np.sqrt(start.variance[:, paths])),
            "alone": ((ORGANIZATION, "component"), np.where(has_data[:, None], start.alone, np.nan)),
            "alone_cov": (
                (ORGANIZATION, "component", "component_other"),
                np.where(has_data[:, None, None], start.alone_cov, np.nan),
            ),
        },
        coords={
            ORGANIZATION: list(evidence.organizations),
            "variable": names,
            "variable_other": names,
            dim: [layout.components[c].name for c in paths],
            "component": [component.name for component in layout.components],
            "component_other": [component.name for component in layout.components],
        },
    )
