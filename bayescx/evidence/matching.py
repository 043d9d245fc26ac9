"""Evidence against the variables of a model: one organization at a time, then all of them as arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescx.coding import Coded, is_coded
from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.attributes import Attributes
from bayescx.evidence.coded_moments import coded_findings
from bayescx.evidence.findings import Finding, suggestion
from bayescx.evidence.incomplete import incomplete_answers
from bayescx.evidence.moments import SampleMoments, pattern_moments
from bayescx.evidence.moments_checks import not_positive_definite
from bayescx.evidence.patterns import Pattern
from bayescx.evidence.published import Published
from bayescx.evidence.rows import COMPLETE_CASES, OrganizationSample
from bayescx.evidence.saturated import saturated_moments
from bayescx.evidence.semidefinite import dependent_beside

LISTED_TOO_SMALL = 12
NO_SPREAD = "correlations do not tell how far answers spread, which below(…), above(…) and category(…) need"


@dataclass(frozen=True, eq=False)
class Examined:
    """One organization against the variables of a model.

    `n_obs` counts the respondents that take part. `mean` and `cov` are None where `patterns` take their place or
    something is wrong; `lacks` says of each needed variable that is not there how to report it, should that be an
    error; `columns` are the names of all that was shared.
    """

    organization: str
    level: str
    n_rows: int
    n_obs: int
    mean: Floats | None
    cov: Floats | None
    findings: tuple[Finding, ...]
    patterns: tuple[Pattern, ...] = ()
    lacks: Mapping[str, Finding] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    has_means: bool = True
    is_kept_out: bool = False
    two_valued: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def examined_rows(sample: OrganizationSample, columns: frozenset[str]) -> Examined:
    """Examine an organization that shared rows."""
    return Examined(
        sample.organization,
        "rows",
        sample.n_rows,
        sample.n_obs,
        sample.mean,
        sample.cov,
        sample.findings,
        sample.patterns,
        sample.lacks,
        columns,
        two_valued=sample.two_valued,
    )


def examined_moments(
    name: str,
    moments: SampleMoments,
    variables: tuple[str, ...],
    missing: str,
    coded: Mapping[str, Coded] | None = None,
) -> Examined:
    """Examine an organization that shared moments."""
    one = _moments_shared(name, moments, variables, missing, coded or {})
    if not any(is_coded(variable) for variable in variables) or one.findings:
        return one
    size = len(variables) - len(one.lacks)
    incomplete = sum(pattern.n_obs for pattern in one.patterns if len(pattern.variables) < size)
    findings = []
    if coded and moments.scale_free:
        findings.append(Finding(NO_SPREAD, name, advice="; share covariances: bayescx moments ROWS --model MODEL"))
    elif coded and incomplete:
        findings.append(incomplete_answers(name, incomplete, one.n_obs))
    elif (cov := covariances(one, len(variables))) is not None:
        findings += _moments_findings(name, one, cov, variables, coded or {})
    return replace(one, findings=tuple(findings))


def _moments_shared(
    name: str, moments: SampleMoments, variables: tuple[str, ...], missing: str, coded: Mapping[str, Coded]
) -> Examined:
    level = "correlations" if moments.scale_free else "moments"
    columns = frozenset(moments.variables)
    lacks = {
        variable: Finding(f"no column '{variable}'", name, "moments", _instead(variable, moments.variables, coded))
        for variable in variables
        if variable not in columns
    }
    patterns = moments.answer_patterns(variables)
    if missing == COMPLETE_CASES:
        whole = tuple(one for one in patterns if len(one.variables) == len(variables))
        patterns = patterns if lacks else whole
    n_obs = sum(one.n_obs for one in patterns)
    has_means = moments.mean is not None
    about = Examined(name, level, moments.n_obs, n_obs, None, None, (), patterns, lacks, columns, has_means)
    if missing == COMPLETE_CASES and lacks:
        return replace(about, findings=tuple(lacks.values()), patterns=(), lacks={})
    if lacks or moments.scale_free or len(patterns) != 1:
        return about
    wanted = list(variables)
    if moments.patterns:
        (only,) = patterns
        return replace(about, mean=only.mean, cov=only.scatter / (n_obs - 1), patterns=())
    mean = np.full(len(wanted), np.nan) if moments.mean is None else moments.mean[wanted].to_numpy()
    return replace(about, mean=mean, cov=moments.cov.loc[wanted, wanted].to_numpy(), patterns=())


def _instead(variable: str, available: Collection[str], coded: Mapping[str, Coded]) -> str:
    """Say what to do where moments lack a variable; of a coded one, that they must be shared with it."""
    if variable in coded and coded[variable].column in available:
        return "; it cannot be worked out from moments: share them with bayescx moments ROWS --model MODEL"
    return suggestion(variable, available)


def _moments_findings(
    name: str, one: Examined, cov: Floats, variables: Sequence[str], coded: Mapping[str, Coded]
) -> list[Finding]:
    """Say what moments that may lack variation are not allowed to lack, for want of a model that codes it."""
    has = np.flatnonzero(~np.isnan(np.diag(cov))).tolist()
    names, own = [variables[k] for k in has], cov[np.ix_(has, has)]
    findings = [
        Finding(f"column '{variable}' is constant", name)
        for variable, variance in zip(names, np.diag(own), strict=True)
        if variance == 0 and variable not in coded
    ]
    if dependent := dependent_beside(own, names, coded):
        findings.append(Finding(not_positive_definite(dependent), name))
    mean = estimated(one, len(variables))[0]
    return findings + coded_findings(name, one.n_obs, mean, cov, variables, coded)


def examined_figures(name: str, size: int) -> Examined:
    """An organization that only published figures speak of."""
    return Examined(name, "figures", 0, 0, np.full(size, np.nan), np.full((size, size), np.nan), ())


def weighed(one: Examined, min_n: int | None, size: int, missing: str) -> Examined:
    """Keep an organization out, or say that it is too small for its covariances to mean anything."""
    if one.level == "unusable":
        return one
    if min_n is not None and one.n_obs < min_n:
        return replace(one, is_kept_out=True)
    size -= len(one.lacks)
    if one.n_obs > size + 1 or size == 0:
        return one
    whom = "complete rows" if missing == COMPLETE_CASES else "respondents"
    what = f"too few {whom} (more than {size + 1} are needed for {size} variables)"
    advice = f"; min_n={size + 2} (command line: --min-n {size + 2}) keeps such organizations out"
    too_small = Finding(what, one.organization, f"n = {one.n_obs}", advice, LISTED_TOO_SMALL)
    return replace(one, findings=(*one.findings, too_small))


def covariances(one: Examined, size: int) -> Floats | None:
    """Covariances (p, p) of an organization whose answers are complete, nan where it lacks variables; None if not."""
    if one.cov is not None:
        return one.cov
    return estimated(one, size)[1] if len(one.patterns) == 1 else None


def estimated(one: Examined, size: int) -> tuple[Floats, Floats]:
    """Mean (p,) and covariance (p, p) of a usable organization, as `Matched` holds them."""
    if one.mean is not None and one.cov is not None:
        return one.mean, one.cov
    mean, cov = saturated_moments(one.patterns, size)
    return (mean if one.has_means else np.full(size, np.nan)), cov


@dataclass(frozen=True, eq=False)
class Matched:
    """Evidence on the variables of one model: everything that the posterior needs.

    Parameters
    ----------
    organizations : tuple of str, length J
        Organizations that are used, in order of first appearance.
    variables : tuple of str, length p
        Variables, in the order asked for.
    n_obs : array of int, shape (J,)
        Respondents of each organization: those with an answer to at least one of the variables, or to all of them
        where the evidence says ``missing="listwise"``; 0 for organizations known by published figures only.
    mean : array of float, shape (J, p)
        Means, in the data's units; NaN where an organization did not share them or lacks the variable.
    cov : array of float, shape (J, p, p)
        Covariances, divisor n-1; correlations where only these were shared. Where answers are missing, mean and
        cov are the estimates of `saturated_moments`; NaN for variables that an organization lacks.
    dropped : mapping of str to int
        Rows left out, for each organization that shared rows: without any answer ("listwise": incomplete).
    kept_out : mapping of str to int
        Respondents of each organization that `min_n` kept out.
    n_planned : int
        Number of organizations planned, at least J.
    level : mapping of str to str
        What each organization shared: "rows", "moments", "correlations", or only "figures".
    unassigned : int
        Rows that name no organization.
    simulated : bool
        Whether the data were made up by a program.
    published : tuple of Published
        Figures published about sets of these organizations, those to be checked among them.
    signs : mapping of str to int
        Declared sign, 1 or -1, of paths by name; a path that is not named is positive.
    attributes : Attributes
        Of these organizations as a whole, those that paths of the model depend on; none by default.
    two_valued : mapping of str to mapping
        Of organizations that shared rows, the variables with two values, and these: each tells two groups apart.
    """

    organizations: tuple[str, ...]
    variables: tuple[str, ...]
    n_obs: npt.NDArray[np.int64]
    mean: Floats
    cov: Floats
    dropped: Mapping[str, int]
    kept_out: Mapping[str, int]
    n_planned: int
    level: Mapping[str, str]
    unassigned: int = 0
    simulated: bool = False
    patterns: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
    signs: Mapping[str, int] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=Attributes.none)
    two_valued: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)
    fingerprint: str = field(init=False)
    """SHA-256 of everything that enters the posterior; rows and their moments have the same one."""

    def __post_init__(self) -> None:
        names = json.dumps([self.organizations, self.variables, self.n_planned])
        digest = hashlib.sha256(names.encode())
        for array, kind in ((self.n_obs, "<i8"), (self.mean, "<f8"), (self.cov, "<f8")):
            digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
            array.flags.writeable = False
        for organization, patterns in self.patterns.items():
            digest.update(json.dumps([organization, self.level[organization] == "correlations"]).encode())
            for one in patterns:
                digest.update(json.dumps([one.variables, one.n_obs]).encode())
                for array in (one.mean, one.scatter):
                    digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        if self.published or self.signs:
            stated = [{**one.to_dict(), "wording": "", "source": ""} for one in self.published]
            digest.update(json.dumps([stated, sorted(self.signs.items())]).encode())
        if self.attributes.moderators:
            if len(self.attributes.values) != len(self.organizations):
                raise ValueError(
                    f"attributes of {len(self.attributes.values)} organizations do not go with evidence on "
                    f"{len(self.organizations)}"
                )
            digest.update(json.dumps(self.attributes.to_dict()).encode())
        else:
            object.__setattr__(self, "attributes", Attributes.none(len(self.organizations)))
        object.__setattr__(self, "fingerprint", digest.hexdigest())

    @classmethod
    def of(
        cls, examined: Sequence[Examined], variables: tuple[str, ...], *, n_planned: int | None, **about: Any
    ) -> Self:
        """Gather organizations in which nothing is wrong; `n_planned` None is the number of those that are used."""
        used = [one for one in examined if not one.is_kept_out]
        mean, cov = zip(*(estimated(one, len(variables)) for one in used), strict=True)
        return cls(
            organizations=tuple(one.organization for one in used),
            variables=variables,
            n_obs=np.array([one.n_obs for one in used], dtype=np.int64),
            mean=np.array(mean, dtype=np.float64),
            cov=np.array(cov, dtype=np.float64),
            dropped={one.organization: one.n_rows - one.n_obs for one in used if one.level == "rows"},
            kept_out={one.organization: one.n_obs for one in examined if one.is_kept_out},
            n_planned=len(used) if n_planned is None else n_planned,
            level={one.organization: one.level for one in used},
            patterns={one.organization: one.patterns for one in used if one.patterns},
            two_valued={one.organization: one.two_valued for one in used if one.two_valued},
            **about,
        )

    @property
    def empty(self) -> dict[str, tuple[str, ...]]:
        """By organization, the coded columns without variation in it: nobody, or everybody, is of that level."""
        found = {
            organization: tuple(name for name, own in zip(self.variables, np.diag(cov), strict=True) if own == 0)
            for organization, cov in zip(self.organizations, self.cov, strict=True)
        }
        return {organization: names for organization, names in found.items() if names}

    def only(self, organizations: Collection[str]) -> Matched:
        """Return the same evidence cut down to some of its organizations; `n_planned` stays.

        Attributes of those cut off stay known, as those of organizations that have not reported.
        """
        kept = [j for j, name in enumerate(self.organizations) if name in organizations]
        names = tuple(self.organizations[j] for j in kept)
        return replace(
            self,
            organizations=names,
            n_obs=self.n_obs[kept],
            mean=self.mean[kept],
            cov=self.cov[kept],
            dropped={name: n for name, n in self.dropped.items() if name in names},
            level={name: level for name, level in self.level.items() if name in names},
            patterns={name: patterns for name, patterns in self.patterns.items() if name in names},
            published=tuple(figure for figure in self.published if set(figure.organizations) <= set(names)),
            attributes=self.attributes.only(kept, self.organizations),
        )

    def moments(self) -> dict[str, SampleMoments]:
        """Return the moments of each organization: what it may share instead of its rows."""
        return {
            organization: self._moments_of(j, organization)
            for j, organization in enumerate(self.organizations)
            if self.level.get(organization) != "figures"
        }

    def _moments_of(self, j: int, organization: str) -> SampleMoments:
        has = np.flatnonzero(~np.isnan(np.diag(self.cov[j])))
        names = [self.variables[k] for k in has]
        mean = self.mean[j][has]
        patterns = self.patterns.get(organization, ())
        return SampleMoments(
            n_obs=int(self.n_obs[j]),
            mean=None if np.isnan(mean).any() else pd.Series(mean, index=names),
            cov=pd.DataFrame(self.cov[j][np.ix_(has, has)], index=names, columns=names),
            scale_free=self.level.get(organization) == "correlations",
            patterns=pattern_moments(patterns, self.variables) if len(patterns) > 1 else (),
        )

    def __repr__(self) -> str:
        size = f"{len(self.organizations)} of {self.n_planned} organizations, {len(self.variables)} variables"
        figures = f", {len(self.published)} published figures" if self.published else ""
        whom = "respondents" if self.patterns else "complete rows"
        return f"Matched({size}, {self.n_obs.sum()} {whom}{figures})"
