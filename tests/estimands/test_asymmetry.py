"""Slopes on both sides of a knot, against sums by hand over draws; and what stands for exogenous variables."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.asymmetry import asymmetry, knot_of
from bayescx.estimands.given import given_covariances, observed_covariances
from bayescx.estimands.system import layout_of

TEXT = """
trust ~ below(x, 1) + above(x, 1) + fixed(z)
loyalty ~ trust + below(x, 1) + above(x, 1) + category(kind, a, b)
"""


def study(n_obs: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frames = []
    for j in range(4):
        x, z = 1 + 1.5 * rng.standard_normal(n_obs), rng.standard_normal(n_obs)
        kind = rng.choice(["a", "b"], n_obs) if j else np.repeat("a", n_obs)
        low, high = np.minimum(x - 1, 0), np.maximum(x - 1, 0)
        trust = 0.8 * low + 0.2 * high + 0.3 * z + rng.standard_normal(n_obs)
        loyalty = 2 * (0.5 * trust + 0.3 * low + 0.1 * high + 0.2 * (kind == "b") + rng.standard_normal(n_obs))
        frames.append(pd.DataFrame({"o": f"o{j}", "x": x, "z": z, "kind": kind, "trust": trust, "loyalty": loyalty}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return study()


@pytest.fixture(scope="module")
def fit(rows: pd.DataFrame) -> bcx.Fit:
    evidence = bcx.Evidence.from_rows(rows, organization="o", n_planned=6)
    return bcx.fit(bcx.parse_model(TEXT), evidence, random_seed=1, progressbar=False)


def raw_paths(fit: bcx.Fit, organization: str) -> dict[str, np.ndarray]:
    """Paths of one organization in the data's units, from the stored draws alone."""
    posterior, scale = fit.posterior, fit.scale
    found = {}
    for name in posterior["path"].values.tolist():
        outcome, cause = name.split("~")
        own = posterior["beta"].sel(organization=organization, path=name)
        found[name] = own.values * scale[outcome] / scale[cause]
    return found


def test_slopes_are_paths_added_over_routes(fit: bcx.Fit) -> None:
    found = asymmetry(fit, "loyalty", "x", standardized=False)["slope"].sel(organization="o2")
    paths = raw_paths(fit, "o2")
    for side in ("below", "above"):
        term = f"{side}(x, 1)"
        total = paths[f"loyalty~{term}"] + paths["loyalty~trust"] * paths[f"trust~{term}"]
        np.testing.assert_allclose(found.sel(side=side).values, total, atol=1e-12)
    direct = asymmetry(fit, "loyalty", "x", effect="direct", standardized=False)["slope"].sel(organization="o2")
    np.testing.assert_allclose(direct.sel(side="below").values, paths["loyalty~below(x, 1)"], atol=1e-12)


def test_standardized_slopes_are_per_sd_of_the_whole_variable(fit: bcx.Fit, rows: pd.DataFrame) -> None:
    raw = asymmetry(fit, "trust", "x", standardized=False)["slope"].sel(organization="o1")
    own = rows.query("o == 'o1'")
    design = np.column_stack([np.minimum(own["x"] - 1, 0), np.maximum(own["x"] - 1, 0), own["z"]])
    paths = raw_paths(fit, "o1")
    z = fit.posterior["gamma"].sel(control="trust~z").values * fit.scale["trust"] / fit.scale["z"]
    weights = np.stack([paths["trust~below(x, 1)"], paths["trust~above(x, 1)"], z], axis=-1)
    explained = np.einsum("cda,ab,cdb->cd", weights, np.cov(design.T), weights)
    sd = fit.posterior["log_residual_sd"].sel(organization="o1", residual="trust~~trust")
    variance = explained + (np.exp(sd.values) * fit.scale["trust"]) ** 2
    wanted = raw.values * own["x"].std() / np.sqrt(variance)[..., None]
    found = asymmetry(fit, "trust", "x")["slope"].sel(organization="o1").values
    np.testing.assert_allclose(found, wanted, atol=1e-10)
    r_squared = bcx.r_squared(fit).sel(organization="o1", outcome="trust").values
    np.testing.assert_allclose(r_squared, explained / variance, atol=1e-10)


def test_differences_ratios_and_probabilities_follow(fit: bcx.Fit) -> None:
    for target in ("organization", "typical", "average", "new", "alone"):
        found = asymmetry(fit, "loyalty", "x", target)  # type: ignore[arg-type]
        below, above = (found["slope"].sel(side=side, drop=True) for side in ("below", "above"))
        np.testing.assert_allclose(found["difference"].values, (below - above).values, atol=1e-12)
        np.testing.assert_allclose(found["ratio"].values, (below / above).values, rtol=1e-9)
        wanted = (abs(below.values) > abs(above.values)).mean(axis=(0, 1))
        np.testing.assert_allclose(found["stronger_below"].values, wanted)
    assert float(asymmetry(fit, "loyalty", "x", "average")["stronger_below"]) > 0.95


