"""How a fit was made, for the appendix: which priors, which pooling, what its words mean."""

from __future__ import annotations

from typing import NamedTuple

from markupsafe import Markup

from bayescx.estimands.system import layout_of
from bayescx.fitted import Fit
from bayescx.model.figure_arrays import UNIT_SD
from bayescx.priors import Prior
from bayescx.report.tables import Cell, Group, Row, Table
from bayescx.wording import with_minus

__all__ = ["Part", "likelihood_parts", "pooling_sentences", "priors_table", "settings"]

_PRIORS = {
    "paths": {"path_mean": "typical path coefficient", "path_sd": "SD of a path between organizations"},
    "controls": {"path_mean": "coefficient of a control", "path_sd": "SD of it between organizations"},
    "loadings": {"loading": "loadings", "loading_sd": "SD of a loading between organizations"},
    "residuals": {"residual": "typical log SD of residuals", "residual_sd": "SD of these between organizations"},
    "exogenous": {
        "exogenous": "typical log SD of exogenous constructs",
        "exogenous_sd": "SD of these between organizations",
    },
    "covariances": {
        "correlation": "typical correlation (Fisher z, partial) of exogenous constructs and of residuals",
        "correlation_sd": "SD of these between organizations",
    },
}
_BLOCKS = {
    "paths": "path coefficients",
    "controls": "coefficients of controls",
    "loadings": "loadings",
    "residuals": "residual standard deviations",
    "exogenous": "standard deviations of exogenous constructs",
    "covariances": "correlations",
}
_POOLING = {
    "partial": "partially pooled: each organization has its own, drawn from a population that all of them inform",
    "none": "not pooled: each organization has its own, and none informs another",
    "full": "shared: one value for all organizations",
}


class Part(NamedTuple):
    """A paragraph of the method under its heading, and perhaps a formula, our own markup, with what follows it."""

    heading: str
    text: str
    formula: Markup = Markup()
    after: str = ""


def likelihood_parts(fit: Fit) -> list[Part]:
    """How missing answers, correlations without units and published figures enter; only what there is."""
    evidence = fit.evidence
    parts = []
    if fit.model.coded:
        parts.append(_CONDITIONAL)
    if any(len(patterns) > 1 or evidence.level[name] != "correlations" for name, patterns in evidence.patterns.items()):
        parts.append(_MISSING)
    if "correlations" in evidence.level.values():
        parts.append(_CORRELATIONS)
    if any(figure.use == "evidence" for figure in evidence.published):
        parts.append(_FIGURES)
        if all(level == "figures" for level in evidence.level.values()):
            parts.append(_SCALE)
    return parts


_MISSING = Part(
    "Missing answers",
    "Respondents count with the answers that they gave (full information). Those of an organization who answered the "
    "same variables form a pattern; the likelihood of each is that of its own variables, with the means common to all "
    "patterns of the organization and integrated out under a flat prior. Rows without a single answer say nothing. "
    "This is right where the chance that an answer is missing depends on answers that were given (missing at random). "
    "An organization that did not ask a question is one for which all answers to it are missing.",
)
_CONDITIONAL = Part(
    "Exogenous variables as observed",
    "The model has terms that are coded from other variables: parts of a variable below and above a knot, or levels of "
    "a category. Nothing describes how exogenous variables are distributed: the likelihood is that of the outcomes "
    "given them, and explained variance and standardized effects refer to the customers who were asked. The typical "
    "organization has the average of the organizations' covariances of exogenous variables; one that has not "
    "reported, or a new one, has those of a reported organization drawn at random. Respondents with a missing answer "
    "are left out.",
)
_CORRELATIONS = Part(
    "Correlations alone",
    "An organization that shared correlations, and no standard deviations, enters by the likelihood of its "
    "correlations: the standard deviation of each of its variables is a free number, flat on the log scale. Its paths "
    "and residual variances on the common scale are then known as far as standardized ones tell.",
)
_FIGURES = Part(
    "Published figures",
    "A figure is computed from the covariance matrices Φ of the constructs of its organizations: as the mean of each "
    "one's own statistic, or as the statistic of all respondents together. It enters as a normal observation of what "
    "the model implies; a ratio as its numerator less its value times its denominator. Figures of one sample err "
    "together. With D the derivative of a figure in the matrix of organization q and n the number of that "
    "organization's respondents, the covariance of figures f and g is",
    Markup("Σ<sub>q</sub> 2 tr(D<sub>fq</sub> Φ<sub>q</sub> D<sub>gq</sub> Φ<sub>q</sub>) / n<sub>q</sub>"),
    "by the delta method for normal data. Rounding to a grid adds the variance grid² / 12. An ordering or a bound "
    "enters by the probability that a sample of that size would show it. A range of respondents stands for a "
    "log-normal prior of which it holds 95\u00a0%.",
)
_SCALE = Part(
    "Scale",
    "Figures have no units. So that priors mean what they mean for data, every construct is given a variance of about "
    f"1, on average over the organizations that the figures speak of (SD {UNIT_SD:g} on the log scale). This is an "
    "agreement and no evidence: where figures are marked, it counts to the prior.",
)


