"""Groups of predictors that belong together: comment lines ``#: [name] = first, second`` of a model text.

They are comments to every other program that reads lavaan syntax.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bayescx.errors import did_you_mean
from bayescx.spec.source import Problem, join, quote, split_lines

__all__ = ["GROUP_LINE", "Grouping", "grouping_problems", "read_groupings"]

GROUP_LINE = re.compile(r"\s*#:\s*\[(?P<name>[^\]]*)\]\s*=(?P<members>.*)$")
MAX_NAME = 60


@dataclass(frozen=True)
class Grouping:
    """A group, the variables or columns in it, and where it stands (counted from 1)."""

    name: str
    members: tuple[str, ...]
    line: int
    column: int


def read_groupings(text: str) -> tuple[Grouping, ...]:
    """Return the groups of a model text, as written.

    Examples
    --------
    >>> [(one.name, one.members) for one in read_groupings("#: [the offer] = price, `product quality`")]
    [('the offer', ('price', 'product quality'))]
    """
    found = []
    for number, line in enumerate(split_lines(text), start=1):
        if match := GROUP_LINE.match(line):
            members = (part.strip() for part in match["members"].split(","))
            plain = tuple(part[1:-1] if len(part) > 1 and part[0] == part[-1] == "`" else part for part in members)
            found.append(Grouping(" ".join(match["name"].split()), plain, number, match.start("name") + 1))
    return tuple(found)


def grouping_problems(text: str, predictors: Collection[str]) -> Iterator[Problem]:
    """Yield groups without a usable name or given twice, and members that are no predictors or in two groups."""
    first: dict[str, Grouping] = {}
    home: dict[str, str] = {}
    for one in read_groupings(text):
        works = "write #: [name] = first, second"
        if not one.name or len(one.name) > MAX_NAME or not one.name.isprintable():
            found = f"found no usable name of a group (1 to {MAX_NAME} characters)"
            yield Problem(one.line, one.column, f"{found}; {works}")
            continue
        if first.setdefault(one.name, one) is not one:
            where = f"first on line {first[one.name].line}"
            yield Problem(one.line, one.column, f"found the group {quote(one.name)} a second time ({where})")
            continue
        if one.name in predictors and one.members != (one.name,):
            yield Problem(one.line, one.column, f"found the group {quote(one.name)}, which is the name of a predictor")
        for member in one.members:
            if member not in predictors:
                hint = did_you_mean(member, predictors) or f"; predictors: {join(predictors)}"
                yield Problem(
                    one.line, one.column, f"found {quote(member)} in the group {quote(one.name)}, no predictor{hint}"
                )
            elif member in home:
                both = f"the groups {quote(home[member])} and {quote(one.name)}"
                yield Problem(one.line, one.column, f"found {quote(member)} in {both}; keep one of them")
            home.setdefault(member, one.name)
