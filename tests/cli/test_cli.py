"""The command line from end to end: simulate, check, fit, summarize, demo; help, version and exit codes."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.cli import steps, studies
from bayescx.errors import ConvergenceWarning, FitError

Command = Callable[..., Any]
COMMANDS = ("check", "fit", "summarize", "report", "moments", "simulate", "demo", "rates", "choices")
ESTIMANDS = ["direct", "indirect", "total", "r_squared", "heterogeneity", "defined"]
TARGETS = ["organization", "typical", "average", "new"]


def process(*words: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bayescx", *(str(word) for word in words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def widest(text: str) -> int:
    return max(len(line.rstrip()) for line in text.splitlines())


# ---------------------------------------------------------------------------------------- help and version


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_a_screen_and_shows_calls_that_parse(name: str, bayescx: Command) -> None:
    done = bayescx(*name.split(), "--help")
    assert done.code == 0
    assert done.err == ""
    assert f"bayescx {name}".rstrip() in done.out.partition("Examples:")[2]
    assert bayescx(*name.split(), "-h").out == done.out
    assert len(done.out.splitlines()) <= 60
    assert widest(done.out) <= 110


def test_examples_in_help_name_options_that_exist(bayescx: Command) -> None:
    for name in COMMANDS:
        text, _, examples = bayescx(name, "--help").out.partition("Examples:")
        used = {word for word in examples.split() if word.startswith("-")}
        assert used <= set(text.replace(",", " ").split()), name


def test_version(bayescx: Command) -> None:
    assert bayescx("--version") == (0, f"bayescx {bcx.__version__}\n", "")


def test_no_command_shows_the_help_as_an_error(bayescx: Command) -> None:
    done = bayescx()
    assert done.code == 2
    assert "Commands:" in done.err + done.out


def test_python_dash_m_is_the_same_command() -> None:
    running = process("--version")
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (0, f"bayescx {bcx.__version__}\n", "")


# ------------------------------------------------------------------------------------------------ simulate


def test_simulate_writes_rows_and_truth(study: Path, bayescx: Command) -> None:
    rows, truth = pd.read_csv(study / "rows.csv"), pd.read_csv(study / "truth.csv")
    assert list(rows.columns) == ["organization", "m", "x", "y"]
    assert rows["organization"].value_counts().between(80, 120).all()
    typical = truth.query("organization == 'typical' and kind == 'path'").set_index("parameter")["value"]
    assert typical["m~x"] == 0.6
    assert not list(study.glob(".*"))


def test_simulate_is_the_function_of_the_same_name(tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "rows.parquet"
    done = bayescx("simulate", "value_creation", "-o", file, "--organizations", 2, "--n", 30, "--seed", 3)
    assert done.code == 0
    assert "60 simulated respondents of 2 organizations" in done.out
    assert "seed 3" in done.out
    expected = bcx.simulate(bcx.load_model("value_creation"), organizations=2, n_obs=30, random_seed=3)
    pd.testing.assert_frame_equal(pd.read_parquet(file), expected.rows, check_dtype=False)


def test_values_of_loadings_are_set_by_the_last_equals_sign(tmp_path: Path, bayescx: Command) -> None:
    model, truth = tmp_path / "f.lavaan", tmp_path / "truth.csv"
    model.write_text("f =~ x1 + x2 + x3")
    done = bayescx(
        "simulate", model, "-o", tmp_path / "r.csv", "--truth", truth, "--set", "f=~x2=0.7", "--set", "f~~f=2"
    )
    assert done.code == 0
    values = pd.read_csv(truth).query("organization == 'typical'").set_index("parameter")["value"]
    assert (values["f=~x2"], values["f~~f"]) == (0.7, 2.0)


# --------------------------------------------------------------------------------------------------- check


def test_check_lists_equations_and_organizations(study: Path, bayescx: Command) -> None:
    done = bayescx(
        "check", study / "small.lavaan", study / "rows.csv", "--organization", "organization", "--planned", 6
    )
    assert done.code == 0
    assert done.err == ""
    assert "y ~ m + x" in done.out
    assert "mediated := a*b" in done.out
    assert all(f"org_0{i}" in done.out for i in range(1, 5))
    assert "4 of 6 organizations planned" in done.out
    assert widest(done.out) <= 100


def test_check_says_what_is_left_out(study: Path, tmp_path: Path, bayescx: Command) -> None:
    rows = pd.read_csv(study / "rows.csv")
    rows.loc[rows.index[:3], rows.columns.drop("organization")] = np.nan
    rows.loc[rows.index[3], "m"] = np.nan
    rows.loc[rows.index[5:7], "organization"] = None
    rows = pd.concat([rows, rows[rows["organization"] == "org_02"].head(9).assign(organization="tiny")])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    words = ("check", study / "small.lavaan", tmp_path / "rows.csv", "--organization", "organization")
    done = bayescx(*words, "--min-n", 20)
    assert done.code == 0
    assert "Kept out for too few respondents: tiny." in done.out
    assert "Left out: 2 rows that name no organization." in done.out
    (first,) = [line.split() for line in done.out.splitlines() if line.startswith("org_01")]
    assert first[3:] == ["3", "2", "nothing", "yes"]
    said = " ".join(done.out.split())
    assert "answers are missing in 1 organization, and those that there are count (patterns: groups" in said


def test_names_are_never_read_as_markup(study: Path, tmp_path: Path, bayescx: Command) -> None:
    rows = pd.read_csv(study / "rows.csv")
    rows["organization"] = rows["organization"].replace("org_01", "[red]north[/red] :smile:")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = bayescx("check", study / "small.lavaan", tmp_path / "rows.csv", "--organization", "organization")
    assert "[red]north[/red] :smile:" in done.out


def test_check_reads_moments_and_rows_from_a_document(study: Path, tmp_path: Path, bayescx: Command) -> None:
    rows = pd.read_csv(study / "rows.csv")
    moments = bcx.Evidence.from_rows(rows, organization="organization").matched(["x", "m", "y"]).moments()
    moments["org_01"].to_json(tmp_path / "one.json")
    rows[rows["organization"] == "org_02"].to_csv(tmp_path / "two.csv", index=False)
    text = 'n_planned = 5\n[organizations.one]\nmoments = "one.json"\n[organizations.two]\nrows = "two.csv"\n'
    (tmp_path / "evidence.toml").write_text(text)
    done = bayescx("check", study / "small.lavaan", tmp_path / "evidence.toml")
    assert done.code == 0
    assert "2 of 5 organizations planned" in done.out
    assert [line.split()[1] for line in done.out.splitlines() if line.startswith(("one", "two"))] == [
        "moments",
        "rows",
    ]


# ----------------------------------------------------------------------------------------------------- fit


def test_fit_saves_what_it_says(fit_file: Path) -> None:
    fit = bcx.load_fit(fit_file)
    assert fit.organizations == ("org_01", "org_02", "org_03", "org_04")
    assert fit.n_planned == 6
    assert dict(fit.posterior.sizes)["draw"] == 500
    assert not list(fit_file.parent.glob(".*"))


def test_fit_options_reach_the_sampler(study: Path, tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "fit.nc"
    done = bayescx(
        "fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization", "-o", file,
        "--draws", 20, "--tune", 30, "--chains", 2, "--seed", 4, "--pooling", "paths=none,residuals=full",
        "--no-scale",
    )  # fmt: skip
    assert done.code == 0
    assert f"saved {file}" in done.out
    assert "sampling 4 organizations" in done.err
    assert "40 draws in" in done.err
    fit = bcx.load_fit(file)
    assert (fit.pooling["paths"], fit.pooling["residuals"]) == ("none", "full")
    assert fit.provenance["random_seed"] == 4
    assert fit.provenance["engine"] == "kernel"
    assert fit.provenance["tune"] == 30
    assert set(fit.scale.values()) == {1.0}


def test_a_fit_that_did_not_converge_is_saved_and_said_loudly(study: Path, tmp_path: Path, bayescx: Command) -> None:
    words = ("fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization", "--seed", 1)
    done = bayescx(*words, "-o", tmp_path / "fit.nc", "--draws", 10, "--tune", 20, "--chains", 2, "--quiet")
    assert done.code == 0
    assert done.out == ""
    assert "NOT CONVERGED" in done.err
    assert "Do not report these numbers" in " ".join(done.err.split())
    assert widest(done.err) <= 100
    assert (tmp_path / "fit.nc").exists()


def test_an_older_fit_is_replaced_and_anything_else_is_not(
    study: Path, fit_file: Path, tmp_path: Path, bayescx: Command
) -> None:
    words = ("fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization", "--quiet")
    shutil.copy(fit_file, tmp_path / "fit.nc")
    short = (*words, "--draws", 10, "--tune", 20, "--chains", 2)
    assert bayescx(*short, "-o", tmp_path / "fit.nc").code == 0
    assert dict(bcx.load_fit(tmp_path / "fit.nc").posterior.sizes)["draw"] == 10
    precious = tmp_path / "rows.csv"
    precious.write_text("precious")
    done = bayescx(*words, "-o", precious)
    assert done.code == 2
    assert "this file is there and is no fit" in done.err
    assert precious.read_text() == "precious"


def test_warnings_of_the_sampler_are_shown(
    study: Path, tmp_path: Path, bayescx: Command, monkeypatch: pytest.MonkeyPatch, fit_file: Path
) -> None:
    def fit(*_: object, **__: object) -> bcx.Fit:
        warnings.warn("look at the units", UserWarning, stacklevel=2)
        warnings.warn("R-hat is above 1.01", ConvergenceWarning, stacklevel=2)
        return bcx.load_fit(fit_file)

    monkeypatch.setattr("bayescx.model.fit", fit, raising=False)
    done = bayescx(
        "fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization",
        "-o", tmp_path / "fit.nc",
    )  # fmt: skip
    assert done.code == 0
    assert "warning: look at the units" in done.err
    assert "NOT CONVERGED: R-hat is above 1.01" in done.err
    assert done.err.rstrip().endswith("!")


def test_on_a_terminal_progress_is_live(study: Path, fit_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked = []

    def fit(*_: object, progressbar: bool, **__: object) -> bcx.Fit:
        asked.append(progressbar)
        return bcx.load_fit(fit_file)

    monkeypatch.setattr("bayescx.model.fit", fit, raising=False)
    monkeypatch.setattr(sys, "stderr", Terminal())
    known = bcx.load_fit(fit_file)
    for quiet in (False, True):
        steps.sample(known.model, known.evidence, quiet=quiet)
    assert asked == [True, False]


# ----------------------------------------------------------------------------------------------- summarize


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_every_estimand_comes_as_a_table_csv_and_json(
    estimand: str, fit_file: Path, tmp_path: Path, bayescx: Command
) -> None:
    words = ("summarize", fit_file, "--estimand", estimand)
    shown = bayescx(*words)
    assert shown.code == 0
    assert widest(shown.out) <= 100
    csv = bayescx(*words, "--format", "csv")
    table = pd.read_csv(io.StringIO(csv.out))
    assert {"mean", "sd", "eti95_lb", "eti95_ub", "ess_bulk", "r_hat"} <= set(table.columns)
    records = json.loads(bayescx(*words, "--format", "json").out)
    assert [record["mean"] for record in records] == pytest.approx(table["mean"].tolist())
    for form, out in (("table", shown.out), ("csv", csv.out)):
        file = tmp_path / f"summary.{form}"
        done = bayescx(*words, "--format", form, "-o", file)
        assert (done.code, done.out) == (0, "")
        assert file.read_text(encoding="utf-8") == out


@pytest.mark.parametrize("target", TARGETS)
def test_csv_holds_what_the_functions_return(target: Any, fit_file: Path, bayescx: Command) -> None:
    fit = bcx.load_fit(fit_file)
    done = bayescx(
        "summarize",
        fit_file,
        "--estimand",
        "total",
        "--target",
        target,
        "--raw",
        "--ci",
        "0.9",
        "--format",
        "csv",
    )
    expected = bcx.summarize(bcx.total_effects(fit, target, standardized=False), 0.9)
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(done.out)), expected, check_dtype=False)


def test_tables_say_what_they_hold(fit_file: Path, bayescx: Command) -> None:
    done = bayescx("summarize", fit_file, "--estimand", "total", "--target", "average")
    said = " ".join(done.out.split())
    assert "Total effect. Units: SD of the outcome per SD of the cause." in said
    assert "the average of the 6 organizations planned, of which 4 have reported" in said
    assert "eti95_lb" in said
    raw = bayescx("summarize", fit_file, "--raw", "--target", "typical", "--ci", "0.8")
    assert "units of the outcome per unit of the cause" in " ".join(raw.out.split())
    assert "eti80_lb" in raw.out
    assert "\N{DAGGER}" not in done.out + raw.out


def test_long_names_stay_within_the_page(tmp_path: Path, bayescx: Command) -> None:
    model, rows, file = tmp_path / "long.lavaan", tmp_path / "rows.csv", tmp_path / "fit.nc"
    model.write_text(f"{'outcome_' * 8} ~ {'cause_' * 10}")
    assert bayescx("simulate", model, "-o", rows, "--organizations", 2, "--n", 50).code == 0
    fitted = bayescx("fit", model, rows, "--organization", "organization", "-o", file, "--draws", 10, "--tune", 20)
    assert fitted.code == 0
    for estimand in ("direct", "total", "heterogeneity"):
        done = bayescx("summarize", file, "--estimand", estimand)
        assert done.code == 0
        assert widest(done.out) <= 100
        assert "0." in done.out


# ------------------------------------------------------------------------------------------ demo and signals


@pytest.fixture
def quick_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = steps.sample

    def quick(*given: Any, **settings: Any) -> bcx.Fit:
        return sample(*given, **settings, draws=100, tune=200, chains=2)

    monkeypatch.setattr(studies, "sample", quick)


@pytest.mark.usefixtures("quick_demo")
def test_demo_says_that_it_is_simulated_and_answers_every_question(bayescx: Command, tmp_path: Path) -> None:
    done = bayescx("demo", "-o", tmp_path / "demo.nc", "--seed", 3)
    assert done.code == 0
    assert done.out.startswith("Simulated data (ten_organizations): ten organizations, 4543 respondents.")
    assert done.out.count("<- ") == 10 + 1
    assert "average of 10" in done.out
    assert "new organization" in done.out
    assert "SD between" in done.out
    assert "What satisfaction_cs does in the end" in done.out
    assert "R-squared" in done.out
    assert "Of the 176 values that were simulated" in " ".join(done.out.split())
    assert done.out.count(" not in [") <= 20
    assert widest(done.out) <= 100
    assert bcx.load_fit(tmp_path / "demo.nc").organizations[0] == "org_01"


@pytest.mark.usefixtures("quick_demo")
def test_demo_writes_a_report(bayescx: Command, tmp_path: Path) -> None:
    done = bayescx("demo", "-o", tmp_path / "report.html")
    assert done.code == 0
    assert f"wrote {tmp_path / 'report.html'} (" in done.out
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Simulated data" in text
    assert "Do not report these figures" in text  # so few draws do not converge


def test_demo_refuses_other_kinds_of_files_before_it_samples(bayescx: Command, tmp_path: Path) -> None:
    done = bayescx("demo", "-o", tmp_path / "report.pdf")
    assert done.code == 2
    assert "a report is an .html file, a fit an .nc file" in done.err


# ------------------------------------------------------------------------------------------------ report


def test_report_writes_one_file_and_replaces_nothing_but_a_report(
    fit_file: Path, tmp_path: Path, bayescx: Command
) -> None:
    file = tmp_path / "report.html"
    done = bayescx("report", fit_file, "-o", file, "--ci", "0.9")
    assert (done.code, done.err) == (0, "")
    assert "open it in a browser" in done.out
    assert "90\u00a0% interval" in file.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert bayescx("report", fit_file, "-o", file).code == 0
    assert "95\u00a0% interval" in file.read_text(encoding="utf-8")
    file.write_text("<!DOCTYPE html> my own page")
    refused = bayescx("report", fit_file, "-o", file)
    assert refused.code == 2
    assert "this file is there and is no report" in refused.err
    assert file.read_text() == "<!DOCTYPE html> my own page"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Which quantities are followed through refits, which are few and short."""
    from bayescx.estimands import margin as module

    found: list[Any] = []
    follow = module.margin_by_reporting

    def short(fit: bcx.Fit, quantity: Any, **settings: Any) -> Any:
        found.append(quantity)
        return follow(fit, quantity, orders=0, draws=20, tune=20, **settings)

    monkeypatch.setattr(module, "margin_by_reporting", short)
    return found


