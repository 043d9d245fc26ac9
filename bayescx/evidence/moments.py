"""Sample moments: all that a Gaussian likelihood needs of one organization, checked when they are made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from bayescx.errors import EvidenceError
from bayescx.evidence.arithmetic import Floats
from bayescx.evidence.findings import listing, on_one_screen, suggestion
from bayescx.evidence.moments_checks import (
    correlation_problems,
    cov_problems,
    is_whole,
    labelled_cov,
    labelled_mean,
    n_obs_problems,
    scatter_problems,
)
from bayescx.evidence.moments_json import content_problems, text_of
from bayescx.evidence.patterns import Pattern, pooled, restricted
from bayescx.evidence.saturated import saturated_moments

__all__ = ["Floats", "PatternMoments", "SampleMoments", "is_whole"]


@dataclass(frozen=True, eq=False)
class PatternMoments:
    """Moments of the respondents who answered the same variables, and no others.

    Parameters
    ----------
    n_obs : int
        Number of these respondents.
    mean : pandas.Series
        Their means by variable, in the data's units.
    scatter : pandas.DataFrame
        Sums of squares and products about these means (covariances times n-1), labelled by variable both ways;
        zeros for a single respondent.

    Raises
    ------
    EvidenceError
        With everything that is wrong.
    """

    n_obs: int
    mean: pd.Series
    scatter: pd.DataFrame

    def __post_init__(self) -> None:
        problems = n_obs_problems(self.n_obs, least=1)
        labelled, scatter = labelled_cov(self.scatter, "scatter")
        problems += labelled
        if scatter is not None:
            named, mean = labelled_mean(self.mean, list(scatter.columns))
            problems += named or (["mean must be given"] if mean is None else [])
            problems = problems or scatter_problems(scatter, self.n_obs)
            object.__setattr__(self, "mean", mean)
            object.__setattr__(self, "scatter", (scatter + scatter.T) / 2)
        if problems:
            raise EvidenceError("a pattern of answers", on_one_screen(problems))
        object.__setattr__(self, "n_obs", int(self.n_obs))

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables that these respondents answered."""
        return tuple(self.scatter.columns)

    def __repr__(self) -> str:
        return f"PatternMoments(n_obs={self.n_obs}, variables={self.variables})"


