"""replicate.py: fits again, compares, and says in words and by its exit code whether the results agree."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import bayescx as bcx


class Ran(NamedTuple):
    code: object
    out: str
    err: str


Replicate = Callable[..., Ran]


@pytest.fixture
def replicate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Replicate:
    """Run a folder's script in this process, which spares the imports."""

    def run(folder: Path, *options: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["replicate.py", *options])
        with pytest.raises(SystemExit) as stop, warnings.catch_warnings():
            runpy.run_path(str(folder / "replicate.py"), run_name="__main__")
        return Ran(stop.value.code, *capsys.readouterr())

    return run


def change_moments(folder: Path) -> None:
    file = folder / "moments" / "south.json"
    content = json.loads(file.read_text())
    content["cov"][0][1] = content["cov"][1][0] = content["cov"][0][1] / 2
    file.write_text(json.dumps(content))


def test_it_gives_the_same_summary_from_any_folder(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = [sys.executable, "-W", "error", str(folder / "replicate.py")]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "figures (means and interval bounds of" in done.stdout
    assert "the largest difference is 0.0 (same seed, same versions: the figures are identical)." in done.stdout
    assert done.stderr == ""
    for table in (folder / "summary").iterdir():
        assert (folder / "replicated" / table.name).read_bytes() == table.read_bytes()
    assert list(elsewhere.iterdir()) == []


def test_another_seed_agrees(folder: Path, replicate: Replicate) -> None:
    ran = replicate(folder, "--seed", "2")
    assert ran.code == 0
    assert "agree within 4 Monte Carlo errors" in ran.out
    assert "(seed 2, the original's is 1, same versions)" in ran.out
    assert "identical" not in ran.out
    assert (folder / "replicated" / "r_squared.csv").read_bytes() != (folder / "summary" / "r_squared.csv").read_bytes()


def test_a_changed_moments_file_is_noticed(small: Path, replicate: Replicate) -> None:
    change_moments(small)
    ran = replicate(small)
    assert ran.code == 2
    assert "moments/south.json was changed" in ran.err
    assert "Nothing was run." in ran.err
    assert not (small / "replicated").exists()


def test_missing_and_foreign_files_are_noticed(small: Path, replicate: Replicate) -> None:
    (small / "priors.json").unlink()
    (small / "moments" / "99.json").write_text("{}")
    ran = replicate(small)
    assert ran.code == 2
    assert "priors.json is missing" in ran.err
    assert "moments/99.json is not part of this replication" in ran.err


def test_changed_files_run_anyway_when_asked_loudly(small: Path, replicate: Replicate) -> None:
    change_moments(small)
    ran = replicate(small, "--anyway")
    assert ran.code == 1
    assert "moments/south.json was changed" in ran.err
    assert "RUNNING ANYWAY" in ran.err
    assert "THE EVIDENCE IS NOT THAT of the original fit" in ran.out
    assert "The results do NOT agree" in ran.out
    assert "organization='south'" in ran.out


def test_a_doctored_summary_does_not_agree(small: Path, replicate: Replicate) -> None:
    file = small / "summary" / "r_squared.csv"
    lines = file.read_text().splitlines(keepends=True)
    cells = lines[1].split(",")
    assert cells[:3] == ["organization", "north", "trust"]
    cells[3] = "0.123456"
    file.write_text("".join([lines[0], ",".join(cells), *lines[2:]]))
    ran = replicate(small)
    assert ran.code == 1
    assert "The results do NOT agree: 1 of" in ran.out
    assert "r_squared: target='organization', organization='north', outcome='trust', mean: 0.123456 in" in ran.out


def test_a_row_taken_out_of_a_summary_does_not_agree(small: Path, replicate: Replicate) -> None:
    file = small / "summary" / "heterogeneity.csv"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    ran = replicate(small)
    assert ran.code == 1
    assert "The results do NOT agree: 3 of" in ran.out
    assert "none in summary/" in ran.out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda small: (small / "checksums.txt").unlink(), "checksums.txt is missing"),
        (lambda small: (small / "priors.json").write_text("{"), "priors.json cannot be read as JSON"),
        (lambda small: (small / "evidence.toml").write_text("="), "not valid TOML"),
        (lambda small: (small / "model.lavaan").write_text("y ~"), "line 1"),
        (lambda small: (small / "settings.json").write_text("{}"), "does not hold the settings"),
    ],
)
def test_what_cannot_run_says_why(
    small: Path, replicate: Replicate, change: Callable[[Path], object], message: str
) -> None:
    change(small)
    ran = replicate(small, "--anyway")
    assert ran.code == 2
    assert "replicate.py cannot go on: " in ran.err
    assert message in ran.err


def test_an_impossible_seed_is_refused(small: Path, replicate: Replicate) -> None:
    ran = replicate(small, "--seed", "-1")
    assert ran.code == 2
    assert "random_seed must be a whole number of at least 0" in ran.err


@pytest.mark.parametrize(
    "options",
    [
        {"pooling": "none", "cores": 1},
        {"pooling": {"paths": "full", "residuals": "none"}, "scale": False, "target_accept": 0.8},
        {"engine": "pymc", "cores": 1, "priors": bcx.Priors(path_sd=bcx.Prior("Exponential", lam=3.0))},
    ],
)
def test_fits_of_all_kinds_replicate_and_say_that_they_did_not_converge(
    small_fit: bcx.Fit, tmp_path: Path, replicate: Replicate, options: dict[str, object]
) -> None:
    few = {"draws": 25, "tune": 60, "chains": 2, "random_seed": 5, "progressbar": False, "priors": bcx.Priors()}
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(small_fit.model, small_fit.evidence, **{**few, **options})
    folder = bcx.write_replication(fit, tmp_path / "folder")
    assert "**The original fit did not converge" in (folder / "README.md").read_text()
    ran = replicate(folder)
    assert ran.code == 0, ran
    assert "the figures are identical" in ran.out
    assert "The original fit DID NOT CONVERGE" in ran.out
    assert "The new fit DID NOT CONVERGE" in ran.out
