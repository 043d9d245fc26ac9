"""The folder: what is in it, that it leads back to the same fit, and that it is written whole or not at all."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hatchling.builders.wheel import WheelBuilder

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.replication import changed_files, read_settings
from bayescx.replication import folder as module
from bayescx.replication.folder import write_replication

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "../../x",
    "/etc/passwd",
    "quote \"q\" 'q'",
    "back\\slash\\",
    "dot.ted.name",
    "tab\there",
    "\x01bell\x07\x7f",
    "null\x00null",
    "lines\nand\rreturns",
    "Łódź 日本 \U0001f600 \u202e",
    "$x$ `code` _em_ [link](javascript:alert(1))",
    "<script>alert(1)</script>",
    "NA",
    "a b",
    "a-b",
    "A.B",
    "CON",
    "=cmd|' /C calc'!A0",
    "[organizations.other]",
    "x" * 200,
)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_are_there(written: Path) -> None:
    tables = ("direct_effects", "indirect_effects", "total_effects", "defined_parameters", "r_squared")
    assert set(files(written)) == {
        "README.md",
        "checksums.txt",
        "evidence.toml",
        "model.lavaan",
        *(f"moments/{name}.json" for name in ("north", "south", "east", "west")),
        "priors.json",
        "replicate.py",
        "requirements.txt",
        "settings.json",
        *(f"summary/{name}.csv" for name in (*tables, "heterogeneity", "parameters")),
    }
    assert changed_files(written) == []


def test_it_leads_back_to_the_same_fit(example_fit: bcx.Fit, written: Path) -> None:
    model = bcx.read_model(written / "model.lavaan")
    matched = bcx.read_evidence(written / "evidence.toml").matched(model.observed)
    assert model == example_fit.model
    assert matched.fingerprint == example_fit.evidence.fingerprint
    assert matched.n_planned == 6
    assert not matched.simulated
    assert read_settings(written)["fingerprint"] == matched.fingerprint


def test_requirements_are_the_versions_of_the_fit(example_fit: bcx.Fit, written: Path) -> None:
    lines = (written / "requirements.txt").read_text().splitlines()
    versions = dict(example_fit.provenance["versions"])
    assert lines[0] == f"# Python {versions.pop('python')}"
    assert [line for line in lines if "#" not in line] == [f"{name}=={version}" for name, version in versions.items()]
    assert "://" not in "".join(lines)


def test_versions_that_are_none_are_refused(small_fit: bcx.Fit, tmp_path: Path) -> None:
    odd = dict(small_fit.provenance) | {"versions": {"numpy": "1\n--index-url=x"}}
    with pytest.raises(FitError, match="is not a package with its version"):
        write_replication(dataclasses.replace(small_fit, provenance=odd), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_the_script_is_short_and_the_readme_complete(written: Path) -> None:
    compile((written / "replicate.py").read_text(), "replicate.py", "exec")
    assert len((written / "replicate.py").read_text().splitlines()) <= 65
    readme = (written / "README.md").read_text()
    assert "$" not in readme
    assert "4 of 6 organizations reported" in readme
    assert "- `moments/south.json`: south, n = 150, computed from its rows" in readme
    assert "<= 4 * sqrt(mcse_original^2 + mcse_new^2)" in readme
    assert "Simulated" not in readme
    assert "converge" not in readme


@pytest.mark.parametrize("text", ["{}", "{}\r\n", "\ufeff{}\n", "# Zufriedenheit é 日\r{}\n\n"])
def test_the_models_text_is_the_same_to_the_character(small_fit: bcx.Fit, tmp_path: Path, text: str) -> None:
    model = bcx.parse_model(text.format("trust ~ satisfaction"))
    written = write_replication(dataclasses.replace(small_fit, model=model), tmp_path / "new")
    assert bcx.read_model(written / "model.lavaan").text == model.text
    assert (written / "model.lavaan").read_bytes().decode("utf-8-sig") == model.text


@pytest.fixture(scope="module")
def hostile_fit() -> bcx.Fit:
    rng = np.random.default_rng(1)
    moments = {}
    for name in HOSTILE:
        draws = rng.standard_normal((60, 2)) @ np.array([[1.0, 0.7], [0.0, 1.0]])
        labels = ["<b>x</b> $x$", "../../y"]
        moments[name] = bcx.SampleMoments(60, None, pd.DataFrame(draws, columns=labels).cov())
    model = bcx.parse_model("`../../y` ~ `<b>x</b> $x$`", name="<i>*model*</i>\n# heading")
    evidence = bcx.Evidence.from_moments(moments, simulated=True)
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(model, evidence, draws=30, tune=100, chains=2, random_seed=1, progressbar=False)


def test_hostile_names_come_back_and_stay_inside(hostile_fit: bcx.Fit, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er" / "folder"
    folder.parent.mkdir(parents=True)
    write_replication(hostile_fit, folder)
    assert all(name.startswith("deep/er/folder/") for name in files(tmp_path))
    assert [path.name for path in folder.parent.iterdir()] == ["folder"]
    moments = sorted(path.name for path in (folder / "moments").iterdir())
    assert len(moments) == len(HOSTILE)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*\.json", name) and len(name) < 80 for name in moments)
    assert {"x.json", "a-b.json", "a-b-2.json", "a-b-3.json", "organization-con.json"} <= set(moments)
    evidence = bcx.read_evidence(folder / "evidence.toml")
    assert evidence.organizations == HOSTILE
    assert evidence.simulated
    matched = evidence.matched(bcx.read_model(folder / "model.lavaan").observed)
    assert matched.fingerprint == hostile_fit.evidence.fingerprint
    document = tomllib.loads((folder / "evidence.toml").read_text(encoding="utf-8"))
    assert tuple(document["organizations"]) == HOSTILE


def test_hostile_names_do_nothing_in_the_readme(hostile_fit: bcx.Fit, tmp_path: Path) -> None:
    readme = (write_replication(hostile_fit, tmp_path / "new") / "README.md").read_text(encoding="utf-8")
    assert "<script" not in readme
    assert "<b>" not in readme
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in readme
    assert "\\$x\\$ \\`code\\` \\_em\\_ \\[link\\](javascript" in readme
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", readme)
    assert "\n# heading" not in readme
    assert "x" * 81 not in readme
    assert "**Simulated data: made by a program" in readme
    assert "**The original fit did not converge: its figures are not to be relied on.**" in readme


def test_kept_out_and_dropped_rows_are_told(small_fit: bcx.Fit, tmp_path: Path) -> None:
    matched = dataclasses.replace(small_fit.evidence, dropped={"north": 7}, kept_out={"tiny <b>": 3}, unassigned=12)
    fit = dataclasses.replace(small_fit, evidence=matched)
    readme = (write_replication(fit, tmp_path / "new") / "README.md").read_text()
    assert "north, n = 150, computed from its rows; 7 rows were left out for missing answers" in readme
    assert "they have too few respondents: tiny &lt;b&gt; (n = 3)." in readme
    assert "12 rows named no organization and were left out." in readme


def test_what_the_pooling_does_not_answer_is_told(small_fit: bcx.Fit, tmp_path: Path) -> None:
    apart = dataclasses.replace(small_fit, pooling=dict(small_fit.pooling) | {"paths": "none"})
    readme = (write_replication(apart, tmp_path / "new") / "README.md").read_text()
    assert "leaves `typical` and `average` and `new` without an answer" in readme


@pytest.mark.parametrize("name", [" north ", "\ud800"])
def test_names_that_would_not_come_back_are_refused(small_fit: bcx.Fit, tmp_path: Path, name: str) -> None:
    matched = dataclasses.replace(small_fit.evidence, organizations=(name, "b"))
    with pytest.raises(FitError):
        write_replication(dataclasses.replace(small_fit, evidence=matched), tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ci_prob", [0.0, 1.0, 95, "wide", None])
def test_an_impossible_interval_is_refused_and_leaves_nothing(
    small_fit: bcx.Fit, tmp_path: Path, ci_prob: float
) -> None:
    with pytest.raises(FitError, match="ci_prob must lie between 0 and 1"):
        write_replication(small_fit, tmp_path / "new", ci_prob=ci_prob)
    assert list(tmp_path.iterdir()) == []


def test_the_interval_is_a_choice(small_fit: bcx.Fit, tmp_path: Path) -> None:
    written = write_replication(small_fit, tmp_path / "new", ci_prob=0.8)
    assert (written / "summary" / "r_squared.csv").read_text().splitlines()[0].count("eti80_") == 4
    assert read_settings(written)["ci_prob"] == 0.8
    assert "80% interval" in (written / "README.md").read_text()


def file_in_the_way(target: Path) -> None:
    target.write_text("precious")


def somebodys_folder(target: Path) -> None:
    target.mkdir()
    (target / "thesis.txt").write_text("precious")


def folder_with_other_settings(target: Path) -> None:
    target.mkdir()
    (target / "settings.json").write_text('{"format": "something else"}')


@pytest.mark.parametrize(
    ("prepare", "overwrite", "message"),
    [
        (file_in_the_way, True, "this is a file"),
        (somebodys_folder, False, "this folder is not empty"),
        (somebodys_folder, True, "not a replication written by bayescx"),
        (folder_with_other_settings, True, "not a replication written by bayescx"),
    ],
)
def test_what_is_there_is_not_lost(
    small_fit: bcx.Fit, tmp_path: Path, prepare: Callable[[Path], None], overwrite: bool, message: str
) -> None:
    prepare(tmp_path / "target")
    before = files(tmp_path)
    with pytest.raises(FitError, match=message):
        write_replication(small_fit, tmp_path / "target", overwrite=overwrite)
    assert files(tmp_path) == before


def test_a_replication_is_replaced_only_when_asked(small_fit: bcx.Fit, small: Path) -> None:
    (small / "replicated").mkdir()
    (small / "moments" / "05-old.json").write_text("{}")
    with pytest.raises(FitError, match="replace it with overwrite=True"):
        write_replication(small_fit, small)
    assert (small / "moments" / "05-old.json").exists()
    write_replication(small_fit, small, overwrite=True)
    assert changed_files(small) == []
    assert not (small / "replicated").exists()
    assert [path.name for path in small.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize("name", ["notes.txt", ".git", "moments/notes.txt"])
def test_overwriting_does_not_lose_what_others_put_there(small_fit: bcx.Fit, small: Path, name: str) -> None:
    (small / name).write_text("precious")
    with pytest.raises(FitError, match=re.escape(f"{name!r} in it would be lost")):
        write_replication(small_fit, small, overwrite=True)
    assert (small / name).read_text() == "precious"


def test_an_empty_folder_is_taken(small_fit: bcx.Fit, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert write_replication(small_fit, str(tmp_path / "empty")) == tmp_path / "empty"
    assert changed_files(tmp_path / "empty") == []


def test_the_folder_one_works_in_is_refused(
    small_fit: bcx.Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FitError, match="this is the folder that you work in"):
        write_replication(small_fit, ".")


@pytest.mark.parametrize("name", ["no/such", "null\x00", "n" * 300])
def test_a_place_that_cannot_be_is_refused(small_fit: bcx.Fit, tmp_path: Path, name: str) -> None:
    with pytest.raises(FitError, match="cannot write a replication to"):
        write_replication(small_fit, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["write_checksums", "readme"])
def test_a_failure_on_the_way_changes_nothing(
    small_fit: bcx.Fit, small: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = files(small.parent)
    monkeypatch.setattr(module, step, fail)
    with pytest.raises(FitError, match="No space left on device"):
        write_replication(small_fit, small, overwrite=True)
    assert files(small.parent) == before
    assert [path.name for path in small.parent.iterdir()] == ["folder"]


def test_a_failing_rename_brings_the_old_folder_back(
    small_fit: bcx.Fit, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.suffix == ".part":
            raise OSError(13, "Permission denied")
        return real(self, target)

    before = files(small.parent)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(FitError, match="Permission denied"):
        write_replication(small_fit, small, overwrite=True)
    assert files(small.parent) == before


def test_the_templates_travel_in_the_wheel() -> None:
    inside = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bayescx/replication/templates").iterdir()}
    assert len(templates) == 2
    assert templates <= inside
