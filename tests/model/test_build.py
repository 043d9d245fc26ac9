"""The open PyMC model, the kernel and the posterior written out (`dense.py`) are one density."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from numpy.typing import NDArray

from bayescx._names import BLOCK_VARIABLES
from bayescx.errors import ModelError
from bayescx.evidence import Evidence, SampleMoments
from bayescx.kernel import posterior as kernel
from bayescx.model.arrays import Arrays
from bayescx.model.averages import free_directions
from bayescx.model.build import build_model, open_model, sample_open
from bayescx.model.layout import BLOCKS
from bayescx.model.nuts import SamplerSettings
from bayescx.model.prepare import Prepared, prepare
from bayescx.model.start import find_start
from bayescx.priors import Prior, Priors
from bayescx.spec import parse_model
from tests.model.dense import dense_log_posterior, random_moments

Floats = NDArray[np.float64]

FACTORS = "f =~ x1 + x2 + x3\n g =~ x4 + x5 + x6\n h =~ x7 + x8 + x9\n"
HEAVY = Priors(
    path_mean=Prior("StudentT", nu=3),
    path_sd=Prior("HalfCauchy", beta=1),
    residual_sd=Prior("Gamma", alpha=2, beta=3),
    exogenous_sd=Prior("Exponential", lam=2),
    exogenous=Prior("Logistic", mu=0.5, s=0.3),
    residual=Prior("Laplace", b=0.7),
    overrides={"y~x": Prior("Normal", mu=0.3, sigma=0.2), "m~x": Prior("Cauchy", beta=0.5)},
)


class Case(NamedTuple):
    text: str
    options: Mapping[str, Any] = MappingProxyType({})
    priors: Priors = Priors()


CASES = {
    "observed": Case("m ~ x; y ~ m + x"),
    "observed, three causes, two uncorrelated": Case("m ~ x1 + x2 + x3; y ~ m + x1; x1 ~~ 0*x3"),
    "a path fixed, families mixed": Case("m ~ x; y ~ 0.5*m + x", priors=HEAVY),
    "equal paths": Case("m ~ a*x; y ~ a*m + x"),
    "paths not pooled": Case("m ~ x; y ~ m + x", {"pooling": "none"}),
    "paths shared, residuals apart": Case(
        "m ~ x; y ~ m + x", {"pooling": {"paths": "full", "residuals": "none", "exogenous": "full"}}, HEAVY
    ),
    "the data's own units": Case("m ~ x; y ~ m + x", {"scale": False}, Priors(path_sd=Prior("LogNormal"))),
    "factors": Case(FACTORS + "h ~ f + g"),
    "factors, first loading 1": Case(FACTORS + "g ~ f; h ~ f", {"identification": "marker"}),
    "factors, equal loadings": Case("f =~ x1 + a*x2 + a*x3; g =~ x4 + x5 + a*x6; g ~ f"),
    "all loadings of a factor equal": Case("f =~ a*x1 + a*x2; g =~ x4 + x5 + x6; g ~ f"),
    "residual covariances": Case(FACTORS + "h ~ f + g; x1 ~~ x5; x2 ~~ x7 + x8"),
    "mixed": Case("f =~ x1 + x2 + x3; y ~ f + z; w ~ f; y ~~ w; k =~ q; k ~ w"),
    "loadings pooled": Case(FACTORS + "h ~ f + g", {"pooling": {"loadings": "partial"}}),
    "loadings pooled, some equal, second order": Case(
        "f =~ x1 + a*x2 + a*x3; g =~ x4 + x5 + a*x6; h =~ x7 + x8 + x9; s =~ f + g + h",
        {"pooling": {"loadings": "partial"}},
    ),
    "reversed items": Case("f =~ x1 + x2 + upper(0)*x3; g =~ l*upper(0)*x4 + x5 + l*upper(0)*x6; g ~ f; x3 ~~ x5"),
    "loadings pooled, reversed items": Case(
        "f =~ x1 + x2 + upper(0)*x3; g =~ x4 + x5 + x6; g ~ f", {"pooling": {"loadings": "partial"}}
    ),
    "loadings apart": Case(FACTORS + "g ~ f; h ~ f", {"identification": "marker", "pooling": {"loadings": "none"}}),
    "second order": Case(FACTORS + "s =~ f + g + h; y ~ s"),
    "moderated": Case("m ~ pool(x, size); y ~ pool(m, size, category(kind, a, b)) + x"),
    "moderated, factors, other priors": Case(
        FACTORS + "g ~ pool(f, size); h ~ g",
        priors=Priors(moderator=Prior("StudentT", nu=3, sigma=0.3)).replace({"g~f:size": Prior("Laplace", b=0.2)}),
    ),
    "fixed variances": Case("f =~ NA*x1 + x2 + x3; f ~~ 1*f; g =~ x4 + x5 + x6; g ~ f; x5 ~~ 0.3*x5"),
}


class Point(NamedTuple):
    u: Floats
    mu: dict[int, float]
    tau: dict[int, float]
    gamma: Mapping[str, float] = MappingProxyType({})


def prepared(case: Case, seed: int = 0, n_org: int = 3) -> Prepared:
    model = parse_model(case.text)
    n_org += len(model.attributes)  # each takes one more to tell
    variables = list(model.observed)
    sample = random_moments(np.random.default_rng(seed), n_org, len(variables))
    runs_against = {row.rhs for row in model.loadings if row.reversed}
    sign = np.array([-1.0 if name in runs_against else 1.0 for name in variables])
    unit = sign * (1 + 0.3 * np.arange(len(variables)))
    moments = {
        f"organization {j}": SampleMoments(
            int(n), None, pd.DataFrame(np.outer(unit, unit) * cov, index=variables, columns=variables)
        )
        for j, (n, cov) in enumerate(zip(sample.n_obs, sample.cov, strict=True))
    }
    kinds = {"size": [10.0, 30.0, 80.0, 90.0, 20.0, 60.0], "kind": ["a", "b", "b", "a", "a", "b"]}
    columns = {one.column for one in model.attributes.values()}
    attributes = {name: {c: kinds[c][j] for c in columns} for j, name in enumerate(moments) if columns}
    evidence = Evidence.from_moments(moments, attributes=attributes or None)
    return prepare(model, evidence, case.priors, **case.options)


def random_point(at: Prepared, seed: int = 1) -> Point:
    """Components that keep to what the model says: shared ones equal, loadings averaging 1."""
    layout = at.layout
    rng = np.random.default_rng(seed)
    n_org, n_components = len(at.sample.n_obs), len(layout.components)
    u = 0.3 * rng.standard_normal((n_org, n_components))
    shared = [c for c, kind in enumerate(layout.kinds) if kind == "full"]
    offset, directions = free_directions(layout, shared)
    u[:, shared] = offset + directions @ (0.2 * rng.standard_normal(directions.shape[1]))
    population = [c for c, kind in enumerate(layout.kinds) if kind == "partial"]
    offset, directions = free_directions(layout, population)
    mu = dict(zip(population, offset + directions @ (0.3 * rng.standard_normal(directions.shape[1])), strict=True))
    tau = {c: rng.uniform(0.05, 0.5) for c in population}
    return Point(u, mu, tau, {one.name: rng.normal() for one in layout.moderators})


def dense(at: Prepared, point: Point) -> float:
    return dense_log_posterior(at.layout, at.sample, at.priors, *point)


def in_pymc(model: pm.Model, at: Prepared, point: Point) -> dict[str, Floats]:
    """The same point as the values of the model's free variables (positive ones on the log scale)."""
    gamma = np.array([point.gamma[one.name] for one in at.layout.moderators])
    values: dict[str, Floats] = {"moderation": gamma}
    values |= {f"moderation[{one.name}]": gamma[g] for g, one in enumerate(at.layout.moderators)}
    for block in BLOCKS:
        members = at.layout.of_block(block)
        name, _ = BLOCK_VARIABLES[block]
        if at.layout.pooling[block] == "full":
            values[name] = point.u[0, members]
            offset, directions = free_directions(at.layout, members)
            values[f"{name}_free"] = directions.T @ (point.u[0, members] - offset)  # they are orthonormal
        else:
            values[name] = point.u[:, members]
        if at.layout.pooling[block] == "partial":
            values[f"{name}_mu"] = np.array([point.mu[c] for c in members])
            offset, directions = free_directions(at.layout, members)
            values[f"{name}_mu_free"] = directions.T @ (values[f"{name}_mu"] - offset)
            values[f"{name}_tau"] = np.array([point.tau[c] for c in members])
        for suffix in ("", "_mu", "_tau"):
            if f"{name}{suffix}" in values:
                for k, c in enumerate(members):
                    label = at.layout.components[c].name
                    values[f"{name}{suffix}[{label}]"] = values[f"{name}{suffix}"][..., k]
    out = {}
    for variable in model.value_vars:
        value = values[variable.name.removesuffix("_log__")]
        out[variable.name] = np.log(value) if variable.name.endswith("_log__") else value
    return out


