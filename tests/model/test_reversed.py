"""Items that run against their factor: refused unless the model declares it, and then as good as recoded ones."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import ModelError
from bayescx.kernel.posterior import log_density
from bayescx.model.arrays import Arrays
from bayescx.model.layout import Layout
from bayescx.model.prepare import prepare
from bayescx.model.reversed import check_directions
from bayescx.model.start import find_start

PLAIN = "f =~ x1 + x2 + x3; g =~ x4 + l*x5 + l*x6; g ~ f; y ~ g + f"
DECLARED = "f =~ x1 + x2 + upper(0)*x3; g =~ x4 + l*upper(0)*x5 + l*upper(0)*x6; g ~ f; y ~ g + f"
REVERSED = ["x3", "x5", "x6"]


def evidence(signs: tuple[int, ...]) -> bcx.Evidence:
    """Items of one factor, some reverse-coded, and an outcome."""
    rng = np.random.default_rng(3)
    frames = []
    for name in ("a", "b"):
        factor = rng.standard_normal(300)
        items = {f"x{i + 1}": sign * factor + 0.6 * rng.standard_normal(300) for i, sign in enumerate(signs)}
        frames.append(pd.DataFrame({"organization": name, **items, "y": 0.5 * factor + rng.standard_normal(300)}))
    return bcx.Evidence.from_rows(pd.concat(frames), organization="organization")


@pytest.mark.parametrize(("signs", "named"), [((1, 1, -1), "x3"), ((1, -1, 1, 1), "x2"), ((-1, 1, -1), "x2")])
def test_items_that_run_against_the_others_are_named(signs: tuple[int, ...], named: str) -> None:
    items = [f"x{i + 1}" for i in range(len(signs))]
    model = bcx.parse_model(f"f =~ {' + '.join(items)}; y ~ f")
    with pytest.raises(ModelError, match=rf"factor 'f': {named} runs against the other items") as caught:
        prepare(model, evidence(signs))
    works = f"upper(0)*{named}"
    assert f"(f =~ ... + {works})" in str(caught.value)
    terms = [works if item == named else item for item in items]
    prepare(bcx.parse_model(f"f =~ {' + '.join(terms)}; y ~ f"), evidence(signs))
    prepare(model, evidence(signs), identification="marker")


def test_items_that_point_one_way_pass() -> None:
    prepare(bcx.parse_model("f =~ x1 + x2 + x3; y ~ f"), evidence((1, 1, 1)))
    prepare(bcx.parse_model("f =~ x1 + x2 + x3; y ~ f"), evidence((-1, -1, -1)))
    prepare(bcx.parse_model("f =~ upper(0)*x1 + upper(0)*x2 + upper(0)*x3; y ~ f"), evidence((1, 1, 1)))


@pytest.mark.parametrize("how", ["missing answers", "an item lacking", "correlations"])
def test_incomplete_evidence_tells_directions_too(how: str) -> None:
    """Nobody shared complete moments."""
    shared: dict[str, Any] = {}
    rng = np.random.default_rng(5)
    for name in ("a", "b"):
        factor = rng.standard_normal(200)
        frame = pd.DataFrame({f"x{i}": factor + 0.6 * rng.standard_normal(200) for i in (1, 2, 3, 4)})
        frame["x3"] *= -1.0
        frame["y"] = factor + rng.standard_normal(200)
        if how == "missing answers":
            shared[name] = frame.mask(rng.random(frame.shape) < 0.2)
        elif how == "an item lacking":
            shared[name] = frame.drop(columns="x1" if name == "a" else "x2")
        else:
            shared[name] = bcx.SampleMoments(200, None, frame.corr(), scale_free=True)
    found = bcx.Evidence.from_parts(shared)
    with pytest.raises(ModelError, match="x3 runs against the other items"):
        prepare(bcx.parse_model("f =~ x1 + x2 + x3 + x4; y ~ f"), found)
    prepare(bcx.parse_model("f =~ x1 + x2 + upper(0)*x3 + x4; y ~ f"), found)


@pytest.mark.parametrize(
    ("items", "signs", "says"),
    [
        ("x1 + x2 + upper(0)*x3", (1, 1, 1), "x3 runs with the other items (positive"),
        ("x1 + upper(0)*x2", (1, 1), "x2 runs with the other items"),
        ("upper(0)*x1 + x2", (1, 1), "x1 runs with the other items"),
        ("x1 + x2 + x3 + upper(0)*x4 + upper(0)*x5", (1,) * 5, "x4, x5 run with the other items"),
        ("x1 + x2", (1, -1), "x2 runs against the other items"),
        ("x1 + x2 + x3 + x4 + x5", (1, 1, 1, -1, -1), "(f =~ ... + upper(0)*x4 + upper(0)*x5)"),
    ],
)
def test_what_is_declared_must_be_seen(items: str, signs: tuple[int, ...], says: str) -> None:
    with pytest.raises(ModelError) as caught:
        prepare(bcx.parse_model(f"f =~ {items}; y ~ f"), evidence(signs))
    assert says in str(caught.value)


def test_both_mistakes_are_named_at_once() -> None:
    model = bcx.parse_model("f =~ x1 + x2 + x3 + upper(0)*x4 + x5; y ~ f")
    with pytest.raises(ModelError) as caught:
        prepare(model, evidence((1, 1, 1, 1, -1)))
    assert "x5 runs against" in str(caught.value)
    assert "x4 runs with" in str(caught.value)


# ----------------------------------------------------------------------------- direction from a fixed loading


@pytest.mark.parametrize(
    ("text", "identification", "anchors"),
    [
        ("f =~ x1 + x2 + upper(0)*x3", "marker", r"x1 \(1\)"),
        ("f =~ x1 + upper(0)*x3", "marker", r"x1 \(1\)"),
        ("f =~ x2 + 2*x1 + upper(0)*x3", "mean", r"x1 \(2\)"),
        ("f =~ 1*x1 + 0*x2 + upper(0)*x3", "mean", r"x1 \(1\)"),
        ("f =~ x1 + 1.5*x2 + 0.5*x4 + upper(0)*x3", "marker", r"x2 \(1.5\), x4 \(0.5\)"),
    ],
)
def test_beside_a_fixed_loading_a_wrong_declaration_is_refused(text: str, identification: str, anchors: str) -> None:
    with pytest.raises(ModelError, match=f"x3 runs with the factor, .* loading of {anchors} gives") as caught:
        prepare(bcx.parse_model(f"{text}; y ~ f"), evidence((1, 1, 1, 1)), identification=identification)
    assert "where answers were recoded already" in str(caught.value)
    prepare(bcx.parse_model(f"{text}; y ~ f"), evidence((1, 1, -1, 1)), identification=identification)
    without = text.replace("upper(0)*", "")
    for signs in ((1, 1, 1, 1), (1, 1, -1, 1)):
        prepare(bcx.parse_model(f"{without}; y ~ f"), evidence(signs), identification=identification)


def test_a_fixed_loading_below_0_turns_the_factor() -> None:
    model = bcx.parse_model("f =~ -1*x1 + x2 + upper(0)*x3; y ~ f")
    prepare(model, evidence((1, 1, 1)))
    prepare(model, evidence((1, -1, 1)))
    with pytest.raises(ModelError, match=r"x3 runs with the factor, whose .* of x1 \(-1\) gives"):
        prepare(model, evidence((1, 1, -1)))


def test_a_marker_that_the_others_run_against_still_gives_the_direction() -> None:
    fit_for = evidence((-1, 1, 1))
    prepare(bcx.parse_model("f =~ x1 + upper(0)*x2 + upper(0)*x3; y ~ f"), fit_for, identification="marker")
    prepare(bcx.parse_model("f =~ x1 + x2 + upper(0)*x3; y ~ f"), fit_for, identification="marker")


def test_a_factor_of_fixed_variance_runs_with_the_items_that_are_not_declared() -> None:
    model = bcx.parse_model("f =~ x1 + x2 + x4 + upper(0)*x3; f ~~ 1*f; y ~ f")
    for identification in ("mean", "marker"):
        with pytest.raises(ModelError, match="x3 runs with the other items"):
            prepare(model, evidence((1, 1, 1, 1)), identification=identification)
        prepare(model, evidence((1, 1, -1, 1)), identification=identification)
        prepare(model, evidence((1, 1, -1, -1)), identification=identification)
    free = bcx.parse_model("f =~ NA*x1 + x2 + x3; f ~~ 1*f; y ~ f")
    prepare(free, evidence((1, 1, -1)))


def sample(cov: list[list[float]], names: str, n_obs: int) -> bcx.Evidence:
    """One organization of exactly these covariances."""
    variables = names.split()
    frame = pd.DataFrame(cov, index=variables, columns=variables)
    return bcx.Evidence.from_parts({"a": bcx.SampleMoments(n_obs, None, frame)})


@pytest.mark.parametrize("identification", ["mean", "marker"])
def test_correlations_too_weak_to_tell_refuse_nothing(identification: str) -> None:
    model = bcx.parse_model("f =~ x1 + upper(0)*x2; y ~ f")
    cov = [[1, 0.1, 0.3], [0.1, 1, 0.3], [0.3, 0.3, 1]]
    prepare(model, sample(cov, "x1 x2 y", 200), identification=identification)
    with pytest.raises(ModelError, match="x2 runs with"):
        prepare(model, sample(cov, "x1 x2 y", 2000), identification=identification)


def test_a_marker_that_tells_nothing_refuses_nothing() -> None:
    model = bcx.parse_model("f =~ x1 + x2 + upper(0)*x3; y ~ f")
    cov = [[1, 0.01, 0.01, 0], [0.01, 1, 0.6, 0.3], [0.01, 0.6, 1, 0.3], [0, 0.3, 0.3, 1]]
    prepare(model, sample(cov, "x1 x2 x3 y", 500), identification="marker")
    with pytest.raises(ModelError, match="x3 runs with the other items"):
        prepare(model, sample(cov, "x1 x2 x3 y", 500))


# ----------------------------------------------------------------------------- other reasons for correlations


def correlated_factors(by: Mapping[str, tuple[float, float]]) -> bcx.Evidence:
    """Items with these loadings on f and g, which correlate .7."""
    rng = np.random.default_rng(7)
    f = rng.standard_normal(2000)
    g = 0.7 * f + np.sqrt(1 - 0.7**2) * rng.standard_normal(2000)
    items = {name: a * f + b * g + 0.6 * rng.standard_normal(2000) for name, (a, b) in by.items()}
    frame = pd.DataFrame({"organization": np.repeat(["a", "b"], 1000), **items})
    return bcx.Evidence.from_rows(frame, organization="organization")


STRAIGHT = {f"x{i}": (1.0, 0.0) if i < 4 else (0.0, 1.0) for i in range(1, 6)}


def test_the_sign_of_a_cross_loading_is_left_to_the_model() -> None:
    text = "f =~ x1 + x2 + x3 + {}x6; g =~ x4 + x5 + x6"
    found = correlated_factors(STRAIGHT | {"x6": (-0.4, 1.2)})
    prepare(bcx.parse_model(text.format("upper(0)*")), found)
    prepare(bcx.parse_model(text.format("")), found)


def test_items_beside_a_cross_loading_are_still_judged() -> None:
    model = bcx.parse_model("f =~ x1 + x2 + x3 + upper(0)*x6; g =~ x4 + x5 + x6")
    found = correlated_factors(STRAIGHT | {"x3": (-1.0, 0.0), "x6": (-0.4, 1.2)})
    with pytest.raises(ModelError, match="factor 'f': x3 runs against the other items") as caught:
        prepare(model, found)
    assert "x6" not in str(caught.value)


def test_items_whose_residuals_covary_are_judged_by_the_others() -> None:
    cov = [[1, -0.3, 0.25, 0.2], [-0.3, 1, 0.25, 0.2], [0.25, 0.25, 1, 0.2], [0.2, 0.2, 0.2, 1]]
    found = sample(cov, "x1 x2 x3 y", 500)
    prepare(bcx.parse_model("f =~ x1 + x2 + x3; x1 ~~ x2; y ~ f"), found)
    with pytest.raises(ModelError, match="x2 runs against"):
        prepare(bcx.parse_model("f =~ x1 + x2 + x3; y ~ f"), found)
    with pytest.raises(ModelError, match="x3 runs with the other items"):
        prepare(bcx.parse_model("f =~ x1 + x2 + upper(0)*x3; x1 ~~ x2; y ~ f"), found)


# ----------------------------------------------------------------------------- second-order factors

FIRST_ORDER = "f1 =~ x1 + x2 + x3; f2 =~ x4 + x5 + x6; f3 =~ x7 + x8 + x9"


def second_order(signs: tuple[int, ...], items: tuple[int, ...] = (1,) * 9) -> bcx.Evidence:
    """Three factors of a second-order one, each of three items that run with it or not, and an outcome."""
    rng = np.random.default_rng(9)
    frames = []
    for name in ("a", "b"):
        h = rng.standard_normal(400)
        factors = [sign * h + 0.8 * rng.standard_normal(400) for sign in signs]
        rows = {f"x{i + 1}": items[i] * factors[i // 3] + 0.7 * rng.standard_normal(400) for i in range(9)}
        rows |= {"y": 0.6 * h + rng.standard_normal(400), "z": rng.standard_normal(400)}
        frames.append(pd.DataFrame({"organization": name, **rows}))
    return bcx.Evidence.from_rows(pd.concat(frames), organization="organization")


@pytest.mark.parametrize("identification", ["mean", "marker"])
def test_a_factor_that_runs_against_its_second_order_one_is_declared(identification: str) -> None:
    text = f"{FIRST_ORDER}; h =~ f1 + f2 + {{}}f3; y ~ h"
    straight, declared = (bcx.parse_model(text.format(term)) for term in ("", "upper(0)*"))
    prepare(straight, second_order((1, 1, 1)), identification=identification)
    prepare(declared, second_order((1, 1, -1)), identification=identification)
    with pytest.raises(ModelError, match="factor 'h': f3 runs with the") as caught:
        prepare(declared, second_order((1, 1, 1)), identification=identification)
    assert "recoded" not in str(caught.value)
    if identification == "marker":
        prepare(straight, second_order((1, 1, -1)), identification=identification)
        return
    with pytest.raises(ModelError, match="factor 'h': f3 runs against the other factors") as caught:
        prepare(straight, second_order((1, 1, -1)))
    assert "declare that (h =~ ... + upper(0)*f3)" in str(caught.value)
    assert "recode" not in str(caught.value)


def test_factors_are_told_by_their_items_as_declared() -> None:
    """The last factor runs with the others, though all that was asked of it runs against them."""
    found = second_order((1, 1, 1), (1,) * 6 + (-1,) * 3)
    turned = FIRST_ORDER.replace("x7 + x8 + x9", "upper(0)*x7 + upper(0)*x8 + upper(0)*x9")
    prepare(bcx.parse_model(f"{turned}; h =~ f1 + f2 + f3; y ~ h"), found)
    prepare(bcx.parse_model(f"{FIRST_ORDER}; h =~ f1 + f2 + upper(0)*f3; y ~ h"), found)
    with pytest.raises(ModelError, match="factor 'h': f3 runs against"):
        prepare(bcx.parse_model(f"{FIRST_ORDER}; h =~ f1 + f2 + f3; y ~ h"), found)
    with pytest.raises(ModelError, match="factor 'h': f3 runs with"):
        prepare(bcx.parse_model(f"{turned}; h =~ f1 + f2 + upper(0)*f3; y ~ h"), found)


def test_free_items_beside_a_marker_tell_their_factor_by_the_way_they_run() -> None:
    found = second_order((1, 1, 1), (1,) * 7 + (-1, -1))
    text = f"{FIRST_ORDER.replace('x7', '1*x7')}; h =~ f1 + f2 + {{}}f3; y ~ h"
    prepare(bcx.parse_model(text.format("")), found)
    with pytest.raises(ModelError, match="factor 'h': f3 runs with"):
        prepare(bcx.parse_model(text.format("upper(0)*")), found)


def test_only_the_item_is_named_where_an_item_and_not_its_factor_is_wrong() -> None:
    with pytest.raises(ModelError, match="factor 'f3': x9 runs against") as caught:
        prepare(bcx.parse_model(f"{FIRST_ORDER}; h =~ f1 + f2 + f3; y ~ h"), second_order((1, 1, 1), (1,) * 8 + (-1,)))
    assert "factor 'h'" not in str(caught.value)


def test_factors_of_factors_and_items_beside_factors_are_judged() -> None:
    model = bcx.parse_model(f"{FIRST_ORDER}; h =~ f1 + f2; top =~ h + f3 + y")
    prepare(model, second_order((1, 1, 1)))
    with pytest.raises(ModelError, match="factor 'top': f3 runs against"):
        prepare(model, second_order((1, 1, -1)))


@pytest.mark.parametrize("other", ["f3 ~ z", "f3 ~ f1", "f1 ~~ f3; f2 ~~ f3"])
def test_factors_with_other_reasons_to_correlate_are_left_out(other: str) -> None:
    model = bcx.parse_model(f"{FIRST_ORDER}; h =~ f1 + f2 + f3; y ~ h; {other}")
    assert_unjudged(model, second_order((1, 1, -1)))


def assert_unjudged(model: bcx.PathModel, found: bcx.Evidence) -> None:
    """Whatever else may be refused in it, no direction is."""
    matched = found.matched(model.observed)
    check_directions(Layout.of(model), matched.n_obs, matched.cov)


# ----------------------------------------------------------------------------- no unit from what is reversed


@pytest.mark.parametrize(
    ("text", "identification", "works"),
    [
        ("f =~ upper(0)*x1 + x2 + x3; y ~ f", "marker", "write x2 first, or let loadings average 1"),
        ("f =~ upper(0)*x1 + upper(0)*x2; y ~ f", "marker", "recode it"),
        ("f =~ upper(0)*x1; y ~ f", "mean", "recode it"),
    ],
)
def test_a_reversed_item_gives_no_unit(text: str, identification: str, works: str) -> None:
    with pytest.raises(ModelError, match=r"is 1 by convention, but upper\(0\) declares x1 reversed") as caught:
        prepare(bcx.parse_model(text), evidence((-1, 1, 1)), identification=identification)
    assert works in str(caught.value)


# ----------------------------------------------------------------------------- as good as recoded


def rows() -> pd.DataFrame:
    """Two factors and an outcome in three organizations, nothing reversed."""
    model = bcx.parse_model(PLAIN)
    study = bcx.simulate(model, organizations=3, n_obs=120, random_seed=4)
    return multiplied(study.rows, {name: 1.0 + i for i, name in enumerate(model.observed)})


def multiplied(frame: pd.DataFrame, by: Mapping[str, float]) -> pd.DataFrame:
    return frame.assign(**{name: factor * frame[name] for name, factor in by.items()})


def parts(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): part.drop(columns="organization") for name, part in frame.groupby("organization")}


def complete(frame: pd.DataFrame) -> bcx.Evidence:
    return bcx.Evidence.from_parts(parts(frame))


def incomplete(frame: pd.DataFrame) -> bcx.Evidence:
    """One organization's answers are missing here and there."""
    shared = parts(frame)
    shared["org_02"] = shared["org_02"].mask(np.random.default_rng(1).random(shared["org_02"].shape) < 0.1)
    return bcx.Evidence.from_parts(shared)


