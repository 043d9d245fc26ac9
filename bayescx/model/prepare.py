"""A model met by its evidence: matched, scaled, laid out and checked, before anything is sampled."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, Matched
from bayescx.evidence.findings import on_one_screen
from bayescx.model.arrays import Sample
from bayescx.model.identified import check_identified
from bayescx.model.informed import Informed, inform
from bayescx.model.layout import BLOCKS, Layout
from bayescx.model.moderation import check_moderators
from bayescx.model.patterned import pattern_arrays
from bayescx.model.reversed import check_directions
from bayescx.model.scales import scale_of
from bayescx.model.told_apart import check_matched_attributes, check_told_apart
from bayescx.priors import Priors
from bayescx.spec import PathModel

__all__ = ["Prepared", "prepare"]

_USUAL_SDS = (0.2, 5.0)


class Prepared(NamedTuple):
    """A model met by its evidence: everything that is known before sampling."""

    layout: Layout
    evidence: Matched
    sample: Sample
    priors: Priors
    informed: Informed | None = None
    """Published figures."""


def prepare(
    model: PathModel,
    evidence: Evidence | Matched,
    priors: Priors | None = None,
    *,
    pooling: str | Mapping[str, str] = "partial",
    scale: bool = True,
    identification: str = "mean",
) -> Prepared:
    """Match model and evidence, put the data on the common scale, and check all that needs no sampling.

    Raises
    ------
    ModelError, EvidenceError, PriorError
        With everything that is wrong, before any sampling.
    """
    _check_types(model, evidence, priors)
    matched = (
        evidence if isinstance(evidence, Matched) else evidence.matched(model.observed, model.coded, model.attributes)
    )
    if matched.variables != model.observed:
        raise EvidenceError(
            "evidence",
            [f"it was matched to {', '.join(matched.variables)}, but this model needs {', '.join(model.observed)}"],
        )
    check_matched_attributes(model, matched)
    if isinstance(evidence, Evidence):  # a part of it may tell less: then priors tell the rest
        check_told_apart(model, matched)
    if model.coded:
        _check_complete(matched, next(iter(model.coded)))
    if pooling == "full" and all(level == "figures" for level in matched.level.values()):
        pooling = dict.fromkeys(BLOCKS, "full")  # what tells members of a set apart would be the prior alone
    unit = scale_of(matched, model.coded) if scale else np.ones(len(matched.variables))
    layout = Layout.of(model, dict(zip(matched.variables, unit, strict=True)), pooling, identification)
    check_identified(layout)
    check_directions(layout, matched.n_obs, matched.cov)
    if not scale and priors is None:
        _warn_of_units(matched)
    informed = inform(layout, matched)
    n_sizes = len(informed.figures.unknown_sizes) if informed is not None else 0
    patterns = pattern_arrays(matched, unit, n_sizes) if matched.patterns else None
    signs = informed.signs if informed is not None else {}
    check_moderators(layout, matched, list(signs))
    attributes = matched.attributes.z() if layout.moderators else None
    sample = Sample(matched.n_obs, matched.cov / np.multiply.outer(unit, unit), patterns, attributes)
    return Prepared(layout, matched, sample, priors or Priors(), informed)


def _check_complete(matched: Matched, term: str) -> None:
    """Coded terms need the complete moments of every organization: nothing describes exogenous variables without."""
    needs = f"and the model has coded terms such as {term}, which need the covariances of all its variables"
    problems = []
    for name, cov in zip(matched.organizations, matched.cov, strict=True):
        lacking = [variable for variable, var in zip(matched.variables, np.diagonal(cov), strict=True) if np.isnan(var)]
        if matched.level.get(name) == "figures":
            problems.append(f"{name} is known by published figures only, {needs}; leave these figures out")
        elif matched.level.get(name) == "correlations":
            problems.append(f"{name} shared correlations only, {needs}")
        elif lacking:
            problems.append(f"{name} lacks {', '.join(lacking)}, {needs}; leave it or the variable out")
        elif name in matched.patterns:
            problems.append(f'{name} has respondents with missing answers, {needs}; missing="listwise" leaves them out')
    problems += [
        f"published figures cannot be evidence for a model with coded terms such as {term}, for nothing describes its "
        f"exogenous variables where no data are: {figure.label}; leave it out: nothing could be compared with it either"
        for figure in matched.published
        if figure.use == "evidence"
    ]
    if problems:
        raise EvidenceError("evidence", on_one_screen(problems))


def _check_types(model: object, evidence: object, priors: object) -> None:
    wanted = {
        "model": (model, (PathModel,), "a PathModel: load_model(name), read_model(path) or parse_model(text)"),
        "evidence": (evidence, (Evidence, Matched), "Evidence: Evidence.from_rows(...) or read_evidence(path)"),
        "priors": (
            priors,
            (Priors, type(None)),
            "Priors, e.g. Priors().replace(path_sd=Prior('HalfNormal', sigma=0.1))",
        ),
    }
    for name, (value, types, what) in wanted.items():
        if not isinstance(value, types):
            raise TypeError(f"{name} must be {what}; found {type(value).__name__}")


def _warn_of_units(matched: Matched) -> None:
    sd = scale_of(matched)
    odd = [
        f"{name} (SD {value:.3g})"
        for name, value in zip(matched.variables, sd, strict=True)
        if not _USUAL_SDS[0] <= value <= _USUAL_SDS[1]
    ]
    if odd:
        warnings.warn(
            f"scale=False keeps the data's own units, but the default priors are meant for SDs near 1: "
            f"{', '.join(odd)}; give priors in these units, or leave scale=True",
            UserWarning,
            stacklevel=4,
        )