def pymc_log_density(model: pm.Model, at: Prepared, point: Point) -> float:
    log_p = model.compile_logp(jacobian=False, mode="FAST_COMPILE")
    return float(log_p(in_pymc(model, at, point)))


@pytest.mark.parametrize("name", CASES)
def test_centered_form_is_the_posterior_written_out(name: str) -> None:
    at = prepared(CASES[name])
    point = random_point(at)
    expected = dense(at, point)
    assert np.isfinite(expected)
    assert pymc_log_density(open_model(at, "centered"), at, point) == pytest.approx(expected, rel=0, abs=1e-8)


# means of pooled loadings and of moderated paths are not free one by one: tests/kernel/test_posterior.py has them
@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(("loadings pooled", "moderated"))])
def test_kernel_is_the_posterior_written_out(name: str) -> None:
    at = prepared(CASES[name])
    arrays = find_start(Arrays.of(at.layout, at.sample, at.priors)).arrays
    rng = np.random.default_rng(2)
    x = 0.3 * rng.standard_normal(arrays.n_dim)
    point, jacobian = from_kernel(arrays, x)
    found = kernel.log_density(x, arrays.records)[0] - jacobian
    assert found == pytest.approx(dense(at, point), rel=0, abs=1e-8)


def from_kernel(arrays: Arrays, x: Floats) -> tuple[Point, float]:
    """The kernel's free parameters as a point, and the log Jacobian: of tau, mu given tau, and components in eps."""
    n_org, n_own, n_components = len(arrays.sample.n_obs), len(arrays.own), len(arrays.layout.components)

    def components(x: Floats) -> tuple[Floats, Floats, Floats]:
        parts = np.split(
            kernel.expand(x, arrays.n_expanded, arrays.records),
            np.cumsum([len(arrays.shared), len(arrays.population), len(arrays.population)]),
        )
        u = np.empty((n_org, n_components))
        u[:, arrays.shared], u[:, arrays.own] = parts[0], parts[3].reshape(n_org, n_own)
        return u, parts[1], parts[2]

    u, mu, tau = components(x)
    first = arrays.n_dim - n_org * n_own
    h = 1e-3

    def moved(step: float, begins: int, part: int) -> Floats:
        there = x.copy()
        there[begins : begins + len(tau)] += step
        return components(there)[part]

    jacobian = 0.0
    for begins, part in ((first - len(tau), 2), (first - 2 * len(tau), 1)):
        near, far = (moved(k * h, begins, part) - moved(-k * h, begins, part) for k in (1, 2))
        jacobian += float(np.log((8 * near - far) / (12 * h)).sum())
    if arrays.shared_steering is not None:
        jacobian += float(np.linalg.slogdet(arrays.shared_steering[1])[1])
    for j in range(n_org):
        slopes = np.empty((n_own, n_own))  # components are linear in eps, so differences are exact
        for o in range(n_own):
            step = np.zeros_like(x)
            step[first + j * n_own + o] = 1.0
            slopes[:, o] = (components(x + step)[0] - components(x - step)[0])[j, list(arrays.own)] / 2
        jacobian += np.linalg.slogdet(slopes)[1]
    population = arrays.population
    return Point(u, dict(zip(population, mu, strict=True)), dict(zip(population, tau, strict=True))), jacobian


