"""Arguments that several functions take: counts, and the names of variables."""

from __future__ import annotations

from collections.abc import Sequence

from bayescx.errors import EvidenceError
from bayescx.evidence.moments import is_whole

__all__ = ["distinct_names", "planned_problems", "whole_number_problems"]


def distinct_names(variables: Sequence[str]) -> tuple[str, ...]:
    """Return the variables as a tuple, unless it is no list of distinct names."""
    wanted = tuple(variables)
    if isinstance(variables, str) or not wanted or len(set(wanted)) < len(wanted):
        raise EvidenceError("evidence", [f"the variables must be a list of distinct names, not {variables!r}"])
    return wanted


def planned_problems(planned: int | None, reported: int) -> list[str]:
    """Say where fewer organizations are planned than have reported."""
    if planned is None or planned >= reported:
        return []
    works = "n_planned (command line: --planned) counts these and those still to come"
    return [f"n_planned = {planned} is smaller than the number of organizations that reported, {reported}; {works}"]


def whole_number_problems(**values: object) -> list[str]:
    """Say which of the values are neither None nor a whole number above 0."""
    return [
        f"{name} must be a whole number above 0, not {value!r}"
        for name, value in values.items()
        if value is not None and not (is_whole(value) and int(value) > 0)  # type: ignore[call-overload]
    ]
