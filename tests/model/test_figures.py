"""Published figures as contrasts: each statistic is what its words say, its sampling variance what samples show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import wishart

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, Published, SampleMoments
from bayescx.model.figure_arrays import FigureSet
from bayescx.model.figures import contrast_of, figure_terms
from bayescx.model.layout import Layout
from bayescx.spec import parse_model
from tests.model.sampling import sampling_variance

Floats = NDArray[np.float64]
MODEL = parse_model("trust ~ satisfaction + effort; loyalty ~ trust + satisfaction")
LAYOUT = Layout.of(MODEL)
NAMES = list(LAYOUT.constructs)
S, E, T, L = (NAMES.index(name) for name in ("satisfaction", "effort", "trust", "loyalty"))


def published(**keys: Any) -> Published:
    return Published(**{"organizations": ["one", "two"], "n_obs": 400, **keys})


def covariances(seed: int, count: int = 2) -> Floats:
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((count, 4, 6))
    return factors @ factors.transpose(0, 2, 1)


def standardized(phi: Floats) -> dict[str, Floats | float]:
    """Correlations, standardized regressions, total effects and R-squared of one covariance matrix, in plain steps."""
    sd = np.sqrt(np.diag(phi))
    r = phi / np.outer(sd, sd)
    b_trust = np.linalg.solve(r[np.ix_([S, E], [S, E])], r[[S, E], T])
    b_loyalty = np.linalg.solve(r[np.ix_([T, S], [T, S])], r[[T, S], L])
    return {
        "r": r,
        "trust~satisfaction": b_trust[0],
        "trust~effort": b_trust[1],
        "loyalty~trust": b_loyalty[0],
        "loyalty~satisfaction": b_loyalty[1],
        "total": b_loyalty[1] + b_loyalty[0] * b_trust[0],
        "r2 trust": b_trust @ r[[S, E], T],
        "r2 loyalty": b_loyalty @ r[[T, S], L],
    }


LOYALTY = {"outcome": "loyalty", "cause": "satisfaction"}
STATISTICS = {
    "r_squared": ({"statistic": "r_squared", "outcome": "loyalty"}, lambda f: (f["r2 loyalty"], 1.0)),
    "path": ({"statistic": "path", **LOYALTY}, lambda f: (f["loyalty~satisfaction"], 1.0)),
    "correlation": ({"statistic": "correlation", "between": ["effort", "loyalty"]}, lambda f: (f["r"][E, L], 1.0)),
    "total": ({"statistic": "total_effect", **LOYALTY}, lambda f: (f["total"], 1.0)),
    "ratio": (
        {"statistic": "path_ratio", "outcome": "loyalty", "numerator": ["trust"], "denominator": ["satisfaction"]},
        lambda f: (f["loyalty~trust"], f["loyalty~satisfaction"]),
    ),
    "mediated": (
        {"statistic": "share", **LOYALTY, "reading": "mediated"},
        lambda f: (f["loyalty~trust"] * f["trust~satisfaction"], f["total"]),
    ),
    "coefficients": (
        {"statistic": "share", **LOYALTY, "reading": "coefficients"},
        lambda f: (f["loyalty~satisfaction"], f["loyalty~satisfaction"] + f["loyalty~trust"]),
    ),
    "pratt": (
        {"statistic": "share", **LOYALTY, "reading": "pratt"},
        lambda f: (f["loyalty~satisfaction"] * f["r"][S, L], f["r2 loyalty"]),
    ),
    "traceable": (
        {"statistic": "share", **LOYALTY, "reading": "traceable"},
        lambda f: (f["total"] ** 2, f["r2 loyalty"]),
    ),
}


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("rule", ["mean", "pooled", "each"])
def test_a_contrast_is_numerator_less_value_times_denominator(name: str, rule: str) -> None:
    keys, parts = STATISTICS[name]
    value = 0.3
    figure = published(**keys, value=value, rule=rule)
    evidence = Evidence.from_published([figure]).matched(MODEL.observed)
    phi = covariances(1)
    terms = figure_terms(LAYOUT, evidence, [figure])
    if rule == "each":
        assert [term.members for term in terms] == [("one",), ("two",)]
        expected = [parts(standardized(one)) for one in phi]
        found = [contrast_of(term, LAYOUT, phi[q : q + 1]) for q, term in enumerate(terms)]
    else:
        own = [standardized(phi.mean(axis=0))] if rule == "pooled" else [standardized(one) for one in phi]
        expected = [tuple(np.mean([parts(one) for one in own], axis=0))]
        found = [contrast_of(terms[0], LAYOUT, phi)]
    for (numerator, denominator), (contrast, below) in zip(expected, found, strict=True):
        assert contrast == pytest.approx(numerator - value * denominator, abs=1e-12)
        assert below == pytest.approx(denominator, abs=1e-12)


def test_the_mean_reading_of_a_ratio_divides_by_counts() -> None:
    model = parse_model("loyalty ~ trust + satisfaction + effort")
    layout = Layout.of(model)
    keys = {"outcome": "loyalty", "numerator": ["trust", "satisfaction"], "denominator": ["effort"], "value": 2.0}
    figures = [published(statistic="path_ratio", **keys, reading=reading) for reading in ("sum", "mean")]
    evidence = Evidence.from_published(figures).matched(model.observed)
    phi = covariances(2)
    total, mean = (contrast_of(term, layout, phi) for term in figure_terms(layout, evidence, figures))
    assert total[1] == pytest.approx(mean[1])
    numerators = [contrast + 2.0 * below for contrast, below in (total, mean)]
    assert numerators[0] == pytest.approx(2 * numerators[1])


def test_orderings_and_bounds_say_that_a_contrast_is_positive() -> None:
    ordering = published(statistic="ordering", of="path", outcome="loyalty", cause="trust", among=["satisfaction"])
    least = published(statistic="bound", of="r_squared", outcome="loyalty", value=0.6, side="at_least")
    most = published(statistic="bound", of="r_squared", outcome="loyalty", value=0.6, side="at_most")
    evidence = Evidence.from_published([ordering, least, most]).matched(MODEL.observed)
    phi = covariances(3)
    found = [standardized(one) for one in phi]
    first, second, third = figure_terms(LAYOUT, evidence, [ordering, least, most])
    assert all(term.is_sign for term in (first, second, third))
    difference = np.mean([f["loyalty~trust"] - f["loyalty~satisfaction"] for f in found])
    assert contrast_of(first, LAYOUT, phi)[0] == pytest.approx(difference)
    r2 = np.mean([f["r2 loyalty"] for f in found])
    assert contrast_of(second, LAYOUT, phi)[0] == pytest.approx(r2 - 0.6)
    assert contrast_of(third, LAYOUT, phi)[0] == pytest.approx(0.6 - r2)


@pytest.mark.parametrize("name", ["r_squared", "path", "correlation", "total", "ratio", "traceable"])
@pytest.mark.parametrize("rule", ["mean", "pooled"])
def test_the_sampling_variance_is_that_of_simulated_samples(name: str, rule: str) -> None:
    keys, _ = STATISTICS[name]
    figure = published(**keys, value=0.3, rule=rule, n_obs=4000)
    evidence = Evidence.from_published([figure]).matched(MODEL.observed)
    (term,) = figure_terms(LAYOUT, evidence, [figure])
    phi = covariances(4)
    rng = np.random.default_rng(5)
    samples = np.stack([wishart(1999, one / 1999).rvs(3000, random_state=rng) for one in phi], axis=1)
    simulated = contrast_of(term, LAYOUT, samples)[0].var()
    assert sampling_variance(term, LAYOUT, phi, term.log_n) == pytest.approx(simulated, rel=0.1)


def test_a_range_of_sizes_holds_95_percent_of_log_n() -> None:
    figure = published(statistic="r_squared", outcome="loyalty", value=0.5, n_obs=(200, 1000))
    evidence = Evidence.from_published([figure]).matched(MODEL.observed)
    (term,) = figure_terms(LAYOUT, evidence, [figure])
    low, high = np.exp(term.log_n + np.array([-2, 2]) * term.log_n_sd)
    assert (low, high) == pytest.approx((100, 500))  # of one of the two organizations


def with_rows_of_one(rule: str, phi: Floats, **keys: Any) -> tuple[Any, Published]:
    stated = {"statistic": "r_squared", "outcome": "loyalty", "value": 0.5, "rule": rule, "overlap": "replace"}
    figure = published(**stated | keys)
    order = [NAMES.index(name) for name in MODEL.observed]
    cov = pd.DataFrame(phi[np.ix_(order, order)], MODEL.observed, MODEL.observed)
    evidence = Evidence.from_parts({"one": SampleMoments(150, None, cov)}, published=[figure])
    return evidence.matched(MODEL.observed), figure


def test_what_an_organization_shared_itself_is_taken_out_of_the_mean() -> None:
    phi = covariances(6)
    evidence, figure = with_rows_of_one("mean", phi[0])
    (term,) = figure_terms(LAYOUT, evidence, [figure])
    assert term.members == ("two",)
    both = np.mean([standardized(one)["r2 loyalty"] for one in phi]) - 0.5
    assert contrast_of(term, LAYOUT, phi[1:])[0] == pytest.approx(both)
    evidence, figure = with_rows_of_one("each", phi[0])
    assert [term.members for term in figure_terms(LAYOUT, evidence, [figure])] == [("two",)]


BOTH = {"loyalty~trust": -1, "loyalty~satisfaction": -1}


@pytest.mark.parametrize(
    ("of", "signs", "turned"),
    [
        ("path", BOTH, (-1, -1)),
        ("path", {"loyalty~trust": -1}, (-1, 1)),
        ("total_effect", BOTH, (-1, -1)),
        ("total_effect", {"loyalty~trust": -1}, (-1, 1)),  # routes from satisfaction of either sign: as it is
    ],
)
def test_orderings_of_negative_effects_compare_sizes(of: str, signs: dict[str, int], turned: tuple[int, int]) -> None:
    ordering = published(statistic="ordering", of=of, outcome="loyalty", cause="trust", among=["satisfaction"])
    phi = covariances(7)
    found = [standardized(one) for one in phi]
    trust = np.mean([f["loyalty~trust"] for f in found])
    satisfaction = np.mean([f["loyalty~satisfaction" if of == "path" else "total"] for f in found])
    evidence = Evidence.from_published([ordering], signs=signs).matched(MODEL.observed)
    (term,) = figure_terms(LAYOUT, evidence, [ordering])
    assert contrast_of(term, LAYOUT, phi)[0] == pytest.approx(turned[0] * trust - turned[1] * satisfaction)


@pytest.mark.parametrize("side", ["at_least", "at_most"])
@pytest.mark.parametrize("name", ["ratio", "mediated", "coefficients"])
def test_bounds_of_a_ratio_hold_whatever_the_sign_of_what_it_divides_by(name: str, side: str) -> None:
    keys, parts = STATISTICS[name]
    bound = published(**{**keys, "statistic": "bound", "of": keys["statistic"]}, side=side, value=0.3, rule="each")
    signs = {"loyalty~satisfaction": -1, "loyalty~trust": -1}
    phi = np.concatenate([covariances(seed) for seed in range(8, 60)])
    negative = [one for one in phi if parts(standardized(one))[1] < 0]
    assert len(negative) > 10
    for declared, turn in ((signs, -1), ({}, 1)):
        evidence = Evidence.from_published([bound], signs=declared).matched(MODEL.observed)
        term = figure_terms(LAYOUT, evidence, [bound])[0]
        for one in negative:
            numerator, denominator = parts(standardized(one))
            contrast, below = contrast_of(term, LAYOUT, one[None])
            holds = numerator / denominator > 0.3 if side == "at_least" else numerator / denominator < 0.3
            assert (contrast > 0) == (holds if turn < 0 else not holds)
            assert below == pytest.approx(turn * denominator)


def test_only_respondents_who_shared_nothing_stand_behind_what_is_left() -> None:
    phi = covariances(6)
    for rule in ("mean", "each"):
        evidence, figure = with_rows_of_one(rule, phi[0])
        (term,) = figure_terms(LAYOUT, evidence, [figure])
        assert np.exp(term.log_n) == pytest.approx(400 - 150)
    evidence, figure = with_rows_of_one("mean", phi[0], n_obs=(200, 400))
    assert figure_terms(LAYOUT, evidence, [figure])[0].log_n == pytest.approx(np.log(200 * 400) / 2 - np.log(2))
    checked = Published.from_dict(figure.to_dict() | {"use": "check", "n_obs": 100})
    assert np.exp(figure_terms(LAYOUT, evidence, [checked])[0].log_n) == pytest.approx(50)
    for n_obs in (159, (50, 159), 100):
        evidence, figure = with_rows_of_one("mean", phi[0], n_obs=n_obs)
        with pytest.raises(
            EvidenceError, match=r"together, 1\d\d, of whom shared data: one 150; that leaves [09] for two"
        ):
            figure_terms(LAYOUT, evidence, [figure])


def test_what_is_left_must_be_possible() -> None:
    phi = covariances(6)
    own = standardized(phi[0])["r2 loyalty"]
    value = round(own / 2 + 0.6, 2)
    evidence, figure = with_rows_of_one("mean", phi[0], value=value)
    left = rf"once what one shared is taken out, {2 * value - own:.2f} is left for two, and it lies between 0 and 1"
    with pytest.raises(EvidenceError, match=left):
        figure_terms(LAYOUT, evidence, [figure])
    bound = {"statistic": "bound", "of": "r_squared", "value": value}
    evidence, figure = with_rows_of_one("mean", phi[0], **bound, side="at_least")
    with pytest.raises(EvidenceError, match=left):
        figure_terms(LAYOUT, evidence, [figure])
    evidence, figure = with_rows_of_one("mean", phi[0], **bound, side="at_most")
    assert len(figure_terms(LAYOUT, evidence, [figure])) == 1


def test_the_order_of_names_makes_no_other_sample() -> None:
    keys = {"outcome": "loyalty", "n_obs": (200, 1000)}
    one = published(statistic="r_squared", value=0.5, **keys, organizations=["two", "one"])
    other = published(statistic="path", cause="trust", value=0.5, **keys)
    evidence = Evidence.from_published([one, other]).matched(MODEL.observed)
    figures = FigureSet.of(figure_terms(LAYOUT, evidence, [one, other]), evidence)
    assert [size.organizations for size in figures.unknown_sizes] == [("two", "one")]


def test_signs_are_seen_as_closely_as_the_largest_sample_of_the_evidence_allows() -> None:
    keys = {"statistic": "path", "outcome": "loyalty", "cause": "trust", "value": 0.5, "organizations": ["one"]}
    small, large = published(**keys, n_obs=9, use="check"), published(**keys, n_obs=400, source="a")
    middle = published(**keys, n_obs=100, source="b")
    for figures in ([small, large, middle], [small, middle, large], [large, middle]):
        evidence = Evidence.from_published(figures).matched(MODEL.observed)
        used = [figure for figure in figures if figure.use == "evidence"]
        assert FigureSet.of(figure_terms(LAYOUT, evidence, used), evidence).sign_width == {"one": pytest.approx(0.05)}
    evidence = Evidence.from_published([small]).matched(MODEL.observed)
    assert FigureSet.of([], evidence).sign_width == {"one": pytest.approx(1 / 3)}


def test_nothing_is_taken_out_of_factors() -> None:
    model = parse_model("f =~ a + b + c; loyalty ~ f")
    figure = published(statistic="r_squared", outcome="loyalty", value=0.5, overlap="replace")
    names = list(model.observed)
    moments = SampleMoments(150, None, pd.DataFrame(np.eye(4) + 0.5, names, names))
    evidence = Evidence.from_parts({"one": moments}, published=[figure]).matched(model.observed)
    with pytest.raises(EvidenceError, match="items"):
        figure_terms(Layout.of(model), evidence, [figure])
