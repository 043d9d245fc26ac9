"""The command for choices: what it prints is what the functions return, and bad input is refused in words."""

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
from bayescx.errors import ConvergenceWarning
from tests.choices.worlds import NAMES
from tests.choices.worlds import rows as simulated_rows

Command = Callable[..., Any]
MODEL = "after ~ below(expectations, 4) + above(expectations, 4) + effort"
LEVELS = "disloyal, neutral,loyal"
SHORT = ["--draws", 200, "--tune", 200, "--chains", 2, "--seed", 4]
ODD = "[bold]x[/bold]"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    frame = simulated_rows(3, (40, 150, 200), 1)
    frame["organization"] = frame["organization"].replace({"org_3": ODD})
    return frame


@pytest.fixture(scope="module")
def rows(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("choices") / "rows.csv"
    frame.to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def counts(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same respondents as counts."""
    file = tmp_path_factory.mktemp("choices") / "counts.csv"
    by = ["organization", "expectations", "effort"]
    pd.get_dummies(frame[[*by, "after"]], columns=["after"], prefix="", prefix_sep="").groupby(
        by, sort=False
    ).sum().reset_index().to_csv(file, index=False)
    return file


def words(table: Path, *more: object, model: str = MODEL, levels: str = LEVELS) -> list[object]:
    return ["choices", model, table, "--organization", "organization", "--levels", levels, *SHORT, *more]


def csv_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), keep_default_na=False)


def test_rows_give_the_numbers_of_the_functions(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "choices.nc"
    done = bayescx(*words(rows, "--planned", 5, "--format", "csv", "-o", file, "--simulated"))
    assert done.code == 0
    table = csv_of(done.out)
    for said in ("sampling 3 organizations, 390 answers in", "400 draws in", "seed 4", f"saved {file}"):
        assert said in done.err
    read = bcx.ChoiceCounts.from_rows(rows, MODEL, organization="organization", categories=NAMES[3], n_planned=5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = bcx.fit_choices(read, draws=200, tune=200, chains=2, random_seed=4, progressbar=False)
    saved = bcx.load_choice_fit(file)
    assert saved.posterior.identical(fit.posterior)
    assert saved.simulated
    for target in ("organization", "typical", "average", "new"):
        about = table[table["target"] == target]
        for quantity, draws, name in (
            ("share", bcx.choice_probabilities(fit, target=target).sel(category="neutral"), "neutral"),  # type: ignore[arg-type]
            ("ratio", bcx.choice_ratio(fit, "disloyal", "loyal", target), "disloyal / loyal"),  # type: ignore[arg-type]
            ("slope", bcx.choice_slopes(fit, target).sel(term="effort"), "effort"),  # type: ignore[arg-type]
            ("slope_difference", bcx.choice_asymmetry(fit, "expectations", target)["difference"], "expectations"),  # type: ignore[arg-type]
            ("threshold", bcx.choice_thresholds(fit, target).isel(threshold=0), "disloyal | neutral"),  # type: ignore[arg-type]
        ):
            expected = bcx.summarize(draws)
            found = about[(about["quantity"] == quantity) & (about["name"] == name)]
            columns = ["mean", "eti95_lb", "r_hat"]
            np.testing.assert_allclose(found[columns].astype(float), expected[columns], rtol=1e-12)
    assert set(table["organization"]) == {"", "org_1", "org_2", ODD}


def test_counts_of_a_model_in_a_file_give_the_same(rows: Path, counts: Path, tmp_path: Path, bayescx: Command) -> None:
    model = tmp_path / "after.lavaan"
    model.write_text(MODEL)
    asked = ("--format", "csv", "--target", "typical")
    one = bayescx(*words(rows, *asked))
    other = bayescx(*words(counts, "--counts", *asked, model=str(model)))
    assert one.err.splitlines()[0] == other.err.splitlines()[0]
    assert "390 answers in" in one.err
    tables = [csv_of(done.out).query("quantity in ['share', 'slope', 'threshold']") for done in (one, other)]
    assert tables[0]["name"].tolist() == tables[1]["name"].tolist()
    errors = np.hypot(*(table["mcse_mean"].astype(float) for table in tables))
    assert ((tables[0]["mean"] - tables[1]["mean"]).abs() < 5 * errors).all()
    assert set(csv_of(one.out)["target"]) == {"typical"}
    parsed = bayescx(*words(rows, "--target", "new", "--format", "json", "--ci", 0.5, "--quiet"))
    assert "sampling" not in parsed.err
    assert {"eti50_lb", "eti50_ub", "median", "rests_on_prior"} <= set(json.loads(parsed.out)[0])


def test_tables_fit_a_page_and_show_names_as_text(rows: Path, bayescx: Command) -> None:
    done = bayescx(*words(rows, "--planned", 5, "--simulated"))
    assert done.code == 0
    each = bayescx(*words(rows, "--target", "organization"))
    assert f" {ODD}" in each.out
    assert "each organization" in each.out
    for text in (done.out, each.out):
        assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    for said in (
        "Simulated data.",
        "Nobody is 'disloyal': org_1.",
        "disloyal to loyal",
        "average of the five",
        "slope below less above",
        "expectations below 4",
        "neutral | loyal",
        "on average the slope below the knot is the larger in size with",
        "† Rests",
    ):
        assert said in done.out
    assert "NOT CONVERGED" in done.err
    narrow = bayescx(*words(rows, "--target", "typical", model="after ~ effort"))
    assert "new organization" not in narrow.out
    assert "knot" not in narrow.out


def test_as_many_patterns_as_rows_is_said(frame: pd.DataFrame, tmp_path: Path, bayescx: Command) -> None:
    continuous = frame.assign(effort=frame["effort"] + np.random.default_rng(1).normal(0, 0.3, len(frame)))
    continuous.to_csv(tmp_path / "rows.csv", index=False)
    done = bayescx(*words(tmp_path / "rows.csv", model="after ~ effort"))
    assert "390 answers in 390 covariate patterns, as many as" in " ".join(done.out.split())
    assert "Nearly every respondent has a covariate pattern of their own" in " ".join(done.out.split())


def test_a_report_is_written_and_nothing_else_is_replaced(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "choices.html"
    done = bayescx(*words(rows, "--quiet", "--simulated", "--report", file))
    assert done.code == 0
    assert f"wrote {file}" in done.err
    assert "Simulated data." in file.read_text(encoding="utf-8")
    assert f"replaced {file}" in bayescx(*words(rows, "--report", file)).err
    file.write_text("mine")
    for option in ("--report", "-o"):
        refused = bayescx(*words(rows, option, file))
        assert (refused.code, refused.out) == (2, "")
        assert f"is no {'report' if option == '--report' else 'fit'}" in refused.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("more", "fragment"),
    [
        (["--levels", "disloyal,loyal"], "neutral"),
        (["--levels", "disloyal,neutrl,loyal"], "unknown category in column 'after': org_1 (data row"),
        (["--levels", "disloyal,neutrl,loyal"], "the categories are disloyal, neutrl, loyal; did you mean 'neutrl'?"),
        (["--levels", "loyal"], "two or more categories"),
        (["--levels", "a,,b"], "'' is no name"),
        (["--organization", "organisation"], "did you mean 'organization'"),
        (["--planned", "2"], "n_planned = 2 is smaller"),
        (["--draws", "1"], "draws must be a whole number of at least 4"),
        (["--seed", "-1"], "random_seed must be"),
        (["--ci", "95"], "for 95 % give 0.95"),
        (["--target", "alone"], "Invalid value"),
        (["--report", "choices.pdf"], "a report is an .html file"),
        (["--report", "nowhere/choices.html"], "there is no folder"),
        (["-o", "nowhere/choices.nc"], "there is no folder"),
        (["-o", "a.html", "--report", "a.html"], "name the same file"),
        (["--counts"], "no column 'disloyal' for a category"),
    ],
)
def test_what_is_refused(
    more: list[str], fragment: str, rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bayescx: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    done = bayescx(*words(rows, *more))
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("model", "fragment"),
    [
        ("after ~", "line 1"),
        ("after ~ efort", "did you mean 'effort'"),
        ("aftr ~ effort", "no column 'aftr'"),
        ("after ~ effort\nexpectations ~ effort", "found equations of 'after', 'expectations'"),
        ("f =~ effort + expectations + after", "found factors ('f')"),
        ("effort", "found equations of 'loyalty', 'disloyalty'"),
        ("nothing", "neither a file nor a shipped model"),
        ("nowhere.lavaan", "no such file"),
        ("after ~ organization", "organization"),
    ],
)
def test_models_that_are_refused(model: str, fragment: str, rows: Path, bayescx: Command) -> None:
    done = bayescx(*words(rows, model=model))
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err
    assert "Traceback" not in done.err


def test_counts_that_are_none_are_located(counts: Path, tmp_path: Path, bayescx: Command) -> None:
    table = pd.read_csv(counts).astype({"loyal": float})
    table.loc[2, "loyal"], table.loc[4, "loyal"] = -1, 0.5
    table.to_csv(tmp_path / "counts.csv", index=False)
    done = bayescx(*words(tmp_path / "counts.csv", "--counts"))
    assert (done.code, done.out) == (2, "")
    for fragment in (
        "2 problems",
        "a negative count in column 'loyal': org_1 (data row 3, line 4 of counts.csv: -1.0)",
        "column 'loyal': org_1 (data row 5, line 6 of counts.csv: 0.5)",
    ):
        assert fragment in done.err
    unasked = bayescx(*words(counts))
    assert unasked.code == 2
    assert "it holds counts, which --counts reads" in unasked.err


def test_perfect_separation_is_refused(frame: pd.DataFrame, tmp_path: Path, bayescx: Command) -> None:
    split = frame.assign(after=np.where(frame["effort"] > 3, "disloyal", "loyal"))
    split.to_csv(tmp_path / "rows.csv", index=False)
    done = bayescx(*words(tmp_path / "rows.csv", model="after ~ effort", levels="disloyal,loyal"))
    assert (done.code, done.out) == (2, "")
    assert "perfect separation: nothing in the answers bounds the slope of 'effort'" in done.err


@pytest.mark.parametrize("lacking", ["--organization", "--levels"])
def test_what_must_be_said(lacking: str, rows: Path, bayescx: Command) -> None:
    said = [str(word) for word in words(rows)]
    place = said.index(lacking)
    done = bayescx(*said[:place], *said[place + 2 :])
    assert done.code == 2
    assert f"Missing option '{lacking}'" in done.err
