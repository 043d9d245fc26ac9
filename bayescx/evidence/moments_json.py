"""The file that holds an organization's moments: its text, its fingerprint, and what can be wrong with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bayescx.evidence.findings import suggestion

if TYPE_CHECKING:
    from bayescx.evidence.moments import SampleMoments

__all__ = ["FORMAT", "VERSIONS", "content_problems", "text_of"]

FORMAT = "bayescx-moments"
VERSIONS = (1, 2)
KEYS = ("format", "version", "organization", "n_obs", "variables", "mean", "cov")
LATER_KEYS = ("scale_free", "patterns", "merged", "ignored", "dropped", "fingerprint")
"""Keys of version 2; those between patterns and fingerprint count what the minimum size of a pattern cost."""
PATTERN_KEYS = ("n_obs", "variables", "mean", "scatter")


def text_of(
    moments: SampleMoments,
    organization: str | None = None,
    *,
    counts: Mapping[str, int] | None = None,
    sealed: bool = False,
) -> str:
    """Return moments as JSON text.

    Parameters
    ----------
    moments : SampleMoments
    organization : str, optional
    counts : mapping, optional
        ``merged``, ``ignored``, ``dropped``.
    sealed : bool
        Add a fingerprint; correlations, patterns and counts have one anyway.
    """
    content: dict[str, Any] = {"format": FORMAT, "version": 1}
    if organization is not None:
        content["organization"] = organization
    content |= {
        "n_obs": moments.n_obs,
        "variables": list(moments.variables),
        "mean": None if moments.mean is None else moments.mean.tolist(),
        "cov": moments.cov.to_numpy().tolist(),
    }
    if moments.scale_free:
        content["scale_free"] = True
    if moments.patterns:
        content["patterns"] = [
            {
                "n_obs": one.n_obs,
                "variables": list(one.variables),
                "mean": one.mean.tolist(),
                "scatter": one.scatter.to_numpy().tolist(),
            }
            for one in moments.patterns
        ]
    content |= counts or {}
    if sealed or any(key in content for key in LATER_KEYS):
        content["version"] = 2
        content["fingerprint"] = fingerprint(content)
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def fingerprint(content: Mapping[str, Any]) -> str:
    """SHA-256 of everything but the fingerprint itself; spaces and the order of keys do not matter."""
    rest = {key: value for key, value in content.items() if key != "fingerprint"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def content_problems(content: object) -> list[str]:
    """Check the shape of a moments file before its numbers."""
    if not isinstance(content, Mapping):
        return [f"not moments: a JSON object is needed, not a {type(content).__name__}"]
    if content.get("format") != FORMAT:
        return [f'not moments: "format" must be "{FORMAT}", found {content.get("format")!r}']
    version = content.get("version")
    if isinstance(version, bool) or version not in VERSIONS:
        return [f'"version" must be 1 or 2, found {version!r}: a newer bayescx may have written it']
    allowed = KEYS if version == 1 else (*KEYS, *LATER_KEYS)
    problems = [f'"{key}" needs "version": 2' for key in content if key in LATER_KEYS and version == 1]
    problems += [f'unknown key "{key}"{suggestion(key, allowed)}' for key in content if key not in (*KEYS, *LATER_KEYS)]
    problems += [f'"{key}" is missing' for key in ("n_obs", "variables", "cov") if key not in content]
    if problems:
        return problems
    if "fingerprint" in content and content["fingerprint"] != fingerprint(content):
        works = "use the file as it was shared, or ask for it again"
        return [f"the file was changed after it was written: its content does not match its fingerprint; {works}"]
    return _shape_problems(content)


def _shape_problems(content: Mapping[str, Any]) -> list[str]:
    names = content["variables"]
    if not _are_names(names):
        return ['"variables" must be a list of names']
    size = len(names)
    problems = []
    if not _is_numbers(content["cov"], size, rows=size):
        problems.append(f'"cov" must be {size} rows of {size} numbers, one for each of the variables')
    if content.get("mean") is not None and not _is_numbers([content["mean"]], size, rows=1):
        problems.append(f'"mean" must be null or {size} numbers, one for each of the variables')
    if not isinstance(content.get("scale_free", False), bool):
        problems.append(f'"scale_free" must be true or false, found {content["scale_free"]!r}')
    patterns = content.get("patterns", [])
    if not isinstance(patterns, list):
        return [*problems, '"patterns" must be a list']
    for number, one in enumerate(patterns, start=1):
        problems += [f"pattern {number}: {problem}" for problem in _pattern_problems(one)]
    return problems


def _pattern_problems(one: object) -> list[str]:
    if not isinstance(one, Mapping) or set(one) != set(PATTERN_KEYS):
        return [f"an object with the keys {', '.join(PATTERN_KEYS)} is needed"]
    names = one["variables"]
    if not _are_names(names):
        return ['"variables" must be a list of names']
    size = len(names)
    if _is_numbers([one["mean"]], size, rows=1) and _is_numbers(one["scatter"], size, rows=size):
        return []
    return [f'"mean" must be {size} numbers and "scatter" {size} rows of {size} numbers']


def _are_names(names: object) -> bool:
    return isinstance(names, list) and bool(names) and all(isinstance(name, str) for name in names)


def _is_numbers(matrix: object, width: int, *, rows: int) -> bool:
    if not (isinstance(matrix, list) and len(matrix) == rows):
        return False
    return all(isinstance(row, list) and len(row) == width and all(_is_number(cell) for cell in row) for row in matrix)


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return False
    return isinstance(cell, float) or abs(cell) < 10**300  # JSON integers have no upper end, floats do
