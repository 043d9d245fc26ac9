"""Spots in a model text, and how a problem at one of them is shown: line, column, source line, caret."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bayescx.errors import ModelError

# Seven problems of three lines each and a headline: one screen.
MAX_PROBLEMS = 7
EXCERPT_WIDTH = 76
QUOTE_WIDTH = 40

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a model text.

    Parameters
    ----------
    line, column : int
        Where, both counted from 1; a column is one character.
    message : str
        One line: what was found and what would work.
    """

    line: int
    column: int
    message: str


class StatementError(Exception):
    """The first problem of a statement; a ModelSyntaxError gathers those of all statements."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, column, message)


def split_lines(text: str) -> list[str]:
    r"""Return the lines of a text, broken at ``\n``, ``\r\n`` and ``\r`` only."""
    return _LINE_BREAK.split(text)


def quote(text: str) -> str:
    """Return text in quotes on one line, shortened, without characters that a screen cannot show."""
    shown = _printable(text)
    if len(shown) > QUOTE_WIDTH:
        shown = shown[: QUOTE_WIDTH - 1] + "…"
    return f"'{shown}'"


def join(names: Iterable[str], separator: str = ", ", most: int = 12) -> str:
    """Join names for a message; a long list keeps its beginning and its end."""
    shown = [_shorten(name) for name in names]
    if len(shown) > most:
        shown = [*shown[: most - 2], f"… {len(shown) - most + 1} more …", shown[-1]]
    return separator.join(shown)


def headline(name: str | None, source: str | None) -> str:
    """Say which model is being read."""
    if name is not None and source is not None:
        return f"Model {quote(name)} ({source})"
    if name is not None:
        return f"Model {quote(name)}"
    return f"Model {source}" if source is not None else "Model"


def refuse(error: type[ModelError], head: str, text: str, problems: Iterable[Problem]) -> None:
    """Raise one error with all problems in the order of the text, if there are any."""
    found = sorted(set(problems), key=lambda problem: (problem.line, problem.column))
    if not found:
        return
    if len(found) > MAX_PROBLEMS:
        head = f"{head} (first {MAX_PROBLEMS} of {len(found)} problems)"
    lines = split_lines(text)
    raise error(head, [_render(problem, lines) for problem in found[:MAX_PROBLEMS]])


def _render(problem: Problem, lines: list[str]) -> str:
    """Return the problem with its source line and a caret under the spot."""
    where = f"line {problem.line}, column {problem.column}: {problem.message}"
    line = lines[problem.line - 1] if problem.line <= len(lines) else ""
    if not line.strip():
        return where
    excerpt, before = _excerpt(line, problem.column - 1)
    return f"{where}\n    {excerpt}\n    {' ' * before}^"


def _excerpt(line: str, spot: int) -> tuple[str, int]:
    """Return the part of a line around a spot that fits a screen, and the screen columns before it."""
    start = 0 if len(line) <= EXCERPT_WIDTH else max(0, min(spot, len(line)) - EXCERPT_WIDTH // 2)
    shown = _printable(line[start : start + EXCERPT_WIDTH])
    lead = "…" if start > 0 else ""
    tail = "…" if start + EXCERPT_WIDTH < len(line) else ""
    before = len(lead) + sum(_screen_width(character) for character in shown[: spot - start])
    return lead + shown.rstrip() + tail, before


def _printable(text: str) -> str:
    # A tab becomes one blank, so that one character stays one column.
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


def _shorten(name: str) -> str:
    return name if len(name) <= QUOTE_WIDTH else name[: QUOTE_WIDTH - 1] + "…"


def _screen_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
