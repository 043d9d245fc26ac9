"""Tables of a report on choices, and the numbers that its sentences point to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayescx._names import ORGANIZATION
from bayescx.choices import ChoiceFit, choice_effects
from bayescx.choices.fitted import cut_names
from bayescx.choices.population import CATEGORY, ChoiceTarget
from bayescx.estimands import summarize
from bayescx.evidence.findings import printable, shortened
from bayescx.report.answers import Estimate, estimate_of, in_a_column
from bayescx.report.choices_answers import EVERY, choices_table, hinged, populations_of, spreads_of, thinned
from bayescx.report.tables import Cell, Group, Row, Table, cell, share_cell
from bayescx.wording import count, interval_name, numeral

__all__ = [
    "Told", "category_words", "effect_table", "gather_choices", "larger_below", "organization_tables", "priors_table",
    "share_table", "slope_table", "spread_table", "threshold_table", "whom", "words_of",
]  # fmt: skip

_WIDEST_HEADER = 30
_SAME_UNIT = ("share", "threshold")
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Told:
    """Everything that is told of a fit of choices.

    Attributes
    ----------
    fit : ChoiceFit
    ci_prob : float
    estimates : dict
        (quantity, name, target, organization) to Estimate, as `choices_table` names them; of ratios, medians.
    """

    fit: ChoiceFit
    ci_prob: float
    estimates: dict[Key, Estimate]

    @property
    def populations(self) -> tuple[ChoiceTarget, ...]:
        """Targets that tables have columns for."""
        return populations_of(self.fit)

    @property
    def ratio(self) -> str:
        """The name of the ratio of the first category to the last."""
        return f"{self.fit.categories[0]} / {self.fit.categories[-1]}"

    def of(self, quantity: str, name: str, target: str, organization: str = "") -> Estimate:
        """One number."""
        return self.estimates[quantity, name, target, organization]


def gather_choices(fit: ChoiceFit, ci_prob: float, targets: Sequence[ChoiceTarget] | None = None) -> Told:
    """Ask a fit of choices everything that a report tells; by default of organizations and of populations.

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1.
    """
    asked = targets or [target for target in EVERY if target == ORGANIZATION or target in populations_of(fit)]
    found: dict[str, dict[Key, Estimate]] = {}
    for number, row in enumerate(choices_table(fit, asked, ci_prob, kind="stats").to_dict("records")):
        quantity = str(row["quantity"])
        middle = {"mean": row["median"]} if quantity == "ratio" else {}
        key = (quantity, str(row["name"]), str(row["target"]), str(row[ORGANIZATION]))
        found.setdefault(quantity, {})[key] = estimate_of({**row, **middle}, f"{quantity}-{number}")
    estimates: dict[Key, Estimate] = {}
    for quantity, own in found.items():
        estimates |= in_a_column(own) if quantity in _SAME_UNIT else own
    return Told(fit, ci_prob, estimates)


def words_of(fit: ChoiceFit, name: str) -> str:
    """What the model calls a column or term."""
    return printable(fit.counts.equation.model.in_words(name))


def category_words(name: str) -> str:
    """A category in a sentence."""
    return f"“{printable(name)}”"


def whom(fit: ChoiceFit, target: str) -> str:
    """Whom a column is about."""
    if target != "average":
        return f"{target} organization"
    return "the only one" if fit.n_planned == 1 else f"average of the {numeral(fit.n_planned)}"


def _says(told: Told) -> str:
    return f"Posterior mean and {interval_name(told.ci_prob)}"


def _table(told: Told, name: str, title: str, caption: str, label: str, groups: Iterable[Group]) -> Table:
    headers = tuple(whom(told.fit, target) for target in told.populations)
    return Table(name, title, caption, label, headers, tuple(group for group in groups if group.rows))


def _rows(told: Told, quantity: str, names: Iterable[str], words: dict[str, str] | None = None) -> tuple[Row, ...]:
    """One row per name, one cell per population."""
    shown = share_cell if quantity == "share" else cell
    return tuple(
        Row(
            (words or {}).get(name) or printable(name),
            tuple(shown(told.of(quantity, name, target)) for target in told.populations),
        )
        for name in names
    )


def share_table(told: Told) -> Table:
    """Shares of all categories, and how many times as likely the first is as the last."""
    first, last = (printable(one) for one in (told.fit.categories[0], told.fit.categories[-1]))
    return _table(
        told, "shares", "Shares of answers, and their ratio",
        f"{_says(told)} of the share of respondents who give each answer, 0 to 1, and of how many times as likely the "
        "first answer is as the last (posterior median). On average: the ratio of the average shares.",
        "answer",
        [
            Group("share", _rows(told, "share", told.fit.categories)),
            Group("ratio", _rows(told, "ratio", [told.ratio], {told.ratio: f"{first} to {last}"})),
        ],
    )  # fmt: skip


def slope_table(told: Told) -> Table:
    """Slopes of all terms on the latent scale, and what they lose above a knot."""
    fit = told.fit
    words = {name: words_of(fit, name) for name in (*fit.terms, *hinged(fit))}
    pooled = dict(zip(fit.terms, fit.counts.equation.pooled, strict=True))
    own, common = ([name for name in fit.terms if pooled[name] is kind] for kind in (True, False))
    heading = "each organization has its own" if common else ""
    return _table(
        told, "slopes", "Slopes",
        f"{_says(told)} of what one unit more of each term, other terms staying as they are, does to the latent "
        "answer, in its residual standard deviations. Above 0: towards higher answers.",
        "term",
        [
            Group(heading, _rows(told, "slope", own, words)),
            Group("the same in all organizations", _rows(told, "slope", common, words)),
            Group("slope below the knot less slope above it", _rows(told, "slope_difference", hinged(fit), words)),
        ],
    )  # fmt: skip


def threshold_table(told: Told) -> Table:
    """Thresholds between categories."""
    return _table(
        told, "thresholds", "Thresholds",
        f"{_says(told)} of where one answer ends and the next begins on the latent scale, in its residual standard "
        "deviations, for a respondent with all terms 0 (hinges at their knots, categories at their references).",
        "between", [Group("", _rows(told, "threshold", cut_names(told.fit.categories)))],
    )  # fmt: skip


def effect_table(told: Told) -> Table:
    """What one unit more of each term does to the shares, on average."""
    fit = thinned(told.fit)
    found: dict[tuple[str, str], Estimate] = {}
    for k, term in enumerate(fit.terms):
        table = summarize(choice_effects(fit, term), told.ci_prob, kind="stats").to_dict("records")
        found |= {(term, str(row[CATEGORY])): estimate_of(row, f"effect-{k}-{c}") for c, row in enumerate(table)}
    rows = tuple(
        Row(words_of(fit, term), tuple(cell(found[term, one]) for one in fit.categories)) for term in fit.terms
    )
    return Table(
        "effects", "What that means in shares",
        f"{_says(told)}, {whom(fit, 'average')}: the change of each answer's share if everybody had one unit more of a "
        "term or, of a level, if everybody had it rather than the reference. For a hinge everybody is taken to be on "
        "its side of the knot.",
        "term", tuple(shortened(printable(one), _WIDEST_HEADER) for one in fit.categories), (Group("", rows),),
    )  # fmt: skip


def organization_tables(told: Told) -> list[Table]:
    """Shares and ratio, and pooled slopes, in every organization."""
    fit, says = told.fit, _says(told)
    categories = tuple(shortened(printable(one), _WIDEST_HEADER) for one in fit.categories)
    shares = tuple(
        Row(
            printable(name),
            (
                Cell(count(int(asked))),
                *(share_cell(told.of("share", one, ORGANIZATION, name)) for one in fit.categories),
                cell(told.of("ratio", told.ratio, ORGANIZATION, name)),
            ),
        )
        for name, asked in zip(fit.organizations, fit.counts.n_obs, strict=True)
    )
    tables = [
        Table(
            "each-shares", "Shares in every organization",
            f"Answers that were counted; {says.lower()} of each answer's share among an organization's own "
            "respondents; and how many times as likely the first is as the last (posterior median).",
            "organization", ("answers", *categories, "first to last"), (Group("", shares),),
        )
    ]  # fmt: skip
    pooled = [name for name, own in zip(fit.terms, fit.counts.equation.pooled, strict=True) if own]
    if pooled and len(fit.organizations) > 1:
        groups = tuple(
            Group(
                words_of(fit, term),
                tuple(
                    Row(printable(name), (cell(told.of("slope", term, ORGANIZATION, name)),))
                    for name in fit.organizations
                ),
            )
            for term in pooled
        )
        tables.append(
            Table(
                "each-slopes", "Slopes in every organization",
                f"{says} of each slope that organizations have of their own, with the others.",
                "organization", ("slope",), groups,
            )
        )  # fmt: skip
    return tables


def spread_table(told: Told) -> Table | None:
    """SDs between organizations; None where only one can be known."""
    if told.fit.n_planned == 1:
        return None
    rows: dict[str, list[Row]] = {"threshold": [], "slope": []}
    for i, row in enumerate(spreads_of(told.fit, told.ci_prob).to_dict("records")):
        quantity, name = str(row["quantity"]), str(row["name"])
        words = words_of(told.fit, name) if quantity == "slope" else printable(name)
        rows[quantity].append(Row(words, (cell(estimate_of(row, f"tau-{i}")),)))
    first, *others = rows["threshold"]
    return Table(
        "spread", "Differences between organizations",
        f"{_says(told)} of τ, the standard deviation between organizations: of the first threshold, of the logarithm "
        "of the distance of each further threshold from the one below, and of slopes per standard deviation of their "
        "variable within organizations.",
        "of", ("τ",),
        tuple(
            Group(heading, tuple(own))
            for heading, own in (
                ("first threshold", [first]), ("distance to the threshold below, logarithm", others),
                ("slopes", rows["slope"]),
            )
            if own
        ),
    )  # fmt: skip


def priors_table(fit: ChoiceFit) -> Table:
    """Priors, and what sampling was told."""
    priors, settings = fit.priors, fit.provenance
    sizes = fit.posterior.sizes
    several = len(fit.categories) > 2
    rows: list[tuple[str, Any]] = [
        ("centre of slopes", priors.slope),
        *((f"centre of the slope of {words_of(fit, name)}", prior) for name, prior in priors.overrides.items()),
        ("SD of slopes", priors.slope_sd),
        ("centre of the first threshold", priors.threshold),
        ("SD of the first threshold", priors.threshold_sd),
        *([("centre of log distances", priors.increment), ("SD of log distances", priors.increment_sd)] * several),
        ("draws", f"{sizes['chain']} × {count(sizes['draw'])}, after {count(settings['tune'])} for adaptation"),
        ("seed", fit.seed),
        ("versions", ", ".join(f"{name} {number}" for name, number in settings["versions"].items())),
    ]
    return Table(
        "settings", "Settings", "Priors are of the common scale: covariates are divided by their pooled standard "
        "deviation within organizations, and thresholds are those of the average respondent.", "setting", ("value",),
        (Group("", tuple(Row(label, (Cell(str(value)),)) for label, value in rows)),),
    )  # fmt: skip


def larger_below(told: Told, variable: str, target: str = "average") -> float:
    """The probability that a variable's slope is the larger in size below its knot."""
    return float(np.clip(told.of("larger_below", variable, target).mean, 0.0, 1.0))
