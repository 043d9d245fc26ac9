"""What one organization shared: rows, moments, or something that could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from bayescx.errors import EvidenceError
from bayescx.evidence.findings import Finding
from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.rows import GroupedRows, Sheet, one_organization

__all__ = ["Part", "Unusable", "part_of", "sheet_of"]


@dataclass(frozen=True)
class Unusable:
    """An organization whose share could not be read; the findings are reported with all others."""

    findings: tuple[Finding, ...]


Part = GroupedRows | SampleMoments | Unusable
"""What one organization shared. Organizations of one table share one GroupedRows."""


def sheet_of(rows: Any) -> Sheet:
    """Take a DataFrame, or anything with ``to_pandas()``, as a table of rows."""
    frame = rows.to_pandas() if hasattr(rows, "to_pandas") else rows
    if not isinstance(frame, pd.DataFrame):
        problem = f"a DataFrame or a path to a CSV or Parquet file is needed, not {type(rows).__name__}"
        raise EvidenceError("rows", [problem])
    return Sheet(frame.copy(deep=False))  # copy-on-write: later changes by the caller do not reach it


def part_of(name: str, value: Any) -> Part:
    """Take rows or moments as what an organization shared."""
    if isinstance(value, SampleMoments):
        return value
    try:
        return one_organization(sheet_of(value), name)
    except EvidenceError:
        problem = f"a DataFrame of rows or SampleMoments is needed, not {type(value).__name__}"
        raise EvidenceError(f"organization {name}", [problem]) from None
