"""The log-likelihood of given parameter values, in lavaan's names and convention.

Nothing is sampled, scaled or pooled here: matrices are filled from the model's own rows in the data's units.
So this is the place to compare with lavaan, and to ask what the evidence says about a set of values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bayescx import algebra
from bayescx._names import ORGANIZATION, parameter_name
from bayescx.errors import ModelError, did_you_mean
from bayescx.model.likelihood_missing import pattern_log_likelihood
from bayescx.spec import PathModel

if TYPE_CHECKING:
    from bayescx.evidence import Evidence, Matched

__all__ = ["log_likelihood"]

Floats = NDArray[np.float64]


def log_likelihood(
    model: PathModel,
    evidence: Evidence,
    values: Mapping[str, float] | Mapping[str, Mapping[str, float]],
) -> xr.DataArray:
    """Return the Gaussian log-likelihood of each organization's evidence at given parameter values.

    lavaan's convention: joint with exogenous variables (``fixed.x=FALSE``), divisor n, all constants. Where answers are
    missing, the density of those that there are (``missing="fiml"``); organizations known by published figures only
    have no respondents and are left out.

    Parameters
    ----------
    model : PathModel
        The model.
    evidence : Evidence
        What the organizations shared; nothing is scaled.
    values : mapping
        Parameter name or label to number, in the data's units: ``"trust~satisfaction"``, ``"f=~x2"``,
        ``"x1~~x1"`` (a variance), ``"x1~~x2"`` (either way round), ``"x1~1"`` (of an outcome: the intercept
        of its equation). Or organization to such a mapping. Every free parameter is needed but these: the
        first loading of a factor, which is 1 when left out (unless ``NA*`` or ``upper(0)*`` stands before it);
        the residual variance of the only item of a factor, which is 0; means of factors (``"f~1"``), which
        are 0; other intercepts, which take their most likely values given the rest (all left out: means are
        saturated). The loading of a reversed item is negative. Unlike in lavaan's ``sem()``,
        an exogenous factor and an exogenous observed variable covary unless the model says 0.

    Returns
    -------
    xarray.DataArray
        Dims organization. Minus infinity where the implied covariance matrix is not positive definite.

    Raises
    ------
    ModelError
        With everything that is wrong with the values: parameters that are missing or unknown, numbers that
        are not finite, a value that contradicts the model's text or an equal label. For intercepts of an organization
        that shared no means, for one that shared correlations only, if no organization shared any data, and for a
        model with coded terms, whose exogenous variables are taken as they were observed.

    Examples
    --------
    >>> import pandas as pd
    >>> from bayescx.evidence import Evidence, SampleMoments
    >>> from bayescx.spec import parse_model
    >>> cov = pd.DataFrame([[1.0, 0.5], [0.5, 1.0]], index=["x", "y"], columns=["x", "y"])
    >>> evidence = Evidence.from_moments({"north": SampleMoments(n_obs=100, mean=None, cov=cov)})
    >>> values = {"y~x": 0.5, "y~~y": 0.75, "x~~x": 1.0}
    >>> log_likelihood(parse_model("y ~ x"), evidence, values).round(3).to_dict()["data"]
    [-268.404]
    """
    if model.coded:
        problem = (
            f"the model has coded terms such as {next(iter(model.coded))}, so exogenous variables are taken as they "
            "were observed and have no joint likelihood; it is defined for models without such terms"
        )
        raise ModelError("log_likelihood", [problem])
    matched = evidence.matched(model.observed)
    matched = matched.only([name for name in matched.organizations if matched.level[name] != "figures"])
    table = _Table(model)
    rows, problems = _resolved(table, dict(values), matched.organizations)
    asked = table.asks_for_means(rows)
    problems += [
        f"{organization!r} shared no means: leave out the intercepts (~1)"
        for organization, mean in zip(matched.organizations, matched.mean, strict=True)
        if asked and np.isnan(mean).all()
    ]
    problems += [
        f"{organization!r} shared correlations only, which have no units: leave it out of the evidence"
        for organization in matched.organizations
        if matched.level[organization] == "correlations"
    ]
    problems += [] if matched.organizations else ["no organization shared rows or moments"]
    if problems:
        raise ModelError("values", problems)
    resolved = {group: np.array([row[group] for row in rows]) for group in table.groups}
    log_p = _log_density(table, resolved, matched, asked=asked)
    coords = {ORGANIZATION: list(matched.organizations)}
    return xr.DataArray(log_p, coords, (ORGANIZATION,), name="log_likelihood")


@dataclass(frozen=True)
class _Cell:
    """One parameter: its matrix and place, and its value when none is given (None: one is needed)."""

    name: str
    matrix: str
    row: int
    column: int
    fixed: float | None
    default: float | None
    label: str | None

    @property
    def group(self) -> str:
        """What it is equal by: its label, or nothing but itself."""
        return self.label or self.name


class _Table:
    """The cells of a model's matrices, and the names that its values may be given by.

    Cells of one label form a group with one value. An intercept of nan stands for the most likely one.
    """

    def __init__(self, model: PathModel) -> None:
        self.constructs, self.variables = model.constructs, model.observed
        self.cells = tuple(_cells(model))
        self.groups: dict[str, list[_Cell]] = {}
        for cell in self.cells:
            self.groups.setdefault(cell.group, []).append(cell)
        names = {cell.name: cell.group for cell in self.cells}
        turned = {_turned(name): group for name, group in names.items() if "~~" in name}
        self.group_of = turned | names | dict(zip(self.groups, self.groups, strict=True))

    def resolve(self, values: Mapping[str, object]) -> tuple[dict[str, float], list[str]]:
        """One number per group, and what is wrong with the values."""
        given, problems = self._given(values)
        resolved: dict[str, float] = {}
        missing = []
        for group, cells in self.groups.items():
            fixed = cells[0].fixed
            name, value = given.get(group, ("", None))
            default = next((cell.default for cell in cells if cell.default is not None), None)
            if fixed is not None and value is not None and value != fixed:
                problems.append(f"{name} is fixed to {fixed:g} in the model, found {value:g}")
            number = next((number for number in (fixed, value, default) if number is not None), None)
            if number is not None:
                resolved[group] = number
            else:
                missing.append(cells[0].name if cells[0].label is None else f"{cells[0].name} (label {group})")
        if missing:
            problems.append(f"no value for {', '.join(missing)}")
        return resolved, problems

    def _given(self, values: Mapping[str, object]) -> tuple[dict[str, tuple[str, float]], list[str]]:
        """Group to the name it was given by and its number."""
        problems = []
        given: dict[str, tuple[str, float]] = {}
        for name, value in values.items():
            key = parameter_name(str(name))
            if key not in self.group_of:
                problems.append(f"unknown parameter {name!r}{did_you_mean(key, self.group_of)}")
            elif (number := _number(value)) is None:
                problems.append(f"{name} must be a finite number, found {value!r}")
            else:
                first, before = given.setdefault(self.group_of[key], (key, number))
                if before != number:
                    problems.append(f"{first} and {key} are one parameter, found {before:g} and {number:g}")
        return given, problems

    def asks_for_means(self, rows: Sequence[Mapping[str, float]]) -> bool:
        """Whether an intercept is given anywhere; means of factors alone leave the means saturated."""
        defaults = [(cell.group, cell.default) for cell in self.cells if cell.default is not None]
        open_ones = {group for group, default in defaults if math.isnan(default)}
        return any(not math.isnan(row[group]) for row in rows for group in open_ones & row.keys())

    def filled(self, matrix: str, values: Mapping[str, Floats], n_org: int, shape: tuple[int, int]) -> Floats:
        """One of the model's matrices for every organization, shape (J, *shape)."""
        out = np.zeros((n_org, *shape))
        for cell in self.cells:
            if cell.matrix == matrix:
                out[:, cell.row, cell.column] = values[cell.group]
        if matrix in ("psi", "theta"):
            out += np.swapaxes(np.tril(out, -1), -1, -2)
        if matrix == "lambda":
            for variable in set(self.variables) & set(self.constructs):
                out[:, self.variables.index(variable), self.constructs.index(variable)] = 1.0
        return out


