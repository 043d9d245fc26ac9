"""Tables become counts per covariate pattern; whatever is wrong with them is said, all of it and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescx.choices import ChoiceCounts, fit_choices
from bayescx.choices.bounded import FREE, free_directions
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


def with_rare(frame: pd.DataFrame) -> pd.DataFrame:
    """A column that only some of the loyal have."""
    return frame.assign(rare=((frame["after"] == "loyal") & (np.arange(len(frame)) % 3 == 0)).astype(int))


@pytest.mark.parametrize(
    ("term", "whose"), [("fixed(rare)", "which is the same for all organizations"), ("rare", "in any organization")]
)
def test_a_slope_that_nothing_bounds_is_refused(term: str, whose: str) -> None:
    said = problems(with_rare(table()), f"after ~ effort + {term}")
    assert f"perfect separation: nothing in the answers bounds the slope of 'rare', {whose}" in said
    assert "problems" not in said  # of effort nothing is said


def test_a_pooled_slope_that_single_organizations_do_not_bound_is_warned_of() -> None:
    frame = with_rare(table())
    mixed = (frame["organization"] == "org_3") & (np.arange(len(frame)) % 4 == 0)
    frame.loc[mixed, "rare"] = 1
    counts = ChoiceCounts.from_rows(frame, "after ~ effort + rare", **OPTIONS)  # type: ignore[arg-type]
    assert counts.separated == ("'rare' in org_1, org_2",)
    assert "the answers alone do not bound the slope of 'rare': org_1, org_2" in counts.notes
    with pytest.warns() as caught:
        fit_choices(counts, draws=4, tune=20, chains=1, random_seed=1, progressbar=False)
    (said,) = [str(one.message) for one in caught if one.category is UserWarning]
    assert "perfect separation: answers never go against 'rare' in org_1, org_2; these slopes rest on the other" in said


def test_opposite_separation_leaves_the_population_bounded() -> None:
    """Everybody who has it is loyal here, disloyal there: the mean slope lies between, so organizations are named."""
    frame = table()
    frame["rare"] = (np.arange(len(frame)) % 5 == 0).astype(int)
    for organization, answer in (("org_2", "loyal"), ("org_3", "disloyal")):
        frame.loc[(frame["organization"] == organization) & (frame["rare"] == 1), "after"] = answer
    frame = frame[frame["organization"] != "org_1"]
    counts = ChoiceCounts.from_rows(frame, "after ~ effort + rare", **OPTIONS)  # type: ignore[arg-type]
    assert counts.separated == ("'rare' in org_2, org_3",)
    assert "perfect separation" in problems(frame.query("organization == 'org_2'"), "after ~ effort + rare")


def test_slopes_of_their_own_hide_no_separation() -> None:
    """The sum (here) and the difference (there) of two covariates separates: with one slope for all, neither would."""
    rng = np.random.default_rng(4)
    one, other, sign = rng.integers(-3, 4, 400), rng.integers(0, 2, 400), np.repeat([1, -1], 200)
    after = np.where(sign * one + 1.5 * other > 0.75, "loyal", "disloyal")
    frame = pd.DataFrame({"organization": np.where(sign > 0, "a", "b"), "one": one, "other": other, "after": after})
    said = problems(frame, "after ~ one + fixed(other)", categories=["disloyal", "loyal"])
    assert "perfect separation: nothing in the answers bounds the slope of 'other'" in said
    either = ChoiceCounts.from_rows(
        frame, "after ~ fixed(one) + fixed(other)", organization="organization", categories=["disloyal", "loyal"]
    )
    assert either.separated == ()


def test_many_small_organizations_are_not_taken_for_separated() -> None:
    """None of them bounds a slope by itself; all of them together do."""
    counts = simulated("after ~ effort + expectations + category(issue, question, billing)", sizes=(3,) * 60)
    alone = free_directions(counts.x, counts.organization, counts.answers, 60, np.array(counts.equation.pooled))
    assert len(counts.organizations) == 60
    assert (alone[:, :2] == FREE).mean() > 0.2
    assert (alone[:, :2] != 0).mean() > 0.9


def test_one_answer_of_everybody_tells_nothing() -> None:
    said = problems(table().assign(after="loyal"))
    assert said == "choices: everybody's answer is 'loyal': nothing tells what moves it"
    apart = table().assign(after=lambda frame: np.where(frame["organization"] == "org_2", "loyal", "disloyal"))
    assert "perfect separation: nothing in the answers bounds the slope of 'effort'" in problems(apart)


@pytest.mark.parametrize("knot", [7, 9])
@pytest.mark.parametrize("side", ["below", "above"])
def test_a_hinge_that_is_the_whole_variable_is_refused(knot: int, side: str) -> None:
    at = knot if side == "below" else 8 - knot
    said = problems(table(), f"after ~ effort + {side}(expectations, {at})")
    beyond = "above" if side == "below" else "below"
    assert f"nobody is {beyond} the knot of '{side}(expectations, {at})', which so is the whole variable" in said
    inside = ChoiceCounts.from_rows(table(), f"after ~ effort + {side}(expectations, 6)", **OPTIONS)  # type: ignore[arg-type]
    assert inside.terms[1] == f"{side}(expectations, 6)"


def test_a_program_that_is_not_solved_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failed:
        status, message = 4, "numerical difficulties"

    tried = []
    monkeypatch.setattr("bayescx.choices.separation.linprog", lambda *_, method, **__: tried.append(method) or Failed)
    with pytest.warns(UserWarning, match="separation could not be ruled out.*numerical difficulties"):
        ChoiceCounts.from_rows(table(), "after ~ fixed(effort)", **OPTIONS)  # type: ignore[arg-type]
    assert tried[:3] == ["highs", "highs-ds", "highs-ipm"]


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
