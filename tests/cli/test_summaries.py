"""What ``summarize`` tells beyond effects: figures of the functions, three formats, and errors that name what works."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx

Command = Callable[..., Any]
ASKED = [
    "ranks --outcome y --target average",
    "ranks --outcome y",
    "shares --outcome y --target average",
    "shares --outcome y --method pratt",
    "importance --outcome y",
    "importance --outcome y --target organization",
    "means",
    "means --raw",
    "quality",
    "quality --target organization",
    "loadings",
    "what_if --driver f --target average",
    "what_if --driver f --by 0.5 --raw --outcome y",
    "catch_up --driver f",
    "catch_up --driver f --outcome y --raw",
]


@pytest.fixture(scope="module")
def measured_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two factors with pooled loadings, drivers of y; one organization is higher on f, one item of f drifts."""
    model = bcx.parse_model("f =~ f1 + f2 + f3; g =~ g1 + g2 + g3; y ~ f + g")
    rows = bcx.simulate(model, organizations=4, n_obs=150, values={"y~f": 0.6}, random_seed=3).rows
    rows.loc[rows["organization"] == "org_01", ["f1", "f2", "f3", "y"]] += 1.0
    rows.loc[rows["organization"] == "org_02", "f2"] *= 0.4
    rows["organization"] = rows["organization"].replace("org_03", "[red]three[/red]")
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # so few draws, and they are to be told of
        fit = bcx.fit(
            model, evidence, pooling={"loadings": "partial"}, draws=100, tune=300, chains=2, random_seed=1,
            progressbar=False,
        )  # fmt: skip
    file = tmp_path_factory.mktemp("measured") / "fit.nc"
    fit.save(file)
    return file


def summarized(bayescx: Command, file: Path, words: str, *more: object) -> Any:
    estimand, *options = words.split()
    return bayescx("summarize", file, "--estimand", estimand, *options, *more)


def table(bayescx: Command, file: Path, words: str) -> pd.DataFrame:
    done = summarized(bayescx, file, words, "--format", "csv")
    assert done.code == 0, done.err
    return pd.read_csv(io.StringIO(done.out), keep_default_na=True)


@pytest.mark.parametrize("words", ASKED)
def test_each_comes_in_three_formats(words: str, measured_file: Path, tmp_path: Path, bayescx: Command) -> None:
    shown = summarized(bayescx, measured_file, words)
    assert shown.code == 0, shown.err
    assert "NOT CONVERGED" in shown.err
    assert max(len(line.rstrip()) for line in shown.out.splitlines()) <= 100
    csv = table(bayescx, measured_file, words)
    assert len(csv) > 0
    if "organization" in csv and words != "loadings":
        assert "[red]three[/red]" in shown.out  # names are never read as markup
    records = json.loads(summarized(bayescx, measured_file, words, "--format", "json").out)
    assert list(records[0]) == list(csv.columns)
    number = next(name for name in ("mean", "probability", "omega", "tau") if name in csv)
    assert [record[number] for record in records] == pytest.approx(csv[number].tolist())
    file = tmp_path / "out.csv"
    done = summarized(bayescx, measured_file, words, "--format", "csv", "-o", file)
    assert (done.code, done.out) == (0, "")
    pd.testing.assert_frame_equal(pd.read_csv(file), csv)


