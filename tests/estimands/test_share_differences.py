"""Relative parts of two outcomes are what regressions in every order say, and differ draw by draw."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.estimands.share_differences import groups_of_terms, share_differences, shared_groups
from bayescx.estimands.shares import explained_shares

Floats = NDArray[np.float64]

TEXT = """
loyal ~ below(x, 1) + above(x, 1) + fixed(z) + category(kind, a, b, c)
disloyal ~ below(x, 1) + above(x, 1) + fixed(z) + w
"""
DRAWS = ((0, 0), (0, 41), (1, 17))
TIGHT: dict[str, Any] = {"rtol": 0.0, "atol": 1e-10}


@cache
def study() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frames = []
    for j in range(3):
        x, z = 1 + 1.5 * rng.standard_normal(150), rng.standard_normal(150)
        w, kind = 0.5 * z + rng.standard_normal(150), rng.choice(["a", "b", "c"], 150)
        low, high = np.minimum(x - 1, 0), np.maximum(x - 1, 0)
        loyal = 3 * (0.2 * low + 0.5 * high + 0.4 * z + 0.6 * (kind == "b") + rng.standard_normal(150))
        disloyal = -0.9 * low + 0.1 * high - 0.2 * z + 0.3 * w + rng.standard_normal(150)
        found = {"o": f"o{j}", "x": x, "z": z, "w": w, "kind": kind, "loyal": loyal, "disloyal": disloyal}
        frames.append(pd.DataFrame(found))
    return pd.concat(frames, ignore_index=True)


@cache
def coded_fit() -> bcx.Fit:
    """All three of the organizations planned; whether it converged is not what is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(
            bcx.parse_model(TEXT), bcx.Evidence.from_rows(study(), organization="o"),
            draws=60, tune=200, chains=2, random_seed=2, progressbar=False,
        )  # fmt: skip


def design(organization: str) -> pd.DataFrame:
    own = study().query("o == @organization")
    return pd.DataFrame(
        {
            "below(x, 1)": np.minimum(own["x"] - 1, 0),
            "above(x, 1)": np.maximum(own["x"] - 1, 0),
            "z": own["z"],
            "w": own["w"],
            "kind[b]": (own["kind"] == "b").astype(float),
            "kind[c]": (own["kind"] == "c").astype(float),
        }
    )


def parts_by_hand(
    organization: str, outcome: str, groups: Sequence[Sequence[str]], at: tuple[int, int]
) -> tuple[Floats, float]:
    """What each group adds to R-squared, averaged over all orders, and R-squared; from one draw and the rows."""
    fit = coded_fit()
    draw = fit.posterior.isel(chain=at[0], draw=at[1])
    names = list(fit.model.predictors(outcome))
    weights = []
    for name in names:
        path = f"{outcome}~{name}"
        pooled = path in draw["path"].values
        value = draw["beta"].sel(organization=organization, path=path) if pooled else draw["gamma"].sel(control=path)
        weights.append(float(value) * fit.scale[outcome] / fit.scale[name])
    sd = draw["log_residual_sd"].sel(organization=organization, residual=f"{outcome}~~{outcome}")
    residual = float(np.exp(float(sd)) * fit.scale[outcome]) ** 2
    cov = np.cov(design(organization)[names].to_numpy().T)
    along = cov @ weights
    variance = float(along @ weights) + residual

    def explained(inside: Sequence[str]) -> float:
        where = [names.index(name) for name in inside]
        return float(along[where] @ np.linalg.solve(cov[np.ix_(where, where)], along[where])) / variance

    parts = np.zeros(len(groups))
    orders = list(permutations(range(len(groups))))
    for order in orders:
        inside: list[str] = []
        for group in order:
            before = explained(inside) if inside else 0.0
            inside = [*inside, *groups[group]]
            parts[group] += (explained(inside) - before) / len(orders)
    return parts, float(along @ weights) / variance


GROUPS: dict[str, Any] = {"service": ["x", "w"], "kind": "kind"}
MEMBERS: dict[str, Mapping[str, list[str]]] = {
    "disloyal": {"service": ["below(x, 1)", "above(x, 1)", "w"], "z": ["z"]},
    "loyal": {"service": ["below(x, 1)", "above(x, 1)"], "kind": ["kind[b]", "kind[c]"], "z": ["z"]},
}


@pytest.mark.parametrize("target", ["organization", "average"])
def test_shares_are_those_of_regressions_in_every_order(target: Any) -> None:
    fit = coded_fit()
    found = share_differences(fit, ("disloyal", "loyal"), GROUPS, target)
    assert found["group"].values.tolist() == ["service", "z", "kind"]
    for chain, number in DRAWS:
        drawn = found.isel(chain=chain, draw=number)
        shares = {}
        for outcome, members in MEMBERS.items():
            by_hand = [parts_by_hand(o, outcome, list(members.values()), (chain, number)) for o in fit.organizations]
            parts, whole = (np.array(values) for values in zip(*by_hand, strict=True))
            relative = parts.mean(axis=0) / whole.mean() if target == "average" else parts / whole[:, None]
            shares[outcome] = {name: relative[..., i] for i, name in enumerate(members)}
            for group in found["group"].values.tolist():
                share = drawn["share"].sel(outcome=outcome, group=group).values
                np.testing.assert_allclose(share, shares[outcome].get(group, 0.0 * relative[..., 0]), **TIGHT)
        for group in found["group"].values.tolist():
            less = shares["disloyal"].get(group, 0.0) - shares["loyal"].get(group, 0.0)
            np.testing.assert_allclose(drawn["difference"].sel(group=group).values, less, **TIGHT)


