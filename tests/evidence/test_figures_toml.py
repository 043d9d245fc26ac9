"""Published figures and signs in an evidence document: read, written and read again."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.evidence import Evidence, Published, SampleMoments, read_evidence, shared_files
from bayescx.evidence.figures_toml import read_figures
from bayescx.evidence.toml import published_document

TEXT = """
n_planned = 10

[[published]]
organizations = ["one", "two"]
statistic = "r_squared"
outcome = "m"
value = 0.75
rounded_to = 0.05
n_obs = [200, 1000]
rule = "mean"
wording = "no less than 75 percent"
use = "check"
source = "column 3"

[[published]]
organizations = ["one"]
statistic = "ordering"
of = "path"
outcome = "y"
cause = "m"
among = ["x"]
n_obs = 300

[signs]
"m ~ x" = "-"
"y~m" = "+"
"""
NAME = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)


def test_a_document_may_hold_figures_alone(tmp_path: Path) -> None:
    (tmp_path / "evidence.toml").write_text(TEXT)
    evidence = read_evidence(tmp_path / "evidence.toml")
    assert evidence.organizations == ("one", "two")
    assert evidence.n_planned == 10
    assert evidence.signs == {"m~x": -1, "y~m": 1}
    first, second = evidence.published
    assert first == Published(
        statistic="r_squared",
        organizations=("one", "two"),
        outcome="m",
        value=0.75,
        rounded_to=0.05,
        n_obs=(200, 1000),
        wording="no less than 75 percent",
        use="check",
        source="column 3",
    )
    assert second.value is None
    assert second.among == ("x",)
    assert evidence.matched(["x", "m", "y"]).published == (first, second)


def test_organizations_with_data_need_tables_and_others_none(tmp_path: Path) -> None:
    (tmp_path / "north.csv").write_text("x,m,y\n" + "".join(f"{i},{i * i % 7},{i * 3 % 5}\n" for i in range(30)))
    (tmp_path / "evidence.toml").write_text(TEXT + '[organizations.north]\nrows = "north.csv"\n')
    evidence = read_evidence(tmp_path / "evidence.toml")
    assert evidence.organizations == ("north", "one", "two")
    assert evidence.matched(["x", "m", "y"]).n_obs.tolist() == [30, 0, 0]


def test_what_is_written_is_read_back() -> None:
    figures, signs, problems = read_figures(tomllib.loads(TEXT))
    assert problems == ()
    again = read_figures(tomllib.loads(published_document(figures, signs)))
    assert again == (figures, signs, ())
    assert published_document([]) == ""
    assert published_document([], {}) == ""


def test_shared_files_end_with_what_was_published(tmp_path: Path) -> None:
    figures, signs, _ = read_figures(tomllib.loads(TEXT))
    evidence = Evidence.from_published(figures, n_planned=10, signs=signs)
    moments: dict[str, SampleMoments] = evidence.matched(["x", "m"]).moments()
    files = shared_files(moments, published=figures, signs=signs, n_planned=10)
    assert list(files) == ["evidence.toml"]
    (tmp_path / "evidence.toml").write_text(files["evidence.toml"], encoding="utf-8")
    back = read_evidence(tmp_path / "evidence.toml")
    assert back.matched(["x", "m"]).fingerprint == evidence.matched(["x", "m"]).fingerprint


@given(
    organizations=st.lists(NAME, min_size=1, max_size=3, unique_by=str.strip),
    outcome=NAME,
    share=st.floats(0, 1),
    rounded_to=st.floats(1e-12, 0.49),
    n_obs=st.integers(9, 10**9) | st.tuples(st.integers(9, 100), st.integers(101, 10**9)),
    wording=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_figure_comes_back(organizations: list[str], share: float, rounded_to: float, **keys: Any) -> None:
    keys |= {"value": rounded_to * np.floor(share / rounded_to), "rounded_to": rounded_to}
    one = Published(statistic="r_squared", organizations=organizations, **keys)  # type: ignore[arg-type]
    assert read_figures(tomllib.loads(published_document([one]))) == ((one,), {}, ())


@given(st.dictionaries(NAME.filter(lambda name: "~" not in name), st.sampled_from([1, -1]), max_size=4))
def test_any_signs_come_back(effects: dict[str, int]) -> None:
    signs = {f"{name.strip()}~cause": sign for name, sign in effects.items()}
    assert read_figures(tomllib.loads(published_document([], signs))) == ((), signs, ())


def test_sound_figures_stay_beside_malformed_ones() -> None:
    document = tomllib.loads(TEXT.replace('among = ["x"]', 'among = "x"'))
    figures, signs, problems = read_figures(document)
    assert [figure.statistic for figure in figures] == ["r_squared"]
    assert signs == {"m~x": -1, "y~m": 1}
    assert problems == ('figure 2 (ordering path y~m): among must be a list: write among = ["x"]',)


@pytest.mark.parametrize("given", [5, "none", {"value": 1}, [0.75, None], [[]], True])
def test_anything_under_published_is_answered_in_words(given: object) -> None:
    figures, _, problems = read_figures({"published": given})
    assert figures == ()
    assert problems
    assert all("[[published]]" in problem for problem in problems)