def test_ranks_are_tidy(measured_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(measured_file)
    found = table(bayescx, measured_file, "ranks --outcome y --target average").set_index(["driver", "rank"])
    expected = bcx.rank_probabilities(fit, "y", target="average")
    for driver in ("f", "g"):
        for rank in (1, 2):
            assert found.loc[(driver, rank), "probability"] == pytest.approx(
                float(expected.sel(driver=driver, rank=rank))
            )
        assert found.loc[(driver, 1), "negative"] == pytest.approx(float(expected["negative"].sel(driver=driver)))
    shown = summarized(bayescx, measured_file, "ranks --outcome y --target average").out
    (line,) = (line.split() for line in shown.splitlines() if line.startswith("f "))
    chances = found.loc["f", "probability"]
    assert line == ["f", f"{chances[1]:.2f}", f"{chances[2]:.2f}", f"{chances[1] + 2 * chances[2]:.1f}", "0.00"]


def test_shares_and_their_method(measured_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(measured_file)
    for method in ("lmg", "pratt"):
        found = table(bayescx, measured_file, f"shares --outcome y --target average --method {method}")
        expected = bcx.summarize(bcx.explained_shares(fit, "y", method, target="average"))  # type: ignore[arg-type]
        assert found["driver"].tolist() == ["f", "g"]
        assert found["mean"].tolist() == pytest.approx(expected["mean"].tolist())
        assert found["rests_on_prior"].tolist() == expected["rests_on_prior"].tolist()
    assert "add up to its R-squared" in summarized(bayescx, measured_file, "shares --outcome y").out


@pytest.mark.parametrize("target", ["average", "organization"])
def test_importance_stands_beside_performance(target: Any, measured_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(measured_file)
    found = table(bayescx, measured_file, f"importance --outcome y --target {target}")
    expected = bcx.importance_performance(fit, "y", target)
    labels = [name for name in ("organization", "driver") if name in found]
    assert ("organization" in labels) == (target == "organization")
    for _, row in found.iterrows():
        one = expected.sel({name: row[name] for name in labels})
        assert row["mean"] == pytest.approx(float(one["importance"].mean()))
        assert row["performance"] == pytest.approx(float(one["performance"]))
        assert row["performance_se"] == pytest.approx(float(one["performance_se"]))
        assert (row["items"], row["of_items"], row["organizations"]) == (3, 3, 4)
        assert row["placed"]
    assert len(found) == (8 if target == "organization" else 2)


def test_answers_turn_reversed_items_and_notes_stand_in_files(tmp_path: Path, bayescx: Command) -> None:
    model = bcx.parse_model("f =~ f1 + f2 + upper(0)*f3; g =~ g1 + g2 + g3; y ~ f + g")
    rows = bcx.simulate(bcx.parse_model(model.text), organizations=3, n_obs=80, random_seed=3).rows
    rows[[name for name in rows if name[-1] in "123"]] += 4.0
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(model, evidence, draws=20, tune=60, chains=2, random_seed=1, progressbar=False)
    fit.save(tmp_path / "fit.nc")
    bare = table(bayescx, tmp_path / "fit.nc", "importance --outcome y")
    assert bare.set_index("driver")["placed"].to_dict() == {"f": False, "g": True}
    assert bare.set_index("driver")["items"].to_dict() == {"f": 2, "g": 3}
    assert "Levels that cannot be compared: f: its level rests on 2 of 3 items" in bare["note"][0]
    known = table(bayescx, tmp_path / "fit.nc", "importance --outcome y --answers -10:20")
    assert known["placed"].all()
    assert known["performance"].between(0, 100).all()
    expected = bcx.importance_performance(fit, "y", answers=(-10, 20))["performance"]
    np.testing.assert_allclose(known["performance"], expected)
    for words in ("7:1", "1", "1:nan", "1:2:3", "a:b"):
        done = summarized(bayescx, tmp_path / "fit.nc", f"importance --outcome y --answers {words}")
        assert (done.code, done.out) == (2, "")
        assert f"such as 1:7, found '{words}'" in done.err


def test_means_say_whether_they_compare(measured_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(measured_file)
    for words, standardized in (("means", True), ("means --raw", False)):
        found = table(bayescx, measured_file, words)
        means = bcx.latent_means(fit, standardized=standardized)
        expected = bcx.summarize(means)
        assert found["mean"].tolist() == pytest.approx(expected["mean"].tolist())
        assert found["differ"].tolist() == pytest.approx(found["construct"].map(means["differ"].to_series()).tolist())
        assert found["note"].str.startswith(means.attrs["comparability"]).all()
        noise = means["intercept_noise"].to_series()
        np.testing.assert_allclose(found["intercept_noise"], found["construct"].map(noise))
        assert found["comparable"].tolist() == found["construct"].map(means["comparable"].to_series()).tolist()
    shown = summarized(bayescx, measured_file, "means").out
    assert " ".join(means.attrs["comparability"].split())[:40] in " ".join(shown.split())
    assert [line.split()[0] for line in shown.splitlines() if line and not line.startswith(" ")].count("f") == 1


def test_quality_and_loadings_are_those_of_the_functions(measured_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(measured_file)
    quality = table(bayescx, measured_file, "quality --ci 0.8")
    pd.testing.assert_frame_equal(quality, bcx.measurement_quality(fit, ci_prob=0.8), check_dtype=False)
    loadings = table(bayescx, measured_file, "loadings").assign(
        organization=lambda frame: frame["organization"].fillna("")
    )
    pd.testing.assert_frame_equal(loadings, bcx.differing_items(fit), check_dtype=False)
    shown = summarized(bayescx, measured_file, "loadings").out.splitlines()
    (item,) = (i for i, line in enumerate(shown) if line.startswith("f2"))
    assert shown[item + 1].split()[0] == "org_02"


def test_what_if_moves_the_driver_and_what_follows(measured_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(measured_file)
    found = table(bayescx, measured_file, "what_if --driver f --by 0.5 --target average --raw").set_index("outcome")
    assert found.index.tolist() == ["f", "y"]
    assert found.loc["f", "mean"] == 0.5
    expected = bcx.what_if(fit, {"f": 0.5}, "average").sel(outcome="y")
    assert found.loc["y", "mean"] == pytest.approx(float(expected.mean()))
    sds = table(bayescx, measured_file, "what_if --driver f --outcome y --target average")
    expected = bcx.what_if(fit, {"f": 1.0}, "average", standardized=True).sel(outcome="y")
    assert sds["mean"].tolist() == pytest.approx([float(expected.mean())])


def test_catch_up_is_in_sds_or_units(measured_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(measured_file)
    for words, standardized in (("", True), (" --raw", False)):
        found = table(bayescx, measured_file, f"catch_up --driver f{words}").set_index(["organization", "outcome"])
        expected = bcx.catch_up(fit, "f", standardized=standardized).mean(("chain", "draw"))
        for organization in fit.organizations:
            for outcome in ("f", "y"):
                one = expected.sel(organization=organization, outcome=outcome)
                assert found.loc[(organization, outcome), "mean"] == pytest.approx(float(one))
    shown = " ".join(summarized(bayescx, measured_file, "catch_up --driver f").out.split())
    assert "Organizations can be compared on f. That they differ, by an SD of their means above a tenth" in shown
    chance = float(bcx.catch_up(fit, "f")["differ"])
    assert f"has probability {chance:.2f}; gaps are never below 0" in shown


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        ("ranks", "--estimand ranks needs --outcome: one of y"),
        ("shares", "--estimand shares needs --outcome: one of y"),
        ("importance", "--estimand importance needs --outcome: one of y"),
        ("what_if", "--estimand what_if needs --driver: one of f, g"),
        ("catch_up", "--estimand catch_up needs --driver: one of f, g"),
        ("ranks --outcome yy", "the model has no construct 'yy'; did you mean 'y'"),
        ("shares --outcome f", "'f' has no predictors in this model. Constructs that have some: y"),
        ("what_if --driver q", "the model has no construct 'q'"),
        ("what_if --driver f --outcome q", "the model has no construct 'q'"),
        ("what_if --driver f --outcome g", "no route leads from 'f' to 'g'. What follows 'f': y"),
        ("catch_up --driver y --outcome f", "no route leads from 'y' to 'f'. What follows 'y': nothing"),
        ("what_if --driver f --by nan", "must be a finite number"),
        ("means --ci 2", "ci_prob must lie between 0 and 1"),
    ],
)
def test_questions_about_nothing_are_refused(words: str, fragment: str, measured_file: Path, bayescx: Command) -> None:
    done = summarized(bayescx, measured_file, words)
    assert (done.code, done.out) == (2, "")
    assert fragment in " ".join(done.err.split())
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("estimand", "fragment"), [("quality", "the model has no factors"), ("loadings", "no free loadings")]
)
def test_a_model_of_variables_has_no_items(estimand: str, fragment: str, fit_file: Path, bayescx: Command) -> None:
    done = summarized(bayescx, fit_file, estimand)
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err


def test_shared_loadings_do_not_differ(tmp_path: Path, bayescx: Command) -> None:
    model = bcx.parse_model("f =~ f1 + f2 + f3; y ~ f")
    rows = bcx.simulate(model, organizations=2, n_obs=60, random_seed=3).rows
    moments = bcx.Evidence.from_rows(rows, organization="organization").matched(model.observed).moments()
    shared = {name: bcx.SampleMoments(one.n_obs, None, one.cov) for name, one in moments.items()}
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(model, bcx.Evidence.from_moments(shared), draws=20, tune=50, chains=2, progressbar=False)
    fit.save(tmp_path / "fit.nc")
    loadings = summarized(bayescx, tmp_path / "fit.nc", "loadings")
    assert loadings.code == 2
    assert 'pooling={"loadings": "partial"}' in loadings.err.replace("'", '"')
    for words in ("means", "catch_up --driver f", "importance --outcome y"):  # nobody shared means
        done = summarized(bayescx, tmp_path / "fit.nc", words)
        assert (done.code, done.out) == (2, "")
        assert "shared" in done.err
        assert "means" in done.err
