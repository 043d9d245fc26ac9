"""What variables are called in sentences and pictures: comment lines ``#: name = words`` of a model text.

They are comments to every other program that reads lavaan syntax.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bayescx.errors import did_you_mean
from bayescx.spec.groupings import GROUP_LINE
from bayescx.spec.source import Problem, join, quote, split_lines

MAX_WORDS = 200

_BEGINS = re.compile(r"\s*#:")
_LINE = re.compile(r"\s*#:\s*(?:`(?P<quoted>[^`]+)`|(?P<plain>[^\s=]+))\s*=\s*(?P<words>.*?)\s*$")


@dataclass(frozen=True)
class Wording:
    """Words for a variable, and where they stand (counted from 1)."""

    name: str
    words: str
    line: int
    column: int


def read_wordings(text: str) -> tuple[Wording, ...]:
    """Return the wordings of a model text, as written.

    Examples
    --------
    >>> [(one.name, one.words) for one in read_wordings("#: trust_cs = trust in customer service")]
    [('trust_cs', 'trust in customer service')]
    """
    found = []
    for number, line in enumerate(split_lines(text), start=1):
        if not GROUP_LINE.match(line) and (match := _LINE.match(line)):
            name = match["quoted"] or match["plain"]
            words = " ".join(match["words"].split())
            found.append(Wording(name, words, number, match.start("quoted" if match["quoted"] else "plain") + 1))
    return tuple(found)


def wording_problems(text: str, variables: Collection[str]) -> Iterator[Problem]:
    """Yield lines ``#:`` that are none, words for no variable, no words, and the second words for one variable."""
    for number, line in enumerate(split_lines(text), start=1):
        if (begins := _BEGINS.match(line)) and "=" in line and not (_LINE.match(line) or GROUP_LINE.match(line)):
            works = "write #: name = words, with a name of several words between backquotes"
            yield Problem(number, begins.end() + 1, f"found no name before the equals sign; {works}")
    first: dict[str, Wording] = {}
    for one in read_wordings(text):
        if one.name not in variables:
            hint = did_you_mean(one.name, variables) or f"; its variables: {join(variables)}"
            yield Problem(
                one.line, one.column, f"found words for {quote(one.name)}, which the model does not have{hint}"
            )
        elif not one.words or len(one.words) > MAX_WORDS or not one.words.isprintable():
            hint = f"write 1 to {MAX_WORDS} printable characters: #: {one.name} = words"
            yield Problem(one.line, one.column, f"found no usable words for {quote(one.name)}; {hint}")
        elif first.setdefault(one.name, one) is not one:
            where = f"line {first[one.name].line}"
            yield Problem(one.line, one.column, f"found words for {quote(one.name)} a second time (first on {where})")
