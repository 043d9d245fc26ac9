"""Sample moments: how they are computed from rows, checked, and written as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from bayescx.errors import EvidenceError
from bayescx.evidence.findings import listing, on_one_screen, suggestion

Floats = npt.NDArray[np.float64]

FORMAT = "bayescx-moments"
VERSION = 1
ASYMMETRY = 1e-8
"""Largest |s_ij - s_ji| / sqrt(s_ii s_jj) that counts as rounding."""
SMALLEST_EIGENVALUE = 1e-10
"""A correlation matrix with an eigenvalue below this is not positive definite in floating point."""


def two_pass_moments(values: Floats) -> tuple[Floats, Floats]:
    """Return mean (p,) and covariance (p, p; divisor n-1) of complete rows (n, p).

    The rows are centred before they are multiplied, twice, so that the rounding error of the first mean is
    taken out as well (the corrected two-pass algorithm: Chan, Golub & LeVeque, 1983, The American
    Statistician 37, 242-247). E[xy] - E[x]E[y] would lose every digit at mean 1e8 and SD 1.

    Examples
    --------
    >>> mean, cov = two_pass_moments(np.array([[1.0, 2.0], [3.0, 6.0]]))
    >>> mean.tolist(), cov.tolist()
    ([2.0, 4.0], [[2.0, 4.0], [4.0, 8.0]])
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(axis=0)
        centred = values - mean
        rest = centred.mean(axis=0)
        centred -= rest
        cov = centred.T @ centred / (len(values) - 1)
    return mean + rest, (cov + cov.T) / 2


def dependent_variables(cov: Floats, names: Sequence[str]) -> tuple[str, ...]:
    """Return the variables whose combination has no variance; empty when `cov` is positive definite.

    Judged on the correlation scale, so that units do not matter. The variables are those with a sizeable
    weight in the eigenvector of the smallest eigenvalue.

    Examples
    --------
    >>> dependent_variables(np.array([[1.0, 2.0], [2.0, 4.0]]), ["x", "twice_x"])
    ('x', 'twice_x')
    """
    scale = np.sqrt(np.diag(cov))
    values, vectors = np.linalg.eigh(cov / np.outer(scale, scale))
    if values[0] > SMALLEST_EIGENVALUE:
        return ()
    weight = np.abs(vectors[:, 0])
    return tuple(name for name, one in zip(names, weight, strict=True) if one >= 0.3 * weight.max())


