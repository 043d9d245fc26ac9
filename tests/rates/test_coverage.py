"""Intervals hold the truth as often as they say: studies drawn from the prior, with small organizations and zeros."""

from __future__ import annotations

import numpy as np
import pytest

from bayescx.rates import Counts, PublishedRate, category_rates, fit_rates, rate_ratio
from tests.rates.brute import stick

STUDIES, DRAWS = 200, 500
REPORTED, MEMBERS, PLANNED = 5, 2, 9
SIZES = np.array([8, 20, 40, 90, 300])
CATEGORIES = ("disloyal", "neutral", "loyal")


def study(seed: int, *, with_figure: bool) -> dict[str, np.ndarray]:
    """Whether each 90 % interval of one study holds its truth.

    Only studies with a category that somebody has none of are taken: a posterior covers given any feature of the data.
    """
    rng = np.random.default_rng(seed)
    answers = np.ones((1, 1))
    while (answers > 0).all():
        mu, tau = rng.normal(0, 1.5, 2), np.abs(rng.normal(0, 0.5, 2))
        truth = stick(mu + tau * rng.standard_normal((PLANNED + 1, 2)))
        answers = np.stack([rng.multinomial(n, p) for n, p in zip(SIZES, truth, strict=False)])
    counts = Counts(tuple(f"o{j}" for j in range(REPORTED)), ("",), CATEGORIES, answers[:, None, :], PLANNED)
    figures = []
    if with_figure:
        asked = sum(rng.multinomial(150, truth[REPORTED + j]) for j in range(MEMBERS))
        share = round(float(asked[0]) / (150 * MEMBERS), 2)
        figures = [PublishedRate(value=share, categories="disloyal", organizations=MEMBERS, n_obs=150 * MEMBERS)]
    fit = fit_rates(counts, figures, draws=DRAWS, chains=1, random_seed=seed)

    def holds(draws: np.ndarray, true: np.ndarray | float) -> np.ndarray:
        low, high = np.quantile(draws, [0.05, 0.95], axis=0)
        return (low <= true) & (true <= high)

    average = truth[:PLANNED].mean(axis=0)
    return {
        "organization": holds(category_rates(fit).values[0], truth[: len(fit.organizations)]),
        "typical": holds(category_rates(fit, "typical").values[0], stick(mu)),
        "average": holds(category_rates(fit, "average").values[0], average),
        "new": holds(category_rates(fit, "new").values[0], truth[PLANNED]),
        "ratio": holds(rate_ratio(fit, "disloyal", "loyal").values[0], average[0] / average[2]),
    }


def coverage(studies: int, *, with_figure: bool) -> dict[str, float]:
    found = [study(seed, with_figure=with_figure) for seed in range(3000, 3000 + studies)]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


@pytest.mark.calibration
def test_intervals_from_counts_cover() -> None:
    covered = coverage(STUDIES, with_figure=False)
    assert all(0.86 <= share <= 0.94 for share in covered.values()), covered


@pytest.mark.calibration
def test_intervals_with_a_published_figure_cover() -> None:
    covered = coverage(2 * STUDIES, with_figure=True)
    assert all(0.86 <= share <= 0.94 for share in covered.values()), covered
