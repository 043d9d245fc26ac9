"""Evidence: rows and moments of the same sample are the same evidence."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, Matched, SampleMoments, read_evidence

NAMES = ("x", "m", "y")


def rows(sizes: dict[str, int], seed: int = 1) -> pd.DataFrame:
    organizations = np.repeat(list(sizes), list(sizes.values()))
    values = np.random.default_rng(seed).normal(5, 1, size=(len(organizations), 3))
    return pd.DataFrame(values, columns=NAMES).assign(org=organizations, comment="fine")


SIZES = {"south": 40, "north": 25, "tiny": 3}
FRAME = rows(SIZES)


def shares(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): own.drop(columns="org") for name, own in frame.groupby("org", sort=False)}


def moments_of(frame: pd.DataFrame, names: Sequence[str] = NAMES) -> SampleMoments:
    complete = frame[list(names)].dropna()
    return SampleMoments(len(complete), complete.mean(), complete.cov())


def test_matched_holds_what_the_posterior_needs() -> None:
    frame = FRAME.copy()
    frame.loc[[0, 1, 45], ["x", "m", "y"]] = np.nan
    frame.loc[2, "org"] = None
    matched = Evidence.from_rows(frame, organization="org", n_planned=10, min_n=10).matched(("y", "x"))
    assert matched.organizations == ("south", "north")
    assert matched.variables == ("y", "x")
    assert matched.n_obs.tolist() == [37, 24]
    assert matched.mean.shape == (2, 2)
    assert matched.cov.shape == (2, 2, 2)
    assert matched.dropped == {"south": 2, "north": 1}
    assert matched.kept_out == {"tiny": 3}
    assert matched.level == {"south": "rows", "north": "rows"}
    assert matched.n_planned == 10
    assert matched.unassigned == 1
    own = frame.loc[frame["org"] == "north", ["y", "x"]].dropna()
    np.testing.assert_allclose(matched.cov[1], own.cov(), rtol=1e-12)
    assert repr(matched) == "Matched(2 of 10 organizations, 2 variables, 61 complete rows)"


def test_rows_and_moments_are_the_same_evidence() -> None:
    given = {name: own for name, own in shares(FRAME).items() if name != "tiny"}
    by_rows = Evidence.from_parts(given, n_planned=5).matched(NAMES)
    by_moments = Evidence.from_moments(by_rows.moments(), n_planned=5).matched(NAMES)
    assert by_moments.fingerprint == by_rows.fingerprint
    pandas = Evidence.from_moments({name: moments_of(own) for name, own in given.items()}).matched(NAMES)
    np.testing.assert_allclose(pandas.cov, by_rows.cov, rtol=1e-12)
    np.testing.assert_allclose(pandas.mean, by_rows.mean, rtol=1e-12)
    assert set(by_moments.level.values()) == {"moments"}
    assert by_moments.dropped == {}


def test_moments_survive_json_to_the_last_bit() -> None:
    matched = Evidence.from_rows(FRAME, organization="org", min_n=10).matched(NAMES)
    back = {name: SampleMoments.from_json(one.to_json()) for name, one in matched.moments().items()}
    assert Evidence.from_moments(back).matched(NAMES).fingerprint == matched.fingerprint


def test_rows_and_moments_mix() -> None:
    own = shares(FRAME)
    mixed = Evidence.from_parts({"north": own["north"], "south": moments_of(own["south"])})
    assert mixed.matched(NAMES).level == {"north": "rows", "south": "moments"}
    assert repr(mixed) == "Evidence(2 of 2 organizations: north (25 rows), south (moments, n = 40))"


def test_moments_without_means_have_nan_means() -> None:
    only = SampleMoments(40, None, FRAME[list(NAMES)].cov())
    matched = Evidence.from_moments({"a": only}).matched(["y", "x"])
    assert np.isnan(matched.mean).all()
    assert matched.moments()["a"].mean is None


def test_fingerprint_tells_evidence_apart() -> None:
    def print_of(frame: pd.DataFrame, variables: tuple[str, ...] = NAMES, **options: Any) -> str:
        return Evidence.from_rows(frame, organization="org", min_n=10, **options).matched(variables).fingerprint

    changed = FRAME.assign(y=FRAME["y"].where(FRAME.index != 7, 0.0))
    renamed = FRAME.replace({"org": {"south": "west"}})
    prints = [
        print_of(FRAME),
        print_of(changed),
        print_of(renamed),
        print_of(FRAME, ("x", "y", "m")),
        print_of(FRAME, n_planned=9),
    ]
    assert len(set(prints)) == len(prints)
    assert print_of(FRAME) == print_of(FRAME.copy()) == print_of(FRAME.assign(comment="other"))
    assert len(prints[0]) == 64


def test_n_planned_defaults_to_the_organizations_that_are_used() -> None:
    evidence = Evidence.from_rows(FRAME, organization="org", min_n=10)
    assert evidence.n_planned == 3
    assert evidence.matched(NAMES).n_planned == 2


def test_n_planned_counts_only_what_is_used() -> None:
    assert Evidence.from_rows(FRAME, organization="org", min_n=10, n_planned=2).matched(NAMES).n_planned == 2
    problems = Evidence.from_rows(FRAME, organization="org", min_n=10, n_planned=1).problems(NAMES)
    assert [problem[:46] for problem in problems] == ["n_planned = 1 is smaller than the number of or"]


@pytest.mark.parametrize("option", ["n_planned", "min_n"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "3", True, np.nan])
def test_counts_must_be_whole_numbers(option: str, value: object) -> None:
    with pytest.raises(EvidenceError, match=f"{option} must be a whole number above 0, not"):
        Evidence.from_rows(FRAME, organization="org", **{option: value})


def test_counts_may_be_numpy_numbers() -> None:
    evidence = Evidence.from_rows(FRAME, organization="org", n_planned=np.int64(12), min_n=10.0)
    assert (evidence.n_planned, evidence.min_n) == (12, 10)
    assert type(evidence.n_planned) is int


def test_too_small_organizations_are_named_with_the_way_out() -> None:
    (problem,) = Evidence.from_rows(FRAME, organization="org").problems(NAMES)
    assert "tiny (n = 3)" in problem
    assert "min_n=5 (command line: --min-n 5)" in problem
    assert Evidence.from_rows(FRAME, organization="org", min_n=5).problems(NAMES) == ()


def test_the_smallest_usable_organization() -> None:
    assert Evidence.from_rows(rows({"a": 5}), organization="org").problems(NAMES) == ()
    assert len(Evidence.from_rows(rows({"a": 4}), organization="org").problems(NAMES)) == 1
    five = moments_of(rows({"a": 50}))
    assert len(Evidence.from_moments({"a": SampleMoments(4, None, five.cov)}).problems(NAMES)) == 1


def test_what_is_wrong_with_organizations_kept_out_does_not_matter() -> None:
    frame = FRAME.astype({"x": object})
    frame.loc[frame["org"] == "tiny", "x"] = "?"
    assert Evidence.from_rows(frame, organization="org", min_n=10).problems(NAMES) == ()


def test_problems_come_together_and_once() -> None:
    own = shares(FRAME)
    parts = {
        "a": own["north"].rename(columns={"m": "M"}),
        "b": moments_of(own["south"].rename(columns={"m": "m "}), ["x", "m ", "y"]),
        "c": own["south"].assign(y=np.inf),
        "d": own["tiny"],
    }
    evidence = Evidence.from_parts(parts, n_planned=2)
    with pytest.raises(EvidenceError) as refused:
        evidence.matched(NAMES)
    assert refused.value.problems == evidence.problems(NAMES)
    message = str(refused.value)
    for fragment in (
        "n_planned = 2",
        "no column 'm': a, b (moments)",
        "column 'y': c (data row 1: inf)",
        "d (n = 3)",
    ):
        assert fragment in message


def test_organizations_with_the_same_text_are_a_problem() -> None:
    own = shares(FRAME)
    (problem,) = Evidence.from_parts({1: own["north"], "1": own["south"]}).problems(NAMES)  # type: ignore[dict-item]
    assert problem == "an organization is named in more than one way: 1 ('1', '1')"


@pytest.mark.parametrize("variables", [(), ("x", "x"), "xmy"])
def test_variables_must_be_distinct_names(variables: Any) -> None:
    with pytest.raises(EvidenceError, match="must be a list of distinct names"):
        Evidence.from_rows(FRAME, organization="org", min_n=10).matched(variables)


@pytest.mark.parametrize("other", [3, "north.csv", np.zeros((5, 3)), None])
def test_a_share_is_rows_or_moments(other: object) -> None:
    with pytest.raises(EvidenceError, match="organization a: a DataFrame of rows or SampleMoments is needed"):
        Evidence.from_parts({"a": other})


def test_rows_must_be_a_table() -> None:
    with pytest.raises(EvidenceError, match="a DataFrame or a path to a CSV or Parquet file is needed, not dict"):
        Evidence.from_rows({"x": [1]}, organization="org")


def test_no_organization_is_no_evidence() -> None:
    with pytest.raises(EvidenceError, match="there is no organization in it"):
        Evidence.from_moments({})


def test_other_tables_are_taken_by_their_to_pandas() -> None:
    table = pa.Table.from_pandas(FRAME)
    expected = Evidence.from_rows(FRAME, organization="org", min_n=10).matched(NAMES)
    assert Evidence.from_rows(table, organization="org", min_n=10).matched(NAMES).fingerprint == expected.fingerprint


def test_later_changes_by_the_caller_do_not_reach_the_evidence() -> None:
    frame = FRAME.copy()
    evidence = Evidence.from_rows(frame, organization="org", min_n=10)
    before = evidence.matched(NAMES)
    frame.loc[:, "x"] = 0.0
    assert evidence.matched(NAMES).fingerprint == before.fingerprint
    with pytest.raises(ValueError, match="read-only"):
        before.cov[0, 0, 0] = 1.0


def test_evidence_travels_between_processes() -> None:
    evidence = Evidence.from_rows(FRAME, organization="org", min_n=10)
    for twin in (pickle.loads(pickle.dumps(evidence)), copy.deepcopy(evidence)):  # noqa: S301
        assert twin.matched(NAMES).fingerprint == evidence.matched(NAMES).fingerprint


def test_summary_lists_the_organizations() -> None:
    frame = FRAME.assign(m=FRAME["m"].mask(FRAME.index == 0))
    evidence = Evidence.from_rows(frame, organization="org", min_n=10, missing="listwise")
    assert evidence.organizations == ("south", "north", "tiny")
    overview = evidence.summary().set_index("organization")
    assert overview["n_obs"].to_dict() == SIZES
    detail = evidence.summary(NAMES).set_index("organization")
    assert detail["n_obs"].to_dict() == {"south": 39, "north": 25, "tiny": 3}
    assert detail["dropped"].to_dict() == {"south": 1, "north": 0, "tiny": 0}
    assert detail["used"].to_dict() == {"south": True, "north": True, "tiny": False}


def test_repr_mentions_rows_without_organization() -> None:
    frame = FRAME.assign(org=FRAME["org"].mask(FRAME.index < 2))
    assert "2 rows name no organization" in repr(Evidence.from_rows(frame, organization="org"))


# ------------------------------------------------------------------------------------------ missing answers


def holes(share: float = 0.15, seed: int = 4) -> pd.DataFrame:
    """FRAME without tiny, with answers missing in both organizations; two of south answered nothing."""
    frame = FRAME[FRAME["org"] != "tiny"].copy()
    missing = np.random.default_rng(seed).random((len(frame), 3)) < share
    missing[:2] = True
    frame[list(NAMES)] = frame[list(NAMES)].mask(missing)
    return frame


def test_missing_answers_leave_patterns() -> None:
    frame = holes()
    evidence = Evidence.from_rows(frame, organization="org")
    matched = evidence.matched(NAMES)
    answered = frame[list(NAMES)].notna().any(axis=1)
    expected = answered.groupby(frame["org"], sort=False).sum()
    assert matched.n_obs.tolist() == expected.tolist()
    assert matched.dropped == {"south": int((~answered).sum()), "north": 0}
    assert set(matched.patterns) == {"south", "north"}
    for j, name in enumerate(matched.organizations):
        assert sum(one.n_obs for one in matched.patterns[name]) == matched.n_obs[j]
    assert np.isfinite(matched.cov).all()
    assert "respondents" in repr(matched)
    assert evidence.summary(NAMES)["dropped"].tolist() == [matched.dropped["south"], 0]


def test_listwise_is_complete_cases() -> None:
    frame = holes()
    matched = Evidence.from_rows(frame, organization="org", missing="listwise").matched(NAMES)
    complete = Evidence.from_rows(frame.dropna(subset=list(NAMES)), organization="org").matched(NAMES)
    assert matched.patterns == {}
    assert matched.fingerprint == complete.fingerprint
    assert sum(matched.dropped.values()) == len(frame) - complete.n_obs.sum()


def test_an_organization_with_complete_rows_keeps_its_numbers() -> None:
    frame = holes()
    whole = FRAME[FRAME["org"] == "north"]
    mixed = pd.concat([frame[frame["org"] == "south"], whole])
    matched = Evidence.from_rows(mixed, organization="org").matched(NAMES)
    alone = Evidence.from_rows(whole, organization="org").matched(NAMES)
    assert list(matched.patterns) == ["south"]
    np.testing.assert_array_equal(matched.mean[1], alone.mean[0])
    np.testing.assert_array_equal(matched.cov[1], alone.cov[0])
    assert matched.only(["north"]).patterns == {}
    assert matched.only(["north"]).cov.tolist() == alone.cov.tolist()


def assert_same_patterns(one: Matched, other: Matched) -> None:
    assert list(one.patterns) == list(other.patterns)
    for name, groups in one.patterns.items():
        assert [(g.variables, g.n_obs) for g in groups] == [(g.variables, g.n_obs) for g in other.patterns[name]]
        for mine, theirs in zip(groups, other.patterns[name], strict=True):
            np.testing.assert_allclose(mine.mean, theirs.mean, rtol=1e-12)
            np.testing.assert_allclose(mine.scatter, theirs.scatter, rtol=1e-12, atol=1e-12)


def test_rows_and_moments_with_missing_answers_are_the_same_evidence() -> None:
    by_rows = Evidence.from_rows(holes(), organization="org").matched(NAMES)
    written = {name: SampleMoments.from_json(one.to_json()) for name, one in by_rows.moments().items()}
    by_moments = Evidence.from_moments(written).matched(NAMES)
    assert by_moments.fingerprint == by_rows.fingerprint
    assert_same_patterns(by_moments, by_rows)


@pytest.mark.parametrize("wanted", [("y", "x"), ("m",), ("y", "m", "x")])
def test_moments_of_more_variables_give_those_of_fewer(wanted: tuple[str, ...]) -> None:
    frame = holes()
    shared = Evidence.from_moments(Evidence.from_rows(frame, organization="org").matched(NAMES).moments())
    by_moments = shared.matched(wanted)
    by_rows = Evidence.from_rows(frame, organization="org").matched(wanted)
    assert by_moments.n_obs.tolist() == by_rows.n_obs.tolist()
    assert_same_patterns(by_moments, by_rows)
    np.testing.assert_allclose(by_moments.cov, by_rows.cov, rtol=1e-6)
    np.testing.assert_allclose(by_moments.mean, by_rows.mean, rtol=1e-8)


def test_moments_with_missing_answers_have_complete_cases() -> None:
    frame = holes()
    shared = Evidence.from_rows(frame, organization="org").matched(NAMES).moments()
    listwise = Evidence.from_moments(shared, missing="listwise").matched(NAMES)
    expected = Evidence.from_rows(frame, organization="org", missing="listwise").matched(NAMES)
    assert listwise.n_obs.tolist() == expected.n_obs.tolist()
    np.testing.assert_allclose(listwise.cov, expected.cov, rtol=1e-12)


def test_fingerprint_sees_every_pattern() -> None:
    frame = holes()
    moved = frame.copy()
    first = moved.index[moved["x"].notna() & moved["m"].notna()][0]
    moved.loc[first, "m"] += 1e-9
    emptied = frame.copy()
    emptied.loc[first, "m"] = np.nan
    prints = [Evidence.from_rows(one, organization="org").matched(NAMES).fingerprint for one in (frame, moved, emptied)]
    assert len(set(prints)) == 3


def test_correlations_are_a_level_of_their_own() -> None:
    names = list(NAMES)
    correlations = FRAME[names].corr()
    loose = SampleMoments(40, None, correlations, scale_free=True)
    evidence = Evidence.from_moments({"a": moments_of(FRAME), "b": loose})
    matched = evidence.matched(NAMES)
    assert matched.level == {"a": "moments", "b": "correlations"}
    assert list(matched.patterns) == ["b"]
    (only,) = matched.patterns["b"]
    np.testing.assert_array_equal(only.mean, np.zeros(3))
    np.testing.assert_allclose(only.scatter, 39 * correlations, rtol=1e-14)
    np.testing.assert_allclose(matched.cov[1], correlations, rtol=1e-14)
    assert np.isnan(matched.mean[1]).all()
    assert repr(evidence).endswith("b (correlations, n = 40))")
    again = Evidence.from_moments(matched.moments()).matched(NAMES)
    assert again.fingerprint == matched.fingerprint
    stiff = Evidence.from_moments({"a": moments_of(FRAME), "b": SampleMoments(40, None, correlations)}).matched(NAMES)
    assert stiff.fingerprint != matched.fingerprint


def test_correlations_may_lack_variables_too() -> None:
    loose = SampleMoments(40, None, FRAME[["x", "y"]].corr(), scale_free=True)
    evidence = Evidence.from_moments({"a": moments_of(FRAME), "b": loose})
    matched = evidence.matched(NAMES)
    assert matched.patterns["b"][0].variables == (0, 2)
    assert evidence.summary(NAMES)["lacks"].tolist() == ["", "m"]
    assert Evidence.from_moments(matched.moments()).matched(NAMES).fingerprint == matched.fingerprint


def test_min_n_counts_respondents_with_an_answer() -> None:
    frame = holes(0.4)
    complete = Evidence.from_rows(frame, organization="org", missing="listwise", min_n=1).summary(NAMES)["n_obs"]
    assert complete.max() < 20
    assert Evidence.from_rows(frame, organization="org", min_n=20).matched(NAMES).kept_out == {}


@pytest.mark.parametrize("word", ["pairwise", None, 1])
def test_other_ways_to_deal_with_missing_answers_are_refused(word: Any) -> None:
    with pytest.raises(EvidenceError, match="missing must be 'fiml' or 'listwise', not"):
        Evidence.from_rows(FRAME, organization="org", missing=word)


def test_a_document_says_what_to_do_with_missing_answers(tmp_path: Path) -> None:
    holes().to_csv(tmp_path / "rows.csv", index=False)
    text = 'rows = "rows.csv"\norganization = "org"\n'
    (tmp_path / "e.toml").write_text(text + 'missing = "listwise"\n')
    assert read_evidence(tmp_path / "e.toml").matched(NAMES).patterns == {}
    assert len(read_evidence(tmp_path / "e.toml", missing="fiml").matched(NAMES).patterns) == 2
    (tmp_path / "e.toml").write_text(text)
    assert len(read_evidence(tmp_path / "e.toml").matched(NAMES).patterns) == 2
    (tmp_path / "e.toml").write_text(text + "missing = 3\n")
    assert read_evidence(tmp_path / "e.toml").problems(NAMES) == ("missing must be 'fiml' or 'listwise', not 3",)


def test_summary_of_a_large_table_is_quick() -> None:
    """Patterns are found in arrays; nothing runs row by row."""
    rng = np.random.default_rng(9)
    values = rng.normal(size=(200_000, 3))
    values[rng.random(values.shape) < 0.1] = np.nan
    frame = pd.DataFrame(values, columns=NAMES).assign(org="a")
    began = time.perf_counter()
    matched = Evidence.from_rows(frame, organization="org").matched(NAMES)
    assert time.perf_counter() - began < 2
    assert len(matched.patterns["a"]) == 7
