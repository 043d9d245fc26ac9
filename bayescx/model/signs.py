"""Signs of paths: which are declared, which are assumed as nothing tells them, and what they say of effects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bayescx.evidence import Matched, Published
from bayescx.model.layout import Layout

__all__ = ["EffectSigns", "component_signs", "sign_contradictions", "told_paths"]


def component_signs(layout: Layout, matched: Matched) -> dict[int, int]:
    """Signs of path components: those declared, and + where organizations shared no data that would tell.

    Explained variances fix the size of paths and not their sign: where only figures speak, the text must tell it.
    """
    told = set(told_paths(layout, matched))
    signs: dict[int, int] = {}
    for entry in layout.paths:
        if entry.component < 0 or layout.components[entry.component].block != "paths":
            continue
        declared = matched.signs.get(entry.name, 0)
        if declared:
            signs[entry.component] = declared
        elif entry.name not in told:
            signs.setdefault(entry.component, 1)
    return signs


def told_paths(layout: Layout, matched: Matched) -> list[str]:
    """Names of the paths of which some organization has data: answers about cause and outcome."""
    seen = _seen(matched)
    items: dict[str, set[str]] = {}
    for row in layout.model.loadings:
        items.setdefault(row.lhs, set()).add(row.rhs)
    told = []
    for entry in layout.paths:
        ends = (layout.constructs[entry.row], layout.constructs[entry.column])
        if any(all((items.get(end, {end}) | {end}) & variables for end in ends) for variables in seen):
            told.append(entry.name)
    return told


def _seen(matched: Matched) -> list[set[str]]:
    """Variables that each organization with data has."""
    out = []
    for name in matched.organizations:
        if matched.level.get(name) == "figures":
            continue
        patterns = matched.patterns.get(name)
        positions = {v for one in patterns for v in one.variables} if patterns else range(len(matched.variables))
        out.append({matched.variables[v] for v in positions})
    return out


class EffectSigns(NamedTuple):
    """Signs of effects as far as those of paths settle them: 1, -1, or 0 where they do not.

    ``paths`` by (outcome, cause), positions among constructs; ``names`` of the free ones.
    """

    paths: Mapping[tuple[int, int], int]
    names: Mapping[tuple[int, int], str]

    @classmethod
    def of(cls, layout: Layout, signs: Mapping[int, int]) -> EffectSigns:
        """From the signs of components."""
        paths, names = {}, {}
        for entry in layout.paths:
            if entry.component < 0 and entry.value == 0.0:
                continue
            turn = 1 if entry.value > 0 else -1
            paths[entry.row, entry.column] = turn * (1 if entry.component < 0 else signs.get(entry.component, 0))
            names[entry.row, entry.column] = entry.name
        return cls(paths, names)

    def path(self, outcome: int, cause: int) -> int:
        """The sign of a path."""
        return self.paths.get((outcome, cause), 0)

    def common(self, outcome: int, causes: Iterable[int]) -> int:
        """The sign that all paths of some causes have."""
        return _only({self.path(outcome, cause) for cause in causes})

    def total(self, outcome: int, cause: int) -> int:
        """The sign that all routes from a cause to an outcome have."""
        return _only(self._routes(outcome, cause, {}))

    def _routes(self, outcome: int, cause: int, known: dict[int, set[int]]) -> set[int]:
        if outcome not in known:
            known[outcome] = {
                sign * onward
                for (row, column), sign in self.paths.items()
                if row == outcome
                for onward in ({1} if column == cause else self._routes(column, cause, known))
            }
        return known[outcome]

    def between(self, outcome: int, cause: int) -> set[tuple[int, int]]:
        """Every path on a route from a cause to an outcome."""
        return {
            step
            for row, column in self.paths
            if row == outcome and (column == cause or self.between(column, cause))
            for step in ({(row, column)} | (set() if column == cause else self.between(column, cause)))
        }


def _only(signs: set[int]) -> int:
    return signs.pop() if len(signs) == 1 else 0


# ----------------------------------------------------------------------------- figures against assumed signs


def sign_contradictions(layout: Layout, matched: Matched) -> list[str]:
    """Say which figures that are evidence contradict a sign that nobody declared.

    Examples
    --------
    >>> from bayescx.evidence import Evidence
    >>> from bayescx.spec import parse_model
    >>> model = parse_model("loyalty ~ effort")
    >>> keys = {"outcome": "loyalty", "cause": "effort", "organizations": ["one"], "n_obs": 400}
    >>> evidence = Evidence.from_published([Published(statistic="path", value=-0.4, **keys)])
    >>> print(*sign_contradictions(Layout.of(model), evidence.matched(model.observed)))
    path loyalty~effort (one): -0.4 contradicts the sign + that loyalty~effort is assumed to have, as nobody \