def priors_table(fit: Fit) -> Table:
    """Every prior that was used, with what it is the prior of."""
    rows = [
        Row(words, (Cell(_distribution(getattr(fit.priors, name))),))
        for block in _blocks(fit)
        for name, words in _PRIORS[block].items()
        if fit.pooling[block] == "partial" or not name.endswith("_sd")
    ]
    if fit.model.moderators:
        what = "change of a path per SD of an attribute, or from its reference level to another"
        rows.append(Row(what, (Cell(_distribution(fit.priors.moderator)),)))
    rows += [Row(name, (Cell(_distribution(prior)),)) for name, prior in fit.priors.overrides.items()]
    return Table(
        "priors",
        "Priors",
        _scale(fit),
        "prior of",
        ("distribution",),
        (Group("", tuple(rows)),),
    )


def _scale(fit: Fit) -> str:
    """What the priors' numbers are measured in."""
    if all(level == "figures" for level in fit.evidence.level.values()):
        return "All on a common scale, on which every construct has a variance of about 1."
    if fit.provenance["scaled"]:
        return "All on the common scale: each observed variable is divided by its pooled SD within organizations first."
    return "All in the data's own units."


def _distribution(prior: Prior) -> str:
    inside = ", ".join(f"{name} = {with_minus(repr(value))}" for name, value in prior.parameters.items())
    return f"{prior.name}({inside})"


def pooling_sentences(fit: Fit) -> list[str]:
    """What organizations share, block by block that the model has."""
    return [f"{_BLOCKS[block]}: {_POOLING[fit.pooling[block]]}" for block in _blocks(fit)]


def _blocks(fit: Fit) -> list[str]:
    """Blocks of parameters of which the model leaves any free."""
    layout = layout_of(fit)
    return [block for block in _BLOCKS if layout.of_block(block)]


def _factor_scale(fit: Fit) -> str:
    if fit.identification == "marker":
        return "first loading is 1"
    return "loadings average 1" + (" in the population" if fit.pooling["loadings"] == "partial" else "")


def settings(fit: Fit) -> list[tuple[str, str]]:
    """What a person needs to know to sample the same draws again."""
    about = fit.provenance
    return [
        ("seed", str(about["random_seed"])),
        ("chains × (tuning + draws)", f"{about['chains']} × ({about['tune']} + {about['draws']})"),
        ("target acceptance", f"{about['target_accept']:g}"),
        ("engine", str(about["engine"])),
        ("factor scale", _factor_scale(fit)),
        ("sampled", f"{about['created_at'][:16].replace('T', ' ')} UTC, {about['seconds']:.1f} seconds"),
        ("SHA-256 of the evidence", fit.evidence.fingerprint),
        ("versions", ", ".join(f"{name} {version}" for name, version in about["versions"].items())),
    ]
