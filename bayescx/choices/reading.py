"""Tables of respondents or of counts -> covariate patterns with counts, with every problem located."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.choices.checks import whole_variable
from bayescx.choices.equation import Equation
from bayescx.choices.patterns import merged, pooled_spread
from bayescx.coding import Hinge, level_text
from bayescx.errors import EvidenceError
from bayescx.evidence.coded import Needed, needed_columns, read_category
from bayescx.evidence.columns import Column, Sheet, column_finding
from bayescx.evidence.findings import Finding, lines, listing, on_one_screen
from bayescx.evidence.rows import GroupedRows, by_organization
from bayescx.rates.reading import category_problems, sheet_of, whole_counts

__all__ = ["Tabulated", "category_names", "tabulated_rows", "tabulated_table"]

Floats = NDArray[np.float64]
_HEADLINE = "choices"


@dataclass(frozen=True, eq=False)
class Tabulated:
    """What a table said, ready to become `ChoiceCounts`."""

    organizations: tuple[str, ...]
    organization: NDArray[np.intp]
    x: Floats
    answers: NDArray[np.int64]
    spread: Floats
    missing: Mapping[str, int]
    unassigned: int


def category_names(categories: object) -> tuple[str, ...]:
    """Return categories as text, in their order; numbers by their value.

    Raises
    ------
    EvidenceError
        If they are no list of two or more distinct names.

    Examples
    --------
    >>> category_names([1, 2.0, "3"])
    ('1', '2', '3')
    """
    if isinstance(categories, Sequence) and not isinstance(categories, str):
        whole = all(isinstance(one, str | int | float | np.integer | np.floating) for one in categories)
        categories = [level_text(str(one)) if whole else one for one in categories]
    if problems := category_problems(categories):
        raise EvidenceError(_HEADLINE, on_one_screen(problems))
    return tuple(categories)  # type: ignore[arg-type]


def tabulated_rows(table: object, equation: Equation, organization: str, categories: tuple[str, ...]) -> Tabulated:
    """Count a table with one row per respondent.

    Raises
    ------
    EvidenceError
        With everything that is wrong with the table.
    """
    rows, needed, findings = _covariates(sheet_of(table, organization, _HEADLINE), equation, organization)
    outcome = read_category(rows.sheet, equation.outcome, categories)
    advice = f"; the categories are {listing(categories, 8)}"
    _refuse(rows, [*findings, *_findings(rows, [outcome], advice)], [])
    complete = (rows.codes >= 0) & ~np.isnan(needed.values).any(axis=1) & ~np.isnan(outcome.values)
    answers = np.zeros((len(complete), len(categories)), dtype=np.int64)
    answers[np.flatnonzero(complete), outcome.values[complete].astype(np.intp)] = 1
    lost = np.bincount(rows.codes[(rows.codes >= 0) & ~complete], minlength=len(rows.organizations))
    return _tabulated(rows, needed, equation, answers, lost)


def tabulated_table(table: object, equation: Equation, organization: str, categories: tuple[str, ...]) -> Tabulated:
    """Read a table of counts: one row per organization and pattern, one column per category.

    Raises
    ------
    EvidenceError
        With everything that is wrong with the table.
    """
    rows, needed, findings = _covariates(sheet_of(table, organization, _HEADLINE), equation, organization)
    problems: list[str] = []
    answers = np.zeros((len(rows.codes), len(categories)), dtype=np.int64)
    whose = [rows.organizations[code] if code >= 0 else None for code in rows.codes.tolist()]
    labels = [str(label) for label in rows.sheet.frame.columns]
    for c, name in enumerate(categories):
        if labels.count(name) != 1:
            found = "no column" if name not in labels else f"{labels.count(name)} columns"
            problems.append(f"{found} '{name}' for a category; there is {listing(labels, 8)}")
            continue
        column = rows.sheet.frame.iloc[:, labels.index(name)]
        answers[:, c], wrong = whole_counts(rows.sheet, name, column, whose)
        problems += wrong
    _refuse(rows, findings, problems)
    usable = (rows.codes >= 0) & ~np.isnan(needed.values).any(axis=1)
    without = (rows.codes >= 0) & ~usable
    lost = np.bincount(
        rows.codes[without], weights=answers[without].sum(axis=1), minlength=len(rows.organizations)
    ).astype(np.int64)
    unassigned = int(answers[rows.codes < 0].sum())
    answers[~usable] = 0
    return _tabulated(rows, needed, equation, answers, lost, unassigned)


def _covariates(sheet: Sheet, equation: Equation, organization: str) -> tuple[GroupedRows, Needed, list[Finding]]:
    rows = by_organization(sheet, organization)
    needed = needed_columns(sheet, equation.terms, equation.coded)
    findings = _findings(rows, needed.columns)
    infinite = [column for column in needed.columns if np.isinf(column.values).any()]
    for column in infinite:
        first = int(np.isinf(column.values).argmax())
        name = rows.organizations[rows.codes[first]] if rows.codes[first] >= 0 else "no organization"
        findings.append(Finding(f"a value that is not finite in column '{column.name}'", name, sheet.where(first)))
    return rows, needed, findings


def _findings(rows: GroupedRows, columns: Sequence[Column], advice: str = "") -> list[Finding]:
    """What is wrong with columns, organization by organization."""
    order = np.argsort(rows.codes, kind="stable")
    bounds = np.searchsorted(rows.codes[order], np.arange(len(rows.organizations) + 1))
    found = []
    for column in columns:
        if not column.defect and column.text is None:
            continue
        for code, name in enumerate(rows.organizations):
            one = column_finding(rows.sheet, name, order[bounds[code] : bounds[code + 1]], column)
            if one is not None:
                found.append(one if not advice or column.defect else _advised(one, advice))
    return found


def _advised(finding: Finding, advice: str) -> Finding:
    """The same with other words on what would work, and what it may have meant."""
    _, meant, guess = finding.advice.partition("; did you mean")
    return Finding(finding.what, finding.organization, finding.detail, advice + meant + guess)


def _refuse(rows: GroupedRows, findings: Sequence[Finding], problems: Sequence[str]) -> None:
    said = [*rows.problems, *lines(findings, len(rows.organizations)), *problems]
    if said:
        raise EvidenceError(rows.sheet.source or _HEADLINE, on_one_screen(said))


def _tabulated(
    rows: GroupedRows,
    needed: Needed,
    equation: Equation,
    answers: NDArray[np.int64],
    lost: NDArray[np.int64],
    unassigned: int | None = None,
) -> Tabulated:
    """Patterns of a sound table; organizations without a complete answer are a problem."""
    n_org = len(rows.organizations)
    asked = np.zeros(n_org, dtype=np.int64)
    there = answers.any(axis=1)
    np.add.at(asked, rows.codes[there], answers[there].sum(axis=1))
    nobody = [rows.organizations[j] for j in np.flatnonzero(asked == 0)]
    what = f"no respondent answered everything that the model needs: {listing(nobody)}"
    problems = [f"{what}; leave it out: n_planned counts those that have not reported"] if nobody else []
    problems += [whole_variable(one) for one in _whole(needed, equation, there)]
    _refuse(rows, [], problems)
    weight = answers[there].sum(axis=1).astype(np.float64)
    spread = pooled_spread(_rulers(needed, equation)[there], rows.codes[there], weight, n_org)
    x, codes, counted = merged(needed.values, rows.codes, answers)
    missing = {name: int(n) for name, n in zip(rows.organizations, lost, strict=True) if n}
    nameless = rows.unassigned if unassigned is None else unassigned
    return Tabulated(rows.organizations, codes, x, counted, spread, missing, nameless)


def _whole(needed: Needed, equation: Equation, there: NDArray[np.bool_]) -> list[Hinge]:
    """Hinges without the other side, of variables that nobody has beyond the knot."""
    found = []
    for name, source in zip(equation.terms, needed.source, strict=True):
        how, column = equation.coded.get(name), needed.columns[source]
        if not isinstance(how, Hinge) or how.other.name in equation.terms or column.name != how.column:
            continue
        if there.any() and not how.other.values(column.values[there]).any():
            found.append(how)
    return found


def _rulers(needed: Needed, equation: Equation) -> Floats:
    """What the scale of each term is measured on, (rows, K): of hinges, their variable; else the column itself."""
    out = needed.values.copy()
    place = {name: k for k, name in enumerate(equation.terms)}
    for name, how in equation.coded.items():
        if isinstance(how, Hinge):
            column = needed.columns[needed.source[place[name]]]
            if column.name == how.column:
                out[:, place[name]] = column.values
            elif how.other.name in place:  # the table has the coded columns only: both sides add up to the variable
                out[:, place[name]] += needed.values[:, place[how.other.name]]
    return out
