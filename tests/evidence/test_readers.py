"""Files: the same evidence from CSV, Parquet and TOML; what makes CSV files differ does not matter."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, SampleMoments, read_evidence, read_moments
from bayescx.evidence.readers import read_table

NAMES = ("x", "m", "y")


@pytest.fixture
def frame() -> pd.DataFrame:
    values = np.random.default_rng(5).normal(4, 1, size=(60, 3))
    table = pd.DataFrame(values, columns=NAMES).assign(org=np.repeat(["north", "south"], 30), note="a, b")
    table.loc[[3, 40], "m"] = np.nan
    return table


def fingerprint(evidence: Evidence) -> str:
    return evidence.matched(NAMES).fingerprint


@pytest.mark.parametrize("name", ["rows.csv", "rows.CSV", "rows.parquet"])
def test_files_hold_the_same_evidence_as_the_frame(frame: pd.DataFrame, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if path.suffix == ".parquet":
        frame.set_index("org").to_parquet(path)  # an index is a column of the file like any other
    else:
        frame.to_csv(path, index=False)
    expected = fingerprint(Evidence.from_rows(frame, organization="org"))
    assert fingerprint(Evidence.from_rows(path, organization="org")) == expected
    assert fingerprint(read_evidence(str(path), organization="org")) == expected
    assert fingerprint(read_evidence(path, organization="org", n_planned=9)) != expected


def test_a_document_joins_rows_and_moments(frame: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "shares").mkdir()
    own = {str(name): part for name, part in frame.groupby("org")}
    own["north"].drop(columns="org").to_csv(tmp_path / "shares" / "north.csv", index=False)
    south = Evidence.from_rows(own["south"], organization="org").matched(NAMES).moments()["south"]
    south.to_json(tmp_path / "south.json", organization="south")
    (tmp_path / "evidence.toml").write_text(
        'n_planned = 10\nmin_n = 5\n[organizations.north]\nrows = "shares/north.csv"\n'
        '[organizations.south]\nmoments = "south.json"\n'
    )
    evidence = read_evidence(tmp_path / "evidence.toml")
    assert evidence.n_planned == 10
    assert evidence.min_n == 5
    assert evidence.matched(NAMES).level == {"north": "rows", "south": "moments"}
    assert evidence.summary()["source"].tolist() == ["north.csv", ""]
    assert fingerprint(evidence) == fingerprint(Evidence.from_rows(frame, organization="org", n_planned=10))
    assert read_evidence(tmp_path / "evidence.toml", n_planned=4, min_n=30).n_planned == 4


def test_an_argument_takes_the_place_of_what_the_document_says(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "e.toml").write_text("n_planned = 'ten'\n[organizations.a]\nrows = 'a.csv'\n")
    assert read_evidence(tmp_path / "e.toml", n_planned=3).problems(NAMES) == ()


def test_a_column_of_the_document_is_for_tables_only(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.to_csv(tmp_path / "a.csv", index=False)
    (tmp_path / "e.toml").write_text("[organizations.a]\nrows = 'a.csv'\n")
    (problem,) = read_evidence(tmp_path / "e.toml", organization="org").problems(NAMES)
    assert "is for a table of rows, not for .toml" in problem


def test_links_do_not_lead_out_of_the_folder(frame: pd.DataFrame, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    frame.to_csv(tmp_path / "secret.csv", index=False)
    (home / "a.csv").symlink_to(tmp_path / "secret.csv")
    (home / "e.toml").write_text("[organizations.a]\nrows = 'a.csv'\n")
    (problem,) = read_evidence(home / "e.toml").problems(NAMES)
    assert "must lie in the folder of the evidence file" in problem


def test_absolute_paths_are_refused(frame: pd.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_text("[organizations.a]\nrows = '/etc/hosts'\n")
    (problem,) = read_evidence(tmp_path / "e.toml").problems(NAMES)
    assert "must lie in the folder of the evidence file" in problem


CSV = "org,x,m,y\n" + "".join(f"a,{i % 5},{i % 7}.5,{i % 3}\n" for i in range(20))


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode("utf-8-sig"),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace(",", '","').replace("\n", '"\n').replace("org", '"org').replace('a"', '"a"').encode(),
        CSV.replace("org,x,m,y", "org, x , m,y ").encode(),
        CSV.replace(",", ", ").replace("org, x, m, y", "org,x,m,y").encode(),
        CSV.replace("\n", "\n\n").encode(),
        CSV.rstrip().encode(),
        CSV.replace("\n", ',"two\nlines"\n').replace('y,"two\nlines"', "y,note").encode(),
        CSV.replace("org", "Größe,org", 1).replace("\na", "\nÄ,a").encode(),
    ],
    ids=[
        "bom",
        "crlf",
        "quoted",
        "blanks in header",
        "blanks",
        "blank lines",
        "no last break",
        "breaks",
        "umlauts",
    ],
)
def test_what_makes_csv_files_differ_does_not_matter(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "plain.csv").write_text(CSV)
    (tmp_path / "other.csv").write_bytes(content)
    plain, other = (read_evidence(tmp_path / name, organization="org") for name in ("plain.csv", "other.csv"))
    assert fingerprint(other) == fingerprint(plain)


@pytest.mark.parametrize("word", ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A", "<NA>"])
def test_missing_cells_may_be_spelled_out(word: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(CSV + f"a,1,{word},2\n" * 3)
    matched = read_evidence(tmp_path / "rows.csv", organization="org", missing="listwise").matched(NAMES)
    assert matched.dropped == {"a": 3}


def test_an_organization_may_be_called_na(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(CSV.replace("\na", "\nNA"))
    assert read_evidence(tmp_path / "rows.csv", organization="org").organizations == ("NA",)


@pytest.mark.parametrize(("code", "name"), [("007", "007"), ("1022", "1022"), ("1022.0", "1022"), ("1e3", "1e3")])
def test_organization_codes_of_a_file_stay_what_they_are(code: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(CSV.replace("\na", f"\n{code}"))
    assert read_evidence(tmp_path / "rows.csv", organization="org").organizations == (name,)


def test_a_number_deep_in_a_large_file_may_change_the_type_of_its_column(tmp_path: Path) -> None:
    lines = [f"a,{i % 5},{i % 7},{i % 3}" for i in range(5_000)]
    lines[4_500] = "a,1,2.25,3"
    (tmp_path / "rows.csv").write_text("\n".join(["org,x,m,y", *lines]))
    assert read_evidence(tmp_path / "rows.csv", organization="org").matched(NAMES).n_obs.tolist() == [5_000]


def test_a_vanished_file_still_lets_the_row_be_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(CSV + "a,1,often,2\n")
    evidence = read_evidence(path, organization="org")
    path.unlink()
    (problem,) = evidence.problems(NAMES)
    assert "a (data row 21 of rows.csv: 'often')" in problem


def test_moments_are_read_from_a_file(tmp_path: Path) -> None:
    cov = pd.DataFrame([[1.0]], index=["x"], columns=["x"])
    SampleMoments(5, None, cov).to_json(tmp_path / "a.json")
    assert read_moments(tmp_path / "a.json").n_obs == 5
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(EvidenceError, match=r"deep\.json: not"):
        read_moments(tmp_path / "deep.json")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="file permissions do not bind this user")
def test_a_file_that_may_not_be_opened(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(CSV)
    path.chmod(0)
    with pytest.raises(EvidenceError, match="cannot be opened"):
        read_table(path)


def read_or_refuse(path: Path) -> str:
    try:
        if path.suffix == ".json":
            read_moments(path)
        else:
            column = None if path.suffix == ".toml" else "org"
            read_evidence(path, organization=column).problems(NAMES)
    except EvidenceError as refused:
        return str(refused)
    return ""


def test_random_bytes_never_end_in_another_error(tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    sound = {"rows.csv": CSV.encode(), "e.toml": b"n_planned = 3\n[organizations.a]\nrows = 'rows.csv'\n"}
    sound["a.json"] = SampleMoments(5, None, pd.DataFrame([[1.0]], index=["x"], columns=["x"])).to_json().encode()
    pd.DataFrame({"org": ["a"] * 9, **{name: random.normal(size=9) for name in NAMES}}).to_parquet(tmp_path / "p")
    sound["rows.parquet"] = (tmp_path / "p").read_bytes()
    for name, content in sound.items():
        path = tmp_path / f"broken{name}"
        for _ in range(100):
            broken = bytearray(content)
            for place in random.integers(0, len(broken), size=random.integers(1, 6)):
                broken[place] = random.choice([0, 34, 44, 10, 255, int(random.integers(256))])
            path.write_bytes(bytes(broken[: random.integers(1, len(broken) + 1)]))
            message = read_or_refuse(path)
            assert len(message.splitlines()) <= 24
