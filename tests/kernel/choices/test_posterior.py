"""The compiled density of choices is the log posterior written out, Jacobians included, and its gradient is right."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp

from bayescx.choices.arrays import ChoiceArrays
from bayescx.choices.counts import ChoiceCounts
from bayescx.choices.priors import ChoicePriors
from bayescx.choices.start import find_choice_start
from bayescx.kernel.choices.likelihood import Choices
from bayescx.kernel.choices.posterior import expand, log_density, pack_choices
from bayescx.priors import Prior
from tests.choices.worlds import simulated

Floats = NDArray[np.float64]

HEAVY = ChoicePriors(
    slope=Prior("StudentT", nu=3),
    slope_sd=Prior("HalfCauchy", beta=0.3),
    threshold=Prior("Cauchy", beta=1),
    threshold_sd=Prior("Exponential", lam=2),
    increment=Prior("Laplace", b=0.7),
    increment_sd=Prior("LogNormal", mu=-2),
    overrides={"effort": Prior("Logistic", mu=-0.2, s=0.3)},
)
TERMS = "below(expectations, 4) + above(expectations, 4)"
CASES = {
    "three categories": (f"after ~ {TERMS} + effort + category(issue, question, billing)", 3, ChoicePriors()),
    "two categories, other priors": (f"after ~ {TERMS} + effort", 2, HEAVY),
    "seven categories": (f"after ~ {TERMS} + fixed(effort)", 7, ChoicePriors()),
    "nothing pooled but a threshold": ("after ~ fixed(effort)", 2, ChoicePriors()),
    "common slopes": ("after ~ fixed(effort) + fixed(below(expectations, 4))", 3, ChoicePriors()),
}


@cache
def arrays(case: str, *, steered: bool = True) -> ChoiceArrays:
    model, n_category, priors = CASES[case]
    blank = ChoiceArrays(simulated(model, n_category, sizes=(9, 30, 55), seed=3), priors)
    return find_choice_start(blank).arrays if steered else blank


def parts(of: ChoiceArrays, x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Common slopes, mu, tau and own components (J, Q)."""
    flat = expand(x, of.n_expanded, of.records)
    ends = np.cumsum([len(of.shared), len(of.own), len(of.own)])
    shared, mu, tau, own = np.split(flat, ends)
    return shared, mu, tau, own.reshape(-1, len(of.own))


def log_cell(low: Floats, high: Floats) -> Floats:
    """log(Phi(high) - Phi(low)) by scipy, on the side where it has digits."""
    flip = low + high > 0
    low, high = np.where(flip, -high, low), np.where(flip, -low, high)
    with np.errstate(invalid="ignore"):
        signs = np.stack([np.ones_like(low), -np.ones_like(low)])
        return np.asarray(logsumexp(np.stack([log_ndtr(high), log_ndtr(low)]), axis=0, b=signs))


def row_by_row(counts: ChoiceCounts, u: Floats) -> float:
    """The likelihood of every respondent, one after another; ``u`` (J, components)."""
    n_cut, total = len(counts.categories) - 1, 0.0
    x = (counts.x - counts.centre) / counts.spread
    for p, j in enumerate(counts.organization):
        cuts = np.cumsum(np.concatenate([u[j, :1], np.exp(u[j, 1:n_cut])]))
        edges = np.concatenate([[-np.inf], cuts, [np.inf]]) - x[p] @ u[j, n_cut:]
        for c in range(n_cut + 1):
            for _ in range(counts.answers[p, c]):
                total += float(log_cell(edges[c], edges[c + 1]))
    return total


def components(of: ChoiceArrays, x: Floats) -> Floats:
    shared, _, _, own = parts(of, x)
    u = np.empty((len(own), own.shape[1] + len(shared)))
    u[:, list(of.own)], u[:, list(of.shared)] = own, shared
    return u


def written_out(of: ChoiceArrays, x: Floats) -> float:
    """Likelihood, population and priors by scipy, with the Jacobian of all free parameters by finite differences."""
    shared, mu, tau, own = parts(of, x)
    value = row_by_row(of.counts, components(of, x))
    for c, one in zip(of.shared, shared, strict=True):
        value += of.centres[c].distribution().logpdf(one)
    for q, c in enumerate(of.own):
        value += of.centres[c].distribution().logpdf(mu[q]) + of.sds[q].distribution().logpdf(tau[q])
        value += np.sum(-0.5 * ((own[:, q] - mu[q]) / tau[q]) ** 2 - np.log(tau[q]) - 0.5 * np.log(2 * np.pi))
    h = 1e-6
    steps = [
        (expand(x + h * e, of.n_expanded, of.records) - expand(x - h * e, of.n_expanded, of.records)) / (2 * h)
        for e in np.eye(x.size)
    ]
    return float(value + np.linalg.slogdet(np.array(steps))[1])