@dataclass(frozen=True, eq=False)
class SampleMoments:
    """Sample size, means and covariances of one organization: all that a Gaussian likelihood needs.

    Parameters
    ----------
    n_obs : int
        Number of complete rows behind the moments.
    mean : pandas.Series or None
        Means by variable, in the data's units; None where they were not shared.
    cov : pandas.DataFrame
        Covariances (divisor n-1), labelled by variable both ways. Asymmetry up to rounding is averaged out.

    Raises
    ------
    EvidenceError
        With everything that is wrong: labels that differ, non-finite values, an asymmetric matrix, a variable
        without variance, a matrix that is not positive definite, an `n_obs` that is no whole number above 1.

    Examples
    --------
    >>> cov = pd.DataFrame([[1.0, 0.5], [0.5, 2.0]], index=["x", "y"], columns=["x", "y"])
    >>> SampleMoments(n_obs=412, mean=None, cov=cov)
    SampleMoments(n_obs=412, variables=('x', 'y'), means not given)
    """

    n_obs: int
    mean: pd.Series | None
    cov: pd.DataFrame

    def __post_init__(self) -> None:
        problems = _n_obs_problems(self.n_obs)
        labelled, cov = _labelled_cov(self.cov)
        problems += labelled
        if cov is not None:
            problems += _cov_problems(cov, self.n_obs)
            named, mean = _labelled_mean(self.mean, list(cov.columns))
            problems += named
            object.__setattr__(self, "mean", mean)
            object.__setattr__(self, "cov", (cov + cov.T) / 2)
        if problems:
            raise EvidenceError("moments", on_one_screen(problems))
        object.__setattr__(self, "n_obs", int(self.n_obs))

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the variables, in the order of `cov`."""
        return tuple(self.cov.columns)

    def select(self, variables: Sequence[str]) -> SampleMoments:
        """Return the moments of some of the variables, in the order asked for.

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
        mean = None if self.mean is None else self.mean.loc[wanted]
        return SampleMoments(self.n_obs, mean, self.cov.loc[wanted, wanted])

    def to_json(self, path: str | Path | None = None, *, organization: str | None = None) -> str:
        """Return the moments as JSON text, and write it to `path` when one is given.

        The text holds ``{"format": "bayescx-moments", "version": 1, "organization": optional, "n_obs": n,
        "variables": [...], "mean": [...] or null, "cov": [[...], ...]}``; numbers come back exactly.

        Examples
        --------
        >>> cov = pd.DataFrame([[1.0]], index=["x"], columns=["x"])
        >>> SampleMoments.from_json(SampleMoments(5, None, cov).to_json()).n_obs
        5
        """
        content: dict[str, Any] = {"format": FORMAT, "version": VERSION}
        if organization is not None:
            content["organization"] = organization
        content |= {
            "n_obs": self.n_obs,
            "variables": list(self.variables),
            "mean": None if self.mean is None else self.mean.tolist(),
            "cov": self.cov.to_numpy().tolist(),
        }
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the text that `to_json` writes.

        Raises
        ------
        EvidenceError
            If the text is not JSON (with the line), not of this format, or holds invalid moments.
        """
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            problem = f"not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}"
            raise EvidenceError("moments", [problem]) from None
        problems = _content_problems(content)
        if problems:
            raise EvidenceError("moments", on_one_screen(problems))
        names = content["variables"]
        mean = None if content.get("mean") is None else pd.Series(content["mean"], index=names, dtype=float)
        cov = pd.DataFrame(content["cov"], index=names, columns=names, dtype=float)
        return cls(content["n_obs"], mean, cov)

    def __repr__(self) -> str:
        means = ", means not given" if self.mean is None else ""
        return f"SampleMoments(n_obs={self.n_obs}, variables={self.variables}{means})"


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number (5, 5.0, but not True or '5')."""
    if isinstance(value, bool | np.bool_):
        return False
    return isinstance(value, int | np.integer) or (
        isinstance(value, float | np.floating) and math.isfinite(value) and float(value).is_integer()
    )


def _n_obs_problems(n_obs: object) -> list[str]:
    if is_whole(n_obs) and int(n_obs) > 1:  # type: ignore[call-overload]
        return []
    return [f"n_obs must be a whole number above 1, not {n_obs!r}"]


def _labelled_cov(cov: object) -> tuple[list[str], pd.DataFrame | None]:
    """Return what is wrong with labels and types, or the matrix as floats with text labels."""
    if not isinstance(cov, pd.DataFrame):
        return [f"cov must be a pandas DataFrame labelled by variable, not {type(cov).__name__}"], None
    rows, columns = [str(name) for name in cov.index], [str(name) for name in cov.columns]
    if not columns:
        return ["cov has no variables"], None
    if len(rows) != len(columns):
        return [f"cov must be square: it has {len(rows)} rows and {len(columns)} columns"], None
    repeated = sorted({name for name in columns + rows if max(columns.count(name), rows.count(name)) > 1})
    if repeated:
        return [f"cov names a variable twice: {listing(repeated)}"], None
    if set(rows) != set(columns):
        apart = sorted(set(rows) ^ set(columns))
        return [f"cov must have the same labels on rows and columns; they differ in {listing(apart)}"], None
    try:
        numbers = cov.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        return ["cov must hold numbers only"], None
    return [], pd.DataFrame(numbers, index=rows, columns=columns)[rows]


