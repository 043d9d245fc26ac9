"""What published figures say of a population's shares: how likely they are, and roughly, to propose by.

A figure depends on its set's mean share. On the scale where it is nearly linear in the members' deviations (logit of a
share, log of a ratio) its likelihood is about a step up and a step down; near shares of 0 or 1 only one of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_ndtr

from bayescx.rates.counts import Counts
from bayescx.rates.prints import count_window, half_heights, log_count_window, places_around
from bayescx.rates.published import PublishedRate, members_of
from bayescx.rates.splits import Tree

__all__ = ["Steps", "Term", "terms_of"]

Floats = NDArray[np.float64]

_Z, _ZW = np.polynomial.hermite_e.hermegauss(9)
_ZW = _ZW / _ZW.sum()
_N, _NW = np.polynomial.hermite_e.hermegauss(5)
_NW = _NW / _NW.sum()
_INFLATION = 1.3  # of variances of proposals, so that their tails cover
_LOGISTIC = np.sqrt(3.0) / np.pi  # scale of a logistic density per SD
_LEAST = 1e-9  # share, where means over a population are taken roughly


@dataclass(frozen=True, eq=False)
class Steps:
    """A likelihood as the product of a logistic step up and one down; no step at an infinite place.

    Attributes
    ----------
    low, high : float or array (M,)
        Places of the steps.
    soft_low, soft_high : float or array (M,)
        Their scales.
    """

    low: Floats
    high: Floats
    soft_low: Floats
    soft_high: Floats

    def log_mean(self, centre: Floats, variance: Floats) -> Floats:
        """Roughly its log mean over a density with this centre and variance, (M,)."""
        spread = _INFLATION * _LOGISTIC**2 * variance
        up, down = np.sqrt(self.soft_low**2 + spread), np.sqrt(self.soft_high**2 + spread)
        width = self.high - self.low
        height = log_expit((self.high - centre) / down) + log_expit((centre - self.low) / up)
        return np.asarray(height - np.where(np.isfinite(width), np.log1p((up + down) / width), 0.0))

    def observed(self, at: Floats) -> tuple[Floats, Floats]:
        """A normal observation that stands for it near ``at``: its value and error variance, (M,).

        Between two steps it is the box's. Of one step it is the quadratic that bounds the logistic function from below
        and touches it there (Jaakkola and Jordan), so that repeating it climbs to the mode.
        """
        width = self.high - self.low
        if np.isfinite(width).all():
            error = width**2 / 12 + (self.soft_low**2 + self.soft_high**2) / (2 * _LOGISTIC**2)
            return np.broadcast_to((self.low + self.high) / 2, at.shape), np.broadcast_to(error, at.shape)
        side, place, soft = (
            (1.0, self.high, self.soft_high) if np.isfinite(self.high) else (-1.0, self.low, self.soft_low)
        )
        x = np.maximum(np.abs(place - at) / soft, 1e-6)
        weight = np.tanh(x / 2) / (2 * x)
        return np.asarray(place - side * soft / (2 * weight)), np.asarray(soft**2 / weight)


@dataclass(frozen=True, eq=False)
class Term:
    """One observation that a figure makes: of its whole set, or of one member ("each").

    Attributes
    ----------
    figure : int
        Its place among the published figures.
    members : array of int
        Places among the organizations.
    above, below : array (C,)
        1 for the categories that the figure is of, and for those that it is relative to: of a share, all; of a share
        given that the answer was none of some others, all but these.
    is_ratio : bool
        Whether it is a ratio of two shares, of which neither holds the other.
    log_n, log_n_sd : float
        Of the respondents.
    value, step : float
        As printed, and the grid.
    """

    figure: int
    members: NDArray[np.intp]
    above: Floats
    below: Floats
    is_ratio: bool
    log_n: float
    log_n_sd: float
    value: float
    step: float

    @cached_property
    def sizes(self) -> Floats:
        """Numbers of respondents to average over: one, or those of a range."""
        n = np.exp(self.log_n + self.log_n_sd * (_N if self.log_n_sd else _N[:1] * 0))
        near = np.round(n)
        return np.where(np.abs(n - near) < 1e-9 * n, near, n) if len(n) == 1 else n

    def splits(self, tree: Tree) -> set[int]:
        """The splits that its quantity depends on."""
        logits = np.full((1, len(tree.splits)), 0.3)
        first = self.statistic(tree.shares(logits))
        moved = [self.statistic(tree.shares(logits + one)) for one in np.eye(len(tree.splits))]
        return {s for s, found in enumerate(moved) if abs(found - first) > 1e-9}

    def mean_shares(self, shares: Floats) -> tuple[Floats, Floats]:
        """The set's mean share above and below, (...), from those of its members, (..., m, C)."""
        mean = shares.mean(axis=-2)
        return mean @ self.above, mean @ self.below if not self.below.all() else np.ones(mean.shape[:-1])

    def statistic(self, shares: Floats) -> Floats:
        """The figure's quantity of its set, (...)."""
        above, below = self.mean_shares(shares)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(above / below)

    def log_likelihood(self, shares: Floats) -> Floats:
        """Log probability that the printed value is what a sample rounds to; over a range of n, its mean."""
        above, below = self.mean_shares(shares)
        found = self._of_ratio(above, below) if self.is_ratio else self._of_share(_part(above, below))
        if len(found) == 1:
            return np.asarray(found[0])
        top = found.max(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.log(np.tensordot(_NW, np.exp(found - top), axes=1)) + top
        return np.where(np.isfinite(top), mean, -np.inf)

    def _of_share(self, share: Floats) -> Floats:
        """Log probability at each number of respondents, (n, ...)."""
        windows = []
        for n in self.sizes.tolist():
            whole = len(self.sizes) == 1 and n == np.round(n)
            windows.append(log_count_window(share, n, *count_window(self.value, self.step, n, whole=whole)))
        return np.stack(windows)

    def _of_ratio(self, above: Floats, below: Floats) -> Floats:
        """As of a share; the log of a ratio of two multinomial shares is nearly normal."""
        tiny = np.finfo(np.float64).tiny
        above, below = np.maximum(above, tiny), np.maximum(below, tiny)
        centre, unit = np.log(above) - np.log(below), np.sqrt(1 / above + 1 / below)
        error = unit / np.sqrt(self.sizes)[(slice(None), *(None,) * np.ndim(unit))]
        low, high = self._log_edges
        return _log_window((low - centre) / error, (high - centre) / error)

    @property
    def _log_edges(self) -> tuple[float, float]:
        """Between which log ratios the printed one lay before rounding."""
        low, high = self.value - self.step / 2, self.value + self.step / 2
        return float(np.log(max(low, 1e-3 * self.value))), float(np.log(high))

    @cached_property
    def _curve(self) -> tuple[Floats, Floats]:
        """The log likelihood of a share, and the logits where it was taken, (P,)."""
        n, low, high = float(np.exp(self.log_n)), self.value - self.step / 2, self.value + self.step / 2
        # about the middle of the window, or about its only edge
        inside = max(high, 0.5 / n) if low <= 0 else min(low, 1 - 0.5 / n) if high >= 1 else self.value
        size = inside * (1 - inside)
        width = np.sqrt(1 / (n * size) + (self.step / size) ** 2 / 12)
        logits = places_around(inside, min(float(width), 1.0))
        rest = self.below - self.above
        shares = np.outer(expit(logits), self.above / self.above.sum()) + np.outer(expit(-logits), rest / rest.sum())
        return logits, self.log_likelihood(shares[:, None])

    @cached_property
    def _share_steps(self) -> Steps:
        return Steps(*map(np.asarray, half_heights(*self._curve)))

    @cached_property
    def _slopes(self) -> tuple[Floats, Floats, Floats]:
        """Logits (P - 2,), and there the first and minus the second derivative of the log likelihood of a share."""
        logits, height = self._curve
        sound = np.isfinite(height)
        logits, height = logits[sound], height[sound]
        first = np.diff(height) / np.diff(logits)
        middle = (logits[1:] + logits[:-1]) / 2
        return logits[1:-1], (first[1:] + first[:-1]) / 2, -np.diff(first) / np.diff(middle)

    def observed(self, above: Floats, below: Floats, *, near: bool) -> tuple[Floats, Floats]:
        """A normal observation that stands for it on that scale where mean shares are these: value and variance, (M,).

        ``near`` the mode of a share it has the likelihood's own slope and curvature, with at least that of its steps.
        """
        at = self.scaled(above, below)
        value, error = self.steps(above, below).observed(at)
        if self.is_ratio or not near:
            return value, error
        logits, first, second = self._slopes
        precision = np.maximum(np.interp(at, logits, second), 1 / error)
        return at + np.interp(at, logits, first) / precision, 1 / precision

    def steps(self, above: Floats, below: Floats) -> Steps:
        """Its likelihood as steps on the scale where it is nearly linear, where mean shares are about these."""
        if not self.is_ratio:
            return self._share_steps
        low, high = self._log_edges
        error = np.sqrt((1 / above + 1 / below) / np.exp(self.log_n - self.log_n_sd))
        soft = np.maximum(0.75 * error, 0.02 * (high - low))
        return Steps(np.full_like(soft, low), np.full_like(soft, high), soft, soft)

    def scaled(self, above: Floats, below: Floats) -> Floats:
        """Its quantity on that scale, from mean shares."""
        if self.is_ratio:
            return np.asarray(np.log(above) - np.log(below))
        part = _part(above, below)
        return np.asarray(np.log(part) - np.log1p(-part))

    def log_forecast(self, tree: Tree, mu: Floats, tau: Floats) -> Floats:
        """Roughly the log likelihood of populations (M, S), members integrated out; to propose by."""
        first, second = _moments(mu, tau)
        above, below = (np.maximum(_mean(tree, first, side), _LEAST) for side in (self.above, self.below))
        square, both, under = (
            _product(tree, first, second, *sides)
            for sides in ((self.above, self.above), (self.above, self.below), (self.below, self.below))
        )
        spread = square / above**2 - 2 * both / (above * below) + under / below**2
        if not self.is_ratio:
            spread = spread / (1 - _part(above, below)) ** 2
        one = np.maximum(spread, 0) / len(self.members)
        return self.steps(above, below).log_mean(self.scaled(above, below), one)


def _part(above: Floats, below: Floats) -> Floats:
    """A share of a share, kept off 0 and 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.clip(above / below, 1e-15, 1 - 1e-15))


def _mean(tree: Tree, first: Floats, of: Floats) -> Floats:
    """Mean share of some categories in a population, (M,)."""
    half = np.where(tree.sign == 1, first[:, None], np.where(tree.sign == -1, 1 - first[:, None], 1.0))
    return np.asarray(half.prod(axis=2) @ of)


def _product(tree: Tree, first: Floats, second: Floats, one: Floats, other: Floats) -> Floats:
    """Mean of the product of two sums of categories' shares in one organization, (M,)."""
    total = np.zeros(len(first))
    moments = {  # of the factors of two categories at a split: left, right, or not concerned
        (1, 1): second, (-1, -1): 1 - 2 * first + second, (1, -1): first - second,
        (1, 0): first, (-1, 0): 1 - first, (0, 0): np.ones_like(first),
    }  # fmt: skip
    for c in np.flatnonzero(one):
        for d in np.flatnonzero(other):
            part = np.ones(len(first))
            for s, (a, b) in enumerate(zip(tree.sign[c].tolist(), tree.sign[d].tolist(), strict=True)):
                part = part * moments.get((a, b), moments.get((b, a), first))[:, s]
            total += part
    return total


def _moments(mu: Floats, tau: Floats) -> tuple[Floats, Floats]:
    """Mean of p and of its square over a population, (M, S)."""
    p = expit(mu[..., None] + tau[..., None] * _Z)
    return p @ _ZW, p**2 @ _ZW


def _log_window(low: Floats, high: Floats) -> Floats:
    """Log probability of a standard normal between two bounds, exact far out as well."""
    flip = low > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    upper, lower = log_ndtr(high), log_ndtr(low)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(
            np.where(np.isneginf(upper), -np.inf, upper + np.log1p(-np.exp(np.minimum(lower - upper, 0))))
        )


def terms_of(
    published: Sequence[PublishedRate], counts: Counts, organizations: Sequence[str], group: str
) -> tuple[Term, ...]:
    """The observations that figures make of one group, whatever their use."""
    place = {name: j for j, name in enumerate(organizations)}
    terms = []
    for number, figure in enumerate(published):
        if (counts.groups[0] if figure.group is None else figure.group) != group:
            continue
        members = np.array([place[name] for name in members_of(figure, counts)], dtype=np.intp)
        sets = members[:, None] if figure.rule == "each" else members[None]
        low, high = figure.n_obs if isinstance(figure.n_obs, tuple) else (figure.n_obs, figure.n_obs)
        log_n = (np.log(low) + np.log(high)) / 2 - (np.log(len(members)) if figure.rule == "each" else 0.0)
        spread = float(np.log(high / low) / (2 * 1.959964))
        above = np.array([c in figure.categories for c in counts.categories], float)
        below = np.array([c in (figure.relative_to or counts.categories) for c in counts.categories], float)
        print_of = float(log_n), spread, float(figure.value), float(figure.rounded_to)
        terms += [Term(number, one, above, below, bool(figure.relative_to), *print_of) for one in sets]
    return tuple(terms)
