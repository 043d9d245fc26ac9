"""The compiled density is the log posterior written out, Jacobians included, and its gradient is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bayescx.errors import PriorError
from bayescx.kernel import problem
from bayescx.kernel.posterior import expand, log_density
from bayescx.model.arrays import Arrays, Sample, Told
from bayescx.model.layout import Layout
from bayescx.model.start import find_start
from bayescx.model.structure import route_of
from bayescx.priors import Prior, Priors
from bayescx.spec import parse_model
from tests.model.dense import dense_log_posterior, random_moments

Floats = NDArray[np.float64]

F, G, H = "f =~ x1 + x2 + x3; ", "g =~ x4 + x5 + x6; ", "h =~ x7 + x8 + x9; "
MODELS = {
    "one path": "y ~ x",
    "mediation": "m ~ x; y ~ m + x",
    "three causes, two apart": "m ~ x1 + x2 + x3; y ~ m + x1; x1 ~~ 0*x3",
    "causes without covariance": "y ~ x1 + x2; x1 ~~ 0*x2",
    "equal and fixed paths, a fixed variance": "m ~ a*x + w; y ~ a*m + 0.5*x; y ~~ 0.7*y",
    "a variance shared": "m ~ x; y ~ m; m ~~ v*m; y ~~ v*y",
    "factors": F + G + H + "h ~ f + g",
    "factors in a row, equal paths": F + G + H + "g ~ b*f; h ~ b*g + f; x1 ~~ v*x1; x5 ~~ v*x5",
    "one factor": F,
    "cross-loading": F + "g =~ x4 + x5 + x6 + x1; g ~ f",
    "equal loadings over factors": "f =~ x1 + a*x2 + a*x3; g =~ x4 + b*x5 + a*x6; g ~ f",
    "fixed variance of a factor": "f =~ NA*x1 + x2 + x3; f ~~ 1*f; " + G + "g ~ f; x5 ~~ 0.3*x5",
    "items that covary": "f =~ x1 + a*x2 + a*x3; " + G + "g ~ f; x1 ~~ x4; x2 ~~ x4 + x5",
    "outcomes that covary": "m1 ~ a*x1 + x2; m2 ~ a*x1; m3 ~ 0.5*x2; m1 ~~ m2; m2 ~~ m3; m1 ~~ v*m1; m3 ~~ v*m3",
    "mixed": F + "y ~ f + z; w ~ f; y ~~ w; k =~ q; k ~ w",
    "second order": F + G + H + "s =~ f + g + h; y ~ s",
    "reversed items": "f =~ x1 + x2 + upper(0)*x3; g =~ x4 + l*upper(0)*x5 + l*upper(0)*x6; g ~ f",
    "reversed for one factor only": F + "g =~ x4 + x5 + x6 + upper(0)*x1; g ~ f; x2 ~~ x4",
    "a reversed factor": F + G + H + "s =~ f + g + upper(0)*h; y ~ s",
    "moderated": "m ~ pool(x, size); y ~ pool(m, size, category(kind, a, b, c)) + x",
    "moderated factors": F + G + "g ~ pool(f, size)",
}
POOLINGS: dict[str, str | dict[str, str]] = {
    "partial": "partial",
    "none": dict.fromkeys(("paths", "residuals", "exogenous", "covariances"), "none"),
    "full": dict.fromkeys(("paths", "residuals", "exogenous", "covariances"), "full"),
    "mixed": {"paths": "partial", "residuals": "none", "exogenous": "full", "covariances": "partial"},
    "loadings pooled": {"loadings": "partial"},
    "loadings apart": {"paths": "partial", "loadings": "none"},
    "paths apart": {"paths": "none", "residuals": "partial", "exogenous": "partial", "covariances": "full"},
}
PRIORS = {
    "default": Priors(),
    "heavy": Priors(
        path_mean=Prior("StudentT", nu=3),
        path_sd=Prior("HalfCauchy", beta=1),
        loading=Prior("Cauchy", alpha=1, beta=0.4),
        residual=Prior("Laplace", b=0.7),
        residual_sd=Prior("Gamma", alpha=2, beta=3),
        exogenous=Prior("Logistic", mu=0.5, s=0.3),
        exogenous_sd=Prior("Exponential", lam=2),
        correlation_sd=Prior("HalfStudentT", nu=4, sigma=0.3),
    ),
    "other": Priors(
        path_sd=Prior("InverseGamma", alpha=3, beta=0.5),
        residual_sd=Prior("LogNormal", mu=-1),
        exogenous_sd=Prior("HalfNormal", sigma=2),
        correlation_sd=Prior("LogNormal", mu=-2, sigma=0.5),
    ),
}
# every model with every pooling; priors take turns
MATRIX = [
    (model, pooling, list(PRIORS)[(i + k) % len(PRIORS)], identification)
    for i, model in enumerate(MODELS)
    for k, pooling in enumerate(POOLINGS)
    for identification in [("mean", "marker")[(i + k) % 2 or pooling == "loadings apart"]]
    if not ("equal loadings" in model and identification == "marker")  # its equal ones must be fixed too
    and not (pooling.startswith("loadings") and "=~" not in MODELS[model])
    and not ("moderated" in model and pooling not in ("partial", "mixed", "loadings pooled"))
]


def arrays_of(text: str, pooling: str, priors: str, identification: str, n_org: int = 3) -> Arrays:
    model = parse_model(text)
    unit = {name: 1 + 0.3 * i for i, name in enumerate(model.observed)}
    layout = Layout.of(model, unit, POOLINGS[pooling], identification)
    sample = random_moments(np.random.default_rng(1), n_org, len(layout.variables))
    if model.attributes:
        sample = replace(sample, attributes=np.random.default_rng(9).normal(size=(n_org, len(model.attributes))))
    return Arrays.of(layout, sample, PRIORS[priors])


def steered_at_random(arrays: Arrays, seed: int) -> Arrays:
    """Any steering gives the same posterior, so any will do for a test."""
    rng = np.random.default_rng(seed)
    n_org, n_own = len(arrays.sample.n_obs), len(arrays.own)
    blocks = []
    for block in arrays.blocks:
        if len(block) > 1:
            a = rng.normal(size=(n_org, len(block), len(block) + 2))
            blocks.append((a @ a.transpose(0, 2, 1)).reshape(n_org, -1))
    steering = problem.Steering(
        information=rng.normal(size=(n_org, n_own)),
        scalar=rng.uniform(0, 30, size=(n_org, n_own)),
        block=np.concatenate(blocks, axis=1) if blocks else np.zeros((n_org, 1)),
    )
    n_z, n_pop = arrays.n_shared_free, len(arrays.population)
    return replace(
        arrays,
        steering=steering,
        shared_steering=(0.2 * rng.normal(size=n_z), np.tril(rng.uniform(0.3, 0.8, size=(n_z, n_z)))),
        told=random_told(rng, n_pop, n_org),
    )


def random_told(rng: np.random.Generator, n_pop: int, n_org: int) -> Told:
    """No, one, two or three estimates for each population mean."""
    counts = rng.integers(0, 4, size=n_pop)
    return Told(
        0.2 * rng.normal(size=n_pop),
        rng.uniform(0.3, 2.0, size=n_pop),
        tuple(rng.normal(size=count) for count in counts),
        tuple(rng.uniform(0.01, 0.5, size=count) for count in counts),
        tuple(rng.permutation(n_org)[:count] for count in counts),
    )


def written_out(arrays: Arrays, x: Floats) -> tuple[float, Floats]:
    """The log density at x, and x expanded: the definition of the free parameters, line by line."""
    layout, steering = arrays.layout, arrays.steering
    n_org, n_own, n_pop = len(arrays.sample.n_obs), len(arrays.own), len(arrays.population)
    offset, directions = arrays.shared_map
    n_z = directions.shape[1]
    z, mu, free, eps, gamma = np.split(x, np.cumsum([n_z, n_pop, n_pop, n_org * n_own]))
    eps, mu, gamma = eps.reshape(n_org, n_own), mu.copy(), gamma.copy()
    u = np.zeros((n_org, len(layout.components)))
    u[:, list(arrays.shared)] = offset + directions @ z
    tau = arrays.sd_scale * np.log(1 + np.exp(free))
    told = arrays.told or Told.nothing(n_pop)
    log_width = np.empty(n_pop)
    moved = np.zeros((n_org, len(layout.components)))
    for k, c in enumerate(arrays.population):
        mine = [g for g, one in enumerate(arrays.moderators) if one.component == c]
        columns = [arrays.moderators[g].column for g in mine]
        attributes = np.zeros((n_org, 0)) if arrays.sample.attributes is None else arrays.sample.attributes[:, columns]
        design = np.column_stack([np.ones(n_org), attributes])
        prior = [arrays.priors.moderator.parameters] * len(mine)
        centre = np.array([told.centre[k], *(p["mu"] for p in prior)])
        scale = np.array([told.scale[k], *(p["sigma"] for p in prior)])
        rows, weights = design[told.rows[k]], 1 / (tau[k] ** 2 + told.variances[k])
        precision = np.diag(scale**-2) + (rows.T * weights) @ rows
        best = np.linalg.solve(precision, centre / scale**2 + (rows.T * weights) @ told.estimates[k])
        inverse = np.linalg.inv(np.linalg.cholesky(precision))
        theta = best + inverse.T @ np.array([mu[k], *gamma[mine]])
        mu[k], gamma[mine] = theta[0], theta[1:]
        log_width[k] = np.log(np.diag(inverse)).sum()
        moved[:, c] = design[:, 1:] @ gamma[mine]
    log_jacobian = log_width.sum() + np.sum(np.log(arrays.sd_scale * np.exp(free) / (1 + np.exp(free))))
    if arrays.shared_steering is not None:
        log_jacobian += np.linalg.slogdet(arrays.shared_steering[1])[1]
    mu, log_density_of_gaps = tied(arrays, mu, told)
    mean = dict(zip(arrays.population, mu, strict=True))
    sd = dict(zip(arrays.population, tau, strict=True))
    steer = arrays.pooling_arrays
    for j in range(n_org):
        first = start = 0
        for block in arrays.blocks:
            size = len(block)
            own = range(first, first + size)
            centre = np.array([mean.get(c, steer.fixed_mean[o]) for c, o in zip(block, own, strict=True)])
            centre += moved[j, list(block)]
            spread = np.array([sd.get(c, steer.fixed_sd[o]) for c, o in zip(block, own, strict=True)])
            precision = np.diag(1 / spread**2)
            if size > 1:
                information = steering.block[j, start : start + size**2].reshape(size, size)
                start += size**2
            else:
                information = steering.scalar[j, [first]].reshape(1, 1)
            total = precision + information
            lower = np.linalg.cholesky(total)
            centre = np.linalg.solve(total, precision @ centre + steering.information[j, list(own)])
            u[j, list(block)] = centre + np.linalg.inv(lower).T @ eps[j, list(own)]
            log_jacobian -= np.log(np.diag(lower)).sum()
            first += size
    expanded = np.concatenate([u[0, list(arrays.shared)], mu, tau, u[:, list(arrays.own)].ravel(), gamma])
    by_name = {one.name: gamma[g] for g, one in enumerate(arrays.moderators)}
    log_p = dense_log_posterior(layout, arrays.sample, arrays.priors, u, mean, sd, by_name)
    return log_p + log_jacobian + log_density_of_gaps, expanded


def tied(arrays: Arrays, mu: Floats, told: Told) -> tuple[Floats, float]:
    """Means of loadings that average 1: the nearest ones that do; how far they were off is Normal, without constant."""
    if arrays.layout.pooling["loadings"] != "partial":
        return mu, 0.0
    rows, counts = [], []
    for factor in arrays.layout.averages:
        row = np.zeros(len(mu))
        for entry in factor:
            row[arrays.population.index(entry.component)] += entry.value
        rows.append(row)
        counts.append(len(factor))
    if not rows:
        return mu, 0.0
    total = np.array(rows)
    gap = total @ mu - counts
    nearest = mu - np.linalg.lstsq(total, gap)[0]
    np.testing.assert_allclose(total @ nearest, counts)
    return nearest, -0.5 * float(((gap / told.tie_scale(total, arrays.sd_scale)) ** 2).sum())


def test_the_cases_take_every_route() -> None:
    routes = {route_of(Layout.of(parse_model(text))) for text in MODELS.values()}
    assert routes == {problem.OBSERVED, problem.LATENT, problem.GENERAL}


@pytest.mark.parametrize(("model", "pooling", "priors", "identification"), MATRIX)
def test_density_is_the_one_written_out(model: str, pooling: str, priors: str, identification: str) -> None:
    arrays = steered_at_random(arrays_of(MODELS[model], pooling, priors, identification), seed=2)
    rng = np.random.default_rng(3)
    for _ in range(3):
        x = 0.3 * rng.standard_normal(arrays.n_dim)
        expected, expanded = written_out(arrays, x)
        assert np.isfinite(expected)
        assert log_density(x, arrays.records)[0] == pytest.approx(expected, rel=0, abs=1e-8)
        np.testing.assert_allclose(expand(x, arrays.n_expanded, arrays.records), expanded, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("model", "pooling", "priors", "identification"), MATRIX)
def test_gradient_is_that_of_finite_differences(model: str, pooling: str, priors: str, identification: str) -> None:
    arrays = steered_at_random(arrays_of(MODELS[model], pooling, priors, identification), seed=4)
    x = 0.3 * np.random.default_rng(5).standard_normal(arrays.n_dim)
    gradient = log_density(x, arrays.records)[1]
    differences = np.array([slope(arrays, x, i) for i in range(x.size)])
    assert np.max(np.abs(differences - gradient) / (1 + np.abs(gradient))) < 1e-6


def slope(arrays: Arrays, x: Floats, i: int, h: float = 1e-3) -> float:
    def at(step: float) -> float:
        moved = x.copy()
        moved[i] += step
        return log_density(moved, arrays.records)[0]

    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


@pytest.mark.parametrize("model", ["mediation", "factors", "mixed", "moderated"])
def test_steering_by_the_data_is_as_exact(model: str) -> None:
    """The steering that sampling uses: density and gradient far from where it was made."""
    arrays = find_start(arrays_of(MODELS[model], "partial", "default", "mean")).arrays
    assert np.abs(arrays.steering.information).max() > 1
    for scale in (0.1, 1.0):
        x = scale * np.random.default_rng(6).standard_normal(arrays.n_dim)
        assert log_density(x, arrays.records)[0] == pytest.approx(written_out(arrays, x)[0], rel=1e-11, abs=1e-8)
        gradient = log_density(x, arrays.records)[1]
        differences = np.array([slope(arrays, x, i, 1e-4) for i in range(x.size)])
        assert np.max(np.abs(differences - gradient) / (1 + np.abs(gradient))) < 1e-5


def test_without_steering_components_are_mean_plus_sd_times_eps() -> None:
    arrays = arrays_of(MODELS["mediation"], "partial", "default", "mean")
    x = 0.3 * np.random.default_rng(7).standard_normal(arrays.n_dim)
    n_pop, n_own = len(arrays.population), len(arrays.own)
    expanded = expand(x, arrays.n_expanded, arrays.records)
    mu, tau, own = expanded[:n_pop], expanded[n_pop : 2 * n_pop], expanded[2 * n_pop :].reshape(-1, n_own)
    eps = x[2 * n_pop :].reshape(-1, n_own)
    np.testing.assert_allclose(mu, x[:n_pop])
    np.testing.assert_allclose(own, mu + tau * eps, rtol=1e-12)
    assert arrays.population == arrays.own


def test_an_organization_more_is_a_term_more() -> None:
    """Without pooling the density of three organizations is the sum of three densities."""
    three = arrays_of(MODELS["factors"], "none", "default", "mean")
    n_z, n_own = three.n_shared_free, len(three.own)
    x = 0.3 * np.random.default_rng(8).standard_normal(three.n_dim)
    together = log_density(x, three.records)[0]
    apart = 0.0
    for j in range(3):
        sample = Sample(three.sample.n_obs[[j]], three.sample.cov[[j]])
        one = Arrays.of(three.layout, sample, three.priors)
        mine = np.concatenate([x[:n_z], x[n_z + j * n_own : n_z + (j + 1) * n_own]])
        apart += log_density(mine, one.records)[0]
    # the prior of the shared loadings is in each of the three
    loadings = expand(x, three.n_expanded, three.records)[: len(three.shared)]
    prior = -0.5 * ((loadings - 1) / 0.5) ** 2 - np.log(0.5) - 0.5 * np.log(2 * np.pi)
    assert together == pytest.approx(apart - 2 * prior.sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("y ~ x1 + x2 + x3; x2 ~~ 0*x3", "x1~~x2", "x1~~x3"),
        (F + G + H + "k =~ y1 + y2 + y3; k ~ f + g + h; g ~~ 0*h", "f~~g", "f~~h"),
        ("m1 ~ x; m2 ~ x; m3 ~ x; m1 ~~ m2 + m3", "m1~~m2", "m1~~m3"),
    ],
    ids=["observed", "latent", "general"],
)
def test_zeros_that_cannot_be_met_have_density_zero(text: str, one: str, other: str) -> None:
    """Two variables that nearly are a third one cannot be uncorrelated."""
    arrays = arrays_of(text, "full", "default", "mean")
    free = [int(np.argmax(arrays.shared_map[1][i])) for i in named(arrays, one, other)]
    x = np.zeros(arrays.n_dim)
    assert np.isfinite(log_density(x, arrays.records)[0])
    x[free] = 2.0
    assert log_density(x, arrays.records)[0] == -np.inf


def named(arrays: Arrays, *names: str) -> list[int]:
    """Positions among the shared components."""
    shared = [arrays.layout.components[c].name for c in arrays.shared]
    return [shared.index(name) for name in names]


@pytest.mark.parametrize("far", [50.0, 800.0, -800.0])
def test_far_away_there_is_no_nan(far: float) -> None:
    for model in ("mediation", "factors", "mixed"):
        arrays = arrays_of(MODELS[model], "partial", "default", "mean")
        value, _ = log_density(np.full(arrays.n_dim, far), arrays.records)
        assert not np.isnan(value)
        assert value < 0


@pytest.mark.parametrize("field", ["residual", "exogenous", "correlation"])
def test_positive_priors_of_logarithms_are_refused(field: str) -> None:
    arrays = arrays_of(MODELS["factors"], "partial", "default", "mean")
    with pytest.raises(PriorError, match=r"it is the prior of the (log|Fisher z) .* which may be negative"):
        _ = replace(arrays, priors=Priors(**{field: Prior("HalfNormal")})).records


@pytest.mark.parametrize("field", ["path_mean", "loading"])
def test_positive_priors_of_free_values_are_left_to_pymc(field: str) -> None:
    arrays = arrays_of(MODELS["factors"], "partial", "default", "mean")
    with pytest.raises(PriorError, match='use engine="pymc"'):
        _ = replace(arrays, priors=Priors(**{field: Prior("HalfNormal")})).records


def test_priors_of_parameters_that_the_model_does_not_have_are_named() -> None:
    arrays = arrays_of("m ~ x; y ~ m", "partial", "default", "mean")
    priors = Priors().replace({"y~x": Prior("Normal"), "m~x": Prior("Normal", sigma=2)})
    with pytest.raises(PriorError, match=r"a prior is given for 'y~x', but the free parameters .* m~x, y~m"):
        _ = replace(arrays, priors=priors).records


def test_overrides_are_the_priors_of_their_parameters() -> None:
    """Two priors of one path: densities differ by the priors' densities, nothing else."""
    arrays = arrays_of("m ~ x; y ~ m", "partial", "default", "mean")
    other = replace(arrays, priors=Priors().replace({"y~m": Prior("Normal", mu=0.5, sigma=0.1)}))
    x = 0.3 * np.random.default_rng(9).standard_normal(arrays.n_dim)
    mu = x[[arrays.layout.components[c].name for c in arrays.population].index("y~m")]
    expected = (-0.5 * ((mu - 0.5) / 0.1) ** 2 - np.log(0.1)) - (-0.5 * mu**2)
    found = log_density(x, other.records)[0] - log_density(x, arrays.records)[0]
    assert found == pytest.approx(expected, abs=1e-9)