@pytest.mark.parametrize("method", ["lmg", "pratt"])
@pytest.mark.parametrize("target", ["organization", "typical", "average", "new", "alone"])
def test_they_are_relative_shares_and_add_up(target: Any, method: Any) -> None:
    found = share_differences(coded_fit(), ["loyal", "disloyal"], GROUPS, target, method)
    np.testing.assert_allclose(found["share"].sum("group").values, 1.0, **TIGHT)
    own = explained_shares(coded_fit(), "loyal", method, MEMBERS["loyal"], target, relative=True)
    np.testing.assert_array_equal(found["share"].sel(outcome="loyal", group=own["group"]).values, own.values)
    first, second = (found["share"].sel(outcome=outcome) for outcome in ("loyal", "disloyal"))
    np.testing.assert_array_equal(found["difference"].values, (first - second).values)
    larger = (first.values > second.values).mean(axis=(0, 1))
    np.testing.assert_array_equal(found["larger_in_first"].values, larger)
    assert found["share"].dims[-2:] == ("outcome", "group")
    assert found["share"].attrs["units"] == "share of R-squared"


def test_what_is_in_a_group_is_told_for_each_outcome() -> None:
    predictors = share_differences(coded_fit(), ("disloyal", "loyal"), GROUPS, "typical")["predictors"]
    assert predictors.sel(outcome="loyal").values.tolist() == [
        "below(x, 1) + above(x, 1)", "z", "kind[b] + kind[c]",
    ]  # fmt: skip
    assert predictors.sel(outcome="disloyal").values.tolist() == ["below(x, 1) + above(x, 1) + w", "z", ""]


def test_by_default_terms_of_one_column_stay_together() -> None:
    fit = coded_fit()
    expected = {"x": ["below(x, 1)", "above(x, 1)"], "z": ["z"], "kind": ["kind[b]", "kind[c]"]}
    assert groups_of_terms(fit, "loyal") == expected
    assert share_differences(fit, ("loyal", "disloyal"))["group"].values.tolist() == ["x", "z", "kind", "w"]
    rest = shared_groups(fit, ["loyal"], {"low": ["below(x, 1)"]})
    assert rest == {"loyal": {"low": ["below(x, 1)"], "x": ["above(x, 1)"], "z": ["z"], "kind": ["kind[b]", "kind[c]"]}}


def test_parts_that_are_both_0_are_not_larger_in_the_first() -> None:
    """Rounding must not decide where a category does not vary."""
    rows = study().assign(kind=lambda frame: frame["kind"].where(frame["o"] != "o0", "a"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = bcx.fit(
            bcx.parse_model("loyal ~ x + category(kind, a, b, c); disloyal ~ x + z"),
            bcx.Evidence.from_rows(rows, organization="o"), draws=50, tune=100, chains=1, random_seed=1,
            progressbar=False,
        )  # fmt: skip
    found = share_differences(fit, ("loyal", "disloyal")).sel(group="kind")
    np.testing.assert_allclose(found["share"].sel(organization="o0").values, 0.0, **TIGHT)
    assert found["larger_in_first"].values.tolist() == [0.0, 1.0, 1.0]


def test_an_organization_without_data_of_its_own_has_no_shares(mixed_fit: bcx.Fit) -> None:
    found = share_differences(mixed_fit, ("loyalty", "trust"), target="alone")
    without = np.isin(found["organization"].values, ["one", "two"])
    assert without.any()
    np.testing.assert_array_equal(np.isnan(found["share"].values).all(axis=(0, 1, 3, 4)), without)
    np.testing.assert_array_equal(np.isnan(found["larger_in_first"].values).all(axis=1), without)


def test_more_than_ten_groups_are_to_be_named(example_fit: bcx.Fit) -> None:
    terms = " + ".join(f"below(x{i}, 1) + above(x{i}, 1)" for i in range(11))
    fit = replace(example_fit, model=bcx.parse_model(f"y ~ {terms}; v ~ x0_"))
    with pytest.raises(FitError, match=r"at most ten groups, and 'y' has 11: x0, x1, .* groups=\{'name': \['first'"):
        share_differences(fit, ("y", "v"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"outcomes": "loyal"}, "two different outcomes are compared, .* found 'loyal'"),
        ({"outcomes": ("loyal", "loyal")}, "two different outcomes"),
        ({"outcomes": ("loyal", "disloyal", "x")}, "two different outcomes"),
        ({"outcomes": 3}, "two different outcomes are compared, .* found 3"),
        ({"outcomes": ("loyal", "dislojal")}, "no construct 'dislojal'; did you mean 'disloyal'"),
        ({"outcomes": ("loyal", 3)}, "an outcome is named by text such as 'loyalty', found 3"),
        ({"groups": {"a": ["nothing"]}}, "group 'a' names 'nothing', which is no predictor of 'loyal or disloyal'"),
        ({"groups": {"a": ["x", "below(x, 1)"]}}, r"predictor 'below\(x, 1\)' stands twice in group 'a'"),
        ({"groups": {"x": ["z"]}}, "group 'x' has the name of a column outside it"),
        ({"groups": {"a": 3}}, "a group is named by text and lists predictors, found 'a': 3"),
        ({"groups": ["x"]}, "groups is a mapping"),
        ({"method": "lgm"}, "unknown method 'lgm'; did you mean 'lmg'"),
        ({"target": "avrage"}, "unknown target 'avrage'"),
    ],
)
def test_what_cannot_be_compared(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(FitError, match=message):
        share_differences(coded_fit(), **{"outcomes": ("loyal", "disloyal"), **arguments})
