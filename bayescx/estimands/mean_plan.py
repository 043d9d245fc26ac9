"""Which constructs can be compared in which organizations, and their means as the sampler takes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.estimands.mean_evidence import SharedMeans
from bayescx.estimands.mean_groups import Group, groups_of
from bayescx.estimands.mean_structure import Block, contrasts, normal_equations
from bayescx.model import matrices
from bayescx.model.layout import Layout

__all__ = ["Plan", "plan_of"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_LEAST_OWN = 1e-12  # sampling variance of an item without error: matrices stay invertible
_SINGULAR = 1e-9


@dataclass(frozen=True)
class Plan:
    """Which constructs and items are compared.

    Attributes
    ----------
    layout : Layout
    shared : SharedMeans
    groups : tuple of (Group, list of int)
        Each with the organizations that can tell its constructs.
    not_compared : dict
        The constructs of no group, each with the reason.
    given : array (J, e, e) or None
        Covariances of exogenous variables that the model takes as they were observed.
    """

    layout: Layout
    shared: SharedMeans
    groups: tuple[tuple[Group, list[int]], ...]
    not_compared: dict[str, str]
    given: Floats | None = None

    @cached_property
    def constructs(self) -> tuple[int, ...]:
        """Constructs compared (m), by position in the layout."""
        return tuple(sorted(c for group, _ in self.groups for c in group.constructs))

    @cached_property
    def factors(self) -> list[int]:
        """Those with items, as the groups list them, by position among ``constructs``."""
        return [i for group, _ in self.groups if not group.is_direct for i in self.columns(group)]

    @cached_property
    def items(self) -> tuple[int, ...]:
        """Their items (q), by position in the layout."""
        return tuple(sorted(k for group, _ in self.groups if not group.is_direct for k in group.variables))

    @cached_property
    def takes_part(self) -> Bools:
        """Which organization takes part in the comparison of which construct, (J, m)."""
        out = np.zeros((len(self.shared.organizations), len(self.constructs)), dtype=bool)
        for group, members in self.groups:
            out[np.ix_(members, self.columns(group))] = True
        return out

    @cached_property
    def belongs(self) -> Bools:
        """Which variable measures which construct, (p, m)."""
        out = np.zeros((len(self.layout.variables), len(self.constructs)), dtype=bool)
        for entry in self.layout.loadings:
            if entry.column in self.constructs:
                out[entry.row, self.constructs.index(entry.column)] = True
        return out

    @cached_property
    def sampling(self) -> Floats:
        """What the constructs' covariances are times to be those of their means over who answered, (J, m, m)."""
        both = self.shared.counts(self.belongs) * (self.takes_part[:, :, None] & self.takes_part[:, None, :])
        n = np.diagonal(both, axis1=1, axis2=2)
        n = np.where(n > 0, n, 1.0)
        return np.asarray(both / (n[:, :, None] * n[:, None, :]))

    @cached_property
    def counts(self) -> Floats:
        """Answers to each variable, (J, p)."""
        each = self.shared.counts(np.eye(len(self.layout.variables), dtype=bool))
        return np.diagonal(each, axis1=1, axis2=2)

    def columns(self, group: Group) -> list[int]:
        """Constructs of a group by position among those compared."""
        return [self.constructs.index(c) for c in group.constructs]

    def block(self, group: Group, members: list[int], u: Floats) -> Block:
        """Means and what draws u (S, J, C) say of them."""
        variables, constructs = list(group.variables), list(group.constructs)
        u = u[:, members]
        mean = self.shared.mean[members][:, variables]
        answered = np.isfinite(mean)
        counts = np.where(answered, self.counts[members][:, variables], 1.0)
        cells = self.layout.theta_cells[np.ix_(variables, variables)]
        errors = matrices.residual_covariance(u, [self.layout.theta[k] for k in variables], cells)
        own, tied = np.diagonal(errors, axis1=-2, axis2=-1) / counts, None
        if (cells >= 0).any():
            own, tied = _parted(errors, counts, answered)
        loadings = matrices.loading_matrix(self.layout, u)[..., variables, :][..., constructs]
        return Block(np.where(answered, mean, 0.0), answered, loadings, np.maximum(own, _LEAST_OWN), tied)


def plan_of(layout: Layout, shared: SharedMeans, given: Floats | None = None) -> Plan:
    """Find who can be compared on what; ``given`` as of the plan.

    Raises
    ------
    FitError
        If nothing can.
    """
    groups = []
    why = dict.fromkeys(range(len(layout.constructs)), "it has no item of its own, only factors")
    coded = set(layout.model.coded)
    for group in groups_of(layout):
        if any(layout.constructs[c] in coded for c in group.constructs):
            why |= dict.fromkeys(group.constructs, "it is coded from another variable")
            continue
        members, reason = _members(layout, group, shared)
        if reason:
            why |= dict.fromkeys(group.constructs, reason)
        else:
            groups.append((group, members))
            for construct in group.constructs:
                del why[construct]
    not_compared = {layout.constructs[construct]: reason for construct, reason in why.items()}
    if not groups:
        listed = "; ".join(f"{name}: {reason}" for name, reason in not_compared.items())
        raise FitError(f"no construct has means that could be compared. {listed}")
    return Plan(layout, shared, tuple(groups), not_compared, given)


def _members(layout: Layout, group: Group, shared: SharedMeans) -> tuple[list[int], str]:
    """Organizations that can be compared on a group, or why none can, told by loadings that are nothing special."""
    count = len(shared.organizations)
    u = 1.0 + 0.1 * np.random.default_rng(0).standard_normal((count, len(layout.components)))
    loadings = matrices.loading_matrix(layout, u)[:, list(group.variables)][..., list(group.constructs)]
    there = np.isfinite(shared.mean[:, list(group.variables)])
    able = np.linalg.matrix_rank(loadings * there[..., None]) == len(group.constructs)
    if able.sum() < 2:
        return [], "fewer than two organizations shared means of what measures it"
    if not _is_linked(loadings[able], there[able]):
        return [], "organizations have too few items in common"
    return np.flatnonzero(able).tolist(), ""


def _is_linked(loadings: Floats, there: Bools) -> bool:
    """Whether items that organizations have in common join them all."""
    information, _, _ = normal_equations(loadings[None], there[None].astype(float), np.zeros((1, *there.shape)))
    basis = np.kron(contrasts(len(loadings)), np.eye(loadings.shape[-1]))
    values = np.linalg.eigvalsh(basis.T @ information[0] @ basis)
    return bool(values[0] > _SINGULAR * values[-1])


def _parted(errors: Floats, counts: Floats, answered: Bools) -> tuple[Floats, Floats]:
    """Sampling covariance of errors as a diagonal part (S, J, p), as large as can be, and the rest (S, J, p, p)."""
    sd = np.sqrt(np.maximum(np.diagonal(errors, axis1=-2, axis2=-1), _LEAST_OWN))
    least = np.linalg.eigvalsh(errors / (sd[..., :, None] * sd[..., None, :]))[..., 0]
    own = np.clip(least, 0.0, 1.0)[..., None] * sd**2
    rest = errors - own[..., None] * np.eye(sd.shape[-1])
    there = np.where(answered, 1.0 / np.sqrt(counts), 0.0)
    return own / counts, np.asarray(rest * (there[:, :, None] * there[:, None, :]))
