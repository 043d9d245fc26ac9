"""What follows when constructs are moved, and := definitions, equation by equation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from tests.estimands.brute import TARGETS, World, answer, fit_of

TIGHT = {"rtol": 1e-9, "atol": 1e-12}
UNITS = pytest.mark.parametrize("standardized", [False, True], ids=["raw", "standardized"])
TARGET = pytest.mark.parametrize("target", TARGETS)

KNOBS = [
    ("two correlated causes", {"x1": 1.5}),
    ("two correlated causes", {"x1": -2.0, "x2": 0.3}),
    ("two correlated causes", {"x1": 1.0, "m": 0.5}),  # x1 drives m: m moves by 0.5 all the same
    ("two correlated causes", {"m": 0.5, "x1": 1.0}),
    ("two correlated causes", {"y": 3.0}),
    ("residual covariances", {"m1": 1.0, "m2": -1.0}),
    ("factors, marker", {"f": 1.0}),
    ("second order", {"s": 1.0, "g": 0.0}),
    ("observed, latent and a single indicator", {"z": 1.0, "f": 1.0}),
    ("paths shared", {"x2": 1.0}),
]


@UNITS
@TARGET
@pytest.mark.parametrize(("name", "changes"), KNOBS)
def test_what_if_is_surgery_on_the_equations(
    name: str, changes: dict[str, float], target: str, standardized: bool
) -> None:
    found = bcx.what_if(fit_of(name), changes, target, standardized=standardized)
    outcomes = found["outcome"].values.tolist()

    def by_hand(world: World) -> list[float]:
        size = {knob: world.sd(knob) if standardized else 1.0 for knob in outcomes}
        moved = world.moved({knob: amount * size[knob] for knob, amount in changes.items()})
        return [moved[outcome] / size[outcome] for outcome in outcomes]

    np.testing.assert_allclose(found.values, answer(name, target, by_hand), **TIGHT)


@TARGET
def test_one_knob_is_the_total_effect(target: str) -> None:
    fit = fit_of("two correlated causes")
    moved = bcx.what_if(fit, {"x1": 2.5}, target).sel(outcome=["m", "y"])
    total = bcx.total_effects(fit, target, standardized=False).sel(cause="x1", outcome=["m", "y"])
    np.testing.assert_allclose(moved.values, 2.5 * total.values, **TIGHT)


def test_a_knob_moves_by_what_was_asked_and_other_causes_stay() -> None:
    found = bcx.what_if(fit_of("two correlated causes"), {"x1": 1.5}, "average")
    np.testing.assert_allclose(found.sel(outcome="x1").values, 1.5)
    np.testing.assert_allclose(found.sel(outcome="x2").values, 0.0, atol=1e-12)


def test_what_if_says_what_it_is(example_fit: bcx.Fit) -> None:
    found = bcx.what_if(example_fit, {"satisfaction": 1.0, "trust": -0.5}, "average")
    assert found.dims == ("chain", "draw", "outcome")
    assert found.attrs["units"] == "data units"
    assert found.attrs["long_name"] == "change after satisfaction +1, trust -0.5"
    assert bcx.what_if(example_fit, {"trust": 1.0}, standardized=True).attrs["units"] == "SD"


def test_what_if_refuses_what_it_cannot_do(example_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="no construct 'trst'; did you mean 'trust'"):
        bcx.what_if(example_fit, {"trst": 1.0})
    with pytest.raises(FitError, match="'trust' must be a finite number, found nan"):
        bcx.what_if(example_fit, {"trust": float("nan")})
    with pytest.raises(FitError, match="changes is empty"):
        bcx.what_if(example_fit, {})


def labelled_example(world: World, *, standardized: bool) -> list[float]:
    def ratio(cause: str, outcome: str) -> float:
        return world.ratio(cause, outcome, standardized=standardized)

    a = world.path["trust", "satisfaction"] * ratio("satisfaction", "trust")
    b = world.path["trust", "image"] * ratio("image", "trust")
    c = world.path["loyalty", "trust"] * ratio("trust", "loyalty")
    v = world.psi["trust", "trust"] / (world.covariance("trust", "trust") if standardized else 1.0)
    r = world.psi["satisfaction", "image"]
    if standardized:
        r /= world.sd("satisfaction") * world.sd("image")
    through = a * c
    everything = through + a
    odd = -np.sqrt(abs(everything)) / (1 + b**2) + np.log(v) - np.exp(r / 100) + 2
    return [through, everything, odd]


def labelled_factors(world: World, *, standardized: bool) -> list[float]:
    def ratio(cause: str, outcome: str) -> float:
        return world.ratio(cause, outcome, standardized=standardized)

    p = world.path["g", "f"] * ratio("f", "g")
    q = world.path["h", "g"] * ratio("g", "h")
    loading, e, w = world.loading["x2", "f"], world.theta["x5", "x5"], world.psi["g", "g"]
    if standardized:
        loading *= world.sd("f") / np.sqrt(world.item_variance("x2"))
        e /= world.item_variance("x5")
        w /= world.covariance("g", "g")
    through = p * q
    return [through, through**2 - loading / (1 + e) + w]


def residual_covariance(world: World, *, standardized: bool) -> list[float]:
    """Standardized: the correlation of the two residuals."""
    k = world.psi["m1", "m2"]
    return [k / np.sqrt(world.psi["m1", "m1"] * world.psi["m2", "m2"]) if standardized else k]


def item_covariance(world: World, *, standardized: bool) -> list[float]:
    k = world.theta["x1", "x4"]
    return [k / np.sqrt(world.theta["x1", "x1"] * world.theta["x4", "x4"]) if standardized else k]


def second_order(world: World, *, standardized: bool) -> list[float]:
    b = world.path["y", "s"] * world.ratio("s", "y", standardized=standardized)
    return [b * world.path["g", "s"] * world.ratio("s", "g", standardized=standardized)]


@UNITS
@TARGET
@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("labels, a fixed path, definitions", labelled_example),
        ("factors", labelled_factors),
        ("factors, marker", labelled_factors),
        ("residual covariances", residual_covariance),
        ("items that covary", item_covariance),
        ("second order", second_order),
        ("second order, marker", second_order),
    ],
)
def test_definitions(name: str, by_hand: Callable[..., list[float]], target: str, standardized: bool) -> None:
    found = bcx.defined_parameters(fit_of(name), target, standardized=standardized)
    assert found["definition"].values.tolist() == [d.name for d in fit_of(name).model.definitions]
    expected = answer(name, target, lambda world: by_hand(world, standardized=standardized))
    np.testing.assert_allclose(found.values, expected, **TIGHT)


def test_equal_labels_are_equal_in_the_data_s_units() -> None:
    fit = fit_of("labels, a fixed path, definitions")
    raw = bcx.direct_effects(fit, standardized=False)
    np.testing.assert_allclose(
        raw.sel(path="trust~satisfaction").values, raw.sel(path="loyalty~satisfaction").values, **TIGHT
    )
    np.testing.assert_allclose(raw.sel(path="loyalty~image").values, 0.4, **TIGHT)
    assert "loyalty~satisfaction" not in fit.posterior["path"].values


def test_definitions_of_the_example(example_fit: bcx.Fit) -> None:
    found = bcx.defined_parameters(example_fit, "typical").sel(definition="mediated")
    indirect = bcx.indirect_effects(example_fit, "typical", standardized=False)
    np.testing.assert_allclose(found.values, indirect.sel(cause="satisfaction", outcome="loyalty").values, **TIGHT)


def test_a_model_without_definitions_is_refused() -> None:
    with pytest.raises(FitError, match="defines no quantity with :="):
        bcx.defined_parameters(fit_of("two correlated causes"))
