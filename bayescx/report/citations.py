"""References behind the methods that a fit used, and no others."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from bayescx.fitted import Fit
from bayescx.report.measurement import Measured

__all__ = ["Reference", "references"]


@dataclass(frozen=True)
class Reference:
    """What a work was used for, its text, and its DOI if it has one."""

    used_for: str
    text: str
    doi: str = ""


def references(
    fit: Fit, *, has_shares: bool, measured: Measured | None, has_latent_means: bool = False, has_map: bool = False
) -> list[Reference]:
    """The works to cite with a fit, in the order of its steps.

    Parameters
    ----------
    fit : Fit
    has_shares : bool
        Whether the report parts R-squared among drivers.
    measured : Measured, optional
        What the report tells of how well items measure.
    has_latent_means : bool
        Whether it compares means of factors between organizations.
    has_map : bool
        Whether it maps importance and performance.
    """
    known = tomllib.loads((files("bayescx.report") / "citations.toml").read_text(encoding="utf-8"))
    versions = fit.provenance["versions"]
    told = {
        "lindeman_1980": has_shares,
        "gromping_2007": has_shares,
        "mcdonald_1999": measured is not None,
        "fornell_larcker_1981": measured is not None,
        "henseler_2015": measured is not None and measured.has_htmt,
        "plummer_2015": has_latent_means,
        "rosseel_loh_2024": has_latent_means,
        "martilla_james_1977": has_map,
        "ringle_sarstedt_2016": has_map,
    }
    cited = [Reference(**entry) for key, entry in known.items() if told.get(key, True) and _used(key, fit)]
    return [Reference(one.used_for, one.text.format_map(versions), one.doi) for one in cited]


def _used(key: str, fit: Fit) -> bool:
    """Whether a fit used the method of a work; works not named here stand behind every fit."""
    conditions = {
        "rubin_1976": any(len(patterns) > 1 for patterns in fit.evidence.patterns.values()),
        "becker_1992": any(figure.use == "evidence" for figure in fit.evidence.published),
        "gelman_hill_2007": "partial" in fit.pooling.values(),
        "lewandowski_2009": bool(fit.model.covariances) or len(fit.model.exogenous) > 1,
        "abril_pla_2023": fit.provenance["engine"] == "pymc",
        "higgins_thompson_2002": fit.pooling["paths"] == "partial",
        "gelman_pardoe_2006": fit.pooling["paths"] == "partial",
    }
    return bool(conditions.get(key, True))
