"""Files that share moments: safe names, a document that reads back, a schema that its files follow."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, SampleMoments, moments_schema, read_evidence, shareable_columns, shared_files
from bayescx.evidence.moments_json import FORMAT, VERSIONS
from bayescx.evidence.sharing import moments_files

NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, max_size=8)
COV = pd.DataFrame([[2.0, 1.0], [1.0, 3.0]], index=["x", "y"], columns=["x", "y"])


@given(NAMES)
def test_names_of_files_are_safe_and_distinct(names: list[str]) -> None:
    files = moments_files(names, "moments")
    assert list(files) == names
    assert len({file.lower() for file in files.values()}) == len(names)
    for file in files.values():
        folder, _, name = file.partition("/")
        assert folder == "moments"
        assert name.removesuffix(".json").replace("-", "a").isalnum()
        assert name.isascii()
        assert len(name) < 80


@pytest.mark.parametrize("name", ["con", "NUL", "Com1", "", "..", "/"])
def test_no_file_is_called_what_a_system_forbids(name: str) -> None:
    assert moments_files([name])[name].startswith("organization")


def test_a_name_that_looks_like_a_number_of_another_is_no_clash() -> None:
    assert list(moments_files(["a", "a-2", "A", "a 2"]).values()) == ["a.json", "a-2.json", "a-3.json", "a-2-2.json"]


def test_what_is_shared_reads_back_the_same(tmp_path: Path) -> None:
    moments = {"../../x": SampleMoments(50, pd.Series({"x": 1.0, "y": 2.0}), COV), "b": SampleMoments(9, None, COV / 3)}
    for name, text in shared_files(moments, n_planned=5, simulated=True).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    shared = read_evidence(tmp_path / "evidence.toml")
    assert shared.simulated
    assert shared.n_planned == 5
    assert shared.matched(["x", "y"]).fingerprint == (
        Evidence.from_moments(moments, n_planned=5).matched(["x", "y"]).fingerprint
    )


def test_the_schema_is_that_of_the_format() -> None:
    schema = moments_schema()
    assert schema["properties"]["format"]["const"] == FORMAT
    assert tuple(schema["properties"]["version"]["enum"]) == VERSIONS
    text = SampleMoments(9, None, COV).to_json()
    jsonschema.validate(json.loads(text), schema)


def test_columns_that_can_be_shared() -> None:
    frame = pd.DataFrame(
        {"org": ["a"] * 4, "x": [1, 2, 3, 4.5], "text": list("abcd"), "yes": [True, False] * 2, "n": 1}
    )
    evidence = Evidence.from_rows(frame, organization="org")
    assert shareable_columns(evidence) == ("x", "n")
    assert shareable_columns(evidence, ["n", "text", "n"]) == ("n", "text")
    with pytest.raises(EvidenceError, match=r"no column 'z'.*"):
        shareable_columns(evidence, ["z"])
