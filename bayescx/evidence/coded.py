"""Columns of a table that a model codes from others, read once and coded for all organizations together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bayescx.coding import Category, Coded, Hinge, is_missing, level_text, number_text
from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.columns import Column, Sheet, located, read_column
from bayescx.evidence.findings import listing, printable

__all__ = ["Needed", "needed_columns", "place_of", "read_category"]


@dataclass(frozen=True, eq=False)
class Needed:
    """The columns that the variables of a model are read from, and the variables themselves.

    Parameters
    ----------
    columns : tuple of Column
        Each once.
    source : tuple of int
        For each variable the position of its column.
    values : array (rows, variables)
        NaN where an answer is missing, or is none.
    """

    columns: tuple[Column, ...]
    source: tuple[int, ...]
    values: Floats


def needed_columns(sheet: Sheet, variables: Sequence[str], coded: Mapping[str, Coded]) -> Needed:
    """Read and code what a model needs; a coded column that the table has is taken as it is."""
    labels = {str(label) for label in sheet.frame.columns}
    columns: list[Column] = []
    place: dict[object, int] = {}
    source: list[int] = []
    values: list[Floats] = []
    for name in variables:
        how = None if name in labels else coded.get(name)
        key: object = name if how is None else (how.column, type(how), getattr(how, "levels", ()))
        if key not in place:
            place[key] = len(columns)
            columns.append(_read(sheet, name, coded.get(name), as_it_is=how is None))
        at = place[key]
        source.append(at)
        read = columns[at].values
        values.append(read if how is None else how.values(np.where(np.isinf(read), np.nan, read)))
    return Needed(tuple(columns), tuple(source), np.column_stack(values))


def _read(sheet: Sheet, name: str, coded: Coded | None, *, as_it_is: bool) -> Column:
    if isinstance(coded, Category):
        return read_category(sheet, name, ("0", "1")) if as_it_is else read_category(sheet, coded.column, coded.levels)
    if coded is None or not as_it_is:
        return read_column(sheet, name if coded is None else coded.column)
    return _checked_side(sheet, read_column(sheet, name), coded)


def _checked_side(sheet: Sheet, column: Column, hinge: Hinge) -> Column:
    """Mark the values of a column coded beforehand that cannot be on its side of the knot."""
    sign = 1.0 if hinge.side == "above" else -1.0
    wrong = sign * column.values < 0
    if column.text is not None or column.defect or not wrong.any():
        return column
    (raw,) = located(sheet, column.name)
    least = f"{'max' if sign > 0 else 'min'}({hinge.column} - {number_text(hinge.at)}, 0)"
    complaint = f"a value {'below' if sign > 0 else 'above'} 0 in column '{column.name}'"
    return replace(column, text=wrong, raw=raw, complaint=complaint, advice=f"; it is to hold {least}")


def read_category(sheet: Sheet, name: str, levels: tuple[str, ...]) -> Column:
    """Read a column as places among the levels of a category; what is no level is kept with it.

    Cells count as text without blanks around it, numbers by their value, truth values in any spelling; what spells a
    missing answer is missing.
    """
    found = located(sheet, name)
    if len(found) != 1:
        return read_column(sheet, name)
    (cells,) = found
    try:
        codes, kinds = pd.factorize(cells)
    except TypeError:  # lists and the like
        codes, kinds = pd.factorize(cells.map(str, na_action="ignore"))
    position = {level: float(place) for place, level in enumerate(levels)}
    known = np.array([*(place_of(kind, position) for kind in kinds), np.nan])
    absent = np.array([*(is_missing(str(kind)) for kind in kinds), True])
    values = known[codes]
    unknown = np.isnan(values) & ~absent[codes]
    column = Column(name, values)
    if not unknown.any():
        return column
    complaint = f"unknown category in column '{name}'"
    advice = f"; the model's levels: {listing([printable(level) for level in levels], 8)}"
    return replace(column, text=unknown, raw=cells, complaint=complaint, advice=advice, levels=levels)


def place_of(kind: object, position: Mapping[str, float]) -> float:
    """Return the place of a cell among the levels, nan if it is none of them."""
    spellings: tuple[str, ...]
    if isinstance(kind, bool | np.bool_):
        word = str(kind)
        spellings = (word, word.lower(), word.upper(), str(int(kind)))
    elif pd.api.types.is_number(kind) and not isinstance(kind, complex | np.complexfloating):
        whole = isinstance(kind, int | np.integer)
        spellings = (number_text(int(kind) if whole else float(kind)),)  # type: ignore[arg-type]
    else:
        spellings = (level_text(str(kind)),)
    return next((position[one] for one in spellings if one in position), np.nan)
