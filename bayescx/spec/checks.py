"""What a model must satisfy as a whole. Each check yields its problems; all are reported together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bayescx.errors import did_you_mean
from bayescx.spec.coded_checks import coded_problems, shown_name
from bayescx.spec.graph import cycles
from bayescx.spec.identification import identification_problems
from bayescx.spec.moderator_checks import moderator_problems
from bayescx.spec.parameters import Definition, Parameter
from bayescx.spec.roles import Roles, arrow_of
from bayescx.spec.source import Problem, join

# Above this many labels a spelling suggestion costs more than it helps.
_MAX_TO_COMPARE = 500


def structural_problems(parameters: Sequence[Parameter], definitions: Sequence[Definition]) -> list[Problem]:
    """Return everything wrong with a model that parses, in no particular order."""
    roles = Roles.of(parameters)
    return [
        *_emptiness(parameters, definitions),
        *_selves(parameters),
        *_duplicates(parameters, roles),
        *_cycles(parameters, roles),
        *_items_as_constructs(parameters, roles),
        *_intercepts(parameters, roles),
        *_covariances(parameters, roles),
        *_variances(parameters, roles),
        *identification_problems(parameters, roles),
        *coded_problems(parameters, roles),
        *moderator_problems(parameters),
        *_labels(parameters, roles),
        *_definitions(parameters, definitions, roles),
    ]


def _at(row: Parameter | Definition, message: str) -> Problem:
    return Problem(row.line, row.column, message)


def _emptiness(parameters: Sequence[Parameter], definitions: Sequence[Definition]) -> Iterator[Problem]:
    if any(row.op in ("~", "=~") for row in parameters):
        return
    rows: list[Parameter | Definition] = [*parameters, *definitions]
    first = min(((row.line, row.column) for row in rows), default=(1, 1))
    found = "no path (~) and no loading (=~)" if rows else "no statement"
    message = f"found {found} in the model; write at least one, for example: loyalty ~ trust"
    yield Problem(*first, message)


def _selves(parameters: Sequence[Parameter]) -> Iterator[Problem]:
    for row in parameters:
        if row.lhs != row.rhs:
            continue
        if row.op == "~":
            variance = f"{row.lhs} ~~ {row.lhs}"
            yield _at(row, f"found a path from '{row.lhs}' to itself; its variance is written {variance}")
        elif row.op == "=~":
            yield _at(row, f"found the factor '{row.lhs}' among its own items; give the factor another name")


def _duplicates(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    latents = set(roles.latents)
    first: dict[object, Parameter] = {}
    for row in parameters:
        arrow = arrow_of(row, latents)
        pair = frozenset((row.lhs, row.rhs)) if row.op == "~~" else (row.lhs, row.rhs)
        key = arrow or (row.op, pair)
        before = first.setdefault(key, row)
        if before is not row:
            where = f"line {before.line}, column {before.column}"
            same = "" if before.name == row.name else f", as {before.name}"
            yield _at(row, f"found {shown_name(row)} a second time (first on {where}{same}); keep one of them")


def _cycles(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    latents = set(roles.latents)
    rows = {arrow_of(row, latents): row for row in parameters}
    for cycle in cycles(roles.variables, roles.arrows):
        arrows = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
        last = max((rows[arrow] for arrow in arrows), key=lambda row: (row.line, row.column))
        chain = join((*cycle, cycle[0]), " -> ")
        yield _at(last, f"found a cycle: {chain}; paths run one way: drop one of its {len(arrows)} arrows")


def _items_as_constructs(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    factor = {row.rhs: row.lhs for row in reversed(parameters) if row.op == "=~"}
    items = set(roles.items)
    for row in parameters:
        own = [name for name in (row.lhs, row.rhs) if name in items]
        if row.op == "~":
            for name in own:
                hint = f"write the path with the factor '{factor[name]}', or drop '{name}' from its items"
                yield _at(row, f"found the item '{name}' of factor '{factor[name]}' in a path; {hint}")
        elif row.op == "~~" and len(own) == 1:
            (name,) = own
            other = row.rhs if name == row.lhs else row.lhs
            hint = "items covary with items, constructs with constructs"
            yield _at(row, f"found a covariance of item '{name}' with construct '{other}'; {hint}")


def _intercepts(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    latents, observed = set(roles.latents), set(roles.observed)
    for row in parameters:
        if row.op != "~1":
            continue
        plain = f"write {row.lhs} ~ 1, or leave it out"
        if row.fixed is not None:
            shown = f"the intercept of '{row.lhs}' fixed to {row.fixed:g}"
            yield _at(row, f"found {shown}; means are saturated: {plain}")
        if row.label is not None:
            shown = f"the label '{row.label}' on the intercept of '{row.lhs}'"
            yield _at(row, f"found {shown}; means are saturated: {plain}")
        if row.lhs in latents:
            shown = f"an intercept of the factor '{row.lhs}', which is not identified"
            yield _at(row, f"found {shown}; leave it out")
        elif row.lhs not in observed:
            hint = f"add a path, loading or variance: {row.lhs} ~~ {row.lhs}"
            yield _at(row, f"found '{row.lhs}' in an intercept and nowhere else; {hint}, or leave it out")


def _covariances(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    structural = set(roles.structural)
    arrows = set(roles.arrows)
    endogenous = {effect for _, effect in arrows}
    for row in parameters:
        if row.op != "~~" or row.lhs == row.rhs:
            continue
        if row.fixed:
            shown = f"the covariance of '{row.lhs}' and '{row.rhs}' fixed to {row.fixed:g}"
            hint = f"it is free ({row.lhs} ~~ {row.rhs}) or 0 ({row.lhs} ~~ 0*{row.rhs})"
            yield _at(row, f"found {shown}; {hint}")
        effects = {row.lhs, row.rhs} & endogenous
        if {row.lhs, row.rhs} <= structural and len(effects) == 1:
            (effect,) = effects
            cause = row.rhs if effect == row.lhs else row.lhs
            hint = "drop this: residuals are independent of causes"
            if (cause, effect) not in arrows:
                hint += f"; for a path write {effect} ~ {cause}"
            yield _at(row, f"found a covariance of exogenous '{cause}' with outcome '{effect}'; {hint}")


def _variances(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    constructs = set(roles.structural).difference(roles.latents)
    for row in parameters:
        if row.op != "~~" or row.lhs != row.rhs or row.fixed is None:
            continue
        free = f"write a value above 0, or {row.lhs} ~~ {row.lhs} for a free one"
        if row.fixed < 0:
            yield _at(row, f"found the variance of '{row.lhs}' fixed to {row.fixed:g}; {free}")
        elif row.fixed == 0 and row.lhs in constructs:
            yield _at(row, f"found the variance of the observed '{row.lhs}' fixed to 0; {free}")


def _labels(parameters: Sequence[Parameter], roles: Roles) -> Iterator[Problem]:
    latents, variables = set(roles.latents), set(roles.variables)
    first: dict[str, Parameter] = {}
    for row in parameters:
        if row.label is None or row.op == "~1":
            continue
        label = row.label
        before = first.setdefault(label, row)
        if before is row and label in variables:
            hint = f"a label needs a name of its own (a product {label}:{row.rhs} is a column of the data)"
            yield _at(row, f"found the label '{label}', which is also a variable; {hint}")
        one, two = _kind(before, latents), _kind(row, latents)
        if one != two:
            shown = f"a {two} and on a {one} (line {before.line})"
            yield _at(row, f"found the label '{label}' on {shown}; only parameters of one kind share a label")
        elif before.fixed != row.fixed:
            shown = f"{before.name} is {_value(before)}, {row.name} is {_value(row)}"
            hint = "give all the same value, or none"
            yield _at(row, f"found the label '{label}' on unequal parameters: {shown}; {hint}")
        elif before.reversed != row.reversed:
            turned, straight = (row, before) if row.reversed else (before, row)
            shown = f"{turned.name}, declared reversed, and on {straight.name}, which is not"
            yield _at(row, f"found the label '{label}' on {shown}; write upper(0)* before all of its items, or none")
        elif before.pooled != row.pooled:
            ways = {None: "as it is", True: "in pool(…)", False: "in fixed(…)"}
            shown = f"{before.name}, {ways[before.pooled]}, and on {row.name}, {ways[row.pooled]}"
            yield _at(row, f"found the label '{label}' on {shown}; write all of its paths in the same way")


def _kind(row: Parameter, latents: set[str]) -> str:
    if row.op == "=~":
        return "second-order loading" if row.rhs in latents else "loading"
    return "path" if row.op == "~" else "variance" if row.lhs == row.rhs else "covariance"


def _value(row: Parameter) -> str:
    return "free" if row.fixed is None else f"fixed to {row.fixed:g}"


def _definitions(parameters: Sequence[Parameter], definitions: Sequence[Definition], roles: Roles) -> Iterator[Problem]:
    known = _Names(parameters, definitions, roles)
    for place, definition in enumerate(definitions):
        yield from _definition_name(definition, known)
        expression = definition.expression
        for label, (line, column) in zip(expression.labels, expression.positions, strict=True):
            if label not in known.labels and known.first.get(label, place) >= place:
                yield Problem(line, column, _unknown_label(label, place, definition, known))


class _Names:
    """Labels, definitions and variables, looked up by name."""

    def __init__(self, parameters: Sequence[Parameter], definitions: Sequence[Definition], roles: Roles) -> None:
        self.definitions = definitions
        self.variables = set(roles.variables)
        self.labels = {row.label: row for row in reversed(parameters) if row.label is not None}
        self.first: dict[str, int] = {}
        for place, definition in enumerate(definitions):
            self.first.setdefault(definition.name, place)


def _definition_name(definition: Definition, known: _Names) -> Iterator[Problem]:
    name = definition.name
    first = known.definitions[known.first[name]]
    if first is not definition:
        yield _at(
            definition,
            f"found a second definition of '{name}' (the first is on line {first.line}); rename one",
        )
    if name in known.labels:
        row = known.labels[name]
        shown = f"which is also the label of {row.name} (line {row.line})"
        yield _at(definition, f"found the definition '{name}', {shown}; rename one")
    elif name in known.variables:
        yield _at(definition, f"found the definition '{name}', which is also a variable; rename the definition")


def _unknown_label(label: str, place: int, definition: Definition, known: _Names) -> str:
    if label == definition.name:
        return f"found '{label}' in its own definition; use labels and earlier definitions"
    if label in known.first:
        line = known.definitions[known.first[label]].line
        return f"found '{label}' before its definition on line {line}; move that line above this one"
    if label in known.variables:
        return f"found the variable '{label}' in a definition, which takes labels; label its path: y ~ a*{label}"
    available = sorted({*known.labels, *(d.name for d in known.definitions[: min(place, _MAX_TO_COMPARE)])})
    hint = did_you_mean(label, available) if len(available) <= _MAX_TO_COMPARE else ""
    if not hint:
        hint = f"; known: {join(available)}" if available else "; label a path first: y ~ a*x"
    return f"found '{label}', which no parameter or earlier definition is called{hint}"
