"""ChoiceCounts: how many respondents gave each answer, for each covariate pattern of each organization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bayescx._html import heading, table
from bayescx.choices.checks import notes_of, separated_in, term_problems
from bayescx.choices.equation import Equation, equation_of
from bayescx.choices.reading import Tabulated, category_names, tabulated_rows, tabulated_table
from bayescx.errors import EvidenceError
from bayescx.evidence.arguments import planned_problems, whole_number_problems
from bayescx.evidence.findings import listing, on_one_screen, printable
from bayescx.rates.reading import category_problems
from bayescx.spec import PathModel

if TYPE_CHECKING:
    import os

    import pandas as pd

__all__ = ["ChoiceCounts"]

Floats = NDArray[np.float64]
_MANY = 0.9
"""Patterns per respondent from which on merging saves nothing."""


@dataclass(frozen=True, eq=False)
class ChoiceCounts:
    """Answers of an ordered outcome by organization and covariate pattern; checked when it is made.

    Attributes
    ----------
    equation : Equation
        The outcome and its K terms.
    organizations : tuple of str, length J
    categories : tuple of str, length C
        Two or more, from the lowest to the highest.
    organization : array of int, shape (P,)
        The place of each pattern's organization, ascending.
    x : array, shape (P, K)
        Patterns, in the data's units; no two of one organization are equal.
    answers : array of int, shape (P, C)
        Respondents.
    spread : array, shape (K,)
        Pooled SD within organizations of each term's variable (of hinges: the variable that has the knot).
    n_planned : int
        Organizations planned, at least J: what the target "average" averages over.
    missing : mapping of str to int
        Respondents of each organization who left something out that the model needs; they are not counted.
    unassigned : int
        Respondents of no organization.

    Raises
    ------
    EvidenceError
        With everything that is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame(
    ...     {"shop": list("aaaabbbb"), "effort": [1, 1, 3, 4, 2, 3, 3, 5], "after": list("snsnsnnn")}
    ... )
    >>> counts = ChoiceCounts.from_rows(rows, "after ~ effort", organization="shop", categories=["n", "s"])
    >>> counts
    ChoiceCounts(2 of 2 organizations, 8 answers in 6 patterns of 1 term: n, s)
    """

    equation: Equation
    organizations: tuple[str, ...]
    categories: tuple[str, ...]
    organization: NDArray[np.intp] = field(repr=False)
    x: Floats = field(repr=False)
    answers: NDArray[np.int64] = field(repr=False)
    spread: Floats = field(repr=False)
    n_planned: int
    missing: Mapping[str, int] = field(default_factory=dict)
    unassigned: int = 0

    def __post_init__(self) -> None:
        problems = category_problems(self.categories) + category_problems(self.organizations, "organizations")
        problems += whole_number_problems(n_planned=self.n_planned)
        if not problems:
            problems += planned_problems(self.n_planned, len(self.organizations))
            problems += self._shape_problems() or term_problems(
                self.equation, self.organizations, self.categories, self.x, self.organization, self.answers, self.spread
            )
        if problems:
            raise EvidenceError("choices", on_one_screen(problems))
        for name in ("organization", "x", "answers", "spread"):
            held = getattr(self, name).copy()
            held.flags.writeable = False
            object.__setattr__(self, name, held)

    def _shape_problems(self) -> list[str]:
        n_org, n_term = len(self.organizations), len(self.equation.terms)
        shapes = {
            "organization": (len(self.x),),
            "x": (len(self.x), n_term),
            "answers": (len(self.x), len(self.categories)),
            "spread": (n_term,),
        }
        problems = [
            f"{name} must have shape {shape}, found {np.shape(getattr(self, name))}"
            for name, shape in shapes.items()
            if np.shape(getattr(self, name)) != shape
        ]
        if problems:
            return problems
        if self.answers.dtype.kind not in "iu" or (self.answers < 0).any() or not self.answers.any(axis=1).all():
            return ["answers must be whole numbers, 0 or above, and each pattern that of somebody"]
        if not np.isfinite(self.x).all():
            return ["covariates must be finite"]
        if not np.array_equal(np.unique(self.organization), np.arange(n_org)) or (np.diff(self.organization) < 0).any():
            return ["organization must ascend and hold every place of an organization"]
        return []

    @classmethod
    def from_rows(
        cls,
        table: pd.DataFrame | str | os.PathLike[str],
        model: PathModel | str,
        *,
        organization: str,
        categories: Sequence[str | float],
        n_planned: int | None = None,
    ) -> Self:
        """Count a table with one row per respondent.

        Parameters
        ----------
        table : DataFrame or path
            A path leads to a CSV or Parquet file.
        model : PathModel or str
            One equation: ``after ~ below(expectations, 4) + above(expectations, 4) + fixed(tenure)``.
        organization : str
            Column of names.
        categories : sequence of str or number
            All answers that there are, from the lowest to the highest.
        n_planned : int, optional
            By default the organizations found.

        Raises
        ------
        ModelError
            If the model is no single equation of observed variables.
        EvidenceError
            With everything that is wrong with the table.
        """
        equation, names = equation_of(model), category_names(categories)
        return cls._of(equation, names, tabulated_rows(table, equation, organization, names), n_planned)

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame | str | os.PathLike[str],
        model: PathModel | str,
        *,
        organization: str,
        categories: Sequence[str | float],
        n_planned: int | None = None,
    ) -> Self:
        """Read counts: one row per organization and covariate pattern, one column per category.

        Parameters
        ----------
        table : DataFrame or path
        model : PathModel or str
        organization : str
            Column of names.
        categories : sequence of str or number
            Columns of counts, from the lowest answer to the highest.
        n_planned : int, optional
            By default the organizations found.

        Raises
        ------
        ModelError
            If the model is no single equation of observed variables.
        EvidenceError
            With everything that is wrong with the table.

        Examples
        --------
        >>> import pandas as pd
        >>> counted = {"shop": list("aabb"), "effort": [1, 2, 1, 2], "leave": [2, 5, 0, 4], "stay": [9, 8, 7, 6]}
        >>> ChoiceCounts.from_table(
        ...     pd.DataFrame(counted), "choice ~ effort", organization="shop", categories=["leave", "stay"], n_planned=9
        ... )
        ChoiceCounts(2 of 9 organizations, 41 answers in 4 patterns of 1 term: leave, stay)
        """
        equation, names = equation_of(model), category_names(categories)
        return cls._of(equation, names, tabulated_table(table, equation, organization, names), n_planned)

    @classmethod
    def _of(cls, equation: Equation, categories: tuple[str, ...], found: Tabulated, n_planned: int | None) -> Self:
        planned = len(found.organizations) if n_planned is None else n_planned
        return cls(
            equation, found.organizations, categories, found.organization, found.x, found.answers, found.spread,
            planned, found.missing, found.unassigned,
        )  # fmt: skip

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms, in the model's order."""
        return self.equation.terms

    @cached_property
    def n_obs(self) -> NDArray[np.int64]:
        """Respondents of each organization, (J,)."""
        out = np.zeros(len(self.organizations), dtype=np.int64)
        np.add.at(out, self.organization, self.answers.sum(axis=1))
        return out

    @cached_property
    def centre(self) -> Floats:
        """Mean of each term over all respondents, (K,): where thresholds are pooled."""
        return np.asarray(np.average(self.x, axis=0, weights=self.answers.sum(axis=1)))

    @cached_property
    def start(self) -> NDArray[np.intp]:
        """Where the patterns of each organization begin, and the last of them end, (J + 1,)."""
        return np.searchsorted(self.organization, np.arange(len(self.organizations) + 1))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing and no error: empty categories and levels, separation in single organizations."""
        about = self.organizations, self.categories, self.x, self.organization, self.answers, self.spread
        said = notes_of(self.equation, *about)
        if lost := sum(self.missing.values()):
            names = listing([f"{printable(name)} {n:,}" for name, n in self.missing.items()])
            said.append(f"{lost:,} respondents left out an answer that the model needs and are not counted: {names}")
        if self.unassigned:
            said.append(f"{self.unassigned:,} respondents of no organization are not counted")
        if len(self.x) > _MANY * self.n_obs.sum():
            said.append(
                f"nearly every respondent has a covariate pattern of their own ({len(self.x):,} of "
                f"{self.n_obs.sum():,}): sampling takes as long as row by row; coarser covariates would make it faster"
            )
        return tuple(said)

    @cached_property
    def separated(self) -> tuple[str, ...]:
        """Pooled terms whose slopes the answers of single organizations do not bound, with these organizations."""
        about = self.organizations, self.x, self.organization, self.answers, self.spread
        return tuple(separated_in(self.equation, *about))

    def __repr__(self) -> str:
        return f"ChoiceCounts({self._said})"

    @property
    def _said(self) -> str:
        total, n_term = int(self.n_obs.sum()), len(self.terms)
        size = f"{len(self.organizations)} of {self.n_planned} organizations, {total:,} answers"
        as_many = " (as many as respondents)" if len(self.x) == total else ""
        patterns = f"in {len(self.x):,} patterns{as_many} of {n_term} term{'s' if n_term > 1 else ''}"
        left_out = sum(self.missing.values())
        lost = f"; {left_out:,} incomplete" if left_out else ""
        nameless = f"; {self.unassigned:,} without an organization" if self.unassigned else ""
        return f"{size} {patterns}: {listing([printable(one) for one in self.categories], 8)}{lost}{nameless}"

    def _repr_html_(self) -> str:
        """Return the counts by organization, and what is worth knowing, for notebooks."""
        totals = np.add.reduceat(self.answers, self.start[:-1], axis=0)
        patterns = np.diff(self.start)
        rows = [
            [name, *(f"{count:,}" for count in totals[j].tolist()), f"{patterns[j]:,}"]
            for j, name in enumerate(self.organizations)
        ]
        said = table([], [[note] for note in self.notes]) if self.notes else ""
        return heading(self._said) + table(["organization", *self.categories, "patterns"], rows) + said