@dataclass(frozen=True, eq=False)
class SampleMoments:
    """Sample size, means and covariances of one organization: all that a Gaussian likelihood needs.

    Parameters
    ----------
    n_obs : int
        Number of respondents behind the moments.
    mean : pandas.Series or None
        Means by variable, in the data's units; None where they were not shared.
    cov : pandas.DataFrame
        Covariances (divisor n-1), labelled by variable both ways. Asymmetry up to rounding is averaged out.
    scale_free : bool
        Whether `cov` is a correlation matrix: the organization did not share the spread of its answers.
    patterns : sequence of PatternMoments
        Where answers are missing: the respondents by what they answered. `mean` and `cov` then only sum them up (the
        estimates of `from_patterns`); the likelihood is that of the patterns.

    Raises
    ------
    EvidenceError
        With everything that is wrong: labels that differ, non-finite values, an asymmetric matrix, a variable
        without variance, a matrix that is not positive definite, an `n_obs` that is no whole number above 1,
        correlations with means or another diagonal than 1, patterns of other variables or respondents.

    Examples
    --------
    >>> cov = pd.DataFrame([[1.0, 0.5], [0.5, 2.0]], index=["x", "y"], columns=["x", "y"])
    >>> SampleMoments(n_obs=412, mean=None, cov=cov)
    SampleMoments(n_obs=412, variables=('x', 'y'), means not given)
    >>> correlations = pd.DataFrame([[1.0, 0.5], [0.5, 1.0]], index=["x", "y"], columns=["x", "y"])
    >>> SampleMoments(n_obs=412, mean=None, cov=correlations, scale_free=True)
    SampleMoments(n_obs=412, variables=('x', 'y'), correlations)
    """

    n_obs: int
    mean: pd.Series | None
    cov: pd.DataFrame
    scale_free: bool = False
    patterns: Sequence[PatternMoments] = ()

    def __post_init__(self) -> None:
        problems = n_obs_problems(self.n_obs)
        labelled, cov = labelled_cov(self.cov)
        problems += labelled
        if cov is not None:
            problems += cov_problems(cov, self.n_obs)
            named, mean = labelled_mean(self.mean, list(cov.columns))
            problems += named
            if self.scale_free:
                problems += correlation_problems(cov, self.mean)
            object.__setattr__(self, "mean", mean)
            object.__setattr__(self, "cov", (cov + cov.T) / 2)
            problems += self._pattern_problems() if not problems else []
        if problems:
            raise EvidenceError("moments", on_one_screen(problems))
        object.__setattr__(self, "n_obs", int(self.n_obs))
        object.__setattr__(self, "patterns", tuple(self.patterns))

    @classmethod
    def from_patterns(cls, patterns: Sequence[PatternMoments]) -> Self:
        """Take respondents by what they answered, where answers are missing.

        Means and covariances are the maximum-likelihood estimates without a model, rescaled to divisor n-1.

        Raises
        ------
        EvidenceError
            If there is no pattern or there are too few respondents for covariances.

        Examples
        --------
        >>> both = pd.DataFrame([[9.0, 4.0], [4.0, 9.0]], index=["x", "y"], columns=["x", "y"])
        >>> some = [
        ...     PatternMoments(10, pd.Series({"x": 1.0, "y": 2.0}), both),
        ...     PatternMoments(20, pd.Series({"x": 1.5}), both.loc[["x"], ["x"]]),
        ... ]
        >>> SampleMoments.from_patterns(some)
        SampleMoments(n_obs=30, variables=('x', 'y'), 2 patterns of answers)
        """
        names = tuple(dict.fromkeys(name for one in patterns for name in one.variables))
        n_obs = sum(one.n_obs for one in patterns)
        if n_obs < 2:
            raise EvidenceError("moments", [f"two respondents are needed for covariances, found {n_obs}"])
        mean, cov = saturated_moments(pooled(_by_position(patterns, names)), len(names))
        alone = len(patterns) == 1
        return cls(
            n_obs=n_obs,
            mean=pd.Series(mean, index=names),
            cov=pd.DataFrame(cov, index=names, columns=names),
            patterns=() if alone else patterns,
        )

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, in the order of `cov`."""
        return tuple(self.cov.columns)

    def select(self, variables: Sequence[str]) -> SampleMoments:
        """Return the moments of some of the variables, in the order asked for.

        Respondents who answered none of them are left out.

        Raises
        ------
        EvidenceError
            Naming each variable that the moments do not have.
        """
        missing = [name for name in variables if name not in self.variables]
        if missing:
            problems = [f"no variable '{name}'{suggestion(name, self.variables)}" for name in missing]
            raise EvidenceError("moments", on_one_screen(problems))
        wanted = list(variables)
        if self.patterns:
            return SampleMoments.from_patterns(pattern_moments(self.answer_patterns(wanted), wanted))
        mean = None if self.mean is None else self.mean.loc[wanted]
        return SampleMoments(self.n_obs, mean, self.cov.loc[wanted, wanted], self.scale_free)

    def answer_patterns(self, variables: Sequence[str]) -> tuple[Pattern, ...]:
        """Return the respondents by what they answered among these variables; means not shared count as 0."""
        position = {name: k for k, name in enumerate(self.variables)}
        if self.patterns:
            groups = _by_position(self.patterns, self.variables)
        else:
            mean = np.zeros(len(position)) if self.mean is None else self.mean.to_numpy(copy=True)
            scatter = self.cov.to_numpy() * (self.n_obs - 1)
            groups = [Pattern(tuple(range(len(position))), self.n_obs, mean, scatter)]
        return restricted(groups, [position.get(name, -1) for name in variables])

    def to_json(self, path: str | Path | None = None, *, organization: str | None = None) -> str:
        """Return the moments as JSON text, and write it to `path` when one is given.

        The text holds ``{"format": "bayescx-moments", "version": 1, "organization": optional, "n_obs": n,
        "variables": [...], "mean": [...] or null, "cov": [[...], ...]}``; numbers come back exactly. Correlations and
        patterns of missing answers are version 2, which also holds a fingerprint of its content.

        Examples
        --------
        >>> cov = pd.DataFrame([[1.0]], index=["x"], columns=["x"])
        >>> SampleMoments.from_json(SampleMoments(5, None, cov).to_json()).n_obs
        5
        """
        text = text_of(self, organization)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the text that `to_json` writes.

        Raises
        ------
        EvidenceError
            If the text is not JSON (with the line), not of this format, holds invalid moments, or other content
            than its fingerprint says.
        """
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            problem = f"not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}"
            raise EvidenceError("moments", [problem]) from None
        problems = content_problems(content)
        if problems:
            raise EvidenceError("moments", on_one_screen(problems))
        names = content["variables"]
        mean = None if content.get("mean") is None else pd.Series(content["mean"], index=names, dtype=float)
        cov = pd.DataFrame(content["cov"], index=names, columns=names, dtype=float)
        patterns = [
            PatternMoments(
                one["n_obs"],
                pd.Series(one["mean"], index=one["variables"], dtype=float),
                pd.DataFrame(one["scatter"], index=one["variables"], columns=one["variables"], dtype=float),
            )
            for one in content.get("patterns", ())
        ]
        return cls(content["n_obs"], mean, cov, content.get("scale_free", False), patterns)

    def _pattern_problems(self) -> list[str]:
        if not self.patterns:
            return []
        named = {name for one in self.patterns for name in one.variables}
        apart = sorted(named ^ set(self.variables))
        counted = sum(one.n_obs for one in self.patterns)
        problems = [f"patterns and cov have different variables: {listing(apart)}"] if apart else []
        problems += [f"patterns have {counted} respondents, n_obs is {self.n_obs}"] if counted != self.n_obs else []
        problems += ["mean must be given with patterns of missing answers"] if self.mean is None else []
        return problems

    def __repr__(self) -> str:
        means = ", means not given" if self.mean is None else ""
        about = ", correlations" if self.scale_free else means
        rest = f", {len(self.patterns)} patterns of answers" if self.patterns else ""
        return f"SampleMoments(n_obs={self.n_obs}, variables={self.variables}{about}{rest})"


def pattern_moments(patterns: Sequence[Pattern], names: Sequence[str]) -> list[PatternMoments]:
    """Label patterns by the names of their variables."""
    labelled = []
    for one in patterns:
        own = [names[variable] for variable in one.variables]
        scatter = pd.DataFrame(one.scatter, index=own, columns=own)
        labelled.append(PatternMoments(one.n_obs, pd.Series(one.mean, index=own), scatter))
    return labelled


def _by_position(patterns: Sequence[PatternMoments], names: Sequence[str]) -> list[Pattern]:
    position = {name: k for k, name in enumerate(names)}
    found = []
    for one in patterns:
        variables = sorted(one.variables, key=position.__getitem__)
        places = tuple(position[name] for name in variables)
        scatter = one.scatter.loc[variables, variables].to_numpy(copy=True)
        found.append(Pattern(places, one.n_obs, one.mean[variables].to_numpy(copy=True), scatter))
    return found
