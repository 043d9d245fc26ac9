"""The open PyMC model of evidence with missing answers and correlations is the posterior written out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from numpy.typing import NDArray

from bayescx._names import BLOCK_VARIABLES
from bayescx.evidence import Evidence, SampleMoments
from bayescx.model.build import open_model
from bayescx.model.layout import BLOCKS
from bayescx.model.prepare import Prepared, prepare
from bayescx.model.symbolic_patterns import _random_statistics
from bayescx.spec import parse_model
from tests.model import dense, dense_patterns

Floats = NDArray[np.float64]
FAST = {"mode": "FAST_COMPILE"}

MEDIATION = "m ~ x; y ~ m + x"
FACTORS = "f =~ x1 + x2 + x3\n g =~ x4 + x5 + x6\n g ~ f\n x1 ~~ x4"


def incomplete_evidence(text: str, kinds: tuple[str, ...]) -> Evidence:
    """One organization of each kind; units and means are far from 1 and 0."""
    rng = np.random.default_rng(1)
    names = list(parse_model(text).observed)
    p = len(names)
    parts: dict[str, pd.DataFrame | SampleMoments] = {}
    for kind in kinds:
        scores = rng.standard_normal((60, 1)) + rng.standard_normal((60, p))
        rows = pd.DataFrame(5 + scores * (1 + np.arange(p)), columns=names)
        if kind == "holes":
            rows = rows.mask(rng.uniform(size=rows.shape) < 0.2)
        elif kind == "lacking":
            rows = rows.drop(columns=names[-1])
        if kind.startswith("correlations"):
            kept = names[1:] if kind.endswith("some") else names
            parts[kind] = SampleMoments(60, None, rows[kept].corr(), scale_free=True)
        else:
            parts[kind] = rows
    return Evidence.from_parts(parts)


CASES = {
    "every kind": (MEDIATION, ("rows", "holes", "correlations", "lacking", "more rows", "correlations of some")),
    "no complete organization": (MEDIATION, ("holes", "lacking")),
    "correlations alone": (MEDIATION, ("correlations", "correlations of some")),
    "factors": (FACTORS, ("holes", "rows", "correlations of some", "lacking")),
}


class Point(NamedTuple):
    u: Floats
    mu: dict[int, float]
    tau: dict[int, float]
    log_scale: Floats


def prepared(name: str) -> Prepared:
    text, kinds = CASES[name]
    return prepare(parse_model(text), incomplete_evidence(text, kinds), identification="marker")


def random_point(at: Prepared) -> Point:
    """Components equal where organizations share them."""
    rng = np.random.default_rng(2)
    layout = at.layout
    u = 0.3 * rng.standard_normal((len(at.evidence.organizations), len(layout.components)))
    loadings = layout.of_block("loadings")
    u[:, loadings] = 1 + u[0, loadings]
    population = [c for c, kind in enumerate(layout.kinds) if kind == "partial"]
    n_free = sum(level == "correlations" for level in at.evidence.level.values())
    return Point(
        u,
        {c: 0.3 * rng.standard_normal() for c in population},
        {c: rng.uniform(0.05, 0.5) for c in population},
        0.2 * rng.standard_normal((n_free, len(layout.variables))),
    )


def by_organization(at: Prepared, point: Point) -> dict[str, float]:
    """Log-likelihoods, written out."""
    evidence, layout = at.evidence, at.layout
    unit = np.array([layout.scale[name] for name in layout.variables])
    free = iter(point.log_scale)
    out = {}
    for j, name in enumerate(evidence.organizations):
        sigma = dense.implied_covariance(layout, point.u[j])
        if evidence.level[name] == "correlations":
            sigma = dense_patterns.with_sds(sigma, np.exp(next(free)))
        else:
            sigma = sigma * np.outer(unit, unit)  # in the data's units
        if name in evidence.patterns:
            seen = evidence.patterns[name]
            shift = 0.0
            if evidence.level[name] != "correlations":  # the density of answers, not of answers / unit
                shift = sum(one.n_obs * np.log(unit[list(one.variables)]).sum() for one in seen)
                shift -= np.log(unit[sorted({k for one in seen for k in one.variables})]).sum()
            out[name] = dense_patterns.log_likelihood(sigma, seen) + shift
        else:
            n, cov = evidence.n_obs[j], evidence.cov[j]
            out[name] = (
                -(n - 1)
                / 2
                * (np.linalg.slogdet(sigma)[1] - 2 * np.log(unit).sum() + np.trace(cov @ np.linalg.inv(sigma)))
            )
    return out


def values(model: pm.Model, at: Prepared, point: Point) -> dict[str, Floats]:
    """The point as the values of the model's free variables (positive ones on the log scale)."""
    found: dict[str, Floats] = {"log_scale": point.log_scale}
    for block in BLOCKS:
        members = at.layout.of_block(block)
        name, _ = BLOCK_VARIABLES[block]
        found[name] = point.u[0, members] if block == "loadings" else point.u[:, members]
        if at.layout.pooling[block] == "partial":
            found[f"{name}_mu"] = np.array([point.mu[c] for c in members])
            found[f"{name}_tau_log__"] = np.log([point.tau[c] for c in members])
    return {variable.name: found[variable.name] for variable in model.value_vars}


