"""How a fit was made, for the appendix: which priors, which pooling, what its words mean."""

from __future__ import annotations

from bayescx.estimands.population import layout_of
from bayescx.fitted import Fit
from bayescx.priors import Prior
from bayescx.report.tables import Cell, Group, Row, Table
from bayescx.wording import with_minus

__all__ = ["pooling_sentences", "priors_table", "settings"]

_PRIORS = {
    "paths": {"path_mean": "typical path coefficient", "path_sd": "SD of a path between organizations"},
    "loadings": {"loading": "loadings"},
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
    """Every prior that was used, with what it is the prior of."""
    rows = [
        Row(words, (Cell(_distribution(getattr(fit.priors, name))),))
        for block in _blocks(fit)
        for name, words in _PRIORS[block].items()
        if fit.pooling[block] == "partial" or not name.endswith("_sd")
    ]
    rows += [Row(name, (Cell(_distribution(prior)),)) for name, prior in fit.priors.overrides.items()]
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
    inside = ", ".join(f"{name} = {with_minus(repr(value))}" for name, value in prior.parameters.items())
    return f"{prior.name}({inside})"


def pooling_sentences(fit: Fit) -> list[str]:
    """What organizations share, block by block that the model has."""
    return [f"{_BLOCKS[block]}: {_POOLING[fit.pooling[block]]}" for block in _blocks(fit)]


def _blocks(fit: Fit) -> list[str]:
    """Blocks of parameters of which the model leaves any free."""
    layout = layout_of(fit)
    return [block for block in _BLOCKS if layout.of_block(block)]


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
