"""Paths that depend on what organizations are: the arrays of the density, and where sampling starts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import ModelError, PriorError
from bayescx.evidence import Matched
from bayescx.kernel import problem
from bayescx.kernel.priors import encode
from bayescx.model.component_priors import moderator_priors
from bayescx.model.layout import Layout
from bayescx.model.moderator_entries import ModeratorEntry
from bayescx.priors import Prior, Priors

__all__ = ["check_moderators", "moderation_arrays", "moderators_of", "without_moderators"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def check_moderators(layout: Layout, matched: Matched, signs: Sequence[int]) -> None:
    """Refuse moderators where the posterior has no form for them; ``signs`` lists components of declared sign.

    Raises
    ------
    ModelError
        Organizations are known by published figures only, or the sign of a moderated path is declared.
    """
    if not layout.moderators:
        return
    first = layout.moderators[0].name
    figures = [name for name in matched.organizations if matched.level.get(name) == "figures"]
    problems = [
        f"{name} is known by published figures only, which say nothing of how paths depend on attributes ({first}); "
        "leave the figures about it out, those to be checked too"
        for name in figures
    ]
    signed = {entry.component for entry in layout.moderators if entry.component in signs}
    problems += [
        f"the sign of {layout.components[c].name} is declared, but with moderators it may differ between "
        "organizations: declare no sign, or take the attributes out of pool(…)"
        for c in sorted(signed)
    ]
    if problems:
        raise ModelError("moderators", problems)


def moderators_of(layout: Layout, population: Sequence[int]) -> tuple[ModeratorEntry, ...]:
    """Moderators in the order of the populations whose means they move."""
    return tuple(one for c in population for one in layout.moderators if one.component == c)


def moderation_arrays(
    layout: Layout, population: Sequence[int], priors: Priors, attributes: Floats | None, told_row: Ints
) -> problem.Moderation:
    """What the compiled density reads of moderators."""
    moderators = moderators_of(layout, population)
    if not moderators or attributes is None:
        return problem.Moderation.nothing(len(population), len(told_row))
    by_name = dict(zip((one.name for one in layout.moderators), moderator_priors(layout, priors), strict=True))
    chosen = [by_name[one.name] for one in moderators]
    counts = [sum(one.component == c for one in moderators) for c in population]
    codes, numbers = zip(*(_encoded(prior) for prior in chosen), strict=True)
    return problem.Moderation(
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        column=np.array([one.column for one in moderators], dtype=np.int64),
        centre=np.array([_location(prior) for prior in chosen]),
        scale=np.array([_spread(prior) for prior in chosen]),
        family=np.array(codes, dtype=np.int64),
        parameters=np.array(numbers, dtype=np.float64).reshape(-1, 4),
        covariate=attributes,
        told_row=told_row,
    )


def without_moderators(layout: Layout, population: Sequence[int], values: Floats, attributes: Floats | None) -> Floats:
    """Own estimates (J, populations) less what least squares ascribes to moderators; nan where there is none."""
    out = values.copy()
    for k, c in enumerate(population):
        columns = [one.column for one in layout.moderators if one.component == c]
        told = np.isfinite(values[:, k])
        if not columns or attributes is None or told.sum() <= len(columns) + 1:
            continue
        design = np.column_stack([np.ones(told.sum()), attributes[told][:, columns]])
        found = np.linalg.lstsq(design, values[told, k])[0]
        out[told, k] -= design[:, 1:] @ found[1:]
    return out


def _location(prior: Prior) -> float:
    return prior.parameters.get("mu", prior.parameters.get("alpha", 0.0))


def _spread(prior: Prior) -> float:
    return next(prior.parameters[key] for key in ("sigma", "s", "b", "beta") if key in prior.parameters)


def _encoded(prior: Prior) -> tuple[int, tuple[float, ...]]:
    known = encode(prior.name, prior.parameters)
    if known is None:
        raise PriorError(f'{prior} is no prior of a moderator that engine="kernel" knows; use one such as Normal')
    return known
