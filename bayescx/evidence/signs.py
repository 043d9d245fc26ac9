"""Declared signs of paths: figures such as an R-squared fix how strong paths are, not which way they point."""

from __future__ import annotations

from collections.abc import Mapping

from bayescx.evidence.figure_fields import shown
from bayescx.evidence.moments import is_whole

__all__ = ["read_signs"]

_SIGNS = {"+": 1, "-": -1}
_WORDS = {
    "+": ("positive", "plus", "pos", "1", "+1"),
    "-": ("negative", "minus", "neg", "-1", "\u2212", "\u2013"),
}
"""What somebody may have meant."""


def read_signs(signs: object) -> tuple[dict[str, int], tuple[str, ...]]:
    """Read declared signs; return also what is wrong with them.

    Examples
    --------
    >>> read_signs({"loyalty ~ trust": "-"})
    ({'loyalty~trust': -1}, ())
    """
    if not isinstance(signs, Mapping):
        return {}, (f'signs must be a table [signs] with lines such as "loyalty~trust" = "+", found {shown(signs)}',)
    found: dict[str, int] = {}
    problems: list[str] = []
    for key, value in signs.items():
        outcome, *rest = [part.strip() for part in key.split("~")] if isinstance(key, str) else [""]
        name = "~".join([outcome, *rest])
        if len(rest) != 1 or not (outcome and rest[0]):
            problems.append(f'signs: {shown(key)} is no path; a path is "outcome~cause" in quotes')
        elif name in found:
            problems.append(f"signs: {shown(name)} is given twice")
        elif (sign := _sign(value)) is None:
            problems.append(f'signs: the sign of {shown(name)} is "+" or "-", found {shown(value)}{_meant(value)}')
        else:
            found[name] = sign
    return found, tuple(problems)


def _sign(value: object) -> int | None:
    if isinstance(value, str):
        return _SIGNS.get(value.strip())
    return int(value) if is_whole(value) and value in (1, -1) else None


def _meant(value: object) -> str:
    word = value.strip().lower() if isinstance(value, str) else ""
    return next((f': write "{sign}"' for sign, words in _WORDS.items() if word in words), "")
