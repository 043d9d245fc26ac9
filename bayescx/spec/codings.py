"""The arguments of below, above and category: a column, a knot, levels."""

from __future__ import annotations

from collections.abc import Sequence

from bayescx.coding import Category, is_missing, level_text, number_text
from bayescx.spec.calls import FUNCTIONS, Argument, stop
from bayescx.spec.scanner import Token
from bayescx.spec.source import quote

__all__ = ["column_of", "dummies_of", "knot_of"]


def column_of(function: Token, argument: Argument) -> str:
    """Read the column that is the first argument."""
    first = argument.first
    if first.kind != "name" or first.text == "NA":
        stop(first, f"found {first} where the column of {function.text}(…) is needed; write {FUNCTIONS[function.text]}")
    if len(argument.tokens) > 1:
        found = argument.tokens[1]
        works = f"write {FUNCTIONS[function.text]}; a name of several words stands between backquotes"
        stop(found, f"found {found} after {first} in {function.text}(…), which takes one column; {works}")
    return first.text


def knot_of(function: Token, arguments: Sequence[Argument]) -> float:
    """Read the number that is the second and last argument."""
    works = f"write {FUNCTIONS[function.text]}"
    if len(arguments) == 1:
        stop(arguments[0].stop, f"found no knot in {function.text}(…); {works}")
    one = arguments[1]
    number, sign, rest = _number(one)
    if number is None:
        found = one.first
        stop(found, f"found {found} where the knot of {function.text}(…), a number, is needed; {works}")
    if rest is not None:
        stop(rest, f"found {rest} after {number} in {function.text}(…), whose knot is one number; {works}")
    if len(arguments) > 2:
        works += f"; for a second knot add a term: {FUNCTIONS[function.text]} + {function.text}(x, 5)"
        stop(one.stop, f"found ',' after the knot of {function.text}(…); decimals take a point; {works}")
    return float(number_text(sign * float(number.text)))


def _number(argument: Argument) -> tuple[Token | None, float, Token | None]:
    """Return the number that an argument begins with, its sign, and the first token after it."""
    signed = bool(argument.tokens) and argument.tokens[0].text in ("-", "+")
    rest = argument.tokens[signed:]
    if not rest or rest[0].kind != "number":
        return None, 1.0, None
    sign = -1.0 if argument.tokens[0].text == "-" else 1.0
    return rest[0], sign, rest[1] if len(rest) > 1 else None


def dummies_of(function: Token, arguments: Sequence[Argument]) -> list[Category]:
    """Read a column and its levels: one dummy for each level but the first."""
    column = column_of(function, arguments[0])
    levels: dict[str, None] = {}
    for argument in arguments[1:]:
        level, token = _level(column, argument)
        if level in levels:
            stop(token, f"found the level {quote(level)} of {quote(column)} a second time; keep one of them")
        levels[level] = None
    if len(levels) < 2:
        works = "name all levels, the reference first: category(issue, billing, delivery, technical)"
        stop(function, f"found {len(levels)} level{'' if len(levels) == 1 else 's'} of {quote(column)}; {works}")
    every = tuple(levels)
    return [Category(column, level, every) for level in every[1:]]


def _level(column: str, argument: Argument) -> tuple[str, Token]:
    number, sign, rest = _number(argument)
    first = argument.first
    if number is not None:
        level = level_text(f"-{number.text}" if sign < 0 else number.text)
    elif first.kind == "name":
        level, rest = level_text(first.text), argument.tokens[1] if len(argument.tokens) > 1 else None
    else:
        stop(first, f"found {first} where a level of {quote(column)} is needed; write it, or drop the comma")
    if rest is not None:
        works = "commas stand between levels; other levels than names and numbers stand between backquotes: `a level`"
        stop(rest, f"found {rest} after {first}; {works}")
    if is_missing(level):
        works = "which tables write for a missing answer; give the level another name in the data"
        stop(first, f"found the level {quote(level)} of {quote(column)}, {works}")
    return level, first
