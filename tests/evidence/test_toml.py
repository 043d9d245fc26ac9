"""The evidence document says in TOML exactly what it was given."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.evidence.toml import evidence_document, toml_string

UNICODE = st.text(st.characters(exclude_categories=["Cs"]))


@given(UNICODE)
def test_any_text_comes_back(text: str) -> None:
    assert tomllib.loads(f"value = {toml_string(text)}") == {"value": text}


@given(st.dictionaries(UNICODE, UNICODE), st.none() | st.integers(1, 10**6), st.booleans())
def test_any_organizations_come_back(moments: dict[str, str], n_planned: int | None, simulated: bool) -> None:
    read = tomllib.loads(evidence_document(moments, n_planned=n_planned, simulated=simulated))
    assert read.pop("organizations", {}) == {name: {"moments": file} for name, file in moments.items()}
    assert read == ({} if n_planned is None else {"n_planned": n_planned}) | ({"simulated": True} if simulated else {})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a.b", '"a.b"'),
        ("\x00", '"\\u0000"'),
        ("\x7f", '"\\u007f"'),
        ("\n", '"\\n"'),
        ("\u202e", '"\\u202e"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("“é 日😀", '"“é 日😀"'),
    ],
)
def test_only_what_must_be_is_escaped(text: str, written: str) -> None:
    assert toml_string(text) == written
