"""The open PyMC model of evidence with published figures is the posterior written out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
import pytest
from numpy.typing import NDArray
from scipy import stats

from bayescx._names import BLOCK_VARIABLES
from bayescx.errors import ModelError, PriorError
from bayescx.evidence import Evidence
from bayescx.model.averages import free_directions
from bayescx.model.build import open_model
from bayescx.model.layout import BLOCKS
from bayescx.model.prepare import Prepared
from bayescx.model.sample import fit
from bayescx.model.symbolic_figures import _log_normal_cdf, _numbered
from bayescx.priors import Prior, Priors
from tests.model import dense_figures
from tests.model.dense_figures import Point
from tests.model.figure_cases import CASES, random_point, unknown_sizes

Floats = NDArray[np.float64]
FAST = {"mode": "FAST_COMPILE"}
# every kind of figure with every rule and every pooling, but not each with each: compiling takes seconds
LEFT_OUT = {
    "every statistic, rule mean, full",
    "every statistic, rule mean, residuals full",
    "every statistic, rule pooled, partial",
    "every statistic, rule pooled, residuals full",
    "every statistic, rule each, partial",
    "every statistic, rule each, full",
    "ratios and r-squared alone, full",
    "every level of evidence, residuals full",
    "sharp figures, full",
    "causes that do not covary",
    "factors",
}


def values(
    model: pm.Model, at: Prepared, point: Point, more: Mapping[str, Floats] = MappingProxyType({})
) -> dict[str, Floats]:
    """The point, and more, as the values of the model's free variables, transformed where these are."""
    found: dict[str, Floats] = {
        **more,
        "published_size": np.array([point.sizes[size] for size in unknown_sizes(at)]),
        "log_scale": point.log_scale,
    }
    for block in BLOCKS:
        members = at.layout.of_block(block)
        name, _ = BLOCK_VARIABLES[block]
        found[name] = point.u[:, members]
        if at.layout.pooling[block] == "full":
            found[name] = point.u[0, members]
            offset, directions = free_directions(at.layout, members)
            found[f"{name}_free"] = directions.T @ (point.u[0, members] - offset)
        elif at.layout.pooling[block] == "partial":
            found[f"{name}_mu"] = np.array([point.mu[c] for c in members])
            found[f"{name}_tau"] = np.array([point.tau[c] for c in members])
        for suffix in ("", "_mu", "_tau"):
            for k, c in enumerate(members if f"{name}{suffix}" in found else ()):
                found[f"{name}{suffix}[{at.layout.components[c].name}]"] = found[f"{name}{suffix}"][..., k]
    out = {}
    for variable in model.free_RVs:
        transform, value = model.rvs_to_transforms[variable], found[variable.name]
        forward = value if transform is None else transform.forward(pt.as_tensor(value), *variable.owner.inputs).eval()
        out[model.rvs_to_values[variable].name] = forward
    return out


@pytest.mark.parametrize("name", [name for name in CASES if name not in LEFT_OUT])
def test_density_is_the_posterior_written_out(name: str) -> None:
    at = CASES[name].prepared()
    model = open_model(at, "centered")
    log_p = model.compile_logp(jacobian=False, **FAST)
    apart = []
    for seed in range(3):
        point = random_point(at, seed)
        expected = dense_figures.log_posterior(at, point)
        assert np.isfinite(expected)
        apart.append(float(log_p(values(model, at, point))) - expected)
        assert abs(apart[-1] - apart[0]) < 1e-10 * abs(expected) + 1e-8


@pytest.mark.parametrize("name", ["negative signs", "every level of evidence, residuals full"])
def test_conditional_form_is_the_same_posterior(name: str) -> None:
    """Values are m + s eps: the densities differ by the log of every s."""
    at = CASES[name].prepared()
    model = open_model(at, "conditional")
    log_p = model.compile_logp(jacobian=False, **FAST)
    pooled = [block for block in BLOCKS if at.layout.of_block(block) and at.layout.pooling[block] == "partial"]
    names = [BLOCK_VARIABLES[block][0] for block in pooled]
    outputs = model.replace_rvs_by_values([model[one] for one in names])
    natural = model.compile_fn(outputs, inputs=model.value_vars, on_unused_input="ignore", **FAST)
    apart = []
    for seed in range(3):
        point = random_point(at, seed)
        free = conditional_values(model, at, point)
        here, there = (natural(free | {f"{one}_eps": free[f"{one}_eps"] + k for one in names}) for k in (0, 1))
        u = point.u.copy()
        for block, value in zip(pooled, here, strict=True):
            u[:, at.layout.of_block(block)] = value
        jacobian = sum(np.log(b - a).sum() for a, b in zip(here, there, strict=True))
        apart.append(float(log_p(free)) - jacobian - dense_figures.log_posterior(at, point._replace(u=u)))
    np.testing.assert_allclose(apart, apart[0], rtol=0, atol=1e-7)


def conditional_values(model: pm.Model, at: Prepared, point: Point) -> dict[str, Floats]:
    """Small eps, so that members' values keep the sign of their centre."""
    rng = np.random.default_rng(3)
    eps = [variable.name for variable in model.free_RVs if variable.name.endswith("_eps")]
    drawn = {name: 0.2 * rng.standard_normal(model[name].shape.eval()) for name in eps}
    return values(model, at, point, drawn)