def _labelled_mean(mean: object, names: Sequence[str]) -> tuple[list[str], pd.Series | None]:
    """Return what is wrong with the means, or the means in the order of `names`."""
    if mean is None:
        return [], None
    if not isinstance(mean, pd.Series):
        return [f"mean must be a pandas Series labelled by variable or None, not {type(mean).__name__}"], None
    labels = [str(name) for name in mean.index]
    missing = [name for name in names if name not in labels]
    unknown = [name for name in labels if name not in names]
    problems = [f"mean has no value for {listing(missing)}"] if missing else []
    problems += [f"mean has variables that cov does not have: {listing(unknown)}"] if unknown else []
    problems += ["mean names a variable twice"] if len(set(labels)) < len(labels) else []
    if problems:
        return problems, None
    try:
        numbers = pd.Series(mean.to_numpy(dtype=float, na_value=np.nan), index=labels)[list(names)]
    except (TypeError, ValueError):
        return ["mean must hold numbers only"], None
    infinite = [name for name, value in numbers.items() if not math.isfinite(value)]
    return ([f"mean is not a finite number for {listing(infinite)}"] if infinite else []), numbers  # type: ignore[arg-type]


def _cov_problems(cov: pd.DataFrame, n_obs: object) -> list[str]:
    """Check the values of a matrix whose labels are sound, from the plainest defect to the subtlest."""
    names, values = list(cov.columns), cov.to_numpy()
    finite = np.isfinite(values)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        more = f" (and {(~finite).sum() - 1} more)" if (~finite).sum() > 1 else ""
        return [f"cov is not a finite number at {names[row]}, {names[column]}{more}"]
    variance = np.diag(values)
    problems = [
        f"the variance of {name} is {one:g}: " + ("the variable is constant" if one == 0 else "negative")
        for name, one in zip(names, variance, strict=True)
        if one <= 0
    ]
    if problems:
        return problems
    scale = np.sqrt(variance)
    asymmetry = np.abs(values - values.T) / np.outer(scale, scale)
    if asymmetry.max() > ASYMMETRY:
        row, column = np.unravel_index(asymmetry.argmax(), asymmetry.shape)
        pair = f"{values[row, column]:g} at {names[row]}, {names[column]} but {values[column, row]:g}"
        return [f"cov is not symmetric: {pair} at {names[column]}, {names[row]}"]
    dependent = dependent_variables((values + values.T) / 2, names)
    if not dependent:
        return []
    reason = ""
    if is_whole(n_obs) and int(n_obs) <= len(names):  # type: ignore[call-overload]
        reason = f"; {n_obs} rows cannot determine the covariances of {len(names)} variables"
    return [not_positive_definite(dependent, "cov") + reason]


def not_positive_definite(dependent: Sequence[str], matrix: str = "the covariance matrix") -> str:
    """Say that a matrix is not positive definite, and through which variables."""
    combination = f"some combination of {listing(dependent, 6)}"
    return f"{matrix} is not positive definite: {combination} has zero or negative variance"


def _content_problems(content: object) -> list[str]:
    """Check the shape of a moments file before its numbers."""
    if not isinstance(content, Mapping):
        return [f"not moments: a JSON object is needed, not a {type(content).__name__}"]
    if content.get("format") != FORMAT:
        return [f'not moments: "format" must be "{FORMAT}", found {content.get("format")!r}']
    if content.get("version") != VERSION:
        found = content.get("version")
        return [f'"version" must be {VERSION}, found {found!r}: a newer bayescx may have written it']
    allowed = ("format", "version", "organization", "n_obs", "variables", "mean", "cov")
    problems = [f'unknown key "{key}"{suggestion(key, allowed)}' for key in content if key not in allowed]
    problems += [f'"{key}" is missing' for key in ("n_obs", "variables", "cov") if key not in content]
    if problems:
        return problems
    names = content["variables"]
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        return ['"variables" must be a list of names']
    size = len(names)
    if not (_is_numbers(content["cov"], size, rows=size)):
        problems.append(f'"cov" must be {size} rows of {size} numbers, one for each of the variables')
    if content.get("mean") is not None and not _is_numbers([content["mean"]], size, rows=1):
        problems.append(f'"mean" must be null or {size} numbers, one for each of the variables')
    return problems


def _is_numbers(matrix: object, width: int, *, rows: int) -> bool:
    if not (isinstance(matrix, list) and len(matrix) == rows):
        return False
    return all(isinstance(row, list) and len(row) == width and all(_is_number(cell) for cell in row) for row in matrix)


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return False
    return isinstance(cell, float) or abs(cell) < 10**300  # JSON integers have no upper end, floats do
