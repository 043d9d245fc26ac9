"""`log_likelihood` equals lavaan's, at its estimates and away from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.evidence import Evidence, SampleMoments
from bayescx.model.likelihood import log_likelihood
from bayescx.spec import parse_model

FACTS = json.loads(Path(__file__).with_name("lavaan_facts.json").read_text(encoding="utf-8"))
ONE_SAMPLE = ("cfa", "cfa_means", "sem", "political_democracy")
BY_SCHOOL = ("configural", "metric", "scalar")


def sample(name: str) -> SampleMoments:
    facts = FACTS["moments"][name]
    names = facts["variables"]
    cov = np.zeros((len(names), len(names)))
    for i, row in enumerate(facts["cov"]):
        cov[i, : i + 1] = cov[: i + 1, i] = row
    mean = pd.Series(facts["mean"], index=names)
    return SampleMoments(facts["n_obs"], mean, pd.DataFrame(cov, index=names, columns=names))


def evidence_on(*names: str) -> Evidence:
    return Evidence.from_moments({name: sample(name) for name in names})


def assert_equal_to_lavaan(fit: dict[str, Any], values: dict[str, Any]) -> None:
    expected = fit["log_likelihood"]
    found = log_likelihood(parse_model(fit["model"]), evidence_on(*expected), values)
    assert found.dims == ("organization",)
    assert list(found["organization"].values) == list(expected)
    np.testing.assert_allclose(found.values, list(expected.values()), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ONE_SAMPLE)
def test_at_the_maximum(name: str) -> None:
    fit = FACTS["fits"][name]
    (values,) = fit["values"].values()
    assert_equal_to_lavaan(fit, values)


@pytest.mark.parametrize("name", BY_SCHOOL)
def test_by_school(name: str) -> None:
    fit = FACTS["fits"][name]
    assert_equal_to_lavaan(fit, fit["values"])


@pytest.mark.parametrize("point", range(len(FACTS["points"])))
def test_away_from_the_maximum(point: int) -> None:
    facts = FACTS["points"][point]
    model = parse_model(FACTS["fits"]["cfa"]["model"])
    found = log_likelihood(model, evidence_on("holzinger_swineford"), facts["values"])
    assert found.item() == pytest.approx(facts["log_likelihood"], rel=0, abs=1e-6)


def test_intercepts_left_out_are_saturated() -> None:
    fit = FACTS["fits"]["cfa_means"]
    values = fit["values"]["holzinger_swineford"]
    assert_equal_to_lavaan(fit, {name: value for name, value in values.items() if not name.endswith("~1")})
    assert_equal_to_lavaan(fit, {name: value for name, value in values.items() if name not in ("x2~1", "x7~1")})


def test_paths_by_label() -> None:
    fit = FACTS["fits"]["sem"]
    values = dict(fit["values"]["holzinger_swineford"])
    for label, name in {"a": "speed~visual", "b": "speed~textual", "c": "textual~visual"}.items():
        values[label] = values.pop(name)
    assert_equal_to_lavaan(fit, values)


def test_the_order_of_columns_does_not_matter() -> None:
    fit = FACTS["fits"]["political_democracy"]
    (values,) = fit["values"].values()
    whole = sample("political_democracy")
    turned = Evidence.from_moments({"all": whole.select(whole.variables[::-1])})
    found = log_likelihood(parse_model(fit["model"]), turned, values)
    assert found.item() == pytest.approx(fit["log_likelihood"]["political_democracy"], rel=0, abs=1e-6)