BENT = {
    "elsewhere": "trust ~ below(x, 2) + above(x, 2)\nloyalty ~ trust + below(x, 1) + above(x, 1)",
    "below": "loyalty ~ below(x, 1) + above(x, 1) + below(x, 2)",
    "above": "loyalty ~ below(x, 1) + above(x, 1) + above(x, 2) + above(x, -0.5)",
}
HOLDS = {"elsewhere": (-np.inf, 2.0), "below": (-np.inf, 2.0), "above": (-0.5, 2.0)}


@pytest.mark.parametrize("case", BENT)
@pytest.mark.parametrize("effect", ["total", "direct"])
def test_slopes_next_to_a_knot_count_parts_at_other_knots(rows: pd.DataFrame, case: str, effect: str) -> None:
    """They are what a small step to either side does, as `what_if` has it; and up to the next knot they stay so."""
    evidence = bcx.Evidence.from_rows(rows, organization="o", n_planned=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(
            bcx.parse_model(BENT[case]), evidence, random_seed=1, progressbar=False, draws=50, tune=200, chains=2
        )
    found = asymmetry(fit, "loyalty", "x", "average", at=1, effect=effect, standardized=False)  # type: ignore[arg-type]
    if effect == "direct" and case == "elsewhere":  # the knot at 2 is that of trust
        paths = bcx.direct_effects(fit, "average", standardized=False)
        direct = [paths.sel(path=f"loyalty~{side}(x, 1)").values for side in ("below", "above")]
        np.testing.assert_allclose(found["slope"].values, np.stack(direct, axis=-1), atol=1e-10)
        assert (found.attrs["holds_from"], found.attrs["holds_to"]) == (-np.inf, np.inf)
        return
    assert (found.attrs["holds_from"], found.attrs["holds_to"]) == HOLDS[case]
    for side, step in (("below", -1.5), ("above", 1.0)):
        moved = bcx.what_if(fit, {"x": step}, "average", start={"x": 1.0}).sel(outcome="loyalty")
        np.testing.assert_allclose(found["slope"].sel(side=side).values, moved.values / step, atol=1e-10)
    sds = asymmetry(fit, "loyalty", "x", at=1, effect=effect)["slope"]  # type: ignore[arg-type]
    raw = asymmetry(fit, "loyalty", "x", at=1, effect=effect, standardized=False)["slope"]  # type: ignore[arg-type]
    np.testing.assert_allclose(sds[..., 0] / raw[..., 0], sds[..., 1] / raw[..., 1], rtol=1e-9)


def test_truth_is_found(fit: bcx.Fit) -> None:
    slope = asymmetry(fit, "loyalty", "x", "average", standardized=False)["slope"].mean(("chain", "draw"))
    np.testing.assert_allclose(slope.values, [2 * (0.3 + 0.5 * 0.8), 2 * (0.1 + 0.5 * 0.2)], atol=0.2)


def test_whose_exogenous_variables_stand_for_whom(fit: bcx.Fit, rows: pd.DataFrame) -> None:
    layout = layout_of(fit)
    observed = observed_covariances(fit, layout)
    assert observed is not None
    names = [layout.constructs[i] for i in layout.exogenous]
    assert names == ["below(x, 1)", "above(x, 1)", "z", "kind[b]"]
    own = rows.query("o == 'o3'")
    design = np.column_stack(
        [np.minimum(own["x"] - 1, 0), np.maximum(own["x"] - 1, 0), own["z"], own["kind"] == "b"]
    ).astype(float)
    scale = np.array([fit.scale[name] for name in names])
    np.testing.assert_allclose(observed[3] * np.outer(scale, scale), np.cov(design.T), atol=1e-12)
    np.testing.assert_allclose(given_covariances(fit, layout, "typical", 0), observed.mean(axis=0))
    new = given_covariances(fit, layout, "new", 0)
    average = given_covariances(fit, layout, "average", 1)
    assert new is not None
    assert average is not None
    draws = fit.posterior.sizes["draw"]
    assert (new.shape, average.shape) == ((draws, 1, 4, 4), (draws, 6, 4, 4))
    np.testing.assert_array_equal(average[:, :4], np.broadcast_to(observed, (draws, 4, 4, 4)))
    whose = [int(np.flatnonzero((one == observed).all(axis=(1, 2)))[0]) for one in new[:, 0]]
    assert np.bincount(whose, minlength=4).min() > 0.2 * draws


def test_a_draw_of_a_new_organization_takes_all_of_one(fit: bcx.Fit) -> None:
    """Its R-squared is that of its own parameters and of one reported organization's covariances."""
    found = bcx.r_squared(fit, "new").sel(outcome="trust").values
    assert np.isfinite(found).all()
    assert 0 < found.min() < found.max() < 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("loyalty", "z"), "the model does not have 'z' in two parts, such as below(z, 4)"),
        (("loyalty", "zz"), "It has those of x"),
        (("kind[b]", "x"), "there is no route from below(x, 1) and above(x, 1) to 'kind[b]'"),
        (("loyal", "x"), "the model has no construct 'loyal'; did you mean 'loyalty'?"),
    ],
)
def test_what_cannot_be_compared_is_named(fit: bcx.Fit, arguments: tuple[str, str], problem: str) -> None:
    with pytest.raises(FitError) as error:
        asymmetry(fit, *arguments)
    assert problem in str(error.value)
    with pytest.raises(FitError, match="the knots of 'x' are 1; at= names one of them, found 2"):
        knot_of(fit, "x", 2)
    with pytest.raises(FitError, match="unknown effect 'totals'; did you mean 'total'"):
        asymmetry(fit, "loyalty", "x", effect="totals")  # type: ignore[arg-type]
    with pytest.raises(FitError, match=r"variable must be the name of one variable .* found \['x'\]"):
        asymmetry(fit, "loyalty", ["x"])  # type: ignore[arg-type]
    with pytest.raises(FitError, match="outcome must be a name, found \\['loyalty'\\]"):
        asymmetry(fit, ["loyalty"], "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(("at", "amount"), [(0.0, 0.5), (0.5, 2.0), (1.0, 1.0), (3.0, -4.0)])
def test_a_variable_in_parts_moves_along_its_kinked_line(fit: bcx.Fit, at: float, amount: float) -> None:
    slope = asymmetry(fit, "loyalty", "x", "average", standardized=False)["slope"]
    below, above = (slope.sel(side=side).values for side in ("below", "above"))
    low = min(at + amount, 1.0) - min(at, 1.0)
    high = max(at + amount, 1.0) - max(at, 1.0)
    found = bcx.what_if(fit, {"x": amount}, "average", start={"x": at}).sel(outcome="loyalty")
    np.testing.assert_allclose(found.values, below * low + above * high, atol=1e-10)


def test_a_variable_in_parts_needs_to_know_where_it_starts(fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match=r"its slope changes at 1; say so: start=\{'x': 1\}"):
        bcx.what_if(fit, {"x": 1.0})
    with pytest.raises(FitError, match="start names 'z', which changes do not move in parts"):
        bcx.what_if(fit, {"z": 1.0}, start={"z": 0.0})
    with pytest.raises(FitError, match="move it in the data's units"):
        bcx.what_if(fit, {"x": 1.0}, start={"x": 0.0}, standardized=True)
    with pytest.raises(FitError, match=r"start must give numbers .* found '4' for 'x'"):
        bcx.what_if(fit, {"x": 1.0}, start={"x": "4"})  # type: ignore[dict-item]
    with pytest.raises(FitError, match=r"start is a mapping .* found \[4\]"):
        bcx.what_if(fit, {"x": 1.0}, start=[4])  # type: ignore[arg-type]


@pytest.mark.parametrize("changes", [{"below(x, 1)": 5.0, "x": 1.0}, {"x": 1.0, "above(x, 1)": 5.0}])
def test_a_variable_and_a_part_of_it_cannot_both_move(fit: bcx.Fit, changes: dict[str, float]) -> None:
    with pytest.raises(FitError, match=r"changes move 'x' and also .*\(x, 1\), a part of it; name one of them"):
        bcx.what_if(fit, changes, start={"x": 0.0})


def test_nobody_has_two_levels_of_a_category(rows: pd.DataFrame) -> None:
    kinds = rows.assign(kind=np.resize(["a", "b", "c"], len(rows)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(
            bcx.parse_model("loyalty ~ trust + category(kind, a, b, c)"),
            bcx.Evidence.from_rows(kinds, organization="o"), random_seed=1, progressbar=False, draws=50, tune=200,
            chains=2,
        )  # fmt: skip
    with pytest.raises(FitError, match=r"nobody has two levels of 'kind'.*kind\[b\] \+1.*kind\[c\] \+1"):
        bcx.what_if(fit, {"kind[b]": 1.0, "kind[c]": 1.0})
    moved = bcx.what_if(fit, {"kind[b]": -1.0, "kind[c]": 1.0}, "average").sel(outcome="loyalty")  # from b to c
    effects = bcx.direct_effects(fit, "average", standardized=False)
    b, c = (effects.sel(path=f"loyalty~kind[{level}]").values for level in "bc")
    np.testing.assert_allclose(moved.values, c - b, atol=1e-10)
