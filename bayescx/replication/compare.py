"""Old figures against new ones, in Monte Carlo standard errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.replication.tables import read_tables

__all__ = ["WITHIN", "compare_summaries"]

WITHIN = 4.0
"""A figure agrees when old and new differ by at most this many standard errors of their difference."""
_RELATIVE, _ABSOLUTE = 1e-9, 1e-12
"""A difference that is rounding: quantities that do not vary have no Monte Carlo error."""

Floats = NDArray[np.float64]


def compare_summaries(old_folder: str | Path, new_folder: str | Path) -> pd.DataFrame:
    """Compare two folders of summary tables, figure by figure.

    A figure is a posterior mean or a bound of an interval. It agrees when |new - old| is at most 4 times
    sqrt(mcse_old^2 + mcse_new^2), or rounding (1e-9 of its size). A figure that only one folder has does not agree.

    Parameters
    ----------
    old_folder, new_folder : path
        Folders of CSV files as ``write_tables`` writes them.

    Returns
    -------
    pandas.DataFrame
        One row per figure: table, quantity (its labels), figure ("mean", "eti95_lb", "eti95_ub"), old, new, mcse (of
        their difference), errors (|new - old| / mcse; inf where a figure is missing) and agrees.

    Raises
    ------
    FitError
        If a folder has no tables, one of them cannot be read, or none has rows.

    Examples
    --------
    >>> from bayescx.replication import write_tables
    >>> for folder in ("summary", "replicated"):
    ...     write_tables(fit, Path(folder))
    >>> bool(compare_summaries("summary", "replicated")["agrees"].all())
    True
    """
    old, new = read_tables(Path(old_folder)), read_tables(Path(new_folder))
    parts = [_compared(name, old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])]
    comparison = pd.concat(parts, ignore_index=True)
    if comparison.empty:
        raise FitError(f"the tables in {old_folder} and {new_folder} have no rows, so there is nothing to compare")
    return comparison


def _compared(name: str, old: pd.DataFrame | None, new: pd.DataFrame | None) -> pd.DataFrame:
    one, other = _figures(name, old), _figures(name, new)
    keys = list(dict.fromkeys([*one, *other]))
    nothing = (np.nan, np.nan)
    was = np.array([one.get(key, nothing) for key in keys]).reshape(-1, 2)
    now = np.array([other.get(key, nothing) for key in keys]).reshape(-1, 2)
    errors = _errors(was, now)
    missing = np.array([key not in one or key not in other for key in keys], dtype=bool)
    errors[missing] = np.inf
    return pd.DataFrame(
        {
            "table": name,
            "quantity": [quantity for quantity, _ in keys],
            "figure": [figure for _, figure in keys],
            "old": was[:, 0],
            "new": now[:, 0],
            "mcse": np.hypot(was[:, 1], now[:, 1]),
            "errors": errors,
            "agrees": errors <= WITHIN,
        }
    )


def _figures(name: str, table: pd.DataFrame | None) -> dict[tuple[str, str], tuple[float, float]]:
    """(quantity, figure) -> (value, Monte Carlo error). A column is a figure when the table has its error as well."""
    if table is None:
        return {}
    columns = [str(column) for column in table.columns]
    labels = columns[: columns.index("mean")]
    figures = [column for column in columns if f"mcse_{column}" in columns]
    if not figures:
        raise FitError(f"table {name} has no Monte Carlo errors (columns mcse_...), so nothing in it can be compared")
    quantities = [
        # repr: no name can be taken for two, and none can move the cursor of a terminal
        ", ".join(f"{label}={value!r}" for label, value in zip(labels, row, strict=True) if value)
        for row in table[labels].itertuples(index=False)
    ]
    return {
        (quantity, figure): (value, error)
        for figure in figures
        for quantity, value, error in zip(quantities, table[figure], table[f"mcse_{figure}"], strict=True)
    }


def _errors(old: Floats, new: Floats) -> Floats:
    """|new - old| in standard errors of the difference, (figures,); arrays are (figures, 2): value and error."""
    value, other = old[:, 0], new[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.abs(other - value)
        rounding = np.maximum(_RELATIVE * np.maximum(np.abs(value), np.abs(other)), _ABSOLUTE)
        errors = difference / np.hypot(old[:, 1], new[:, 1])
    same = (value == other) | (difference <= rounding) | (np.isnan(value) & np.isnan(other))
    errors[np.isnan(errors)] = np.inf  # without an error of its own, a figure agrees only if it is the same
    return np.where(same, 0.0, errors)
