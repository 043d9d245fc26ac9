"""lavaan syntax -> parameters and definitions.

A statement stops at its first problem; those of all statements are reported together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NoReturn, cast

from bayescx.coding import Category, Coded, Moderator
from bayescx.errors import did_you_mean
from bayescx.spec.calls import FUNCTIONS, is_function
from bayescx.spec.coded_terms import Named, read_call
from bayescx.spec.expressions import parse_expression
from bayescx.spec.hints import (
    AFTER_TERM,
    FUNCTION_MODIFIERS,
    ONLY_CAUSES,
    OTHER_LANGUAGES,
    REFUSED_OPERATORS,
    REVERSED,
    STATEMENTS,
)
from bayescx.spec.parameters import Definition, Operator, Parameter
from bayescx.spec.scanner import Statement, Token, statements
from bayescx.spec.source import Problem, StatementError, quote

MAX_PARAMETERS_PER_STATEMENT = 10_000

_RELATIONS = frozenset({"~", "=~", "~~", ":="})
_INSTEAD = {**REFUSED_OPERATORS, **AFTER_TERM}
_KINDS = {"~": "path", "=~": "loading", "~~": "covariance"}


@dataclass(frozen=True)
class Parsed:
    """What a text says, and the problems of the statements that could not be read."""

    parameters: tuple[Parameter, ...]
    definitions: tuple[Definition, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Term:
    """One term of a right-hand side; ``variable`` is None for an intercept's ``1``."""

    variable: str | None
    line: int
    column: int
    fixed: float | None = None
    label: str | None = None
    freed: bool = False
    reversed: bool = False
    pooled: bool | None = None
    coded: Coded | None = None
    moderators: tuple[Moderator, ...] = ()

    @property
    def modified(self) -> bool:
        return self.freed or self.reversed or self.fixed is not None or self.label is not None


def parse(text: str) -> Parsed:
    """Read every statement of a model text.

    Parameters
    ----------
    text : str
        lavaan syntax.

    Returns
    -------
    Parsed
        Parameters and definitions as written, and at most one problem per statement.
    """
    parameters: list[Parameter] = []
    definitions: list[Definition] = []
    problems: list[Problem] = []
    for statement in statements(text):
        try:
            relation = _relation(statement)
            if statement.tokens[relation].text == ":=":
                definitions.append(_definition(statement, relation))
            else:
                parameters.extend(_formula(statement, relation))
        except StatementError as error:
            problems.append(error.problem)
    return Parsed(tuple(parameters), tuple(definitions), tuple(problems))


def _relation(statement: Statement) -> int:
    """Return the index of the operator that makes the statement a path, loading, covariance or definition."""
    for token in statement.tokens:
        if token.kind == "bad":
            _stop(token, token.message)
    for index, token in enumerate(statement.tokens):
        if token.kind == "operator" and token.text in REFUSED_OPERATORS:
            _stop(token, f"found {token}; {REFUSED_OPERATORS[token.text]}")
        if token.kind == "operator" and token.text in _RELATIONS:
            return index
    raise _without_relation(statement)


def _without_relation(statement: Statement) -> StatementError:
    first = statement.tokens[0]
    second = statement.tokens[1] if len(statement.tokens) > 1 else statement.end
    if statement.tokens[-1].text.endswith((".lavaan", ".txt")):
        hint = "read_model(path) reads a file, parse_model(text) a text"
        return _error(first, f"found what looks like a file's name; {hint}")
    if first.kind == "operator":
        return _error(first, f"found {first} at the start of a statement; {STATEMENTS}")
    if second.kind == "name" and second.text.lower() in OTHER_LANGUAGES:
        return _error(second, f"found {second} after {first}; {OTHER_LANGUAGES[second.text.lower()]}")
    return _error(second, f"found {second} after {first} and no ~, =~, ~~ or := in the statement; {STATEMENTS}")


def _definition(statement: Statement, relation: int) -> Definition:
    name = statement.tokens[0]
    if relation == 0:
        _stop(name, "found ':=' without a name before it; write name := expression")
    if name.kind != "name" or name.text == "NA":
        _stop(name, f"found {name} where the name of a definition is needed; write name := expression")
    if relation > 1:
        found = statement.tokens[1]
        _stop(found, f"found {found} after {name}; one name stands before ':=': {name.text} := expression")
    rest = statement.tokens[relation + 1 :]
    expression = parse_expression(rest, statement.end)
    return Definition(name.text, expression, _as_written(rest), name.line, name.column)


def _as_written(tokens: Sequence[Token]) -> str:
    """Return tokens as one line of text, with a blank where there was one, or a comment, or a line break."""
    text = tokens[0].written
    for before, token in pairwise(tokens):
        touching = token.line == before.line and token.column == before.stop
        text += token.written if touching else f" {token.written}"
    return text


