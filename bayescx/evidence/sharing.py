"""Moments in files that others can read: one JSON file per organization and the document that names them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any

import pandas as pd

from bayescx.errors import EvidenceError
from bayescx.evidence.evidence import Evidence
from bayescx.evidence.findings import suggestion
from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.rows import GroupedRows

__all__ = ["file_stems", "moments_schema", "shareable_columns", "shared_files"]

_LONGEST_STEM = 60


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


def shared_files(
    moments: Mapping[str, SampleMoments], *, n_planned: int | None = None, simulated: bool = False, folder: str = ""
) -> dict[str, str]:
    """Return the files that share moments: name to text.

    Parameters
    ----------
    moments : mapping
        Moments by organization.
    n_planned : int, optional
        Organizations planned, for the document; left out of it when not given.
    simulated : bool
        Whether the document says so.
    folder : str
        Folder of the moments files, relative to the document.

    Returns
    -------
    dict of str to str
        ``evidence.toml``, then a JSON file for each organization. Names of files are made of letters, digits and
        hyphens, whatever the organizations are called.

    Examples
    --------
    >>> cov = pd.DataFrame([[1.0]], index=["x"], columns=["x"])
    >>> list(shared_files({"../../x": SampleMoments(5, None, cov)}, folder="moments"))
    ['evidence.toml', 'moments/x.json']
    """
    prefix = f"{folder}/" if folder else ""
    names = {organization: f"{prefix}{stem}.json" for organization, stem in file_stems(moments).items()}
    head = ["simulated = true"] if simulated else []
    head += [] if n_planned is None else [f"n_planned = {n_planned}"]
    tables = [f"[organizations.{_toml(name)}]\nmoments = {_toml(file)}" for name, file in names.items()]
    document = "\n\n".join(["\n".join(head), *tables] if head else tables)
    shares = {file: moments[name].to_json(organization=name) for name, file in names.items()}
    return {"evidence.toml": document + "\n", **shares}


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """Give every name a file name of its own, also where capitals do not count.

    Examples
    --------
    >>> file_stems(["North & South", "north south", "\u8aa0"])
    {'North & South': 'north-south', 'north south': 'north-south-2', '\u8aa0': 'organization'}
    """
    stems: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        words = "".join(c if c.isalnum() else " " for c in plain).split()
        base = "-".join(words)[:_LONGEST_STEM].strip("-") or "organization"
        stem, number = base, 1
        while stem in taken:
            number += 1
            stem = f"{base}-{number}"
        taken.add(stem)
        stems[name] = stem
    return stems


def _toml(text: str) -> str:
    """A TOML basic string: JSON's, whose escapes TOML shares, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def shareable_columns(evidence: Evidence, asked: Iterable[str] | None = None) -> tuple[str, ...]:
    """The columns of a table of rows whose moments can be shared: those asked for, else all that hold numbers.

    Raises
    ------
    EvidenceError
        With every column that is not there, or if no column holds numbers.
    """
    tables = [part.sheet.frame for part in evidence.parts.values() if isinstance(part, GroupedRows)]
    columns = list(dict.fromkeys(str(column) for frame in tables for column in frame.columns))
    if asked is not None:
        wanted = tuple(dict.fromkeys(asked))
        problems = [f"no column '{name}'{suggestion(name, columns)}" for name in wanted if name not in columns]
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


def _is_numeric(column: pd.Series[Any] | pd.DataFrame) -> bool:
    if isinstance(column, pd.DataFrame):  # two columns of one name: reported when they are used
        return False
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    return numeric and not pd.api.types.is_complex_dtype(column.dtype) and column.dtype != bool
