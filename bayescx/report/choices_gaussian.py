"""The same equation with a numeric outcome, beside the ordered probit: does it matter that answers are no lengths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import xarray as xr
from markupsafe import Markup

from bayescx._names import PATH
from bayescx.choices import ChoiceFit
from bayescx.choices.comparable import slopes_in_sds
from bayescx.choices.fitted import TERM
from bayescx.coding import Hinge
from bayescx.errors import FitError
from bayescx.estimands import direct_effects, summarize
from bayescx.estimands.population import available_targets
from bayescx.evidence.findings import listing, printable
from bayescx.fitted import Fit
from bayescx.model.scales import scale_of
from bayescx.report.answers import Estimate, estimate_of
from bayescx.report.choices_answers import hinged
from bayescx.report.choices_tables import Told, whom, words_of
from bayescx.report.prose import figure, listed
from bayescx.report.tables import Group, Row, Table, cell
from bayescx.wording import counted, interval_name, numeral

__all__ = ["Compared", "check_gaussian", "compared"]

_MODELS = ("ordered probit", "Gaussian")
_MOST_TOLD = 4


@dataclass(frozen=True)
class Compared:
    """Slopes of two models in SDs of their outcomes: the table, and what it says."""

    table: Table
    sentences: tuple[Markup, ...]


def check_gaussian(fit: ChoiceFit, gaussian: object) -> str:
    """The outcome of the equation of a path model that has the terms of a model of choices.

    Raises
    ------
    FitError
        If it is no fit of a path model, or of none with this equation and these organizations.
    """
    if not isinstance(gaussian, Fit):
        raise FitError(f"gaussian must be a Fit, as bayescx.fit returns it; found {type(gaussian).__name__}")
    outcomes = [name for name in gaussian.model.endogenous if set(gaussian.model.predictors(name)) == set(fit.terms)]
    own = fit.counts.equation.outcome
    if own in outcomes:
        outcomes = [own]
    if len(outcomes) != 1:
        found = "several equations" if outcomes else "no equation"
        terms = listing([f"'{printable(name)}'" for name in fit.terms], 6)
        raise FitError(f"gaussian has {found} of just these terms: {terms}; fit the same equation, of one number")
    if set(gaussian.organizations) != set(fit.organizations) or gaussian.n_planned != fit.n_planned:
        raise FitError("gaussian is of other organizations, or of another number planned: fit both to the same rows")
    if "average" not in available_targets(gaussian):
        raise FitError("gaussian has no average over organizations: fit it with partial pooling")
    return outcomes[0]


def compared(told: Told, gaussian: Fit) -> Compared:
    """Set slopes of both models side by side, on average, each in SDs of its outcome."""
    fit = told.fit
    outcome = check_gaussian(fit, gaussian)
    estimates = {
        model: dict(_estimates(fit, draws, told.ci_prob, f"compared-{m}"))
        for m, (model, draws) in enumerate(zip(_MODELS, _draws(fit, gaussian, outcome), strict=True))
    }
    variables = hinged(fit)
    names = [("slope", name) for name in fit.terms] + [("difference", name) for name in variables]
    rows = {key: Row(words_of(fit, key[1]), tuple(cell(estimates[model][key]) for model in _MODELS)) for key in names}
    table = Table(
        "compared", "Beside a Gaussian model",
        f"Posterior mean and {interval_name(told.ci_prob)}, {whom(fit, 'average')}, of what one unit more of each term "
        "does: to the latent answer of the ordered probit in its standard deviations, and to "
        f"{printable(gaussian.model.in_words(outcome))}, a number, in its own; both within organizations.",
        "term", _MODELS,
        tuple(
            Group(heading, tuple(rows[key] for key in names if key[0] == kind))
            for kind, heading in (
                ("slope", "slope" if variables else ""), ("difference", "slope below the knot less slope above it")
            )
            if any(key[0] == kind for key in names)
        ),
    )  # fmt: skip
    return Compared(table, tuple(_sentences(told, gaussian, estimates, names)))


def _draws(fit: ChoiceFit, gaussian: Fit, outcome: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Slopes of both models, (chain, draw, term)."""
    effects = direct_effects(gaussian, "average", standardized=False)
    scale = dict(zip(gaussian.evidence.variables, scale_of(gaussian.evidence).tolist(), strict=True))[outcome]
    own = effects.sel({PATH: [f"{outcome}~{name}" for name in fit.terms]}) / scale
    bare = own.drop_vars([name for name in own.coords if PATH in own[name].dims]).rename({PATH: TERM})
    return slopes_in_sds(fit, "average"), bare.assign_coords({TERM: list(fit.terms)})


