"""Incomplete answers: `log_likelihood` and the estimates without a model equal lavaan's (missing = "ml").

The answers themselves are not part of the project: name a folder that holds them (hs1939_missing10.csv, columns x1 to
x9) in the environment variable BAYESCX_REFERENCE_DATA to run this. What needs no foreign data, the sum over respondents
one by one, is in tests/model/test_likelihood_missing.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescx.evidence import Evidence
from bayescx.model.likelihood import log_likelihood
from bayescx.model.likelihood_missing import pattern_log_likelihood
from bayescx.spec import parse_model

FACTS = json.loads(Path(__file__).with_name("lavaan_facts.json").read_text(encoding="utf-8"))["missing"]
FILE = Path(os.environ.get("BAYESCX_REFERENCE_DATA", "no folder named")) / "hs1939_missing10.csv"
MODEL = parse_model(FACTS["model"])

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="BAYESCX_REFERENCE_DATA names no folder with the answers")


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence.from_rows(pd.read_csv(FILE).assign(sample="all"), organization="sample")


def test_patterns_are_those_of_lavaan(evidence: Evidence) -> None:
    matched = evidence.matched(MODEL.observed)
    assert matched.n_obs.tolist() == [FACTS["n_obs"]]
    assert len(matched.patterns["all"]) == FACTS["n_patterns"]


def test_at_the_maximum(evidence: Evidence) -> None:
    found = log_likelihood(MODEL, evidence, FACTS["values"])
    assert found.item() == pytest.approx(FACTS["log_likelihood"], rel=0, abs=1e-5)


def test_intercepts_left_out_are_saturated(evidence: Evidence) -> None:
    values = {name: value for name, value in FACTS["values"].items() if not name.endswith("~1")}
    assert log_likelihood(MODEL, evidence, values).item() == pytest.approx(FACTS["log_likelihood"], rel=0, abs=1e-5)


def test_estimates_without_a_model(evidence: Evidence) -> None:
    matched = evidence.matched(MODEL.observed)
    n_obs = FACTS["n_obs"]
    maximum = matched.cov[0] * (n_obs - 1) / n_obs
    found = pattern_log_likelihood(matched.patterns["all"], maximum, matched.mean[0], np.zeros((9, 0)))
    assert found == pytest.approx(FACTS["unrestricted_log_likelihood"], rel=0, abs=1e-6)
