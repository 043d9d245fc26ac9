"""Calls in a model text such as below(x, 4): what they look like, and the tokens of their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from bayescx.spec.scanner import Token
from bayescx.spec.source import StatementError

__all__ = ["FUNCTIONS", "Argument", "arguments_of", "is_function", "is_operator", "stop"]

FUNCTIONS = {
    "below": "below(x, 4)",
    "above": "above(x, 4)",
    "category": "category(issue, billing, delivery), the reference first",
    "fixed": "fixed(x), one path for all organizations",
    "pool": "pool(x), or pool(x, employees) with attributes of organizations",
}
"""What they look like."""


@dataclass(frozen=True)
class Argument:
    """The tokens between two commas, and the token that ends them."""

    tokens: tuple[Token, ...]
    stop: Token

    @property
    def first(self) -> Token:
        """Its first token, or what stands in the place of one."""
        return self.tokens[0] if self.tokens else self.stop


def arguments_of(tokens: Sequence[Token], at: int, end: Token) -> tuple[list[Argument], int]:
    """Return the arguments of the function at an index, after which a parenthesis follows, and the index after it."""
    found: list[Argument] = []
    current: list[Token] = []
    depth = 0
    for index in range(at + 1, len(tokens)):
        token = tokens[index]
        depth += (token.text == "(") - (token.text == ")") if token.kind == "operator" else 0
        if depth == 0 or (depth == 1 and is_operator(token, ",")):
            found.append(Argument(tuple(current), token))
            current = []
            if depth == 0:
                return found, index + 1
        elif index > at + 1:
            current.append(token)
    raise StatementError(end.line, end.column, f"found {end} where ')' is needed; write {FUNCTIONS[tokens[at].text]}")


def is_function(token: Token) -> bool:
    """Whether a token may begin a call; a name between backquotes is always a variable."""
    return token.kind == "name" and token.text in FUNCTIONS and token.written == token.text


def is_operator(token: Token, text: str) -> bool:
    """Whether a token is this sign, and not a name that looks like it."""
    return token.kind == "operator" and token.text == text


def stop(token: Token, message: str) -> NoReturn:
    """Refuse the statement because of a token."""
    raise StatementError(token.line, token.column, message)