def _estimates(
    fit: ChoiceFit, draws: xr.DataArray, ci_prob: float, name: str
) -> Iterator[tuple[tuple[str, str], Estimate]]:
    """Slopes by term, and differences of the two sides of a knot by variable."""
    parts = [("slope", draws.rename({TERM: "name"}))]
    if variables := hinged(fit):
        sides = [_side(fit, draws, one, "below") - _side(fit, draws, one, "above") for one in variables]
        parts.append(("difference", xr.concat(sides, dim=pd.Index(variables, name="name"))))
    for kind, array in parts:
        for i, row in enumerate(summarize(array, ci_prob, kind="stats").to_dict("records")):
            yield (kind, str(row["name"])), estimate_of(row, f"{name}-{kind}-{i}")


def _side(fit: ChoiceFit, draws: xr.DataArray, variable: str, side: str) -> xr.DataArray:
    """The slope far out on one side, where all knots on that side are passed."""
    coded = fit.counts.equation.coded
    hinges = [
        name for name, how in coded.items() if isinstance(how, Hinge) and (how.column, how.side) == (variable, side)
    ]
    return draws.sel({TERM: hinges}).sum(TERM)


def _sentences(
    told: Told, gaussian: Fit, estimates: dict[str, dict[tuple[str, str], Estimate]], names: list[tuple[str, str]]
) -> Iterator[Markup]:
    probit, normal = (estimates[model] for model in _MODELS)
    for kind, name in names:
        if kind == "difference":
            yield Markup(
                "Of {what}, the slope below the knot exceeds that above it by {probit} standard deviations of the "
                "answer in the ordered probit, and by {normal} in a Gaussian model of the same answers as numbers."
            ).format(
                what=words_of(told.fit, name), probit=figure(probit[kind, name], interval_name(told.ci_prob)),
                normal=figure(normal[kind, name]),
            )  # fmt: skip
    apart = [key for key in names if key[0] == "slope" and not _agree(probit[key], normal[key])]
    slopes = sum(kind == "slope" for kind, _ in names)
    if not apart:
        yield Markup(
            "Of {n}, the mean of each model lies in the interval of the other: that answers are taken as numbers "
            "changes nothing that these data could tell."
        ).format(n=counted(slopes, "slope"))  # fmt: skip
        return
    shown = [
        Markup("{what} ({probit} and {normal})").format(
            what=words_of(told.fit, name), probit=figure(probit[kind, name]), normal=figure(normal[kind, name])
        )
        for kind, name in apart[:_MOST_TOLD]
    ]
    more = f" and {numeral(len(apart) - _MOST_TOLD)} more" if len(apart) > _MOST_TOLD else ""
    yield Markup(
        "Of {n}, {k} {differ}: the mean of one model lies outside the interval of the other. {What}{more}. There it "
        "matters that answers are taken as numbers."
    ).format(
        n=counted(slopes, "slope"), k=numeral(len(apart)), differ="differs" if len(apart) == 1 else "differ",
        What=listed(shown), more=more,
    )  # fmt: skip
    if gaussian.provenance.get("convergence_problems"):
        yield Markup("The Gaussian fit has not converged: do not report it.")


def _agree(one: Estimate, other: Estimate) -> bool:
    return other.lower <= one.mean <= other.upper and one.lower <= other.mean <= one.upper