@pytest.mark.parametrize("name", CASES)
def test_density_is_the_posterior_written_out(name: str) -> None:
    at = prepared(name)
    point = random_point(at)
    model = open_model(at, "centered")
    expected = sum(by_organization(at, point).values())
    expected += dense.log_prior(at.layout, at.priors, point.u, point.mu, point.tau)
    free = [one for one, level in at.evidence.level.items() if level == "correlations"]
    for name_, logs in zip(free, point.log_scale, strict=True):
        (only,) = at.evidence.patterns[name_]
        # what an organization lacks keeps its log scale near 0: standard normal in units of 1/sqrt(2n)
        lacking = [k for k in range(len(logs)) if k not in only.variables]
        expected -= 0.5 * 2 * only.n_obs * np.sum(logs[lacking] ** 2)
    log_p = model.compile_logp(jacobian=False, **FAST)
    assert float(log_p(values(model, at, point))) == pytest.approx(expected, rel=0, abs=1e-8)


def test_gradient_is_that_of_finite_differences() -> None:
    at = prepared("every kind")
    model = open_model(at, "centered")
    here = values(model, at, random_point(at))
    rng = np.random.default_rng(3)
    along = {name: rng.standard_normal(np.shape(value)) for name, value in here.items()}
    log_p = model.compile_logp(**FAST)

    def moved(step: float) -> float:
        return float(log_p({name: value + step * along[name] for name, value in here.items()}))

    h = 1e-3
    slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
    gradient = model.compile_dlogp(**FAST)(here)
    assert gradient @ np.concatenate([along[v.name].ravel() for v in model.value_vars]) == pytest.approx(
        slope, rel=1e-7
    )


def test_log_likelihoods_by_organization() -> None:
    at = prepared("every kind")
    point = random_point(at)
    model = open_model(at, "centered")
    expected = by_organization(at, point)
    outputs = model.replace_rvs_by_values(model.logp(vars=model.observed_RVs, sum=False))
    found = model.compile_fn(outputs, inputs=model.value_vars, on_unused_input="ignore", **FAST)
    moments, answers = found(values(model, at, point))
    for dim, log_likelihood in (("organization_moments", moments), ("organization_answers", answers)):
        np.testing.assert_allclose(log_likelihood, [expected[name] for name in model.coords[dim]], rtol=1e-10)
    assert model.coords["organization_moments"] == ("rows", "more rows")


def test_names_dims_and_coordinates() -> None:
    model = open_model(prepared("every kind"), "centered")
    assert model.named_vars_to_dims["log_scale"] == ("organization_scale", "variable")
    assert model.coords["organization_scale"] == ("correlations", "correlations of some")
    assert model.coords["organization_answers"] == ("holes", "correlations", "lacking", "correlations of some")
    assert model.named_vars_to_dims["answers"] == ("organization_answers", "pattern", "statistic", "variable")
    assert model.coords["statistic"] == ("~1", "~~m", "~~x", "~~y")
    assert "moments" not in open_model(prepared("no complete organization"), "centered").named_vars
    assert "log_scale" not in open_model(prepared("no complete organization"), "centered").named_vars


def test_predictions_are_respondents_in_the_same_patterns() -> None:
    at = prepared("no complete organization")
    model = open_model(at, "centered")
    drawn = pm.sample_prior_predictive(2, model=model, random_seed=1, compile_kwargs=FAST)
    predicted = drawn["prior_predictive"]["answers"]
    assert predicted.dims[2:] == ("organization_answers", "pattern", "statistic", "variable")
    seen = model["seen"].get_value() > 0
    assert not predicted.values[..., ~seen].any()
    several = np.broadcast_to((model["n_answers"].get_value() > 1)[..., None, None], seen.shape)
    assert (predicted.values[..., seen & several] != 0).all()


def test_predictions_average_to_the_implied_matrix() -> None:
    sigma = np.array([[1.0, 0.4, 0.2], [0.4, 2.0, 0.5], [0.2, 0.5, 1.5]])
    seen = np.zeros((2, 4, 3))
    seen[0], seen[1][np.ix_([0, 1, 3], [0, 2])] = 1, 1
    draws = _random_statistics(np.array([30.0, 8.0]), seen, sigma, np.random.default_rng(4), (3000,))
    mean, scatter = draws[:, :, 0, :], draws[:, :, 1:, :]
    np.testing.assert_allclose(scatter[:, 0].mean(axis=0) / 29, sigma, atol=0.03)
    np.testing.assert_allclose(mean[:, 0].T @ mean[:, 0] / 3000 * 30, sigma, atol=0.2)
    lacking = sigma * np.outer([1, 0, 1], [1, 0, 1])
    np.testing.assert_allclose(scatter[:, 1].mean(axis=0) / 7, lacking, atol=0.05)
