"""Whom an answer is about: each organization, the typical one, the average of the N planned, or a new one.

- "organization": each organization that reported, with its own parameters.
- "typical": an organization whose every parameter is at the population centre; where paths depend on attributes of
  organizations, one with their average.
- "average": the finite population of the N planned. Those that reported have their own parameters, the others are
  drawn from the population; an effect is computed in each and then averaged (a mean of products, never a product of
  means). A ratio or share is the ratio of the averages.
- "new": one more organization drawn from the population, *all* of its parameters, residual SDs included.
- "alone": each organization fitted by itself, whatever the pooling: a normal approximation at the maximum of its
  likelihood times the priors of the population centres (a wide normal one where such a prior lives on the positive
  half-line), given loadings that are the same for all, however they were pooled. It shows what pooling of the rest
  changed; it is no part of the posterior. Organizations known by published figures only have nothing of their own: nan.

Draws for organizations without data follow from the fit's seed, so that all answers speak of the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx._names import BLOCK_VARIABLES, CHAIN, DRAW, ORGANIZATION, TARGETS
from bayescx.errors import FitError, did_you_mean
from bayescx.estimands.attributes import added_by, attributes_of_others
from bayescx.estimands.given import given_covariances
from bayescx.estimands.memory import remembered
from bayescx.estimands.system import System, layout_of, possible
from bayescx.fitted import Fit
from bayescx.model.layout import BLOCKS, Layout

__all__ = [
    "Target",
    "available_targets",
    "check_units",
    "evaluate",
    "is_informed_by_others",
    "labelled",
    "leading_coords",
    "leading_dims",
    "positions",
    "variables_without_unit",
]

Floats = NDArray[np.float64]
Target = Literal["organization", "typical", "average", "new", "alone"]
PER_ORGANIZATION = ("organization", "alone")
_SCALE_FREE = ("figures", "correlations")  # levels of evidence without units
_MOST_REDRAWS = 200
_UNREPORTED, _NEW, _ALONE = 2, 3, 4  # random streams, apart from the seed's own


def positions(layout: Layout, asked: Iterable[str]) -> dict[str, int]:
    """Position of every construct in the model's matrices.

    Raises
    ------
    FitError
        If one of those asked for is none.
    """
    out = {construct: i for i, construct in enumerate(layout.constructs)}
    for name in asked:
        if name not in out:
            if str(name).strip("`") in out:
                raise FitError(f"name the construct without backquotes: {str(name).strip('`')!r}")
            hint = did_you_mean(str(name), out) or "."
            raise FitError(f"the model has no construct {name!r}{hint} Constructs: {', '.join(out)}")
    return out


def available_targets(fit: Fit) -> tuple[Target, ...]:
    """The targets that the pooling and the evidence of a fit can answer.

    Examples
    --------
    >>> available_targets(fit)
    ('organization', 'typical', 'average', 'new', 'alone')
    """
    return tuple(target for target in TARGETS if _refusal(fit, target) is None)  # type: ignore[misc]


def is_informed_by_others(fit: Fit) -> bool:
    """Whether an organization's paths differ from what it would have "alone", so that both are worth showing."""
    return fit.pooling["paths"] != "none" and len(fit.organizations) > 1


def variables_without_unit(fit: Fit) -> tuple[str, ...]:
    """Variables whose spread nobody shared: published figures and correlations have no units.

    Examples
    --------
    >>> variables_without_unit(fit)
    ()
    """
    evidence = fit.evidence
    shared = [evidence.level.get(name) not in _SCALE_FREE for name in evidence.organizations]
    variances = np.diagonal(evidence.cov, axis1=1, axis2=2)[shared]
    told = np.isfinite(variances).any(axis=0)
    return tuple(name for name, known in zip(evidence.variables, told, strict=True) if not known)


def check_units(fit: Fit) -> None:
    """Refuse effects in the data's units where nobody shared these."""
    if lacking := variables_without_unit(fit):
        whose = "this evidence" if len(lacking) == len(fit.evidence.variables) else ", ".join(lacking)
        raise FitError(
            f"effects in the data's units cannot be told, because nobody shared the units of {whose}: published "
            "figures and correlations have none. Effects in standard deviations can: standardized=True (command line: "
            "without --raw)"
        )