def test_gradient_is_that_of_finite_differences() -> None:
    at = CASES["negative signs"].prepared()
    model = open_model(at, "conditional")
    here = conditional_values(model, at, random_point(at))
    rng = np.random.default_rng(4)
    along = {one: rng.standard_normal(np.shape(value)) for one, value in here.items()}
    log_p = model.compile_logp(**FAST)

    def moved(step: float) -> float:
        return float(log_p({one: value + step * along[one] for one, value in here.items()}))

    h = 3e-4
    slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
    gradient = model.compile_dlogp(**FAST)(here)
    found = gradient @ np.concatenate([np.ravel(along[v.name]) for v in model.value_vars])
    assert found == pytest.approx(slope, rel=1e-6)


def test_contrasts_are_what_parameters_imply_less_what_was_published() -> None:
    at = CASES["every statistic, rule each, residuals full"].prepared()
    model = open_model(at, "centered")
    point = random_point(at)
    outputs = model.replace_rvs_by_values([model["published_contrast"], model["published_n_obs"]])
    compiled = model.compile_fn(outputs, inputs=model.value_vars, on_unused_input="ignore", **FAST)
    contrast, n_obs = compiled(values(model, at, point))
    phi = {
        name: dense_figures.covariance(at.layout, point.u[at.evidence.organizations.index(name)])
        for name in dense_figures.members(at.evidence)
    }
    expected = [one.evaluated(phi)[0] for said in at.evidence.published for one in dense_figures.contrasts(at, said)]
    np.testing.assert_allclose(np.sort(contrast), np.sort(expected), rtol=0, atol=1e-12)
    drawn = [
        np.exp(np.log(high * low) / 2 + np.log(high / low) / 4 * point.sizes[names, (low, high)])
        for names, (low, high) in unknown_sizes(at)
    ]
    np.testing.assert_allclose(n_obs, drawn, rtol=1e-12)


def test_names_dims_and_coordinates() -> None:
    at = CASES["every statistic, rule mean, partial"].prepared()
    model = open_model(at, "centered")
    assert model.named_vars_to_dims["published_contrast"] == ("figure",)
    assert model.named_vars_to_dims["published_directions"] == ("figure_direction",)
    assert model.named_vars_to_dims["published_n_obs"] == ("published_sample",)
    assert model.named_vars_to_dims["declared_signs"] == ("organization_figures", "signed_path")
    assert model.named_vars_to_dims["common_scale"] == ("construct",)
    assert model.named_vars_to_dims["beta_mu"] == ("path",)
    assert [one.name for one in model.potentials] == [
        "declared_signs", "common_scale", "published_values", "published_directions",
    ]  # fmt: skip
    for name, labels in model.coords.items():
        assert len(set(labels)) == len(labels), name
    assert model.coords["figure"][0] == "r_squared trust_cs (one, two)"
    assert "moments" not in model.named_vars


def test_nothing_is_added_where_no_figure_speaks() -> None:
    model = open_model(CASES["signs alone"].prepared(), "centered")
    assert not model.potentials
    assert [one.name for one in model.free_RVs[:3]] == ["beta_mu[m~x]", "beta_mu[y~m]", "beta_mu[y~x]"]
    signed = [model["beta_mu[m~x]"], model["beta_mu[y~x]"]]
    above, below = pm.draw(signed, draws=50, random_seed=5, **FAST)
    assert (above > 0).all()
    assert (below < 0).all()


def test_a_positive_prior_of_a_negative_path_is_refused() -> None:
    case = CASES["negative signs"]
    at = case._replace(priors=Priors(path_mean=Prior("HalfNormal", sigma=0.5))).prepared()
    with pytest.raises(PriorError, match=r"declared sign -, but its prior Prior\(.*\) has no negative values"):
        open_model(at, "centered")


def test_figures_are_left_to_the_kernel() -> None:
    case = CASES["with data"]
    model = case.model()
    evidence = Evidence.from_parts(case.shared(model), published=case.published())
    with pytest.raises(
        ModelError, match=r"speak of one, two, and engine='pymc' does not sample those; engine='kernel' does"
    ):
        fit(model, evidence, draws=10, tune=10, chains=1, engine="pymc", progressbar=False)


def test_log_probability_in_both_tails() -> None:
    z = np.array([-1e5, -200.0, -38.0, -25.0, -5.0, -1e-3, 0.0, 1e-3, 1.0, 8.0, 40.0, 1e5])
    at = pt.dvector()
    log_p = _log_normal_cdf(at)
    found, slope = pytensor.function([at], [log_p, pt.grad(log_p.sum(), at)], mode="FAST_COMPILE")(z)
    np.testing.assert_allclose(found, stats.norm.logcdf(z), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(slope, np.exp(stats.norm.logpdf(z) - stats.norm.logcdf(z)), rtol=1e-6)


def test_labels_are_told_apart() -> None:
    assert _numbered(["a", "b", "a", "a"]) == ["a", "b", "a [2]", "a [3]"]
