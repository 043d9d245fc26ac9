"""The prior of an answer against direct simulation, one organization written out at a time."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import bayescx as bcx
from bayescx.errors import ConvergenceWarning
from bayescx.estimands.prior_draws import assumed_signs
from tests.estimands.brute import fit_of

Floats = NDArray[np.float64]
DRAWS = 200_000
CLOSE = 0.05  # standard errors of an SD from 4,000 draws are about 1 %, of heavier tails 2 %


def quick_fit(text: str, *, n_planned: int = 5, signs: Mapping[str, int] | None = None, **settings: Any) -> bcx.Fit:
    model = bcx.parse_model(text)
    rows = bcx.simulate(model, organizations=2, n_obs=60, random_seed=3).rows
    evidence = bcx.Evidence.from_parts(
        {str(name): part.drop(columns="organization") for name, part in rows.groupby("organization")},
        n_planned=n_planned, signs=signs,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return bcx.fit(model, evidence, random_seed=1, progressbar=False, draws=20, tune=100, chains=2, **settings)


def organizations(
    rng: np.random.Generator, count: int, *, sign: int = 0, pooling: str = "partial"
) -> tuple[Floats, Floats]:
    """Standardized path of y ~ x at the centre (draw,) and in organizations of one population (draw, count)."""

    def parameter(mean: float, sd: float, tau: float) -> Floats:
        """Centre first, then the organizations, (draw, 1 + count)."""
        mu = rng.normal(mean, sd, (DRAWS, 1))
        if tau == 0.2 and pooling == "none":
            return rng.normal(mean, sd, (DRAWS, 1 + count))
        if tau == 0.2 and sign:
            mu = sign * np.abs(mu)
        if tau == 0.2 and pooling == "full":
            return np.repeat(mu, 1 + count, axis=1)
        spread = np.abs(rng.normal(0.0, tau, (DRAWS, 1)))
        return np.hstack([mu, mu + spread * rng.standard_normal((DRAWS, count))])

    b, y, x = parameter(0.0, 1.0, 0.2), np.exp(parameter(-0.5, 1.0, 0.3)), np.exp(parameter(0.0, 1.0, 0.3000001))
    standardized = b * x / np.sqrt((b * x) ** 2 + y**2)
    return standardized[:, 0], standardized[:, 1:]


@pytest.mark.parametrize(
    ("sign", "pooling"), [(0, "partial"), (1, "partial"), (-1, "partial"), (0, "full"), (1, "full"), (0, "none")]
)
def test_the_sd_of_one_path_under_its_priors(sign: int, pooling: str) -> None:
    n_planned = 2 if pooling == "none" else 5
    signs = {"y~x": sign} if sign else None
    fit = quick_fit("y ~ x", n_planned=n_planned, signs=signs, pooling=pooling)
    centre, each = organizations(np.random.default_rng(8), n_planned, sign=sign, pooling=pooling)
    expected = {"organization": each[:, 0], "alone": each[:, 0], "average": each.mean(axis=1)}
    if pooling != "none":
        expected |= {"typical": centre, "new": each[:, 0]}
    for target, draws in expected.items():
        found = bcx.direct_effects(fit, target)  # type: ignore[arg-type]
        np.testing.assert_allclose(found["prior_sd"].values, draws.std(), rtol=CLOSE, err_msg=target)
        after = found.values.reshape(-1, *found.shape[2:]).var(axis=0, ddof=1)
        np.testing.assert_allclose(found["contraction"].values, 1 - after / found["prior_sd"].values ** 2, atol=1e-12)
        squared = bcx.r_squared(fit, target)  # type: ignore[arg-type]
        by_path = {"typical": centre**2, "average": (each**2).mean(axis=1)}.get(target, each[:, 0] ** 2)
        np.testing.assert_allclose(squared["prior_sd"].values, by_path.std(), rtol=CLOSE, err_msg=target)


def test_in_the_data_units_it_is_the_prior_in_these_units() -> None:
    fit = quick_fit("y ~ x")
    unit = fit.scale["y"] / fit.scale["x"]
    found = bcx.direct_effects(fit, "typical", standardized=False)
    np.testing.assert_allclose(found["prior_sd"], unit, rtol=CLOSE)  # Normal(0, 1) on the common scale
    found = bcx.direct_effects(fit, "average", standardized=False)
    np.testing.assert_allclose(found["prior_sd"], unit * np.sqrt(1 + 0.2**2 / 5), rtol=CLOSE)


@pytest.mark.parametrize("target", ["organization", "typical", "average", "new"])
def test_every_estimand_has_it_along_its_own_dimensions(example_fit: bcx.Fit, target: Any) -> None:
    answers = [
        bcx.direct_effects(example_fit, target),
        bcx.total_effects(example_fit, target),
        bcx.indirect_effects(example_fit, target),
        bcx.route_effects(example_fit, "satisfaction", "loyalty", target),
        bcx.mediated_share(example_fit, target),
        bcx.r_squared(example_fit, target),
    ]
    for answer in answers:
        assert answer["contraction"].dims == answer.dims[2:]
        assert answer["prior_sd"].dims == answer.dims[2:]
    for answer in (*answers[:2], answers[-1]):  # 600 respondents: hardly anything is left of the prior's variance
        kept = answer["has_route"] if "has_route" in answer.coords else True
        assert (answer["contraction"].where(kept, 1.0) > 0.75).all()


def test_the_parts_of_a_total_effect_have_its_prior(example_fit: bcx.Fit) -> None:
    """The only route: a product of paths, which is also the indirect effect."""
    pair = {"cause": "satisfaction", "outcome": "loyalty"}
    indirect = bcx.indirect_effects(example_fit, "typical").sel(pair)
    route = bcx.route_effects(example_fit, "satisfaction", "loyalty", "typical").sel(
        route="satisfaction -> trust -> loyalty"
    )
    assert indirect["prior_sd"].item() == pytest.approx(route["prior_sd"].item())


def test_where_nothing_varies_nothing_is_told() -> None:
    assert np.isnan(bcx.direct_effects(quick_fit("y ~ 0.5*x"), "average", standardized=False)["contraction"]).all()


def test_a_ratio_whose_denominator_may_be_nothing_has_no_prior_variance(example_fit: bcx.Fit) -> None:
    share = bcx.mediated_share(example_fit, "typical").sel(cause="satisfaction", outcome="loyalty")
    assert np.isnan(share["contraction"])
    table = bcx.summarize(bcx.mediated_share(example_fit, "average"))
    assert not table["rests_on_prior"].any()


def test_a_share_of_paths_of_known_signs_has_one() -> None:
    fit = quick_fit("m ~ x; y ~ m + x", signs={"m~x": 1, "y~m": 1, "y~x": 1})
    share = bcx.mediated_share(fit, "typical").sel(cause="x", outcome="y")
    rng = np.random.default_rng(1)
    a, b, c = np.abs(rng.standard_normal((3, DRAWS)))
    assert share["prior_sd"].item() == pytest.approx((a * b / (a * b + c)).std(), rel=CLOSE)


def test_a_prior_without_a_variance() -> None:
    priors = bcx.Priors().replace({"y~x": bcx.Prior("Cauchy", beta=1.0)})
    fit = quick_fit("y ~ x", priors=priors)
    assert np.isnan(bcx.direct_effects(fit, "typical", standardized=False)["contraction"]).all()
    standardized = bcx.direct_effects(fit, "typical")  # which lies between -1 and 1, whatever the prior
    assert (standardized["prior_sd"] > 0.5).all()


@pytest.mark.parametrize("name", ["second order, marker", "three causes, two of them apart"])
def test_other_models(name: str) -> None:
    for target in ("organization", "typical", "average", "new"):
        assert np.isfinite(bcx.total_effects(fit_of(name), target)["contraction"]).all()


@pytest.mark.parametrize("target", ["organization", "typical", "average", "new"])
def test_loadings_that_average_1_have_no_prior_of_their_own(target: Any) -> None:
    effects = bcx.total_effects(fit_of("second order"), target)["contraction"]
    assert np.isnan(effects.sel(outcome=["f", "g", "h"])).all()
    assert np.isfinite(effects.sel(outcome="y")).all()


def test_declared_and_assumed_signs(figures_fit: bcx.Fit, mixed_fit: bcx.Fit, example_fit: bcx.Fit) -> None:
    assert assumed_signs(figures_fit) == {"trust~satisfaction": 1, "loyalty~trust": 1, "loyalty~satisfaction": 1}
    assert assumed_signs(mixed_fit) == {"loyalty~satisfaction": 1}
    assert assumed_signs(example_fit) == {}


def test_where_only_figures_speak_the_common_scale_belongs_to_the_prior(figures_fit: bcx.Fit) -> None:
    """Every draw of three constructs, weighted by how well the variances of two organizations keep to 1."""
    rng = np.random.default_rng(2)
    n = 1_000_000

    def parameter(mean: float, tau: float, *, positive: bool = False) -> Floats:
        mu = rng.normal(mean, 1.0, n)
        mu = np.abs(mu) if positive else mu
        return np.stack([mu, *(mu + np.abs(rng.normal(0.0, tau, n)) * rng.standard_normal((2, n)))])

    a, b, c = (parameter(0.0, 0.2, positive=True) for _ in range(3))  # trust~satisfaction, loyalty~trust, ~satisfaction
    sd_x, sd_m, sd_y = (np.exp(parameter(mean, 0.3)) for mean in (0.0, -0.5, -0.5))
    x = sd_x**2
    m = a**2 * x + sd_m**2
    y = b**2 * m + c**2 * x + 2 * b * c * a * x + sd_y**2
    off = sum((np.log(variance[1:].mean(axis=0)) / 0.25) ** 2 for variance in (x, m, y))
    weight = np.exp(-0.5 * off)

    def spread(values: Floats) -> float:
        mean = np.average(values, weights=weight)
        return float(np.sqrt(np.average((values - mean) ** 2, weights=weight)))

    standardized = {"trust~satisfaction": a * np.sqrt(x / m), "loyalty~trust": b * np.sqrt(m / y)}
    for target, place in (("typical", 0), ("new", 1)):
        found = bcx.direct_effects(figures_fit, target)["prior_sd"]  # type: ignore[arg-type]
        for path, values in standardized.items():
            assert found.sel(path=path).item() == pytest.approx(spread(values[place]), rel=0.1)


def test_a_prior_on_the_declared_side_stays_as_it_is() -> None:
    priors = bcx.Priors().replace({"y~x": bcx.Prior("HalfNormal", sigma=1.0)})
    fit = quick_fit("y ~ x", signs={"y~x": 1}, priors=priors)
    expected = np.sqrt(1 - 2 / np.pi)
    found = bcx.direct_effects(fit, "typical", standardized=False)
    np.testing.assert_allclose(found["prior_sd"], expected * fit.scale["y"] / fit.scale["x"], rtol=CLOSE)


def test_it_is_the_same_every_time(example_fit: bcx.Fit, tmp_path: Path) -> None:
    again = bcx.load_fit(example_fit.save(tmp_path / "fit.nc"))
    one, other = (bcx.direct_effects(fit, "average")["prior_sd"] for fit in (example_fit, again))
    np.testing.assert_array_equal(one, other)