def _check_target(fit: Fit, target: str) -> None:
    if target not in TARGETS:
        raise FitError(
            f"unknown target {target!r}{did_you_mean(str(target), TARGETS) or '.'} Targets: {', '.join(TARGETS)}"
        )
    if refusal := _refusal(fit, target):
        raise FitError(refusal)


def _refusal(fit: Fit, target: str) -> str | None:
    """Why the pooling or the evidence leaves nothing to answer with."""
    if target == "alone" and all(level == "figures" for level in fit.evidence.level.values()):
        return (
            "no organization shared data of its own, only figures were published about them: alone, they have nothing "
            "to say"
        )
    layout = layout_of(fit)
    apart = [block for block, word in fit.pooling.items() if word == "none" and layout.of_block(block)]
    beyond = fit.n_planned - len(fit.organizations)
    if apart and (target in ("typical", "new") or (target == "average" and beyond)):
        unreported = f"the {beyond} organizations that have not reported"
        what = unreported if target == "average" else f"a {target} organization"
        return (
            f"nothing is known of {what}: with pooling 'none' for {' and '.join(apart)} there is no population that it "
            f"could come from; fit with pooling={dict.fromkeys(apart, 'partial')}"
        )
    return None


def _blocks(fit: Fit, layout: Layout, suffix: str) -> list[tuple[list[int], Floats]]:
    """Component numbers and draws of every block whose posterior variable carries ``suffix``."""
    posterior = fit.posterior
    out = []
    for block in BLOCKS:
        name = BLOCK_VARIABLES[block][0] + suffix
        members = layout.of_block(block)
        if members and name in posterior:
            out.append((members, posterior[name].values))
    return out


def _reported(fit: Fit, layout: Layout) -> Floats:
    """Components of the organizations that reported, (chain, draw, J, C)."""
    sizes = fit.posterior.sizes
    u = np.empty((sizes[CHAIN], sizes[DRAW], len(fit.organizations), len(layout.components)))
    for members, values in _blocks(fit, layout, ""):
        u[..., members] = values if values.ndim == 4 else values[:, :, None, :]
    return u