def _cells(model: PathModel) -> Iterator[_Cell]:
    construct = {name: i for i, name in enumerate(model.constructs)}
    column = {name: i for i, name in enumerate(model.observed)}
    rows = {row.name: row for row in model.parameters}

    def cell(name: str, matrix: str, at: tuple[int, int], default: float | None = None) -> _Cell:
        row = rows.get(name)
        fixed, label = (row.fixed, row.label) if row is not None else (None, None)
        return _Cell(name, matrix, *at, fixed, default, label)

    for row in model.paths:
        yield cell(row.name, "beta", (construct[row.lhs], construct[row.rhs]))
    first = {row.name: row for row in {row.lhs: row for row in reversed(model.loadings)}.values()}
    for row in model.loadings:
        marker = 1.0 if row.name in first and not row.freed and not row.reversed else None
        if row.rhs in construct:
            yield cell(row.name, "beta", (construct[row.rhs], construct[row.lhs]), marker)
        else:
            yield cell(row.name, "lambda", (column[row.rhs], construct[row.lhs]), marker)
    for name in dict.fromkeys([*model.observed, *model.constructs]):
        variance = f"{name}~~{name}"
        if name in construct:
            yield cell(variance, "psi", (construct[name], construct[name]))
            yield cell(f"{name}~1", "alpha", (construct[name], 0), math.nan if name in column else 0.0)
        else:
            zero = 0.0 if name in model.single_indicators and variance not in rows else None
            yield cell(variance, "theta", (column[name], column[name]), zero)
            yield cell(f"{name}~1", "nu", (column[name], 0), math.nan)
    pairs = {frozenset((row.lhs, row.rhs)): row.name for row in model.covariances}
    for i, earlier in enumerate(model.exogenous):
        for later in model.exogenous[i + 1 :]:
            pairs.setdefault(frozenset((earlier, later)), f"{earlier}~~{later}")
    for pair, name in pairs.items():
        index, matrix = (construct, "psi") if pair <= set(construct) else (column, "theta")
        low, high = sorted(index[variable] for variable in pair)
        yield cell(name, matrix, (high, low))


