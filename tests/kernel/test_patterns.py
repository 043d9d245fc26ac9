"""The compiled full-information likelihood is the one written out, and its gradient is right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from scipy.special import hyp2f1

from bayescx.evidence import Pattern
from bayescx.kernel import general, observed, patterns, problem
from bayescx.model.layout import Layout
from bayescx.model.patterned import pattern_arrays
from bayescx.model.structure import structure_arrays
from bayescx.spec import parse_model
from tests.model import dense, dense_patterns

Floats = NDArray[np.float64]


@njit
def patterned(patterns_: Any, structure: Any, u: Any, extra: Any, adjoint: Any, extra_adjoint: Any) -> float:
    return patterns.patterned_likelihood(patterns_, structure, u, extra, adjoint, extra_adjoint)  # type: ignore[no-any-return]


@njit
def by_general_route(data: Any, structure: Any, u: Any, adjoint: Any) -> float:
    return general.general_likelihood(data, structure, u, adjoint)  # type: ignore[no-any-return]


@njit
def by_observed_route(data: Any, structure: Any, u: Any, adjoint: Any) -> float:
    return observed.observed_likelihood(data, structure, u, adjoint)  # type: ignore[no-any-return]


MEDIATION = "m ~ x1 + x2; y ~ m + x1"
FACTORS = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ x7 + x8 + x9; h ~ f + g"
ITEMS_COVARY = "f =~ x1 + a*x2 + a*x3; g =~ x4 + x5 + x6; g ~ f; x1 ~~ x4; x2 ~~ x4 + x5"
OUTCOMES_COVARY = "m1 ~ x1; m2 ~ x1 + x2; y ~ m1 + m2; m1 ~~ m2"

Answered = Sequence[tuple[Sequence[int], int]]


class Case(NamedTuple):
    text: str
    organizations: Mapping[str, Answered]
    free: tuple[str, ...] = ()


CASES = {
    "observed variables": Case(
        MEDIATION,
        {
            "all and some": [(range(4), 40), ((0, 1, 3), 12), ((1, 2, 3), 9), ((2,), 5)],
            "never all": [((0, 1), 20), ((1, 2), 15), ((2, 3), 15)],
        },
    ),
    "single respondents": Case(MEDIATION, {"one": [(range(4), 1), ((0, 2), 1), ((1,), 1), ((1, 2, 3), 30)]}),
    "a factor is lacking": Case(
        FACTORS,
        {
            "without g": [((0, 1, 2, 6, 7, 8), 50), ((0, 2, 6, 8), 7), ((1,), 1)],
            "all": [(range(9), 60), (range(8), 4), (range(1, 9), 1)],
            "one item of h": [((0, 1, 2, 3, 4, 5, 8), 50)],
        },
    ),
    "items that covary": Case(
        ITEMS_COVARY, {"a": [(range(6), 30), ((0, 1, 3, 4), 8)], "b": [((0, 3, 4), 25), ((1, 3, 5), 1)]}
    ),
    "outcomes that covary": Case(OUTCOMES_COVARY, {"a": [(range(5), 30), ((0, 1, 2), 8), ((0, 4), 3)]}),
    "correlations": Case(
        FACTORS,
        {"all": [(range(9), 60)], "rows": [(range(9), 40), (range(4), 9)], "without f": [(range(3, 9), 45)]},
        free=("all", "without f"),
    ),
    "correlations of observed variables": Case(MEDIATION, {"a": [(range(4), 25)], "b": [((0, 1, 3), 30)]}, ("a", "b")),
}


class Problem(NamedTuple):
    layout: Layout
    structure: problem.Structure
    seen: Sequence[tuple[Pattern, ...]]  # by organization
    arrays: patterns.Patterns
    u: Floats
    extra: Floats


def drawn(case: Case, seed: int, *, with_extra: bool = True) -> Problem:
    """Organizations in the order of the case, between one before and one after that have no patterns."""
    rng = np.random.default_rng(seed)
    layout = Layout.of(parse_model(case.text))
    p = len(layout.variables)
    seen = {}
    for name, answered in case.organizations.items():
        root = rng.standard_normal((p, p))
        seen[name] = dense_patterns.random_patterns(rng, np.eye(p) + root @ root.T / p, answered)
        if name in case.free:
            seen[name] = dense_patterns.correlations(seen[name])
    level = dict.fromkeys(case.free, "correlations")
    matched = dense_patterns.matched(layout.variables, seen, level, {}, ["before", *seen, "after"])
    first = 3  # other numbers come before
    extra = rng.standard_normal(first + p * len(case.free) if with_extra else 0)
    u = 0.3 * rng.standard_normal((len(seen) + 2, len(layout.components)))
    u[:, layout.of_block("loadings")] += 1
    arrays = pattern_arrays(matched, np.ones(p), first)
    return Problem(layout, structure_arrays(layout), list(seen.values()), arrays, u, extra)


def compiled(at: Problem, u: Floats, extra: Floats) -> tuple[float, Floats, Floats]:
    adjoint, extra_adjoint = np.zeros_like(u), np.zeros_like(extra)
    value = patterned(at.arrays, at.structure, u, extra, adjoint, extra_adjoint)
    return value, adjoint, extra_adjoint


def written_out(at: Problem) -> float:
    total = 0.0
    for a, seen in enumerate(at.seen):
        sigma = dense.implied_covariance(at.layout, at.u[at.arrays.organization[a]])
        first = at.arrays.free_extra[a]
        if first >= 0:
            p = len(sigma)
            n_obs = sum(one.n_obs for one in seen)
            e = at.extra[first : first + p] if at.extra.size else np.zeros(p)
            sigma = dense_patterns.with_sds(sigma, np.exp(e / np.sqrt(2 * n_obs)))
            total -= 0.5 * sum(e[k] ** 2 for k in range(p) if k not in seen[0].variables)
        total += dense_patterns.log_likelihood(sigma, seen)
    return total


def slopes(f: Callable[[Floats], float], x: Floats, h: float = 1e-3) -> Floats:
    steps = h * np.eye(x.size)
    return np.array([(8 * (f(x + s) - f(x - s)) - (f(x + 2 * s) - f(x - 2 * s))) / (12 * h) for s in steps])


EACH = pytest.mark.parametrize("name", CASES)
EXTRA = pytest.mark.parametrize("with_extra", [True, False], ids=["extra", "no extra"])


@EACH
@EXTRA
def test_density_is_the_one_written_out(name: str, with_extra: bool) -> None:
    for seed in range(3):
        at = drawn(CASES[name], seed, with_extra=with_extra)
        expected = written_out(at)
        assert np.isfinite(expected)
        assert compiled(at, at.u, at.extra)[0] == pytest.approx(expected, rel=0, abs=1e-8)


@EACH
@EXTRA
def test_gradient_is_that_of_finite_differences(name: str, with_extra: bool) -> None:
    at = drawn(CASES[name], 4, with_extra=with_extra)

    def value(x: Floats) -> float:
        return compiled(at, x[: at.u.size].reshape(at.u.shape), x[at.u.size :])[0]

    _, adjoint, extra_adjoint = compiled(at, at.u, at.extra)
    gradient = np.concatenate([adjoint.ravel(), extra_adjoint])
    difference = slopes(value, np.concatenate([at.u.ravel(), at.extra]))
    assert np.max(np.abs(difference - gradient) / (1 + np.abs(gradient))) < 1e-8
    assert not adjoint[[0, -1]].any()  # organizations without patterns
    assert not extra_adjoint[:3].any()  # numbers of others


def test_derivatives_are_added() -> None:
    at = drawn(CASES["correlations"], 5)
    adjoint, extra_adjoint = np.ones_like(at.u), np.ones_like(at.extra)
    patterned(at.arrays, at.structure, at.u, at.extra, adjoint, extra_adjoint)
    _, of_u, of_extra = compiled(at, at.u, at.extra)
    np.testing.assert_allclose(adjoint, 1 + of_u, rtol=1e-12)
    np.testing.assert_allclose(extra_adjoint, 1 + of_extra, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "route"),
    [(ITEMS_COVARY, by_general_route), (MEDIATION, by_observed_route)],
    ids=["general", "observed"],
)
def test_one_pattern_is_complete_data(text: str, route: Any) -> None:
    """The log densities differ by one number, whatever the parameters, and so not at all in their derivatives."""
    p = len(parse_model(text).observed)
    at = drawn(Case(text, {"only": [(range(p), 37)]}), 6)
    (seen,) = at.seen[0]
    data = problem.Data(np.array([18.0]), seen.scatter[None] / 36)
    rng = np.random.default_rng(7)
    apart = []
    for _ in range(5):
        u = at.u.copy()
        u[1] += 0.3 * rng.standard_normal(u.shape[1])
        value, adjoint, _ = compiled(at, u, at.extra)
        other = np.zeros((1, u.shape[1]))
        apart.append(value - route(data, at.structure, u[[1]], other))
        np.testing.assert_allclose(adjoint[1], other[0], rtol=1e-9, atol=1e-9)
    # -1/2 log|n Sigma^-1| = 1/2 log|Sigma| - p/2 log n
    np.testing.assert_allclose(apart, -p / 2 * np.log(37), atol=1e-9)


def test_a_pattern_may_be_split() -> None:
    """Means and sums of squares of two halves say what those of the whole say, up to a constant."""
    rng = np.random.default_rng(8)
    layout = Layout.of(parse_model(MEDIATION))
    rows = rng.standard_normal((30, 4)) + np.arange(4)
    more = dense_patterns.random_patterns(rng, np.eye(4), [((0, 1, 3), 10)])

    def pattern(rows: Floats) -> Pattern:
        apart = rows - rows.mean(axis=0)
        return Pattern((0, 1, 2, 3), len(rows), rows.mean(axis=0), apart.T @ apart)

    whole, halves = (pattern(rows), *more), (pattern(rows[:9]), pattern(rows[9:]), *more)
    u = 0.3 * rng.standard_normal((1, len(layout.components)))
    both = []
    for seen in (whole, halves):
        arrays = pattern_arrays(dense_patterns.matched(layout.variables, {"a": seen}, {}, {}, ["a"]), np.ones(4), 0)
        adjoint = np.zeros_like(u)
        value = patterned(arrays, structure_arrays(layout), u, np.zeros(0), adjoint, np.zeros(0))
        both.append((value, adjoint))
    assert both[0][0] == pytest.approx(both[1][0], abs=1e-9)
    np.testing.assert_allclose(both[0][1], both[1][1], atol=1e-9)


def test_far_away_and_beyond_there_is_no_nan() -> None:
    for name in ("correlations", "items that covary", "observed variables"):
        at = drawn(CASES[name], 9)
        for far in (30.0, 800.0, -800.0):
            value, _, _ = compiled(at, np.full_like(at.u, far), at.extra)
            assert value < 0
        if at.extra.size > 3:
            assert compiled(at, at.u, np.full_like(at.extra, 1e6))[0] == -np.inf


def test_zeros_that_cannot_be_met_have_density_zero() -> None:
    text = "m1 ~ x; m2 ~ x; m3 ~ x; m1 ~~ m2 + m3"
    at = drawn(Case(text, {"a": [(range(4), 20), ((0, 1), 5)]}), 10)
    cells = [c for c, one in enumerate(at.layout.components) if one.name in ("m1~~m2", "m1~~m3")]
    at.u[1, cells] = 2.0
    assert compiled(at, at.u, at.extra)[0] == -np.inf


def test_without_organizations_there_is_nothing() -> None:
    layout = Layout.of(parse_model(MEDIATION))
    arrays = pattern_arrays(dense_patterns.matched(layout.variables, {}, {}, {}, ["a"]), np.ones(4), 0)
    adjoint = np.zeros((1, len(layout.components)))
    value = patterned(arrays, structure_arrays(layout), adjoint.copy(), np.zeros(0), adjoint, np.zeros(0))
    assert value == 0
    assert not adjoint.any()


@pytest.mark.parametrize(("n_obs", "r"), [(8, 0.6), (25, -0.3)])
def test_correlations_alone_speak_by_the_density_of_a_sample_correlation(n_obs: int, r: float) -> None:
    """With both scales integrated out, two variables leave Hotelling's (1953) density of r given rho."""
    layout = Layout.of(parse_model("y ~ x"))
    structure = structure_arrays(layout)
    scatter = (n_obs - 1) * np.array([[1.0, r], [r, 1.0]])
    seen = (Pattern((0, 1), n_obs, np.zeros(2), scatter),)
    matched = dense_patterns.matched(layout.variables, {"a": seen}, {"a": "correlations"}, {}, ["a"])
    arrays = pattern_arrays(matched, np.ones(2), 0)
    grid = np.arange(-12.0, 40.0, 0.5)  # of log scales, in units of their sampling SD: the integrand is smooth

    def integrated(u: Floats) -> float:
        room = np.zeros_like(u), np.zeros(2)
        values = [patterned(arrays, structure, u, np.array([a, b]), *room) for a in grid for b in grid]
        return float(np.log(np.sum(np.exp(np.array(values) - max(values)))) + max(values))

    apart = []
    for slope in (-0.7, 0.0, 0.4, 1.5):
        u = np.array([[slope if one.block == "paths" else 0.2 for one in layout.components]])
        sigma = dense.implied_covariance(layout, u[0])
        rho = sigma[0, 1] / np.sqrt(sigma[0, 0] * sigma[1, 1])
        known = (
            (n_obs - 1) / 2 * np.log(1 - rho**2)
            - (n_obs - 1.5) * np.log(1 - rho * r)
            + np.log(hyp2f1(0.5, 0.5, n_obs - 0.5, (1 + rho * r) / 2))
        )
        apart.append(integrated(u) - known)
    np.testing.assert_allclose(apart, apart[0], atol=1e-8)
