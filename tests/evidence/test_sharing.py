"""Files that share moments: safe names, a document that reads back, a schema that its files follow."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.errors import EvidenceError
from bayescx.evidence import (
    Evidence,
    SampleMoments,
    Shareable,
    lacking_columns,
    missing_cells,
    moments_schema,
    read_evidence,
    shareable_columns,
    shareable_moments,
    shared_files,
)
from bayescx.evidence.moments_json import FORMAT, VERSIONS
from bayescx.evidence.sharing import moments_files
from bayescx.spec import parse_model

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


# --------------------------------------------------------------------------------------- coded columns

MODEL = parse_model("y ~ below(x, 4) + category(issue, a, b, c)")


def rows(issues: dict[str, int]) -> pd.DataFrame:
    issue = [name for name, count in issues.items() for _ in range(count)]
    y = np.random.default_rng(1).normal(size=len(issue))
    return pd.DataFrame({"org": "o", "y": y, "x": np.arange(len(issue)) % 7 + 1, "issue": issue})


def answers(issues: dict[str, int]) -> Evidence:
    return Evidence.from_rows(rows(issues), organization="org")


def shareable(evidence: Evidence) -> dict[str, Shareable]:
    return shareable_moments(evidence.matched(MODEL.observed, MODEL.coded), 10, MODEL.coded)


def test_coded_columns_can_be_shared_where_their_columns_are() -> None:
    evidence = answers({"a": 30, "b": 20, "c": 10})
    assert shareable_columns(evidence, MODEL.observed, MODEL.coded) == MODEL.observed
    assert lacking_columns(evidence, MODEL.observed, MODEL.coded) == ()
    assert missing_cells(evidence, MODEL.observed, MODEL.coded) == {"y": 0, "x": 0, "issue": 0}
    other = parse_model("y ~ below(z, 4) + category(issues, a, b, c)")
    assert lacking_columns(evidence, other.observed, other.coded) == ("below(z, 4)",)
    with pytest.raises(EvidenceError) as refused:
        shareable_columns(evidence, other.observed, other.coded)
    assert len(refused.value.problems) == 2
    assert "no column 'issues'; did you mean 'issue'?" in refused.value.problems


def test_moments_of_coded_columns_are_shared_and_read_back(tmp_path: Path) -> None:
    parts = {"o": rows({"a": 30, "b": 20, "c": 10}), "p": rows({"a": 40, "b": 20})}
    evidence = Evidence.from_parts(parts)
    found = shareable(evidence)
    for name, text in shared_files({name: one.moments for name, one in found.items()}).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        if name.endswith(".json"):
            jsonschema.validate(json.loads(text), moments_schema())
    back = read_evidence(tmp_path / "evidence.toml").matched(MODEL.observed, MODEL.coded)
    assert back.fingerprint == evidence.matched(MODEL.observed, MODEL.coded).fingerprint
    assert back.empty == {"p": ("issue[c]",)}


@pytest.mark.parametrize(
    ("issues", "found"),
    [
        ({"a": 40, "b": 20, "c": 9}, "fewer than 10 respondents behind 'issue[c]': o (n = 9); join levels"),
        ({"a": 1, "b": 40, "c": 20}, "fewer than 10 respondents behind 'issue[a]': o (n = 1); join levels"),
    ],
)
def test_levels_of_few_respondents_are_not_shared(issues: dict[str, int], found: str) -> None:
    with pytest.raises(EvidenceError) as refused:
        shareable(answers(issues))
    (problem,) = refused.value.problems
    assert found in problem
    answer = answers(issues).matched(MODEL.observed, MODEL.coded)
    assert list(shareable_moments(answer, 1)) == ["o"]


def test_one_respondent_far_beyond_a_knot_is_not_shared() -> None:
    frame = rows({"a": 30, "b": 20, "c": 10}).assign(x=[1, *(4 + np.arange(59) % 3)])
    with pytest.raises(EvidenceError, match=r"behind 'below\(x, 4\)': o \(n = 1\)"):
        shareable(Evidence.from_rows(frame, organization="org"))


def told(frame: pd.DataFrame, *variables: str, minimum: int = 10) -> list[str]:
    """What keeps moments of one organization from being shared."""
    evidence = Evidence.from_rows(frame, organization="org")
    try:
        shareable_moments(evidence.matched(variables), minimum)
    except EvidenceError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize("values", [(0, 1), (1, 2), (7.5, -3.25)])
@pytest.mark.parametrize("few", [1, 9])
@pytest.mark.parametrize("side", [0, 1])
def test_a_plain_column_with_two_values_tells_groups_apart(values: tuple[float, float], few: int, side: int) -> None:
    """The sums of the answers of those with either value follow from covariances: nobody is to be read off."""
    frame = rows({"a": 60}).assign(outsourced=values[1 - side])
    frame.loc[3 : 2 + few, "outsourced"] = values[side]
    (problem,) = told(frame, "y", "outsourced")
    assert f"fewer than 10 respondents behind 'outsourced' = {values[side]:g}: o (n = {few}); join values" in problem
    frame.loc[3:12, "outsourced"] = values[side]  # ten of sixty
    assert told(frame, "y", "outsourced") == []
    frame.loc[0, "outsourced"] = 99.0  # a third value
    frame.loc[4:12, "outsourced"] = values[1 - side]
    assert told(frame, "y", "outsourced") == []


def test_where_answers_are_missing_each_group_counts_by_itself() -> None:
    frame = rows({"a": 60}).assign(outsourced=[1.0] * 12 + [0.0] * 48)
    assert told(frame, "y", "x", "outsourced") == []
    frame.loc[10:30, "x"] = None
    problems = told(frame, "y", "x", "outsourced")
    assert [problem.split("(n = ")[1][:1] for problem in problems] == ["2"]
    assert problems[0].startswith("fewer than 10 respondents behind 'outsourced' = 1: o")


def test_one_who_alone_is_not_beyond_a_knot_is_not_shared() -> None:
    model = parse_model("y ~ above(x, 4)")
    frame = rows({"a": 60}).assign(x=[2, *[6] * 59])
    evidence = Evidence.from_rows(frame, organization="org")
    with pytest.raises(EvidenceError, match=r"behind 'above\(x, 4\)' = 0: o \(n = 1\)"):
        shareable_moments(evidence.matched(model.observed, model.coded), 10, model.coded)