shared data about it; declare it under [signs]: "loyalty~effort" = "-"
    """
    exogenous = set(layout.exogenous)
    rows, columns = (layout.psi_cells >= 0).nonzero()
    if any(int(i) not in exogenous for i in (*rows, *columns)):
        return []  # with residual covariances the printed regressions are not the model's equations
    effects = EffectSigns.of(layout, component_signs(layout, matched))
    undeclared = _undeclared(layout, matched)
    problems = []
    for figure in matched.published:
        expected, steps = _expected(layout, effects, figure) if figure.use == "evidence" else (0, set())
        assumed = sorted(effects.names[step] for step in steps if effects.names[step] in undeclared)
        if assumed and expected * _stated(figure) < 0:
            problems.append(f"{figure.label}: {figure.value:g} {_declare(assumed)}")
    return problems


def _declare(assumed: list[str]) -> str:
    one = len(assumed) == 1
    works = "declare it" if one else "declare which of them is negative"
    names = " and ".join((", ".join(assumed[:-1]), assumed[-1])) if not one else assumed[0]
    return (
        f"contradicts the sign + that {names} {'is' if one else 'are'} assumed to have, as nobody shared data about "
        f'{"it" if one else "them"}; {works} under [signs]: "{assumed[0]}" = "-"'
    )


def _undeclared(layout: Layout, matched: Matched) -> set[str]:
    """Names of free paths of components of which no sign was declared."""
    declared = {entry.component for entry in layout.paths if entry.name in matched.signs}
    return {entry.name for entry in layout.paths if entry.component >= 0 and entry.component not in declared}


def _stated(figure: Published) -> int:
    """The sign that a figure says its statistic has; of a mediated share, minus where routes must oppose each other."""
    value = figure.value or 0.0
    if figure.statistic == "bound":
        says = value > 0 if figure.side == "at_least" else value < 0
        value = value if says else 0.0
    if figure.reading == "mediated" and value > 1:
        return -1
    return (value > 0) - (value < 0)


def _expected(layout: Layout, effects: EffectSigns, figure: Published) -> tuple[int, set[tuple[int, int]]]:
    """The sign that those of paths give a figure (0: none), and the paths, as (outcome, cause), that settle it."""
    index = {name: i for i, name in enumerate(layout.constructs)}
    if figure.statistic != "ordering" and figure.measured == "correlation":
        ends = [index[name] for name in figure.between]
        for outcome, cause in (ends, ends[::-1]):
            if [column for row, column in effects.paths if row == outcome] == [cause]:
                return effects.path(outcome, cause), {(outcome, cause)}
    elif figure.measured == "path_ratio":
        outcome = index[figure.outcome]
        above, below = ([index[name] for name in names] for names in (figure.numerator, figure.denominator))
        sign = effects.common(outcome, above) * effects.common(outcome, below)
        return sign, {(outcome, cause) for cause in (*above, *below)}
    elif figure.measured in ("path", "total_effect") or figure.reading == "mediated":
        outcome, cause = index[figure.outcome], index[figure.cause]
        if figure.measured == "path":
            return effects.path(outcome, cause), {(outcome, cause)}
        sign = effects.total(outcome, cause)
        return (abs(sign) if figure.reading == "mediated" else sign), effects.between(outcome, cause)
    return 0, set()