def point(of: ChoiceArrays, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(0, 0.5, of.n_dim)


@pytest.mark.parametrize("steered", [True, False])
@pytest.mark.parametrize("case", CASES)
def test_the_density_is_the_posterior_written_out(case: str, steered: bool) -> None:
    of = arrays(case, steered=steered)
    for seed in range(2):
        x = point(of, seed)
        assert log_density(x, of.records)[0] == pytest.approx(written_out(of, x), rel=1e-8, abs=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_is_that_of_the_density(case: str) -> None:
    of = arrays(case)
    x = point(of, 5)
    _, gradient = log_density(x, of.records)
    h = 1e-4

    def slope(e: Floats) -> float:  # fourth order
        near = log_density(x + h * e, of.records)[0] - log_density(x - h * e, of.records)[0]
        far = log_density(x + 2 * h * e, of.records)[0] - log_density(x - 2 * h * e, of.records)[0]
        return (8 * near - far) / (12 * h)

    assert gradient == pytest.approx([slope(e) for e in np.eye(x.size)], rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_the_likelihood_is_scipys_respondent_by_respondent(case: str) -> None:
    of = arrays(case)
    assert of.steering is not None
    twice, held = pack_choices(of.choices._replace(counts=2 * of.choices.counts), of._pooling, of._priors, of.steering)
    for seed in range(3):
        x = point(of, seed)
        likelihood = log_density(x, twice)[0] - log_density(x, of.records)[0]
        assert likelihood == pytest.approx(row_by_row(of.counts, components(of, x)), rel=1e-10, abs=1e-8)
    assert held


def by_respondent(of: ChoiceArrays) -> NDArray[np.uint64]:
    """The same posterior with one pattern per respondent."""
    counts = of.counts
    cells = [(p, c) for p, c in np.argwhere(counts.answers > 0) for _ in range(counts.answers[p, c])]
    rows = np.array([p for p, _ in cells])
    single = np.eye(len(counts.categories))[[c for _, c in cells]]
    starts = np.searchsorted(counts.organization[rows], np.arange(len(counts.organizations) + 1))
    choices = Choices(starts.astype(np.int64), of.choices.x[rows], single)
    assert of.steering is not None
    records, held = pack_choices(choices, of._pooling, of._priors, of.steering)
    KEPT.append(held)
    return records


KEPT: list[object] = []  # arrays that records point to


@pytest.mark.parametrize("case", CASES)
def test_counts_of_patterns_weigh_as_much_as_their_respondents(case: str) -> None:
    of = arrays(case)
    apart = by_respondent(of)
    for seed in range(5):
        x = point(of, seed)
        value, gradient = log_density(x, of.records)
        other, other_gradient = log_density(x, apart)
        assert value == pytest.approx(other, rel=1e-10, abs=1e-8)
        assert gradient == pytest.approx(other_gradient, rel=1e-8, abs=1e-8)


def test_answers_far_out_have_a_finite_density_and_gradient() -> None:
    """A slope of 40 SDs puts answers where probabilities are below 1e-300."""
    of = arrays("three categories", steered=False)
    x = np.zeros(of.n_dim)
    first = len(of.shared)
    x[first + 2] = 40.0  # the centre of the first slope
    value, gradient = log_density(x, of.records)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    counts = of.counts
    assert row_by_row(counts, components(of, x)) < -1e4
    assert value == pytest.approx(written_out(of, x), rel=1e-8)


def test_a_density_that_is_zero_says_so() -> None:
    of = arrays("three categories", steered=False)
    x = np.zeros(of.n_dim)
    x[len(of.shared) + 1] = 1e4  # increments of exp(10,000)
    assert log_density(x, of.records)[0] == -np.inf


def test_thresholds_collapse_without_losing_the_density() -> None:
    """Nobody is neutral: increments may shrink below what numbers near a threshold can tell apart."""
    counts = arrays("three categories").counts
    answers = counts.answers.copy()
    answers[:, 2] += answers[:, 1]
    answers[:, 1] = 0
    of = ChoiceArrays(replace(counts, answers=answers), ChoicePriors(increment=Prior("Normal", mu=0, sigma=500.0)))
    x = np.zeros(of.n_dim)
    x[len(of.shared) + 1] = -800.0
    value, gradient = log_density(x, of.records)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
