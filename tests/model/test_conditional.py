"""Models with coded terms condition on exogenous variables: their density, and what singular ones leave to be told."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import bayescx as bcx
from bayescx.errors import EvidenceError, ModelError
from bayescx.kernel.posterior import expand, log_density
from bayescx.model.arrays import Arrays
from bayescx.model.build import open_model
from bayescx.model.layout import Layout
from bayescx.model.prepare import Prepared, prepare
from bayescx.model.start import find_start
from tests.model.test_build import dense, from_kernel, pymc_log_density

Floats = NDArray[np.float64]

TEXTS = {
    "both sides, a control": "y ~ below(x, 0) + above(x, 0) + fixed(z)",
    "levels": "y ~ category(kind, a, b, c) + z",
    "a mediator": "m ~ below(x, 0) + above(x, 0) + z; y ~ m + category(kind, a, b, c)",
    "outcomes that covary": "y ~ below(x, 0) + z; m ~ above(x, 0) + z; y ~~ m",
    "an outcome with items": "f =~ y + m + w; f ~ below(x, 0) + above(x, 0) + fixed(z)",
    "pooled levels": "y ~ pool(category(kind, a, b, c)) + fixed(below(x, 0))",
}


def rows(n_org: int = 3, n_obs: int = 60, seed: int = 1) -> pd.DataFrame:
    """Organizations of which the first lacks level b, and the second the reference."""
    rng = np.random.default_rng(seed)
    frames = []
    for j in range(n_org):
        x, z = rng.standard_normal((2, n_obs))
        kind = rng.choice([["a", "c"], ["b", "c"], ["a", "b", "c"]][min(j, 2)], n_obs)
        m = 0.5 * np.minimum(x, 0) + 0.1 * np.maximum(x, 0) + 0.3 * z + rng.standard_normal(n_obs)
        y = 3.0 * (0.4 * m + 0.5 * (kind == "b") + rng.standard_normal(n_obs))
        w = 0.5 * m + 0.3 * y + rng.standard_normal(n_obs)
        frames.append(pd.DataFrame({"o": f"o{j}", "x": x, "z": z, "kind": kind, "m": m, "y": y, "w": w}))
    return pd.concat(frames, ignore_index=True)


def prepared(text: str, **options: object) -> Prepared:
    return prepare(bcx.parse_model(text), bcx.Evidence.from_rows(rows(), organization="o"), **options)  # type: ignore[arg-type]


def point(arrays: Arrays, x: Floats) -> tuple[Floats, dict[int, float], dict[int, float]]:
    """Components (J, C), population means and SDs at free parameters x."""
    layout, n_org = arrays.layout, len(arrays.sample.n_obs)
    n_shared, n_pop = len(arrays.shared), len(arrays.population)
    out = expand(x, arrays.n_expanded, arrays.records)
    u = np.empty((n_org, len(layout.components)))
    u[:, list(arrays.shared)] = out[:n_shared]
    u[:, list(arrays.own)] = out[n_shared + 2 * n_pop :].reshape(n_org, -1)
    mu = dict(zip(arrays.population, out[n_shared : n_shared + n_pop].tolist(), strict=True))
    tau = dict(zip(arrays.population, out[n_shared + n_pop : n_shared + 2 * n_pop].tolist(), strict=True))
    return u, mu, tau


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_kernel_and_open_model_are_the_posterior_written_out(text: str) -> None:
    """Up to the part of exogenous variables, which has no parameters: so between two points."""
    at = prepared(text)
    arrays = find_start(Arrays.of(at.layout, at.sample, at.priors)).arrays
    model = open_model(at, "centered")
    rng = np.random.default_rng(3)
    off = []
    for _ in range(2):
        x = 0.3 * rng.standard_normal(arrays.n_dim)
        at_x, jacobian = from_kernel(arrays, x)
        assert pymc_log_density(model, at, at_x) == pytest.approx(dense(at, at_x), rel=0, abs=1e-8)
        off.append(log_density(x, arrays.records)[0] - jacobian - dense(at, at_x))
    assert off[1] - off[0] == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_gradient_is_that_of_differences(text: str) -> None:
    at = prepared(text)
    arrays = find_start(Arrays.of(at.layout, at.sample, at.priors)).arrays
    x = 0.3 * np.random.default_rng(3).standard_normal(arrays.n_dim)
    step = 1e-5
    slopes = [
        (log_density(x + move, arrays.records)[0] - log_density(x - move, arrays.records)[0]) / (2 * step)
        for move in step * np.eye(arrays.n_dim)
    ]
    np.testing.assert_allclose(log_density(x, arrays.records)[1], slopes, rtol=1e-5, atol=1e-4)


def test_the_likelihood_of_an_equation_is_that_of_its_regression() -> None:
    """Row by row, with the intercept integrated out under a flat prior."""
    at = prepared("y ~ below(x, 0) + above(x, 0) + category(kind, a, b, c)", pooling="full", scale=False)
    arrays = Arrays.of(at.layout, at.sample, at.priors)
    data = rows()
    dummies = [(data["kind"] == level).astype(float) for level in "bc"]
    design = np.column_stack([np.minimum(data["x"], 0), np.maximum(data["x"], 0), *dummies])
    values = []
    rng = np.random.default_rng(5)
    for _ in range(2):
        x = 0.2 * rng.standard_normal(arrays.n_dim)
        u, _, _ = point(arrays, x)
        total = 0.0
        for j, organization in enumerate(data["o"].unique()):
            own = (data["o"] == organization).to_numpy()
            slopes = [u[j, e.component] for e in sorted(at.layout.paths, key=lambda e: e.column)]
            order = [at.layout.constructs[e.column] for e in sorted(at.layout.paths, key=lambda e: e.column)]
            assert order == ["below(x, 0)", "above(x, 0)", "kind[b]", "kind[c]"]
            left = data["y"][own] - design[own] @ slopes
            left = left - left.mean()
            sd = np.exp(u[j, at.layout.psi[-1].component])
            total += -(own.sum() - 1) * np.log(sd) - 0.5 * (left**2).sum() / sd**2
        blank = Arrays.of(at.layout, at.sample.__class__(np.ones_like(at.sample.n_obs), at.sample.cov), at.priors)
        values.append((log_density(x, arrays.records)[0] - log_density(x, blank.records)[0], total))
    assert values[1][0] - values[0][0] == pytest.approx(values[1][1] - values[0][1], abs=1e-8)


def test_the_open_model_is_the_same() -> None:
    at = prepared("m ~ below(x, 0) + above(x, 0) + fixed(z); y ~ m + category(kind, a, b, c)")
    model = open_model(at, "centered")
    assert {"gamma", "beta_mu"} <= {variable.name for variable in model.free_RVs}
    assert "log_exogenous_sd_mu" not in {variable.name for variable in model.free_RVs}
    assert list(model.coords["control"]) == ["m~z", "y~kind[b]", "y~kind[c]"]


def test_organizations_without_a_level_leave_it_to_the_others() -> None:
    evidence = bcx.Evidence.from_rows(rows(4, 200), organization="o")
    model = bcx.parse_model("y ~ category(kind, a, b, c) + z")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)
        fit = bcx.fit(model, evidence, random_seed=1, progressbar=False, draws=500, tune=500, chains=2)
    assert fit.evidence.empty == {"o0": ("kind[b]",)}
    effects = bcx.direct_effects(fit, "typical", standardized=False).mean(("chain", "draw"))
    assert float(effects.sel(path="y~kind[b]")) == pytest.approx(1.5, abs=0.5)
    standardized = bcx.direct_effects(fit).sel(organization="o0", path="y~kind[b]")
    assert float(abs(standardized).max()) == 0.0  # nobody has it, so it moves nobody


def test_one_organization_gives_least_squares() -> None:
    data = rows(3, 400).query("o == 'o2'")
    text = "y ~ below(x, 0) + above(x, 0) + fixed(z) + category(kind, a, b, c)"
    wide = bcx.Priors(path_mean=bcx.Prior("Normal", mu=0, sigma=100), residual=bcx.Prior("Normal", mu=0, sigma=100))
    evidence = bcx.Evidence.from_rows(data, organization="o")
    fit = bcx.fit(bcx.parse_model(text), evidence, wide, pooling="none", random_seed=1, progressbar=False)
    dummies = [(data["kind"] == level).astype(float) for level in "bc"]
    design = np.column_stack(
        [np.minimum(data["x"], 0), np.maximum(data["x"], 0), data["z"], *dummies, np.ones(len(data))]
    )
    inverse = np.linalg.inv(design.T @ design)
    estimate = inverse @ design.T @ data["y"]
    left = data["y"] - design @ estimate
    error = np.sqrt(np.diagonal(inverse) * (left**2).sum() / (len(data) - design.shape[1]))
    draws = bcx.direct_effects(fit, standardized=False).sel(organization="o2")
    names = ["y~below(x, 0)", "y~above(x, 0)", "y~z", "y~kind[b]", "y~kind[c]"]
    for name, value, se in zip(names, estimate, error, strict=False):
        own = draws.sel(path=name)
        assert float(own.mean()) == pytest.approx(value, abs=0.1 * se)
        assert float(own.std()) == pytest.approx(se, rel=0.1)


def test_both_sides_of_a_knot_have_the_scale_of_their_variable() -> None:
    at = prepared("y ~ below(x, 0) + above(x, 0) + above(z, 0)")
    data = rows()
    within = data["x"] - data.groupby("o")["x"].transform("mean")
    sd = np.sqrt((within**2).sum() / (len(data) - 3))
    assert at.layout.scale["below(x, 0)"] == pytest.approx(sd)
    assert at.layout.scale["above(x, 0)"] == pytest.approx(sd)
    assert at.layout.scale["above(z, 0)"] < 0.8  # the other side is not in the model, so its own


def test_controls_are_shared_unless_they_are_pooled() -> None:
    text = "y ~ below(x, 0) + fixed(z) + category(kind, a, b, c) + pool(category(part, p, q))"
    layout = Layout.of(bcx.parse_model(text))
    assert [layout.components[c].name for c in layout.of_block("controls")] == ["y~z", "y~kind[b]", "y~kind[c]"]
    assert [layout.components[c].name for c in layout.of_block("paths")] == ["y~below(x, 0)", "y~part[q]"]
    assert not layout.of_block("exogenous")
    assert set(np.array(layout.kinds)[layout.of_block("controls")]) == {"full"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("f =~ y + m + w; y2 ~ f + below(x, 0)", "exogenous factor 'f': the model has coded terms such as below"),
        ("y ~ below(x, 0) + z; z ~~ 2*z", "line 1: z~~z has no parameter, because the model has coded terms"),
        ("y ~ below(x, 0) + z + v; z ~~ 0*v", "line 1: z~~v has no parameter, because the model has coded terms"),
    ],
)
def test_what_needs_a_distribution_of_exogenous_variables_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ModelError, match=problem):
        Layout.of(bcx.parse_model(text))


def test_published_figures_are_no_evidence_for_such_a_model() -> None:
    """And figures of organizations without data cannot be compared either, so the advice is another one."""
    model = bcx.parse_model("y ~ below(x, 0) + above(x, 0)")

    def refused(use: str) -> str:
        figure = bcx.Published(statistic="r_squared", outcome="y", value=0.5, organizations=["p"], n_obs=100, use=use)
        with pytest.raises(EvidenceError) as error:
            prepare(model, bcx.Evidence.from_rows(rows(), organization="o", published=[figure]))
        return str(error.value)

    said = refused("evidence")
    assert "published figures cannot be evidence for a model with coded terms" in said
    assert "r_squared y (p); leave it out: nothing could be compared" in said
    assert 'use = "check"' not in said
    assert "p is known by published figures only, and the model has coded terms" in refused("check")
    assert "leave these figures out" in refused("check")


def test_own_estimates_start_from_what_data_tell() -> None:
    at = prepared("y ~ below(x, 0) + above(x, 0) + fixed(z)")
    start = find_start(Arrays.of(at.layout, at.sample, at.priors))
    assert np.isfinite(log_density(start.draw(1), start.arrays.records)[0])


@pytest.mark.parametrize(
    ("lost", "problem"),
    [
        ("column", "o1 lacks z, and the model has coded terms such as below"),
        ("cell", "o1 has respondents with missing answers, and the model has coded terms"),
    ],
)
def test_organizations_that_lack_answers_are_refused(lost: str, problem: str) -> None:
    """Nothing says how a lacking exogenous variable would be distributed."""
    model = bcx.parse_model("y ~ below(x, 0) + above(x, 0) + z")
    tables = {str(name): own for name, own in rows().groupby("o")}
    part = tables["o1"]
    tables["o1"] = part.drop(columns="z") if lost == "column" else part.assign(z=part["z"].where(part["x"] < 1))
    evidence = bcx.Evidence.from_parts(tables)
    with pytest.raises(EvidenceError, match=problem if lost == "column" else "missing"):
        prepare(model, evidence)
    coded = {
        name: own.assign(**{"below(x, 0)": own["x"].clip(upper=0), "above(x, 0)": own["x"].clip(lower=0)})
        for name, own in tables.items()
    }
    matched = bcx.Evidence.from_parts(coded).matched(model.observed)  # by someone who did not say that these are coded
    with pytest.raises(EvidenceError, match=problem):
        prepare(model, matched)
