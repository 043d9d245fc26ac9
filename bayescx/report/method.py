"""How a fit was made, for the appendix: which priors, which pooling, what its words mean."""

from __future__ import annotations

from dataclasses import fields

from bayescx.fitted import Fit
from bayescx.priors import Prior
from bayescx.report.tables import Cell, Group, Row, Table
from bayescx.wording import number

__all__ = ["pooling_sentences", "priors_table", "settings"]

_PRIORS = {
    "path_mean": "typical path coefficient",
    "path_sd": "SD of a path between organizations",
    "loading": "loadings",
    "residual": "typical log SD of residuals",
    "residual_sd": "SD of these between organizations",
    "exogenous": "typical log SD of exogenous constructs",
    "exogenous_sd": "SD of these between organizations",
    "correlation": "typical correlation (Fisher z, partial) of exogenous constructs and of residuals",
    "correlation_sd": "SD of these between organizations",
}
_BLOCKS = {
    "paths": "path coefficients",
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


def priors_table(fit: Fit) -> Table:
    """Every prior, with what it is the prior of."""
    priors = fit.priors
    rows = [
        Row(_PRIORS[item.name], (Cell(_distribution(getattr(priors, item.name))),))
        for item in fields(priors)
        if item.name in _PRIORS
    ]
    rows += [Row(name, (Cell(_distribution(prior)),)) for name, prior in priors.overrides.items()]
    return Table(
        "priors",
        "Priors",
        "All on the common scale: each observed variable is divided by its pooled SD within organizations first."
        if fit.provenance["scaled"]
        else "All in the data's own units.",
        "prior of",
        ("distribution",),
        (Group("", tuple(rows)),),
    )


def _distribution(prior: Prior) -> str:
    inside = ", ".join(f"{name} = {number(value)}" for name, value in prior.parameters.items())
    return f"{prior.name}({inside})"


def pooling_sentences(fit: Fit) -> list[str]:
    """What organizations share, block by block that the model has."""
    there = {"paths": bool(fit.model.paths), "loadings": bool(fit.model.loadings), "residuals": True, "exogenous": True}
    there["covariances"] = bool(fit.model.covariances) or len(fit.model.exogenous) > 1
    return [f"{_BLOCKS[block]}: {_POOLING[word]}" for block, word in fit.pooling.items() if there[block]]


def settings(fit: Fit) -> list[tuple[str, str]]:
    """What a person needs to know to sample the same draws again."""
    about = fit.provenance
    return [
        ("seed", str(about["random_seed"])),
        ("chains × (tuning + draws)", f"{about['chains']} × ({about['tune']} + {about['draws']})"),
        ("target acceptance", f"{about['target_accept']:g}"),
        ("engine", str(about["engine"])),
        ("factor scale", {"mean": "loadings average 1", "marker": "first loading is 1"}[fit.identification]),
        ("sampled", f"{about['created_at'][:16].replace('T', ' ')} UTC, {about['seconds']:.1f} seconds"),
        ("SHA-256 of the moments", fit.evidence.fingerprint),
        ("versions", ", ".join(f"{name} {version}" for name, version in about["versions"].items())),
    ]
