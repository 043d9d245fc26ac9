"""The attributes of each organization, from its rows and from what is stated, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bayescx.coding import Category, Moderator, number_text
from bayescx.evidence.attributes import Stated
from bayescx.evidence.coded import place_of, read_category
from bayescx.evidence.columns import Column, Integers, Sheet, column_finding, located, read_column
from bayescx.evidence.findings import Finding, listing, printable
from bayescx.evidence.rows import GroupedRows

__all__ = ["Known", "known_attributes", "levels_of"]

CLOSE = 1e-6
"""Relative difference up to which a number is the same: tables hold some in single precision."""

Levels = tuple[str, ...]


@dataclass(frozen=True)
class Known:
    """What is known of one attribute.

    Parameters
    ----------
    column : str
    levels : tuple of str
        Of a category; empty for a number.
    values : dict of str to float
        By organization, a number, or a place among the levels.
    findings : list of Finding
        What is wrong, by organization.
    is_there : bool
        Whether a table has such a column, or somebody stated it.
    """

    column: str
    levels: Levels
    values: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    is_there: bool = False

    def shown(self, value: float) -> str:
        """Write a value as a table or a statement has it."""
        return printable(self.levels[int(value)]) if self.levels else number_text(value)


def levels_of(attributes: Mapping[str, Moderator]) -> dict[str, Levels]:
    """Return the levels of each column that attributes are read from, in order; none for numbers."""
    return {one.column: one.levels if isinstance(one, Category) else () for one in attributes.values()}


def known_attributes(
    tables: Sequence[GroupedRows], stated: Stated, attributes: Mapping[str, Moderator]
) -> tuple[Known, ...]:
    """Gather each attribute from the tables, in which it is one value within an organization, and from statements."""
    return tuple(_known(tables, stated, column, levels) for column, levels in levels_of(attributes).items())


def _known(tables: Sequence[GroupedRows], stated: Stated, column: str, levels: Levels) -> Known:
    having = [table for table in tables if located(table.sheet, column)]
    is_there = bool(having) or any(column in entry for entry in stated.values())
    known = Known(column, levels, is_there=is_there)
    for table in having:
        for organization, found in _from_rows(table, known):
            _keep(known, organization, found)
    for organization, entry in stated.items():
        if column in entry:
            found = _from_statement(known, organization, entry[column])
            before = known.values.get(organization)
            if before is not None and isinstance(found, float) and not _same(known, before, found):
                detail = f"{known.shown(found)} stated, {known.shown(before)} in its rows"
                found = Finding(f"attribute '{column}' is stated otherwise than rows have it", organization, detail)
            _keep(known, organization, found)
    return known


def _keep(known: Known, organization: str, found: float | Finding | None) -> None:
    if isinstance(found, Finding):
        known.findings.append(found)
    elif found is not None:
        known.values[organization] = found


def _same(known: Known, one: float, other: float) -> bool:
    return one == other or (not known.levels and abs(one - other) <= CLOSE * max(abs(one), abs(other)))


def _from_rows(table: GroupedRows, known: Known) -> Iterator[tuple[str, float | Finding | None]]:
    """Yield the value that an organization's rows have, None where they have none."""
    column = (
        read_category(table.sheet, known.column, known.levels)
        if known.levels
        else read_column(table.sheet, known.column)
    )
    order = np.argsort(table.codes, kind="stable")
    bounds = np.searchsorted(table.codes[order], np.arange(len(table.organizations) + 1))
    for code, organization in enumerate(table.organizations):
        own = order[bounds[code] : bounds[code + 1]]
        wrong = column_finding(table.sheet, organization, own, column)
        yield organization, _one_value(table.sheet, organization, own, column, known) if wrong is None else wrong


def _one_value(sheet: Sheet, organization: str, own: Integers, column: Column, known: Known) -> float | Finding | None:
    answers = column.values[own]
    rows = own[~np.isnan(answers)]
    if not len(rows):
        return None
    first = float(column.values[rows[0]])
    if np.isinf(first):
        where = sheet.where(int(rows[0]))
        return Finding(f"attribute '{column.name}' is not finite", organization, f"{where}: {first}")
    others = rows[column.values[rows] != first]
    if not len(others):
        return first
    places = (int(rows[0]), int(others[0]))
    shown = [f"{known.shown(float(column.values[row]))} in {sheet.where(row)}" for row in places]
    works = (
        "; an attribute is the same for all respondents of an organization (two pooled terms are written "
        "pool(x) + pool(z))"
    )
    return Finding(f"attribute '{column.name}' has more than one value", organization, ", ".join(shown), works)


def _from_statement(known: Known, organization: str, value: float | str) -> float | Finding:
    if known.levels:
        place = place_of(value, {level: float(k) for k, level in enumerate(known.levels)})
        if not np.isnan(place):
            return place
        what = f"unknown category in attribute '{known.column}'"
        advice = f"; the model's levels: {listing([printable(level) for level in known.levels], 8)}"
        return Finding(what, organization, f"stated: {value!r}", advice)
    if isinstance(value, bool | str):
        advice = f"; state a number, or name its levels in the model: category({known.column}, …)"
        return Finding(f"attribute '{known.column}' is not a number", organization, f"stated: {value!r}", advice)
    if np.isinf(value):
        return Finding(f"attribute '{known.column}' is not finite", organization, f"stated: {value}")
    return value
