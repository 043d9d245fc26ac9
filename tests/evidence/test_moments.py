"""Moments: numerically right, valid from birth, the same after a trip through JSON."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError
from bayescx.evidence import PatternMoments, SampleMoments
from bayescx.evidence.arithmetic import dependent_variables, two_pass_moments
from bayescx.evidence.moments_json import text_of

NAMES = ["x", "m", "y"]
COV = np.array([[1.0, 0.5, 0.3], [0.5, 2.0, 0.4], [0.3, 0.4, 3.0]])


def labelled(values: Any, names: list[str] = NAMES) -> pd.DataFrame:
    return pd.DataFrame(values, index=names, columns=names)


def refusal(**changes: Any) -> str:
    sound: dict[str, Any] = {"n_obs": 50, "mean": None, "cov": labelled(COV)}
    with pytest.raises(EvidenceError) as refused:
        SampleMoments(**sound | changes)
    return str(refused.value)


def exact_moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance (divisor n-1) in rational arithmetic."""
    columns = [[Fraction(float(cell)) for cell in column] for column in values.T]
    means = [sum(column) / len(column) for column in columns]
    centred = [[cell - mean for cell in column] for column, mean in zip(columns, means, strict=True)]
    cov = [[sum(a * b for a, b in zip(u, v, strict=True)) / (len(u) - 1) for v in centred] for u in centred]
    return np.array(means, dtype=float), np.array([[float(cell) for cell in row] for row in cov])


@pytest.mark.parametrize("mean", [0.0, 5.0, 1e6, -1e9])
def test_two_pass_moments_equal_rational_arithmetic(mean: float) -> None:
    root = np.linalg.cholesky(COV)
    values = mean + np.random.default_rng(3).normal(size=(500, 3)) @ root.T
    expected_mean, expected_cov = exact_moments(values)
    found_mean, found_cov = two_pass_moments(values)
    np.testing.assert_allclose(found_mean, expected_mean, rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(found_cov, expected_cov, rtol=1e-12)
    np.testing.assert_array_equal(found_cov, found_cov.T)


def test_two_pass_moments_leave_the_rows_alone() -> None:
    values = np.random.default_rng(4).normal(size=(10, 2))
    before = values.copy()
    two_pass_moments(values)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_dependent_variables_do_not_depend_on_units(unit: float) -> None:
    cov = np.array([[1.0, 0.2, 0.0], [0.2, 1.0, 0.0], [0.0, 0.0, 1.0]])
    make = np.array([[1, 0, 0, 1.0], [0, 1, 0, 1.0], [0, 0, 1, 0.0]]).T * np.array([[1], [1], [unit], [unit]])
    singular = make @ cov @ make.T
    assert dependent_variables(singular, ["a", "b", "alone", "sum"]) == ("a", "b", "sum")
    assert dependent_variables(singular[:3, :3], ["a", "b", "alone"]) == ()


def test_moments_keep_what_they_were_given() -> None:
    mean = pd.Series([3.0, 1.0, 2.0], index=["y", "x", "m"])
    moments = SampleMoments(n_obs=50, mean=mean, cov=labelled(COV))
    assert moments.variables == ("x", "m", "y")
    assert moments.mean is not None
    assert moments.mean.to_dict() == {"x": 1.0, "m": 2.0, "y": 3.0}
    np.testing.assert_array_equal(moments.cov, COV)
    assert "n_obs=50" in repr(moments)


def test_columns_are_put_in_the_order_of_the_rows() -> None:
    shuffled = labelled(COV)[["y", "x", "m"]]
    pd.testing.assert_frame_equal(SampleMoments(50, None, shuffled).cov, labelled(COV))


def test_rounding_is_symmetrized() -> None:
    cov = COV.copy()
    cov[0, 1] += 1e-10
    found = SampleMoments(50, None, labelled(cov)).cov.to_numpy()
    np.testing.assert_array_equal(found, found.T)
    assert found[0, 1] == pytest.approx(0.5 + 5e-11, abs=1e-15)


def test_later_changes_by_the_caller_do_not_reach_the_moments() -> None:
    cov = labelled(COV.copy())
    moments = SampleMoments(50, None, cov)
    cov.iloc[0, 0] = -1.0
    assert moments.cov.iloc[0, 0] == 1.0


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"n_obs": 1}, ("n_obs must be a whole number above 1, not 1",)),
        ({"n_obs": True}, ("not True",)),
        ({"n_obs": 12.5}, ("not 12.5",)),
        ({"n_obs": "50"}, ("not '50'",)),
        ({"n_obs": float("nan")}, ("not nan",)),
        ({"cov": COV}, ("must be a pandas DataFrame labelled by variable, not ndarray",)),
        ({"cov": pd.DataFrame()}, ("cov has no variables",)),
        ({"cov": labelled(COV).iloc[:2]}, ("square: it has 2 rows and 3 columns",)),
        ({"cov": labelled(COV, ["x", "x", "y"])}, ("names a variable twice: x",)),
        ({"cov": labelled(COV).rename(index={"m": "M"})}, ("same labels", "differ in M, m")),
        ({"cov": labelled(COV).astype(str).replace("0.5", "?")}, ("numbers only",)),
        ({"cov": labelled(COV).replace(0.4, np.inf)}, ("not a finite number at m, y (and 1 more)",)),
        ({"cov": labelled(COV - np.diag([0, 2, 0]))}, ("variance of m is 0", "constant")),
        ({"cov": labelled(COV - np.diag([0, 0, 4]))}, ("variance of y is -1", "negative")),
        ({"cov": labelled(np.tril(COV))}, ("not symmetric: 0 at x, m but 0.5 at m, x",)),
        (
            {"cov": labelled([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]])},
            ("not positive definite", "combination of x, m has"),
        ),
        (
            {"cov": labelled([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]]), "n_obs": 2},
            ("2 rows cannot determine the covariances of 3 variables",),
        ),
        ({"mean": [1.0, 2.0, 3.0]}, ("Series labelled by variable or None, not list",)),
        ({"mean": pd.Series({"x": 1.0})}, ("mean has no value for m, y",)),
        (
            {"mean": pd.Series({"x": 1.0, "m": 1, "y": 1, "z": 1})},
            ("mean has variables that cov does not have: z",),
        ),
        ({"mean": pd.Series([1.0, np.nan, 2.0], index=NAMES)}, ("mean is not a finite number for m",)),
        (
            {"n_obs": 0, "mean": pd.Series({"x": 1.0}), "cov": labelled(np.tril(COV))},
            ("3 problems", "n_obs", "not symmetric", "no value for m, y"),
        ),
    ],
)
def test_invalid_moments_cannot_exist(changes: dict[str, Any], fragments: tuple[str, ...]) -> None:
    message = refusal(**changes)
    for fragment in fragments:
        assert fragment in message


