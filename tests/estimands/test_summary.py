"""Tables of draws against numpy and ArviZ."""

from __future__ import annotations

import warnings

import arviz_stats
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import FitError

STATISTICS = ["mean", "sd", "eti95_lb", "eti95_ub", "mcse_mean", "ess_bulk", "ess_tail", "r_hat"]
RESTS = ["contraction", "rests_on_prior"]


def test_one_row_per_path_with_moments_and_quantiles_of_all_chains(example_fit: bcx.Fit) -> None:
    effects = bcx.direct_effects(example_fit, "average")
    table = bcx.summarize(effects)
    assert table.columns.tolist() == ["path", *STATISTICS, *RESTS]
    assert table["path"].tolist() == effects["path"].values.tolist()
    for row in table.itertuples():
        draws = np.concatenate([effects.sel(path=row.path, chain=c).values for c in range(4)])
        assert draws.shape == (4000,)
        assert row.mean == pytest.approx(draws.mean())
        assert row.sd == pytest.approx(np.sqrt(((draws - draws.mean()) ** 2).sum() / 3999))
        assert (row.eti95_lb, row.eti95_ub) == pytest.approx(tuple(np.percentile(draws, [2.5, 97.5])))


def test_diagnostics_are_those_of_arviz(example_fit: bcx.Fit) -> None:
    effects = bcx.direct_effects(example_fit, "average")
    table = bcx.summarize(effects).set_index("path")
    for path in table.index:
        one = effects.sel(path=path).values
        assert table.loc[path, "r_hat"] == pytest.approx(float(arviz_stats.rhat(one)))
        assert table.loc[path, "ess_bulk"] == pytest.approx(float(arviz_stats.ess(one, method="bulk")))
        assert table.loc[path, "ess_tail"] == pytest.approx(
            float(arviz_stats.ess(one, method="tail", prob=(0.05, 0.95)))
        )
        assert table.loc[path, "mcse_mean"] == pytest.approx(float(arviz_stats.mcse(one, method="mean")))


@pytest.mark.parametrize(
    ("ci_prob", "label", "ends"),
    [
        (0.9, "eti90", (5, 95)),
        (0.5, "eti50", (25, 75)),
        (0.995, "eti99.5", (0.25, 99.75)),
        (0.29, "eti29", (35.5, 64.5)),
    ],
)
def test_the_interval_is_the_one_asked_for(
    example_fit: bcx.Fit, ci_prob: float, label: str, ends: tuple[float, float]
) -> None:
    found = bcx.r_squared(example_fit, "typical").sel(outcome="trust")
    table = bcx.summarize(found, ci_prob=ci_prob)
    expected = np.percentile(found.values, ends)
    np.testing.assert_allclose(table[[f"{label}_lb", f"{label}_ub"]].to_numpy()[0], expected)
    assert table.shape == (1, 10)


def test_every_organization_and_path_has_its_row(example_fit: bcx.Fit) -> None:
    effects = bcx.direct_effects(example_fit)
    table = bcx.summarize(effects)
    assert table.columns.tolist()[:2] == ["organization", "path"]
    assert len(table) == 4 * 3
    for row in table.itertuples():
        one = effects.sel(organization=row.organization, path=row.path)
        assert row.mean == pytest.approx(float(one.mean()))


def test_the_order_of_dimensions_does_not_matter(example_fit: bcx.Fit) -> None:
    effects = bcx.total_effects(example_fit)
    turned = effects.transpose("draw", "cause", "chain", "outcome", "organization")
    labels = ["organization", "cause", "outcome"]
    one = bcx.summarize(effects).sort_values(labels, ignore_index=True)
    other = bcx.summarize(turned).sort_values(labels, ignore_index=True)
    pd.testing.assert_frame_equal(one, other[one.columns])


def test_pairs_without_a_route_are_left_out(example_fit: bcx.Fit) -> None:
    effects = bcx.total_effects(example_fit, "average")
    table = bcx.summarize(effects)
    assert effects.shape[2:] == (2, 2)
    assert list(zip(table["cause"], table["outcome"], strict=True)) == [
        ("satisfaction", "trust"),
        ("satisfaction", "loyalty"),
        ("trust", "loyalty"),
    ]
    assert len(bcx.summarize(bcx.total_effects(example_fit))) == 4 * 3
    assert len(bcx.summarize(effects.sel(cause="trust"))) == 1
    assert len(bcx.summarize(effects.sel(cause="trust", outcome="loyalty"))) == 1
    assert len(bcx.summarize(effects.sel(cause="trust", outcome="trust"))) == 0


def test_shares_without_a_route_do_not_disturb_the_others(example_fit: bcx.Fit) -> None:
    table = bcx.summarize(bcx.mediated_share(example_fit, "average"))
    assert len(table) == 3
    assert np.isfinite(table["mean"]).all()


