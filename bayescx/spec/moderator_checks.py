"""What attributes of organizations must satisfy together with the rest of a model. Each check yields its problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bayescx.coding import Category, Moderator
from bayescx.spec.parameters import Parameter
from bayescx.spec.source import Problem, quote

__all__ = ["moderator_problems"]


def moderator_problems(parameters: Sequence[Parameter]) -> Iterator[Problem]:
    """Yield what is wrong with paths that depend on attributes, and with the attributes themselves."""
    rows = [row for row in parameters if row.moderators]
    if not rows:
        return
    yield from _variables(rows, parameters)
    yield from _attributes_read_differently(rows)
    yield from _names_taken(rows)
    yield from _pairs_taken(rows, parameters)
    yield from _values_and_labels(rows, parameters)


def _at(row: Parameter, message: str) -> Problem:
    return Problem(row.line, row.column, message)


def _named(rows: Sequence[Parameter]) -> Iterator[tuple[Parameter, Moderator]]:
    for row in rows:
        for one in row.moderators:
            yield row, one


def _shown(one: Moderator) -> str:
    return f"category({one.column}, …)" if isinstance(one, Category) else one.column


def _variables(rows: Sequence[Parameter], parameters: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse an attribute that is a variable of the model too, or a column that the model codes."""
    first: dict[str, Parameter] = {}
    for row in parameters:
        for name in (row.lhs, row.rhs, "" if row.coded is None else row.coded.column):
            first.setdefault(name, row)
    for row, one in _named(rows):
        for name in dict.fromkeys((one.column, one.name)):
            if name in first:
                shown = f"found {quote(name)} as an attribute of organizations, and as a variable of the model"
                works = (
                    "an attribute is the same for all respondents of an organization and has no path of its own: drop "
                    "one of them (two pooled terms are written pool(x) + pool(z))"
                )
                yield _at(row, f"{shown} (line {first[name].line}); {works}")


def _attributes_read_differently(rows: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse one attribute as a number and a category, or with two lists of levels."""
    first: dict[str, tuple[Parameter, Moderator]] = {}
    for row, one in _named(rows):
        before, other = first.setdefault(one.column, (row, one))
        where = f"on line {before.line}"
        if type(one) is not type(other):
            works = "treat it as a number or as a category"
            yield _at(row, f"found the attribute {_shown(one)} beside {_shown(other)} {where}; {works}")
        elif isinstance(one, Category) and isinstance(other, Category) and one.levels != other.levels:
            works = "write the same levels in the same order everywhere, the reference first"
            yield _at(row, f"found other levels of the attribute {quote(one.column)} than {where}; {works}")


def _names_taken(rows: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse an attribute that has the name of a level of another one."""
    first: dict[str, tuple[Parameter, Moderator]] = {}
    for row, one in _named(rows):
        before, other = first.setdefault(one.name, (row, one))
        if one.column != other.column:
            works = "rename a column or a level"
            yield _at(row, f"found a second meaning of {quote(one.name)} (first on line {before.line}); {works}")


def _pairs_taken(rows: Sequence[Parameter], parameters: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse a path and an attribute that together have the name of another such pair, or of a parameter."""
    first: dict[str, Parameter] = {row.name: row for row in reversed(parameters)}
    for row, one in _named(rows):
        name = f"{row.name}:{one.name}"
        if (before := first.setdefault(name, row)) is not row:
            what = f"found the attribute {quote(one.name)} of {row.name}: what it does would be called {quote(name)}"
            yield _at(row, f"{what}, a name that line {before.line} has already; rename a column with a colon in it")


def _values_and_labels(rows: Sequence[Parameter], parameters: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse a path that is to depend on attributes and has a value, or shares its label."""
    labels = Counter(row.label for row in parameters if row.label is not None)
    for row in rows:
        depends = f"which depends on {_shown(row.moderators[0])}"
        if row.fixed is not None:
            works = "a path with a value is the same everywhere: keep the value, or pool(…)"
            yield _at(row, f"found the value {row.fixed:g} on {row.name}, {depends}; {works}")
        if row.label is not None and labels[row.label] > 1:
            works = "give it a label of its own"
            yield _at(row, f"found the label {quote(row.label)} of {row.name}, {depends}, on another path too; {works}")
