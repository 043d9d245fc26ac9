"""Moments in files that others can read: one JSON file per organization and the document that names them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from importlib.resources import files
from typing import Any

import pandas as pd

from bayescx.coding import Coded
from bayescx.errors import EvidenceError
from bayescx.evidence.evidence import Evidence
from bayescx.evidence.findings import suggestion
from bayescx.evidence.lacking import misspelled
from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.moments_json import text_of
from bayescx.evidence.published import Published
from bayescx.evidence.rows import GroupedRows
from bayescx.evidence.toml import evidence_document, published_document

__all__ = [
    "lacking_columns",
    "missing_cells",
    "moments_files",
    "moments_schema",
    "shareable_columns",
    "shared_files",
]

_LONGEST_STEM = 60
_RESERVED = {"", "con", "prn", "aux", "nul", *(f"{port}{i}" for port in ("com", "lpt") for i in range(10))}
"""Names that no file may have on Windows."""


def moments_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a moments file.

    Examples
    --------
    >>> moments_schema()["required"]
    ['format', 'version', 'n_obs', 'variables', 'cov']
    """
    text = (files("bayescx.evidence") / "moments.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def moments_files(organizations: Iterable[str], folder: str = "") -> dict[str, str]:
    """Give each organization's moments a file of their own: organization to name.

    Names are made of letters, digits and hyphens, whatever organizations are called, differ also where capitals do not
    count, and are allowed on every system.

    Parameters
    ----------
    organizations : iterable of str
    folder : str
        Put before each name.

    Examples
    --------
    >>> list(moments_files(["North & South", "north south", "../../x"], "moments").values())
    ['moments/north-south.json', 'moments/north-south-2.json', 'moments/x.json']
    """
    prefix = f"{folder}/" if folder else ""
    stems: dict[str, str] = {}
    for name in organizations:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        base = "-".join(re.findall(r"[a-z0-9]+", plain))[:_LONGEST_STEM].strip("-")
        base = f"organization-{base}".strip("-") if base in _RESERVED else base
        stem, number = base, 1
        while stem in stems.values():
            number += 1
            stem = f"{base}-{number}"
        stems[name] = stem
    return {name: f"{prefix}{stem}.json" for name, stem in stems.items()}


def shared_files(
    moments: Mapping[str, SampleMoments],
    *,
    counts: Mapping[str, Mapping[str, int]] | None = None,
    published: Iterable[Published] = (),
    signs: Mapping[str, int] | None = None,
    **document: Any,
) -> dict[str, str]:
    """Return the files that share moments: name to text. Each file of moments holds a fingerprint of its content.

    Parameters
    ----------
    moments : mapping
        Moments by organization.
    counts : mapping, optional
        By organization, what a minimum size of groups cost: ``merged``, ``ignored``, ``dropped``.
    published, signs
        Published figures and declared signs, for the end of the document.
    **document
        ``n_planned``, ``simulated``: what the document says besides.

    Returns
    -------
    dict of str to str
        ``evidence.toml``, then the JSON file of each organization.

    Examples
    --------
    >>> cov = pd.DataFrame([[1.0]], index=["x"], columns=["x"])
    >>> list(shared_files({"north": SampleMoments(5, None, cov)}, n_planned=10))
    ['evidence.toml', 'north.json']
    """
    names = moments_files(moments)
    lost = counts or {}
    shares = {file: text_of(moments[name], name, counts=lost.get(name), sealed=True) for name, file in names.items()}
    text = evidence_document(names, **document) + published_document(published, signs)
    return {"evidence.toml": text, **shares}


def shareable_columns(
    evidence: Evidence, asked: Iterable[str] | None = None, coded: Mapping[str, Coded] | None = None
) -> tuple[str, ...]:
    """The columns of a table of rows whose moments can be shared: those asked for, else all that hold numbers.

    Those of `coded` (`PathModel.coded`) can be asked for where the table has the columns that they are coded from.

    Raises
    ------
    EvidenceError
        With every column that is not there, or if no column holds numbers.
    """
    tables = [part.sheet.frame for part in evidence.parts.values() if isinstance(part, GroupedRows)]
    columns = list(dict.fromkeys(str(column) for frame in tables for column in frame.columns))
    if asked is not None:
        wanted = tuple(dict.fromkeys(asked))
        lacking = dict.fromkeys(one for name in wanted if (one := _read_from(name, columns, coded)) not in columns)
        problems = [f"no column '{name}'{suggestion(name, columns)}" for name in lacking]
        if problems or not wanted:
            raise EvidenceError(f"rows {evidence.source}".rstrip(), problems or ["no variable is named"])
        return wanted
    numeric = [
        str(name)
        for name in dict.fromkeys(name for frame in tables for name in frame.columns)
        if all(name not in frame or _is_numeric(frame[name]) for frame in tables)
    ]
    if not numeric:
        raise EvidenceError(f"rows {evidence.source}".rstrip(), ["no column holds numbers"])
    return tuple(numeric)


def lacking_columns(
    evidence: Evidence, needed: Iterable[str], coded: Mapping[str, Coded] | None = None
) -> tuple[str, ...]:
    """Columns that no table of rows has, or that hold nothing in any; one of nearly the same name is not lacking.

    Those of `coded` are lacking where the columns are that they are coded from.

    Examples
    --------
    >>> rows = pd.DataFrame({"org": ["a"] * 3, "trust": [1, 2, 3], "loyal": [3, 2, 1]})
    >>> lacking_columns(Evidence.from_rows(rows, organization="org"), ["trust", "loyalty", "value"])
    ('value',)
    """
    wanted = tuple(needed)
    tables = [part.sheet.frame for part in evidence.parts.values() if isinstance(part, GroupedRows)]
    filled = {str(name) for frame in tables for name in frame.columns[frame.notna().any(axis=0).to_numpy()]}
    read = {name: _read_from(name, filled, coded) for name in wanted}
    others = filled - set(read.values())
    return tuple(name for name, column in read.items() if column not in filled and misspelled(column, others) is None)


def missing_cells(
    evidence: Evidence, columns: Iterable[str], coded: Mapping[str, Coded] | None = None
) -> dict[str, int]:
    """Number of empty cells in each of the columns, or those that they are coded from, over all tables of rows."""
    tables = {id(part): part.sheet.frame for part in evidence.parts.values() if isinstance(part, GroupedRows)}
    labels = {str(name) for frame in tables.values() for name in frame.columns}
    read = dict.fromkeys(_read_from(name, labels, coded) for name in columns)
    return {name: sum(int(frame[name].isna().sum()) for frame in tables.values()) for name in read}


def _read_from(name: str, columns: Collection[str], coded: Mapping[str, Coded] | None) -> str:
    """The column of a table that a variable is read from."""
    return coded[name].column if coded and name in coded and name not in columns else name


def _is_numeric(column: pd.Series[Any] | pd.DataFrame) -> bool:
    if isinstance(column, pd.DataFrame):  # two columns of one name: reported when they are used
        return False
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    return numeric and not pd.api.types.is_complex_dtype(column.dtype) and column.dtype != bool
