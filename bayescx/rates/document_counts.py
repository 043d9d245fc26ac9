"""The counts of one question in a document: from a table of rows, a table of counts, or written in the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bayescx.errors import EvidenceError
from bayescx.evidence.findings import listing, printable, shortened, suggestion
from bayescx.evidence.moments_checks import is_whole
from bayescx.rates.counts import Counts
from bayescx.rates.reading import category_problems

__all__ = ["COUNT_KEYS", "read_counts"]

COUNT_KEYS = ("categories", "groups", "rows", "counts", "organization", "outcome", "by")
"""Keys of a question that say who counted what."""

_COLUMNS = {"organization": "names organizations", "outcome": "holds the answers", "by": "tells groups apart"}
_LARGEST = 10**12


def read_counts(folder: Path, entry: Mapping[str, Any], *, simulated: bool) -> tuple[Counts | None, list[str]]:
    """Counts of a question; of no organization where only published figures are known.

    Parameters
    ----------
    folder : Path
        Of the document.
    entry : mapping
        The table of the question.
    simulated : bool
        Whether a program made the data.

    Returns
    -------
    counts : Counts or None
        None if anything is wrong.
    problems : list of str
    """
    categories, groups = entry.get("categories"), entry.get("groups")
    problems = [] if categories is None else category_problems(categories)
    problems += [] if groups is None else category_problems(groups, "groups")
    problems += _source_problems(entry)
    if problems:
        return None, problems
    try:
        if isinstance(entry.get("counts"), Mapping):
            counts = _written(entry["counts"], categories or [], groups)
        elif "rows" in entry or "counts" in entry:
            counts = _from_file(folder, entry)
        else:
            counts = Counts.empty(categories or [], groups=groups or ("",))
        return replace(counts, simulated=simulated), []
    except EvidenceError as error:
        return None, list(error.problems)


def _source_problems(entry: Mapping[str, Any]) -> list[str]:
    """What is wrong with the keys that say where counts are."""
    is_written = isinstance(entry.get("counts"), Mapping)
    files = [key for key in ("rows", "counts") if key in entry and not (key == "counts" and is_written)]
    problems = ["a question has rows or counts, not both"] if "rows" in entry and "counts" in entry else []
    problems += [
        f"{key} must be the name of a file in quotes, found {entry[key]!r:.60}"
        for key in files
        if not _is_name(entry[key])
    ]
    problems += _column_problems(entry, files)
    if not files and "categories" not in entry:
        problems.append("categories must list the answers there are, in order")
    return problems


def _column_problems(entry: Mapping[str, Any], files: list[str]) -> list[str]:
    """What is wrong with the names of columns, given the files that are named."""
    columns = [key for key in _COLUMNS if key in entry]
    problems = [
        f"{key} must be the name of the column that {_COLUMNS[key]}, found {entry[key]!r:.60}"
        for key in columns
        if not _is_name(entry[key])
    ]
    if not files:
        where = f'{listing(columns)}: columns of what? rows = "..." or counts = "..." must name a file'
        return [*problems, where] if columns else problems
    if "groups" in entry and "by" not in entry:
        problems.append('groups need by = "...", the column that tells them apart')
    needed = ("organization", "outcome") if "rows" in files else ("organization",)
    problems += [f'{key} = "..." must name the column that {_COLUMNS[key]}' for key in needed if key not in entry]
    if "rows" not in files and "outcome" in entry:
        problems.append('outcome is for rows = "..."; a table of counts has one column per category')
    return problems


def _is_name(given: object) -> bool:
    return isinstance(given, str) and given != ""


def _from_file(folder: Path, entry: Mapping[str, Any]) -> Counts:
    key = "rows" if "rows" in entry else "counts"
    given = entry[key]
    columns: dict[str, Any] = {
        "organization": entry["organization"], "groups": entry.get("by"), "categories": entry.get("categories"),
        "group_names": entry.get("groups"),
    }  # fmt: skip
    try:
        _check_inside(folder, given)
        if key == "rows":
            return Counts.from_rows(folder / given, outcome=entry["outcome"], **columns)
        return Counts.from_table(folder / given, **columns)
    except EvidenceError as error:
        raise EvidenceError(given, [f"{key} = {_shown(given)}: {problem}" for problem in error.problems]) from None
    except (OSError, ValueError) as error:  # a name that no file can have
        raise EvidenceError(given, [f"{key} = {_shown(given)}: cannot be opened ({error})"]) from None


def _check_inside(folder: Path, given: str) -> None:
    # who sends a document must not thereby choose which files of the reader's machine are read
    if not (folder / given).resolve().is_relative_to(folder.resolve()):
        raise EvidenceError(given, ["a file must lie in the folder of the document, or below it"])


def _written(given: Mapping[str, Any], categories: list[str], groups: list[str] | None) -> Counts:
    """Counts as they stand in the document: a list per organization, or one per organization and group."""
    if not given:
        raise EvidenceError("counts", ["counts: there is no organization; write NAME = [...] for each"])
    problems: list[str] = []
    answers = np.zeros((len(given), len(groups or [""]), len(categories)), dtype=np.int64)
    for j, (name, own) in enumerate(given.items()):
        where = f"counts.{shortened(printable(name), 40)}"
        if groups is None:
            answers[j, 0], wrong = _list(own, categories, where)
            problems += wrong
            continue
        if not isinstance(own, Mapping):
            problems.append(f"{where}: a list for each group is needed, {groups[0]} = [...], found {own!r:.60}")
            continue
        problems += [
            f"{where}: there is no group {_shown(one)}{suggestion(one, groups)}" for one in own if one not in groups
        ]
        for g, group in enumerate(groups):
            if group in own:
                answers[j, g], wrong = _list(own[group], categories, f"{where}.{shortened(printable(group), 40)}")
                problems += wrong
    if problems:
        raise EvidenceError("counts", problems)
    return Counts(tuple(given), tuple(groups or [""]), tuple(categories), answers, len(given))


def _list(given: object, categories: list[str], where: str) -> tuple[list[int], list[str]]:
    """A list of counts, one per category, and what is wrong with it."""
    nothing = [0] * len(categories)
    if not isinstance(given, list) or len(given) != len(categories):
        order = listing([printable(one) for one in categories], 8)
        return nothing, [f"{where} must be a list of {len(categories)} counts ({order}), found {given!r:.60}"]
    wrong = [
        f"{where}: the count of {_shown(name)} must be a whole number, 0 or above, found {one!r:.60}"
        for name, one in zip(categories, given, strict=True)
        if not (is_whole(one) and 0 <= one < _LARGEST)
    ]
    return (nothing, wrong) if wrong else (given, [])


def _shown(name: str) -> str:
    return f"'{shortened(printable(name), 40)}'"
