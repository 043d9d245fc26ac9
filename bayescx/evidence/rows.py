"""Rows of respondents -> moments of each organization, by pattern of missing answers, with every problem located."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bayescx.coding import Coded
from bayescx.errors import EvidenceError
from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.coded import Needed, needed_columns
from bayescx.evidence.columns import MISSING_WORDS, Column, Integers, Sheet, column_finding
from bayescx.evidence.estimates import Estimates, of_answers, of_complete
from bayescx.evidence.findings import Finding, listing, suggestion
from bayescx.evidence.patterns import Pattern

__all__ = [
    "MISSING_WORDS",
    "GroupedRows",
    "OrganizationSample",
    "Sheet",
    "by_organization",
    "missing_problems",
    "one_organization",
    "organization_names",
    "organization_samples",
    "spelled_apart",
    "two_valued",
]

FULL_INFORMATION, COMPLETE_CASES = MISSING = ("fiml", "listwise")
"""What is done with missing answers: every answer counts, or only respondents who answered everything needed."""


def missing_problems(missing: object) -> list[str]:
    """Say that a way to deal with missing answers is not known.

    Examples
    --------
    >>> missing_problems("fiml"), missing_problems("pairwise")
    ([], ["missing must be 'fiml' or 'listwise', not 'pairwise'"])
    """
    known = " or ".join(repr(one) for one in MISSING)
    return [] if isinstance(missing, str) and missing in MISSING else [f"missing must be {known}, not {missing!r}"]


@dataclass(frozen=True, eq=False)
class GroupedRows:
    """A sheet whose rows are told apart by organization.

    Parameters
    ----------
    sheet : Sheet
        The rows.
    organizations : tuple of str
        In order of first appearance.
    codes : array of int, shape (rows,)
        Position of each row's organization, -1 where the cell is empty.
    problems : tuple of str
        What is wrong with the organizations' names.
    """

    sheet: Sheet
    organizations: tuple[str, ...]
    codes: Integers
    problems: tuple[str, ...] = ()

    @property
    def unassigned(self) -> int:
        """Number of rows that name no organization."""
        return int((self.codes < 0).sum())

    def sizes(self) -> tuple[int, ...]:
        """Return the number of rows of each organization."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.organizations))
        return tuple(int(one) for one in counts)


@dataclass(frozen=True, eq=False)
class OrganizationSample:
    """What the rows of one organization say about the needed variables.

    Parameters
    ----------
    organization : str
    n_rows, n_obs : int
        Its rows, and those that count: with at least one needed answer, or with all of them ("listwise").
    mean, cov : array or None
        Where all of these rows are complete and nothing is wrong.
    findings : tuple of Finding
        What is wrong.
    patterns : tuple of Pattern
        Where some of these rows are incomplete and nothing is wrong.
    lacks : mapping of str to Finding
        Needed variables that it has no answers to, and how to say so where that is an error.
    two_valued : mapping of str to (float, float)
        Variables with no more than two values in the rows that count, and these.
    """

    organization: str
    n_rows: int
    n_obs: int
    mean: Floats | None
    cov: Floats | None
    findings: tuple[Finding, ...]
    patterns: tuple[Pattern, ...] = ()
    lacks: Mapping[str, Finding] = field(default_factory=dict)
    two_valued: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def one_organization(sheet: Sheet, organization: str) -> GroupedRows:
    """Take all rows of a sheet as those of one organization."""
    return GroupedRows(sheet, (organization,), np.zeros(len(sheet.frame), dtype=np.intp))


def by_organization(sheet: Sheet, column: str) -> GroupedRows:
    """Tell the rows of a sheet apart by the column that names the organization.

    Raises
    ------
    EvidenceError
        If there is no such column, or two of them, or nothing in it.
    """
    headline = sheet.source or "rows"
    labels = [str(label) for label in sheet.frame.columns]
    if labels.count(column) != 1:
        found = f"{labels.count(column)} columns '{column}'" if column in labels else f"no column '{column}'"
        advice = "" if column in labels else suggestion(column, labels)
        raise EvidenceError(headline, [f"{found} to tell the organizations apart{advice}"])
    if sheet.frame.empty:
        raise EvidenceError(headline, ["the table has no rows"])
    codes, values = pd.factorize(sheet.frame.iloc[:, labels.index(column)])
    spelled = [str(value) for value in values]
    cleaned = organization_names(list(values))
    names = list(dict.fromkeys(name for name in cleaned if name))
    if not names:
        raise EvidenceError(headline, [f"no row names an organization: column '{column}' is empty"])
    position = {name: index for index, name in enumerate(names)}
    recode = np.array([position.get(name, -1) for name in cleaned] + [-1], dtype=np.intp)
    return GroupedRows(sheet, tuple(names), recode[codes], spelled_apart(cleaned, spelled))


def spelled_apart(names: Sequence[str], spelled: Sequence[str]) -> tuple[str, ...]:
    """Say which organizations are written in more than one way."""
    ways: dict[str, list[str]] = {}
    for name, spelling in zip(names, spelled, strict=True):
        if name:
            ways.setdefault(name, []).append(spelling)
    many = {name: [repr(way) for way in found] for name, found in ways.items() if len(found) > 1}
    twice = [f"{name} ({listing(found, 3)})" for name, found in many.items()]
    if not twice:
        return ()
    return (f"an organization is named in more than one way: {listing(twice, width=120)}",)


