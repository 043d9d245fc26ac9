"""fit: the same evidence gives the same posterior, every block has its dims, and what is wrong is said."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from arviz_stats import ess

import bayescx as bcx
from bayescx.errors import ConvergenceWarning, EvidenceError, ModelError, PriorError
from bayescx.kernel.posterior import log_density
from bayescx.model.arrays import Arrays
from bayescx.model.prepare import prepare

MODEL = "trust ~ satisfaction; loyalty ~ trust + satisfaction"


def short(rows_or_evidence: Any, text: str = MODEL, **settings: Any) -> bcx.Fit:
    evidence = rows_or_evidence
    if isinstance(evidence, pd.DataFrame):
        evidence = bcx.Evidence.from_rows(evidence, organization="organization")
    defaults = {"draws": 20, "tune": 50, "chains": 2, "cores": 1, "random_seed": 5, "progressbar": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(bcx.parse_model(text), evidence, **{**defaults, **settings})


def moments_of(rows: pd.DataFrame) -> dict[str, bcx.SampleMoments]:
    names = ["loyalty", "satisfaction", "trust"]
    return {
        str(name): bcx.SampleMoments(n_obs=len(own), mean=own[names].mean(), cov=own[names].cov())
        for name, own in rows.groupby("organization", sort=False)
    }


# ---------------------------------------------------------------------------------- rows and moments


def test_rows_and_moments_have_the_same_density(example_rows: pd.DataFrame) -> None:
    model = bcx.parse_model(MODEL)
    densities = []
    for evidence in (
        bcx.Evidence.from_rows(example_rows, organization="organization"),
        bcx.Evidence.from_moments(moments_of(example_rows)),
    ):
        prepared = prepare(model, evidence)
        arrays = Arrays.of(prepared.layout, prepared.sample, prepared.priors)
        x = 0.3 * np.random.default_rng(1).standard_normal((5, arrays.n_dim))
        densities.append([log_density(point, arrays.records)[0] for point in x])
    np.testing.assert_allclose(densities[0], densities[1], rtol=1e-9)


def test_rows_and_their_moments_give_the_same_draws(example_rows: pd.DataFrame) -> None:
    from_rows = short(example_rows)
    matched = from_rows.evidence
    shared = {
        name: bcx.SampleMoments(
            n_obs=int(matched.n_obs[j]),
            mean=pd.Series(matched.mean[j], index=matched.variables),
            cov=pd.DataFrame(matched.cov[j], index=matched.variables, columns=matched.variables),
        )
        for j, name in enumerate(matched.organizations)
    }
    from_moments = short(bcx.Evidence.from_moments(shared))
    assert dict(from_moments.evidence.level) == dict.fromkeys(matched.organizations, "moments")
    xr.testing.assert_identical(from_rows.posterior, from_moments.posterior)


def test_moments_without_means_are_enough(example_rows: pd.DataFrame) -> None:
    bare = {k: bcx.SampleMoments(n_obs=v.n_obs, mean=None, cov=v.cov) for k, v in moments_of(example_rows).items()}
    with_means = short(bcx.Evidence.from_moments(moments_of(example_rows)))
    without = short(bcx.Evidence.from_moments(bare))
    xr.testing.assert_identical(without.posterior, with_means.posterior)


def test_units_of_the_data_do_not_matter(example_rows: pd.DataFrame) -> None:
    moved = example_rows.assign(
        trust=1000 * example_rows["trust"] - 5, satisfaction=0.125 * example_rows["satisfaction"]
    )
    one, other = short(example_rows), short(moved)
    np.testing.assert_allclose(
        one.tree["constant_data"]["own_estimate"], other.tree["constant_data"]["own_estimate"], rtol=1e-6
    )
    assert other.scale["trust"] == pytest.approx(1000 * one.scale["trust"])
    for fit in (one, other):  # what is on the common scale has SDs near 1
        data = fit.tree["constant_data"]
        sd = np.sqrt(np.diagonal(data["cov"].values, axis1=1, axis2=2)) / data["scale"].values
        np.testing.assert_allclose(sd, 1, atol=0.3)


# ---------------------------------------------------------------------------------------------- seeds


def test_a_seed_makes_the_draws_reproducible(example_rows: pd.DataFrame) -> None:
    once, again, other = short(example_rows), short(example_rows), short(example_rows, random_seed=6)
    xr.testing.assert_identical(once.posterior, again.posterior)
    xr.testing.assert_identical(once.tree["prior"].to_dataset(), again.tree["prior"].to_dataset())
    assert (once.posterior["beta_mu"] != other.posterior["beta_mu"]).all()
    assert once.seed == 5


def test_chains_differ_and_do_not_depend_on_cores(example_rows: pd.DataFrame) -> None:
    one, two = short(example_rows, cores=1), short(example_rows, cores=2)
    xr.testing.assert_identical(one.posterior, two.posterior)
    beta = one.posterior["beta_mu"]
    assert (beta.isel(chain=0) != beta.isel(chain=1)).all()


def test_without_a_seed_there_is_a_new_one_and_it_is_kept(example_rows: pd.DataFrame) -> None:
    one, other = short(example_rows, random_seed=None), short(example_rows, random_seed=None)
    assert one.seed != other.seed
    xr.testing.assert_identical(short(example_rows, random_seed=one.seed).posterior, one.posterior)


# ------------------------------------------------------------------------------------------- posterior


def test_the_posterior_is_right(example_fit: bcx.Fit, example_rows: pd.DataFrame) -> None:
    """Each organization's slopes are near its own least squares, shrunk a little towards the others."""
    beta = example_fit.posterior["beta"].mean(("chain", "draw"))
    scale = example_fit.scale
    for name, rows in example_rows.groupby("organization", sort=False):
        x = rows[["trust", "satisfaction"]] - rows[["trust", "satisfaction"]].mean()
        y = rows["loyalty"] - rows["loyalty"].mean()
        own = np.linalg.lstsq(x.to_numpy(), y.to_numpy())[0]
        found = [
            beta.sel(organization=name, path=f"loyalty~{cause}").item() * scale["loyalty"] / scale[cause]
            for cause in x.columns
        ]
        np.testing.assert_allclose(found, own, atol=1.2)  # loyalty has residual SD 10, slopes SE of about 0.8


