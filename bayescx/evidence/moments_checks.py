"""What can be wrong with the numbers and labels of moments."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bayescx.coding import is_coded
from bayescx.evidence.arithmetic import Floats, dependent_variables
from bayescx.evidence.findings import listing
from bayescx.evidence.semidefinite import dependent_beside

ASYMMETRY = 1e-8
"""Largest |s_ij - s_ji| / sqrt(s_ii s_jj) that counts as rounding."""
DIAGONAL_ROUNDING = 1e-6


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number (5, 5.0, but not True or '5')."""
    if isinstance(value, bool | np.bool_):
        return False
    return isinstance(value, int | np.integer) or (
        isinstance(value, float | np.floating) and math.isfinite(value) and float(value).is_integer()
    )


def n_obs_problems(n_obs: object, least: int = 2) -> list[str]:
    """Say when a number of respondents is no whole number, or below `least`."""
    if is_whole(n_obs) and int(n_obs) >= least:  # type: ignore[call-overload]
        return []
    return [f"n_obs must be a whole number above {least - 1}, not {n_obs!r}"]


def labelled_cov(cov: object, matrix: str = "cov") -> tuple[list[str], pd.DataFrame | None]:
    """Return what is wrong with labels and types, or the matrix as floats with text labels."""
    if not isinstance(cov, pd.DataFrame):
        return [f"{matrix} must be a pandas DataFrame labelled by variable, not {type(cov).__name__}"], None
    rows, columns = [str(name) for name in cov.index], [str(name) for name in cov.columns]
    if not columns:
        return [f"{matrix} has no variables"], None
    if len(rows) != len(columns):
        return [f"{matrix} must be square: it has {len(rows)} rows and {len(columns)} columns"], None
    repeated = sorted({name for name in columns + rows if max(columns.count(name), rows.count(name)) > 1})
    if repeated:
        return [f"{matrix} names a variable twice: {listing(repeated)}"], None
    if set(rows) != set(columns):
        apart = sorted(set(rows) ^ set(columns))
        return [f"{matrix} must have the same labels on rows and columns; they differ in {listing(apart)}"], None
    try:
        numbers = cov.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        return [f"{matrix} must hold numbers only"], None
    return [], pd.DataFrame(numbers, index=rows, columns=columns)[rows]


def labelled_mean(mean: object, names: Sequence[str]) -> tuple[list[str], pd.Series | None]:
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


def cov_problems(cov: pd.DataFrame, n_obs: object) -> list[str]:
    """Check the values of a matrix whose labels are sound, from the plainest defect to the subtlest.

    Columns that a model codes, told by their names, may have no variance or be collinear with each other.
    """
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
        if one < 0 or (one == 0 and not is_coded(name))
    ]
    problems = problems or _covariances_without_variance(values, names)
    if problems:
        return problems
    scale = np.sqrt(np.where(variance > 0, variance, 1.0))
    asymmetry = np.abs(values - values.T) / np.outer(scale, scale)
    if asymmetry.max() > ASYMMETRY:
        row, column = np.unravel_index(asymmetry.argmax(), asymmetry.shape)
        pair = f"{values[row, column]:g} at {names[row]}, {names[column]} but {values[column, row]:g}"
        return [f"cov is not symmetric: {pair} at {names[column]}, {names[row]}"]
    symmetric = (values + values.T) / 2
    coded = [name for name in names if is_coded(name)]
    if coded and np.linalg.eigvalsh(symmetric / np.outer(scale, scale))[0] < -ASYMMETRY * len(names):
        return ["cov cannot be covariances: a combination of variables has a negative variance"]
    dependent = dependent_beside(symmetric, names, coded) if coded else dependent_variables(symmetric, names)
    if not dependent:
        return []
    reason = ""
    if is_whole(n_obs) and int(n_obs) <= len(names):  # type: ignore[call-overload]
        reason = f"; {n_obs} rows cannot determine the covariances of {len(names)} variables"
    return [not_positive_definite(dependent, "cov") + reason]


def _covariances_without_variance(values: Floats, names: Sequence[str]) -> list[str]:
    still = np.diag(values) == 0
    found = np.argwhere(still[:, None] & ((values != 0) | (values.T != 0)))
    if not len(found):
        return []
    row, column = found[0]
    value = values[row, column] or values[column, row]
    return [f"the variance of {names[row]} is 0, but its covariance with {names[column]} is {value:g}"]


def correlation_problems(cov: pd.DataFrame, mean: object) -> list[str]:
    """Check what is particular to correlations: a diagonal of 1, and no means to go with it."""
    diagonal = zip(cov.columns, np.diag(cov), strict=True)
    apart = [(name, one) for name, one in diagonal if abs(one - 1) > DIAGONAL_ROUNDING]
    problems = ["mean must be None: correlations have no units that means could be in"] if mean is not None else []
    if apart:
        name, one = apart[0]
        problems.append(f"scale_free means correlations, with 1 on the diagonal; at {name} it is {one:g}")
    return problems


def scatter_problems(scatter: pd.DataFrame, n_obs: int) -> list[str]:
    """Check sums of squares and products whose labels are sound."""
    values = scatter.to_numpy()
    if not np.isfinite(values).all():
        return ["scatter must hold finite numbers"]
    if n_obs == 1:
        return ["scatter of a single respondent must be 0"] if values.any() else []
    size = np.sqrt(np.maximum(np.diag(values), 0))
    unit = np.where(size > 0, size, 1.0)
    scaled = values / np.outer(unit, unit)
    if np.abs(scaled - scaled.T).max() > ASYMMETRY:
        return ["scatter is not symmetric"]
    if np.linalg.eigvalsh(scaled)[0] < -ASYMMETRY * len(values):
        return ["scatter cannot be sums of squares and products: a combination of variables has a negative one"]
    return []


def not_positive_definite(dependent: Sequence[str], matrix: str = "the covariance matrix") -> str:
    """Say that a matrix is not positive definite, and through which variables."""
    combination = f"some combination of {listing(dependent, 6)}"
    return f"{matrix} is not positive definite: {combination} has zero or negative variance"
