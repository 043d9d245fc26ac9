"""Tables of respondents or of counts -> counts of each organization and group, with every problem located."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayescx.coding import level_text
from bayescx.errors import EvidenceError
from bayescx.evidence.coded import place_of
from bayescx.evidence.columns import MISSING_WORDS, Sheet
from bayescx.evidence.findings import Finding, lines, listing, on_one_screen, printable, shortened, suggestion
from bayescx.evidence.readers import read_table
from bayescx.evidence.rows import GroupedRows, by_organization

__all__ = [
    "Tabulated",
    "category_problems",
    "category_texts",
    "sheet_of",
    "tabulated_rows",
    "tabulated_table",
    "whole_counts",
]

Table = pd.DataFrame | str | os.PathLike[str]
Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Tabulated:
    """What a table said, ready to become `Counts`."""

    organizations: tuple[str, ...]
    groups: tuple[str, ...]
    categories: tuple[str, ...]
    answers: NDArray[np.int64]
    missing: Mapping[str, int]
    unassigned: int


def sheet_of(table: object, organization: object, headline: str = "counts") -> Sheet:
    """A table or the file of one, ready to be looked up.

    Raises
    ------
    EvidenceError
        If it is none, or the organization no column's name.
    """
    if not isinstance(organization, str):
        raise EvidenceError(headline, [f"organization must be the name of a column, found {organization!r:.80}"])
    if isinstance(table, pd.DataFrame):
        return Sheet(table)
    if isinstance(table, str | os.PathLike):
        return read_table(os.fspath(table), organization=organization)
    raise EvidenceError(headline, [f"a table is needed, or the path of one; found {type(table).__name__}"])


def _labels(column: pd.Series, stated: Sequence[str] = ()) -> list[str | None]:
    """Cells as text: ' loyal ' is 'loyal', 1.0 is '1', an empty one is None.

    A name that was stated is recognized as a level of a model is ('01' is '1', True is 'true'), before words such as
    'none' are taken for missing answers.
    """
    position = {name: float(place) for place, name in enumerate(stated)}
    codes, values = pd.factorize(column)
    names: list[str | None] = []
    for value in values:
        place = place_of(value, position)
        if not np.isnan(place):
            names.append(stated[int(place)])
            continue
        whole = isinstance(value, float | np.floating) and float(value).is_integer()
        name = str(int(value)) if whole else str(value).strip()
        names.append(None if name.casefold() in MISSING_WORDS else name)
    return [names[code] if code >= 0 else None for code in codes]


def category_texts(names: object, *, levels: bool = False) -> Any:
    """Return a list of names with numbers among them as text, by their value; anything else as it is.

    Parameters
    ----------
    names : object
    levels : bool
        Write text as the name of a level too: without blanks around it, '01' as '1'.

    Examples
    --------
    >>> category_texts([1, 2.0, "03"]), category_texts([1, 2.0, "03"], levels=True)
    (('1', '2', '03'), ('1', '2', '3'))
    """
    if isinstance(names, str) or not isinstance(names, Sequence):
        return names
    kinds = int, float, np.integer, np.floating
    return tuple(
        level_text(str(one))
        if (isinstance(one, kinds) and not isinstance(one, bool)) or (levels and isinstance(one, str))
        else one
        for one in names
    )


def _column(sheet: Sheet, name: object, what: str) -> tuple[pd.Series | None, list[str]]:
    """A column by its name, or what is wrong."""
    labels = [str(label) for label in sheet.frame.columns]
    if not isinstance(name, str):
        return None, [f"{what} must be the name of a column, found {name!r:.80}"]
    if labels.count(name) != 1:
        found = f"{labels.count(name)} columns" if name in labels else "no column"
        advice = "" if name in labels else suggestion(name, labels)
        return None, [f"{found} {printable(name)!r} for {what}{advice}"]
    return sheet.frame.iloc[:, labels.index(name)], []


def _order(column: pd.Series, labels: Sequence[str | None]) -> tuple[str, ...]:
    """Names in the order of an ordered column, of numbers, or else of the alphabet."""
    there = {name for name in labels if name is not None}
    if isinstance(column.dtype, pd.CategoricalDtype):
        stated = [name for name in _labels(pd.Series(column.cat.categories)) if name is not None]
        return tuple(dict.fromkeys(name for name in stated if name in there or column.dtype.ordered))
    try:
        return tuple(sorted(there, key=float))
    except ValueError:
        return tuple(sorted(there))


def category_problems(categories: object, what: str = "categories") -> list[str]:
    """Say where categories are no list of two or more distinct names."""
    if isinstance(categories, str) or not isinstance(categories, Sequence):
        return [f"{what} must be a list of names, found {categories!r:.80}"]
    odd = [name for name in categories if not isinstance(name, str) or not name.strip()]
    twice = sorted({str(name) for name in categories if list(categories).count(name) > 1})
    wrong = [f"{what}: {name!r:.60} is no name" for name in odd] + [f"{what} name {name!r} twice" for name in twice]
    few = what == "categories" and len(categories) < 2
    return (
        [*wrong, f"two or more categories are needed, found {listing(list(map(str, categories))) or 'none'}"]
        if few
        else wrong
    )


def tabulated_rows(
    table: object,
    organization: str,
    outcome: str,
    groups: str | None,
    categories: Sequence[str] | None,
    group_names: Sequence[str] | None = None,
) -> Tabulated:
    """Count the answers in a table with one row per respondent.

    Raises
    ------
    EvidenceError
        With everything that is wrong with the table.
    """
    sheet = sheet_of(table, organization)
    rows = by_organization(sheet, organization)
    problems = list(rows.problems)
    answers, wrong = _column(sheet, outcome, "outcome")
    problems += wrong
    parts, wrong = (None, []) if groups is None else _column(sheet, groups, "groups")
    problems += wrong
    stated = None if categories is None else category_texts(categories, levels=True)
    problems += [] if stated is None else category_problems(stated)
    within, wrong = _stated_groups(group_names, groups)
    problems += wrong
    if problems or answers is None:
        raise EvidenceError(sheet.source or "counts", on_one_screen(problems))
    given = _labels(answers, stated or ())
    known = _order(answers, given) if stated is None else stated
    grouped = [""] * len(given) if parts is None else _labels(parts, within)
    names = ("",) if parts is None else within or _order(parts, grouped)
    problems += _stray(rows, given, known, "a category") if stated is not None else _lone(rows, given, known)
    problems += _stray(rows, grouped, within, "a group") if within else []
    problems += category_problems(known) if stated is None else []
    if not names:
        words = "; if words such as 'none' are groups, name all of them: group_names=[...]"
        problems.append(f"column {groups!r} is empty: no respondent belongs to a group{words}")
    if problems:
        raise EvidenceError(sheet.source or "counts", on_one_screen(problems))
    return _counted(rows, _coded(given, known), _coded(grouped, names), known, names)


def _stated_groups(names: Sequence[str] | None, column: str | None) -> tuple[tuple[str, ...], list[str]]:
    """Names of groups that were stated, and what is wrong with them."""
    if names is None:
        return (), []
    stated = category_texts(names, levels=True)
    problems = category_problems(stated, "group_names")
    if column is None:
        problems.append("group_names need groups, the column that tells them apart")
    return (() if problems else tuple(stated)), problems


def _coded(labels: Sequence[str | None], known: Sequence[str]) -> Codes:
    place = {name: i for i, name in enumerate(known)}
    return np.array([-1 if name is None else place.get(name, -1) for name in labels], dtype=np.intp)


def _stray(rows: GroupedRows, given: Sequence[str | None], known: Sequence[str], what: str) -> list[str]:
    """Names that are not among those stated."""
    there = listing([printable(name) for name in known], 8)
    many = {"a category": "categories", "a group": "groups"}[what]
    odd = {name: found for name, found in _found_where(rows, given).items() if name not in known}
    return _located(rows, odd, f"{what} that was not stated", f"; the {many} are {there}")


def _lone(rows: GroupedRows, given: Sequence[str | None], known: Sequence[str]) -> list[str]:
    """Categories of one organization alone: often slips, where the categories were not stated."""
    several = len(rows.organizations) > 1
    odd = {name: found for name, found in _found_where(rows, given).items() if several and len(found) == 1}
    works = "state all of them: categories=[...] (command line: --levels)"
    there = listing([printable(name) for name in known], 8)
    return _located(
        rows, odd, "a category of one organization alone", f"; there is {there}. If it is one of its own, {works}"
    )


def _found_where(rows: GroupedRows, given: Sequence[str | None]) -> dict[str, dict[int, int]]:
    """The first row of every name in every organization."""
    where: dict[str, dict[int, int]] = {}
    for row, (name, code) in enumerate(zip(given, rows.codes.tolist(), strict=True)):
        if name is not None and code >= 0:
            where.setdefault(name, {}).setdefault(code, row)
    return where


def _located(rows: GroupedRows, odd: Mapping[str, Mapping[int, int]], what: str, advice: str) -> list[str]:
    findings = [
        Finding(f"{what}, '{shortened(printable(name))}'", rows.organizations[code], rows.sheet.where(row), advice)
        for name, found in odd.items()
        for code, row in found.items()
    ]
    return list(lines(findings, len(rows.organizations)))


def _counted(
    rows: GroupedRows, answer: Codes, group: Codes, categories: tuple[str, ...], groups: tuple[str, ...]
) -> Tabulated:
    """Counts of all cells, and how many respondents of each organization left something out."""
    named = rows.codes >= 0
    complete = named & (answer >= 0) & (group >= 0)
    shape = (len(rows.organizations), len(groups), len(categories))
    cell = np.ravel_multi_index((rows.codes[complete], group[complete], answer[complete]), shape)
    counts = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    lost = np.bincount(rows.codes[named & ~complete], minlength=shape[0])
    missing = {name: int(n) for name, n in zip(rows.organizations, lost, strict=True) if n}
    return Tabulated(rows.organizations, groups, categories, counts.astype(np.int64), missing, rows.unassigned)


def tabulated_table(
    table: object,
    organization: str,
    groups: str | None,
    categories: Sequence[str] | None,
    group_names: Sequence[str] | None = None,
) -> Tabulated:
    """Read a table that holds counts: one row per organization (and group), one column per category.

    Raises
    ------
    EvidenceError
        With everything that is wrong with the table.
    """
    sheet = sheet_of(table, organization)
    stated = None if categories is None else category_texts(categories)
    problems = [] if stated is None else category_problems(stated)
    within, wrong = _stated_groups(group_names, groups)
    problems += wrong
    named, wrong = _column(sheet, organization, "organization")
    problems += wrong
    parts, wrong = (None, []) if groups is None else _column(sheet, groups, "groups")
    problems += wrong
    if problems or named is None:
        raise EvidenceError(sheet.source or "counts", on_one_screen(problems))
    if sheet.frame.empty:
        raise EvidenceError(sheet.source or "counts", ["the table has no rows"])
    beside = (organization, groups)
    known = stated or tuple(str(one) for one in sheet.frame.columns if str(one) not in beside)
    problems += category_problems(known) if stated is None else []
    organizations = _labels(named)
    grouped = [""] * len(organizations) if parts is None else _labels(parts, within)
    problems += _row_problems(sheet, organizations, grouped, groups)
    if within:
        odd = sorted({name for name in grouped if name is not None} - set(within))
        problems += [f"a group that was not stated: {listing(odd)}; the groups are {listing(within, 8)}"] if odd else []
    values = np.zeros((len(organizations), len(known)), dtype=np.int64)
    for c, name in enumerate(known):
        column, wrong = _column(sheet, name, "a category")
        problems += wrong
        if column is not None and name not in beside:
            values[:, c], wrong = whole_counts(sheet, name, column, organizations)
            problems += wrong
    if problems:
        raise EvidenceError(sheet.source or "counts", on_one_screen(problems))
    names = ("",) if parts is None else within or _order(parts, grouped)
    return _placed(organizations, grouped, names, known, values)


def _row_problems(
    sheet: Sheet, organizations: Sequence[str | None], grouped: Sequence[str | None], groups: str | None
) -> list[str]:
    """Rows without a name, and organizations (in a group) that have several."""
    problems = []
    for what, column in (("organization", organizations), ("group", grouped)):
        empty = [sheet.where(row) for row, name in enumerate(column) if name is None]
        problems += [f"no {what} is named: {listing(empty)}"] if empty else []
    seen: dict[tuple[str | None, str | None], list[int]] = {}
    for row, cell in enumerate(zip(organizations, grouped, strict=True)):
        if None not in cell:
            seen.setdefault(cell, []).append(row)
    within = "" if groups is None else " in the same group"
    for (name, group), rows in seen.items():
        if len(rows) > 1:
            at = f" ({shortened(printable(str(group)), 40)})" if group else ""
            where = listing([sheet.where(row) for row in rows])
            hint = "; name the column of groups: groups=..." if groups is None else ""
            problems.append(
                f"an organization has several rows{within}: {shortened(printable(str(name)), 40)}{at}, {where}{hint}"
            )
    return problems


def whole_counts(
    sheet: Sheet, name: str, column: pd.Series, organizations: Sequence[str | None]
) -> tuple[NDArray[np.int64], list[str]]:
    """A column of counts, and its cells that are none; an empty cell is none either."""
    numbers = pd.to_numeric(column.astype(object), errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    whole = np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers)) & (numbers < 1e12)
    found: dict[str, list[str]] = {}
    for row in np.flatnonzero(~whole).tolist():
        where = f"{shortened(printable(str(organizations[row])), 40)} ({sheet.where(row)}: {_cell(column.iloc[row])})"
        found.setdefault(_defect(numbers[row], column.iloc[row]), []).append(where)
    label = shortened(printable(name))
    advice = {"an empty cell": "; write 0 where nobody gave it", "a share": "; counts are needed, not shares"}
    problems = [
        f"{what} in column '{label}': {listing(at, width=120)}{advice.get(what, '')}" for what, at in found.items()
    ]
    return np.where(whole, numbers, 0.0).astype(np.int64), problems


def _defect(number: float, cell: Any) -> str:
    if np.isnan(number):
        empty = bool(pd.isna(cell)) or str(cell).strip().casefold() in MISSING_WORDS
        return "an empty cell" if empty else "text"
    if number < 0:
        return "a negative count"
    return (
        "a share" if 0 < number < 1 else "a count that is not whole" if number < 1e12 else "a count too large to be one"
    )


def _cell(cell: Any) -> str:
    return shortened(printable(repr(cell) if isinstance(cell, str) else str(cell)), 40)


def _placed(
    organizations: Sequence[str | None],
    grouped: Sequence[str | None],
    groups: tuple[str, ...],
    categories: tuple[str, ...],
    values: NDArray[np.int64],
) -> Tabulated:
    """Counts of all cells from the rows of a sound table."""
    names = tuple(dict.fromkeys(str(name) for name in organizations))
    answers = np.zeros((len(names), len(groups), len(categories)), dtype=np.int64)
    answers[_coded(organizations, names), _coded(grouped, groups)] = values
    return Tabulated(names, groups, categories, answers, {}, 0)
