"""Arithmetic of ``:=``: tokens -> postfix steps -> a value for whatever arrays the labels stand for.

The steps are kept in postfix order and read with two stacks (Dijkstra's shunting yard), so neither reading
nor evaluating recurses: ten thousand nested parentheses or terms are as safe as one.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayescx.spec.scanner import Token
from bayescx.spec.source import StatementError, join

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
FUNCTIONS: dict[str, Callable[[Any], Any]] = {"sqrt": np.sqrt, "exp": np.exp, "log": np.log, "abs": np.abs}
_UNARY: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, **FUNCTIONS}

_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_SIGN_STRENGTH = 3  # as in R and mathematics: -a^2 is -(a^2), and a^-b is allowed


@dataclass(frozen=True)
class Number:
    """Put a number on the stack."""

    value: float


@dataclass(frozen=True)
class Label:
    """Put the value of a label on the stack."""

    name: str


@dataclass(frozen=True)
class Apply:
    """Replace the top one or two values of the stack by an operator or function of them."""

    symbol: str
    arity: int


@dataclass(frozen=True)
class Expression:
    """An arithmetic expression over labels.

    Parameters
    ----------
    steps : tuple of Number, Label and Apply
        The expression in postfix order.
    positions : tuple of (int, int)
        Line and column of the first use of each of ``labels``.

    Examples
    --------
    >>> from bayescx.spec import parse_model
    >>> model = parse_model("m ~ a*x; y ~ b*m; indirect := a*b")
    >>> model.definitions[0].expression.evaluate({"a": 0.5, "b": 3.0}).item()
    1.5
    """

    steps: tuple[Number | Label | Apply, ...]
    positions: tuple[tuple[int, int], ...] = field(default=(), compare=False, repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in order of first use, each once."""
        return tuple(dict.fromkeys(step.name for step in self.steps if isinstance(step, Label)))

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """Return the expression's value.

        Parameters
        ----------
        values : mapping of str to number, numpy.ndarray or xarray.DataArray
            A value for each of ``labels``; arrays broadcast by their own library's rules.

        Returns
        -------
        numpy.float64 or array
            What the arithmetic gives; outside of a function's domain NaN or infinite, without a warning.

        Raises
        ------
        KeyError
            A label has no value.
        """
        stack: list[Any] = []
        with np.errstate(all="ignore"):
            for step in self.steps:
                match step:
                    case Number(value):
                        stack.append(np.float64(value))
                    case Label(name):
                        stack.append(_as_operand(values[name]))
                    case Apply(symbol, 1):
                        stack.append(_UNARY[symbol](stack.pop()))
                    case Apply(symbol, _):
                        right = stack.pop()
                        stack.append(_BINARY[symbol](stack.pop(), right))
        return stack.pop()


def _as_operand(value: Any) -> Any:
    # Python's own numbers raise on 1/0 and on overflow where arrays give an infinity.
    return np.float64(value) if isinstance(value, int | float) else value


def parse_expression(tokens: Sequence[Token], end: Token) -> Expression:
    """Read the right-hand side of a definition.

    Parameters
    ----------
    tokens : sequence of Token
        What follows ``:=``; none of kind "bad".
    end : Token
        The end of the statement, for messages.

    Raises
    ------
    StatementError
        The tokens are not an expression.
    """
    reader = _Reader()
    for index, token in enumerate(tokens):
        reader.take(token, tokens[index + 1] if index + 1 < len(tokens) else end)
    return reader.finish(end)


class _Reader:
    """The two stacks of the shunting yard: steps put out, and operators that wait for their right side."""

    def __init__(self) -> None:
        self.steps: list[Number | Label | Apply] = []
        self.waiting: list[tuple[Token, int, int]] = []  # token, strength, arity; a parenthesis has strength 0
        self.positions: dict[str, tuple[int, int]] = {}
        self.wants_value = True

    def take(self, token: Token, following: Token) -> None:
        if self.wants_value:
            self._take_value(token, following)
        else:
            self._take_operator(token)

    def finish(self, end: Token) -> Expression:
        if self.wants_value:
            raise _refused(end, "a label, a number or '('")
        self._put_out(1)
        if self.waiting:
            opened = self.waiting[-1][0]
            raise StatementError(
                opened.line, opened.column, "found '(' that is never closed; add ')' after its expression"
            )
        return Expression(tuple(self.steps), tuple(self.positions.values()))

    def _take_value(self, token: Token, following: Token) -> None:
        if token.kind == "number":
            self.steps.append(Number(float(token.text)))
            self.wants_value = False
        elif token.kind == "name" and following.text == "(":
            if token.text not in FUNCTIONS:
                known = join(FUNCTIONS)
                raise StatementError(token.line, token.column, f"found the function {token}; := knows {known}")
            # A function binds more strongly than any operator, to the parenthesis that comes next.
            self.waiting.append((token, 5, 1))
        elif token.kind == "name":
            self.positions.setdefault(token.text, (token.line, token.column))
            self.steps.append(Label(token.text))
            self.wants_value = False
        elif token.text in ("-", "+"):
            self.waiting.append((token, _SIGN_STRENGTH, 1))
        elif token.text == "(":
            self.waiting.append((token, 0, 0))
        else:
            raise _refused(token, "a label, a number or '('")

    def _take_operator(self, token: Token) -> None:
        if token.kind == "operator" and token.text == ")":
            self._put_out(1)
            if not self.waiting:
                raise StatementError(
                    token.line, token.column, "found ')' without its '('; drop it or open a '(' before"
                )
            self.waiting.pop()
        elif token.kind == "operator" and token.text in _STRENGTH:
            strength = _STRENGTH[token.text]
            # "^" groups from the right: what waits with equal strength keeps waiting.
            self._put_out(strength + 1 if token.text == "^" else strength)
            self.waiting.append((token, strength, 2))
            self.wants_value = True
        else:
            raise _refused(token, "one of + - * / ^ or the end of the definition")

    def _put_out(self, strength: int) -> None:
        """Put out the waiting operators that bind at least this strongly, up to the last open parenthesis."""
        while self.waiting and self.waiting[-1][1] >= strength:
            token, _, arity = self.waiting.pop()
            self.steps.append(Apply(token.text, arity))


_HINTS = {
    "**": "; a power is written ^",
    ",": "; functions take one argument, decimals a point",
    "~": "; a definition holds arithmetic only: a path is a statement of its own",
    "=~": "; a definition holds arithmetic only: a loading is a statement of its own",
    ":=": "; each definition is a statement of its own: start a new line or write ';' before it",
}


def _refused(token: Token, wanted: str) -> StatementError:
    return StatementError(
        token.line, token.column, f"found {token} where {wanted} is needed{_HINTS.get(token.text, '')}"
    )
