"""Intervals hold the truth as often as they say: studies drawn from the priors, one organization without disloyal ones.

A few studies here; many by ``python -m benchmarks.choices coverage``.
"""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.choices import study

_FEW, _MANY = 5, 100


def coverage(studies: int) -> dict[str, float]:
    found = [study(seed, draws=500) for seed in range(7000, 7000 + studies)]
    return {name: float(np.mean(np.concatenate([np.ravel(one[name]) for one in found]))) for name in found[0]}


@pytest.mark.filterwarnings("ignore:perfect separation")  # in companies of fifteen respondents
def test_intervals_of_organizations_cover() -> None:
    covered = coverage(_FEW)
    for name in ("slope below", "slope above", "below - above", "thresholds", "probabilities"):
        assert 0.72 <= covered[f"{name} (organizations)"] < 1.0, covered


@pytest.mark.calibration
@pytest.mark.filterwarnings("ignore:perfect separation")
def test_intervals_cover() -> None:
    covered = coverage(_MANY)
    for name in ("slope below", "slope above", "below - above", "thresholds", "probabilities"):
        assert 0.86 <= covered[f"{name} (organizations)"] <= 0.94, covered
    for name in ("slope below (typical)", "slopes (average of the N)", "common slopes", "slope below (new)"):
        assert 0.8 <= covered[name] <= 0.98, covered
