"""Tables become counts per covariate pattern; whatever is wrong with them is said, all of it and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescx.choices import ChoiceCounts
from bayescx.errors import EvidenceError, ModelError
from bayescx.spec import parse_model
from tests.choices.worlds import NAMES, rows, simulated

MODEL = "after ~ below(expectations, 4) + above(expectations, 4) + effort + category(issue, question, billing)"
TERMS = ("below(expectations, 4)", "above(expectations, 4)", "effort", "issue[billing]")
OPTIONS = {"organization": "organization", "categories": NAMES[3]}


def table(seed: int = 1) -> pd.DataFrame:
    return rows(3, (30, 80, 150), seed)


def problems(frame: pd.DataFrame, model: str = MODEL, **changes: object) -> str:
    with pytest.raises(EvidenceError) as caught:
        ChoiceCounts.from_rows(frame, model, **{**OPTIONS, **changes})  # type: ignore[arg-type]
    return str(caught.value)


def test_respondents_with_equal_covariates_are_counted_together() -> None:
    frame = table()
    counts = ChoiceCounts.from_rows(frame, MODEL, **OPTIONS)  # type: ignore[arg-type]
    assert counts.terms == TERMS
    assert counts.equation.pooled == (True, True, True, False)
    assert counts.n_obs.tolist() == [30, 80, 150]
    assert len(counts.x) == len(frame[["organization", "expectations", "effort", "issue"]].drop_duplicates())
    own = frame[(frame["organization"] == "org_2") & (frame["expectations"] == 2) & (frame["effort"] == 3)]
    own = own[own["issue"] == "billing"]
    here = (counts.organization == 1) & (counts.x == [-2, 0, 3, 1]).all(axis=1)
    assert counts.answers[here].sum(axis=0).tolist() == [int((own["after"] == one).sum()) for one in NAMES[3]]


def test_scales_are_pooled_sds_and_both_sides_of_a_knot_have_that_of_their_variable() -> None:
    frame = table()
    counts = ChoiceCounts.from_rows(frame, MODEL, **OPTIONS)  # type: ignore[arg-type]
    by = frame.groupby("organization")
    for place, column in ((0, "expectations"), (1, "expectations"), (2, "effort")):
        pooled = np.sqrt(((by[column].count() - 1) * by[column].var()).sum() / (by[column].count() - 1).sum())
        assert counts.spread[place] == pytest.approx(pooled)
    assert counts.centre[0] == pytest.approx(np.minimum(frame["expectations"] - 4, 0).mean())


def test_a_table_of_coded_columns_has_the_same_scales() -> None:
    frame = table()
    coded = frame.assign(
        **{
            TERMS[0]: np.minimum(frame["expectations"] - 4, 0),
            TERMS[1]: np.maximum(frame["expectations"] - 4, 0),
            TERMS[3]: (frame["issue"] == "billing").astype(int),
        }
    ).drop(columns=["expectations", "issue"])
    plain, other = (ChoiceCounts.from_rows(one, MODEL, **OPTIONS) for one in (frame, coded))  # type: ignore[arg-type]
    assert other.spread == pytest.approx(plain.spread)
    assert np.array_equal(other.x, plain.x)
    assert np.array_equal(other.answers, plain.answers)


def test_a_table_of_counts_is_the_same_as_its_respondents(tmp_path: Path) -> None:
    frame = table()
    whole = ChoiceCounts.from_rows(frame, MODEL, **OPTIONS)  # type: ignore[arg-type]
    keys = ["organization", "expectations", "effort", "issue"]
    counted = frame.assign(n=1).pivot_table("n", keys, "after", "sum", fill_value=0).astype(int).reset_index()
    counted.to_csv(tmp_path / "counts.csv", index=False)
    for source in (counted, tmp_path / "counts.csv"):
        found = ChoiceCounts.from_table(source, MODEL, n_planned=5, **OPTIONS)  # type: ignore[arg-type]
        assert np.array_equal(found.x, whole.x)
        assert np.array_equal(found.answers, whole.answers)
        assert found.spread == pytest.approx(whole.spread)
        assert found.n_planned == 5


def test_ratings_are_named_by_their_numbers() -> None:
    frame = rows(7, (40, 60), 2).astype({"after": float})
    counts = ChoiceCounts.from_rows(frame, "after ~ effort", organization="organization", categories=range(1, 8))
    assert counts.categories == NAMES[7]
    assert counts.answers.sum() == 100


def test_what_is_missing_is_left_out_and_said() -> None:
    frame = table().astype({"effort": float})
    frame.loc[[2, 40, 41], "effort"] = np.nan
    frame.loc[[3, 200], "after"] = ""
    frame.loc[5, "organization"] = None
    counts = ChoiceCounts.from_rows(frame, MODEL, n_planned=4, **OPTIONS)  # type: ignore[arg-type]
    assert counts.missing == {"org_1": 2, "org_2": 2, "org_3": 1}
    assert counts.unassigned == 1
    assert counts.n_obs.sum() == 260 - 6
    assert "5 incomplete; 1 without an organization" in repr(counts)
    said = " ".join(counts.notes)
    assert (
        "5 respondents left out an answer that the model needs and are not counted: org_1 2, org_2 2, org_3 1" in said
    )
    assert "1 respondents of no organization" in said


def test_all_problems_come_together_with_their_places() -> None:
    frame = table().astype({"effort": object})
    frame.loc[1, "effort"] = "much"
    frame.loc[40, "issue"] = "Biling"
    frame.loc[120, "after"] = "loyall"
    said = problems(frame)
    assert "3 problems" in said
    assert "text in column 'effort': org_1 (data row 2: 'much')" in said
    assert "unknown category in column 'issue': org_2 (data row 41: 'Biling')" in said
    assert "did you mean 'billing'?" in said
    assert "unknown category in column 'after': org_3 (data row 121: 'loyall')" in said
    assert "the categories are disloyal, neutral, loyal; did you mean 'loyal'?" in said


def test_counts_that_are_none_are_refused_with_their_places() -> None:
    frame = pd.DataFrame(
        {"shop": ["a", "a", "b"], "effort": [1, 2, 3], "leave": [3, -2, 4], "stay": [0.5, 2, 2.5], "after": 1}
    )
    with pytest.raises(EvidenceError) as caught:
        ChoiceCounts.from_table(frame, "choice ~ effort", organization="shop", categories=["leave", "stay", "wait"])
    said = str(caught.value)
    assert "a negative count in column 'leave': a (data row 2: -2)" in said
    assert "a share in column 'stay': a (data row 1: 0.5)" in said
    assert "a count that is not whole in column 'stay': b (data row 3: 2.5)" in said
    assert "no column 'wait' for a category" in said


@pytest.mark.parametrize(
    ("model", "changes", "expected"),
    [
        ("after ~ effort + still", {"still": 3}, "'still' is constant (3 everywhere)"),
        (
            "after ~ effort + size",
            {"size": "by organization"},
            "'size' is the same for all respondents of an organization",
        ),
        ("after ~ effort + above(expectations, 9)", {}, "nobody is above the knot of 'above(expectations, 9)'"),
        ("after ~ effort + category(issue, question, billing, other)", {}, "nobody has the level 'other' of 'issue'"),
        (
            "after ~ effort + category(issue, other, question, billing)",
            {},
            "nobody has the level 'other' of 'issue', the reference",
        ),
        (
            "after ~ effort + double",
            {"double": "twice"},
            "terms are collinear: within organizations some combination of",
        ),
        ("after ~ effort + elsewhere", {}, "no column 'elsewhere'"),
    ],
)
def test_terms_without_an_answer_are_refused(model: str, changes: dict[str, object], expected: str) -> None:
    frame = table()
    for name, how in changes.items():
        if how == "by organization":
            frame[name] = frame["organization"].str[-1].astype(int)
        elif how == "twice":
            frame[name] = 2 * frame["effort"] + frame["organization"].str[-1].astype(int)
        else:
            frame[name] = how
    assert expected in problems(frame, model)


def test_a_separated_common_slope_is_refused_and_a_pooled_one_said() -> None:
    frame = table()
    frame["rare"] = ((frame["after"] == "loyal") & (np.arange(len(frame)) % 3 == 0)).astype(int)
    said = problems(frame, "after ~ effort + fixed(rare)")
    assert "perfect separation: nothing in the answers bounds the slope of 'rare'" in said
    pooled = ChoiceCounts.from_rows(frame, "after ~ effort + rare", **OPTIONS)  # type: ignore[arg-type]
    assert any("the answers alone do not bound the slope of 'rare': org_1" in note for note in pooled.notes)


def test_separation_by_a_combination_is_found() -> None:
    """Neither covariate separates; their difference does, in every organization."""
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 6, (2, 300))
    after = np.select([one - other < -1, one - other < 2], ["disloyal", "neutral"], "loyal")
    frame = pd.DataFrame({"organization": np.arange(300) % 3, "one": one, "other": other, "after": after})
    said = problems(frame, "after ~ fixed(one) + fixed(other)")
    assert "'one'" in said
    assert "'other'" in said
    frame.loc[(frame["one"] == 5) & (frame["other"] == 0), "after"] = "disloyal"
    assert ChoiceCounts.from_rows(frame, "after ~ fixed(one) + fixed(other)", **OPTIONS).n_obs.sum() == 300  # type: ignore[arg-type]


def test_separation_in_one_organization_is_only_said() -> None:
    frame = table()
    own = frame["organization"] == "org_2"
    frame.loc[own, "after"] = np.select([frame["effort"] > 3, frame["effort"] > 1], NAMES[3][:2], NAMES[3][2])[own]
    counts = ChoiceCounts.from_rows(frame, "after ~ fixed(effort)", **OPTIONS)  # type: ignore[arg-type]
    assert "the answers alone do not bound the slope of 'effort': org_2" in counts.notes


def test_empty_categories_and_levels_are_said() -> None:
    frame = table()
    frame = frame[(frame["organization"] != "org_3") | (frame["issue"] == "question")]
    notes = ChoiceCounts.from_rows(frame, MODEL, **OPTIONS).notes  # type: ignore[arg-type]
    assert "nobody is 'disloyal': org_1" in notes
    assert "'issue[billing]' does not vary: org_3" in notes


def test_patterns_as_many_as_respondents_are_said() -> None:
    frame = table()
    frame["tenure"] = np.random.default_rng(1).gamma(2.0, 3.0, len(frame))
    counts = ChoiceCounts.from_rows(frame, "after ~ effort + tenure", **OPTIONS)  # type: ignore[arg-type]
    assert "260 answers in 260 patterns (as many as respondents) of 2 terms" in repr(counts)
    assert any(note.startswith("nearly every respondent has a covariate pattern of their own") for note in counts.notes)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("f =~ a + b + c; after ~ f", "found factors ('f')"),
        ("after ~ effort; effort ~ issue", "found equations of 'after', 'effort'"),
        ("after ~ 0.5*effort", "found a value before 'effort'"),
        ("after ~ a*effort + a*tenure", "found the label 'a' before 'effort'"),
        ("after ~ effort; after ~~ after", "an ordered probit has thresholds and a residual SD of 1"),
        ("after ~ a*effort; twice := 2*a", "found definitions ('twice')"),
    ],
)
def test_models_that_choices_cannot_have_are_refused(model: str, expected: str) -> None:
    with pytest.raises(ModelError) as caught:
        ChoiceCounts.from_rows(table(), model, **OPTIONS)  # type: ignore[arg-type]
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ("loyal", "categories must be a list of names"),
        (["loyal"], "two or more categories"),
        (["loyal", "loyal"], "twice"),
        (["loyal", None], "None is no name"),
    ],
)
def test_categories_are_two_or_more_names(categories: object, expected: str) -> None:
    assert expected in problems(table(), categories=categories)


def test_an_organization_without_a_complete_answer_is_named() -> None:
    frame = table().astype({"effort": float})
    frame.loc[frame["organization"] == "org_2", "effort"] = np.nan
    assert "no respondent answered everything that the model needs: org_2" in problems(frame)


def test_fewer_planned_than_reported_is_refused() -> None:
    assert "n_planned = 2 is smaller" in problems(table(), n_planned=2)


def test_hostile_names_are_text() -> None:
    frame = table()
    frame["organization"] = frame["organization"].replace({"org_2": "<script>alert(1)</script>", "org_1": "../../x"})
    frame = frame.rename(columns={"effort": "$x$ <b>"})
    counts = ChoiceCounts.from_rows(frame, parse_model("after ~ `$x$ <b>`"), **OPTIONS)  # type: ignore[arg-type]
    page = counts._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_arrays_that_contradict_each_other_are_refused() -> None:
    counts = simulated("after ~ effort")
    with pytest.raises(EvidenceError, match="answers must have shape"):
        replace(counts, answers=counts.answers[:, :2])
    with pytest.raises(EvidenceError, match="whole numbers"):
        replace(counts, answers=-counts.answers)
    with pytest.raises(EvidenceError, match="ascend"):
        replace(counts, organization=counts.organization[::-1])
    assert not counts.answers.flags.writeable
