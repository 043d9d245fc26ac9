"""Rows of respondents -> moments of each organization, by pattern of missing answers, with every problem located."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from bayescx.errors import EvidenceError
from bayescx.evidence.arithmetic import Floats, dependent_variables, two_pass_moments
from bayescx.evidence.columns import MISSING_WORDS, Column, Integers, Sheet, column_finding, read_column
from bayescx.evidence.findings import Finding, listing, suggestion
from bayescx.evidence.incomplete import incomplete_findings
from bayescx.evidence.moments_checks import not_positive_definite
from bayescx.evidence.patterns import Pattern, patterns_of

__all__ = [
    "MISSING_WORDS",
    "GroupedRows",
    "OrganizationSample",
    "Sheet",
    "by_organization",
    "missing_problems",
    "one_organization",
    "organization_samples",
    "spelled_apart",
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
    """

    organization: str
    n_rows: int
    n_obs: int
    mean: Floats | None
    cov: Floats | None
    findings: tuple[Finding, ...]
    patterns: tuple[Pattern, ...] = ()
    lacks: Mapping[str, Finding] = field(default_factory=dict)


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
    cleaned = _organization_names(list(values))
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


def _organization_names(values: Sequence[Any]) -> list[str]:
    """Write organization codes as text: 1022.0 is '1022', ' north ' is 'north'."""
    names = [str(value).strip() for value in values]
    if all(re.fullmatch(r"-?\d+(\.0*)?", name) for name in names if name):
        return [name.split(".")[0] for name in names]
    return names


def organization_samples(
    rows: GroupedRows, variables: Sequence[str], missing: str = FULL_INFORMATION
) -> Iterator[OrganizationSample]:
    """Yield the moments of each organization, and what is wrong with its rows.

    The table is converted to one array and sorted by organization once; nothing runs row by row.

    Parameters
    ----------
    rows : GroupedRows
    variables : sequence of str
    missing : str
        "fiml": every row with an answer counts. "listwise": rows that answer everything.
    """
    columns = [read_column(rows.sheet, name) for name in variables]
    values = np.column_stack([column.values for column in columns])
    order = np.argsort(rows.codes, kind="stable")
    bounds = np.searchsorted(rows.codes[order], np.arange(len(rows.organizations) + 1))
    for code, organization in enumerate(rows.organizations):
        own = order[bounds[code] : bounds[code + 1]]
        yield _sample(rows.sheet, organization, own, columns, values[own], missing)


def _sample(
    sheet: Sheet, organization: str, own: Integers, columns: Sequence[Column], values: Floats, missing: str
) -> OrganizationSample:
    findings: list[Finding] = []
    lacks: dict[str, Finding] = {}
    sound: list[int] = []
    for index, column in enumerate(columns):
        found = column_finding(sheet, organization, own, column)
        if found is None:
            sound.append(index)
        elif column.is_absent and missing == FULL_INFORMATION:
            lacks[column.name] = found
        else:
            findings.append(found)
    names = [columns[index].name for index in sound]
    block = values[:, sound]
    infinite = _without_infinities(sheet, organization, own, names, block)
    findings += infinite
    empty = np.isnan(block).all(axis=0) if len(block) else np.zeros(len(names), dtype=bool)
    for index in np.flatnonzero(empty).tolist():
        lacks[names[index]] = Finding(f"no values in column '{names[index]}'", organization)
    if missing == COMPLETE_CASES:
        findings += lacks.values()
        lacks = {}
        counts = ~np.isnan(block).any(axis=1)
    else:
        counts = ~np.isnan(block).all(axis=1) if sound else np.ones(len(block), dtype=bool)
    kept = block[counts]
    mean = cov = None
    patterns: tuple[Pattern, ...] = ()
    if names and len(kept) > len(columns) - len(lacks) + 1:
        if lacks or np.isnan(kept).any():
            patterns = patterns_of(kept)
            findings += incomplete_findings(organization, names, kept, patterns)
            patterns = tuple(_placed(one, sound) for one in patterns)
        else:
            mean, cov, unusable = _moments(organization, names, kept)
            findings += unusable
    if findings:
        mean, cov, patterns = None, None, ()
    return OrganizationSample(organization, len(own), len(kept), mean, cov, tuple(findings), patterns, lacks)


def _placed(one: Pattern, places: Sequence[int]) -> Pattern:
    return Pattern(tuple(places[variable] for variable in one.variables), one.n_obs, one.mean, one.scatter)


def _without_infinities(
    sheet: Sheet, organization: str, own: Integers, names: Sequence[str], block: Floats
) -> list[Finding]:
    """Report infinite cells and empty them in `block`, so that the checks that follow can go on."""
    infinite = np.isinf(block)
    findings = []
    for index in np.flatnonzero(infinite.any(axis=0)).tolist():
        first = int(infinite[:, index].argmax())
        detail = f"{sheet.where(int(own[first]))}: {block[first, index]}"
        what = f"a value that is not finite in column '{names[index]}'"
        findings.append(Finding(what, organization, detail))
    block[infinite] = np.nan
    return findings


def _moments(
    organization: str, names: Sequence[str], complete: Floats
) -> tuple[Floats | None, Floats | None, list[Finding]]:
    """Return mean and covariance, or why the rows do not have usable ones."""
    mean, cov = two_pass_moments(complete)
    if not np.isfinite(cov).all():
        return None, None, [Finding("values too large to square", organization)]
    constant = (np.ptp(complete, axis=0) == 0) | (np.diag(cov) <= 0)
    findings = [
        Finding(f"column '{names[index]}' is constant", organization, f"always {complete[0, index]:g}")
        for index in np.flatnonzero(constant).tolist()
    ]
    varying = np.flatnonzero(~constant).tolist()
    if varying:
        dependent = dependent_variables(cov[np.ix_(varying, varying)], [names[index] for index in varying])
        if dependent:
            findings.append(Finding(not_positive_definite(dependent), organization))
    return mean, cov, findings
