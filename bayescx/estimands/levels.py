"""How high constructs stand in each organization, in points of their items, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayescx.errors import FitError
from bayescx.estimands.given import observed_covariances
from bayescx.estimands.mean_evidence import SharedMeans, shared_means
from bayescx.estimands.population import evaluate
from bayescx.estimands.system import System, layout_of
from bayescx.fitted import Fit
from bayescx.model import matrices

__all__ = ["Answers", "Levels", "checked_answers", "levels_of"]

Floats = NDArray[np.float64]
Answers = tuple[float, float]

_MOST_NAMED = 6
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Levels:
    """Mean levels of D constructs in the J organizations of a fit.

    Attributes
    ----------
    constructs : tuple of str
    items : dict
        Variables whose means each level averages.
    level, se : array (J, D)
        In the items' units, or from 0 to 100 where answers are known; nan where an organization lacks the mean of an
        item. Standard errors are those of sampling respondents.
    shared : SharedMeans
    turned : dict
        Reversed items of constructs: turned where answers are known, else not among ``items``.
    left_out : dict
        Constructs that have no level, each with the reason.
    """

    constructs: tuple[str, ...]
    items: dict[str, list[str]]
    level: Floats
    se: Floats
    shared: SharedMeans
    turned: dict[str, list[str]]
    left_out: dict[str, str]


def checked_answers(answers: object) -> Answers | None:
    """Return the lowest and the highest answer of a questionnaire as numbers.

    Raises
    ------
    FitError
        If they are not two finite numbers, the lowest first.

    Examples
    --------
    >>> checked_answers([1, 7])
    (1.0, 7.0)
    """
    if answers is None:
        return None
    found = list(answers) if isinstance(answers, tuple | list | np.ndarray) else []
    if len(found) == 2 and all(_is_number(one) for one in found) and found[0] < found[1]:
        return float(found[0]), float(found[1])
    raise FitError(
        f"answers are the lowest and the highest answer of the questionnaire, such as (1, 7); found {answers!r}"
    )


def _is_number(one: object) -> bool:
    return isinstance(one, int | float | np.number) and not isinstance(one, bool) and bool(np.isfinite(one))


def levels_of(fit: Fit, constructs: Sequence[str], answers: Answers | None = None) -> Levels:
    """Average the means of each construct's own items.

    Items count alike, whatever their loadings, as in the sum scores of questionnaires. A reversed item, whose loading
    is negative, is turned (lowest + highest answer - mean), or left out where the answers are not known.

    Raises
    ------
    FitError
        If nobody shared means, or a mean lies outside the answers.
    """
    shared = shared_means(fit)
    if not shared.organizations:
        reasons = "".join(f". {name}: {why}" for name, why in shared.left_out.items())
        raise FitError(
            "performance is the mean level of a construct, and nobody shared means. Share rows, or moments with means: "
            f"SampleMoments(n_obs, mean, cov){reasons}"
        )
    layout = layout_of(fit)
    # means of draws: the variance of a mean is known well enough from them
    u = evaluate(fit, "organization", lambda system: system.u).mean(axis=(0, 1))
    signs = np.sign(matrices.loading_matrix(layout, u).mean(axis=0))
    mean = fit.evidence.mean[shared.positions]
    given = observed_covariances(fit, layout)
    covariance = _sampling(
        System(layout, u[shared.positions], None if given is None else given[shared.positions]), shared
    )
    items: dict[str, list[str]] = {}
    turned: dict[str, list[str]] = {}
    left_out: dict[str, str] = {}
    columns: list[Floats] = []
    for name in constructs:
        sign = signs[:, layout.constructs.index(name)]
        rows = np.flatnonzero(sign if answers else sign > 0)
        against = [layout.variables[row] for row in np.flatnonzero(sign < 0)]
        there = np.isfinite(mean[:, rows]).all(axis=1)
        reason = "it is coded from another variable" if name in fit.model.coded else _reason(rows, against, there)
        if reason:
            left_out[name] = reason
            continue
        if answers:
            _check_within(answers, shared, mean[:, rows], [layout.variables[row] for row in rows])
        level, se = _averaged(mean[:, rows], sign[rows], covariance[:, rows][:, :, rows], answers)
        items[name] = [layout.variables[row] for row in rows]
        turned |= {name: against} if against else {}
        columns.append(_spread_out(fit, shared, np.stack([level, np.where(there, se, np.nan)])))
    level, se = np.stack(columns, axis=-1) if columns else np.empty((2, len(fit.organizations), 0))
    return Levels(tuple(items), items, level, se, shared, turned, left_out)


def _reason(rows: NDArray[np.int64], against: Sequence[str], there: NDArray[np.bool_]) -> str:
    """Why a construct has no level, if so."""
    if not len(rows):
        if against:
            return "all its items are reversed; answers=(lowest, highest) lets them be turned"
        return "it has no item of its own, only factors"
    return "" if there.any() else "no organization shared the means of all its items"


def _averaged(mean: Floats, sign: Floats, covariance: Floats, answers: Answers | None) -> tuple[Floats, Floats]:
    """Level and standard error (J,) from means of items (J, k), their signs and sampling covariance (J, k, k)."""
    weight = sign / len(sign)
    se = np.sqrt(np.einsum("a,jab,b->j", weight, covariance, weight))
    level = mean @ weight
    if answers is None:
        return np.asarray(level), np.asarray(se)
    low, high = answers
    level = level + (low + high) * (sign < 0).mean()
    return 100 * (level - low) / (high - low), 100 * se / (high - low)


def _sampling(system: System, shared: SharedMeans) -> Floats:
    """Implied covariance of the means of variables over those who answered them, in data units, (J, p, p)."""
    layout = system.layout
    loadings = matrices.loading_matrix(layout, system.u)
    implied = loadings @ system.covariance @ np.swapaxes(loadings, -1, -2) + matrices.theta_matrix(layout, system.u)
    both = shared.counts(np.eye(len(layout.variables), dtype=bool))
    n = np.maximum(np.diagonal(both, axis1=1, axis2=2), 1.0)
    scale = np.array([layout.scale[name] for name in layout.variables])
    return np.asarray(implied * np.outer(scale, scale) * both / (n[:, :, None] * n[:, None, :]))


def _spread_out(fit: Fit, shared: SharedMeans, values: Floats) -> Floats:
    """Values (2, J') of those that shared means among all organizations, (2, J)."""
    out = np.full((2, len(fit.organizations)), np.nan)
    out[:, shared.positions] = values
    return out


def _check_within(answers: Answers, shared: SharedMeans, mean: Floats, items: Sequence[str]) -> None:
    low, high = answers
    slack = _ROUNDING * (high - low)
    with np.errstate(invalid="ignore"):
        outside = np.argwhere((mean < low - slack) | (mean > high + slack))
    if len(outside):
        named = [f"{items[k]} in {shared.organizations[j]} ({mean[j, k]:.4g})" for j, k in outside[:_MOST_NAMED]]
        more = f" and {len(outside) - _MOST_NAMED} more" if len(outside) > _MOST_NAMED else ""
        raise FitError(
            f"means lie outside the answers from {low:g} to {high:g}: {', '.join(named)}{more}. Give the lowest and "
            "the highest answer that the questionnaire offers, or leave out with drivers= what has another scale"
        )
