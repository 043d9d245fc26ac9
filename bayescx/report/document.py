"""write_report: a fit in, one HTML file out that needs no network and no other file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xarray as xr

from bayescx.errors import FitError
from bayescx.estimands.levels import Answers as Scale
from bayescx.estimands.population import variables_without_unit
from bayescx.fitted import Fit
from bayescx.plots import plot_forest, plot_knobs, plot_path_diagram, plot_prior_posterior
from bayescx.plots.margin import plot_margin
from bayescx.report import evidence, figures, method, prose, tables
from bayescx.report.answers import MOST_ROUTES, Answers, ends, gather
from bayescx.report.chain import drivers_first, is_control
from bayescx.report.citations import references
from bayescx.report.controls import control_paths, controls_table, has_own_figures
from bayescx.report.drivers import driven_outcomes, drivers_finding, drivers_title
from bayescx.report.higher import who_is_higher
from bayescx.report.invariance import invariance
from bayescx.report.kinks import kinks
from bayescx.report.measurement import measured_factors
from bayescx.report.moderation import moderation
from bayescx.report.moves import moves, to_act_on
from bayescx.report.page import check_report, write_page
from bayescx.report.pairs import outcome_pair
from bayescx.report.pictures import NARROW, both, inline
from bayescx.report.priorities import priorities
from bayescx.report.sensitivity import has_sensitivity, sensitivity_table
from bayescx.wording import interval_name, target_words, together_words

__all__ = ["write_report"]

_SECTIONS = {
    "question": "What was asked",
    "evidence": "Evidence",
    "published": "Published figures",
    "findings": "In short",
    "diagram": "Path diagram",
    "kinks": "Below and above",
    "pair": "What explains the one and what the other",
    "drivers": "What drives each outcome",
    "priorities": "What to act on",
    "paths": "Every path",
    "controls": "Controls",
    "effects": "Effects and explained variance",
    "heterogeneity": "Differences between organizations",
    "moderation": "What tells organizations apart",
    "higher": "Who is higher?",
    "sensitivity": "How much a prior matters",
    "margin": "As organizations report",
    "knobs": "If one thing changes",
    "measurement": "How well items measure",
    "invariance": "Do items mean the same everywhere?",
    "diagnostics": "Can the figures be trusted?",
    "method": "Method",
    "each": "Every organization",
    "citations": "Citations",
    "reproduce": "How to reproduce",
}
_MAYBE = (
    "published", "kinks", "drivers", "priorities", "controls", "higher", "sensitivity", "margin", "measurement",
    "invariance", "moderation", "pair",
)  # fmt: skip
"""Sections that are there only if there is something to tell."""

_MOST_CAUSES = 16
"""Arrows into one construct that a path diagram can show."""

_MOST_KNOBS = 4
"""Pictures of what follows if one construct moves, where each has its own."""


def write_report(
    fit: Fit,
    path: str | os.PathLike[str],
    *,
    ci_prob: float = 0.95,
    sensitivity: bool = True,
    margin: xr.Dataset | None = None,
    answers: Scale | None = None,
    progressbar: bool = True,
) -> Path:
    """Write a fit's report: one HTML file with its pictures inside, which opens anywhere and prints well.

    What was asked; the evidence, published figures among it; the answers in sentences whose figures point to the
    tables they come from; the path diagram; which of three or more drivers matters most to an outcome, and which
    matters much and stands low; a forest plot of every path; tables of direct, indirect and total effects, R-squared
    and differences between organizations, and what they go with where paths depend on attributes of organizations;
    where means were shared, which organization is higher on what; what follows
    if one construct moves, or every organization catches up with the highest; where there are factors, how well items
    measure them, and, with partially pooled loadings, whether items mean the same everywhere; whether the sampler
    converged; method, citations, and how to reproduce it all. Effects are in standard deviations of each organization
    itself. Figures that the evidence leaves open, because they rest mostly on the prior, are marked.

    Parameters
    ----------
    fit : Fit
    path : path
        An ``.html`` file; one that is there is replaced once the new one is complete.
    ci_prob : float
        Probability of all intervals.
    sensitivity : bool
        Where fewer than five organizations have reported, fit again under other priors of the differences between
        organizations and put the answers side by side; this takes about as long as the fit itself, twice.
    margin : Dataset, optional
        What ``margin_by_reporting`` returned for this fit: a section with its picture.
    answers : (float, float), optional
        Lowest and highest answer of the questionnaire, such as (1, 7): present levels of drivers then run from 0 to
        100, and reversed items, which are otherwise left out of them, are turned.
    progressbar : bool
        Show how far refits are, on standard error.

    Returns
    -------
    Path

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1, ``margin`` is not of this fit, ``answers`` are none or a mean level lies
        outside them, or the file cannot be written.

    Examples
    --------
    >>> write_report(fit, "report.html", sensitivity=False).name
    'report.html'
    """
    target = Path(path)
    check_report(target)
    _check_margin(fit, margin)
    known = gather(fit, ci_prob, answers)
    context = _context(known, margin)
    if sensitivity and known.main == "average" and has_sensitivity(fit):
        context["sensitivity"], context["not_settled"] = sensitivity_table(known, progressbar=progressbar)
    context["contents"] = _contents(context)
    return write_page(target, "report.html.j2", context)


def _check_margin(fit: Fit, margin: object) -> None:
    """Refuse what is no answer of ``margin_by_reporting``, or one of another fit."""
    if margin is None:
        return
    if not isinstance(margin, xr.Dataset) or "joined" not in margin.variables:
        raise FitError("margin must be what margin_by_reporting(fit, quantity) returned")
    reporting = set(margin["joined"].isel(order=0).values.tolist()) - {""}
    if margin.attrs.get("n_planned") != fit.n_planned or not reporting <= set(fit.organizations):
        raise FitError("margin is of another fit: its organizations, or how many are planned, differ")


def _contents(context: dict[str, Any]) -> dict[str, str]:
    """Sections that are there, with what they are called."""
    titles = {name: title for name, title in _SECTIONS.items() if name not in _MAYBE or context[name]}
    return titles | ({"drivers": drivers_title(context["drivers"])} if context["drivers"] else {})


def _context(answers: Answers, margin: xr.Dataset | None) -> dict[str, Any]:
    """Everything that the template shows."""
    fit = answers.fit
    published = figures.figures_table(fit, answers.ci_prob)
    driven, measured = driven_outcomes(answers), measured_factors(answers)
    mapped, higher, sides = priorities(answers), who_is_higher(answers), kinks(answers)
    elsewhere = _elsewhere(answers)
    moved, effects = moves(answers, higher), prose.findings(answers)
    moderated, pair = moderation(answers), outcome_pair(answers)
    return {
        "fit": fit,
        "answers": answers,
        "interval": interval_name(answers.ci_prob),
        "title": prose.title(fit),
        "question": prose.question(answers),
        "informed": "alone" in answers.targets,
        "has_marks": any(
            one.rests_on_prior for key, one in answers.estimates.items() if key.target in answers.populations
        ),
        "together": together_words(fit),
        "populations": [target_words(fit, target) for target in answers.populations],
        "equations": _equations(fit),
        "mark": prose.MARK,
        "evidence_table": evidence.evidence_table(fit),
        "evidence_sentences": evidence.evidence_sentences(fit) + ([] if published else figures.declared_sentences(fit)),
        "only": evidence.known_by_figures(fit),
        "published": published,
        "signs": figures.sign_sentences(fit) if published else [],
        "resting": prose.pictures_resting(answers, "total"),
        "margin": _margin(margin),
        "sensitivity": None,
        "not_settled": [],
        "without_unit": [fit.model.in_words(name) for name in variables_without_unit(fit)],
        "has_effects": bool(effects or sides),
        "findings": [
            *drivers_finding(driven),
            *to_act_on(mapped, moved),
            *([sides.finding] if sides else []),
            *([pair.finding] if pair else []),
            *effects,
            *(moderated.findings if moderated else []),
            *([higher.finding] if higher else []),
        ],
        "kinks": sides,
        "pair": pair,
        "controls": controls_table(answers),
        "moderation": moderated,
        "drivers": driven,
        "priorities": mapped,
        "higher": higher,
        "moves": moved,
        "measurement": measured,
        "invariance": invariance(answers),
        "diagrams": _diagrams(answers),
        "most_causes": _most_causes(fit),
        "forests": list(_forests(answers, elsewhere)),
        "effects": tables.effect_tables(answers, elsewhere),
        "unlisted": [pair for pair in ends(fit) if fit.model.count_routes(*pair) > MOST_ROUTES],
        "heterogeneity": tables.heterogeneity_table(answers),
        "organizations": tables.organization_tables(answers, elsewhere),
        "knobs": _knobs(answers),
        "diagnosis": prose.diagnosis(fit),
        "problems": fit.provenance["convergence_problems"],
        "prior_posterior": _prior_posterior(fit),
        "likelihood": method.likelihood_parts(fit),
        "pooling": method.pooling_sentences(fit),
        "priors": method.priors_table(fit),
        "settings": method.settings(fit),
        "references": references(
            fit,
            has_shares=pair is not None or any(one.shares for one in driven),
            measured=measured,
            has_latent_means=higher is not None and higher.has_factors,
            has_map=bool(mapped),
        ),
    }


def _elsewhere(answers: Answers) -> frozenset[tuple[str, str, str]]:
    """Effects that the table of controls tells."""
    return frozenset(
        (kind, outcome, cause)
        for kind in ("direct", "indirect", "total")
        for outcome, cause in answers.effects(kind)
        if not has_own_figures(answers.fit.model, kind, outcome, cause)
    )


def _equations(fit: Fit) -> list[tuple[str, str, list[str]]]:
    """Each outcome with its direct causes, and each factor with what measures it, in words."""
    model, words = fit.model, fit.model.in_words
    outcomes = {row.lhs for row in model.paths}
    said = [
        (words(name), "←", [words(row.rhs) for row in model.paths if row.lhs == name])
        for name in model.endogenous
        if name in outcomes
    ]
    measured = [
        (
            words(name),
            "is measured by",
            [words(r.rhs) + " (reversed)" * r.reversed for r in model.loadings if r.lhs == name],
        )
        for name in model.latents
    ]
    return said + measured


def _most_causes(fit: Fit) -> int:
    """How many direct causes the outcome has that has most."""
    return max((len(fit.model.predictors(name)) for name in fit.model.endogenous), default=0)


def _diagrams(answers: Answers) -> dict[str, Any]:
    """The path diagram twice: lying for wide pages and standing for phones.

    Neither where nothing can be averaged, or arrows would be too many to follow.
    """
    if answers.main is None or _most_causes(answers.fit) > _MOST_CAUSES:
        return {}
    pictures = {
        name: plot_path_diagram(answers.fit, answers.main, ci_prob=answers.ci_prob, direction=direction)  # type: ignore[arg-type]
        for name, direction in (("wide", "right"), ("tall", "down"))
    }
    shown = {name: inline(picture, f"diagram-{name}") for name, picture in pictures.items()}
    return shown | {"description": pictures["wide"].description}


def _forests(answers: Answers, elsewhere: frozenset[tuple[str, str, str]]) -> Iterator[dict[str, Any]]:
    """A forest of every path, then of what chains add up to; without controls."""
    fit, options = answers.fit, {"ci_prob": answers.ci_prob, "width": NARROW}
    wanted = [("direct", *pair) for pair in answers.effects("direct") if ("direct", *pair) not in elsewhere]
    wanted += [
        ("total", outcome, cause)
        for cause, outcome in ends(fit)
        if cause not in fit.model.predictors(outcome) and not is_control(fit.model, cause)
    ]
    for number, (kind, outcome, cause) in enumerate(wanted):
        picture = plot_forest(fit, f"{outcome}~{cause}", kind=kind, **options)  # type: ignore[arg-type]
        note = "The average rests mostly on the prior: the evidence leaves it open."
        is_open = answers.main == "average" and (outcome, cause) in answers.resting(kind)
        yield inline(picture, f"forest-{number}") | {"note": note if is_open else ""}


def _knobs(answers: Answers) -> list[dict[str, Any]]:
    """What follows if a construct moves: in one picture or, beside controls and coded columns, one for each driver."""
    model = answers.fit.model
    moving = [name for name in model.constructs if any(row.rhs == name for row in model.paths)]
    if answers.main is None or not moving:
        return []
    drivers = drivers_first(model, moving)
    wanted: list[str | None] = [None] if drivers == moving else [*drivers[:_MOST_KNOBS]]
    options: dict[str, Any] = {"target": answers.main, "ci_prob": answers.ci_prob}
    return [
        both(lambda width, name=name: plot_knobs(answers.fit, name, width=width, **options), f"knobs{number or ''}")  # type: ignore[misc]
        for number, name in enumerate(wanted)
    ]


def _margin(margin: xr.Dataset | None) -> dict[str, Any] | None:
    """How the interval of the average shrank as organizations reported, and the same in a sentence."""
    if margin is None:
        return None
    return both(lambda width: plot_margin(margin, width=width), "margin")


def _prior_posterior(fit: Fit) -> dict[str, Any] | None:
    try:
        controls = {row.name for row in control_paths(fit.model)}
        shown = [row.name for row in fit.model.paths if row.fixed is None and row.name not in controls]
        if controls and not shown:
            return None
        names = shown if controls else None
        return both(lambda width: plot_prior_posterior(fit, names, width=width), "prior-posterior")
    except FitError:  # no path is free
        return None
