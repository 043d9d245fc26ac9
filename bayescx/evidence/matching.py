"""Evidence against the variables of a model: one organization at a time, then all of them as arrays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescx.evidence.findings import Finding, suggestion
from bayescx.evidence.moments import Floats, SampleMoments
from bayescx.evidence.rows import OrganizationSample

LISTED_TOO_SMALL = 12


@dataclass(frozen=True, eq=False)
class Examined:
    """One organization against the variables of a model."""

    organization: str
    level: str
    n_rows: int
    n_obs: int
    mean: Floats | None
    cov: Floats | None
    findings: tuple[Finding, ...]
    is_kept_out: bool = False


def examined_rows(sample: OrganizationSample) -> Examined:
    """Examine an organization that shared rows."""
    return Examined(
        sample.organization,
        "rows",
        sample.n_rows,
        sample.n_obs,
        sample.mean,
        sample.cov,
        sample.findings,
    )


def examined_moments(name: str, moments: SampleMoments, variables: tuple[str, ...]) -> Examined:
    """Examine an organization that shared moments."""
    n_obs = moments.n_obs
    missing = tuple(
        Finding(f"no column '{variable}'", name, "moments", suggestion(variable, moments.variables))
        for variable in variables
        if variable not in moments.variables
    )
    if missing:
        return Examined(name, "moments", n_obs, n_obs, None, None, missing)
    wanted = list(variables)
    mean = np.full(len(wanted), np.nan) if moments.mean is None else moments.mean[wanted].to_numpy()
    return Examined(name, "moments", n_obs, n_obs, mean, moments.cov.loc[wanted, wanted].to_numpy(), ())


def weighed(one: Examined, min_n: int | None, size: int) -> Examined:
    """Keep an organization out, or say that it is too small for its covariances to mean anything."""
    if one.level == "unusable":
        return one
    if min_n is not None and one.n_obs < min_n:
        return replace(one, is_kept_out=True)
    if one.n_obs > size + 1:
        return one
    what = f"too few complete rows (more than {size + 1} are needed for {size} variables)"
    advice = f"; min_n={size + 2} (command line: --min-n {size + 2}) keeps such organizations out"
    too_small = Finding(what, one.organization, f"n = {one.n_obs}", advice, LISTED_TOO_SMALL)
    return replace(one, findings=(*one.findings, too_small))


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
        Complete rows of each organization.
    mean : array of float, shape (J, p)
        Means, in the data's units; a row of NaN where an organization did not share them.
    cov : array of float, shape (J, p, p)
        Covariances, divisor n-1.
    dropped : mapping of str to int
        Incomplete rows left out, for each organization that shared rows.
    kept_out : mapping of str to int
        Complete rows of each organization that `min_n` kept out.
    n_planned : int
        Number of organizations planned, at least J.
    level : mapping of str to str
        What each organization shared: "rows" or "moments".
    unassigned : int
        Rows that name no organization.
    simulated : bool
        Whether the data were made up by a program.
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
    fingerprint: str = field(init=False)
    """SHA-256 of everything that enters the posterior; rows and their moments have the same one."""

    def __post_init__(self) -> None:
        names = json.dumps([self.organizations, self.variables, self.n_planned])
        digest = hashlib.sha256(names.encode())
        for array, kind in ((self.n_obs, "<i8"), (self.mean, "<f8"), (self.cov, "<f8")):
            digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
            array.flags.writeable = False
        object.__setattr__(self, "fingerprint", digest.hexdigest())

    def moments(self) -> dict[str, SampleMoments]:
        """Return the moments of each organization: what it may share instead of its rows."""
        names = list(self.variables)
        return {
            organization: SampleMoments(
                n_obs=int(self.n_obs[j]),
                mean=None if np.isnan(self.mean[j]).any() else pd.Series(self.mean[j], index=names),
                cov=pd.DataFrame(self.cov[j], index=names, columns=names),
            )
            for j, organization in enumerate(self.organizations)
        }

    def __repr__(self) -> str:
        size = f"{len(self.organizations)} of {self.n_planned} organizations, {len(self.variables)} variables"
        return f"Matched({size}, {self.n_obs.sum()} complete rows)"