def test_a_dataset_is_summarized_variable_by_variable(example_fit: bcx.Fit) -> None:
    found = bcx.heterogeneity(example_fit)
    table = bcx.summarize(found, ci_prob=0.9)
    assert table.columns.tolist()[:3] == ["quantity", "path", "mean"]
    assert set(table["quantity"]) == {"beta_tau", "i_squared", "prediction"}  # the pooling factor has no draws
    assert len(table) == 9
    at = table.set_index(["quantity", "path"]).loc[("i_squared", "loyalty~trust")]
    draws = found["i_squared"].sel(path="loyalty~trust").values
    assert at["eti90_ub"] == pytest.approx(np.quantile(draws, 0.95))


def test_any_array_with_draws_will_do() -> None:
    rng = np.random.default_rng(1)
    array = xr.DataArray(rng.standard_normal((2, 50, 3)), dims=("chain", "draw", "thing"))
    table = bcx.summarize(array)
    assert table["thing"].tolist() == [0, 1, 2]
    np.testing.assert_allclose(table["mean"], array.mean(("chain", "draw")).values)


def test_constants_have_no_r_hat_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = bcx.summarize(xr.DataArray(np.full((2, 50), 0.4), dims=("chain", "draw")))
    assert table["mean"].item() == pytest.approx(0.4)
    assert table["sd"].item() == pytest.approx(0, abs=1e-12)
    assert table["eti95_lb"].item() == pytest.approx(0.4)
    assert table["eti95_ub"].item() == pytest.approx(0.4)
    assert np.isnan(table["r_hat"].item())


def test_nothing_to_summarize_is_an_empty_table() -> None:
    table = bcx.summarize(xr.DataArray(np.zeros((2, 50, 0)), dims=("chain", "draw", "path")))
    assert table.columns.tolist() == ["path", *STATISTICS]
    assert len(table) == 0


@pytest.mark.parametrize("ci_prob", [0, 1, -0.5, 95, float("nan")])
def test_a_probability_lies_between_0_and_1(example_fit: bcx.Fit, ci_prob: float) -> None:
    with pytest.raises(FitError, match="ci_prob must lie between 0 and 1"):
        bcx.summarize(bcx.r_squared(example_fit), ci_prob)


def test_what_has_no_draws_is_refused(example_fit: bcx.Fit) -> None:
    mean = bcx.r_squared(example_fit).mean("draw")
    with pytest.raises(FitError, match="no draws to summarize: dims are chain, organization, outcome"):
        bcx.summarize(mean)
    with pytest.raises(FitError, match="no variable of this Dataset"):
        bcx.summarize(mean.to_dataset(name="mean"))


def test_what_rests_on_the_prior_is_told_after_the_statistics(example_fit: bcx.Fit) -> None:
    effects = bcx.total_effects(example_fit)
    for kind, before in (("all", STATISTICS), ("stats", STATISTICS[:4])):
        table = bcx.summarize(effects, kind=kind)  # type: ignore[arg-type]
        assert table.columns.tolist() == ["organization", "cause", "outcome", *before, *RESTS]
    for row in table.itertuples():
        cell = effects.sel(organization=row.organization, cause=row.cause, outcome=row.outcome)
        assert row.contraction == pytest.approx(1 - cell.values.var(ddof=1) / cell["prior_sd"].item() ** 2)
    assert table["rests_on_prior"].dtype == bool
    assert not table["rests_on_prior"].any()


def test_a_wide_answer_rests_on_the_prior() -> None:
    rng = np.random.default_rng(4)
    draws = rng.standard_normal((2, 500, 3))
    after = draws.var(axis=(0, 1), ddof=1)
    contraction = np.array([0.49, 0.51, np.nan])
    coords = {"contraction": ("path", contraction), "prior_sd": ("path", np.sqrt(after / (1 - contraction)))}
    array = xr.DataArray(draws, dims=("chain", "draw", "path"), coords=coords)
    assert bcx.summarize(array)["rests_on_prior"].tolist() == [True, False, False]
    assert bcx.summarize(array.transpose("path", "draw", "chain"))["rests_on_prior"].tolist() == [True, False, False]
    assert bcx.summarize(1.0 - array, kind="stats")["contraction"].tolist()[:2] == pytest.approx([0.49, 0.51])


def test_what_is_computed_from_an_answer_has_another_prior(example_fit: bcx.Fit) -> None:
    effects = bcx.direct_effects(example_fit, "average")
    for other in (effects**2, effects > 0.5, 2 * effects, effects.isel(draw=slice(50))):
        assert not {*RESTS} & set(bcx.summarize(other.astype(float), kind="stats").columns)
    assert {*RESTS} <= set(bcx.summarize(effects.sel(path="loyalty~trust")).columns)


def test_models_without_arrows_have_the_columns_all_the_same() -> None:
    coords = {"path": [], "contraction": ("path", []), "prior_sd": ("path", [])}
    table = bcx.summarize(xr.DataArray(np.zeros((2, 50, 0)), dims=("chain", "draw", "path"), coords=coords))
    assert table.columns.tolist() == ["path", *STATISTICS, *RESTS]