def _formula(statement: Statement, relation: int) -> list[Parameter]:
    op = statement.tokens[relation].text
    left = _left_side(statement.tokens[:relation], statement.tokens[relation])
    right = _merged(_Terms(statement, relation, op).read())
    count = len(left) * len(right)
    if count > MAX_PARAMETERS_PER_STATEMENT:
        most = f"one statement holds at most {MAX_PARAMETERS_PER_STATEMENT}: split it"
        _stop(left[0], f"found a statement of {count} parameters; {most}")
    return [_parameter(lhs.text, op, term) for lhs in left for term in right]


def _parameter(lhs: str, op: str, term: _Term) -> Parameter:
    known = cast("Operator", "~1" if term.variable is None else op)
    rhs = term.variable or ""
    return Parameter(
        lhs, known, rhs, term.fixed, term.label, term.freed, term.reversed,
        term.line, term.column, term.pooled, term.coded, term.moderators,
    )  # fmt: skip


def _left_side(tokens: Sequence[Token], relation: Token) -> list[Token]:
    """Read the names before the operator: one, or several joined by "+"."""
    if not tokens:
        _stop(relation, f"found {relation} without a variable before it; {STATEMENTS}")
    for index, token in enumerate(tokens):
        if is_function(token) and tokens[index + 1 : index + 2] and tokens[index + 1].text == "(":
            _stop(token, f"found {quote(token.text + '(…)')} before {relation}; {ONLY_CAUSES}")
        if index % 2 == 0:
            _check_variable(token, f"a variable before {relation}")
        elif token.written != "+":
            _stop(token, f"found {token} after {tokens[index - 1]}; {_left_hint(token, tokens[index - 1])}")
    if len(tokens) % 2 == 0:
        _stop(relation, f"found {relation} after '+'; a variable is missing between them")
    return list(tokens[::2])


def _left_hint(token: Token, before: Token) -> str:
    if token.kind == "name":
        one = f"write {before.text}_{token.text}, or `{before.text} {token.text}` between backquotes"
        return f"for one name {one}; for two variables write '+' between them"
    if token.text == "*":
        return "values and labels go to the right of the operator: y ~ 0.5*x, y ~ a*x"
    return "names are made of letters, digits, '_' and '.'; several variables are joined by '+'"


class _Terms:
    """Reads the terms to the right of an operator, one token at a time."""

    def __init__(self, statement: Statement, relation: int, op: str) -> None:
        self.tokens = statement.tokens
        self.end = statement.end
        self.at = relation + 1
        self.op = op

    def read(self) -> list[_Term]:
        terms = self._terms()
        while self._peek().kind != "end":
            before, token = self.tokens[self.at - 1], self._peek()
            if token.written != "+":
                self._unexpected(token, before)
            self.at += 1
            terms += self._terms()
        return terms

    def _peek(self, ahead: int = 0) -> Token:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else self.end

    def _terms(self) -> list[_Term]:
        """Read one term: several where it is a category, which stands for its levels."""
        first = self._peek()
        term = _Term(None, first.line, first.column)
        while (bound := self._is_bound()) or self._is_modifier():
            term = _with_modifier(term, self._bound() if bound else self._modifier())
        token = self._peek()
        if token.kind == "number":
            self._check_intercept(token)
        else:
            _check_variable(token, f"a variable after {self.tokens[self.at - 1]}")
            if self._peek(1).written == "(":
                return self._call(token, term)
            term = replace(term, variable=token.text)
        self.at += 1
        return [term]

    def _call(self, function: Token, term: _Term) -> list[_Term]:
        if not is_function(function):
            self._refuse_function(function)
        if self.op != "~":
            _stop(function, f"found {quote(function.text + '(…)')} on a {_KINDS[self.op]}; {ONLY_CAUSES}")
        named, self.at = read_call(self.tokens, self.at, self.end)
        return [_named(term, function, one) for one in named]

    def _is_modifier(self) -> bool:
        signed = self._peek().written == "-"
        if signed and self._peek(1).kind != "number":
            token = self._peek(1)
            _stop(token, f"found {token} after '-'; '-' takes a number: write -1*x to fix a path to -1")
        if self._peek().text == "NA" and self._peek(1).text != "*":
            _stop(self._peek(), "found 'NA' without '*'; write NA*x to free the parameter of x")
        return self._peek(1 + signed).written == "*" and (signed or self._peek().kind in ("name", "number"))

    def _modifier(self) -> _Term:
        token = self._peek()
        spot = _Term(None, token.line, token.column)
        sign = -1.0 if token.text == "-" else 1.0
        self.at += token.text == "-"
        value = self._peek()
        self.at += 2
        if value.kind == "number":
            return replace(spot, fixed=sign * float(value.text))
        return replace(spot, freed=True) if value.text == "NA" else replace(spot, label=value.text)

    def _is_bound(self) -> bool:
        return self._peek().written == "upper" and self._peek(1).written == "("

    def _bound(self) -> _Term:
        """Read ``upper(0)*``, which declares that an item runs against its factor."""
        token = self._peek()
        if self.op != "=~":
            _stop(token, f"found 'upper(…)' on a {_KINDS[self.op]}; {REVERSED} (elsewhere bounds are not available)")
        value = self._peek(2)
        if (
            [self._peek(3).written, self._peek(4).written] != [")", "*"]
            or value.kind != "number"
            or float(value.text) != 0
        ):
            _stop(token, f"found 'upper(…)' that is not upper(0)*; {REVERSED}")
        self.at += 5
        return _Term(None, token.line, token.column, reversed=True)

    def _check_intercept(self, token: Token) -> None:
        if self._peek(1).text == "/":
            _stop(token, "found arithmetic before a variable; work the value out: 0.5*x, not 1/2*x")
        if self.op != "~":
            hint = f"a {_KINDS[self.op]} needs a variable: write {token.text}*x to fix it"
            _stop(token, f"found {token} after {quote(self.op)}; {hint}")
        if float(token.text) != 1:
            hint = f"write {token.text}*x to fix a path"
            _stop(token, f"found {token} where a variable is needed; {hint}, or y ~ 1 for an intercept")

    def _refuse_function(self, token: Token) -> NoReturn:
        other = "before a variable stands a number or a label: 0.5*x, a*x"
        if self.op == "~" and (close := did_you_mean(token.text, FUNCTIONS)):
            other = close.removeprefix("; ")
        _stop(token, f"found {quote(token.text + '(…)')}; {FUNCTION_MODIFIERS.get(token.text, other)}")

    def _unexpected(self, token: Token, before: Token) -> NoReturn:
        if token.kind in ("name", "number"):
            hint = "join terms by '+', or end the statement by a new line or ';'"
            _stop(token, f"found {token} after {before}; {hint}")
        if token.text in _RELATIONS:
            start = self.tokens[0].line
            hint = "start a new line or write ';' between two statements"
            if token.line > start:
                hint = f"the statement of line {start} goes on here: an operator stands at the line break"
            _stop(token, f"found a second operator {token} in one statement; {hint}")
        _stop(token, f"found {token} after {before}; {_INSTEAD.get(token.text, "terms are joined by '+'")}")


