"""One column of a table as numbers, and the cells that are none."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescx.coding import MISSING_WORDS
from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.findings import Finding, shortened, suggestion

__all__ = ["MISSING_WORDS", "Column", "Integers", "Mask", "Sheet", "column_finding", "located", "read_column"]

Integers = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


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
class Column:
    """One needed column as numbers (NaN where missing), with the cells that are no numbers.

    `defect` says what is wrong with the column as a whole. `text` marks the cells that may not be used,
    `stray` those among them that do not even read as numbers: the ones to show. `complaint` says what they are where
    they are not text in place of numbers; of a categorical column, `levels` are those that cells may have.
    """

    name: str
    values: Floats
    text: Mask | None = None
    stray: Mask | None = None
    raw: pd.Series | None = None
    defect: str = ""
    advice: str = ""
    is_absent: bool = False
    complaint: str = ""
    levels: tuple[str, ...] = ()


def located(sheet: Sheet, name: str) -> list[pd.Series]:
    """Return the columns of this name."""
    frame = sheet.frame
    return [frame.iloc[:, index] for index, label in enumerate(frame.columns) if str(label) == name]


def read_column(sheet: Sheet, name: str) -> Column:
    """Read a column by its name; whatever is wrong with it is kept with it."""
    frame, found = sheet.frame, located(sheet, name)
    if len(found) != 1:
        nothing = np.full(len(frame), np.nan)
        if found:
            return Column(name, nothing, defect=f"{len(found)} columns '{name}'")
        advice = suggestion(name, frame.columns)
        return Column(name, nothing, defect=f"no column '{name}'", advice=advice, is_absent=True)
    (column,) = found
    if isinstance(column.dtype, pd.CategoricalDtype):
        kind = column.cat.categories.dtype
        column = column.astype(np.float64 if pd.api.types.is_numeric_dtype(kind) else kind)
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_complex_dtype(column.dtype):
        return Column(name, column.to_numpy(dtype=np.float64, na_value=np.nan))
    return _read_cells(name, column, typed=sheet.line_of is None)


def _read_cells(name: str, column: pd.Series, *, typed: bool) -> Column:
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
        return Column(name, values, text=stored, raw=column) if stored.any() else Column(name, values)
    if not pd.api.types.is_string_dtype(column.dtype):
        return Column(name, np.full(len(column), np.nan), text=present, raw=column)
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    filled = present & ~column.str.strip().str.lower().isin(MISSING_WORDS).to_numpy(dtype=bool)
    stray = filled & np.isnan(values)
    return Column(name, values, text=filled if typed else stray, stray=stray, raw=column)


def column_finding(sheet: Sheet, organization: str, own: Integers, column: Column) -> Finding | None:
    """Say what makes a column unusable in the rows `own` of an organization, and where."""
    if column.defect:
        return Finding(column.defect, organization, advice=column.advice)
    marked = [mask[own] for mask in (column.stray, column.text) if mask is not None and mask[own].any()]
    if not marked or column.raw is None:
        return None
    row = int(own[marked[0].argmax()])
    cell = column.raw.iloc[row]
    detail = f"{sheet.where(row)}: {shortened(repr(cell if isinstance(cell, str) else str(cell)), 40)}"
    if column.complaint:
        return Finding(column.complaint, organization, detail, column.advice + _meant(cell, column.levels))
    return Finding(f"text in column '{column.name}'", organization, detail, _text_advice(cell))


def _meant(cell: object, levels: tuple[str, ...]) -> str:
    """Suggest the level that a cell may be a slip of."""
    folded = {level.casefold(): level for level in levels}
    close = difflib.get_close_matches(str(cell).strip().casefold(), folded, n=1)
    return f"; did you mean '{folded[close[0]]}'?" if close else ""


def _text_advice(cell: object) -> str:
    """Say what to do about a cell that is no number."""
    text = str(cell).strip()
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return "; write decimals with a point"
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", text):
        return "; it holds numbers stored as text: convert the column first"
    return "; numbers are needed, and an empty cell where there is none"