def _alone(fit: Fit) -> Floats:
    """Components of organizations fitted by themselves, (chain, draw, J, C), mirrored so that means are exact.

    nan for organizations that have no data of their own.
    """
    data = fit.tree["constant_data"].to_dataset()
    nothing = np.array([fit.evidence.level.get(name) == "figures" for name in fit.organizations])
    values, vectors = np.linalg.eigh(np.where(nothing[:, None, None], 0.0, data["alone_cov"].values))
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    sizes = fit.posterior.sizes
    n_draw = sizes[CHAIN] * sizes[DRAW]
    rng = np.random.default_rng([fit.seed, _ALONE])
    half = rng.standard_normal((n_draw // 2, *values.shape))
    noise = np.concatenate([half, -half, np.zeros((n_draw % 2, *values.shape))])
    middle = np.where(nothing[:, None], np.nan, data["alone"].values)
    u = middle + np.einsum("jab,djb->dja", root, noise)
    return np.asarray(u).reshape(sizes[CHAIN], sizes[DRAW], *values.shape)


def _drawn(fit: Fit, layout: Layout, count: int, stream: int | None) -> Floats:
    """Components of organizations drawn from the population, (chain, draw, count, C); its centre without a stream."""
    sizes = fit.posterior.sizes
    shape = (sizes[CHAIN], sizes[DRAW], count)
    u = np.empty((*shape, len(layout.components)))
    for members, values in _blocks(fit, layout, ""):
        if values.ndim == 3:
            u[..., members] = values[:, :, None, :]
    for members, values in _blocks(fit, layout, "_mu"):
        u[..., members] = values[:, :, None, :]
    if stream is None:
        return u
    if layout.moderators:
        u += added_by(attributes_of_others(fit, count, new=stream == _NEW), fit, layout)
    rng = np.random.default_rng([fit.seed, stream])
    centre, spread, noise = u, np.zeros_like(u), np.zeros_like(u)
    for members, values in _blocks(fit, layout, "_tau"):
        spread[..., members] = values[:, :, None, :]
        noise[..., members] = rng.standard_normal((*shape, len(members)))
    u = centre + spread * noise
    for _ in range(_MOST_REDRAWS):
        impossible = ~possible(layout, u)
        if not impossible.any():
            return u
        u[impossible] = centre[impossible] + spread[impossible] * rng.standard_normal((impossible.sum(), u.shape[-1]))
    raise FitError(
        "organizations drawn from this population nearly always have correlations that cannot occur together with "
        "those that the model sets to 0; free some of the latter"
    )


def _components(fit: Fit, layout: Layout, target: str) -> Floats:
    if target == "organization":
        return _reported(fit, layout)
    if target == "alone":
        return _alone(fit)
    if target == "typical":
        return _drawn(fit, layout, 1, None)
    if target == "new":
        return _drawn(fit, layout, 1, _NEW)
    reported = _reported(fit, layout)
    beyond = fit.n_planned - len(fit.organizations)
    if beyond == 0:
        return reported
    return np.concatenate([reported, _drawn(fit, layout, beyond, _UNREPORTED)], axis=2)


def evaluate(
    fit: Fit,
    target: str,
    function: Callable[[System], Floats],
    denominator: Callable[[System], Floats] | None = None,
    *,
    key: Hashable = None,
    standardized: bool = True,
) -> Floats:
    """Compute ``function`` for a target, (chain, draw, ...); for "organization" and "alone" the third axis is theirs.

    Parameters
    ----------
    fit : Fit
    target : {"organization", "typical", "average", "new", "alone"}
    function : callable
        From a System with axes (draw, organization) to an array with the same leading axes.
    denominator : callable, optional
        Makes the answer a ratio; over several organizations it is the ratio of the averages.
    key : hashable, optional
        What ``function`` and ``denominator`` compute; the answer is then kept for the next time it is asked for.
    standardized : bool
        False for answers in the data's units, which nobody may have shared.

    Raises
    ------
    FitError
        If the target is unknown, the pooling leaves no population to draw from, or the data's units are not known.
    """
    _check_target(fit, target)
    if not standardized:
        check_units(fit)

    def compute() -> Floats:
        if target == "average" and denominator is None and fit.n_planned == len(fit.organizations):
            return evaluate(fit, ORGANIZATION, function, key=key).mean(axis=2)
        return _computed(fit, target, function, denominator)

    return remembered(fit, None if key is None else (target, key), compute)


def _computed(
    fit: Fit, target: str, function: Callable[[System], Floats], denominator: Callable[[System], Floats] | None
) -> Floats:
    layout = layout_of(fit)
    chains = []
    for number, u in enumerate(_components(fit, layout, target)):  # chain by chain, to bound memory
        system = System(layout, u, given_covariances(fit, layout, target, number))
        parts = [part(system) for part in (function, denominator) if part is not None]
        if target == "average":
            parts = [part.mean(axis=1) for part in parts]
        elif target not in PER_ORGANIZATION:
            parts = [part[:, 0] for part in parts]
        if len(parts) == 2:
            with np.errstate(divide="ignore", invalid="ignore"):
                chains.append(parts[0] / parts[1])
        else:
            chains.append(parts[0])
    return np.stack(chains)


def leading_dims(target: str) -> tuple[str, ...]:
    """Dimensions before those of the estimand."""
    return (CHAIN, DRAW, ORGANIZATION) if target in PER_ORGANIZATION else (CHAIN, DRAW)


def leading_coords(fit: Fit, target: str) -> dict[str, object]:
    """Coordinates of the leading dimensions."""
    posterior = fit.posterior
    coords: dict[str, object] = {CHAIN: posterior[CHAIN].values, DRAW: posterior[DRAW].values}
    if target in PER_ORGANIZATION:
        coords[ORGANIZATION] = list(fit.organizations)
    return coords


def labelled(
    fit: Fit,
    target: str,
    values: Floats,
    dims: tuple[str, ...],
    coords: dict[str, object],
    *,
    name: str,
    long_name: str,
    units: str,
) -> xr.DataArray:
    """An estimand's draws with dims, coordinates, units and what they are."""
    return xr.DataArray(
        values,
        dims=(*leading_dims(target), *dims),
        coords={**leading_coords(fit, target), **coords},
        name=name,
        attrs={"long_name": long_name, "units": units, "estimand": name, "target": target},
    )
