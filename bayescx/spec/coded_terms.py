"""Terms that code a column or say how a path is pooled: below, above, category, fixed and pool, read and written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

from bayescx.coding import Category, Coded, Hinge, Moderator, Side, number_text
from bayescx.spec.calls import FUNCTIONS, Argument, arguments_of, is_function, is_operator, stop
from bayescx.spec.codings import column_of, dummies_of, knot_of
from bayescx.spec.moderator_terms import moderators_of, written_category, written_moderators
from bayescx.spec.parameters import Parameter
from bayescx.spec.scanner import Token, written
from bayescx.spec.source import quote

__all__ = ["Named", "read_call", "written_terms"]

POOLED = {"fixed": False, "pool": True}


@dataclass(frozen=True)
class Named:
    """A variable that a term names, how it is coded, and how its path is pooled.

    `pooled` is None where it is as other paths are; `moderators` are the attributes of organizations that the path
    depends on.
    """

    variable: str
    coded: Coded | None = None
    pooled: bool | None = None
    moderators: tuple[Moderator, ...] = ()


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
    arguments, after = arguments_of(tokens, at, end)
    if function.text in POOLED:
        return _pooled(function, arguments), after
    if function.text == "category":
        return [Named(one.name, one, pooled=False) for one in dummies_of(function, arguments)], after
    hinge = Hinge(column_of(function, arguments[0]), cast("Side", function.text), knot_of(function, arguments))
    return [Named(hinge.name, hinge)], after


def written_terms(rows: Iterable[Parameter]) -> list[str]:
    """Return the terms of an equation as a model text writes them, a category in the place of its first level."""
    terms: dict[str, None] = {}
    for row in rows:
        match row.coded:
            case Hinge() as hinge:
                term, pooled = f"{hinge.side}({written(hinge.column)}, {number_text(hinge.at)})", row.pooled
            case Category() as dummy:
                term, pooled = written_category(dummy), row.pooled or None
            case None:
                term, pooled = written(row.rhs), row.pooled
        around = next((name for name, value in POOLED.items() if value is pooled), None)
        inside = ", ".join([term, *written_moderators(row.moderators)])
        terms[inside if around is None else f"{around}({inside})"] = None
    return list(terms)


def _pooled(function: Token, arguments: Sequence[Argument]) -> list[Named]:
    """Read fixed(term), pool(term) or pool(term, attributes)."""
    one, first = arguments[0], arguments[0].first
    each = f"{function.text}(x) + {function.text}(z)"
    if function.text == "fixed" and len(arguments) > 1:
        works = f"{each}; only a pooled path depends on attributes of organizations: pool(x, z)"
        stop(one.stop, f"found ',' in {function.text}(…), which takes one term: {works}")
    if first.kind != "name" or first.text == "NA":
        stop(
            first, f"found {first} where the variable of {function.text}(…) is needed; write {FUNCTIONS[function.text]}"
        )
    if len(one.tokens) > 1 and is_operator(one.tokens[1], "("):
        if not is_function(first) or first.text in POOLED:
            works = f"it takes a variable, below(x, 4), above(x, 4) or a category: {function.text}(x)"
            stop(first, f"found {quote(first.text + '(…)')} in {function.text}(…); {works}")
        named, after = read_call(one.tokens, 0, one.stop)
    else:
        named, after = [Named(first.text)], 1
    if after < len(one.tokens):
        found = one.tokens[after]
        works = (
            f"one term each: {each}" if found.text == "+" else f"values and labels stand before: a*{function.text}(x)"
        )
        stop(found, f"found {found} in {function.text}(…); {works}")
    moderators = moderators_of(arguments[1:])
    return [replace(name, pooled=POOLED[function.text], moderators=moderators) for name in named]
