"""Each organization's own penalized maximum with common slopes, by Fisher scoring, all organizations at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from bayescx.choices.arrays import ChoiceArrays

__all__ = ["Peak", "climbed", "score_and_information"]

Floats = NDArray[np.float64]
_STEPS, _SETTLED, _FARTHEST = 50, 1e-4, 1.0
_LEAST = 1e-10  # probability of a category that scores are divided by
_WIDEST = 8.0  # beyond it a normal tail tells scoring nothing
_ROOT = np.sqrt(2 * np.pi)


@dataclass(frozen=True, eq=False)
class Peak:
    """Components at the maximum (J, components), with the score (J, components) and information of the likelihood."""

    u: Floats
    score: Floats
    information: Floats


def score_and_information(arrays: ChoiceArrays, u: Floats) -> tuple[Floats, Floats]:
    """Score (J, M) and expected information (J, M, M) of the likelihood in all components."""
    choices, n_cut = arrays.choices, arrays.n_cut
    width = np.exp(u[:, 1:n_cut])
    cuts = np.concatenate([u[:, :1], u[:, :1] + np.cumsum(width, axis=1)], axis=1)
    whose = arrays.counts.organization
    z = cuts[whose] - np.einsum("pk,pk->p", choices.x, u[whose, n_cut:])[:, None]
    z = np.clip(z, -_WIDEST, _WIDEST)
    density = np.exp(-0.5 * z * z) / _ROOT
    below = np.pad(ndtr(z), ((0, 0), (1, 1)), constant_values=((0, 0), (0, 1)))
    chance = np.maximum(np.diff(below, axis=1), _LEAST)
    total = choices.counts.sum(axis=1)
    ratio = choices.counts / chance
    by_cut = density * (ratio[:, :-1] - ratio[:, 1:])
    told = np.zeros((len(z), n_cut, n_cut))  # information in thresholds
    here = np.arange(n_cut)
    told[:, here, here] = density**2 * (1 / chance[:, :-1] + 1 / chance[:, 1:])
    across = -density[:, :-1] * density[:, 1:] / chance[:, 1:-1]
    told[:, here[:-1], here[1:]] = across
    told[:, here[1:], here[:-1]] = across
    told *= total[:, None, None]
    return _gathered(arrays, by_cut, told, width)


def _gathered(arrays: ChoiceArrays, by_cut: Floats, told: Floats, width: Floats) -> tuple[Floats, Floats]:
    """Sums over the patterns of each organization, in thresholds' own parameters."""
    n_cut, x, start = arrays.n_cut, arrays.choices.x, arrays.choices.pattern_start
    n_org, n_all = len(start) - 1, n_cut + x.shape[1]
    score, information = np.zeros((n_org, n_all)), np.zeros((n_org, n_all, n_all))
    by_row = told.sum(axis=2)
    for j in range(n_org):
        here = slice(start[j], start[j + 1])
        turn = np.eye(n_all)  # d (thresholds, slopes) / d components
        turn[:n_cut, 0] = 1.0
        for c in range(1, n_cut):
            turn[c:n_cut, c] = width[j, c - 1]
        one = np.concatenate([by_cut[here].sum(axis=0), -by_cut[here].sum(axis=1) @ x[here]])
        cross = -by_row[here].T @ x[here]
        slopes = (by_row[here].sum(axis=1)[:, None] * x[here]).T @ x[here]
        both = np.block([[told[here].sum(axis=0), cross], [cross.T, slopes]])
        score[j], information[j] = turn.T @ one, turn.T @ both @ turn
    return score, information


def climbed(arrays: ChoiceArrays) -> Peak:
    """Maximize the likelihood times the priors of the population centres; common slopes are the same for all.

    It only steers: a maximum that is not quite one makes sampling slower, never wrong.
    """
    own, shared = list(arrays.own), list(arrays.shared)
    location, scale = arrays.prior_shape.T
    penalty = 1 / scale**2
    u = _first(arrays)
    for _ in range(_STEPS):
        score, information = score_and_information(arrays, u)
        pull = score[:, own] - penalty[own] * (u[:, own] - location[own])
        stiff = information[:, own][:, :, own] + np.diag(penalty[own])
        step = np.zeros_like(u)
        if shared:
            across = information[:, own][:, :, shared]
            solved = np.linalg.solve(stiff, np.concatenate([across, pull[:, :, None]], axis=2))
            schur = information[:, shared][:, :, shared].sum(axis=0) + np.diag(penalty[shared])
            schur -= np.einsum("jof,jog->fg", across, solved[:, :, :-1])
            rest = score[:, shared].sum(axis=0) - penalty[shared] * (u[0, shared] - location[shared])
            rest -= np.einsum("jof,jo->f", across, solved[:, :, -1])
            common = np.linalg.solve(schur, rest)
            step[:, shared] = common
            step[:, own] = solved[:, :, -1] - solved[:, :, :-1] @ common
        else:
            step[:, own] = np.linalg.solve(stiff, pull[:, :, None])[:, :, 0]
        largest = np.abs(step).max()
        u = u + step * min(1.0, _FARTHEST / max(largest, _FARTHEST))
        if largest < _SETTLED:
            break
    return Peak(u, *score_and_information(arrays, u))


def _first(arrays: ChoiceArrays) -> Floats:
    """Thresholds from the shares of categories among all, slopes at 0."""
    total = arrays.choices.counts.sum(axis=0) + 0.5
    cuts = ndtri(np.cumsum(total / total.sum())[:-1])
    u = np.zeros((len(arrays.counts.organizations), arrays.n_cut + arrays.choices.x.shape[1]))
    u[:, 0] = cuts[0]
    u[:, 1 : arrays.n_cut] = np.log(np.diff(cuts))
    return u
