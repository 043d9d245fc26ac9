"""PathModel: a path model that has passed its checks, and every question that its structure answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from bayescx._html import heading, table
from bayescx.coding import Attribute, Category, Coded, Moderator, number_text
from bayescx.errors import ModelError, did_you_mean
from bayescx.spec.checks import structural_problems
from bayescx.spec.coded_terms import written_terms
from bayescx.spec.graph import causal_order, count_routes, effects_of, routes
from bayescx.spec.groupings import grouping_problems, read_groupings
from bayescx.spec.parameters import Definition, Parameter
from bayescx.spec.roles import Roles
from bayescx.spec.scanner import written
from bayescx.spec.source import headline, refuse
from bayescx.spec.wordings import read_wordings, wording_problems

MAX_ROUTES = 100_000


@dataclass(frozen=True, repr=False)
class PathModel:
    """A recursive path model: which constructs drive which, and which items measure them.

    Made by `parse_model` or `read_model`. Two models are equal when their texts are equal.

    Parameters
    ----------
    text : str
        The model as written, in lavaan syntax.
    name : str or None
        What it is called in messages and tables.
    parameters : tuple of Parameter
        Its rows, as written.
    definitions : tuple of Definition
        Its ``:=`` statements, as written.
    source : str or None
        Where the text came from, for messages.

    Raises
    ------
    ModelError
        The rows contradict each other; every problem is named with its line and column.

    Examples
    --------
    >>> from bayescx.spec import parse_model
    >>> model = parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction", name="small")
    >>> model
    PathModel('small': 3 constructs, 3 paths)
    >>> model.constructs
    ('satisfaction', 'trust', 'loyalty')
    >>> model.routes("satisfaction", "loyalty")
    (('satisfaction', 'trust', 'loyalty'), ('satisfaction', 'loyalty'))
    """

    text: str
    name: str | None = field(compare=False)
    parameters: tuple[Parameter, ...] = field(compare=False)
    definitions: tuple[Definition, ...] = field(compare=False)
    source: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        problems = structural_problems(self.parameters, self.definitions)
        base = [one.column for one in (*self.coded.values(), *self.attributes.values())]
        names = dict.fromkeys([*self._roles.variables, *base, *self.attributes])
        problems += wording_problems(self.text, tuple(names))
        problems += grouping_problems(self.text, tuple(dict.fromkeys(_column_of(row) for row in self.paths)))
        refuse(ModelError, headline(self.name, self.source), self.text, problems)

    @cached_property
    def paths(self) -> tuple[Parameter, ...]:
        """Rows ``outcome ~ cause``."""
        return tuple(row for row in self.parameters if row.op == "~")

    @cached_property
    def loadings(self) -> tuple[Parameter, ...]:
        """Rows ``factor =~ item``, second-order loadings among them."""
        return tuple(row for row in self.parameters if row.op == "=~")

    @cached_property
    def covariances(self) -> tuple[Parameter, ...]:
        """Rows ``x ~~ y`` of two variables."""
        return tuple(row for row in self.parameters if row.op == "~~" and row.lhs != row.rhs)

    @cached_property
    def variances(self) -> tuple[Parameter, ...]:
        """Rows ``x ~~ x``."""
        return tuple(row for row in self.parameters if row.op == "~~" and row.lhs == row.rhs)

    @cached_property
    def intercepts(self) -> tuple[Parameter, ...]:
        """Rows ``x ~ 1``."""
        return tuple(row for row in self.parameters if row.op == "~1")

    @cached_property
    def latents(self) -> tuple[str, ...]:
        """Factors, in order of appearance."""
        return self._roles.latents

    @cached_property
    def items(self) -> tuple[str, ...]:
        """Observed variables that measure factors, each once, in order of appearance."""
        return self._roles.items

    @cached_property
    def single_indicators(self) -> frozenset[str]:
        """Items that are a factor's only one and load on nothing else: as in lavaan they have no error variance."""
        owners, loaded = [row.lhs for row in self.loadings], [row.rhs for row in self.loadings]
        return frozenset(row.rhs for row in self.loadings if owners.count(row.lhs) == 1 and loaded.count(row.rhs) == 1)

    @cached_property
    def constructs(self) -> tuple[str, ...]:
        """Factors and observed structural variables, causes first; ties in order of appearance."""
        return causal_order(self._roles.structural, self._roles.arrows)

    @cached_property
    def observed(self) -> tuple[str, ...]:
        """The columns that the model needs, in order of appearance; those of `coded` among them."""
        return self._roles.observed

    @cached_property
    def coded(self) -> dict[str, Coded]:
        """The columns that the model codes from others, by their names, in order of appearance.

        Examples
        --------
        >>> from bayescx.spec import parse_model
        >>> model = parse_model("loyalty ~ below(expectations, 4) + category(issue, billing, delivery)")
        >>> list(model.coded), model.coded["issue[delivery]"].reference
        (['below(expectations, 4)', 'issue[delivery]'], 'billing')
        """
        return {row.rhs: row.coded for row in self.parameters if row.coded is not None}

    @cached_property
    def moderators(self) -> dict[str, tuple[Moderator, ...]]:
        """By the names of paths that depend on attributes of organizations, these attributes, as written.

        Examples
        --------
        >>> from bayescx.spec import parse_model
        >>> model = parse_model("loyalty ~ trust + pool(effort, employees, category(industry, services, goods))")
        >>> {path: [one.name for one in found] for path, found in model.moderators.items()}
        {'loyalty~effort': ['employees', 'industry[goods]']}
        """
        return {row.name: row.moderators for row in self.paths if row.moderators}

    @cached_property
    def attributes(self) -> dict[str, Moderator]:
        """The attributes of organizations that paths depend on, by their names, in order of appearance.

        They are no variables of the model: `observed` does not name them.

        Examples
        --------
        >>> from bayescx.spec import parse_model
        >>> list(parse_model("trust ~ pool(effort, employees); loyalty ~ pool(trust, employees)").attributes)
        ['employees']
        """
        return {one.name: one for row in self.paths for one in row.moderators}

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        r"""Predictors that the model text groups, by the columns that they are coded from.

        Examples
        --------
        >>> from bayescx.spec import parse_model
        >>> parse_model("loyalty ~ service + price + value\n#: [offer] = price, value").groups
        {'offer': ('price', 'value')}
        """
        return {one.name: one.members for one in read_groupings(self.text)}

    @cached_property
    def exogenous(self) -> tuple[str, ...]:
        """Constructs that no arrow leads to, in order of appearance."""
        effects = {effect for _, effect in self._roles.arrows}
        return tuple(name for name in self._roles.structural if name not in effects)

    @cached_property
    def endogenous(self) -> tuple[str, ...]:
        """The other constructs, in causal order."""
        exogenous = set(self.exogenous)
        return tuple(name for name in self.constructs if name not in exogenous)

    @cached_property
    def labels(self) -> dict[str, tuple[Parameter, ...]]:
        """The parameters of each label, in order of appearance."""
        found: dict[str, list[Parameter]] = {}
        for row in self.parameters:
            if row.label is not None:
                found.setdefault(row.label, []).append(row)
        return {label: tuple(rows) for label, rows in found.items()}

    def predictors(self, outcome: str) -> tuple[str, ...]:
        """Return the direct causes of a construct (paths and second-order factors), as written.

        Raises
        ------
        ModelError
            The model has no such construct.
        """
        self._check_construct(outcome)
        return tuple(cause for cause, effect in self._roles.arrows if effect == outcome)

    def routes(self, cause: str, outcome: str) -> tuple[tuple[str, ...], ...]:
        """Return every directed chain of constructs from cause to outcome; empty when there is none.

        Raises
        ------
        ModelError
            The model has no such construct, or more than 100,000 such chains.
        """
        count = self.count_routes(cause, outcome)
        if count > MAX_ROUTES:
            problem = f"found {count} routes from '{cause}' to '{outcome}'; at most {MAX_ROUTES} can be listed"
            raise ModelError(headline(self.name, self.source), [problem])
        return routes(cause, outcome, self._effects)

    def fixed_path(self, cause: str, outcome: str) -> float | None:
        """Return the value that the model sets a path to, in the data's units; None if it is free or not there.

        Examples
        --------
        >>> from bayescx.spec import parse_model
        >>> model = parse_model("loyalty ~ 0.5*trust + satisfaction")
        >>> model.fixed_path("trust", "loyalty"), model.fixed_path("satisfaction", "loyalty")
        (0.5, None)
        """
        return next((row.fixed for row in self.paths if (row.lhs, row.rhs) == (outcome, cause)), None)

    def in_words(self, name: str) -> str:
        r"""Return what a variable is called in sentences and pictures.

        These are the words of the model's line ``#: name = words``, or else the name with blanks for underscores. A
        coded column, or the level of an attribute, is told by the words of the column it is coded from.

        Examples
        --------
        >>> from bayescx.spec import parse_model
        >>> model = parse_model("trust_cs ~ satisfaction_cs  # comment\n#: trust_cs = trust in customer service")
        >>> model.in_words("trust_cs"), model.in_words("satisfaction_cs")
        ('trust in customer service', 'satisfaction cs')
        >>> model = parse_model("loyalty ~ below(expected_value, 4) + category(issue, billing, late_delivery)")
        >>> model.in_words("below(expected_value, 4)"), model.in_words("issue[late_delivery]")
        ('expected value below 4', 'issue: late delivery')
        """
        coded = self.coded.get(name) or self.attributes.get(name)
        if coded is None or isinstance(coded, Attribute) or name in self._words:
            return self._words.get(name, _spaced(name))
        column = self.in_words(coded.column)
        if isinstance(coded, Category):
            return f"{column}: {_spaced(coded.level)}"
        return f"{column} {coded.side} {number_text(coded.at)}"

    @cached_property
    def _words(self) -> dict[str, str]:
        return {one.name: one.words for one in read_wordings(self.text)}

    def count_routes(self, cause: str, outcome: str) -> int:
        """Return the number of directed chains of constructs from cause to outcome, however many there are.

        Raises
        ------
        ModelError
            The model has no such construct.

        Examples
        --------
        >>> from bayescx.spec import parse_model
        >>> parse_model("trust ~ satisfaction; loyalty ~ trust + satisfaction").count_routes("satisfaction", "loyalty")
        2
        """
        self._check_construct(cause)
        self._check_construct(outcome)
        return 0 if cause == outcome else count_routes(outcome, self._effects)[cause]

    @cached_property
    def _roles(self) -> Roles:
        return Roles.of(self.parameters)

    @cached_property
    def _effects(self) -> dict[str, list[str]]:
        return effects_of(self._roles.structural, self._roles.arrows)

    def _check_construct(self, name: str) -> None:
        if name not in self._roles.structural:
            hint = did_you_mean(name, self.constructs) or f"; its constructs: {', '.join(self.constructs)}"
            raise ModelError(headline(self.name, self.source), [f"found no construct '{name}'{hint}"])

    def __repr__(self) -> str:
        name = "" if self.name is None else f"{self.name!r}: "
        return f"PathModel({name}{self._counts})"

    @property
    def _counts(self) -> str:
        counts = [_count(len(self.constructs), "construct"), _count(len(self.paths), "path")]
        if self.items:
            counts.insert(1, _count(len(self.items), "item"))
        return ", ".join(counts)

    def _repr_html_(self) -> str:
        """Return equations in words, for notebooks."""
        said = [(self.in_words(name), "←", _sum(map(self.in_words, self.predictors(name)))) for name in self.endogenous]
        said += [
            (
                self.in_words(name),
                "is measured by",
                ", ".join(self.in_words(r.rhs) + " (reversed)" * r.reversed for r in self.loadings if r.lhs == name),
            )
            for name in self.latents
        ]
        said += [(definition.name, "is defined as", definition.text) for definition in self.definitions]
        title = "Path model" if self.name is None else f"Path model {self.name}"
        return heading(title, f"({self._counts})") + table([], said)

    def __str__(self) -> str:
        """One line per factor, equation and definition; names and reversed items as they are written."""
        factors = [
            f"{written(name)} =~ {_sum('upper(0)*' * r.reversed + written(r.rhs) for r in rows)}"
            for name in self.latents
            if (rows := [row for row in self.loadings if row.lhs == name])
        ]
        outcomes = [name for name in self.endogenous if any(row.lhs == name for row in self.paths)]
        equations = [
            f"{written(name)} ~ {_sum(written_terms(r for r in self.paths if r.lhs == name))}" for name in outcomes
        ]
        definitions = [f"{definition.name} := {definition.text}" for definition in self.definitions]
        return "\n".join([*factors, *equations, *definitions])


def _column_of(row: Parameter) -> str:
    return row.rhs if row.coded is None else row.coded.column


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _spaced(name: str) -> str:
    return name.replace("_", " ").strip() or name


def _sum(names: Iterable[str]) -> str:
    return " + ".join(names)
