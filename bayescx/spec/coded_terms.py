"""Terms that code a column or say how a path is pooled: below, above, category, fixed and pool, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, cast

from bayescx.coding import Category, Coded, Hinge, Side, is_missing, level_text, number_text
from bayescx.spec.parameters import Parameter
from bayescx.spec.scanner import Token, written
from bayescx.spec.source import StatementError, quote

__all__ = ["FUNCTIONS", "Named", "read_call", "written_terms"]

SIDES = ("below", "above")
POOLED = {"fixed": False, "pool": True}
FUNCTIONS = {
    "below": "below(x, 4)",
    "above": "above(x, 4)",
    "category": "category(issue, billing, delivery), the reference first",
    "fixed": "fixed(x), one path for all organizations",
    "pool": "pool(x)",
}
"""What they look like."""


@dataclass(frozen=True)
class Named:
    """A variable that a term names, how it is coded, and whether its path is pooled (None: as other paths)."""

    variable: str
    coded: Coded | None = None
    pooled: bool | None = None


@dataclass(frozen=True)
class _Argument:
    """The tokens between two commas, and the token that ends them."""

    tokens: tuple[Token, ...]
    stop: Token


def read_call(tokens: Sequence[Token], at: int, end: Token) -> tuple[list[Named], int]:
    """Read a function and its arguments; return what it names and the index of the token after it.

    Parameters
    ----------
    tokens : sequence of Token
        Of the statement.
    at : int
        Index of the function's name; a parenthesis follows.
    end : Token
        What ends the statement.
    """
    function = tokens[at]
    arguments, after = _arguments(tokens, at, end)
    if function.text in POOLED:
        return _pooled(function, arguments), after
    column = _column(function, arguments[0])
    if function.text == "category":
        return _dummies(function, column, arguments[1:]), after
    hinge = Hinge(column, cast("Side", function.text), _knot(function, arguments))
    return [Named(hinge.name, hinge)], after


def written_terms(rows: Iterable[Parameter]) -> list[str]:
    """Return the terms of an equation as a model text writes them, a category in the place of its first level."""
    terms: dict[str, None] = {}
    for row in rows:
        match row.coded:
            case Hinge() as hinge:
                term, pooled = f"{hinge.side}({written(hinge.column)}, {number_text(hinge.at)})", row.pooled
            case Category() as dummy:
                levels = ", ".join(map(_written_level, dummy.levels))
                term, pooled = f"category({written(dummy.column)}, {levels})", row.pooled or None
            case None:
                term, pooled = written(row.rhs), row.pooled
        around = next((name for name, value in POOLED.items() if value is pooled), None)
        terms[term if around is None else f"{around}({term})"] = None
    return list(terms)


def _written_level(level: str) -> str:
    return level if level[-1].isdigit() and level == _as_number(level) else written(level)


def _as_number(text: str) -> str:
    try:
        return number_text(float(text))
    except ValueError:
        return ""


def _arguments(tokens: Sequence[Token], at: int, end: Token) -> tuple[list[_Argument], int]:
    found: list[_Argument] = []
    current: list[Token] = []
    depth = 0
    for index in range(at + 1, len(tokens)):
        token = tokens[index]
        depth += (token.text == "(") - (token.text == ")") if token.kind == "operator" else 0
        if depth == 0 or (depth == 1 and _is(token, ",")):
            found.append(_Argument(tuple(current), token))
            current = []
            if depth == 0:
                return found, index + 1
        elif index > at + 1:
            current.append(token)
    message = f"found {end} where ')' is needed; write {FUNCTIONS[tokens[at].text]}"
    raise StatementError(end.line, end.column, message)


def _pooled(function: Token, arguments: Sequence[_Argument]) -> list[Named]:
    """Read fixed(term) or pool(term)."""
    one = arguments[0]
    first = one.tokens[0] if one.tokens else one.stop
    each = f"{function.text}(x) + {function.text}(z)"
    if len(arguments) > 1:
        _stop(one.stop, f"found ',' in {function.text}(…), which takes one term: {each}")
    if first.kind != "name" or first.text == "NA":
        _stop(
            first, f"found {first} where the variable of {function.text}(…) is needed; write {FUNCTIONS[function.text]}"
        )
    if len(one.tokens) > 1 and _is(one.tokens[1], "("):
        if not is_function(first) or first.text in POOLED:
            works = f"it takes a variable, below(x, 4), above(x, 4) or a category: {function.text}(x)"
            _stop(first, f"found {quote(first.text + '(…)')} in {function.text}(…); {works}")
        named, after = read_call(one.tokens, 0, one.stop)
    else:
        named, after = [Named(first.text)], 1
    if after < len(one.tokens):
        found = one.tokens[after]
        works = (
            f"one term each: {each}" if found.text == "+" else f"values and labels stand before: a*{function.text}(x)"
        )
        _stop(found, f"found {found} in {function.text}(…); {works}")
    return [replace(name, pooled=POOLED[function.text]) for name in named]


def is_function(token: Token) -> bool:
    """Whether a token may begin a call; a name between backquotes is always a variable."""
    return token.kind == "name" and token.text in FUNCTIONS and token.written == token.text


def _column(function: Token, argument: _Argument) -> str:
    first = argument.tokens[0] if argument.tokens else argument.stop
    if first.kind != "name" or first.text == "NA":
        _stop(
            first, f"found {first} where the column of {function.text}(…) is needed; write {FUNCTIONS[function.text]}"
        )
    if len(argument.tokens) > 1:
        found = argument.tokens[1]
        works = f"write {FUNCTIONS[function.text]}; a name of several words stands between backquotes"
        _stop(found, f"found {found} after {first} in {function.text}(…), which takes one column; {works}")
    return first.text


def _knot(function: Token, arguments: Sequence[_Argument]) -> float:
    """Read the number that is the second and last argument."""
    works = f"write {FUNCTIONS[function.text]}"
    if len(arguments) == 1:
        _stop(arguments[0].stop, f"found no knot in {function.text}(…); {works}")
    one = arguments[1]
    number, sign, rest = _number(one)
    if number is None:
        found = one.tokens[0] if one.tokens else one.stop
        _stop(found, f"found {found} where the knot of {function.text}(…), a number, is needed; {works}")
    if rest is not None:
        _stop(rest, f"found {rest} after {number} in {function.text}(…), whose knot is one number; {works}")
    if len(arguments) > 2:
        works += f"; for a second knot add a term: {FUNCTIONS[function.text]} + {function.text}(x, 5)"
        _stop(one.stop, f"found ',' after the knot of {function.text}(…); decimals take a point; {works}")
    return float(number_text(sign * float(number.text)))


def _number(argument: _Argument) -> tuple[Token | None, float, Token | None]:
    """Return the number that an argument begins with, its sign, and the first token after it."""
    signed = bool(argument.tokens) and argument.tokens[0].text in ("-", "+")
    rest = argument.tokens[signed:]
    if not rest or rest[0].kind != "number":
        return None, 1.0, None
    sign = -1.0 if argument.tokens[0].text == "-" else 1.0
    return rest[0], sign, rest[1] if len(rest) > 1 else None


def _dummies(function: Token, column: str, arguments: Sequence[_Argument]) -> list[Named]:
    """Read the levels of a category: one dummy for each but the first."""
    levels: dict[str, None] = {}
    for argument in arguments:
        level, token = _level(column, argument)
        if level in levels:
            _stop(token, f"found the level {quote(level)} of {quote(column)} a second time; keep one of them")
        levels[level] = None
    if len(levels) < 2:
        works = "name all levels, the reference first: category(issue, billing, delivery, technical)"
        _stop(function, f"found {len(levels)} level{'' if len(levels) == 1 else 's'} of {quote(column)}; {works}")
    every = tuple(levels)
    dummies = [Category(column, level, every) for level in every[1:]]
    return [Named(one.name, one, pooled=False) for one in dummies]


def _level(column: str, argument: _Argument) -> tuple[str, Token]:
    number, sign, rest = _number(argument)
    first = argument.tokens[0] if argument.tokens else argument.stop
    if number is not None:
        level = number_text(sign * float(number.text))
    elif first.kind == "name":
        level, rest = level_text(first.text), argument.tokens[1] if len(argument.tokens) > 1 else None
    else:
        _stop(first, f"found {first} where a level of {quote(column)} is needed; write it, or drop the comma")
    if rest is not None:
        works = "commas stand between levels; other levels than names and numbers stand between backquotes: `a level`"
        _stop(rest, f"found {rest} after {first}; {works}")
    if is_missing(level):
        works = "which tables write for a missing answer; give the level another name in the data"
        _stop(first, f"found the level {quote(level)} of {quote(column)}, {works}")
    return level, first


def _is(token: Token, text: str) -> bool:
    return token.kind == "operator" and token.text == text


def _stop(token: Token, message: str) -> NoReturn:
    raise StatementError(token.line, token.column, message)
