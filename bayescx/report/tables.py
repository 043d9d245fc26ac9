"""Tables of a report as rows of cells; the template writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from bayescx._names import ORGANIZATION
from bayescx.report.answers import Answers, Estimate, Key
from bayescx.wording import interval_name, share, target_words, together_words

__all__ = [
    "Cell",
    "Group",
    "LeftOut",
    "Row",
    "Table",
    "cell",
    "effect_tables",
    "heterogeneity_table",
    "most_id",
    "organization_tables",
    "share_cell",
]

type LeftOut = AbstractSet[tuple[str, str, str]]
"""Kinds, outcomes and causes of effects."""


@dataclass(frozen=True)
class Cell:
    """A figure, the interval that belongs to it, the id that sentences point to, and whether it is to be marked.

    Marked are figures that rest mostly on the prior.
    """

    text: str
    interval: str = ""
    id: str = ""
    mark: bool = False


@dataclass(frozen=True)
class Row:
    """A label, its cells, and words that stand under the label: quoted ones."""

    label: str
    cells: tuple[Cell, ...]
    quote: str = ""


@dataclass(frozen=True)
class Group:
    """Rows under one heading; without one when it is empty."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """A table with a caption that says what its figures are."""

    id: str
    title: str
    caption: str
    label: str
    headers: tuple[str, ...]
    groups: tuple[Group, ...] = field(default=())

    @property
    def has_marks(self) -> bool:
        """Whether a figure in it rests mostly on the prior."""
        return any(one.mark for group in self.groups for row in group.rows for one in row.cells)


def cell(estimate: Estimate | None) -> Cell:
    """An estimate as text; an empty cell where there is none."""
    if estimate is None or math.isnan(estimate.mean):
        return Cell("–")
    mean, lower, upper = estimate.figures
    return Cell(mean, f"[{lower}, {upper}]", estimate.id, estimate.rests_on_prior)


def share_cell(estimate: Estimate) -> Cell:
    """A share with its interval, always with two decimals, so that those of a column have the same."""
    mean, lower, upper = map(share, (estimate.mean, estimate.lower, estimate.upper))
    return Cell(mean, f"[{lower}, {upper}]", estimate.id, estimate.rests_on_prior)


def effect_tables(answers: Answers, left_out: LeftOut = frozenset()) -> list[Table]:
    """Direct, indirect and total effects, routes, and explained variance: one column per population.

    What is ``left_out`` has a table elsewhere.
    """
    headers = tuple(target_words(answers.fit, target, short=True) for target in answers.populations)
    says = f"Posterior mean and {interval_name(answers.ci_prob)}"
    unit = "in standard deviations of the outcome per standard deviation of the cause"
    tables = [
        Table(
            "direct", "Direct effects",
            f"{says} of each path, {unit}: the change of the outcome if the cause rises by one standard deviation "
            "and its other direct causes stay where they are.",
            "cause", headers, _by_outcome(answers, "direct", left_out),
        ),
        Table(
            "indirect", "Indirect effects",
            f"{says} of what reaches the outcome through other constructs, {unit}.",
            "cause", headers, _by_outcome(answers, "indirect", left_out),
        ),
        Table(
            "route", "Routes",
            f"{says} of the effect along each route, {unit}. The routes of one pair add up to its total effect.",
            "route", headers, _routes(answers),
        ),
        Table(
            "total", "Total effects",
            f"{says} of direct and indirect effects together, {unit}.",
            "cause", headers, _by_outcome(answers, "total", left_out),
        ),
        Table(
            "r_squared", "Explained variance",
            f"{says} of R²: the share of each outcome's variance that its direct causes explain.",
            "outcome", headers, _explained(answers),
        ),
    ]  # fmt: skip
    return [table for table in tables if headers and any(group.rows for group in table.groups)]


def _cells(answers: Answers, kind: str, outcome: str, cause: str) -> tuple[Cell, ...]:
    keys = (Key(kind, target, outcome, cause) for target in answers.populations)
    return tuple(cell(answers.estimates.get(key)) for key in keys)


def _by_outcome(answers: Answers, kind: str, left_out: LeftOut) -> tuple[Group, ...]:
    words = answers.fit.model.in_words
    groups: dict[str, list[Row]] = {}
    for outcome, cause in answers.effects(kind):
        if (kind, outcome, cause) in left_out:
            continue
        label = words(cause) + (" (set by the model)" if answers.is_fixed(kind, outcome, cause) else "")
        groups.setdefault(outcome, []).append(Row(label, _cells(answers, kind, outcome, cause)))
    return tuple(Group(f"on {words(outcome)}", tuple(rows)) for outcome, rows in groups.items())


def _routes(answers: Answers) -> tuple[Group, ...]:
    words = answers.fit.model.in_words
    groups: dict[tuple[str, str], list[Row]] = {}
    for outcome, route in answers.effects("route"):
        stops = answers.routes[route]
        row = Row(" → ".join(words(stop) for stop in stops), _cells(answers, "route", outcome, route))
        groups.setdefault((stops[0], outcome), []).append(row)
    return tuple(
        Group(f"from {words(cause)} to {words(outcome)}", tuple(rows)) for (cause, outcome), rows in groups.items()
    )


def _explained(answers: Answers) -> tuple[Group, ...]:
    words = answers.fit.model.in_words
    rows = [Row(words(name), _cells(answers, "r_squared", name, "")) for name, _ in answers.effects("r_squared")]
    return (Group("", tuple(rows)),)


def organization_tables(answers: Answers, left_out: LeftOut = frozenset()) -> list[Table]:
    """Every organization by every direct and total effect and R², with the others and by itself.

    What is ``left_out`` has a table elsewhere.
    """
    targets = [target for target in (ORGANIZATION, "alone") if target in answers.targets]
    together = together_words(answers.fit)
    headers = tuple({ORGANIZATION: together, "alone": "alone"}[target] for target in targets)
    compared = f": {together}, and alone, for comparison" if "alone" in targets else ""
    words = answers.fit.model.in_words
    says = f"posterior mean and {interval_name(answers.ci_prob)}"
    kinds: dict[str, tuple[str, str, Callable[[str, str], str]]] = {
        "direct": ("Direct effects", "standardized", lambda outcome, cause: f"{words(cause)} → {words(outcome)}"),
        "total": ("Total effects", "standardized", lambda outcome, cause: f"{words(cause)} → {words(outcome)}"),
        "r_squared": ("Explained variance", "R²", lambda outcome, _: words(outcome)),
    }
    tables = [
        Table(
            f"each-{kind}",
            f"{title} in each organization",
            f"{title} ({unit}), {says}{compared}.",
            "organization",
            headers,
            tuple(
                Group(heading(*pair), tuple(_organization_rows(answers, targets, kind, *pair)))
                for pair in answers.effects(kind)
                if (kind, *pair) not in left_out
            ),
        )
        for kind, (title, unit, heading) in kinds.items()
    ]
    return [table for table in tables if table.groups or not left_out]


def _organization_rows(answers: Answers, targets: Iterable[str], kind: str, outcome: str, cause: str) -> Iterable[Row]:
    for organization in answers.fit.organizations:
        keys = (Key(kind, target, outcome, cause, organization) for target in targets)
        yield Row(organization, tuple(cell(answers.estimates.get(key)) for key in keys))


def heterogeneity_table(answers: Answers) -> Table | None:
    """How much paths differ between organizations; None where nothing can differ."""
    if not answers.heterogeneity:
        return None
    fit = answers.fit
    words = fit.model.in_words
    depends = bool(fit.model.moderators)
    groups: dict[str, list[Row]] = {}
    for path in answers.pooling_factor:
        outcome, _, cause = path.partition("~")
        spreads = ("total_sd", "beta_tau") if path in fit.model.moderators else ("beta_tau", *[""] * depends)
        names = (*spreads, "i_squared", "prediction")
        shown = [cell(answers.heterogeneity.get((name, path))) for name in names]
        shown.append(Cell(share(answers.pooling_factor[path])))
        shown.append(Cell(share(answers.differs_most[path]), id=most_id(path, answers)))
        row = Row(words(cause), tuple(shown))
        groups.setdefault(outcome, []).append(row)
    return Table(
        "heterogeneity",
        "Differences between organizations",
        f"SD: standard deviation of each path between organizations, in the data's units, with its "
        f"{interval_name(answers.ci_prob)}. I²: share of the variance between the organizations' own estimates that is "
        "no sampling noise. New: the path in a new organization, in the data's units. Pooling: how strongly "
        "organizations are drawn together, from 0 (not at all) to 1 (into one). Most: probability that this path "
        "differs most, compared on the common scale."
        + " Left: standard deviation that attributes of organizations leave unexplained, of paths that depend on them; "
        "I² and pooling of these are of what is left." * depends,
        "cause",
        ("SD", *["left"] * depends, "I²", "new", "pooling", "most"),
        tuple(Group(f"on {words(outcome)}", tuple(rows)) for outcome, rows in groups.items()),
    )


def most_id(path: str, answers: Answers) -> str:
    """The id of the cell that says how likely a path differs most."""
    return f"differs-most-{list(answers.differs_most).index(path)}"
