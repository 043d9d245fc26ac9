"""Evidence of every kind is written, read back to the last digit, and gives the same numbers again."""

from __future__ import annotations

import json
import runpy
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.replication import changed_files, read_tables, summary_tables
from bayescx.replication.folder import write_replication
from bayescx.replication.prose import small_groups

FEW = r"holds moments of 3 groups of fewer than 10 respondents who answered the same \(south\)"


@pytest.fixture(scope="module")
def figures_folder(figures_fit: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_replication(figures_fit, tmp_path_factory.mktemp("replication") / "figures")


@pytest.fixture(scope="module")
def mixed_folder(mixed_fit: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.warns(UserWarning, match=FEW):
        return write_replication(mixed_fit, tmp_path_factory.mktemp("replication") / "mixed")


@pytest.fixture(params=["figures", "mixed"])
def pair(request: pytest.FixtureRequest) -> tuple[bcx.Fit, Path]:
    return request.getfixturevalue(f"{request.param}_fit"), request.getfixturevalue(f"{request.param}_folder")


def test_the_evidence_comes_back(pair: tuple[bcx.Fit, Path]) -> None:
    fit, folder = pair
    matched = bcx.read_evidence(folder / "evidence.toml").matched(fit.model.observed)
    assert matched.fingerprint == fit.evidence.fingerprint
    assert (matched.published, matched.signs) == (fit.evidence.published, fit.evidence.signs)
    assert matched.n_planned == 10
    assert changed_files(folder) == []


def test_the_script_gives_the_same_numbers(
    pair: tuple[bcx.Fit, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = pair
    monkeypatch.setattr(sys, "argv", ["replicate.py"])
    with pytest.raises(SystemExit) as stop, warnings.catch_warnings():
        runpy.run_path(str(folder / "replicate.py"), run_name="__main__")
    out, err = capsys.readouterr()
    assert stop.value.code == 0, out
    assert "the figures are identical" in out
    assert err == ""


def test_moments_are_written_for_those_who_shared_any(figures_folder: Path, mixed_folder: Path) -> None:
    assert not (figures_folder / "moments").exists()
    files = {file.name: json.loads(file.read_text()) for file in (mixed_folder / "moments").iterdir()}
    assert set(files) == {"north.json", "south.json", "b-east-b.json", "west.json", "moments.json"}
    assert {name: len(content.get("patterns", [])) for name, content in files.items()} == {
        "north.json": 0, "south.json": 7, "b-east-b.json": 1, "west.json": 0, "moments.json": 0
    }  # fmt: skip
    assert {name: content["version"] for name, content in files.items()} == {
        "north.json": 1, "south.json": 2, "b-east-b.json": 2, "west.json": 2, "moments.json": 1
    }  # fmt: skip
    assert files["west.json"]["scale_free"] is True
    assert files["moments.json"]["mean"] is None


def test_the_evidence_document_says_what_it_holds(figures_folder: Path, mixed_folder: Path) -> None:
    first = [(folder / "evidence.toml").read_text().splitlines()[0] for folder in (figures_folder, mixed_folder)]
    assert (
        first[0]
        == "# Figures that were published about organizations; none shared data. Read by bayescx.read_evidence."
    )
    assert first[1].startswith("# Which file holds the moments (n, means, covariances) of which organization.")


def test_a_variable_that_is_lacking_costs_no_digit(mixed_fit: bcx.Fit, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    parts = {
        f"lacking {n}": pd.DataFrame(rng.standard_normal((n, 2)), columns=["satisfaction", "loyalty"])
        for n in range(70, 80)
    }
    complete = pd.DataFrame(rng.standard_normal((77, 3)), columns=["satisfaction", "loyalty", "trust"])
    matched = bcx.Evidence.from_parts({**parts, "complete": complete}).matched(mixed_fit.model.observed)
    scatters = [(one.n_obs - 1, one.scatter) for (one,) in matched.patterns.values()]
    assert any((scatter / df * df != scatter).any() for df, scatter in scatters)  # covariances would not lead back
    fit = bcx.Fit(**{**vars(mixed_fit), "evidence": matched})
    folder = tmp_path / "inputs"
    folder.mkdir()
    from bayescx.replication.folder import _write_inputs

    _write_inputs(fit, folder, 0.95)
    again = bcx.read_evidence(folder / "evidence.toml").matched(mixed_fit.model.observed)
    assert again.fingerprint == matched.fingerprint


def test_tables_have_nothing_raw_where_nobody_shared_units(figures_fit: bcx.Fit, mixed_fit: bcx.Fit) -> None:
    tables = summary_tables(figures_fit)
    assert "heterogeneity" not in tables
    for name in ("direct_effects", "indirect_effects", "total_effects", "defined_parameters"):
        assert set(tables[name]["scale"]) == {"standardized"}
    sizes = tables["parameters"].query("variable == 'published_n_obs'")
    assert sizes["parameter"].tolist() == ["one, two (about 447)", "one, two (about 367)"]
    assert not any(table.isna().any(axis=None) for table in tables.values())
    mixed = summary_tables(mixed_fit)
    assert set(mixed["direct_effects"]["scale"]) == {"standardized", "raw"}
    assert "heterogeneity" in mixed


def test_tables_come_back_from_files(pair: tuple[bcx.Fit, Path]) -> None:
    fit, folder = pair
    written = summary_tables(fit)
    for name, table in read_tables(folder / "summary").items():
        pd.testing.assert_frame_equal(table, written[name], check_exact=True)


def test_the_readme_says_what_there_was(figures_folder: Path, mixed_folder: Path) -> None:
    text = (mixed_folder / "README.md").read_text(encoding="utf-8")
    for said in (
        "5 of 10 organizations reported:",
        "north, n = 150, computed from its rows\n",
        "groups who answered the same",
        "&lt;b&gt;east&lt;/b&gt;, n = 150, computed from its rows; without trust",
        "west, n = 150, shared as correlations, without units",
        "moments, n = 60, shared as moments\n",
        "2 of 10 organizations are known by published figures only: one, two.",
        "r_squared trust (one, two) = 0.5, n = 200 to 1000 together, rule mean; Column 3, p. 4",
        "n = 400 together, rule mean; only compared with what the posterior predicts",
        "Declared signs of paths: loyalty\\~satisfaction +.",
        "which file holds the moments of each that shared data, and published figures; 10 planned |\n",
        "| `moments/*.json` | n, means and covariances",
        "> **Confidential: this folder holds moments of 3 groups of fewer than 10 respondents",
    ):
        assert said in text
    assert "<b>" not in text
    text = (figures_folder / "README.md").read_text(encoding="utf-8")
    assert "organizations reported" not in text
    assert "Confidential" not in text
    assert "(nobody shared the units, so nothing is raw)" in text
    assert "| `evidence.toml` | the organizations and the published figures about them; 10 planned |\n" in text
    for untrue in ("incomplete rows", "complete rows", "moments/"):
        assert untrue not in text


def test_rows_left_out_are_said_to_be(mixed_fit: bcx.Fit) -> None:
    from bayescx.replication.prose import readme

    matched = mixed_fit.evidence
    changed = {**vars(matched), "dropped": {"north": 1, "south": 3}, "kept_out": {"tiny_": 4}, "unassigned": 2}
    changed.pop("fingerprint")
    fit = bcx.Fit(**{**vars(mixed_fit), "evidence": type(matched)(**changed)})
    text = readme(fit, 0.95, {name: f"moments/{name}.json" for name in ("north", "south")})
    assert "computed from its rows; 1 row was left out for missing answers\n" in text
    assert "; 3 rows were left out for missing answers\n" in text
    assert "too few respondents: tiny\\_ (n = 4)." in text


def test_groups_that_were_shared_as_moments_are_nobody_s_secret(mixed_fit: bcx.Fit, mixed_folder: Path) -> None:
    assert small_groups(mixed_fit.evidence).endswith("fit to what the command 'bayescx moments' writes")
    shared = bcx.read_evidence(mixed_folder / "evidence.toml").matched(mixed_fit.model.observed)
    assert len(shared.patterns["south"]) == 7
    assert small_groups(shared) == ""


def test_a_lone_respondent_is_mentioned(mixed_fit: bcx.Fit) -> None:
    rows = pd.DataFrame(np.random.default_rng(1).standard_normal((40, 3)), columns=["satisfaction", "trust", "loyalty"])
    rows.loc[0, "trust"] = rows.loc[1:12, "loyalty"] = np.nan
    matched = bcx.Evidence.from_parts({"a": rows}).matched(mixed_fit.model.observed)
    assert small_groups(matched).startswith(
        "moments of 1 group of fewer than 10 respondents who answered the same (a), 1 of them of a single respondent,"
    )
