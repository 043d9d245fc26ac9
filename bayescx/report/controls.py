"""Controls: paths that the model fixes to be the same for all organizations, in one table instead of a picture each."""

from __future__ import annotations

from collections.abc import Iterable

from bayescx._names import ORGANIZATION, PATH
from bayescx.coding import Category
from bayescx.estimands import direct_effects, summarize
from bayescx.estimands.population import variables_without_unit
from bayescx.fitted import Fit
from bayescx.report.answers import Answers, Estimate, estimate_of
from bayescx.report.tables import Cell, Group, Row, Table, cell
from bayescx.spec import Parameter, PathModel
from bayescx.wording import interval_name

__all__ = ["control_paths", "controls_table", "has_own_figures"]


def control_paths(model: PathModel) -> list[Parameter]:
    """Paths that are the same for all organizations by the model.

    Examples
    --------
    >>> import bayescx as bcx
    >>> [row.name for row in control_paths(bcx.parse_model("y ~ x + fixed(age)"))]
    ['y~age']
    """
    return [row for row in model.paths if row.pooled is False]


def has_own_figures(model: PathModel, kind: str, outcome: str, cause: str) -> bool:
    """Whether an effect is told among the others: all but those that the path of a control is all of."""
    control = any((row.lhs, row.rhs) == (outcome, cause) for row in control_paths(model))
    return not control or (kind != "direct" and model.count_routes(cause, outcome) > 1)


def controls_table(answers: Answers) -> Table | None:
    """A row for each control, a column for each outcome; None where the model has no controls."""
    rows = [row for row in control_paths(answers.fit.model) if row.fixed is None]
    if not rows:
        return None
    fit, model = answers.fit, answers.fit.model
    outcomes, known = list(dict.fromkeys(row.lhs for row in rows)), _coefficients(answers, rows)
    groups: dict[str, dict[str, str]] = {}
    for row in rows:
        groups.setdefault(_heading(fit, row), {})[row.rhs] = _label(fit, row)
    several = len(groups) > 1 or "" not in groups
    unit = (
        "in standard deviations of each organization itself, on average"
        if variables_without_unit(fit)
        else "in points of its own scale, if the control rises by one point"
    )
    return Table(
        "controls",
        "Controls",
        "What each control does to an outcome, all else staying as it is: the same for all organizations by the model. "
        f"Change of the outcome, {unit}; of a category, the difference from the level that it is compared with. "
        f"Posterior mean and {interval_name(answers.ci_prob)}.",
        "control",
        tuple(map(model.in_words, outcomes)),
        tuple(
            Group(
                heading or ("other controls" if several else ""),
                tuple(Row(label, tuple(_cells(known, outcomes, name))) for name, label in members.items()),
            )
            for heading, members in sorted(groups.items(), key=lambda pair: pair[0] == "")
        ),
    )


def _coefficients(answers: Answers, rows: list[Parameter]) -> dict[str, Estimate]:
    """Coefficients by path: of one organization, as they are those of all."""
    fit, names = answers.fit, [row.name for row in rows]
    if variables_without_unit(fit):
        draws = direct_effects(fit, "organization").mean(ORGANIZATION)
    else:
        whom = "typical" if "typical" in answers.targets else "organization"
        draws = direct_effects(fit, whom, standardized=False)  # type: ignore[arg-type]
        draws = draws.isel({ORGANIZATION: 0}, drop=True) if ORGANIZATION in draws.dims else draws
    table = summarize(draws.sel({PATH: names}), answers.ci_prob, kind="stats").to_dict("records")
    return {str(row[PATH]): estimate_of(row, f"control-{i}") for i, row in enumerate(table)}


def _cells(known: dict[str, Estimate], outcomes: Iterable[str], cause: str) -> Iterable[Cell]:
    return (cell(known.get(f"{outcome}~{cause}")) for outcome in outcomes)


def _heading(fit: Fit, row: Parameter) -> str:
    """A category with the level that the others are compared with; nothing of other controls."""
    if not isinstance(row.coded, Category):
        return ""
    return f"{fit.model.in_words(row.coded.column)}, compared with {row.coded.reference.replace('_', ' ')}"


def _label(fit: Fit, row: Parameter) -> str:
    return row.coded.level.replace("_", " ") if isinstance(row.coded, Category) else fit.model.in_words(row.rhs)
