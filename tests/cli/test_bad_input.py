"""Bad input ends in one screen on stderr and exit code 2: no traceback, nothing sampled, nothing written."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

TESTS = Path(__file__).parents[1]
MODELS = runpy.run_path(str(TESTS / "spec" / "malformed_models.py"))["MALFORMED_MODELS"]
EVIDENCE = runpy.run_path(str(TESTS / "evidence" / "malformed_evidence.py"))["MALFORMED_EVIDENCE"]
SOUND = "x ~~ x; m ~ x; y ~ m + x"  # columns in the order x, m, y
SCREEN = 40

Command = Callable[..., Any]
Builder = Callable[[Path], list[str]]


def assert_refused(done: Any, *fragments: str) -> None:
    assert done.code == 2, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    assert len(done.err.splitlines()) <= SCREEN
    for fragment in fragments:
        assert fragment in done.err


def few(cases: list[Any]) -> list[Any]:
    return cases[:: max(1, len(cases) // 6)]


@pytest.fixture
def rows(study: Path) -> tuple[object, ...]:
    return (study / "rows.csv", "--organization", "organization")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    file = tmp_path / "sound.lavaan"
    file.write_text(SOUND)
    return file


@pytest.fixture(autouse=True)
def _nothing_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("sampling began")

    monkeypatch.setattr("bayescx.model.engine.sample_kernel", refuse)


# ------------------------------------------------------------------------------------ models and evidence


@pytest.mark.parametrize(
    ("text", "fragments"), [pytest.param(text, fragments, id=name) for name, text, fragments in MODELS]
)
def test_malformed_models(
    text: str, fragments: tuple[str, ...], rows: tuple[object, ...], tmp_path: Path, bayescx: Command
) -> None:
    file = tmp_path / "malformed.lavaan"
    file.write_text(text, encoding="utf-8", newline="")
    assert_refused(bayescx("check", file, *rows), "malformed.lavaan", *fragments)


@pytest.mark.parametrize(
    ("build", "fragments"), [pytest.param(build, fragments, id=name) for name, build, fragments in EVIDENCE]
)
def test_malformed_evidence(
    build: Builder, fragments: tuple[str, ...], sound: Path, tmp_path: Path, bayescx: Command
) -> None:
    assert_refused(bayescx("check", sound, *build(tmp_path)), *fragments)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text, _ in few(MODELS)])
def test_fit_refuses_malformed_models(text: str, rows: tuple[object, ...], tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "malformed.lavaan"
    file.write_text(text, encoding="utf-8", newline="")
    assert_refused(bayescx("fit", file, *rows, "-o", tmp_path / "fit.nc"))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("build", [pytest.param(build, id=name) for name, build, _ in few(EVIDENCE)])
def test_fit_refuses_malformed_evidence(build: Builder, sound: Path, tmp_path: Path, bayescx: Command) -> None:
    assert_refused(bayescx("fit", sound, *build(tmp_path), "-o", tmp_path / "fit.nc"))
    assert not (tmp_path / "fit.nc").exists()


def test_model_and_evidence_are_reported_together(tmp_path: Path, bayescx: Command) -> None:
    (tmp_path / "model.lavaan").write_text("y ~ 2\nx ~ x")
    (tmp_path / "evidence.toml").write_text("colour = 1\n[organizations.a]\nrows = 'nowhere.csv'\n")
    done = bayescx("check", tmp_path / "model.lavaan", tmp_path / "evidence.toml")
    assert_refused(done, "line 1, column 5", "unknown key 'colour'", "no such file: a (nowhere.csv)")


def test_check_refuses_what_fit_refuses_of_a_model_with_coded_terms(tmp_path: Path, bayescx: Command) -> None:
    table = pd.DataFrame(
        {"x": [*range(8)] * 5, "y": [(3 * k) % 11 for k in range(40)], "z": [1.5 * (k % 7) for k in range(40)]}
    )
    table.to_csv(tmp_path / "north.csv", index=False)
    table.assign(y=table["y"] + 2 * table["x"]).drop(columns="z").to_csv(tmp_path / "south.csv", index=False)
    text = "".join(f'[organizations.{name}]\nrows = "{name}.csv"\n' for name in ("north", "south"))
    (tmp_path / "evidence.toml").write_text(text)
    model = tmp_path / "coded.lavaan"
    model.write_text("y ~ below(x, 4) + above(x, 4) + fixed(z)")
    for command in (("check",), ("fit", "-o", tmp_path / "fit.nc")):
        done = bayescx(command[0], model, tmp_path / "evidence.toml", *command[1:])
        assert_refused(done, "south lacks z, and the model has coded terms such as below(x, 4), which need")


def test_a_model_that_no_data_can_determine_is_reported_with_its_evidence(
    study: Path, tmp_path: Path, bayescx: Command
) -> None:
    (tmp_path / "model.lavaan").write_text("f =~ m + x\ng =~ y + x\nf ~~ 0*g")
    done = bayescx("check", tmp_path / "model.lavaan", study / "rows.csv", "--organization", "organisation")
    assert_refused(done, "the data cannot determine", "did you mean 'organization'?")


@pytest.mark.parametrize(
    ("model", "fragments"),
    [
        ("value_creatoin", ("neither a file nor a shipped model", "did you mean 'value_creation'?")),
        ("nothing_like_it", ("neither a file nor a shipped model", "shipped: contact_center_quality")),
        ("nowhere.lavaan", ("nowhere.lavaan", "no such file")),
        ("/", ("no readable file",)),
        ("", ("neither a file nor a shipped model",)),
        ("a\0b", ("neither a file nor a shipped model",)),
        ("x" * 5000, ("neither a file nor a shipped model",)),
    ],
)
def test_names_that_are_no_model(
    model: str, fragments: tuple[str, ...], rows: tuple[object, ...], bayescx: Command
) -> None:
    assert_refused(bayescx("check", model, *rows), *fragments)


@pytest.mark.parametrize(
    ("evidence", "fragment"),
    [
        ("nothing_like_it", "neither a file nor a shipped evidence"),
        ("nowhere.csv", "nowhere.csv: no such file"),
        ("nowhere.toml", "nowhere.toml: no such file"),
        ("/", "cannot read '' files as evidence"),
        ("", "neither a file nor a shipped evidence"),
        ("x" * 5000, "neither a file nor a shipped evidence"),
    ],
)
def test_names_that_are_no_evidence(evidence: str, fragment: str, bayescx: Command) -> None:
    assert_refused(bayescx("check", "value_creation", evidence, "--organization", "organization"), fragment)


def test_the_columns_of_another_study(rows: tuple[object, ...], bayescx: Command) -> None:
    assert_refused(bayescx("check", "value_creation", *rows), "no column 'trust_cs': org_01, org_02")


# ------------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--draws", "0"], "draws must be a whole number"),
        (["--draws", "many"], "--draws"),
        (["--tune", "-1"], "tune must be a whole number"),
        (["--chains", "0"], "chains must be a whole number"),
        (["--seed", "-1"], "random_seed must be a whole number"),
        (["--seed", "1.5"], "--seed"),
        (["--planned", "2"], "n_planned = 2 is smaller"),
        (["--planned", "ten"], "--planned"),
        (["--min-n", "0"], "min_n must be a whole number above 0"),
        (["--min-n", "1000"], "keeps out every organization"),
        (["--pooling", "partly"], "unknown pooling 'partly'"),
        (["--pooling", "path=none"], "unknown block 'path'; did you mean 'paths'?"),
        (["--pooling", "paths=none,"], "unknown block ''"),
        (["--engine", "stan"], "--engine"),
        (["--identification", "first"], "--identification"),
        (["--colour"], "No such option"),
        (["--organization"], "requires an argument"),
        (["one", "too", "many"], "unexpected extra argument"),
    ],
)
def test_options_of_fit(
    words: list[str], fragment: str, rows: tuple[object, ...], sound: Path, tmp_path: Path, bayescx: Command
) -> None:
    done = bayescx("fit", sound, *rows, "-o", tmp_path / "fit.nc", *words)
    assert_refused(done)
    assert fragment in " ".join(done.err.split())
    assert not (tmp_path / "fit.nc").exists()


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--estimand", "effects"], "--estimand"),
        (["--target", "mean"], "--target"),
        (["--format", "xlsx"], "--format"),
        (["--ci", "95"], "ci_prob must lie between 0 and 1"),
        (["--ci", "nan"], "ci_prob must lie between 0 and 1"),
        (["--estimand", "heterogeneity", "--target", "new"], "leave --target out"),
    ],
)
def test_options_of_summarize(words: list[str], fragment: str, fit_file: Path, bayescx: Command) -> None:
    assert_refused(bayescx("summarize", fit_file, *words), fragment)


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["--organizations", "0"], "organizations must be a whole number above 0"),
        (["--n", "0"], "n_obs must be a whole number above 0"),
        (["--n", "600:150"], "n_obs must be a whole number above 0 or a range"),
        (["--n", "1:2:3"], "--n is a whole number such as 500 or a range such as 150:600"),
        (["--n", "some"], "--n is a whole number"),
        (["--heterogeneity", "-1"], "heterogeneity must be"),
        (["--heterogeneity", "nan"], "heterogeneity must be"),
        (["--seed", "-3"], "random_seed must be"),
        (["--set", "m~x"], "NAME=VALUE is needed"),
        (["--set", "m~x=big"], "NAME=VALUE is needed"),
        (["--set", "=1"], "NAME=VALUE is needed"),
        (["--set", "m~z=1"], "no parameter 'm~z'; did you mean 'm~x'?"),
        (["--set", "m~x=1", "--set", "m~x=2"], "m~x is set twice"),
        (["--set", "m~~m=-1"], "cannot be negative"),
        (["--set", "m~~m=0"], "positive definite"),
        (["--truth", "truth.xlsx"], ".csv or .parquet"),
        (["--truth", "nowhere/truth.csv"], "there is no folder nowhere"),
    ],
)
def test_options_of_simulate(
    words: list[str],
    fragment: str,
    sound: Path,
    tmp_path: Path,
    bayescx: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refused(bayescx("simulate", sound, "-o", "rows.csv", *words), fragment)
    assert list(tmp_path.iterdir()) == [sound]


def test_rows_and_truth_need_files_of_their_own(sound: Path, tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "rows.csv"
    assert_refused(bayescx("simulate", sound, "-o", file, "--truth", file), "both name")


@pytest.mark.parametrize(
    "words", [["fti"], ["fit"], ["check", "value_creation"], ["--colour"], ["demo", "--seed", "x"]]
)
def test_commands_that_do_not_parse(words: list[str], bayescx: Command) -> None:
    assert_refused(bayescx(*words), "Error: ")


# ------------------------------------------------------------------------------------------ files to write


def outputs(folder: Path) -> dict[str, tuple[Path, str]]:
    (folder / "there").mkdir()
    protected = folder / "protected.nc"
    protected.write_bytes(b"\x89HDF")
    return {
        "no folder": (folder / "nowhere" / "fit.nc", "there is no folder"),
        "a folder": (folder / "there", "this is a folder"),
        "a file for a folder": (protected / "fit.nc", "there is no folder"),
        "a kernel folder": (Path("/proc/fit.nc"), "no file can be made"),
        "write-protected": (protected, "write-protected"),
    }


@pytest.mark.parametrize("kind", ["no folder", "a folder", "a file for a folder", "a kernel folder", "write-protected"])
@pytest.mark.parametrize("command", ["fit", "demo", "simulate", "summarize", "report"])
def test_outputs_that_cannot_be_written_are_refused_first(
    kind: str,
    command: str,
    rows: tuple[object, ...],
    sound: Path,
    fit_file: Path,
    tmp_path: Path,
    bayescx: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, fragment = outputs(tmp_path)[kind]
    if kind == "a kernel folder" and not Path("/proc/self").exists():
        pytest.skip("no such folder on this system")
    if kind == "write-protected":  # also for a user who may write everything
        monkeypatch.setattr("bayescx.cli.outputs.os.access", lambda _, mode: mode != os.W_OK)
    words = {
        "fit": ("fit", sound, *rows),
        "demo": ("demo",),
        "simulate": ("simulate", sound),
        "summarize": ("summarize", fit_file, "--format", "csv"),
        "report": ("report", fit_file),
    }
    assert_refused(bayescx(*words[command], "-o", path), "cannot write", fragment)


# --------------------------------------------------------------------------------------------- files of fits


def spoil_text(file: Path) -> None:
    file.write_text("not a fit\n")


def spoil_cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def spoil_empty(file: Path) -> None:
    file.write_bytes(b"")


def spoil_middle(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[1000:3000] = bytes(2000)
    file.write_bytes(content)


def spoil_other(file: Path) -> None:
    file.unlink()
    pd.DataFrame({"x": [1.0, 2.0]}).to_xarray().to_netcdf(file, engine="h5netcdf")


def spoil_settings(file: Path) -> None:
    import h5py

    with h5py.File(file, "a") as content:
        content.attrs["settings"] = content.attrs["settings"].replace("m ~ a*x", "m ~ a*")


def spoil_moments(file: Path) -> None:
    import h5py

    with h5py.File(file, "a") as content:
        content["constant_data/cov"][0, 0, 0] += 1.0


def spoil_version(file: Path) -> None:
    import h5py

    with h5py.File(file, "a") as content:
        content.attrs["format_version"] = 99


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_text,
        spoil_cut,
        spoil_empty,
        spoil_middle,
        spoil_other,
        spoil_settings,
        spoil_moments,
        spoil_version,
    ],
)
def test_files_that_are_no_fit(spoil: Callable[[Path], None], fit_file: Path, tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "fit.nc"
    shutil.copy(fit_file, file)
    spoil(file)
    assert_refused(bayescx("summarize", file), "cannot load", "fit.nc")


@pytest.mark.parametrize("name", ["nowhere.nc", "", "."])
def test_fits_that_are_not_there(name: str, bayescx: Command) -> None:
    assert_refused(bayescx("summarize", name), "cannot load")


def test_questions_that_a_fit_cannot_answer(fit_file: Path, bayescx: Command, tmp_path: Path) -> None:
    import bayescx as bcx

    fit = bcx.load_fit(fit_file)
    plain = tmp_path / "plain.nc"
    import dataclasses

    dataclasses.replace(fit, model=bcx.parse_model("m ~ x; y ~ m + x")).save(plain)
    assert_refused(bayescx("summarize", plain, "--estimand", "defined"), "defines no quantity")


# ------------------------------------------------------------------------------------------- real processes


@pytest.mark.parametrize(
    "words",
    [
        ["check", "value_creatoin", "nothing"],
        ["fit", "value_creation", "nowhere.csv", "--organization", "o", "-o", "fit.nc"],
        ["summarize", "nowhere.nc"],
        ["fit", "--draws", "x"],
    ],
)
def test_processes_end_the_same_way(words: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bayescx", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "Error: " in done.stderr
    assert list(tmp_path.iterdir()) == []