@pytest.mark.parametrize("name", ["factors", "moderated"])
def test_conditional_form_is_the_same_posterior(name: str) -> None:
    """Values are m + s eps: the densities differ by the log of every s, and of every tau."""
    at = prepared(CASES[name], n_org=4)
    model = open_model(at, "conditional")
    rng = np.random.default_rng(3)
    free = {name: 0.3 * rng.standard_normal(np.shape(v)) for name, v in model.initial_point().items()}
    log_p = float(model.compile_logp(mode="FAST_COMPILE")(free))
    point, jacobian = from_conditional(model, at, free)
    assert log_p - jacobian == pytest.approx(dense(at, point), rel=0, abs=1e-8)


def from_conditional(model: pm.Model, at: Prepared, free: Mapping[str, Floats]) -> tuple[Point, float]:
    layout = at.layout
    u = np.empty((len(at.sample.n_obs), len(layout.components)))
    mu: dict[int, float] = {}
    tau: dict[int, float] = {}
    jacobian = 0.0
    outputs = model.replace_rvs_by_values(model.deterministics)
    compiled = model.compile_fn(outputs, inputs=model.value_vars, mode="FAST_COMPILE", on_unused_input="ignore")
    names = [deterministic.name for deterministic in model.deterministics]
    here = dict(zip(names, compiled(free), strict=True))
    moved = {name: value + name.endswith("_eps") for name, value in free.items()}
    there = dict(zip(names, compiled(moved), strict=True))
    for block in BLOCKS:
        members = layout.of_block(block)
        name, _ = BLOCK_VARIABLES[block]
        if members:
            u[:, members] = here[name]
        if members and layout.pooling[block] == "partial":
            jacobian += float(np.log(there[name] - here[name]).sum())
            jacobian += float(free[f"{name}_tau_log__"].sum())
            mu |= dict(zip(members, free[f"{name}_mu"], strict=True))
            tau |= dict(zip(members, np.exp(free[f"{name}_tau_log__"]), strict=True))
    moderation = free.get("moderation", np.zeros(0))
    gamma = {one.name: moderation[g] for g, one in enumerate(layout.moderators)}
    return Point(u, mu, tau, gamma), jacobian