BLOCKS = {
    "beta": "path",
    "log_residual_sd": "residual",
    "log_exogenous_sd": "exogenous",
    "partial_correlation_z": "covariance",
}
WORDS = {"beta": "paths", "log_residual_sd": "residuals", "log_exogenous_sd": "exogenous"} | {
    "partial_correlation_z": "covariances"
}


@pytest.mark.parametrize(
    "pooling",
    [
        "none",
        "partial",
        "full",
        {"paths": "full", "residuals": "none", "exogenous": "full", "covariances": "none"},
        {"paths": "none", "residuals": "full", "exogenous": "none", "covariances": "full"},
    ],
)
def test_variables_and_dims_follow_the_pooling(example_rows: pd.DataFrame, pooling: str | Mapping[str, str]) -> None:
    posterior = short(example_rows, "loyalty ~ trust + satisfaction", pooling=pooling).posterior
    words = dict.fromkeys(WORDS.values(), "partial")
    words |= {"paths": pooling} if isinstance(pooling, str) else pooling
    expected = {}
    for variable, dim in BLOCKS.items():
        word = words[WORDS[variable]]
        expected[variable] = ("chain", "draw", dim) if word == "full" else ("chain", "draw", "organization", dim)
        if word == "partial":
            expected |= {f"{variable}_mu": ("chain", "draw", dim), f"{variable}_tau": ("chain", "draw", dim)}
    assert {name: array.dims for name, array in posterior.data_vars.items()} == expected
    assert posterior["path"].values.tolist() == ["loyalty~trust", "loyalty~satisfaction"]
    assert posterior["covariance"].values.tolist() == ["trust~~satisfaction"]
    if "organization" in posterior:
        assert posterior["organization"].values.tolist() == ["north", "south", "east", "west"]


