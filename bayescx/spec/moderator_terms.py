"""Attributes of organizations that a pooled path depends on, in pool(x, employees, category(industry, …))."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bayescx.coding import Attribute, Category, Moderator
from bayescx.spec.calls import Argument, arguments_of, is_function, stop
from bayescx.spec.codings import dummies_of
from bayescx.spec.scanner import Token, written
from bayescx.spec.source import quote

__all__ = ["moderators_of", "written_category", "written_moderators"]

_WORKS = "write a column, pool(x, employees), or category(industry, services, goods), the reference first"
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?")  # as levels that are numbers are written


def moderators_of(arguments: Sequence[Argument]) -> tuple[Moderator, ...]:
    """Read what stands behind the term of pool(…); a category is one moderator for each level but the first."""
    found: dict[str, list[Moderator]] = {}
    for argument in arguments:
        read = _attribute(argument)
        column = read[0].column
        if column in found:
            stop(argument.first, f"found the attribute {quote(column)} a second time in one pool(…); keep one of them")
        found[column] = read
    return tuple(one for read in found.values() for one in read)


def _attribute(argument: Argument) -> list[Moderator]:
    first = argument.first
    if first.kind != "name" or first.text == "NA":
        stop(first, f"found {first} where an attribute of organizations is needed; {_WORKS}")
    rest = argument.tokens[1:]
    if rest and rest[0].written == "(":
        if not is_function(first) or first.text != "category":
            stop(first, f"found {quote(first.text + '(…)')} as an attribute of organizations; {_WORKS}")
        arguments, after = arguments_of(argument.tokens, 0, argument.stop)
        _check_end(argument.tokens[after:], "the category")
        return list(dummies_of(first, arguments))
    _check_end(rest, str(first))
    return [Attribute(first.text)]


def _check_end(rest: Sequence[Token], after: str) -> None:
    if rest:
        works = "commas stand between attributes, which take no values and no labels"
        stop(rest[0], f"found {rest[0]} after {after} in pool(…); {works}: pool(x, employees, age)")


def written_moderators(moderators: Iterable[Moderator]) -> list[str]:
    """Return attributes as a model text writes them, a category in the place of its first level."""
    return list(dict.fromkeys(map(_written, moderators)))


def _written(moderator: Moderator) -> str:
    return written_category(moderator) if isinstance(moderator, Category) else written(moderator.column)


def written_category(dummy: Category) -> str:
    """Return a category as a model text writes it.

    Examples
    --------
    >>> written_category(Category("issue", "late delivery", ("billing", "late delivery", "3")))
    'category(issue, billing, `late delivery`, 3)'
    """
    return f"category({written(dummy.column)}, {', '.join(map(_written_level, dummy.levels))})"


def _written_level(level: str) -> str:
    return level if _NUMBER.fullmatch(level) else written(level)