def _named(term: _Term, function: Token, named: Named) -> _Term:
    """Add what a function names to a term, unless the modifiers of the term say something else."""
    if isinstance(named.coded, Category) and term.modified:
        works = "which stands for several paths; drop it (one path for all organizations is the default)"
        _stop(term, f"found a value or label before category(…), {works}")
    if named.pooled is not None and term.fixed is not None:
        works = "a path with a value is the same everywhere: keep the value alone"
        _stop(term, f"found a value, {term.fixed:g}, before {function.text}(…); {works}")
    return replace(term, variable=named.variable, coded=named.coded, pooled=named.pooled, moderators=named.moderators)


def _with_modifier(term: _Term, modifier: _Term) -> _Term:
    """Add a modifier to a term, unless the term already says something else."""
    says = _says(term, modifier)
    if says:
        hint = "keep one: a value (0.5*), or NA* or upper(0)*; and at most one label (a*)"
        _stop(modifier, f"found {says} on one term; {hint}")
    return replace(
        term,
        fixed=term.fixed if modifier.fixed is None else modifier.fixed,
        label=term.label if modifier.label is None else modifier.label,
        freed=term.freed or modifier.freed,
        reversed=term.reversed or modifier.reversed,
    )


def _says(one: _Term, other: _Term) -> str:
    """Name what two sets of modifiers contradict each other in; empty when they do not."""
    if one.fixed is not None and other.fixed is not None:
        return f"two values, {one.fixed:g} and {other.fixed:g},"
    if one.label is not None and other.label is not None:
        return f"two labels, {quote(one.label)} and {quote(other.label)},"
    if (one.freed and other.fixed is not None) or (one.fixed is not None and other.freed):
        return "NA (free) and a value"
    if (one.reversed and other.fixed is not None) or (one.fixed is not None and other.reversed):
        return "upper(0), a declared sign, and a value"
    return ""


def _merged(terms: list[_Term]) -> list[_Term]:
    """Join terms on one variable when a later one adds a modifier: ``a*x + 0.5*x``; ``x + x`` stays."""
    merged: list[_Term] = []
    first: dict[str | None, int] = {}
    for term in terms:
        at = first.setdefault(term.variable, len(merged))
        if at < len(merged) and term.modified:
            merged[at] = _with_modifier(merged[at], term)
        else:
            merged.append(term)
    return merged


def _check_variable(token: Token, wanted: str) -> None:
    if token.text == "NA":
        _stop(token, "found 'NA' where a variable is needed; NA is the mark for a free parameter: NA*x")
    if token.kind != "name":
        _stop(token, f"found {token} where {wanted} is needed{_variable_hint(token)}")


def _variable_hint(token: Token) -> str:
    if token.kind == "end":
        return "; write one, or drop the operator before"
    if token.text in _INSTEAD:
        return f"; {_INSTEAD[token.text]}"
    return "; a name starts with a letter" if token.kind == "number" else ""


def _stop(spot: Token | _Term, message: str) -> NoReturn:
    raise _error(spot, message)


def _error(spot: Token | _Term, message: str) -> StatementError:
    return StatementError(spot.line, spot.column, message)