def organization_names(values: Sequence[Any]) -> list[str]:
    """Write organization codes as text: 1022.0 is '1022', ' north ' is 'north'."""
    names = [str(value).strip() for value in values]
    if all(re.fullmatch(r"-?\d+(\.0*)?", name) for name in names if name):
        return [name.split(".")[0] for name in names]
    return names


def organization_samples(
    rows: GroupedRows,
    variables: Sequence[str],
    missing: str = FULL_INFORMATION,
    coded: Mapping[str, Coded] | None = None,
) -> Iterator[OrganizationSample]:
    """Yield the moments of each organization, and what is wrong with its rows.

    The table is converted to one array and sorted by organization once; nothing runs row by row.

    Parameters
    ----------
    rows : GroupedRows
    variables : sequence of str
    missing : str
        "fiml": every row with an answer counts. "listwise": rows that answer everything.
    coded : mapping, optional
        By their names, the variables that are coded from columns; answers must then be complete.
    """
    known = {name: coded[name] for name in variables if name in coded} if coded else {}
    needed = needed_columns(rows.sheet, variables, known)
    order = np.argsort(rows.codes, kind="stable")
    bounds = np.searchsorted(rows.codes[order], np.arange(len(rows.organizations) + 1))
    for code, organization in enumerate(rows.organizations):
        own = order[bounds[code] : bounds[code + 1]]
        yield _sample(rows.sheet, organization, own, variables, needed, missing, frozenset(known))


def _sample(
    sheet: Sheet,
    organization: str,
    own: Integers,
    variables: Sequence[str],
    needed: Needed,
    missing: str,
    coded: frozenset[str],
) -> OrganizationSample:
    findings, lacks, usable = _usable_columns(sheet, organization, own, variables, needed, missing)
    sound = [index for index, column in enumerate(needed.source) if column in usable]
    names = [variables[index] for index in sound]
    block = needed.values[own][:, sound]
    block[np.isinf(block)] = np.nan  # reported above; the checks that follow can go on
    empty = np.isnan(block).all(axis=0) if len(block) else np.zeros(len(names), dtype=bool)
    for index in np.flatnonzero(empty).tolist():
        column = needed.columns[needed.source[sound[index]]].name
        lacks[names[index]] = Finding(f"no values in column '{column}'", organization)
    if missing == COMPLETE_CASES:
        findings += dict.fromkeys(lacks.values())
        lacks = {}
        counts = ~np.isnan(block).any(axis=1)
    else:
        counts = ~np.isnan(block).all(axis=1) if sound else np.ones(len(block), dtype=bool)
    kept = block[counts]
    found = Estimates()
    if coded:
        found = of_complete(organization, variables, sound, kept, coded, patterned=bool(lacks))
    elif names and len(kept) > len(variables) - len(lacks) + 1:
        found = of_answers(organization, names, sound, kept, patterned=bool(lacks))
    findings += found.findings
    if findings:
        found = Estimates()
    about = organization, len(own), len(kept), found.mean, found.cov
    return OrganizationSample(*about, tuple(findings), found.patterns, lacks, two_valued(names, kept))


def two_valued(names: Sequence[str], values: Floats) -> dict[str, tuple[float, float]]:
    """Return the columns with two values, and these; nan is none.

    Examples
    --------
    >>> two_valued(["x", "y", "z"], np.array([[1.0, 0.0, 3.0], [2.0, 0.0, 3.0], [np.nan, 4.0, 3.0], [7.0, 4.0, 3.0]]))
    {'y': (0.0, 4.0)}
    """
    if not len(values):
        return {}
    low, high = np.fmin.reduce(values), np.fmax.reduce(values)
    either = np.isnan(values) | (values == low) | (values == high)
    found = either.all(axis=0) & (high > low)
    return {names[k]: (float(low[k]), float(high[k])) for k in np.flatnonzero(found).tolist()}


def _usable_columns(
    sheet: Sheet, organization: str, own: Integers, variables: Sequence[str], needed: Needed, missing: str
) -> tuple[list[Finding], dict[str, Finding], set[int]]:
    """Return what is wrong with columns, the variables that are lacking, and which columns can be used."""
    findings: list[Finding] = []
    lacks: dict[str, Finding] = {}
    usable: set[int] = set()
    for index, column in enumerate(needed.columns):
        found = column_finding(sheet, organization, own, column)
        if found is None:
            usable.add(index)
        elif column.is_absent and missing == FULL_INFORMATION:
            lacks |= {variables[k]: found for k, source in enumerate(needed.source) if source == index}
        else:
            findings.append(found)
    found_infinite = [_infinity(sheet, organization, own, needed.columns[index]) for index in sorted(usable)]
    return [*findings, *(one for one in found_infinite if one is not None)], lacks, usable


def _infinity(sheet: Sheet, organization: str, own: Integers, column: Column) -> Finding | None:
    """Say where a column holds a value that is not finite."""
    infinite = np.isinf(column.values[own])
    if not infinite.any():
        return None
    first = int(own[infinite.argmax()])
    detail = f"{sheet.where(first)}: {column.values[first]}"
    return Finding(f"a value that is not finite in column '{column.name}'", organization, detail)
