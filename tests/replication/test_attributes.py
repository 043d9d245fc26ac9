"""Replications of a fit whose paths depend on attributes of organizations."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

import bayescx as bcx
from bayescx.replication.tables import read_tables

STATED = {
    "north": {"head count": 1200.5, "kind": '"goods"'},
    "south": {"head count": 90, "kind": "services"},
    "east": {"head count": 400, "kind": '"goods"'},
    "west": {"head count": 10, "kind": "services"},
    "<b>new</b>": {"head count": 7, "kind": "services"},
}


@pytest.fixture(scope="module")
def fit(example_rows: pd.DataFrame) -> bcx.Fit:
    evidence = bcx.Evidence.from_rows(example_rows, organization="organization", n_planned=6, attributes=STATED)
    model = bcx.parse_model('trust ~ pool(satisfaction, `head count`, category(kind, services, `"goods"`))')
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(model, evidence, draws=50, tune=200, chains=2, random_seed=1, progressbar=False)


@pytest.fixture(scope="module")
def folder(fit: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bcx.write_replication(fit, tmp_path_factory.mktemp("attributes") / "folder")


def test_attributes_lead_back_to_the_same_evidence(fit: bcx.Fit, folder: Path) -> None:
    model = bcx.read_model(folder / "model.lavaan")
    again = bcx.read_evidence(folder / "evidence.toml").matched(model.observed, model.coded, model.attributes)
    assert again.attributes == fit.evidence.attributes
    assert again.fingerprint == fit.evidence.fingerprint
    assert tomllib.loads((folder / "evidence.toml").read_text(encoding="utf-8"))["attributes"] == STATED


def test_the_readme_says_what_paths_depend_on(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "which file holds the moments of each, and their attributes" in text
    shown = "head count, kind; known too of &lt;b&gt;new&lt;/b&gt;, without data in this fit."
    assert f"Attributes of organizations that paths depend on (in `evidence.toml`): {shown}" in text


def test_what_attributes_do_is_among_the_tables(fit: bcx.Fit, folder: Path) -> None:
    table = read_tables(folder / "summary")["parameters"]
    found = table[table["variable"] == "moderation"]
    assert len(found) == 2
    means = fit.posterior["moderation"].mean(("chain", "draw"))
    assert dict(zip(found["parameter"], found["mean"], strict=True)) == pytest.approx(
        dict(zip(means["moderator"].values, means.values, strict=True))
    )
