"""How much the answers of a report depend on a prior that few organizations leave in force."""

from __future__ import annotations

import warnings

import pandas as pd

from bayescx.errors import ConvergenceWarning
from bayescx.estimands.sensitivity import prior_sensitivity
from bayescx.fitted import Fit
from bayescx.report.answers import Answers, Estimate, Key
from bayescx.report.tables import Group, Row, Table, cell
from bayescx.wording import enumeration, interval_name, target_words

__all__ = ["FEW", "has_sensitivity", "sensitivity_table"]

FEW = 5
"""From so many organizations on, the evidence says enough of how they differ."""

_SCALES = (0.1, 0.2, 0.4)


def has_sensitivity(fit: Fit) -> bool:
    """Whether the prior of differences between organizations weighs: paths partially pooled, and few organizations."""
    is_free = any(row.fixed is None for row in fit.model.paths)
    return is_free and fit.pooling["paths"] == "partial" and len(fit.organizations) < FEW and fit.n_planned > 1


def sensitivity_table(answers: Answers, *, progressbar: bool = True) -> tuple[Table, list[str]]:
    """Direct effects for the average of the N planned at several priors of tau, and sentences about the refits.

    The model is fitted again for each prior that is not the fit's own.
    """
    fit = answers.fit
    parts, failed = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # named below
        for scale in _SCALES:
            part = prior_sensitivity(fit, scales=(scale,), ci_prob=answers.ci_prob, progressbar=progressbar)
            if part.attrs["not_converged"]:
                failed.append(str(part.columns[-1][0]))
            parts.append(part)
    found = pd.concat(parts, axis="columns")
    found = found.loc[:, ~found.columns.duplicated()]
    priors = list(dict.fromkeys(found.columns.get_level_values(0)))
    own = [prior for prior in priors if prior.endswith("as fitted")]
    scaled = [str(part.columns[-1][0]) for part in parts]
    order = [*(prior for prior in own if prior not in scaled), *scaled]
    table = Table(
        "sensitivity",
        "The prior of differences between organizations",
        f"Direct effects, standardized, posterior mean and {interval_name(answers.ci_prob)}, for the "
        f"{target_words(fit, 'average', short=True)}. The SD of a path between organizations has half-normal priors of "
        "different scales on the common scale. Marks are those of the table of direct effects.",
        "cause",
        tuple(map(_header, order)),
        _groups(answers, found, order),
    )
    return table, _said(failed)


def _header(prior: str) -> str:
    """The scale of a half-normal prior; the fit's own says so, and is named if it is another."""
    named, _, own = prior.partition(", ")
    scale = named.removeprefix("HalfNormal(").removesuffix(")")
    return f"{scale}, {own}" if own else scale


def _said(failed: list[str]) -> list[str]:
    if not failed:
        return []
    were = "refits" if len(failed) > 1 else "refit"
    return [
        f"The {were} with scale {enumeration(map(_header, failed))} did not converge: their figures are approximate."
    ]


def _groups(answers: Answers, found: pd.DataFrame, order: list[str]) -> tuple[Group, ...]:
    words = answers.fit.model.in_words
    groups: dict[str, list[Row]] = {}
    for name, row in found.iterrows():
        outcome, _, cause = str(name).partition("~")
        rests = answers.estimates[Key("direct", "average", outcome, cause)].rests_on_prior
        figures = [[float(row[prior, one]) for one in ("mean", "lower", "upper")] for prior in order]
        estimates = [Estimate(mean, lower, upper, "", rests) for mean, lower, upper in figures]
        groups.setdefault(outcome, []).append(Row(words(cause), tuple(map(cell, estimates))))
    return tuple(Group(f"on {words(outcome)}", tuple(rows)) for outcome, rows in groups.items())
