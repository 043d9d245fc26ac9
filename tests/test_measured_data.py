"""The shipped measured models and their simulated studies: made by the program beside them, with the stated values."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.evidence.readers import read_moments

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"
MODELS = ("drivers", "contact_center_quality", "drivers_to_loyalty")
ATTENTION_AND_SOLVING = {
    ("individual_attention=~individual_attention_3", 0.55): {"org_03", "org_07"},
    ("problem_solving=~problem_solving_4", 1.5): {"org_03", "org_08"},
}
DRIFTS = {
    "drivers": ATTENTION_AND_SOLVING,
    "contact_center_quality": {
        ("empathy=~empathy_2", 0.55): {"org_02", "org_06"},
        ("customer_focus=~customer_focus_3", 1.5): {"org_06", "org_09"},
    },
    "drivers_to_loyalty": ATTENTION_AND_SOLVING,
}
DIMENSIONS = (
    "reliability", "empathy", "customer_knowledge", "customer_focus", "waiting_cost", "voice_response", "accessibility",
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the program writes now, rows included."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["make_measured.py", str(folder), "--rows"])
        runpy.run_path(str(DATA / "make_measured.py"), run_name="__main__")
    return folder


def study(model: str) -> str:
    return f"{model}_ten_organizations"


def truth(model: str, kind: str) -> pd.DataFrame:
    """Organizations in rows, parameters in columns; the first row is the typical one."""
    table = bcx.load_truth(study(model)).query("kind == @kind")
    wide = table.pivot_table(index="organization", columns="parameter", values="value")
    return wide.loc[["typical", *sorted(wide.index.drop("typical"))]]


def paths(model: str, outcome: str) -> pd.Series[float]:
    """Standardized paths of the typical organization into an outcome, by cause."""
    every = truth(model, "standardized_path").loc["typical"]
    return every[every.index.str.startswith(f"{outcome}~")].rename(lambda name: name.split("~")[1])


# --------------------------------------------------------------------------------------------- models


def test_all_eight_factors_lead_to_satisfaction_and_seven_to_trust_in_problem_solving() -> None:
    model = bcx.load_model("drivers")
    factors = {"individual_attention", "problem_solving", *(f"factor_{number}" for number in range(3, 9))}
    assert set(model.predictors("satisfaction_cs")) == factors
    assert set(model.predictors("problem_solving")) == factors - {"problem_solving"}
    counts = pd.Series([row.lhs for row in model.loadings]).value_counts()
    assert {counts["individual_attention"], counts["problem_solving"]} == {5}
    assert {counts[name] for name in factors if name.startswith("factor_")} == {4}
    assert model.in_words("problem_solving") == "trust in problem-solving capacity"
    assert model.in_words("individual_attention_3") == "the employee could step into my shoes"


def test_quality_reaches_loyalty_only_through_satisfaction_trust_and_connection() -> None:
    model = bcx.load_model("contact_center_quality")
    mediators = ("satisfaction_company", "trust_company", "connection_company")
    assert set(model.predictors("loyalty")) == set(mediators)
    for outcome in mediators:
        assert set(DIMENSIONS) <= set(model.predictors(outcome))
    assert "trust_company" in model.predictors("connection_company")
    assert model.exogenous == DIMENSIONS


def test_the_long_model_is_the_two_that_it_joins() -> None:
    joined, drivers, value = map(bcx.load_model, ("drivers_to_loyalty", "drivers", "value_creation_latent"))
    for part in ("paths", "loadings"):
        both = {row.name for model in (drivers, value) for row in getattr(model, part)}
        assert {row.name for row in getattr(joined, part)} == both
    assert {joined.in_words(name) for name in joined.constructs} == {
        model.in_words(name) for model in (drivers, value) for name in model.constructs
    }


def test_the_second_order_alternative_in_the_comment_is_a_model() -> None:
    text = (ROOT / "models" / "contact_center_quality.lavaan").read_text(encoding="utf-8")
    comment = text[text.index("# The second-order alternative") : text.index("# What sentences")]
    lines = re.findall(r"^#   (.*)$", comment, re.MULTILINE)
    start, end = text.index("satisfaction_company ~"), text.index("loyalty ~")
    model = bcx.parse_model("\n".join([text[:start], *lines, text[end:]]))
    assert model.exogenous == ("quality",)
    assert {row.rhs for row in model.loadings if row.lhs == "quality"} == set(DIMENSIONS)
    assert bcx.load_evidence(study("contact_center_quality")).problems(model.observed) == ()


# ------------------------------------------------------------------------------------------- evidence


@pytest.mark.parametrize("model", MODELS)
def test_evidence_fits_its_model_and_is_called_simulated(model: str) -> None:
    evidence = bcx.load_evidence(study(model))
    observed = bcx.load_model(model).observed
    assert evidence.problems(observed) == ()
    matched = evidence.matched(observed)
    assert evidence.simulated
    assert len(matched.organizations) == matched.n_planned == 10
    assert set(matched.n_obs) == {500}
    assert "**Simulated data.**" in (DATA / study(model) / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MODELS)
def test_the_program_makes_the_same_files(model: str, made: Path) -> None:
    shipped, again = DATA / study(model), made / study(model)
    assert (shipped / "evidence.toml").read_text() == (again / "evidence.toml").read_text()
    for file in sorted(shipped.glob("*.json")):
        ours, theirs = (read_moments(folder / file.name) for folder in (shipped, again))
        assert ours.mean is not None
        assert theirs.mean is not None
        # a last digit may be rounded the other way where the linear algebra differs
        pd.testing.assert_frame_equal(ours.cov, theirs.cov, rtol=0, atol=1.1e-4)
        pd.testing.assert_series_equal(ours.mean, theirs.mean, rtol=0, atol=1.1e-4)
    known, found = (pd.read_csv(folder / "truth.csv") for folder in (shipped, again))
    pd.testing.assert_frame_equal(known, found, rtol=0, atol=1.1e-6)


def test_rows_have_the_moments_that_ship(made: Path) -> None:
    name = study("drivers")
    rows = pd.read_csv(made / name / "rows.csv")
    assert len(rows) == 10 * 500
    own = rows.query("organization == 'org_03'").drop(columns="organization")
    moments = read_moments(DATA / name / "org-03.json")
    np.testing.assert_allclose(own.cov(), moments.cov, rtol=0, atol=1e-3)
    np.testing.assert_allclose(own.mean(), moments.mean, rtol=0, atol=1e-3)


def test_all_together_they_stay_small() -> None:
    files = [file for model in MODELS for file in (DATA / study(model)).iterdir()]
    assert sum(file.stat().st_size for file in files) < 1_500_000


# ------------------------------------------------------------------------------------- what is known


@pytest.mark.parametrize("model", MODELS)
def test_two_items_drift_in_two_organizations_each_and_no_other(model: str) -> None:
    loadings = truth(model, "loading")
    deviation = loadings.drop("typical") - loadings.loc["typical"]
    for (name, factor), where in DRIFTS[model].items():
        assert deviation.index[deviation[name].abs() > 0.2].tolist() == sorted(where)
        ratio = loadings.loc[sorted(where), name] / loadings.loc["typical", name]
        np.testing.assert_allclose(ratio, factor, atol=0.06)  # 3 SD of 0.02
        deviation.loc[sorted(where), name] = 0.0
        note = (DATA / study(model) / "README.md").read_text(encoding="utf-8")
        listed = ", ".join(f"`{one}`" for one in sorted(where))
        assert f"| `{name.split('=~')[1]}` | {factor:g} | {listed} |".replace("0.", ".") in note
    assert float(deviation.abs().max().max()) < 0.08
    assert 0.018 < float(np.sqrt((deviation**2).to_numpy().mean())) < 0.022


@pytest.mark.parametrize("model", MODELS)
def test_organizations_differ_in_paths_and_means_by_as_much_as_said(model: str) -> None:
    for kind, low, high in (("path", 0.07, 0.09), ("mean", 0.25, 0.36), ("intercept", 0.045, 0.055)):
        values = truth(model, kind)
        deviation = values.drop("typical") - values.loc["typical"]
        assert low < float(np.sqrt((deviation**2).to_numpy().mean())) < high, kind
    assert (truth(model, "mean").loc["typical"] == 0).all()


@pytest.mark.parametrize("model", MODELS)
def test_sample_means_follow_from_intercepts_loadings_and_means_of_constructs(model: str) -> None:
    loadings, means, intercepts = (truth(model, kind) for kind in ("loading", "mean", "intercept"))
    for file in sorted((DATA / study(model)).glob("*.json")):
        name = file.stem.replace("-", "_")
        moments = read_moments(file)
        assert moments.mean is not None
        expected = {
            item: intercepts.loc[name, f"{item}~1"] + loadings.loc[name, parameter] * means.loc[name, f"{factor}~1"]
            for parameter in loadings.columns
            for factor, item in [parameter.split("=~")]
        }
        z = (moments.mean - pd.Series(expected)) / np.sqrt(np.diag(moments.cov) / moments.n_obs)
        assert float(z.abs().max()) < 4.5  # 1,260 of them, correlated


@pytest.mark.parametrize("model", ["drivers", "drivers_to_loyalty"])
def test_the_typical_organization_has_the_published_figures_of_the_drivers(model: str) -> None:
    assert 0.74 <= truth(model, "r_squared").loc["typical", "satisfaction_cs"] <= 0.79
    assert paths(model, "satisfaction_cs").idxmax() == "problem_solving"
    assert paths(model, "problem_solving").idxmax() == "individual_attention"
    for outcome in ("satisfaction_cs", "problem_solving"):
        largest, second = paths(model, outcome).sort_values(ascending=False).iloc[:2]
        assert largest - second > 2 * 0.08


def test_from_satisfaction_on_the_long_study_has_the_values_of_the_short_one() -> None:
    short = bcx.load_truth("ten_organizations").query("organization == 'typical'").set_index(["kind", "parameter"])
    long = bcx.load_truth(study("drivers_to_loyalty")).query("organization == 'typical'")
    long = long.set_index(["kind", "parameter"])
    for kind in ("standardized_path", "r_squared"):
        known = short.loc[kind, "value"]
        pd.testing.assert_series_equal(long.loc[kind, "value"].reindex(known.index), known, rtol=0, atol=1e-5)


def test_waiting_costs_satisfaction_trust_and_connection() -> None:
    for outcome in ("satisfaction_company", "trust_company", "connection_company"):
        toward = paths("contact_center_quality", outcome)
        assert toward.index[toward < 0].tolist() == ["waiting_cost"]
