"""Proposals for the organizations of a figure: their weights are the figure's likelihood, on average."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayescx.rates import Counts, PublishedRate
from bayescx.rates.figures import terms_of
from bayescx.rates.members import components_of
from bayescx.rates.splits import tree_of

SIZE = 4000
POPULATIONS = [(-1.0, 0.5), (-4.0, 0.3), (0.0, 2.0), (3.0, 1.0), (-2.0, 1e-4)]


@pytest.mark.parametrize(("members", "value", "n", "step"), [
    (1, 0.0, 50, 0.01), (1, 0.0, 1000, 0.001), (1, 1.0, 200, 0.01), (1, 0.02, 100, 0.01), (1, 0.3, 5000, 0.01),
    (2, 0.0, 400, 0.01), (2, 0.99, 600, 0.01), (3, 0.2, 90, 0.1),
])  # fmt: skip
def test_weights_average_to_the_likelihood_of_a_population(members: int, value: float, n: int, step: float) -> None:
    counts = Counts.empty(["a", "b"], n_planned=9)
    figure = PublishedRate(value=value, categories="a", organizations=members, n_obs=n, rounded_to=step)
    tree = tree_of(["a", "b"])
    (term,) = terms_of([figure], counts, tuple(f"unnamed {i + 1}" for i in range(members)), "")
    (component,) = components_of([term], tree)
    rng = np.random.default_rng(1)
    nodes = np.linspace(-8, 8, {1: 20_001, 2: 601, 3: 81}[members])
    z = np.stack(np.meshgrid(*[nodes] * members, indexing="ij"), axis=-1)
    mass = stats.norm.pdf(z).prod(axis=-1) * (nodes[1] - nodes[0]) ** members
    k = np.arange(n + 1)
    k = k[np.isclose(np.floor(k / n / step + 0.5 + 1e-9) * step, value)]
    for mu, tau in POPULATIONS:
        share = (1 / (1 + np.exp(-(mu + tau * z)))).mean(axis=-1)
        likely = stats.binom.cdf(k[-1], n, share) - stats.binom.cdf(k[0] - 1, n, share)
        expected = float((likely * mass).sum())
        drawn, log_weight = component.propose(np.full((SIZE, 1), mu), np.full((SIZE, 1), tau), rng)
        assert drawn.shape == (SIZE, members, 1)
        if expected < 1e-12:
            assert np.exp(log_weight).mean() < 1e-10
            continue
        found = np.exp(log_weight)
        error = max(found.std() / np.sqrt(SIZE), 0.004 * expected)
        assert abs(found.mean() - expected) < 5 * error, (mu, tau, found.mean(), expected)


def test_terms_with_common_members_are_one_component() -> None:
    counts = Counts.empty(["a", "b"], n_planned=9)
    shared = {"value": 0.2, "categories": "a", "n_obs": 90}
    sets = [["x", "y"], ["y", "z"], ["w"]]
    figures = [PublishedRate(organizations=one, **shared) for one in sets]
    terms = terms_of(figures, counts, ("x", "y", "z", "w"), "")
    members = sorted(one.members.tolist() for one in components_of(terms, tree_of(["a", "b"])))
    assert members == [[0, 1, 2], [3]]
