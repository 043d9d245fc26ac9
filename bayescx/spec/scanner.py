"""Model text -> statements of tokens, each token with its line and column.

A statement ends at ``;`` or at the end of a line, unless that line ends with an operator or the next one
begins with one. A character that belongs to no token becomes a token of kind ``"bad"`` that carries its
message, so that one bad statement never hides another.

A name that is not made of letters, digits, ``_`` and ``.`` is written between backquotes, as in R's formulas:
a column may be called ``Q3: trust (1-7)``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from bayescx.spec.source import quote, split_lines

Kind = Literal["name", "number", "operator", "end", "bad"]

MAX_NAME = 200
BACKQUOTE = "`"
_MAX_HINT = 30

# Longest first. Operators that the language refuses are scanned whole, so that the refusal can name them.
_OPERATORS = (
    *("~*~", "<->"),
    *("=~", "~~", ":=", "==", "<~", "~=", "<=", ">=", "->", "<-", "**"),
    *"~+-*/^(),=<>|%:@&",
)
_OPERATOR = re.compile("|".join(re.escape(operator) for operator in _OPERATORS))
_NUMBER = re.compile(r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

_GOES_ON_AFTER = frozenset({"+", "-", "*", "/", "^", "~", "=~", "~~", ":=", "(", ","})
_GOES_ON_BEFORE = frozenset({"+", "-", "*", "/", "^", ")"})

# Characters that editors and web pages put in place of the ones on the keyboard.
_LOOKALIKES: dict[str, str] = {
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\uff0d", "-"),
    **dict.fromkeys("\u00d7\u2217\u22c5\uff0a", "*"),
    **dict.fromkeys("\u02dc\u223c\u301c\uff5e", "~"),
    "\uff0b": "+",
    "\uff1d": "=",
    "\uff1b": ";",
    "\uff08": "(",
    "\uff09": ")",
}
_QUOTES = frozenset("'\"\u2018\u2019\u201c\u201d")
# They would make names of parameters (y~x, f=~x) and routes (a -> b) ambiguous.
_NOT_IN_NAMES = ("~", "=", "->")


@dataclass(frozen=True)
class Token:
    """A piece of model text; for ``kind="bad"``, ``message`` says what is wrong with it.

    ``text`` is what it means, ``written`` what stands there where that is not the same: a name in backquotes.
    """

    kind: Kind
    text: str
    line: int
    column: int
    message: str = ""
    written: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "written", self.written or self.text)

    @property
    def stop(self) -> int:
        """Column just after the token."""
        return self.column + len(self.written)

    def __str__(self) -> str:
        if self.kind == "end":
            return "';'" if self.text == ";" else "the end of the line"
        return quote(self.text)


@dataclass(frozen=True)
class Statement:
    """The tokens of one statement, and the token that ended it (just after the last of them)."""

    tokens: tuple[Token, ...]
    end: Token


def statements(text: str) -> list[Statement]:
    """Split model text into statements; empty ones are left out."""
    found: list[Statement] = []
    current: list[Token] = []
    pending = False  # a line break that ends the statement unless the next token goes on with it
    for token in _tokens(text):
        if token.kind == "end" and token.text != ";":
            pending = bool(current) and not _is(current[-1], _GOES_ON_AFTER)
            continue
        if token.kind == "end" or (pending and not _is(token, _GOES_ON_BEFORE)):
            _close(found, current, token.text if token.kind == "end" else "")
            current = []
        pending = False
        if token.kind != "end":
            current.append(token)
    _close(found, current, "")
    return found


def written(name: str) -> str:
    """Return a variable's name as a model text writes it: between backquotes where it needs them.

    Examples
    --------
    >>> written("trust_cs"), written("Q3: trust")
    ('trust_cs', '`Q3: trust`')
    """
    plain = name != "NA" and _starts_name(name, 0) and _name_end(name, 0) == len(name)
    return name if plain else f"{BACKQUOTE}{name}{BACKQUOTE}"


def _close(found: list[Statement], tokens: list[Token], text: str) -> None:
    if tokens:
        last = tokens[-1]
        found.append(Statement(tuple(tokens), Token("end", text, last.line, last.stop)))


def _is(token: Token, texts: frozenset[str]) -> bool:
    return token.kind == "operator" and token.text in texts


def _tokens(text: str) -> Iterator[Token]:
    for number, line in enumerate(split_lines(text), start=1):
        yield from _line_tokens(line, number)
        yield Token("end", "", number, len(line) + 1)


def _line_tokens(line: str, number: int) -> Iterator[Token]:
    at = 0
    while at < len(line) and line[at] not in "#!":
        character = line[at]
        # A byte order mark is what some editors leave before the first character.
        if character.isspace() or (character == "\ufeff" and number == 1 and at == 0):
            at += 1
            continue
        token = _token(line, at, number)
        yield token
        at = token.stop - 1


def _token(line: str, at: int, number: int) -> Token:
    column = at + 1
    if line[at] == ";":
        return Token("end", ";", number, column)
    if _starts_name(line, at):
        return _name(line[at : _name_end(line, at)], number, column)
    if line[at] == BACKQUOTE:
        return _quoted_name(line, at, number)
    if match := _NUMBER.match(line, at):
        return _number(line, at, match.end(), number)
    if match := _OPERATOR.match(line, at):
        return Token("operator", match[0], number, column)
    return Token("bad", line[at], number, column, _bad_character(line[at]))


def _name(text: str, line: int, column: int) -> Token:
    if len(text) > MAX_NAME:
        message = f"found a name of {len(text)} characters, {quote(text)}; names have at most {MAX_NAME}"
        return Token("bad", text, line, column, message)
    return Token("name", text, line, column)


def _quoted_name(line: str, at: int, number: int) -> Token:
    """Return a name between backquotes, on one line."""
    end = line.find(BACKQUOTE, at + 1)
    if end < 0:
        return Token("bad", line[at:], number, at + 1, "found a backquote without a second one on this line")
    name, written = line[at + 1 : end], line[at : end + 1]
    problem = _quoted_name_problem(name)
    if problem:
        return Token("bad", written, number, at + 1, f"found {problem} between backquotes")
    return replace(_name(name, number, at + 1), written=written)


def _quoted_name_problem(name: str) -> str:
    if not name.strip():
        return "no name"
    if name != name.strip():
        return f"blanks around the name {quote(name.strip())}"
    if not name.isprintable():
        return "a character that cannot be printed"
    if any(mark in name for mark in _NOT_IN_NAMES):
        return f"{quote(name)}, a name with ~, = or -> in it (rename the column),"
    return f"the number {name}; a name is needed" if _NUMBER.fullmatch(name) else ""


def _number(line: str, at: int, end: int, number: int) -> Token:
    """Return a number; one with letters or a second point attached to it is refused whole."""
    whole = line[at : max(end, _name_end(line, at))]
    message = ""
    if at + len(whole) > end:
        value, rest = line[at:end], line[end : at + len(whole)]
        message = f"found {quote(whole)}; a name starts with a letter"
        if _starts_name(rest, 0) and len(whole) <= _MAX_HINT:
            message += f"; to fix a value write {value}*{rest}"
    elif float(whole) == float("inf"):
        message = f"found {quote(whole)}, too large for a number; write a finite value"
    return Token("bad" if message else "number", whole, number, at + 1, message)


def _starts_name(line: str, at: int) -> bool:
    if line[at] == "." and at + 1 < len(line):
        return line[at + 1].isidentifier()
    return line[at].isidentifier()


def _name_end(line: str, at: int) -> int:
    while at < len(line) and (line[at] == "." or f"_{line[at]}".isidentifier()):
        at += 1
    return at


def _bad_character(character: str) -> str:
    if character in _LOOKALIKES:
        called = unicodedata.name(character).lower()
        return f"found {quote(character)} ({called}); type {quote(_LOOKALIKES[character])} instead"
    if character in _QUOTES:
        return f"found the quotation mark {character}; write names and labels without quotation marks"
    shown = quote(character) if character.isprintable() else f"the character U+{ord(character):04X}"
    return (
        f"found {shown}; names are made of letters, digits, '_' and '.' (others stand between backquotes: `a name`), "
        "statements use ~ =~ ~~ := + *"
    )
