"""Which components published figures anchor, and how firmly (see ``kernel.anchors``): it steers, no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bayescx.kernel.anchors import POOLED, SHARED, SHARED_LOG, Anchors
from bayescx.kernel.statistics import PATH, R_SQUARED
from bayescx.model.figures import Term
from bayescx.model.flat import floats, ints, starts
from bayescx.model.layout import Layout

__all__ = ["Anchor", "anchor_arrays", "choose_anchors"]

_EDGE = 1e-6  # an R-squared closer to 0 or 1 is met by no residual SD
_LOG_CENTRE, _LOG_PRECISION = -1.2, 1.0  # of a path whose sign is declared: about 0.3, within a factor of e
_TYPICAL_PATH = 0.25
_TYPICAL_UNEXPLAINED = 0.4


@dataclass(frozen=True)
class Anchor:
    """One anchored component; ``weights`` (entry, contrast) and ``entry`` only for a ratio of paths."""

    is_ratio: bool
    mode: int
    equation: int
    component: int
    multiplier: float
    sign: float
    target: float
    precision: float
    members: tuple[str, ...]
    member_weights: tuple[float, ...]
    weights: tuple[tuple[int, float], ...] = ()
    entry: int = -1


@dataclass
class _Chosen:
    layout: Layout
    only_figures: bool
    signs: dict[int, int]
    anchors: list[Anchor] = field(default_factory=list)
    taken: set[tuple[int, str]] = field(default_factory=set)

    def mode(self, component: int) -> int | None:
        """How a component can be anchored, if it can."""
        kind = self.layout.kinds[component]
        if kind == "partial":
            return POOLED
        if kind == "none" or not self.only_figures:  # what others share is known better from their data
            return None
        return SHARED_LOG if component in self.signs else SHARED

    def add(self, anchor: Anchor) -> None:
        """Keep an anchor unless a member's component is anchored already."""
        shared = anchor.mode != POOLED
        keys = {(anchor.component, "" if shared else name) for name in anchor.members}
        if not keys & self.taken:
            self.anchors.append(anchor)
            self.taken |= keys


def choose_anchors(
    layout: Layout, terms: Sequence[Term], *, only_figures: bool, signs: dict[int, int]
) -> tuple[Anchor, ...]:
    """Anchors in the order in which the kernel takes them.

    Parameters
    ----------
    layout : Layout
    terms : sequence of Term
        Those that inform the posterior.
    only_figures : bool
        Whether no organization shared data.
    signs : dict
        Declared sign of each path component whose population has one.
    """
    chosen = _Chosen(layout, only_figures, signs)
    exogenous = set(layout.exogenous)
    if any(i not in exogenous for i, _ in np.argwhere(layout.psi_cells >= 0)):
        return ()  # with residual covariances a residual SD alone does not set R-squared
    for term in sorted(terms, key=lambda term: len(term.members)):
        if not term.is_sign and not term.is_pooled:
            for make in (_of_ratio, _of_r_squared):
                anchor = make(chosen, term)
                if anchor is not None:
                    chosen.add(anchor)
    return tuple(sorted(chosen.anchors, key=lambda anchor: (anchor.equation, not anchor.is_ratio)))


def _alone(layout: Layout, component: int) -> bool:
    """Whether a component stands in one place only."""
    places = [e.component for group in (layout.paths, layout.psi, layout.theta) for e in group]
    return places.count(component) == 1


def _of_r_squared(chosen: _Chosen, term: Term) -> Anchor | None:
    if [atom.code for atom in term.atoms] != [R_SQUARED] or term.is_ratio:
        return None
    i, total = term.atoms[0].row, sum(term.weights)
    sd, target = chosen.layout.psi[i], term.constant / total
    if sd.component < 0 or not _EDGE < target < 1 - _EDGE or not _alone(chosen.layout, sd.component):
        return None
    mode = chosen.mode(sd.component)
    if mode is None:
        return None
    weights = np.array(term.weights) / total
    sampling = (weights**2).sum() * 4 * target * (1 - target) ** 2 * np.exp(-term.log_n)
    spread = np.sqrt(sampling + (term.rounding / total) ** 2) / (2 * target * (1 - target))
    return Anchor(
        False, mode, i, sd.component, sd.value, 1.0, target, float(spread**-2), term.members, term.weights
    )  # fmt: skip


