"""Moments of coded columns: what organizations must share, and what they may lack."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bayescx.evidence import Evidence, SampleMoments
from bayescx.spec import PathModel
from tests.evidence.coded_cases import MODEL, by_hand, matched, rows


def moments_problems(changed: SampleMoments, missing: str = "fiml", model: PathModel = MODEL) -> tuple[str, ...]:
    parts = {**matched(rows()).moments(), "north": changed}
    return Evidence.from_moments(parts, missing=missing).problems(model.observed, model.coded)


def shared(**changes: Any) -> SampleMoments:
    sound = matched(rows()).moments()["north"]
    return SampleMoments(**{"n_obs": sound.n_obs, "mean": sound.mean, "cov": sound.cov} | changes)


def test_moments_must_hold_the_coded_columns() -> None:
    plain = shared().select(["loyalty", "trust", "below(expectations, 4)", "above(expectations, 4)"])
    assert moments_problems(plain) == ()
    (problem,) = moments_problems(plain, "listwise")[:1]
    assert problem.startswith("no column 'issue[delivery]': north (moments)")
    frame = rows()
    uncoded = SampleMoments(45, None, frame[["loyalty", "trust", "expectations"]].cov())
    (first, *_) = moments_problems(uncoded, "listwise")
    assert "cannot be worked out from moments: share them with bayescx moments ROWS --model MODEL" in first


def test_moments_that_code_the_other_way_round_are_told_by_their_mean() -> None:
    mean = shared().mean
    assert mean is not None
    mean["above(expectations, 4)"] *= -1
    (problem,) = moments_problems(shared(mean=mean))
    assert problem.startswith("'above(expectations, 4)' is not what it says: north (its mean is -")


def recoded(**factors: float) -> SampleMoments:
    """Moments of columns that are multiples of the ones that were to be shared."""
    sound = shared()
    weight = pd.Series(1.0, sound.mean.index)
    for name, factor in factors.items():
        weight[name] = factor
    return shared(mean=sound.mean * weight, cov=sound.cov * np.outer(weight, weight))


def test_dummies_are_columns_of_0_and_1() -> None:
    delivery, technical = "issue[delivery]", "issue[technical]"
    sound = shared()
    assert moments_problems(sound) == ()
    assert moments_problems(shared(mean=sound.mean.round(2), cov=sound.cov.round(2))) == ()
    (problem,) = moments_problems(recoded(**{delivery: 1.5}))
    assert problem.startswith(f"'{delivery}' is not what it says: north (its mean is 0.")
    assert "and its variance 0." in problem
    assert "coded 0 and 1 it would have the variance 0.1" in problem
    (problem,) = moments_problems(recoded(**{technical: 100.0}))
    assert f"'{technical}' is not what it says: north (its mean is 24" in problem
    doubled = recoded(**{delivery: 2.0, technical: 2.0})  # of -1 and 1: mean 2 m - 1
    effect = doubled.mean - [0, 0, 0, 0, 1, 1]
    assert len(moments_problems(shared(mean=effect, cov=doubled.cov))) == 2
    assert moments_problems(shared(mean=None, cov=doubled.cov)) == ()  # nothing tells


def test_nobody_has_two_levels_or_is_on_both_sides_of_a_knot() -> None:
    cov = shared().cov
    pairs = [("issue[delivery]", "issue[technical]"), ("below(expectations, 4)", "above(expectations, 4)")]
    for one, other in pairs:
        changed = cov.copy()
        changed.loc[one, other] = changed.loc[other, one] = 0.3 * cov.loc[one, other]
        (problem,) = moments_problems(shared(cov=changed))
        assert problem.startswith(f"'{one}' and '{other}' are not what they say: north (their covariance is ")
        assert f"so with their means it would be {cov.loc[one, other]:.4g}" in problem


def test_correlations_do_not_tell_the_spread() -> None:
    cov = shared().cov
    sd = np.sqrt(np.diag(cov))
    (problem,) = moments_problems(shared(mean=None, cov=cov / np.outer(sd, sd), scale_free=True))
    assert problem.startswith("correlations do not tell how far answers spread, which below(…)")


def test_patterns_of_missing_answers_are_incomplete() -> None:
    names = list(MODEL.observed)
    values = by_hand(rows(), MODEL.observed, MODEL.coded).iloc[60:].assign(org="north")
    values.iloc[:12, 0] = np.nan
    evidence = Evidence.from_rows(values, organization="org").matched(names)
    (problem,) = moments_problems(evidence.moments()["north"])
    assert "north (12 of 45 respondents); missing='listwise'" in problem
    assert moments_problems(evidence.moments()["north"], "listwise") == ()


def test_a_plain_column_must_vary_whatever_it_is_called() -> None:
    names = ["y", "Q3[SQ001]", "Q3[SQ002]"]
    cov = pd.DataFrame([[1.0, 0.1, 0.0], [0.1, 1.0, 0.0], [0.0, 0.0, 0.0]], names, names)
    evidence = Evidence.from_moments({"a": SampleMoments(50, None, cov)})
    assert evidence.problems(names) == ("column 'Q3[SQ002]' is constant: a",)
    cov.iloc[2] = cov.iloc[:, 2] = [0.1, 1.0, 1.0]
    collinear = Evidence.from_moments({"a": SampleMoments(50, None, cov)})
    (problem,) = collinear.problems(names)
    assert problem.startswith(
        "the covariance matrix is not positive definite: some combination of Q3[SQ001], Q3[SQ002]"
    )
    frame = rows(**{"Q3[SQ001]": 1.0})
    (problem,) = Evidence.from_rows(frame, organization="org").problems(["loyalty", "Q3[SQ001]"])
    assert problem.startswith("column 'Q3[SQ001]' is constant")
