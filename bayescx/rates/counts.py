"""Counts: how many respondents of each organization and group gave each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from bayescx._html import heading, table
from bayescx.errors import EvidenceError
from bayescx.evidence.arguments import planned_problems, whole_number_problems
from bayescx.evidence.findings import listing, on_one_screen, printable, shortened
from bayescx.rates.reading import Tabulated, category_problems, category_texts, tabulated_rows, tabulated_table

if TYPE_CHECKING:
    import os

    import pandas as pd

__all__ = ["Counts"]

_TOO_MANY = 10**12


@dataclass(frozen=True, eq=False)
class Counts:
    """How many respondents gave each category of an outcome, by organization and group; checked when it is made.

    Attributes
    ----------
    organizations : tuple of str, length J
    groups : tuple of str, length G
        Such as "satisfied" and "dissatisfied"; one, named "", where respondents are not told apart.
    categories : tuple of str, length C
        Two or more, in the order that splits follow by default.
    answers : array of int, shape (J, G, C)
        Respondents. An organization may have none in a group, and a category may be zero.
    n_planned : int
        Organizations planned, at least J: what the target "average" averages over.
    missing : mapping of str to int
        Respondents of each organization who gave no answer or belong to no group; they are not counted.
    unassigned : int
        Rows that name no organization.
    simulated : bool
        Whether a program made the answers: reports then say so.

    Raises
    ------
    EvidenceError
        With everything that is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"organization": ["north", "south"], "stays": [180, 33], "leaves": [60, 0]})
    >>> Counts.from_table(frame, organization="organization", n_planned=10)
    Counts(2 of 10 organizations, 273 answers: stays, leaves)
    """

    organizations: tuple[str, ...]
    groups: tuple[str, ...]
    categories: tuple[str, ...]
    answers: NDArray[np.int64] = field(repr=False)
    n_planned: int
    missing: Mapping[str, int] = field(default_factory=dict)
    unassigned: int = 0
    simulated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "categories", category_texts(self.categories))
        problems = category_problems(self.categories)
        problems += category_problems(self.groups, "groups") if tuple(self.groups) != ("",) else []
        problems += category_problems(self.organizations, "organizations")
        problems += whole_number_problems(n_planned=self.n_planned)
        if not problems:
            problems += planned_problems(self.n_planned, len(self.organizations))
            problems += self._answer_problems()
        if problems:
            raise EvidenceError("counts", on_one_screen(problems))
        for name in ("organizations", "groups", "categories"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        answers = np.array(self.answers, dtype=np.int64)
        answers.flags.writeable = False
        object.__setattr__(self, "answers", answers)
        object.__setattr__(self, "n_planned", int(self.n_planned))

    def _answer_problems(self) -> list[str]:
        shape = (len(self.organizations), len(self.groups), len(self.categories))
        found = np.asarray(self.answers)
        if found.shape != shape:
            return [f"answers must have shape {shape} (organization, group, category), found {found.shape}"]
        if found.dtype.kind not in "iu" and not (found.dtype.kind == "f" and (found == np.floor(found)).all()):
            return ["answers must be whole numbers"]
        if (found >= _TOO_MANY).any():
            return [f"answers must be counts of respondents, below {_TOO_MANY:,}, found {found.max():g}"]
        negative = (found < 0).any(axis=(1, 2))
        names = [shortened(printable(name), 40) for name in self.organizations]
        if negative.any():
            return [f"negative counts: {listing([names[j] for j in np.flatnonzero(negative)])}"]
        nobody = [names[j] for j in np.flatnonzero(found.sum(axis=(1, 2)) == 0)]
        advice = "leave it out: n_planned counts those that have not reported"
        return [f"an organization without a single answer: {listing(nobody)}; {advice}"] if nobody else []

    @classmethod
    def from_rows(
        cls,
        table: pd.DataFrame | str | os.PathLike[str],
        *,
        organization: str,
        outcome: str,
        groups: str | None = None,
        categories: Sequence[str] | None = None,
        n_planned: int | None = None,
        simulated: bool = False,
        group_names: Sequence[str] | None = None,
    ) -> Self:
        """Count a table with one row per respondent.

        Parameters
        ----------
        table : DataFrame or path
            A path leads to a CSV or Parquet file.
        organization, outcome : str
            Columns: who was asked about, and what was answered.
        groups : str, optional
            Column that tells groups of respondents apart.
        categories : sequence of str, optional
            All answers there are, in order; an answer named here is never taken for a missing one, be it "none". By
            default those found: in the order of an ordered column, numbers by
            size, text by the alphabet; then an answer that only one organization has is refused as a slip.
        n_planned : int, optional
            By default the organizations found.
        simulated : bool
            A program made the answers.
        group_names : sequence of str, optional
            All groups there are, in order; by default those found.

        Raises
        ------
        EvidenceError
            With everything that is wrong with the table.

        Examples
        --------
        >>> import pandas as pd
        >>> rows = pd.DataFrame({"shop": ["a", "a", "b", "b"], "intent": ["stay", "leave", "stay", None]})
        >>> Counts.from_rows(rows, organization="shop", outcome="intent", categories=["leave", "stay"])
        Counts(2 of 2 organizations, 3 answers: leave, stay; 1 without an answer)
        """
        found = tabulated_rows(table, organization, outcome, groups, categories, group_names)
        return cls._of(found, n_planned, simulated=simulated)

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame | str | os.PathLike[str],
        *,
        organization: str,
        groups: str | None = None,
        categories: Sequence[str] | None = None,
        n_planned: int | None = None,
        simulated: bool = False,
        group_names: Sequence[str] | None = None,
    ) -> Self:
        """Read counts: one row per organization (and group), one column per category.

        Parameters
        ----------
        table : DataFrame or path
        organization : str
            Column of names.
        groups : str, optional
            Column of groups. An organization without a row for a group has nobody in it.
        categories : sequence of str, optional
            Columns that hold counts; by default all others, in the order of the table.
        n_planned : int, optional
            By default the organizations found.
        simulated : bool
            A program made the answers.
        group_names : sequence of str, optional
            All groups there are, in order; by default those found.

        Raises
        ------
        EvidenceError
            With everything that is wrong with the table.
        """
        found = tabulated_table(table, organization, groups, categories, group_names)
        return cls._of(found, n_planned, simulated=simulated)

    @classmethod
    def empty(cls, categories: Sequence[str], *, groups: Sequence[str] = ("",), n_planned: int = 1) -> Self:
        """Counts of no organization: of these categories only published shares are known.

        Examples
        --------
        >>> Counts.empty(["exceeded", "met", "missed"], n_planned=10)
        Counts(0 of 10 organizations, 0 answers: exceeded, met, missed)
        """
        lists = [one if isinstance(one, str) else tuple(one) for one in (groups, categories)]
        shape = (0, len(lists[0]), len(lists[1]))
        return cls((), lists[0], lists[1], np.zeros(shape, dtype=np.int64), n_planned)  # type: ignore[arg-type]

    @classmethod
    def _of(cls, found: Tabulated, n_planned: int | None, *, simulated: bool) -> Self:
        problems = []
        for g, group in enumerate(found.groups):
            if not found.answers[:, g].sum():
                which = f"group {shortened(printable(group), 40)!r}: " if group else ""
                problems.append(f"{which}nobody gave an answer")
        if problems:
            raise EvidenceError("counts", on_one_screen(problems))
        planned = len(found.organizations) if n_planned is None else n_planned
        return cls(
            found.organizations, found.groups, found.categories, found.answers, planned, found.missing,
            found.unassigned, simulated,
        )  # fmt: skip

    @property
    def n_obs(self) -> NDArray[np.int64]:
        """Answers of each organization in each group, (J, G)."""
        return np.asarray(self.answers.sum(axis=2))

    def __repr__(self) -> str:
        return f"Counts({self._said()})"

    def _said(self) -> str:
        size = f"{len(self.organizations)} of {self.n_planned} organizations, {int(self.answers.sum()):,} answers"
        groups = f" in {len(self.groups)} groups" if len(self.groups) > 1 else ""
        left_out = sum(self.missing.values())
        lost = f"; {left_out:,} without an answer" if left_out else ""
        nameless = f"; {self.unassigned:,} without an organization" if self.unassigned else ""
        simulated = "; simulated" if self.simulated else ""
        return f"{size}{groups}: {listing([printable(one) for one in self.categories], 8)}{lost}{nameless}{simulated}"

    def _repr_html_(self) -> str:
        """Return the counts as a table, for notebooks."""
        head = ["organization", *(["group"] if self.groups != ("",) else []), *self.categories]
        rows = []
        for j, name in enumerate(self.organizations):
            for g, group in enumerate(self.groups):
                cells = [f"{count:,}" for count in self.answers[j, g].tolist()]
                rows.append([name, *([group] if self.groups != ("",) else []), *cells])
        return heading(self._said()) + table(head, rows)
