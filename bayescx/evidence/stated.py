"""Attributes of organizations as they are stated: in a table, in a mapping, or in the tables of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bayescx.coding import is_missing
from bayescx.evidence.attributes import Stated
from bayescx.evidence.findings import listing, printable, shortened
from bayescx.evidence.rows import organization_names

__all__ = ["read_stated"]


def read_stated(attributes: Any) -> tuple[Stated, tuple[str, ...]]:
    """Take stated attributes; return also what is wrong with them. What is not stated, or missing, is left out.

    Parameters
    ----------
    attributes : pandas.DataFrame, mapping or None
        A table with one row per organization, whose index names it, and one column per attribute; or by organization
        a mapping of attributes to their values.

    Examples
    --------
    >>> read_stated({"north": {"employees": 1200, "industry": "goods"}, "south": {"employees": [3]}})
    ({'north': {'employees': 1200.0, 'industry': 'goods'}, 'south': {}}, ("attribute 'employees' of south is a number \
or text, found [3]",))
    """
    if attributes is None:
        return {}, ()
    if not isinstance(attributes, pd.DataFrame | Mapping):
        works = "a DataFrame indexed by organization, or a mapping of organizations to mappings of attributes to values"
        return {}, (f"attributes must be {works}, not {type(attributes).__name__}",)
    found: dict[str, dict[str, float | str]] = {}
    problems: list[str] = []
    names = [str(label) for label in attributes.columns] if isinstance(attributes, pd.DataFrame) else []
    if twice := sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"attributes have two columns of one name: {listing([printable(name) for name in twice])}")
    for organization, entry in _entries(attributes):
        shown = shortened(printable(organization), 40)
        if not isinstance(entry, Mapping):
            problems.append(f"the attributes of {shown} must be a table of names and values, found {_shown(entry)}")
            continue
        if not organization or organization in found:
            problems.append(f"attributes are stated of {f'{shown} twice' if organization else 'no organization'}")
            continue
        found[organization] = {}
        for name, value in entry.items():
            if (read := _value(value)) is not None:
                found[organization][str(name)] = read
            elif not _is_absent(value):
                column = printable(str(name))
                problems.append(f"attribute '{column}' of {shown} is a number or text, found {_shown(value)}")
    return found, tuple(problems)


def _entries(attributes: pd.DataFrame | Mapping[Any, Any]) -> Iterator[tuple[str, object]]:
    if isinstance(attributes, pd.DataFrame):
        labels = [str(label) for label in attributes.columns]
        rows = (dict(zip(labels, cells, strict=True)) for cells in attributes.itertuples(index=False, name=None))
        return zip(organization_names(list(attributes.index)), rows, strict=True)
    return zip(organization_names(list(attributes)), attributes.values(), strict=True)


def _value(value: object) -> float | str | None:
    """Return a number, a truth value, or text without blanks around it; None for what is missing or neither."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | float | np.integer | np.floating):
        try:
            number = float(value)
        except OverflowError:
            number = np.inf
        return None if np.isnan(number) else number
    if isinstance(value, str):
        return None if is_missing(value) else value.strip()
    return None


def _is_absent(value: object) -> bool:
    if isinstance(value, str):
        return is_missing(value)
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))  # type: ignore[call-overload]


def _shown(value: object) -> str:
    return shortened(printable(repr(value)), 40)
