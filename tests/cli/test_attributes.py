"""``bayescx check`` with a model whose paths depend on attributes of organizations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import bayescx as bcx

Command = Callable[..., Any]
ROWS = bcx.simulate(bcx.parse_model("m ~ x; y ~ m + x"), organizations=5, n_obs=30, random_seed=2).rows
NAMES = list(dict.fromkeys(ROWS["organization"]))
STAFF = dict(zip(NAMES, [10, 20, 40, 80, 50], strict=True))
KIND = dict(zip(NAMES, ["a", "b", "a", "<b>", "b"], strict=True))


@pytest.fixture
def document(tmp_path: Path) -> Path:
    table = ROWS.assign(staff=ROWS["organization"].map(STAFF), kind=ROWS["organization"].map(KIND))
    table.to_csv(tmp_path / "rows.csv", index=False)
    head = 'n_planned = 7\nrows = "rows.csv"\norganization = "organization"\n'
    (tmp_path / "evidence.toml").write_text(f'{head}[attributes."../../x"]\nstaff = 1\nkind = "a"\n')
    return tmp_path / "evidence.toml"


def model(folder: Path, text: str) -> Path:
    (folder / "model.lavaan").write_text(text)
    return folder / "model.lavaan"


def words(text: str) -> str:
    return " ".join(text.split())


def test_check_says_what_organizations_are(document: Path, tmp_path: Path, bayescx: Command) -> None:
    text = "m ~ pool(x, staff)\ny ~ m + pool(x, staff, category(kind, a, b, `<b>`))"
    done = bayescx("check", model(tmp_path, text), document)
    assert (done.code, done.err) == (0, "")
    shown = words(done.out)
    assert "Attributes of the 5 organizations: staff (10 to 80, mean 40); kind (a 2, b 2, <b> 1)." in shown
    assert "On them depend: m~x, y~x." in shown
    assert "Of planned organizations that are not used they are known too: ../../x." in shown
    assert "pool(x, staff, category(kind, a, b, `<b>`))" in shown


def test_check_without_attributes_does_not_speak_of_them(document: Path, tmp_path: Path, bayescx: Command) -> None:
    done = bayescx("check", model(tmp_path, "m ~ pool(x)\ny ~ m"), document)
    assert done.code == 0
    assert "ttributes" not in done.out


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("y ~ pool(x, stuff)", "no attribute 'stuff' of any organization; did you mean 'staff'?"),
        ("y ~ pool(x, m)", "attribute 'm' has more than one value: org_01"),
        ("y ~ pool(x, category(kind, a, b))", "unknown category in column 'kind': org_04"),
        (
            "y ~ pool(x, staff, half, category(kind, a, b, `<b>`))",
            "y~x: 5 organizations cannot tell what staff, half, kind[b], kind[<b>] do to it: at least 6 are needed",
        ),
        ("y ~ pool(x, staff, half)", "y~x: these 5 organizations cannot tell staff from half, which are collinear"),
        ("y ~ m + x + staff", "(always 20), org_03 (always 40), org_04 (always 80), org_05 (always 50); it tells"),
        ("y ~ m + x + staff", "as an attribute other paths may depend on it: pool(x, staff)"),
    ],
)
@pytest.mark.parametrize("command", ["check", "fit"])
def test_what_cannot_be_told_is_refused(
    command: str, text: str, fragment: str, document: Path, tmp_path: Path, bayescx: Command
) -> None:
    table = pd.read_csv(tmp_path / "rows.csv")
    table.assign(half=table["staff"] / 2).to_csv(tmp_path / "rows.csv", index=False)
    document.write_text(document.read_text() + "half = 0.5\n")
    rest = ["-o", tmp_path / "fit.nc"] if command == "fit" else []
    done = bayescx(command, model(tmp_path, text), document, *rest)
    assert done.code == 2
    assert fragment in words(done.err)
    assert not (tmp_path / "fit.nc").exists()
