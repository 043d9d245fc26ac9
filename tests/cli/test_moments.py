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
from bayescx.evidence import Evidence

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


def test_rows_without_an_answer_and_small_organizations_are_said(tmp_path: Path, bayescx: Command) -> None:
    table = pd.concat([ROWS, ROWS.head(8).assign(organization="tiny")], ignore_index=True)
    table.loc[table.index < 3, ["x", "m", "y"]] = np.nan
    table.to_csv(tmp_path / "rows.csv", index=False)
    words = ("moments", tmp_path / "rows.csv", "--organization", "organization", "-o", tmp_path / "shared")
    done = bayescx(*words, "--min-n", 20)
    assert "org_01, 37 respondents; 3 rows without an answer left out" in done.out
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


def test_columns_that_cost_answers_are_named(tmp_path: Path, bayescx: Command) -> None:
    table = ROWS.assign(age=np.where(np.arange(len(ROWS)) % 8 < 7, np.nan, 40.0) + np.arange(len(ROWS)) % 7)
    table["age"] += ROWS["x"]
    table.to_csv(tmp_path / "rows.csv", index=False)
    words = ("moments", tmp_path / "rows.csv", "--organization", "organization")
    done = bayescx(*words, "-o", tmp_path / "all")
    assert "warning: answers were ignored or respondents dropped, because fewer than 10 answered the same" in done.err
    assert "empty cells are in age (105); --model MODEL or --variables" in done.err
    assert "5 of them merged into a coarser group, 5 answers ignored" in done.out
    (tmp_path / "small.lavaan").write_text("y ~ x")
    done = bayescx(*words, "--model", tmp_path / "small.lavaan", "-o", tmp_path / "needed")
    assert done.err == ""
    assert "40 respondents\n" in done.out


# ------------------------------------------------------------------------------------------ missing answers


def with_holes(**sizes: int) -> pd.DataFrame:
    """Rows of org_01 (all 40 complete) and org_02: as many as asked for that answer these variables only."""
    kept = ROWS[ROWS["organization"] != "org_03"].copy()
    row = 40
    for answered, n in sizes.items():
        kept.loc[row : row + n - 1, [name for name in "mxy" if name not in answered]] = np.nan
        row += n
    return kept.reset_index(drop=True)


def shared_by(table: pd.DataFrame, tmp_path: Path, bayescx: Command, *words: object) -> Any:
    table.to_csv(tmp_path / "rows.csv", index=False)
    words = ("--variables", "m,x,y", *words)
    return bayescx(
        "moments", tmp_path / "rows.csv", "--organization", "organization", "-o", tmp_path / "shared", *words
    )


def test_rows_with_missing_answers_and_their_moments_are_the_same_evidence(tmp_path: Path, bayescx: Command) -> None:
    done = shared_by(with_holes(mx=12, y=11), tmp_path, bayescx)
    assert (done.code, done.err) == (0, "")
    assert "org_02, 40 respondents; in 3 groups that answered the same\n" in done.out
    shared = bcx.read_evidence(tmp_path / "shared" / "evidence.toml").matched(["m", "x", "y"])
    original = bcx.read_evidence(tmp_path / "rows.csv", organization="organization").matched(["m", "x", "y"])
    assert shared.fingerprint == original.fingerprint
    assert [one.n_obs for one in shared.patterns["org_02"]] == [17, 12, 11]
    np.testing.assert_allclose(shared.cov, original.cov, rtol=1e-12)
    for mine, theirs in zip(shared.patterns["org_02"], original.patterns["org_02"], strict=True):
        np.testing.assert_allclose(mine.scatter, theirs.scatter, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(mine.mean, theirs.mean, rtol=1e-12)


def test_small_groups_are_merged_or_dropped_and_counted(tmp_path: Path, bayescx: Command) -> None:
    done = shared_by(with_holes(mx=4, m=11, y=3), tmp_path, bayescx)
    assert "org_02, 37 respondents; in 2 groups that answered the same; 4 of them merged into" in done.out
    assert "4 answers ignored; 3 respondents dropped, for whom there was no such group" in done.out
    assert "fewer than 10 answered the same" in done.err
    content = json.loads((tmp_path / "shared" / "org-02.json").read_text())
    assert (content["merged"], content["ignored"], content["dropped"]) == (4, 4, 3)
    assert [one["n_obs"] for one in content["patterns"]] == [22, 15]
    jsonschema.validate(content, json.loads(bayescx("moments", "--schema").out))
    whole = json.loads((tmp_path / "shared" / "org-01.json").read_text())
    assert "merged" not in whole
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "version": 1}, json.loads(bayescx("moments", "--schema").out))


def test_a_group_of_one_cannot_be_read_off(tmp_path: Path, bayescx: Command) -> None:
    """The answer of the only respondent without x is in no file, whatever is added up or subtracted."""
    table = with_holes(my=1)
    table.loc[40, "m"] = 12345.678
    assert shared_by(table, tmp_path, bayescx).code == 0
    shared = bcx.read_evidence(tmp_path / "shared" / "evidence.toml").matched(["m", "x", "y"])
    without = Evidence.from_rows(table.drop(index=40), organization="organization").matched(["m", "x", "y"])
    assert shared.fingerprint == without.fingerprint