def test_a_latent_posterior(example_rows: pd.DataFrame) -> None:
    rng = np.random.default_rng(4)
    names = [f"i{k}" for k in range(3)]
    rows = example_rows.assign(**{n: example_rows["trust"] + rng.standard_normal(len(example_rows)) for n in names})
    for identification in ("mean", "marker"):
        fit = short(rows, "f =~ i0 + i1 + i2; f ~ satisfaction", identification=identification)
        loading = fit.posterior["loading"]
        assert loading.dims == ("chain", "draw", "indicator")
        if identification == "mean":
            np.testing.assert_allclose(loading.mean("indicator").values, 1.0, rtol=1e-12)
        else:
            assert loading["indicator"].values.tolist() == ["f=~i1", "f=~i2"]
        assert fit.identification == identification
        assert fit.provenance["likelihood_route"] == "general"


def test_without_scaling_everything_is_in_the_data_s_units(example_rows: pd.DataFrame) -> None:
    rows = example_rows.assign(loyalty=example_rows["loyalty"] / 10)
    scaled, plain = short(rows), short(rows, scale=False)
    assert set(plain.scale.values()) == {1.0}
    assert plain.provenance["scaled"] is False
    assert scaled.provenance["scaled"] is True
    np.testing.assert_allclose(
        bcx.direct_effects(plain, standardized=False).values, plain.posterior["beta"].values, rtol=1e-12
    )
    for fit in (plain, scaled):
        raw = bcx.direct_effects(fit, standardized=False).mean(("chain", "draw", "organization"))
        assert raw.sel(path="trust~satisfaction").item() == pytest.approx(0.8, abs=0.2)


def test_odd_units_without_scaling_are_warned_of(example_rows: pd.DataFrame) -> None:
    with pytest.warns(UserWarning, match=r"default priors are meant for SDs near 1: .*loyalty \(SD 1"):
        short(example_rows, scale=False)


# ---------------------------------------------------------------------------------------- other groups


def test_groups_and_provenance(example_fit: bcx.Fit) -> None:
    assert set(example_fit.tree.children) == {"posterior", "sample_stats", "prior", "constant_data"}
    about = example_fit.provenance
    assert {k: about[k] for k in ("draws", "tune", "chains", "random_seed", "engine", "likelihood_route")} == {
        "draws": 1000,
        "tune": 1000,
        "chains": 4,
        "random_seed": 1,
        "engine": "kernel",
        "likelihood_route": "observed",
    }
    assert {"python", "bayescx", "nutpie", "numba", "numpy"} <= set(about["versions"])
    assert all(isinstance(version, str) for version in about["versions"].values())
    created = dt.datetime.fromisoformat(about["created_at"])
    assert abs(dt.datetime.now(dt.UTC) - created) < dt.timedelta(hours=6)
    assert about["convergence_problems"] == []
    assert about["seconds"] > 0
    assert example_fit.tree["sample_stats"]["diverging"].shape == (4, 1000)


def test_constant_data_is_what_entered(example_fit: bcx.Fit, example_rows: pd.DataFrame) -> None:
    data = example_fit.tree["constant_data"].to_dataset()
    names = data["variable"].values.tolist()
    for name, rows in example_rows.groupby("organization", sort=False):
        at = data.sel(organization=name)
        assert at["n_obs"].item() == len(rows)
        np.testing.assert_allclose(at["mean"], rows[names].mean())
        np.testing.assert_allclose(at["cov"], rows[names].cov(), rtol=1e-10)
    assert dict(zip(names, data["scale"].values, strict=True)) == dict(example_fit.scale)


