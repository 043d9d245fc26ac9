"""Terms of published figures as the kernel's arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bayescx.evidence import Matched
from bayescx.kernel.figures import Figures
from bayescx.kernel.statistics import R_SQUARED
from bayescx.model.figures import Term, member_log_n
from bayescx.model.flat import floats, ints, starts
from bayescx.model.layout import Layout

__all__ = ["UNIT_SD", "FigureSet", "UnknownSize"]

UNIT_SD = 0.25
"""How closely a construct's mean variance is 1, as SD of its logarithm: on the common scale it is so for data."""
_LEAST_SIGN_WIDTH = 0.02  # a sign seen more closely would be a wall to the sampler


@dataclass(frozen=True)
class UnknownSize:
    """A sample whose size was published as a range; log of one member's part is ``log_n`` + ``log_n_sd`` * N(0, 1)."""

    organizations: tuple[str, ...]
    log_n: float
    log_n_sd: float


@dataclass(frozen=True)
class FigureSet:
    """The terms that inform one posterior.

    Attributes
    ----------
    terms : tuple of Term
        Sorted by group: terms that share organizations err together.
    members : tuple of str
        Organizations known by figures only.
    organizations : tuple of str
        All J of the evidence.
    log_n : mapping
        Log of each member's respondents: the most that a figure counts which is evidence, or else one to check.
    """

    terms: tuple[Term, ...]
    members: tuple[str, ...]
    organizations: tuple[str, ...]
    log_n: Mapping[str, float]

    @classmethod
    def of(cls, terms: Sequence[Term], matched: Matched) -> FigureSet:
        """Group terms by the samples that they speak of."""
        groups = _connected([set(term.members) for term in terms])
        members = tuple(name for name in matched.organizations if matched.level.get(name) == "figures")
        told = [(term.members, term.log_n) for term in terms]
        checked = [(one.organizations, member_log_n(one)[0]) for one in matched.published if one.use == "check"]
        log_n = _greatest(checked) | _greatest(told)
        return cls(tuple(terms[t] for group in groups for t in group), members, matched.organizations, log_n)

    @cached_property
    def group_sizes(self) -> list[int]:
        """Number of terms of each group."""
        return [len(group) for group in _connected([set(term.members) for term in self.terms])]

    @cached_property
    def unknown_sizes(self) -> tuple[UnknownSize, ...]:
        """Samples whose size is a free number, each once."""
        first = {term.sample: term for term in reversed(self.terms)}
        samples = dict.fromkeys(term.sample for term in self.terms)
        found = {
            key: UnknownSize(first[key].figure.organizations, first[key].log_n, first[key].log_n_sd) for key in samples
        }
        return tuple(size for size in found.values() if size.log_n_sd > 0)

    @cached_property
    def sign_width(self) -> dict[str, float]:
        """How closely a member's declared signs were seen: the SD of a standardized estimate, 1 / sqrt(n)."""
        widths = {name: float(np.exp(-0.5 * self.log_n[name])) for name in self.members}
        return {name: max(_LEAST_SIGN_WIDTH, width) for name, width in widths.items()}

    def arrays(self, layout: Layout, signs: Mapping[int, int], *, only_figures: bool) -> Figures:
        """What the compiled density reads.

        ``signs`` are those of path components that members have of their own. Where ``only_figures`` speak, nothing
        else says what the common scale is.
        """
        slot = {name: q for q, name in enumerate(self.members)}
        size = {term.sample: -1 for term in self.terms}
        samples = [key for key, term in {term.sample: term for term in self.terms}.items() if term.log_n_sd > 0]
        size |= {key: k for k, key in enumerate(samples)}
        terms, atoms = self.terms, [atom for term in self.terms for atom in term.atoms]
        return Figures(
            member=ints(self.organizations.index(name) for name in self.members),
            unit_precision=np.array([UNIT_SD**-2 if only_figures else 0.0]),
            signed=ints(signs),
            sign=floats(signs.values()),
            sign_width=floats(self.sign_width[name] for name in self.members),
            firm=self.firm(layout, list(signs)),
            sizes=ints(range(len(samples))),
            group_start=starts(self.group_sizes),
            share_start=starts([len(term.members) for term in terms]),
            share_slot=ints(slot[name] for term in terms for name in term.members),
            share_weight=floats(w for term in terms for w in term.weights),
            probit=ints(term.is_sign for term in terms),
            pooled=ints(term.is_pooled for term in terms),
            constant=floats(term.constant for term in terms),
            denominator_constant=floats(term.denominator_constant for term in terms),
            rounding=floats(term.rounding for term in terms),
            size_extra=ints(size[term.sample] for term in terms),
            log_n=floats(term.log_n for term in terms),
            log_n_sd=floats(term.log_n_sd for term in terms),
            atom_start=starts([len(term.atoms) for term in terms]),
            atom_code=ints(atom.code for atom in atoms),
            atom_row=ints(atom.row for atom in atoms),
            atom_column=ints(atom.column for atom in atoms),
            atom_contrast=floats(atom.contrast for atom in atoms),
            atom_denominator=floats(atom.denominator for atom in atoms),
        )

    def firm(self, layout: Layout, components: Sequence[int]) -> NDArray[np.int64]:
        """Where a published R-squared of a path's sole cause keeps the path away from 0, (members, components).

        In a set the others could make up for a member without any, unless all of them together cannot reach the figure.
        """
        rows = [entry.row for entry in layout.paths]
        sole = {entry.component: entry.row for entry in layout.paths if rows.count(entry.row) == 1}
        explained = {
            (name, term.atoms[0].row)
            for term in self.terms
            for name, weight in zip(term.members, term.weights, strict=True)
            if [atom.code for atom in term.atoms] == [R_SQUARED]
            and not (term.is_sign or term.is_pooled)
            and term.constant > sum(term.weights) - weight
        }
        firm = [[(name, sole.get(c, -1)) in explained for c in components] for name in self.members]
        return np.array(firm, dtype=np.int64).reshape(len(self.members), len(components))


def _greatest(sizes: Sequence[tuple[Sequence[str], float]]) -> dict[str, float]:
    """The greatest log n of each organization."""
    out: dict[str, float] = {}
    for names, log_n in sizes:
        out |= {name: max(out.get(name, log_n), log_n) for name in names}
    return out


def _connected(sets: Sequence[set[str]]) -> list[list[int]]:
    """Positions of sets that are linked by common elements, in order."""
    groups: list[tuple[set[str], list[int]]] = []
    for t, names in enumerate(sets):
        joined = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not any(group is one for one in joined)]
        groups.append((names.union(*(one[0] for one in joined)), sorted([t, *(i for one in joined for i in one[1])])))
    return [group[1] for group in sorted(groups, key=lambda group: group[1][0])]
