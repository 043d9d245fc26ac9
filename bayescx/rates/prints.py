"""How likely a printed share is: the binomial probability of all counts that round to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaln, xlog1py, xlogy

__all__ = ["count_window", "half_heights", "log_count_window", "places_around"]

Floats = NDArray[np.float64]

_FARTHEST = 60.0  # logits searched on either side
_PLACES = 2001
_HALF, _LOW = np.log(2.0), 3.0  # drops of the log likelihood at which its flanks are read
_LOGISTIC_LOW = np.log(np.expm1(_LOW))  # where the logistic function has dropped so much


def count_window(value: float, step: float, n: float, *, whole: bool) -> tuple[float, float]:
    """Find the counts of ``n`` that are printed as ``value``: those above the first bound, up to the second.

    Halves are rounded up. Where ``n`` is no number of persons (part of a range, or an effective size), or no whole
    count is printed so, bounds lie half a count off whole ones and the distribution is interpolated.

    Parameters
    ----------
    value, step : float
        As printed, and the grid.
    n : float
    whole : bool
        Whether ``n`` is a number of persons.

    Returns
    -------
    low, high : float
        From -1 to n.

    Examples
    --------
    >>> count_window(0.2, 0.01, 100, whole=True), count_window(0.0, 0.01, 1000, whole=True)
    ((19.0, 20.0), (-1.0, 4.0))
    """
    below, above = value - step / 2, value + step / 2
    if whole:
        slack = 1e-9 + 1e-13 * n
        first = 0.0 if below <= 0 else float(np.ceil(n * below - slack))
        last = n if above > 1 else float(np.ceil(n * above - slack)) - 1
        if first <= last:
            return first - 1, last
    low = -1.0 if below <= 0 else n * below - 0.5
    high = n if above > 1 else n * above - 0.5
    return min(low, n - 1) if above > 1 else low, max(high, 0.0) if below <= 0 else high


def log_count_window(share: Floats, n: float, low: float, high: float) -> Floats:
    """Log probability of a count above ``low``, up to ``high``, among ``n``; the bounds need not be whole.

    The distribution function is the incomplete beta function, taken from the side where it is small. A window of one
    count or less is its density times its width.

    Parameters
    ----------
    share : array (...)
    n, low, high : float
        As `count_window` gives them.
    """
    if high - low <= 1.0 + 1e-9:
        k = (low + high + 1) / 2
        ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
        return np.asarray(ways + np.log(high - low) + xlogy(k, share) + xlog1py(n - k, -share))
    upper = _tail(share, n, low) - _tail(share, n, high)
    lower = _tail(1 - share, n, n - 1 - high) - _tail(1 - share, n, n - 1 - low)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.where(share * n < (low + high + 1) / 2, upper, lower)))


def _tail(share: Floats, n: float, k: float) -> Floats:
    """Probability of a count above ``k``, continued between whole numbers."""
    if k <= -1:
        return np.ones_like(share)
    return np.asarray(betainc(k + 1, n - k, share)) if k < n else np.zeros_like(share)


def half_heights(logits: Floats, log_likelihood: Floats) -> tuple[float, float, float, float]:
    """Where a likelihood of one peak has half its height, and how softly it falls there.

    Parameters
    ----------
    logits, log_likelihood : array (P,)
        Ascending places, and the log likelihood there.

    Returns
    -------
    low, high, soft_low, soft_high : float
        Infinite where it never falls. The scales are those of logistic functions that fall alike.
    """
    peak = int(np.argmax(log_likelihood))
    drop = log_likelihood[peak] - np.where(np.isfinite(log_likelihood), log_likelihood, -1e300)
    flanks = []
    for sign, there in ((-1.0, slice(peak, None, -1)), (1.0, slice(peak, None))):
        fallen, places = np.maximum.accumulate(drop[there]), logits[there]
        if fallen[-1] < _LOW:
            flanks.append((sign * np.inf, 1.0))
            continue
        half, low = np.interp([_HALF, _LOW], fallen, places)
        flanks.append((float(half), max(float(abs(low - half)) / _LOGISTIC_LOW, 1e-12)))
    return flanks[0][0], flanks[1][0], flanks[0][1], flanks[1][1]


def places_around(share: float, width: float) -> Floats:
    """Logits close to each other around a share, and farther apart the farther off."""
    middle = float(np.log(share) - np.log1p(-share))
    return np.asarray(middle + width * np.sinh(np.linspace(-1, 1, _PLACES) * np.arcsinh(_FARTHEST / width)))