def test_select_takes_variables_in_the_order_asked_for() -> None:
    mean = pd.Series([1.0, 2.0, 3.0], index=NAMES)
    chosen = SampleMoments(50, mean, labelled(COV)).select(["y", "x"])
    assert chosen.variables == ("y", "x")
    assert chosen.mean is not None
    assert chosen.mean.tolist() == [3.0, 1.0]
    np.testing.assert_array_equal(chosen.cov, COV[np.ix_([2, 0], [2, 0])])


def test_select_names_each_missing_variable() -> None:
    with pytest.raises(EvidenceError) as refused:
        SampleMoments(50, None, labelled(COV)).select(["x", "M", "loyalty"])
    assert "no variable 'M'; did you mean 'm'?" in str(refused.value)
    assert "no variable 'loyalty'; there is x, m, y" in str(refused.value)


@pytest.mark.parametrize("mean", [None, pd.Series([0.1, 1 / 3, 1e-17], index=NAMES)])
def test_json_gives_the_same_numbers_back(mean: pd.Series | None, tmp_path: Path) -> None:
    moments = SampleMoments(50, mean, labelled(COV / 7))
    text = moments.to_json(tmp_path / "north.json", organization="Nørd")
    assert (tmp_path / "north.json").read_text(encoding="utf-8") == text
    assert list(json.loads(text)) == [
        "format",
        "version",
        "organization",
        "n_obs",
        "variables",
        "mean",
        "cov",
    ]
    back = SampleMoments.from_json(text)
    assert back.n_obs == 50
    pd.testing.assert_frame_equal(back.cov, moments.cov, check_exact=True)
    assert (back.mean is None) == (mean is None)
    if back.mean is not None and mean is not None:
        pd.testing.assert_series_equal(back.mean, mean, check_exact=True)


def test_json_with_absurd_numbers_is_refused() -> None:
    content = json.loads(SampleMoments(50, None, labelled(COV)).to_json())
    content["cov"][0][0] = 10**400
    with pytest.raises(EvidenceError, match="3 rows of 3 numbers"):
        SampleMoments.from_json(json.dumps(content))


# ------------------------------------------------------------------- correlations and missing answers: version 2

R = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])


def some_patterns() -> list[PatternMoments]:
    rng = np.random.default_rng(8)
    both, x = rng.normal(size=(20, 2)), rng.normal(size=(15, 1))
    found = []
    for values, names in ((both, ["x", "m"]), (x, ["x"]), (rng.normal(size=(1, 2)), ["m", "y"]), (both[:12], ["y"])):
        rows = pd.DataFrame(values[:, : len(names)], columns=names)
        centred = rows - rows.mean()
        found.append(PatternMoments(len(rows), rows.mean(), centred.T @ centred))
    return found


