"""Models met by published figures of every kind: what the tests of the densities run over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayescx.datasets import load_model
from bayescx.evidence import Evidence, Published, SampleMoments
from bayescx.model.averages import free_directions
from bayescx.model.prepare import Prepared, prepare
from bayescx.priors import Prior, Priors
from bayescx.spec import PathModel, parse_model
from tests.model.dense_figures import Point, Size

Floats = NDArray[np.float64]

SET = ("one", "two")
MEDIATION = "m ~ x; y ~ m + x"
FACTORS = "f =~ x1 + x2 + x3\n g =~ x4 + x5 + x6\n h =~ x7 + x8 + x9\n g ~ f\n h ~ f + g"


def figure(statistic: str, organizations: tuple[str, ...] = SET, **keys: Any) -> Published:
    default = {"n_obs": 600} | ({} if statistic == "ordering" else {"rounded_to": 0.05})
    return Published(statistic=statistic, organizations=organizations, **default | keys)


def of_value_creation(rule: str) -> list[Published]:
    """Every statistic and every reading; two samples of unknown size, and one of the second organization alone."""
    company = {"outcome": "loyalty", "cause": "satisfaction_company"}
    service = {"outcome": "loyalty", "cause": "satisfaction_cs"}
    loyal = {"outcome": "loyalty", "cause": "trust_company"}
    of_set = [
        figure("r_squared", outcome="trust_cs", value=0.75),
        figure("r_squared", outcome="connection_cs", value=0.3, n_obs=(200, 1000)),
        figure("r_squared", outcome="loyalty", value=0.7, n_obs=(200, 1000)),
        figure("path", outcome="trust_cs", cause="satisfaction_cs", value=0.85),
        figure("correlation", between=("loyalty", "trust_cs"), value=0.5),
        figure("total_effect", **service, value=0.6, n_obs=(300, 800)),
        figure(
            "path_ratio", outcome="loyalty", numerator=("trust_company", "connection_company"),
            denominator=("satisfaction_company",), value=4.0, rounded_to=1.0,
        ),
        figure(
            "path_ratio", outcome="trust_company", numerator=("trust_cs",), denominator=("satisfaction_company",),
            value=0.5, reading="mean",
        ),
        figure("share", **company, value=0.4, reading="mediated"),
        figure("share", **loyal, value=0.3, reading="coefficients"),
        figure("share", **loyal, value=0.3, reading="pratt"),
        figure("share", **service, value=0.5, reading="traceable", n_obs=(200, 1000)),
        figure("ordering", of="path", **loyal, among=("satisfaction_company", "connection_company")),
        figure("ordering", of="total_effect", **service, among=("trust_cs",)),
        figure("bound", of="r_squared", outcome="satisfaction_company", value=0.5, side="at_least"),
        figure("bound", of="share", **company, reading="mediated", value=0.6, side="at_most"),
    ]  # fmt: skip
    ruled = [Published.from_dict({**one.to_dict(), "rule": rule}) for one in of_set]
    return [*ruled, figure("r_squared", ("two",), outcome="connection_company", value=0.75)]


def moments(model: PathModel, n_obs: int, seed: int) -> SampleMoments:
    """Of positively related variables in units far from 1."""
    p = len(model.observed)
    rng = np.random.default_rng(seed)
    rows = (rng.standard_normal((n_obs, 1)) + rng.standard_normal((n_obs, p))) * (1 + 0.3 * np.arange(p))
    return SampleMoments(n_obs, None, pd.DataFrame(np.cov(rows.T), index=model.observed, columns=model.observed))


def rows_with_holes(model: PathModel, n_obs: int, seed: int) -> pd.DataFrame:
    p = len(model.observed)
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(rng.standard_normal((n_obs, 1)) + rng.standard_normal((n_obs, p)), columns=model.observed)
    return rows.mask(rng.uniform(size=rows.shape) < 0.15)


def correlations(model: PathModel, n_obs: int, seed: int, without: str = "") -> SampleMoments:
    cov = moments(model, n_obs, seed).cov
    kept = [name for name in model.observed if name != without]
    sd = np.sqrt(np.diag(cov))
    return SampleMoments(n_obs, None, (cov / np.outer(sd, sd)).loc[kept, kept], scale_free=True)


class Case(NamedTuple):
    model: Callable[[], PathModel]
    published: Callable[[], list[Published]]
    options: Mapping[str, Any] = MappingProxyType({})
    shared: Callable[[PathModel], Mapping[str, pd.DataFrame | SampleMoments]] = lambda model: {}
    signs: Mapping[str, int] = MappingProxyType({})
    priors: Priors = Priors()

    def prepared(self) -> Prepared:
        model = self.model()
        shared = self.shared(model)
        evidence = Evidence.from_parts(shared, published=self.published(), signs=self.signs)
        return prepare(model, evidence, self.priors, **self.options)


def _text(text: str) -> Callable[[], PathModel]:
    return lambda: parse_model(text)


def _value_creation() -> PathModel:
    return load_model("value_creation")


def _of_every_level(model: PathModel) -> dict[str, pd.DataFrame | SampleMoments]:
    return {
        "moments": moments(model, 120, 1),
        "holes": rows_with_holes(model, 80, 2),
        "correlations": correlations(model, 90, 3),
        "more moments": moments(model, 60, 4),
        "correlations of some": correlations(model, 70, 5, without="x"),
    }


def _overlapping() -> list[Published]:
    outcome = {"outcome": "y"}
    return [
        figure("r_squared", ("one", "two"), **outcome, value=0.5),
        figure("r_squared", ("two", "three"), **outcome, value=0.4, n_obs=(200, 1000)),
        figure("path", ("two",), **outcome, cause="m", value=0.5, n_obs=300),
        figure("r_squared", ("one", "moments", "more moments"), outcome="m", value=0.4, overlap="replace"),
        figure(
            "path_ratio", ("three", "moments"), **outcome, numerator=("m",), denominator=("x",), value=2.0,
            overlap="replace", rounded_to=0.5,
        ),
        figure("share", ("moments", "two"), **outcome, cause="m", reading="pratt", value=0.4, overlap="replace"),
        figure("correlation", ("three", "moments"), between=("x", "y"), value=0.5, rule="each", overlap="replace"),
        figure("r_squared", ("holes", "one"), outcome="m", value=0.5, overlap="replace"),
        figure("r_squared", ("moments",), outcome="y", value=0.9, use="check"),
        figure("r_squared", ("only checked",), outcome="y", value=0.9, use="check"),
    ]  # fmt: skip


def _of_mediation() -> list[Published]:
    return [
        figure("r_squared", outcome="m", value=0.5),
        figure("r_squared", outcome="y", value=0.4),
        figure("path_ratio", outcome="y", numerator=("m",), denominator=("x",), value=2.0, rounded_to=0.5),
        figure("total_effect", outcome="y", cause="x", value=0.6),
    ]


def _sharp() -> list[Published]:
    """R-squared of six equations and a ratio, as good as known."""
    r_squared = {
        "trust_cs": 0.75, "connection_cs": 0.30, "satisfaction_company": 0.60, "trust_company": 0.70,
        "connection_company": 0.76, "loyalty": 0.68,
    }  # fmt: skip
    known = {"n_obs": 10**7, "rounded_to": 1e-4}
    ratio = {"numerator": ("trust_company", "connection_company"), "denominator": ("satisfaction_company",)}
    return [
        *(figure("r_squared", outcome=outcome, value=value, **known) for outcome, value in r_squared.items()),
        figure("path_ratio", outcome="loyalty", **ratio, value=4.0, **known),
    ]


def _of_negative_paths() -> list[Published]:
    return [
        figure("r_squared", outcome="m", value=0.5),
        figure("path", outcome="y", cause="m", value=-0.4),
        figure("path_ratio", outcome="y", numerator=("m",), denominator=("x",), value=-1.5, rounded_to=0.5),
        figure("bound", of="correlation", between=("x", "m"), value=-0.2, side="at_most"),
    ]


def _of_two_causes() -> list[Published]:
    causes = {"numerator": ("x1", "x2"), "denominator": ("x3",)}
    return [
        figure("r_squared", outcome="m", value=0.5),
        figure("r_squared", outcome="y", value=0.5),
        figure("correlation", between=("x1", "x3"), value=0.3),
        figure("path_ratio", outcome="m", **causes, value=1.0, reading="mean"),
        figure("ordering", of="path", outcome="m", cause="x1", among=("x2", "x3")),
    ]


def _of_outcomes_that_covary() -> list[Published]:
    return [
        figure("r_squared", outcome="y", value=0.5),
        figure("r_squared", outcome="m1", value=0.4, rule="each"),
        figure("path", outcome="y", cause="m1", value=0.4),
        figure("total_effect", outcome="y", cause="x", value=0.4, rule="pooled"),
        figure("correlation", between=("m1", "m2"), value=0.5),
    ]


def _of_factors() -> list[Published]:
    return [
        figure("r_squared", outcome="g", value=0.5),
        figure("r_squared", outcome="h", value=0.5, n_obs=(200, 1000)),
        figure("path_ratio", outcome="h", numerator=("g",), denominator=("f",), value=2.0, rounded_to=0.5),
        figure("share", outcome="h", cause="f", reading="mediated", value=0.6),
    ]


def _of_second_order() -> list[Published]:
    return [figure("r_squared", outcome="y", value=0.5), figure("correlation", between=("s", "y"), value=0.6)]


_RESIDUALS_SHARED = MappingProxyType({"pooling": {"residuals": "full"}})
_FULL = MappingProxyType({"pooling": "full"})

CASES = {
    **{
        f"every statistic, rule {rule}, {name}": Case(
            _value_creation, lambda rule=rule: of_value_creation(rule), options
        )
        for rule in ("mean", "pooled", "each")
        for name, options in (
            ("partial", MappingProxyType({})),
            ("full", _FULL),
            ("residuals full", _RESIDUALS_SHARED),
        )
    },
    "ratios and r-squared alone": Case(_text(MEDIATION), _of_mediation),
    "ratios and r-squared alone, full": Case(_text(MEDIATION), _of_mediation, _FULL),
    "sharp figures": Case(_value_creation, _sharp),
    "sharp figures, full": Case(_value_creation, _sharp, _FULL),
    "with data": Case(_text(MEDIATION), _of_mediation, shared=lambda model: {"moments": moments(model, 100, 1)}),
    "with data, paths full": Case(
        _text(MEDIATION), _of_mediation, _FULL, lambda model: {"moments": moments(model, 100, 1)}, {"y~m": 1}
    ),
    "every level of evidence": Case(_text(MEDIATION), _overlapping, shared=_of_every_level, signs={"m~x": 1}),
    "every level of evidence, residuals full": Case(
        _text(MEDIATION), _overlapping, _RESIDUALS_SHARED, _of_every_level, {"m~x": 1}
    ),
    "negative signs": Case(_text(MEDIATION), _of_negative_paths, signs={"m~x": -1, "y~m": -1}),
    "negative signs, full": Case(_text(MEDIATION), _of_negative_paths, _FULL, signs={"m~x": -1, "y~m": -1}),
    "negative signs, with data": Case(
        _text(MEDIATION), _of_negative_paths, {}, lambda model: {"moments": moments(model, 100, 1)}, {"y~m": -1}
    ),
    "causes that covary": Case(_text("m ~ x1 + x2 + x3; y ~ m + x1"), _of_two_causes),
    "causes that do not covary": Case(_text("m ~ x1 + x2 + x3; y ~ m + x1; x1 ~~ 0*x3"), _of_two_causes),
    "outcomes that covary": Case(_text("m1 ~ x; m2 ~ x; y ~ m1 + m2; m1 ~~ m2"), _of_outcomes_that_covary),
    "equal, fixed and shared": Case(
        _text("m1 ~ a*x; m2 ~ 0.4*x; y ~ a*m1 + m2; m1 ~~ v*m1; m2 ~~ v*m2"), _of_outcomes_that_covary
    ),
    "factors": Case(_text(FACTORS), _of_factors, shared=lambda model: {"moments": moments(model, 150, 1)}),
    "factors, figures alone": Case(_text(FACTORS), _of_factors, {"identification": "marker"}),
    "factors, with correlations": Case(
        _text(FACTORS),
        _of_factors,
        shared=lambda model: {"c": correlations(model, 90, 3), "holes": rows_with_holes(model, 80, 2)},
    ),
    "second order": Case(
        _text("f =~ x1 + x2 + x3\n g =~ x4 + x5 + x6\n h =~ x7 + x8 + x9\n s =~ f + g + h\n y ~ s"),
        _of_second_order,
        shared=lambda model: {"moments": moments(model, 150, 1)},
    ),
    "families": Case(
        _text(MEDIATION),
        _of_mediation,
        priors=Priors(
            path_mean=Prior("StudentT", nu=3),
            path_sd=Prior("HalfCauchy", beta=0.3),
            residual=Prior("Laplace", b=0.7),
            residual_sd=Prior("Gamma", alpha=2, beta=3),
            overrides={"y~x": Prior("HalfNormal", sigma=0.5), "m~x": Prior("Cauchy", beta=0.5)},
        ),
    ),
    "signs alone": Case(
        _text(MEDIATION),
        list,
        shared=lambda model: {"a": moments(model, 100, 1), "b": moments(model, 80, 2)},
        signs={"m~x": 1, "y~x": -1},
    ),
}


def unknown_sizes(at: Prepared) -> list[Size]:
    """Samples of unknown size, in the order of the kernel's free numbers."""
    if at.informed is None:
        return []
    return list(dict.fromkeys(term.sample for term in at.informed.figures.terms if term.log_n_sd > 0))


