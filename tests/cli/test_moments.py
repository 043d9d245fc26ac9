"""``bayescx moments``: an organization shares moments in place of rows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

import bayescx as bcx

Command = Callable[..., Any]
ROWS = bcx.simulate(bcx.parse_model("m ~ x; y ~ m + x"), organizations=3, n_obs=40, random_seed=2).rows


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A table with three organizations and columns that are no answers."""
    table = ROWS.assign(comment="fine", respondent=range(len(ROWS)))
    table["organization"] = table["organization"].replace({"org_02": "../../x", "org_03": 'Fran\u00e7ois "& Co"'})
    table.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def test_rows_and_the_moments_written_of_them_are_the_same_evidence(
    rows: Path, tmp_path: Path, bayescx: Command
) -> None:
    done = bayescx("moments", rows, "--organization", "organization", "--variables", "m,x,y", "-o", tmp_path / "shared")
    assert (done.code, done.err) == (0, "")
    assert "40 respondents" in done.out
    assert "means and covariances of m, x, y; no rows" in done.out
    shared = bcx.read_evidence(tmp_path / "shared" / "evidence.toml").matched(["m", "x", "y"])
    original = bcx.read_evidence(rows, organization="organization").matched(["m", "x", "y"])
    assert shared.organizations == original.organizations
    assert shared.fingerprint == original.fingerprint


