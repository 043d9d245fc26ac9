"""Priors are what PyMC's names and parameters say, and refuse what they are not."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from scipy import stats

from bayescx.errors import PriorError
from bayescx.priors import Prior, Priors

# name -> parameters, scipy's distribution
FAMILIES: dict[str, tuple[dict[str, float], Any]] = {
    "Normal": ({"mu": 0.3, "sigma": 2.0}, stats.norm(0.3, 2.0)),
    "StudentT": ({"nu": 4.0, "mu": -1.0, "sigma": 0.5}, stats.t(4.0, -1.0, 0.5)),
    "Cauchy": ({"alpha": -0.5, "beta": 0.7}, stats.cauchy(-0.5, 0.7)),
    "Laplace": ({"mu": 1.0, "b": 0.4}, stats.laplace(1.0, 0.4)),
    "Logistic": ({"mu": 1.0, "s": 0.4}, stats.logistic(1.0, 0.4)),
    "HalfNormal": ({"sigma": 0.5}, stats.halfnorm(0, 0.5)),
    "HalfStudentT": ({"nu": 3.0, "sigma": 0.5}, stats.foldcauchy(0)),  # checked by its quantiles below
    "HalfCauchy": ({"beta": 0.7}, stats.halfcauchy(0, 0.7)),
    "Exponential": ({"lam": 4.0}, stats.expon(0, 0.25)),
    "Gamma": ({"alpha": 2.0, "beta": 5.0}, stats.gamma(2.0, 0, 0.2)),
    "InverseGamma": ({"alpha": 3.0, "beta": 2.0}, stats.invgamma(3.0, 0, 2.0)),
    "LogNormal": ({"mu": -0.5, "sigma": 0.8}, stats.lognorm(0.8, 0, np.exp(-0.5))),
}
POSITIVE = {"HalfNormal", "HalfStudentT", "HalfCauchy", "Exponential", "Gamma", "InverseGamma", "LogNormal"}


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_follow_the_distribution(name: str) -> None:
    parameters, distribution = FAMILIES[name]
    drawn = Prior(name, **parameters).sample(np.random.default_rng(1), 4000)
    if name == "HalfStudentT":
        quantile = stats.t(parameters["nu"], 0, parameters["sigma"]).cdf(drawn) * 2 - 1
    else:
        quantile = distribution.cdf(drawn)
    assert stats.kstest(quantile, "uniform").pvalue > 1e-3
    assert (drawn > 0).all() == (name in POSITIVE)


@pytest.mark.parametrize("name", FAMILIES)
def test_only_priors_of_positive_values_say_so(name: str) -> None:
    assert Prior(name, **FAMILIES[name][0]).positive == (name in POSITIVE)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_prior_survives_json_pickle_and_copy(name: str) -> None:
    prior = Prior(name, **FAMILIES[name][0])
    fields = json.loads(json.dumps(prior.to_dict()))
    assert fields == {"name": name, **FAMILIES[name][0]}
    again = Prior(fields.pop("name"), **fields)
    for other in (again, pickle.loads(pickle.dumps(prior)), copy.deepcopy(prior)):  # noqa: S301  (our own bytes)
        assert other == prior
        assert hash(other) == hash(prior)
    assert eval(repr(prior)) == prior  # noqa: S307  (a repr of ours)


def test_shapes_and_reproducible_draws() -> None:
    prior = Prior("Normal")
    assert prior.sample(np.random.default_rng(1)).shape == ()
    assert prior.sample(np.random.default_rng(1), (2, 3)).shape == (2, 3)
    np.testing.assert_array_equal(prior.sample(np.random.default_rng(1), 5), prior.sample(np.random.default_rng(1), 5))


def test_defaults_are_those_of_pymc() -> None:
    assert Prior("Normal").parameters == {"mu": 0.0, "sigma": 1.0}
    assert Prior("HalfNormal").parameters == {"sigma": 1.0}
    assert Prior("StudentT", nu=3).parameters == {"nu": 3.0, "mu": 0.0, "sigma": 1.0}


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("Norml", {}, "unknown prior distribution 'Norml'; did you mean 'Normal'"),
        ("Uniform", {"lower": 0.0}, "unknown prior distribution 'Uniform'"),
        ("Normal", {"sd": 1.0}, "Normal has no parameter 'sd'; it takes mu, sigma"),
        ("Normal", {"sigma": 0.0}, "sigma must be positive, found 0"),
        ("Normal", {"sigma": -1.0}, "sigma must be positive, found -1"),
        ("Normal", {"mu": float("nan")}, "mu must be a finite number, found nan"),
        ("Normal", {"mu": float("inf")}, "mu must be a finite number, found inf"),
        ("Normal", {"mu": "0"}, "mu must be a finite number, found '0'"),
        ("Normal", {"mu": True}, "mu must be a finite number, found True"),
        ("Normal", {"mu": None}, "mu must be a finite number, found None"),
        ("StudentT", {}, "StudentT needs nu"),
        ("Gamma", {"alpha": -1.0, "beta": 1.0}, "alpha must be positive"),
        ("Gamma", {}, "Gamma needs alpha and beta"),
        ("HalfCauchy", {}, "HalfCauchy needs beta"),
    ],
)
def test_what_is_no_prior_is_refused(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(PriorError, match=message):
        Prior(name, **parameters)


def test_the_centre_of_a_cauchy_may_be_negative() -> None:
    assert Prior("Cauchy", alpha=-2, beta=1).parameters["alpha"] == -2


def test_a_prior_never_changes() -> None:
    prior = Prior("Normal")
    with pytest.raises(AttributeError, match="never changes"):
        prior.name = "Cauchy"
    with pytest.raises(TypeError):
        prior.parameters["sigma"] = -1.0  # type: ignore[index]
    assert prior == Prior("Normal", mu=0, sigma=1)


def test_priors_differ_by_name_and_numbers() -> None:
    assert Prior("Normal") != Prior("Logistic")
    assert Prior("Normal") != Prior("Normal", sigma=2)
    assert Prior("Normal") != "Normal"


# ------------------------------------------------------------------------------------------------ Priors


def test_documented_defaults() -> None:
    priors = Priors()
    assert priors.path_mean == Prior("Normal", mu=0, sigma=1)
    assert priors.path_sd == Prior("HalfNormal", sigma=0.2)
    assert priors.residual_sd == priors.exogenous_sd == Prior("HalfNormal", sigma=0.3)
    assert priors.correlation_sd == Prior("HalfNormal", sigma=0.2)
    assert priors.overrides == {}


def test_replace_changes_a_copy_by_field_or_by_parameter() -> None:
    before = Priors()
    one, two, three = Prior("Normal", sigma=3), Prior("HalfCauchy", beta=1), Prior("Cauchy", beta=2)
    after = before.replace({"loyalty ~ trust": one, "path_sd": two, "f=~x1": three}, loading=one)
    assert after.overrides == {"loyalty~trust": one, "f=~x1": three}
    assert (after.path_sd, after.loading) == (two, one)
    assert after.path_mean == before.path_mean
    assert before == Priors()


def test_replace_adds_to_what_was_replaced_before() -> None:
    one, two = Prior("Normal", sigma=3), Prior("Normal", sigma=4)
    twice = Priors().replace({"a~b": one, "c~b": one}).replace({"c~b": two})
    assert twice.overrides == {"a~b": one, "c~b": two}


@pytest.mark.parametrize("by_name", [True, False])
def test_unknown_fields_are_named(by_name: bool) -> None:
    with pytest.raises(PriorError, match="no prior named 'path_men'; did you mean 'path_mean'"):
        Priors().replace({"path_men": Prior("Normal")}) if by_name else Priors().replace(path_men=Prior("Normal"))


@pytest.mark.parametrize("field", ["path_sd", "residual_sd", "exogenous_sd", "correlation_sd"])
def test_standard_deviations_need_a_positive_distribution(field: str) -> None:
    with pytest.raises(PriorError, match=f"{field} is the prior of a standard deviation"):
        Priors(**{field: Prior("Normal")})
    with pytest.raises(PriorError, match=f"{field} is the prior of a standard deviation"):
        Priors().replace(**{field: Prior("Normal")})


def test_what_is_not_a_prior_is_refused() -> None:
    with pytest.raises(PriorError, match="path_mean must be a Prior"):
        Priors(path_mean=0.5)  # type: ignore[arg-type]
    with pytest.raises(PriorError, match="the prior of 'a~b' must be a Prior"):
        Priors().replace({"a~b": 0.5})  # type: ignore[dict-item]


def test_priors_survive_json() -> None:
    priors = Priors(path_sd=Prior("HalfStudentT", nu=3, sigma=0.1)).replace({"a~b": Prior("Normal", mu=0.1 + 0.2)})
    assert Priors.from_dict(json.loads(json.dumps(priors.to_dict()))) == priors