def random_point(at: Prepared, seed: int = 1) -> Point:
    """Components that keep to what model and signs say: shared ones equal, loadings averaging 1."""
    layout, rng = at.layout, np.random.default_rng(seed)
    n_org = len(at.evidence.organizations)
    signs = at.informed.signs if at.informed is not None else {}
    u = 0.3 * rng.standard_normal((n_org, len(layout.components)))
    shared = [c for c, kind in enumerate(layout.kinds) if kind == "full"]
    offset, directions = free_directions(layout, shared)
    u[:, shared] = offset + directions @ (0.2 * rng.standard_normal(directions.shape[1]))
    population = [c for c, kind in enumerate(layout.kinds) if kind == "partial"]
    mu = {c: 0.3 * rng.standard_normal() for c in population}
    mu |= {c: sign * abs(mu[c]) for c, sign in signs.items() if c in mu}
    for c, sign in signs.items():
        u[:, c] = sign * np.abs(u[:, c])
    tau = {c: rng.uniform(0.05, 0.5) for c in population}
    n_free = sum(level == "correlations" for level in at.evidence.level.values())
    sizes = {size: rng.standard_normal() for size in unknown_sizes(at)}
    return Point(u, mu, tau, sizes, 0.2 * rng.standard_normal((n_free, len(layout.variables))))
