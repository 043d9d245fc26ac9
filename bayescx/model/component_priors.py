"""Which prior each component has: of its centre, and of its SD between organizations."""

from __future__ import annotations

from bayescx.errors import PriorError
from bayescx.model.layout import Layout
from bayescx.priors import Prior, Priors

__all__ = ["component_priors", "moderator_priors"]

_FIELDS = {
    "paths": ("path_mean", "path_sd"),
    "loadings": ("loading", "loading_sd"),
    "residuals": ("residual", "residual_sd"),
    "exogenous": ("exogenous", "exogenous_sd"),
    "covariances": ("correlation", "correlation_sd"),
    "controls": ("path_mean", "path_sd"),
}
_TRANSFORMED = {
    "residuals": "the log of a residual SD",
    "exogenous": "the log of an SD",
    "covariances": "the Fisher z of a (partial) correlation",
}


def component_priors(layout: Layout, priors: Priors) -> list[tuple[Prior, Prior | None]]:
    """Prior of each component's centre (or value, where organizations share it or are independent) and of its SD.

    Raises
    ------
    PriorError
        If a prior is named for a parameter that the model does not have.
    """
    single = _by_component(layout, priors)
    out: list[tuple[Prior, Prior | None]] = []
    for component, kind in zip(layout.components, layout.kinds, strict=True):
        centre, sd = _FIELDS[component.block]
        prior = single.get(component.name, getattr(priors, centre))
        if prior.positive and component.block in _TRANSFORMED:
            raise PriorError(
                f"the prior of {component.name} is {prior}, but it is the prior of {_TRANSFORMED[component.block]}, "
                "which may be negative: use one on the whole line, such as Normal"
            )
        out.append((prior, getattr(priors, sd) if kind == "partial" else None))
    return out


def moderator_priors(layout: Layout, priors: Priors) -> list[Prior]:
    """Prior of each coefficient of a moderator, in the layout's order.

    Raises
    ------
    PriorError
        If one is on the positive half-line: an attribute may lower a path.
    """
    out = [priors.overrides.get(entry.name, priors.moderator) for entry in layout.moderators]
    for entry, prior in zip(layout.moderators, out, strict=True):
        if prior.positive:
            raise PriorError(f"the prior of {entry.name} is {prior}, but it may be negative: use one such as Normal")
    return out


def _by_component(layout: Layout, priors: Priors) -> dict[str, Prior]:
    """Priors of single parameters by component; a covariance may be named either way round, equal ones by any name."""
    names = {component.name: component.name for component in layout.components}
    known = {"~~".join(reversed(name.split("~~"))): name for name in names if "~~" in name} | names
    for label, rows in layout.model.labels.items():
        own = [known[row.name] for row in rows if row.name in known]
        known |= {row.name: own[0] for row in rows if own} | ({label: own[0]} if own else {})
    moderators = [entry.name for entry in layout.moderators]
    unknown = [name for name in priors.overrides if name not in known and name not in moderators]
    if unknown:
        raise PriorError(
            f"a prior is given for {', '.join(map(repr, unknown))}, but the free parameters of this model are: "
            f"{', '.join([*names, *moderators])}"
        )
    return {known[name]: prior for name, prior in priors.overrides.items() if name in known}