@pytest.mark.parametrize("words", [(), ("--variables", "y,outsourced"), ("--model", "model.lavaan")])
def test_a_plain_column_that_one_respondent_has_is_refused(
    words: tuple[str, ...], tmp_path: Path, bayescx: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With or without a model: the covariance with such a column is that respondent's answer."""
    monkeypatch.chdir(tmp_path)
    Path("model.lavaan").write_text("y ~ x + outsourced")
    few = (ROWS.index == 17).astype(int) + (ROWS.index >= 40) * (ROWS.index % 2)
    ROWS.assign(outsourced=few).to_csv("rows.csv", index=False)
    command = ("moments", "rows.csv", "--organization", "organization", "-o", "shared")
    done = bayescx(*command, *words)
    assert done.code == 2
    assert "fewer than 10 respondents behind 'outsourced' = 1: org_01 (n = 1); join values, or leave the" in done.err
    assert not Path("shared").exists()
    assert bayescx(*command, "--variables", "y,x").code == 0


def test_an_organization_below_the_minimum_is_refused_by_name(tmp_path: Path, bayescx: Command) -> None:
    table = pd.concat([ROWS.head(40), ROWS.tail(9).assign(organization="few & far")])
    done = shared_by(table, tmp_path, bayescx)
    assert done.code == 2
    assert "fewer than 10 respondents: few & far (n = 9)" in done.err
    assert not (tmp_path / "shared").exists()
    assert shared_by(table, tmp_path, bayescx, "--minimum", 9).code == 0
    assert shared_by(table, tmp_path, bayescx, "--min-n", 10, "--overwrite").code == 0
    assert shared_by(table, tmp_path, bayescx, "--minimum", 2, "--overwrite").code == 2


def test_a_file_that_was_changed_is_refused(tmp_path: Path, bayescx: Command) -> None:
    assert shared_by(with_holes(mx=12), tmp_path, bayescx).code == 0
    (tmp_path / "small.lavaan").write_text("m ~ x; y ~ m")
    check = ("check", tmp_path / "small.lavaan", tmp_path / "shared" / "evidence.toml")
    assert bayescx(*check).code == 0
    for name in ("org-01.json", "org-02.json"):
        file = tmp_path / "shared" / name
        text = file.read_text()
        content = json.loads(text)
        content["mean"][0] += 0.5
        file.write_text(json.dumps(content))
        done = bayescx(*check)
        assert done.code == 2
        assert "the file was changed after it was written" in done.err
        assert name in done.err
        file.write_text(text)


def test_an_organization_that_lacks_a_variable_shares_the_others(tmp_path: Path, bayescx: Command) -> None:
    table = with_holes()
    table.loc[table["organization"] == "org_02", "m"] = np.nan
    done = shared_by(table, tmp_path, bayescx)
    assert "org_02, 40 respondents; without m\n" in done.out
    shared = bcx.read_evidence(tmp_path / "shared" / "evidence.toml")
    assert shared.summary(["m", "x", "y"])["lacks"].tolist() == ["", "m"]
    original = bcx.read_evidence(tmp_path / "rows.csv", organization="organization")
    assert shared.matched(["m", "x", "y"]).fingerprint == original.matched(["m", "x", "y"]).fingerprint


@pytest.mark.parametrize("how", ["absent", "empty"])
def test_alone_behind_its_wall_it_shares_what_it_has_of_a_model(how: str, tmp_path: Path, bayescx: Command) -> None:
    table = ROWS.head(40).drop(columns="organization")
    table = table.drop(columns="m") if how == "absent" else table.assign(m=np.nan)
    table.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "small.lavaan").write_text("m ~ x; y ~ m + x")
    words = ("moments", tmp_path / "rows.csv", "--name", "south", "--model", tmp_path / "small.lavaan")
    done = bayescx(*words, "-o", tmp_path / "shared")
    assert done.code == 0
    assert "warning: shared without m, which the rows do not have" in done.err
    table.assign(M=1.0).drop(columns="m", errors="ignore").to_csv(tmp_path / "rows.csv", index=False)
    done = bayescx(*words, "-o", tmp_path / "other")
    assert done.code == 2
    assert "no column 'm'; did you mean 'M'?" in done.err


def test_attributes_of_organizations_are_stated_and_not_shared(rows: Path, tmp_path: Path, bayescx: Command) -> None:
    table = pd.read_csv(rows)
    staff = dict(zip(table["organization"].unique(), [10, 20, 40], strict=True))
    table.assign(staff=table["organization"].map(staff)).to_csv(rows, index=False)
    model, shared = tmp_path / "m.lavaan", tmp_path / "shared"
    model.write_text("y ~ m + pool(x, staff)")
    done = bayescx("moments", rows, "--organization", "organization", "--model", model, "-o", shared)
    assert (done.code, done.err) == (0, "")
    assert "not shared: staff, attributes of organizations; state them in evidence.toml: [attributes.NAME]" in done.out
    assert not any("staff" in file.read_text(encoding="utf-8") for file in shared.iterdir())
    wrong = bayescx("check", model, shared / "evidence.toml")
    assert wrong.code == 2
    assert "no attribute 'staff' of any organization" in wrong.err
    with (shared / "evidence.toml").open("a", encoding="utf-8") as document:
        document.writelines(f"[attributes.{json.dumps(name)}]\nstaff = {value}\n" for name, value in staff.items())
    assert bayescx("check", model, shared / "evidence.toml").code == 0
    spec = bcx.read_model(model)
    arguments = spec.observed, spec.coded, spec.attributes
    original = bcx.read_evidence(rows, organization="organization").matched(*arguments)
    assert bcx.read_evidence(shared / "evidence.toml").matched(*arguments).fingerprint == original.fingerprint