def test_the_prior_group_has_draws_of_population_values(example_rows: pd.DataFrame) -> None:
    priors = bcx.Priors(path_sd=bcx.Prior("HalfNormal", sigma=0.05)).replace(
        {"trust~satisfaction": bcx.Prior("Normal", mu=3.0, sigma=0.1)}
    )
    prior = short(example_rows, priors=priors).tree["prior"].to_dataset()
    assert set(prior.data_vars) == {
        f"{block}_{end}" for block in ("beta", "log_residual_sd", "log_exogenous_sd") for end in ("mu", "tau")
    }
    assert prior["beta_mu"].dims == ("chain", "draw", "path")
    at = prior["beta_mu"].sel(path="trust~satisfaction")
    assert at.mean().item() == pytest.approx(3.0, abs=0.02)
    assert at.std().item() == pytest.approx(0.1, rel=0.1)
    assert prior["beta_mu"].sel(path="loyalty~trust").std().item() == pytest.approx(1.0, rel=0.1)
    assert prior["beta_tau"].mean().item() == pytest.approx(0.05 * np.sqrt(2 / np.pi), rel=0.1)
    full = short(example_rows, pooling="full").tree["prior"].to_dataset()
    assert "beta" in full
    assert "beta_mu" not in full


def test_the_posterior_feels_the_prior(example_rows: pd.DataFrame) -> None:
    firm = bcx.Priors().replace({"trust~satisfaction": bcx.Prior("Normal", mu=0.0, sigma=0.01)})
    found = short(example_rows, priors=firm).posterior["beta_mu"].sel(path="trust~satisfaction")
    assert abs(found).max() < 0.06


# ---------------------------------------------------------------------------------------- convergence


def test_a_short_run_is_loud_and_names_the_worst(example_rows: pd.DataFrame) -> None:
    evidence = bcx.Evidence.from_rows(example_rows, organization="organization")
    with pytest.warns(ConvergenceWarning) as caught:
        fit = bcx.fit(bcx.parse_model(MODEL), evidence, draws=20, tune=10, chains=2, random_seed=1, progressbar=False)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    text = str(caught[0].message)
    worst = fit.posterior.map(lambda array: ess(array, method="bulk")).to_array().min().item()
    sizes = [float(size) for size in re.findall(r"\((\d+)\)", text.split("bulk effective")[1].partition(";")[0])]
    assert len(sizes) == 5
    assert sizes == sorted(sizes)
    assert sizes[0] == pytest.approx(worst, abs=0.5)
    assert re.search(r"bulk effective sample size is below 400 for \w+\[.*\] .* and \d+ more", text)
    assert "Do not report these numbers" in text
    assert "draws=2000" in text
    assert fit.provenance["convergence_problems"]


def test_one_chain_cannot_be_judged(example_rows: pd.DataFrame) -> None:
    evidence = bcx.Evidence.from_rows(example_rows, organization="organization")
    with pytest.warns(ConvergenceWarning, match="only one chain ran"):
        bcx.fit(bcx.parse_model(MODEL), evidence, chains=1, random_seed=1, progressbar=False)


def test_divergences_and_r_hat_are_told() -> None:
    from bayescx.model.convergence import judge

    rng = np.random.default_rng(1)
    good = rng.standard_normal((4, 1000))
    stuck = good + 5 * np.arange(4)[:, None]
    posterior = xr.Dataset({"fine": (("chain", "draw"), good), "stuck": (("chain", "draw"), stuck)})
    diverging = np.zeros((4, 1000), dtype=bool)
    diverging[1, :3] = True
    problems = judge(posterior, xr.Dataset({"diverging": (("chain", "draw"), diverging)})).problems
    assert problems[0].startswith("R-hat is above 1.01 for stuck (")
    assert "fine" not in " ".join(problems)
    assert problems[-1] == "3 of 4000 draws diverged"