def _turned(covariance: str) -> str:
    lhs, _, rhs = covariance.partition("~~")
    return f"{rhs}~~{lhs}"


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # whatever it is, it either becomes a number or is refused
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None


def _resolved(
    table: _Table, values: Mapping[str, object], organizations: Sequence[str]
) -> tuple[list[dict[str, float]], list[str]]:
    """One number per group for every organization, and everything that is wrong with what was given."""
    apart = {name: value for name, value in values.items() if isinstance(value, Mapping)}
    if not apart:
        resolved, problems = table.resolve(values)
        return [resolved] * len(organizations), problems
    problems = [
        f"{name!r} stands beside organizations; give all values by parameter, or all by organization"
        for name in values
        if name not in apart
    ]
    problems += [
        f"unknown organization {name!r}{did_you_mean(str(name), organizations)}"
        for name in apart
        if name not in organizations
    ]
    rows = []
    for name in organizations:
        if name not in apart:
            problems.append(f"no values for organization {name!r}")
            continue
        resolved, own = table.resolve(apart[name])
        rows.append(resolved)
        problems += [f"{name}: {problem}" for problem in own]
    return rows, problems


def _log_density(table: _Table, values: Mapping[str, Floats], matched: Matched, *, asked: bool) -> Floats:
    """Log-likelihood of every organization, (J,); means are saturated unless they are ``asked`` for."""
    n_org, m, p = len(matched.organizations), len(table.constructs), len(table.variables)
    beta = table.filled("beta", values, n_org, (m, m))
    psi = table.filled("psi", values, n_org, (m, m))
    loadings = table.filled("lambda", values, n_org, (p, m))
    theta = table.filled("theta", values, n_org, (p, p))
    with np.errstate(over="ignore", invalid="ignore"):
        sigma = algebra.implied_covariance(beta, psi, loadings, theta)
    nu = table.filled("nu", values, n_org, (p, 1))[..., 0]
    alpha = table.filled("alpha", values, n_org, (m, 1))[..., 0]
    out = np.full(n_org, -np.inf)
    for j, organization in enumerate(matched.organizations):
        if not _positive_definite(sigma[j]):
            continue
        mean, design = np.zeros(p), np.eye(p)
        if asked:
            reach = loadings[j] @ algebra.total_effects(beta[j])  # from constructs' intercepts to means
            mean, design = _means(nu[j], alpha[j], reach)
        patterns = matched.patterns.get(organization)
        if patterns is not None:
            out[j] = pattern_log_likelihood(patterns, sigma[j], mean, design)
            continue
        offset = _misfit(matched.mean[j] - mean, design, sigma[j]) if asked else np.zeros(p)
        n_obs = float(matched.n_obs[j])
        cov = matched.cov[j] * ((n_obs - 1) / n_obs)
        one = (np.array([n_obs]), cov[None], sigma[j][None], offset[None])
        out[j] = algebra.gaussian_log_likelihood(*one)[0]
    return out


def _means(nu: Floats, alpha: Floats, reach: Floats) -> tuple[Floats, Floats]:
    """Implied means (p,) where the intercepts of nan are 0, and what those add: one column (p, f) for each."""
    items, constructs = np.isnan(nu), np.isnan(alpha)
    mean = np.where(items, 0.0, nu) + reach @ np.where(constructs, 0.0, alpha)
    return mean, np.hstack([np.eye(len(nu))[:, items], reach[:, constructs]])


def _misfit(apart: Floats, design: Floats, sigma: Floats) -> Floats:
    """Sample mean minus implied mean, (p,); free intercepts are set by generalized least squares."""
    weighted = np.linalg.solve(sigma, design)
    free = np.linalg.solve(design.T @ weighted, weighted.T @ apart)
    return np.asarray(apart - design @ free)


def _positive_definite(sigma: Floats) -> bool:
    """Whether a covariance matrix is positive definite beyond rounding, whatever its units."""
    variance = np.diagonal(sigma)
    if not np.isfinite(sigma).all() or np.any(variance <= 0):
        return False
    sd = np.sqrt(variance)
    smallest = np.linalg.eigvalsh(sigma / np.outer(sd, sd))[0]
    return bool(smallest > len(sd) * np.finfo(float).eps)
