"""What coded terms must satisfy together with the rest of a model. Each check yields its problems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from bayescx.coding import Category, Coded, Hinge, number_text
from bayescx.spec.parameters import Parameter
from bayescx.spec.roles import Roles
from bayescx.spec.source import Problem, quote

__all__ = ["coded_problems", "shown_name"]


def coded_problems(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    """Yield what is wrong with coded terms; a category is named as a whole, once."""
    rows = [row for row in parameters if row.coded is not None]
    if not rows:
        return
    yield from _variables_by_themselves(rows, parameters, roles)
    yield from _names_taken(rows, parameters)
    yield from _columns_coded_differently(rows)
    yield from _sides_that_add_up(rows)


def shown_name(row: Parameter) -> str:
    """Name a parameter in a message; the paths of a category have one name."""
    return f"{row.lhs}~{_term(row.coded)}" if isinstance(row.coded, Category) else row.name


def _at(row: Parameter, message: str) -> Problem:
    return Problem(row.line, row.column, message)


def _term(coded: Coded | None) -> str:
    return f"category({coded.column}, …)" if isinstance(coded, Category) else coded.name if coded else ""


def _coded(rows: Sequence[Parameter]) -> Iterator[tuple[Parameter, Coded]]:
    for row in rows:
        if row.coded is not None:
            yield row, row.coded


def _variables_by_themselves(
    rows: Sequence[Parameter], parameters: Sequence[Parameter], roles: Roles
) -> Iterator[Problem]:
    """Refuse a column that is coded and a variable of the model too."""
    first: dict[str, Parameter] = {}
    for row in parameters:
        for name in (row.lhs, row.rhs if row.coded is None else ""):
            first.setdefault(name, row)
    effects = {effect for _, effect in roles.arrows}
    for row, coded in _coded(rows):
        name = coded.column
        if name not in first:
            continue
        shown = f"found {_term(coded)} of {quote(name)}"
        where = f"(line {first[name].line})"
        if name in roles.latents:
            yield _at(row, f"{shown}, a factor {where}; such terms take a column of the data")
        elif name in roles.items:
            yield _at(row, f"{shown}, an item {where}; such terms take a column that measures no factor")
        elif name in effects:
            yield _at(row, f"{shown}, an outcome {where}; such terms take a variable that nothing in the model drives")
        elif isinstance(coded, Hinge):
            both = f"below({name}, {number_text(coded.at)}) + above({name}, {number_text(coded.at)})"
            yield _at(row, f"{shown}, which is also in the model by itself {where}; write both sides instead: {both}")
        else:
            works = "its levels say all that it says: drop it there"
            yield _at(row, f"{shown}, which is also in the model by itself {where}; {works}")


def _names_taken(rows: Sequence[Parameter], parameters: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse a variable, or another term, that has the name of a coded column."""
    first: dict[str, Parameter] = {}
    for row in rows:
        before = first.setdefault(row.rhs, row)
        same_column = before.coded is not None and row.coded is not None and before.coded.column == row.coded.column
        if before.coded != row.coded and not same_column:
            works = "rename a column or a level"
            yield _at(row, f"found a second meaning of {quote(row.rhs)} (first on line {before.line}); {works}")
    for row in parameters:
        for name in {row.lhs, row.rhs if row.coded is None else ""} & set(first):
            works = f"{_term(first[name].coded)} on line {first[name].line}: write that term, or rename the column"
            yield _at(row, f"found the variable {quote(name)}, which is also what the model codes in {works}")


def _columns_coded_differently(rows: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse one column with a knot and levels, or with two lists of levels."""
    first: dict[str, tuple[Parameter, Coded]] = {}
    for row, coded in _coded(rows):
        before, other = first.setdefault(coded.column, (row, coded))
        where = f"on line {before.line}"
        if type(coded) is not type(other):
            works = "treat it as a number or as a category"
            yield _at(row, f"found {_term(coded)} beside {_term(other)} {where}; {works}")
        elif isinstance(coded, Category) and isinstance(other, Category) and coded.levels != other.levels:
            works = "write the same levels in the same order everywhere, the reference first"
            yield _at(row, f"found other levels of {quote(coded.column)} than {where}; {works}")


def _sides_that_add_up(rows: Sequence[Parameter]) -> Iterator[Problem]:
    """Refuse both sides of two knots in one equation: each pair adds up to the variable, and so they are collinear."""
    sides: dict[tuple[str, str], dict[float, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row, coded in _coded(rows):
        if not isinstance(coded, Hinge):
            continue
        knots = sides[row.lhs, coded.column]
        new = coded.side not in knots[coded.at]
        knots[coded.at].add(coded.side)
        whole = [knot for knot, found in knots.items() if len(found) == 2]
        if new and len(whole) > 1 and coded.at in whole:
            shown = " and ".join(map(number_text, whole[-2:]))
            works = "each pair adds up to the variable: leave one of these four terms out"
            yield _at(row, f"found both sides of the knots {shown} of {quote(coded.column)} in one equation; {works}")