def changed(text: str, **changes: Any) -> str:
    return json.dumps(json.loads(text) | changes)


def refused_text(text: str) -> str:
    with pytest.raises(EvidenceError) as refused:
        SampleMoments.from_json(text)
    return str(refused.value)


def test_correlations_survive_json() -> None:
    text = SampleMoments(50, None, labelled(R), scale_free=True).to_json()
    content = json.loads(text)
    assert (content["version"], content["scale_free"]) == (2, True)
    back = SampleMoments.from_json(text)
    assert back.scale_free
    np.testing.assert_array_equal(back.cov, R)
    assert repr(back) == "SampleMoments(n_obs=50, variables=('x', 'm', 'y'), correlations)"
    assert back.select(["y", "x"]).scale_free


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"cov": labelled(COV)}, "scale_free means correlations, with 1 on the diagonal; at m it is 2"),
        ({"mean": pd.Series(0.0, index=NAMES)}, "mean must be None: correlations have no units"),
        ({"cov": labelled(R + 0.9 * (1 - np.eye(3)))}, "not positive definite"),
    ],
)
def test_what_is_wrong_with_correlations(changes: dict[str, Any], fragment: str) -> None:
    assert fragment in refusal(**({"cov": labelled(R), "scale_free": True} | changes))


def test_a_correlation_matrix_may_be_written_by_hand() -> None:
    text = json.dumps(
        {"format": "bayescx-moments", "version": 2, "scale_free": True, "n_obs": 80, "variables": NAMES}
        | {"cov": R.tolist()}
    )
    assert SampleMoments.from_json(text).n_obs == 80
    assert '"scale_free" needs "version": 2' in refused_text(changed(text, version=1))
    assert '"scale_free" must be true or false, found 1' in refused_text(changed(text, scale_free=1))


def test_patterns_survive_json_to_the_last_bit() -> None:
    moments = SampleMoments.from_patterns(some_patterns())
    text = moments.to_json(organization="north")
    assert json.loads(text)["version"] == 2
    back = SampleMoments.from_json(text)
    assert (back.n_obs, back.variables) == (48, ("x", "m", "y"))
    for one, other in zip(back.answer_patterns(NAMES), moments.answer_patterns(NAMES), strict=True):
        assert (one.variables, one.n_obs) == (other.variables, other.n_obs)
        np.testing.assert_array_equal(one.mean, other.mean)
        np.testing.assert_array_equal(one.scatter, other.scatter)
    pd.testing.assert_frame_equal(back.cov, moments.cov, check_exact=True)


def test_select_regroups_those_who_answered_the_rest() -> None:
    moments = SampleMoments.from_patterns(some_patterns())
    chosen = moments.select(["m", "x"])
    assert chosen.n_obs == 36
    assert [(one.variables, one.n_obs) for one in chosen.patterns] == [(("m", "x"), 20), (("m",), 1), (("x",), 15)]
    alone = moments.select(["x"])
    assert (alone.n_obs, alone.patterns) == (35, ())
    assert "4 patterns of answers" in repr(moments)


def test_answer_patterns_of_complete_moments() -> None:
    (only,) = SampleMoments(50, None, labelled(COV)).answer_patterns(["y", "z", "x"])
    assert (only.variables, only.n_obs) == ((0, 2), 50)
    np.testing.assert_array_equal(only.mean, [0, 0])
    np.testing.assert_allclose(only.scatter, 49 * COV[np.ix_([2, 0], [2, 0])], rtol=1e-14)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"n_obs": 0}, "n_obs must be a whole number above 0, not 0"),
        ({"n_obs": 1}, "scatter of a single respondent must be 0"),
        ({"mean": None}, "mean must be given"),
        ({"mean": pd.Series({"x": 1.0})}, "mean has no value for m, y"),
        ({"scatter": labelled(np.tril(COV))}, "scatter is not symmetric"),
        ({"scatter": labelled(COV - 2 * np.eye(3))}, "cannot be sums of squares and products"),
        ({"scatter": labelled(COV).replace(0.4, np.nan)}, "scatter must hold finite numbers"),
        ({"scatter": COV}, "scatter must be a pandas DataFrame"),
    ],
)
def test_invalid_patterns_cannot_exist(changes: dict[str, Any], fragment: str) -> None:
    sound: dict[str, Any] = {"n_obs": 9, "mean": pd.Series(0.0, index=NAMES), "scatter": labelled(COV)}
    with pytest.raises(EvidenceError) as refused:
        PatternMoments(**sound | changes)
    assert fragment in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"n_obs": 50}, "patterns have 48 respondents, n_obs is 50"),
        ({"mean": None}, "mean must be given with patterns of missing answers"),
        ({"patterns": some_patterns()[:2], "n_obs": 35}, "patterns and cov have different variables: y"),
    ],
)
def test_patterns_and_their_sum_agree(changes: dict[str, Any], fragment: str) -> None:
    sound = {"n_obs": 48, "mean": pd.Series(0.0, index=NAMES), "cov": labelled(COV), "patterns": some_patterns()}
    assert fragment in refusal(**(sound | changes))