def test_a_report_can_follow_a_quantity_and_leave_refits_out(
    fit_file: Path, tmp_path: Path, bayescx: Command, asked: list[Any]
) -> None:
    file = tmp_path / "report.html"
    assert bayescx("report", fit_file, "-o", file, "--no-sensitivity").code == 0
    plain = file.read_text(encoding="utf-8")
    assert "How much a prior matters" not in plain
    assert "As organizations report" not in plain
    assert asked == []
    done = bayescx("report", fit_file, "-o", file, "--margin", "total:x:y", "--ci", "0.8")
    assert done.code == 0
    assert asked == [("total", "x", "y")]
    assert "NOT CONVERGED: 3 of 3 refits did not converge" in " ".join(done.err.split())
    full = file.read_text(encoding="utf-8")
    assert "How much a prior matters" in full
    assert "As organizations report" in full
    assert "otal effect of x on y" in full.partition('id="margin"')[2]


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("y~m", "y~m"),
        (" `a:b` ~ m", " `a:b` ~ m"),
        ("total:x:y", ("total", "x", "y")),
        (" indirect : x : y ", ("indirect", "x", "y")),
        ("r_squared:y", ("r_squared", "y")),
        ("total:`a:b`:c d", ("total", "`a:b`", "c d")),
    ],
)
def test_quantities_in_words(text: str, quantity: Any) -> None:
    assert steps.quantity_of(text) == quantity


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "a quantity is OUTCOME~CAUSE (a direct effect), total:CAUSE:OUTCOME"),
        ("y", "r_squared:OUTCOME, found 'y'"),
        ("total:x", "found 'total:x'"),
        ("total:a:x:y", "found 'total:a:x:y'"),
        ("direct:x:y", "found 'direct:x:y'"),
        ("::", "found '::'"),
        ("total:x:z", "no construct 'z'"),
        ("indirect:m:y", "there is no indirect effect of 'm' on 'y'"),
        ("y~q", "the model has no path 'y~q'"),
    ],
)
def test_quantities_that_are_none_are_refused_before_anything_is_fitted(
    text: str, fragment: str, fit_file: Path, tmp_path: Path, bayescx: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bayescx.estimands.margin.refit_each", None)
    done = bayescx("report", fit_file, "-o", tmp_path / "report.html", "--margin", text)
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_report_is_refused_before_refits(
    fit_file: Path, tmp_path: Path, bayescx: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bayescx.estimands.margin.margin_by_reporting", None)
    done = bayescx("report", fit_file, "-o", tmp_path / "report.pdf", "--margin", "y~m")
    assert done.code == 2
    assert "a report is an .html file" in done.err


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (("nothing.nc", "-o", "report.html"), "there is no such file"),
        (("fit.nc", "-o", "no/folder/report.html"), "there is no folder"),
        (("fit.nc", "-o", "."), "this is a folder"),
        (("fit.nc", "-o", "report.html", "--ci", "95"), "ci_prob must lie between 0 and 1, found 95"),
    ],
)
def test_report_says_what_is_wrong(
    words: tuple[str, ...],
    fragment: str,
    fit_file: Path,
    bayescx: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    shutil.copy(fit_file, tmp_path / "fit.nc")
    monkeypatch.chdir(tmp_path)
    done = bayescx("report", *words)
    assert done.code == 2
    assert fragment in done.err
    assert not (tmp_path / "report.html").exists()


def test_ctrl_c_ends_with_one_line_and_saves_nothing(study: Path, tmp_path: Path) -> None:
    running = process(
        "fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization",
        "-o", tmp_path / "fit.nc", "--draws", 10_000_000,
    )  # fmt: skip
    assert running.stderr is not None
    assert "sampling" in running.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "interrupted; nothing was saved"
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_saves_nothing(
    study: Path, tmp_path: Path, bayescx: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(*_: object, **__: object) -> bcx.Fit:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError

    monkeypatch.setattr("bayescx.model.fit", fit, raising=False)
    done = bayescx(
        "fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization",
        "-o", tmp_path / "fit.nc",
    )  # fmt: skip
    assert done.code == 130
    assert done.err.splitlines()[-1] == "interrupted; nothing was saved"
    assert not (tmp_path / "fit.nc").exists()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pipes break differently elsewhere")
@pytest.mark.parametrize("command", ["--help", "check"])
def test_a_broken_pipe_is_quiet(command: str, study: Path) -> None:
    words = (study / "small.lavaan", study / "rows.csv", "--organization", "organization")
    running = process(command, *(words if command == "check" else ()))
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    err = running.stderr.read()
    running.stderr.close()
    assert running.wait(60) == 1
    assert err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("command", ["--help", "check"])
def test_a_full_disk_is_said_in_one_line(command: str, study: Path) -> None:
    words = (study / "small.lavaan", study / "rows.csv", "--organization", "organization")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bayescx", command, *(words if command == "check" else ())],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_fit_that_cannot_be_saved_after_all_is_exit_code_1(
    study: Path, tmp_path: Path, bayescx: Command, monkeypatch: pytest.MonkeyPatch, fit_file: Path
) -> None:
    class Unsaved:
        posterior = bcx.load_fit(fit_file).posterior
        seed = 1

        def save(self, path: Path) -> None:
            raise FitError(f"cannot save to {path}: No space left on device")

    monkeypatch.setattr("bayescx.model.fit", lambda *_, **__: Unsaved(), raising=False)
    done = bayescx(
        "fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization",
        "-o", tmp_path / "fit.nc",
    )  # fmt: skip
    assert done.code == 1
    assert "No space left on device" in done.err


# ----------------------------------------------------------------------------------- what users are told besides


def test_data_called_simulated_stay_so_to_the_report(study: Path, tmp_path: Path, bayescx: Command) -> None:
    words = (study / "small.lavaan", study / "rows.csv", "--organization", "organization", "--simulated")
    done = bayescx("fit", *words, "-o", tmp_path / "fit.nc", "--draws", 20, "--tune", 100, "--chains", 2, "--seed", 1)
    assert done.code == 0
    assert bcx.load_fit(tmp_path / "fit.nc").evidence.simulated
    assert bayescx("report", tmp_path / "fit.nc", "-o", tmp_path / "r.html").code == 0
    assert "nobody was asked" in (tmp_path / "r.html").read_text(encoding="utf-8")
    again = bayescx("fit", *words, "-o", tmp_path / "fit.nc", "--draws", 20, "--tune", 100, "--chains", 2, "--seed", 1)
    assert f"replaced {tmp_path / 'fit.nc'}" in again.out


def test_fit_says_whom_it_leaves_out(study: Path, tmp_path: Path, bayescx: Command) -> None:
    rows = pd.read_csv(study / "rows.csv")
    rows.loc[rows.index[:2], "organization"] = None
    rows = pd.concat([rows, rows[rows["organization"] == "org_02"].head(9).assign(organization="tiny")])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    done = bayescx(
        "fit", study / "small.lavaan", tmp_path / "rows.csv", "--organization", "organization", "--min-n", 20,
        "-o", tmp_path / "fit.nc", "--draws", 10, "--tune", 50, "--chains", 2,
    )  # fmt: skip
    assert done.code == 0
    assert "kept out for too few respondents: tiny" in done.err
    assert "left out: 2 rows that name no organization" in done.err


def test_check_does_not_claim_to_know_what_others_left_out(study: Path, tmp_path: Path, bayescx: Command) -> None:
    words = (study / "rows.csv", "--organization", "organization", "-o", tmp_path / "shared")
    assert bayescx("moments", *words, "--simulated").code == 0
    done = bayescx("check", study / "small.lavaan", tmp_path / "shared" / "evidence.toml")
    assert done.out.count("not known") == 4
    assert bcx.read_evidence(tmp_path / "shared" / "evidence.toml").simulated


def test_evidence_before_the_model_is_noticed(study: Path, bayescx: Command) -> None:
    done = bayescx("check", study / "rows.csv", study / "small.lavaan")
    assert done.code == 2
    assert "this is evidence; the model comes first" in done.err


def test_percentages_are_understood(fit_file: Path, bayescx: Command) -> None:
    done = bayescx("summarize", fit_file, "--ci", "95")
    assert done.code == 2
    assert "for 95 % give 0.95" in done.err


def test_names_that_a_terminal_cannot_show_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "m.lavaan").write_text("y ~ x")
    rows = "org,x,y\n" + "".join(f"S\u00f6hne,{i},{i * i % 7}\n" for i in range(12))
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    running = process(
        "check", tmp_path / "m.lavaan", tmp_path / "rows.csv", "--organization", "org",
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    assert "S\\xf6hne" in out


def test_a_name_that_is_no_text_is_refused_before_anything_is_written(tmp_path: Path, bayescx: Command) -> None:
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{i},{i * i % 7}\n" for i in range(12)))
    done = bayescx("moments", tmp_path / "rows.csv", "--name", "S\udcf6hne", "-o", tmp_path / "shared")
    assert done.code == 2
    assert "is no text that a file can hold" in done.err
    assert not (tmp_path / "shared").exists()
