"""Means and intercepts follow the posterior that dense algebra writes down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bayescx as bcx
from bayescx.estimands import mean_draws as drawing
from bayescx.estimands.mean_evidence import SharedMeans
from bayescx.estimands.mean_plan import Plan, plan_of
from bayescx.estimands.mean_structure import Block, _Density, contrasts, located, normal_equations
from bayescx.estimands.system import System
from bayescx.model import matrices
from bayescx.model.layout import Layout
from tests.estimands.dense_means import World, conditional, reference

PRIOR = bcx.Prior("HalfNormal", sigma=0.3)
ONE_FACTOR = "f =~ x1 + x2 + x3"
MODELS = {
    "one factor": ONE_FACTOR,
    "errors covary": f"{ONE_FACTOR}\nx1 ~~ x2",
    "cross-loading": "f =~ x1 + x2 + x3; g =~ x3 + x4 + x5; g ~ f",
    "factors and a variable": "f =~ x1 + x2; g =~ x3 + x4; y ~ f + g; g ~ f",
    "a single item": "f =~ x1 + x2; h =~ x3; h ~ f",
}


def shared(mean: Any, n: Any) -> SharedMeans:
    """Means as organizations without missing answers share them."""
    count = len(mean)
    answers = tuple((np.isfinite(mean[[j]]), np.array([float(n[j])])) for j in range(count))
    return SharedMeans(tuple(f"o{j}" for j in range(count)), list(range(count)), mean, answers, {})


def world_of(name: str, *, equal: bool = False, count: int = 4) -> tuple[World, Plan, Any]:
    """A model with one draw of its parameters, and means that agree with it."""
    layout = Layout.of(bcx.parse_model(MODELS[name]), pooling={"loadings": "partial"})
    rng = np.random.default_rng(len(name))
    u = np.array([[0.0 if c.block in ("residuals", "exogenous") else 0.4 for c in layout.components]] * count)
    loadings = layout.of_block("loadings")
    u[:, loadings] = 1.0
    u += (0.0 if equal else 0.2) * rng.standard_normal(u.shape)
    n = np.array([30, 60, 20, 45, 80][:count])
    system = System(layout, u)
    lambda_, phi = matrices.loading_matrix(layout, u), system.covariance
    theta = matrices.theta_matrix(layout, u)
    alpha = 0.5 * rng.standard_normal((count, len(layout.constructs), 1))
    mean = 3.0 + (lambda_ @ alpha)[..., 0] + 0.2 * rng.standard_normal((count, len(layout.variables)))
    plan = plan_of(layout, shared(mean, n))
    free = np.isin(np.arange(len(layout.variables)), plan.items)
    return World(mean, lambda_, phi, theta, n, free), plan, u


@pytest.mark.parametrize("name", MODELS)
def test_draws_are_those_of_the_dense_posterior(name: str) -> None:
    world, plan, u = world_of(name)
    check(world, plan, u)


@pytest.mark.parametrize("name", ["one factor", "errors covary", "cross-loading"])
def test_an_item_that_an_organization_lacks(name: str) -> None:
    world, plan, u = world_of(name)
    world.mean[1, 0] = np.nan
    check(world, plan_of(plan.layout, shared(world.mean, world.n)), u)


def check(world: World, plan: Plan, u: Any, draws: int = 2000) -> None:
    """Compare posterior means and SDs of latent means, deviations and their SDs."""
    rng = np.random.default_rng(1)
    tau = PRIOR.sample(rng, (1500, world.shape[1]))
    expected = reference(world, tau)
    packed = drawing._batch(plan, np.broadcast_to(u, (draws, *u.shape)), PRIOR, 12, rng)
    found = drawing._unpacked(plan, packed)
    # four Monte Carlo standard errors, in SDs of the quantity, of both ways together
    error = 4.0 * np.sqrt(1 / draws + 1 / expected.effective)
    assert error < 0.3
    order = list(plan.constructs)
    alpha, sd = expected.alpha[:, order], expected.alpha_sd[:, order]
    np.testing.assert_array_less(np.abs(found["mean"].mean(axis=0) - alpha) / sd, error)
    np.testing.assert_allclose(found["mean"].std(axis=0) / sd, 1.0, atol=error)
    np.testing.assert_allclose(found["mean"].sum(axis=1), 0.0, atol=1e-9)
    items = list(plan.items)
    spread = expected.tau_sd[items]
    np.testing.assert_array_less(np.abs(found["tau"].mean(axis=0) - expected.tau[items]) / spread, error)
    np.testing.assert_allclose(found["tau"].std(axis=0) / spread, 1.0, atol=error)
    if np.isfinite(world.mean).all():
        off = np.abs(found["deviation"].mean(axis=0) - expected.deviation[:, items])
        np.testing.assert_array_less(off / found["deviation"].std(axis=0), error)


def block_of(world: World, tau: Any) -> tuple[Block, Any]:
    """A world of one block as the sampler takes it, and inverse variances."""
    own = np.diagonal(world.theta, axis1=1, axis2=2) / world.n[:, None]
    answered = np.isfinite(world.mean)
    block = Block(np.where(answered, world.mean, 0.0), answered, world.loadings[None], own[None])
    return block, np.where(answered, 1.0 / (own + tau**2), 0.0)[None]


@pytest.mark.parametrize("name", ["one factor", "cross-loading"])
def test_least_squares_are_the_dense_conditional(name: str) -> None:
    world, _, _ = world_of(name, equal=True)
    tau = np.linspace(0.05, 0.3, world.shape[1])
    block, weights = block_of(world, tau)
    expected = conditional(world, tau)
    _, factor = located(block.loadings, weights, block.mean[None])
    np.testing.assert_allclose(factor[0], expected.alpha, atol=1e-9)
    j, _, m = world.shape
    information, _, _ = normal_equations(block.loadings, weights, block.mean[None])
    basis = np.kron(contrasts(j), np.eye(m))
    centred = np.kron(np.eye(j) - 1 / j, np.eye(m))
    sampling = np.zeros((j * m, j * m))
    for k in range(j):  # of the factors' means over who answered, which the sampler adds
        sampling[k * m : (k + 1) * m, k * m : (k + 1) * m] = world.phi[k] / world.n[k]
    cov = basis @ np.linalg.inv(basis.T @ information[0] @ basis) @ basis.T + centred @ sampling @ centred
    np.testing.assert_allclose(cov, expected.alpha_cov, atol=1e-9)


@pytest.mark.parametrize("name", ["one factor", "cross-loading"])
def test_density_of_an_sd_has_factors_integrated_out(name: str) -> None:
    world, _, _ = world_of(name)
    world.mean[2, 1] = np.nan
    tau, intercept, k = np.full(world.shape[1], 0.2), np.full(world.shape[1], 2.9), 2
    block, weights = block_of(world, tau)
    left = np.where(block.answered, world.mean - intercept, 0.0)[None]
    density = _Density(block, left, weights, k, PRIOR.distribution())
    log_sd = np.log([0.01, 0.1, 0.5])
    found = np.array([density(np.array([0]), np.array([one]))[0] for one in log_sd])
    expected = [dense_density(world, np.where(np.arange(len(tau)) == k, np.exp(one), tau), left[0]) for one in log_sd]
    expected = np.array(expected) + np.log(PRIOR.distribution().pdf(np.exp(log_sd))) + log_sd
    np.testing.assert_allclose(np.diff(found), np.diff(expected), atol=1e-9)


def dense_density(world: World, tau: Any, left: Any) -> float:
    there = np.isfinite(world.mean).ravel()
    _, p, _ = world.shape
    own = np.diagonal(world.theta, axis1=1, axis2=2) / world.n[:, None] + tau**2
    x, y = world.design[there][:, p:], left.ravel()[there]
    inverse = np.diag(1 / own.ravel()[there])
    information = x.T @ inverse @ x
    rest = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
    log_det = np.log(own.ravel()[there]).sum() + np.linalg.slogdet(information)[1]
    return float(-0.5 * (log_det + rest @ inverse @ rest))


@pytest.mark.parametrize("n", [50, 20_000])
def test_more_sweeps_change_nothing(n: int) -> None:
    world, plan, u = world_of("one factor", count=5)
    plan = plan_of(plan.layout, shared(world.mean, np.full(5, n)))
    many = np.broadcast_to(u, (1000, *u.shape))
    few, more = (
        drawing._unpacked(plan, drawing._batch(plan, many, PRIOR, sweeps, np.random.default_rng(sweeps)))
        for sweeps in (drawing.SWEEPS, 4 * drawing.SWEEPS)
    )
    for name in ("mean", "tau", "deviation"):
        sd = more[name].std(axis=0)
        np.testing.assert_allclose(few[name].mean(axis=0), more[name].mean(axis=0), atol=0.2 * float(sd.max()))
        np.testing.assert_allclose(few[name].std(axis=0) / sd, 1.0, atol=0.2)