def test_gradient_of_the_conditional_form() -> None:
    model = open_model(prepared(CASES["residual covariances"], n_org=2), "conditional")
    rng = np.random.default_rng(4)
    free = {name: 0.2 * rng.standard_normal(np.shape(v)) for name, v in model.initial_point().items()}
    log_p = model.compile_logp(mode="FAST_COMPILE")
    gradient = model.compile_dlogp(mode="FAST_COMPILE")(free)
    direction = {name: rng.standard_normal(np.shape(value)) for name, value in free.items()}
    along = np.concatenate([np.ravel(direction[v.name]) for v in model.value_vars])

    def at(step: float) -> float:
        return float(log_p({name: value + step * direction[name] for name, value in free.items()}))

    h = 1e-3
    slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
    assert float(np.dot(gradient, along)) == pytest.approx(slope, rel=1e-6)


def test_positive_priors_are_allowed_here() -> None:
    case = Case(
        "m ~ x; y ~ m + x",
        priors=Priors(path_mean=Prior("HalfNormal", sigma=0.5)).replace({"m~x": Prior("InverseGamma", alpha=2.0)}),
    )
    at = prepared(case)
    drawn = random_point(at)
    point = drawn._replace(mu={c: abs(value) for c, value in drawn.mu.items()})
    found = pymc_log_density(open_model(at, "centered"), at, point)
    assert found == pytest.approx(dense(at, point), rel=0, abs=1e-8)
    assert "beta_eps" in open_model(at, "conditional").named_vars