def _of_ratio(chosen: _Chosen, term: Term) -> Anchor | None:
    rows = {atom.row for atom in term.atoms}
    if not term.is_ratio or {atom.code for atom in term.atoms} != {PATH} or len(rows) != 1 or term.denominator_constant:
        return None
    row = rows.pop()
    ordered = sorted(range(len(chosen.layout.paths)), key=lambda e: chosen.layout.paths[e].row)  # as the kernel's
    position = {(chosen.layout.paths[e].row, chosen.layout.paths[e].column): at for at, e in enumerate(ordered)}
    entries = {position[atom.row, atom.column]: atom for atom in term.atoms}
    below = [at for at, atom in entries.items() if atom.denominator]
    at = below[0]
    path, contrast = chosen.layout.paths[ordered[at]], entries[at].contrast
    if len(below) != 1 or path.component < 0 or not _alone(chosen.layout, path.component):
        return None
    mode = chosen.mode(path.component)
    opposite = all(atom.contrast * contrast < 0 for other, atom in entries.items() if other != at)
    alike = all(chosen.signs.get(chosen.layout.paths[ordered[e]].component, 0) > 0 for e in entries)
    if mode is None or (mode == SHARED_LOG and not (opposite and alike)):
        return None
    weights = np.array(term.weights)
    noise = sum(atom.contrast**2 for atom in term.atoms) * _TYPICAL_UNEXPLAINED * np.exp(-term.log_n)
    spread = np.sqrt((weights**2).sum() * noise + (term.rounding * _TYPICAL_PATH) ** 2) / abs(contrast)
    spread /= _TYPICAL_PATH if mode == SHARED_LOG else 1.0
    return Anchor(
        True, mode, row, path.component, path.value, 1.0, term.constant, float(spread**-2), term.members,
        term.weights, tuple((e, atom.contrast) for e, atom in entries.items()), at,
    )  # fmt: skip


class Places(NamedTuple):
    """Where components stand among own, shared and free ones (-1: nowhere)."""

    own: Callable[[int], int]
    population: Callable[[int], int]
    shared: Callable[[int], int]
    free: Callable[[int], int]
    prior: Callable[[int], tuple[float, float]]
    """Location and scale of the prior of a component's centre."""


def anchor_arrays(anchors: Sequence[Anchor], placed: Sequence[int], slots: dict[str, int], places: Places) -> Anchors:
    """What the compiled density reads; ``placed`` are components whose population centre is placed."""
    priors = [
        (_LOG_CENTRE, _LOG_PRECISION**-0.5) if a.mode == SHARED_LOG else places.prior(a.component) for a in anchors
    ]
    before = [places.prior(c) for c in placed]
    equation = {a.component: a.equation for a in anchors}
    return Anchors(
        ratio=ints(a.is_ratio for a in anchors),
        mode=ints(a.mode for a in anchors),
        equation=ints(a.equation for a in anchors),
        component=ints(a.component for a in anchors),
        own=ints(places.own(a.component) for a in anchors),
        population=ints(places.population(a.component) for a in anchors),
        shared=ints(places.shared(a.component) for a in anchors),
        free=ints(places.free(a.component) for a in anchors),
        multiplier=floats(a.multiplier for a in anchors),
        sign=floats(a.sign for a in anchors),
        target=floats(a.target for a in anchors),
        precision=floats(a.precision for a in anchors),
        centre=floats(centre for centre, _ in priors),
        centre_precision=floats(sd**-2 for _, sd in priors),
        member_start=starts([len(a.members) for a in anchors]),
        member_slot=ints(slots[name] for a in anchors for name in a.members),
        member_weight=floats(w for a in anchors for w in a.member_weights),
        term_start=starts([len(a.weights) for a in anchors]),
        term_entry=ints(e for a in anchors for e, _ in a.weights),
        term_weight=floats(w for a in anchors for _, w in a.weights),
        entry=ints(a.entry for a in anchors),
        placed=ints(places.population(c) for c in placed),
        placed_own=ints(places.own(c) for c in placed),
        placed_equation=ints(equation[c] for c in placed),
        placed_centre=floats(centre for centre, _ in before),
        placed_precision=floats(sd**-2 for _, sd in before),
    )
