"""Rows of respondents -> complete cases of each organization -> moments, with every problem located."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescx.errors import EvidenceError
from bayescx.evidence.findings import Finding, listing, shortened, suggestion
from bayescx.evidence.moments import Floats, dependent_variables, not_positive_definite, two_pass_moments

Integers = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

MISSING_WORDS = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none"})
"""Spellings of a missing cell; they are not the text that spoils a column."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table as it was read, and how to point at a place in it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per respondent.
    source : str
        Name of the file, or an empty string for a table in memory.
    line_of : callable, optional
        From a row number (0-based) to the line of the file where that row begins.
    """

    frame: pd.DataFrame
    source: str = ""
    line_of: Callable[[int], int | None] | None = None

    def where(self, row: int) -> str:
        """Name a row as its reader would look it up (the first data row is 1)."""
        line = self.line_of(row) if self.line_of is not None else None
        file = f" of {self.source}" if self.source else ""
        return f"data row {row + 1}{file}" if line is None else f"data row {row + 1}, line {line}{file}"


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

    `n_obs` counts complete rows; `mean` and `cov` are None where a finding stands in their way.
    """

    organization: str
    n_rows: int
    n_obs: int
    mean: Floats | None
    cov: Floats | None
    findings: tuple[Finding, ...]


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


def organization_samples(rows: GroupedRows, variables: Sequence[str]) -> Iterator[OrganizationSample]:
    """Yield the complete-case moments of each organization, and what is wrong with its rows.

    The table is converted to one array and sorted by organization once; nothing runs row by row.
    """
    columns = [_column(rows.sheet, name) for name in variables]
    values = np.column_stack([column.values for column in columns])
    order = np.argsort(rows.codes, kind="stable")
    bounds = np.searchsorted(rows.codes[order], np.arange(len(rows.organizations) + 1))
    for code, organization in enumerate(rows.organizations):
        own = order[bounds[code] : bounds[code + 1]]
        yield _sample(rows.sheet, organization, own, columns, values[own])


@dataclass(frozen=True, eq=False)
class _Column:
    """One needed column as numbers (NaN where missing), with the cells that are no numbers.

    `defect` says what is wrong with the column as a whole. `text` marks the cells that may not be used,
    `stray` those among them that do not even read as numbers: the ones to show.
    """

    name: str
    values: Floats
    text: Mask | None = None
    stray: Mask | None = None
    raw: pd.Series | None = None
    defect: str = ""
    advice: str = ""


def _column(sheet: Sheet, name: str) -> _Column:
    frame = sheet.frame
    found = [index for index, label in enumerate(frame.columns) if str(label) == name]
    if len(found) != 1:
        nothing = np.full(len(frame), np.nan)
        if found:
            return _Column(name, nothing, defect=f"{len(found)} columns '{name}'")
        return _Column(name, nothing, defect=f"no column '{name}'", advice=suggestion(name, frame.columns))
    column = frame.iloc[:, found[0]]
    if isinstance(column.dtype, pd.CategoricalDtype):
        kind = column.cat.categories.dtype
        column = column.astype(np.float64 if pd.api.types.is_numeric_dtype(kind) else kind)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        return _Column(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
    return _read_cells(name, column, typed=sheet.line_of is None)


def _read_cells(name: str, column: pd.Series, *, typed: bool) -> _Column:
    """Read a column that is not numeric as a whole: tell the cells that are no numbers.

    A CSV file has no types, and one stray word turns a whole column into text: its cells that read as numbers
    are numbers. In a typed table, text that reads as a number is still text, and is not converted silently.
    """
    present = column.notna().to_numpy(dtype=bool)
    if column.dtype == object:
        kinds = [pd.api.types.is_number(cell) or isinstance(cell, bool | np.bool_) for cell in column]
        stored = present & ~np.array(kinds, dtype=bool)
        numbers = pd.to_numeric(column.where(~stored, None).astype(object), errors="coerce")
        values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
        return _Column(name, values, text=stored, raw=column) if stored.any() else _Column(name, values)
    if not pd.api.types.is_string_dtype(column.dtype):
        return _Column(name, np.full(len(column), np.nan), text=present, raw=column)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    filled = present & ~column.str.strip().str.lower().isin(MISSING_WORDS).to_numpy(dtype=bool)
    stray = filled & np.isnan(values)
    return _Column(name, values, text=filled if typed else stray, stray=stray, raw=column)


def _sample(
    sheet: Sheet, organization: str, own: Integers, columns: Sequence[_Column], values: Floats
) -> OrganizationSample:
    findings: list[Finding] = []
    sound: list[int] = []
    for index, column in enumerate(columns):
        found = _column_finding(sheet, organization, own, column)
        if found is None:
            sound.append(index)
        else:
            findings.append(found)
    names = [columns[index].name for index in sound]
    block = values[:, sound]
    findings += _without_infinities(sheet, organization, own, names, block)
    empty = np.isnan(block).all(axis=0) if len(block) else np.zeros(len(names), dtype=bool)
    findings += [
        Finding(f"no values in column '{names[index]}'", organization) for index in np.flatnonzero(empty).tolist()
    ]
    complete = block[~np.isnan(block).any(axis=1)] if sound else block
    mean = cov = None
    if len(complete) > len(columns) + 1 and names:
        mean, cov, unusable = _moments(organization, names, complete)
        findings += unusable
    if findings:
        mean = cov = None
    return OrganizationSample(organization, len(own), len(complete), mean, cov, tuple(findings))


def _column_finding(sheet: Sheet, organization: str, own: Integers, column: _Column) -> Finding | None:
    if column.defect:
        return Finding(column.defect, organization, advice=column.advice)
    marked = [mask[own] for mask in (column.stray, column.text) if mask is not None and mask[own].any()]
    if not marked or column.raw is None:
        return None
    row = int(own[marked[0].argmax()])
    cell = column.raw.iloc[row]
    detail = f"{sheet.where(row)}: {shortened(repr(cell if isinstance(cell, str) else str(cell)), 40)}"
    return Finding(f"text in column '{column.name}'", organization, detail, _text_advice(cell))


def _text_advice(cell: object) -> str:
    """Say what to do about a cell that is no number."""
    text = str(cell).strip()
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return "; write decimals with a point"
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return "; it holds numbers stored as text: convert the column first"
    return "; numbers are needed, and an empty cell where there is none"


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