def test_too_few_respondents_have_no_covariances() -> None:
    one = PatternMoments(1, pd.Series({"x": 1.0}), labelled([[0.0]], ["x"]))
    with pytest.raises(EvidenceError, match="two respondents are needed for covariances, found 1"):
        SampleMoments.from_patterns([one])


@pytest.mark.parametrize("key", ["n_obs", "organization", "cov", "patterns", "merged"])
def test_a_changed_file_is_refused(key: str) -> None:
    moments = SampleMoments.from_patterns(some_patterns())
    text = text_of(moments, "north", counts={"merged": 0, "ignored": 0, "dropped": 2})
    content = json.loads(text)
    assert SampleMoments.from_json(json.dumps(content, indent=4, sort_keys=True)).n_obs == 48
    if key == "cov":
        content["cov"][0][0] *= 1 + 1e-12
    elif key == "patterns":
        content["patterns"] = content["patterns"][::-1]
    else:
        content[key] = 49
    said = refused_text(json.dumps(content))
    assert "the file was changed after it was written" in said
    assert "ask for it again" in said


def test_complete_moments_can_have_a_fingerprint_too() -> None:
    moments = SampleMoments(50, None, labelled(COV))
    assert "fingerprint" not in json.loads(moments.to_json())
    sealed = text_of(moments, sealed=True)
    assert SampleMoments.from_json(sealed).n_obs == 50
    assert "was changed" in refused_text(changed(sealed, n_obs=51))


@pytest.mark.parametrize(
    ("pattern", "fragment"),
    [
        (5, "pattern 1: an object with the keys n_obs, variables, mean, scatter is needed"),
        ({"n_obs": 5}, "pattern 1: an object with the keys"),
        ({"n_obs": 5, "variables": [1], "mean": [0], "scatter": [[0]]}, '"variables" must be a list of names'),
        ({"n_obs": 5, "variables": ["x"], "mean": [0, 1], "scatter": [[0]]}, '"mean" must be 1 numbers'),
        ({"n_obs": 5, "variables": ["x"], "mean": [0], "scatter": [["a"]]}, '"scatter" 1 rows of 1 numbers'),
    ],
)
def test_malformed_patterns_in_a_file(pattern: object, fragment: str) -> None:
    content = json.loads(SampleMoments(50, pd.Series(0.0, index=NAMES), labelled(COV)).to_json())
    assert fragment in refused_text(json.dumps(content | {"version": 2, "patterns": [pattern]}))
    assert '"patterns" must be a list' in refused_text(json.dumps(content | {"version": 2, "patterns": pattern}))


# --------------------------------------------------------------------------------------- coded columns

CODED = ["y", "issue[a]", "issue[b]", "below(x, 4)"]


def semidefinite(**cells: float) -> pd.DataFrame:
    """Covariances in which one coded column does not vary and another is the opposite of the first."""
    rows = [[1.0, 0.1, -0.1, 0.0], [0.1, 0.2, -0.2, 0.0], [-0.1, -0.2, 0.2, 0.0], [0.0, 0.0, 0.0, 0.0]]
    return labelled(rows, CODED)


def test_coded_columns_may_lack_variance_and_be_collinear() -> None:
    moments = SampleMoments(50, None, semidefinite())
    back = SampleMoments.from_json(moments.to_json())
    np.testing.assert_array_equal(back.cov, semidefinite())
    assert back.select(["below(x, 4)", "y"]).cov.iloc[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({("below(x, 4)", "below(x, 4)"): -0.1}, "the variance of below(x, 4) is -0.1: negative"),
        ({("y", "y"): 0.0}, "the variance of y is 0: the variable is constant"),
        ({("below(x, 4)", "y"): 0.1}, "the variance of below(x, 4) is 0, but its covariance with y is 0.1"),
        ({("y", "below(x, 4)"): 0.1}, "the variance of below(x, 4) is 0, but its covariance with y is 0.1"),
        ({("issue[a]", "issue[b]"): -0.3}, "cov is not symmetric: -0.3 at issue[a], issue[b]"),
        (
            {("issue[a]", "issue[b]"): -0.3, ("issue[b]", "issue[a]"): -0.3},
            "cov cannot be covariances: a combination of variables has a negative variance",
        ),
        ({("y", "y"): 0.05}, "cov is not positive definite: some combination of y, issue[a]"),
    ],
)
def test_what_no_coded_columns_can_have(cells: dict[tuple[str, str], float], message: str) -> None:
    cov = semidefinite()
    for (row, column), value in cells.items():
        cov.loc[row, column] = value
    assert message in refusal(cov=cov)
