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
from bayescx.model.prepare import prepare
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
    shared = {}
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