def test_files_follow_the_schema_and_lie_in_the_folder(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    assert bayescx("moments", rows, "--organization", "organization", "-o", tmp_path / "shared").code == 0
    assert sorted(path.name for path in (tmp_path / "shared").iterdir()) == [
        "evidence.toml", "francois-co.json", "org-01.json", "x.json",
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.csv", "shared"]
    schema = json.loads(bayescx("moments", "--schema").out)
    jsonschema.Draft202012Validator.check_schema(schema)
    for file in (tmp_path / "shared").glob("*.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        jsonschema.validate(content, schema)
        assert content["n_obs"] == 40
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "rows": [[1.0]]}, schema)


def test_all_columns_of_numbers_are_shared_by_default_and_no_text(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    done = bayescx("moments", rows, "--organization", "organization", "-o", tmp_path / "shared")
    assert "covariances of m, x, y, respondent; no rows" in done.out
    content = json.loads((tmp_path / "shared" / "x.json").read_text(encoding="utf-8"))
    assert content["organization"] == "../../x"
    own = ROWS.query("organization == 'org_02'")[["m", "x", "y"]]
    np.testing.assert_allclose(np.array(content["cov"])[:3, :3], own.cov().to_numpy(), rtol=1e-12)


def test_numeric_codes_of_organizations_are_no_answers(tmp_path: Path, bayescx: Command) -> None:
    ROWS.assign(organization=ROWS["organization"].factorize()[0]).to_csv(tmp_path / "rows.csv", index=False)
    done = bayescx("moments", tmp_path / "rows.csv", "--organization", "organization", "-o", tmp_path / "shared")
    assert "covariances of m, x, y; no rows" in done.out


def test_one_organization_needs_no_column(tmp_path: Path, bayescx: Command) -> None:
    ROWS.drop(columns="organization").to_csv(tmp_path / "rows.csv", index=False)
    done = bayescx("moments", tmp_path / "rows.csv", "--name", "south", "-o", tmp_path / "shared")
    assert done.code == 0
    assert bcx.read_evidence(tmp_path / "shared" / "evidence.toml").organizations == ("south",)
    assert (tmp_path / "shared" / "south.json").exists()


def test_a_model_says_what_is_needed(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    (tmp_path / "small.lavaan").write_text("y ~ x")
    words = ("moments", rows, "--organization", "organization", "-o", tmp_path / "shared")
    done = bayescx(*words, "--model", tmp_path / "small.lavaan")
    assert "covariances of y, x; no rows" in done.out
    assert bayescx("check", tmp_path / "small.lavaan", tmp_path / "shared" / "evidence.toml").code == 0


def test_incomplete_rows_and_small_organizations_are_said(tmp_path: Path, bayescx: Command) -> None:
    table = pd.concat([ROWS, ROWS.head(8).assign(organization="tiny")])
    table.iloc[:3, 1] = np.nan
    table.to_csv(tmp_path / "rows.csv", index=False)
    words = ("moments", tmp_path / "rows.csv", "--organization", "organization", "-o", tmp_path / "shared")
    done = bayescx(*words, "--min-n", 20)
    assert "org_01, 37 respondents; 3 incomplete rows left out" in done.out
    assert "kept out: tiny, 8 respondents" in done.out


def test_files_that_are_there_are_kept(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    words = ("moments", rows, "--organization", "organization", "-o", tmp_path / "shared")
    assert bayescx(*words).code == 0
    (tmp_path / "shared" / "x.json").write_text("mine")
    done = bayescx(*words)
    assert done.code == 2
    assert "already there: evidence.toml" in done.err
    assert (tmp_path / "shared" / "x.json").read_text() == "mine"
    assert bayescx(*words, "--overwrite").code == 0
    assert (tmp_path / "shared" / "x.json").read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (("rows.csv", "-o", "shared"), "--organization COLUMN, or --name NAME"),
        (("rows.csv", "--organization", "organization", "--name", "a", "-o", "shared"), "in one way"),
        (("--organization", "organization", "-o", "shared"), "a table of rows and a folder are needed"),
        (("rows.csv", "--organization", "organization"), "a table of rows and a folder are needed"),
        (("rows.csv", "--organization", "orgn", "-o", "shared"), "no column 'orgn'"),
        (("rows.csv", "--organization", "organization", "--variables", "m,q", "-o", "shared"), "no column 'q'"),
        (("rows.csv", "--organization", "organization", "--variables", ",", "-o", "shared"), "no variable is named"),
        (("rows.csv", "--organization", "organization", "--variables", "comment", "-o", "shared"), "text in column"),
        (("rows.csv", "--organization", "organization", "-o", "no/folder/shared"), "there is no folder"),
        (("rows.csv", "--organization", "organization", "-o", "rows.csv"), "this is a file"),
        (("none.csv", "--organization", "organization", "-o", "shared"), "no such file"),
        (
            ("rows.csv", "--organization", "organization", "--model", "value_creation", "--variables", "m", "-o", "s"),
            "give one of them",
        ),
        (("rows.csv", "--organization", "organization", "--model", "value_creation", "-o", "s"), "'trust_cs'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(
    words: tuple[str, ...], fragment: str, rows: Path, bayescx: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(rows.parent)
    before = sorted(rows.parent.iterdir())
    done = bayescx("moments", *words)
    assert done.code == 2
    assert fragment in done.err
    assert "Traceback" not in done.err
    assert sorted(rows.parent.iterdir()) == before


def test_a_table_without_numbers_has_no_moments(tmp_path: Path, bayescx: Command) -> None:
    (tmp_path / "rows.csv").write_text("organization,answer\n" + "a,yes\n" * 9)
    done = bayescx("moments", tmp_path / "rows.csv", "--organization", "organization", "-o", tmp_path / "shared")
    assert done.code == 2
    assert "no column holds numbers" in done.err


def test_shared_by_one_and_read_by_another(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    """The folder can be moved: its document names files relative to itself."""
    assert bayescx("moments", rows, "--organization", "organization", "-o", tmp_path / "shared").code == 0
    shutil.move(tmp_path / "shared", tmp_path / "received")
    assert len(bcx.read_evidence(tmp_path / "received" / "evidence.toml").organizations) == 3


def test_columns_that_cost_rows_are_named(tmp_path: Path, bayescx: Command) -> None:
    table = ROWS.assign(age=np.where(np.arange(len(ROWS)) % 3 == 0, np.nan, 40.0) + np.arange(len(ROWS)) % 7)
    table.to_csv(tmp_path / "rows.csv", index=False)
    words = ("moments", tmp_path / "rows.csv", "--organization", "organization")
    done = bayescx(*words, "-o", tmp_path / "all")
    assert "warning: rows were left out for empty cells in age (40); --model MODEL or --variables" in done.err
    (tmp_path / "small.lavaan").write_text("y ~ x")
    done = bayescx(*words, "--model", tmp_path / "small.lavaan", "-o", tmp_path / "needed")
    assert done.err == ""
    assert "40 respondents\n" in done.out
