"""Simulated truth is found again: intervals contain it about as often as they say."""

from __future__ import annotations

import pytest

from benchmarks import calibration

QUANTITIES_OF_MANY = ["beta", "R2 (organizations)", "indirect effect (organizations)"]


@pytest.mark.parametrize(
    ("studies", "n_reported", "ci_prob", "least", "most"), [(4, 10, 0.9, 80, 97), (8, 4, 0.5, 38, 62)]
)
def test_a_few_studies_cover_the_truth_neither_too_rarely_nor_too_often(
    studies: int, n_reported: int, ci_prob: float, least: float, most: float
) -> None:
    """Truth drawn from the priors for 40 or 32 organizations: a gross error shows, a fine one needs the long study."""
    found = calibration.run(studies, seed=11, n_reported=n_reported, ci_prob=ci_prob)
    table = found.set_index("quantity")["coverage %"]
    assert table.loc[QUANTITIES_OF_MANY].between(least, most).all(), table
    assert table.between(100 * ci_prob - 40, 100 * ci_prob + 40).all(), table


@pytest.mark.calibration
@pytest.mark.parametrize("n_reported", [10, 4])
def test_90_percent_intervals_cover_90_percent(n_reported: int) -> None:
    table = calibration.run(200, seed=1, n_reported=n_reported, processes=2).set_index("quantity")
    assert table["coverage %"].between(86, 94).all(), table