def test_names_dims_and_coordinates() -> None:
    at = prepared(CASES["factors"])
    model = open_model(at, "centered")
    assert model.named_vars_to_dims["beta"] == ("organization", "path")
    assert model.named_vars_to_dims["beta_mu"] == ("path",)
    assert model.named_vars_to_dims["loading"] == ("indicator",)
    assert model.named_vars_to_dims["log_residual_sd_tau"] == ("residual",)
    assert model.named_vars_to_dims["log_exogenous_sd"] == ("organization", "exogenous")
    assert model.named_vars_to_dims["partial_correlation_z_mu"] == ("covariance",)
    assert model.coords["path"] == ("h~f", "h~g")
    assert model.coords["organization"] == at.evidence.organizations
    assert [variable.name for variable in model.observed_RVs] == ["moments"]


def test_log_likelihood_and_predictions_by_organization() -> None:
    at = prepared(CASES["observed"])
    model = open_model(at, "centered")
    fast = {"mode": "FAST_COMPILE"}
    drawn = pm.sample_prior_predictive(2, model=model, random_seed=1, compile_kwargs=fast)
    assert drawn["prior_predictive"]["moments"].dims[2:] == ("organization", "variable", "variable_other")
    assert (np.linalg.eigvalsh(drawn["prior_predictive"]["moments"].values) > 0).all()
    drawn["posterior"] = drawn["prior"]
    with_likelihood = pm.compute_log_likelihood(drawn, model=model, progressbar=False, compile_kwargs=fast)
    assert with_likelihood["log_likelihood"]["moments"].dims == ("chain", "draw", "organization")


def test_predictions_average_to_the_implied_matrix() -> None:
    from bayescx.model.build import _random_moments

    sigma = np.array([[1.0, 0.4], [0.4, 2.0]])
    draws = _random_moments(np.array(30.0), sigma, np.random.default_rng(5), (4000,))
    np.testing.assert_allclose(draws.mean(axis=0), sigma, atol=0.05)
    np.testing.assert_allclose(draws[:, 0, 0].var(), 2 / 29, rtol=0.1)


def test_sampling_returns_the_posterior_by_block() -> None:
    at = prepared(CASES["observed"])
    settings: dict[str, Any] = {"draws": 20, "tune": 20, "chains": 1, "cores": 1, "seed": 1}
    posterior, sampled = sample_open(at, SamplerSettings(**settings, target_accept=0.9, progressbar=False))
    assert posterior["beta"].dims == ("chain", "draw", "organization", "path")
    assert not [name for name in posterior.data_vars if str(name).endswith(("_eps", "__"))]
    assert sampled["sample_stats"].sizes["draw"] == 20


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(ModelError, match="'noncentered'"):
        open_model(prepared(CASES["observed"]), "noncentered")  # type: ignore[arg-type]


def test_the_front_door() -> None:
    rows = pd.DataFrame(np.random.default_rng(6).standard_normal((60, 2)), columns=["x", "y"])
    rows["organization"] = ["a"] * 30 + ["b"] * 30
    model = build_model(parse_model("y ~ x"), Evidence.from_rows(rows, organization="organization"))
    assert isinstance(model, pm.Model)
    np.testing.assert_allclose(model["n_obs"].get_value(), [30, 30])