def without_scale(frame: pd.DataFrame) -> bcx.Evidence:
    """One organization shared correlations alone."""
    shared = parts(frame)
    correlations = shared["org_03"].corr()
    return bcx.Evidence.from_parts(shared | {"org_03": bcx.SampleMoments(120, None, correlations, scale_free=True)})


def turned(frame: pd.DataFrame) -> pd.DataFrame:
    return multiplied(frame, dict.fromkeys(REVERSED, -1.0))


CHOICES: list[Mapping[str, Any]] = [
    {},
    {"pooling": {"loadings": "partial"}},
    {"pooling": {"loadings": "none"}, "identification": "marker"},
    {"scale": False},
]


@pytest.mark.parametrize("choice", CHOICES, ids=str)
@pytest.mark.parametrize("shared", [complete, incomplete, without_scale])
def test_density_and_start_are_those_of_recoded_items(shared: Any, choice: Mapping[str, Any]) -> None:
    found = []
    for text, frame in ((PLAIN, rows()), (DECLARED, turned(rows()))):
        at = prepare(bcx.parse_model(text), shared(frame), bcx.Priors(), **choice)
        start = find_start(Arrays.of(at.layout, at.sample, at.priors))
        points = 0.5 * np.random.default_rng(2).standard_normal((3, start.arrays.n_dim))
        densities = [log_density(x, start.arrays.records) for x in points]
        found.append((start.estimate, start.centre, *(d for pair in densities for d in pair)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_draws_are_those_of_recoded_items() -> None:
    settings: dict[str, Any] = {"draws": 20, "tune": 100, "chains": 2, "random_seed": 1, "progressbar": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        plain = bcx.fit(bcx.parse_model(PLAIN), complete(rows()), **settings)
        declared = bcx.fit(bcx.parse_model(DECLARED), complete(turned(rows())), **settings)
    assert declared.scale == plain.scale
    for name, array in plain.posterior.data_vars.items():
        np.testing.assert_allclose(declared.posterior[name].values, array.values, rtol=0, atol=1e-9)


def test_a_prior_by_name_is_that_of_the_loading_without_its_sign() -> None:
    named = bcx.Priors().replace({"f=~x3": bcx.Prior("Normal", mu=0.8, sigma=0.1)})
    cases = [(PLAIN, rows(), named), (DECLARED, turned(rows()), named), (DECLARED, turned(rows()), bcx.Priors())]
    values = []
    for text, frame, priors in cases:
        at = prepare(bcx.parse_model(text), complete(frame), priors)
        arrays = Arrays.of(at.layout, at.sample, at.priors)
        values.append(log_density(np.zeros(arrays.n_dim), arrays.records)[0])
    assert values[1] == pytest.approx(values[0], abs=1e-9)
    assert values[1] != pytest.approx(values[2], abs=1e-3)


def test_log_likelihood_takes_loadings_in_the_data_s_signs() -> None:
    names = ("f=~x2", "f=~x3", "g=~x5", "g~f", "y~g", "y~f", "f~~f", "g~~g", "y~~y")
    plain = dict.fromkeys(names, 0.8) | {f"x{i}~~x{i}": 0.5 * i**2 for i in range(1, 7)} | {"x3~1": 0.4, "x1~1": 0.2}
    declared = plain | {"f=~x3": -0.8, "g=~x5": -0.8, "x3~1": -0.4}
    for shared in (complete, incomplete):
        expected = bcx.log_likelihood(bcx.parse_model(PLAIN), shared(rows()), plain)
        found = bcx.log_likelihood(bcx.parse_model(DECLARED), shared(turned(rows())), declared)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_log_likelihood_has_no_default_for_a_reversed_first_loading() -> None:
    model = bcx.parse_model("f =~ upper(0)*x1 + x2 + x3; y ~ f")
    values = {"f=~x2": 1, "f=~x3": 1, "y~f": 0.5, "f~~f": 1, "y~~y": 1} | {f"x{i}~~x{i}": 0.4 for i in (1, 2, 3)}
    with pytest.raises(ModelError, match="no value for f=~x1"):
        bcx.log_likelihood(model, evidence((-1, 1, 1)), values)
    bcx.log_likelihood(model, evidence((-1, 1, 1)), values | {"f=~x1": -1})
