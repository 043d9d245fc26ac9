"""Published figures and missing answers on the command line: what is listed, what is fitted, what is refused."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx

Command = Callable[..., Any]

FIGURES = """n_planned = 10

[[published]]
statistic = "r_squared"
organizations = ["one", "two"]
n_obs = [200, 1000]
value = 0.5
outcome = "m"

[[published]]
statistic = "ordering"
of = "path"
outcome = "y"
cause = "m"
among = ["x"]
organizations = ["one", "<b>two</b>"]
n_obs = 400
rule = "each"

[[published]]
statistic = "path"
outcome = "y"
cause = "x"
value = 0.2
organizations = ["one"]
n_obs = 300
use = "check"
"""
QUICK = ("--draws", 50, "--tune", 200, "--chains", 2, "--seed", 1)


def said(text: str) -> str:
    return " ".join(text.split())


def widest(text: str) -> int:
    return max(len(line.rstrip()) for line in text.splitlines())


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "figures.toml"
    file.write_text(FIGURES, encoding="utf-8")
    return file


@pytest.fixture
def mixed(study: Path, document: Path) -> Path:
    """Rows with missing answers, an organization that lacks a variable, and the figures."""
    rows = pd.read_csv(study / "rows.csv")
    north, south = (rows[rows["organization"] == name].drop(columns="organization") for name in ("org_01", "org_02"))
    north.mask(np.random.default_rng(1).random(north.shape) < 0.1).to_csv(document.parent / "north.csv", index=False)
    south.drop(columns="m").to_csv(document.parent / "south.csv", index=False)
    head, _, tables = FIGURES.partition("\n")
    shares = "".join(f'\n[organizations.{name}]\nrows = "{name}.csv"\n' for name in ("north", "south"))
    document.write_text(f'{head}\n{shares}\n[signs]\n"y ~ x" = "-"\n{tables}', encoding="utf-8")
    return document


# --------------------------------------------------------------------------------------------------- check


def test_check_lists_figures_and_the_signs_that_it_takes(study: Path, document: Path, bayescx: Command) -> None:
    done = bayescx("check", study / "small.lavaan", document)
    assert (done.code, done.err) == (0, "")
    assert widest(done.out) <= 100
    assert "3 of 10 organizations planned, known by published figures only." in done.out
    lines = [line.split() for line in done.out.splitlines()]
    assert ["r_squared", "m", "one,", "two", "0.5", "200", "to", "1000", "mean", "evidence"] in lines
    assert ["ordering", "path", "y~m", "before", "x", "one,", "<b>two</b>", "400", "each", "evidence"] in lines
    assert ["path", "y~x", "one", "0.2", "300", "mean", "check"] in lines
    assert "respondents" not in done.out.partition("Published figures")[0]
    assert "Figures whose use is check inform nothing" in said(done.out)
    assert "Taken to be positive, where only figures speak: m~x, y~m, y~x." in said(done.out)


def test_check_counts_patterns_and_names_what_is_lacking(study: Path, mixed: Path, bayescx: Command) -> None:
    done = bayescx("check", study / "small.lavaan", mixed)
    assert (done.code, done.err) == (0, "")
    assert widest(done.out) <= 100
    rows = {line.split()[0]: line.split()[1:] for line in done.out.splitlines() if line.split()}
    n_obs = {name: len(pd.read_csv(mixed.parent / f"{name}.csv")) for name in ("north", "south")}
    patterns = pd.read_csv(mixed.parent / "north.csv").notna().drop_duplicates()
    patterns = patterns[patterns.any(axis=1)]
    assert rows["north"][0] == "rows"
    assert rows["north"][3:] == [str(len(patterns)), "nothing", "yes"]
    assert rows["south"] == ["rows", str(n_obs["south"]), "0", "1", "m", "yes"]
    assert rows["one"] == ["figures", "yes"]
    assert "4 of 10" not in done.out
    assert "5 of 10 organizations planned" in done.out
    assert "3 organizations known by published figures only; answers are missing in 2 organizations" in said(done.out)
    assert "Declared signs: y~x -." in done.out
    kept = "the centre of the population keeps the declared sign all the same"
    assert f"Of y~x data tell too: {kept}." in said(done.out)
    assert "Taken to be positive" not in done.out


def test_missing_answers_are_used_or_left_out_as_asked(study: Path, tmp_path: Path, bayescx: Command) -> None:
    rows = pd.read_csv(study / "rows.csv")
    rows.loc[rows.index[:5], "m"] = np.nan
    rows.to_csv(tmp_path / "rows.csv", index=False)
    words = (study / "small.lavaan", tmp_path / "rows.csv", "--organization", "organization")
    shown = {
        how: bayescx("check", *words, *(["--missing", how] if how else [])).out for how in ("", "fiml", "listwise")
    }
    assert shown[""] == shown["fiml"]
    assert "answers are missing in 1 organization" in said(shown["fiml"])
    assert "incomplete rows" in shown["listwise"]
    (first,) = [line.split() for line in shown["listwise"].splitlines() if line.startswith("org_01")]
    assert first[3] == "5"
    assert bayescx("fit", *words, "--missing", "listwise", "-o", tmp_path / "fit.nc", *QUICK, "--quiet").code == 0
    matched = bcx.load_fit(tmp_path / "fit.nc").evidence
    assert matched.dropped["org_01"] == 5
    assert not matched.patterns


# ------------------------------------------------------------------------------------------- fit and answers


def test_figures_alone_are_fitted_summarized_and_reported(
    study: Path, document: Path, tmp_path: Path, bayescx: Command
) -> None:
    file = tmp_path / "fit.nc"
    done = bayescx("fit", study / "small.lavaan", document, "-o", file, *QUICK)
    assert done.code == 0
    assert "sampling 3 organizations, 2 published figures …" in done.err
    assert "respondents" not in done.err
    assert len(bcx.load_fit(file).evidence.published) == 3
    for estimand in ("direct", "indirect", "total", "r_squared", "defined"):
        shown = bayescx("summarize", file, "--estimand", estimand, "--target", "average")
        assert shown.code == 0
        assert "of the 10 organizations planned, of which 3 are known by published figures only" in said(shown.out)
    assert "each organization that reported or that figures were published about" in said(
        bayescx("summarize", file).out
    )
    assert bayescx("report", file, "-o", tmp_path / "report.html").code == 0
    for words, fragment in (
        (["--raw"], "nobody shared the units of this evidence"),
        (["--estimand", "heterogeneity"], "nobody shared those of m, x, y"),
        (["--target", "alone"], "no organization shared data of its own"),
    ):
        refused = bayescx("summarize", file, *words)
        assert (refused.code, refused.out) == (2, "")
        assert fragment in refused.err
        assert "Traceback" not in refused.err


@pytest.mark.parametrize("estimand", ["direct", "total", "r_squared"])
@pytest.mark.parametrize("target", ["average", "organization"])
def test_rows_that_rest_on_the_prior_are_marked(
    estimand: str, target: str, open_fit: bcx.Fit, tmp_path: Path, bayescx: Command
) -> None:
    file = open_fit.save(tmp_path / "fit.nc")
    words = ("summarize", file, "--estimand", estimand, "--target", target)
    table = pd.read_csv(io.StringIO(bayescx(*words, "--format", "csv").out))
    records = json.loads(bayescx(*words, "--format", "json").out)
    assert [record["rests_on_prior"] for record in records] == table["rests_on_prior"].tolist()
    shown = bayescx(*words).out
    assert widest(shown) <= 100
    text, _, explained = shown.partition("\n\N{DAGGER} ")
    assert bool(explained) == table["rests_on_prior"].any() == (estimand != "r_squared")
    rows = [line for line in text.splitlines() if re.search(r"\d\.\d{3}$", line.rstrip())]
    assert ["\N{DAGGER}" in line for line in rows] == table["rests_on_prior"].tolist()
    if explained:
        assert explained == "Rests mostly on the prior: the evidence leaves it open.\n"
        assert not all(table["rests_on_prior"])


def test_rows_and_figures_are_fitted_together(study: Path, mixed: Path, tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "fit.nc"
    done = bayescx("fit", study / "small.lavaan", mixed, "-o", file, *QUICK)
    assert done.code == 0
    n_obs = int(bcx.load_fit(file).evidence.n_obs.sum())
    assert f"sampling 5 organizations, {n_obs} respondents, 2 published figures …" in done.err
    shown = bayescx("summarize", file, "--target", "average")
    assert "of which 2 have reported and 3 are known by published figures only" in said(shown.out)
    alone = bayescx("summarize", file, "--target", "alone")
    assert alone.code == 0
    assert "those that only published figures speak of have nothing of their own" in said(alone.out)
    assert "nan" not in alone.out
    assert bayescx("summarize", file, "--estimand", "heterogeneity").code == 0
    table = pd.read_csv(io.StringIO(bayescx("summarize", file, "--target", "alone", "--format", "csv").out))
    assert set(table.loc[table["mean"].isna(), "organization"]) == {"one", "two", "<b>two</b>"}


# ------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("old", "new", "fragments"),
    [
        ('outcome = "m"', 'outcome = "n"', ("r_squared n (one, two): the model has no construct 'n'",)),
        ("value = 0.5", "value = 50", ("figure 1 (r_squared m)", "write 0.5")),
        ('among = ["x"]', 'among = "x"', ("figure 2", 'write among = ["x"]')),
        ('use = "check"', 'use = "chekc"', ("figure 3", "did you mean 'check'?")),
        ("[[published]]", "[published]", ("figures.toml", "not valid TOML")),
        ("n_planned = 10", "n_planned = 2", ("n_planned = 2 is smaller", "reported, 3")),
        ("n_planned = 10", '[signs]\n"m~y" = "+"', ("signs: the model has no path 'm~y'",)),
        ("n_planned = 10", '[signs]\n"m~x" = "up"', ("the sign of 'm~x' is", "found 'up'")),
    ],
)
@pytest.mark.parametrize("command", ["check", "fit"])
def test_bad_figures_are_located_and_nothing_is_sampled(
    old: str,
    new: str,
    fragments: tuple[str, ...],
    command: str,
    study: Path,
    document: Path,
    bayescx: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("sampling began")

    monkeypatch.setattr("bayescx.model.engine.sample_kernel", refuse)
    document.write_text(FIGURES.replace(old, new), encoding="utf-8")
    output = document.parent / "fit.nc"
    done = bayescx(command, study / "small.lavaan", document, *(("-o", output) if command == "fit" else ()))
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    for fragment in fragments:
        assert fragment in done.err
    assert not output.exists()


def test_figures_need_a_population(study: Path, document: Path, bayescx: Command) -> None:
    words = ("fit", study / "small.lavaan", document, "-o", document.parent / "fit.nc")
    done = bayescx(*words, "--pooling", "none")
    assert done.code == 2
    assert "use 'partial' or 'full'" in done.err


def test_model_and_figures_are_reported_together(document: Path, bayescx: Command) -> None:
    (document.parent / "model.lavaan").write_text("y ~ 2")
    document.write_text(FIGURES.replace("value = 0.5", "value = 50"))
    done = bayescx("check", document.parent / "model.lavaan", document)
    assert done.code == 2
    assert "line 1, column 5" in done.err
    assert "write 0.5" in done.err


def test_one_mistake_of_the_model_is_said_once(document: Path, bayescx: Command) -> None:
    (document.parent / "model.lavaan").write_text("f =~ m + x\ng =~ y + x\nf ~~ 0*g")
    done = bayescx("check", document.parent / "model.lavaan", document)
    assert done.code == 2
    assert done.err.count("the data cannot determine") == 1


def test_missing_is_one_of_two_words(study: Path, document: Path, bayescx: Command) -> None:
    done = bayescx("check", study / "small.lavaan", document, "--missing", "pairwise")
    assert done.code == 2
    assert "'fiml', 'listwise'" in said(done.err)