def test_chains_that_never_move_are_told() -> None:
    from bayescx.model.convergence import judge

    frozen = np.broadcast_to(np.arange(4.0)[:, None], (4, 1000))
    quiet = xr.Dataset({"diverging": (("chain", "draw"), np.zeros((4, 1000), dtype=bool))})
    posterior = xr.Dataset({"frozen": (("chain", "draw"), frozen)})
    assert any("frozen" in problem for problem in judge(posterior, quiet).problems)


def test_what_the_model_fixes_is_no_convergence_problem(example_rows: pd.DataFrame) -> None:
    """Equal loadings that average 1 are 1 in every draw: they have no R-hat."""
    rng = np.random.default_rng(4)
    rows = example_rows.assign(
        **{f"i{k}": example_rows["trust"] + rng.standard_normal(len(example_rows)) for k in range(3)}
    )
    evidence = bcx.Evidence.from_rows(rows, organization="organization")
    model = bcx.parse_model("f =~ a*i0 + a*i1 + a*i2; f ~ satisfaction")
    fit = bcx.fit(model, evidence, random_seed=1, progressbar=False)  # warnings are errors here
    assert fit.provenance["convergence_problems"] == []
    raw = fit.posterior["loading"].values
    assert (raw == raw[0, 0]).all()


# --------------------------------------------------------------------------------------------- settings


def test_wrong_settings_are_reported_together(example_rows: pd.DataFrame) -> None:
    wrong: dict[str, Any] = {
        "draws": 0, "tune": -1, "chains": 1.5, "cores": 0, "random_seed": -1, "target_accept": 1.0, "engine": "stan",
    }  # fmt: skip
    with pytest.raises(ModelError) as error:
        short(example_rows, **wrong)
    assert len(error.value.problems) == 7
    for name in wrong:
        assert name in str(error.value)


@pytest.mark.parametrize("value", [True, "100", None, 100.0])
def test_draws_are_a_whole_number(example_rows: pd.DataFrame, value: Any) -> None:
    with pytest.raises(ModelError, match="draws must be a whole number of at least 4"):
        short(example_rows, draws=value)


def test_what_does_not_fit_the_model_is_refused_before_sampling(example_rows: pd.DataFrame) -> None:
    with pytest.raises(EvidenceError, match="no column 'loyal'"):
        short(example_rows, "loyal ~ trust")
    with pytest.raises(PriorError, match="'loyalty~image'"):
        short(example_rows, priors=bcx.Priors().replace({"loyalty~image": bcx.Prior("Normal")}))
    with pytest.raises(ModelError, match="unknown pooling 'some'"):
        short(example_rows, pooling="some")
    with pytest.raises(ModelError, match="the data cannot determine"):
        short(example_rows, MODEL + "; trust ~~ loyalty")
    with pytest.raises(PriorError, match='engine="pymc"'):
        short(example_rows, priors=bcx.Priors(path_mean=bcx.Prior("HalfNormal")))


def test_evidence_matched_to_another_model_is_refused(example_rows: pd.DataFrame) -> None:
    """Its columns would be taken for others."""
    evidence = bcx.Evidence.from_rows(example_rows, organization="organization")
    model = bcx.parse_model(MODEL)
    fit = short(evidence.matched(model.observed))
    xr.testing.assert_identical(fit.posterior, short(evidence).posterior)
    with pytest.raises(EvidenceError, match="it was matched to satisfaction, trust, loyalty, but this model needs"):
        short(evidence.matched(("satisfaction", "trust", "loyalty")))


def test_without_progress_nothing_is_printed(example_rows: pd.DataFrame, capfd: pytest.CaptureFixture[str]) -> None:
    short(example_rows, draws=200, tune=200)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_one_organization_can_be_fitted(example_rows: pd.DataFrame) -> None:
    fit = short(example_rows[example_rows["organization"] == "north"])
    assert fit.posterior.sizes["organization"] == 1
    assert np.isfinite(fit.posterior["beta"]).all()
