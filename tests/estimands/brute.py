"""Answers worked out by hand: one organization at a time, loops over names, in the data's units from the start.

Nothing is shared with the package but the posterior, the common scale and the rows of the model. `World` rebuilds one
organization from its parameters: a raw path is the path on the common scale times the ratio of the units, every
construct is a sum of disturbances, and effects are sums over routes found by recursion.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import bayescx as bcx

Floats = NDArray[np.float64]
Values = Mapping[str, float]

BLOCKS = ("beta", "loading", "log_residual_sd", "log_exogenous_sd", "partial_correlation_z")
DIMS = ("path", "indicator", "residual", "exogenous", "covariance")
TARGETS = ("organization", "typical", "average", "new")
SEED = 7


@dataclass(frozen=True)
class Case:
    """A model, the equations that its rows are made from, and the unit of each column.

    ``anchors`` names, for each factor in the unit of an item, that item; one scaled by its average loading has the mean
    unit of its items, and one of fixed variance the unit 1.
    """

    text: str
    equations: Mapping[str, Mapping[str, float]]
    units: Mapping[str, float]
    anchors: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    n_planned: int = 5


FACTORS = {
    "f": {},
    "g": {"f": 0.6},
    "h": {"f": 0.3, "g": 0.4},
    **{f"x{i}": {"fgh"[(i - 1) // 3]: 0.5 + 0.1 * i} for i in range(1, 10)},
}
ITEM_UNITS = {f"x{i}": 0.2 * i**2 for i in range(1, 10)}
FACTOR_TEXT = """
f =~ x1 + l*x2 + x3
g =~ x4 + x5 + x6
h =~ x7 + x8 + x9
g ~ p*f
h ~ q*g + f
x5 ~~ e*x5
g ~~ w*g
through := p*q
about := through^2 - l/(1 + e) + w
"""
SECOND_ORDER = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ x7 + x8 + x9; s =~ f + l*g + h; y ~ b*s; d := b*l"
SECOND_ORDER_EQUATIONS = {
    "s": {},
    "f": {"s": 0.8},
    "g": {"s": 0.7},
    "h": {"s": 0.9},
    **{f"x{i}": {"fgh"[(i - 1) // 3]: 0.9} for i in range(1, 10)},
    "y": {"s": 0.5},
}
CHAIN = {"x1": {}, "x2": {"x1": 0.5}, "m": {"x1": 0.4, "x2": -0.3}, "y": {"m": 0.6, "x1": 0.2}}

CASES = {
    "two correlated causes": Case("m ~ x1 + x2; y ~ m + x1", CHAIN, {"x1": 100.0, "x2": 0.01, "m": 5.0, "y": 2000.0}),
    "in the data's own units": Case(
        "m ~ x1 + x2; y ~ m + x1", CHAIN, {"x1": 2.0, "x2": 0.8, "m": 0.5, "y": 1.5}, options={"scale": False}
    ),
    "labels, a fixed path, definitions": Case(
        """
        trust ~ a*satisfaction + b*image
        loyalty ~ c*trust + a*satisfaction + 0.4*image
        trust ~~ v*trust
        satisfaction ~~ r*image
        through := a*c
        everything := through + a
        odd := -sqrt(abs(everything))/(1 + b^2) + log(v) - exp(r/100) + 2
        """,
        {
            "satisfaction": {},
            "image": {"satisfaction": 0.4},
            "trust": {"satisfaction": 0.5, "image": 0.3},
            "loyalty": {"trust": 0.5, "satisfaction": 0.2, "image": 0.1},
        },
        {"satisfaction": 2.0, "image": 0.3, "trust": 7.0, "loyalty": 10.0},
    ),
    "factors": Case(FACTOR_TEXT, FACTORS, ITEM_UNITS),
    "factors, marker": Case(
        FACTOR_TEXT,
        FACTORS,
        ITEM_UNITS,
        anchors={"f": "x1", "g": "x4", "h": "x7"},
        options={"identification": "marker"},
    ),
    "factors, loadings pooled": Case(FACTOR_TEXT, FACTORS, ITEM_UNITS, options={"pooling": {"loadings": "partial"}}),
    "residual covariances": Case(
        "m1 ~ x; m2 ~ x; m3 ~ m1; y ~ m1 + m2 + m3 + x; m1 ~~ k*m2; m3 ~~ m2; d := k",
        {
            "x": {},
            "m1": {"x": 0.5},
            "m2": {"x": 0.4, "m1": 0.3},
            "m3": {"m1": 0.3},
            "y": {"m1": 0.3, "m2": 0.3, "m3": 0.2},
        },
        {"x": 3.0, "m1": 10.0, "m2": 0.1, "m3": 1.0, "y": 40.0},
    ),
    "items that covary": Case(
        "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f; x1 ~~ k*x4; x2 ~~ x4; d := k",
        {name: causes for name, causes in FACTORS.items() if name not in ("h", "x7", "x8", "x9")},
        {name: unit for name, unit in ITEM_UNITS.items() if name < "x7"},
    ),
    "second order": Case(SECOND_ORDER, SECOND_ORDER_EQUATIONS, {**ITEM_UNITS, "y": 30.0}),
    "second order, loadings pooled": Case(
        SECOND_ORDER,
        SECOND_ORDER_EQUATIONS,
        {**ITEM_UNITS, "y": 30.0},
        options={"pooling": {"loadings": "partial"}},
    ),
    "second order, marker": Case(
        SECOND_ORDER,
        SECOND_ORDER_EQUATIONS,
        {**ITEM_UNITS, "y": 30.0},
        anchors={"f": "x1", "g": "x4", "h": "x7", "s": "x1"},
        options={"identification": "marker"},
    ),
    "observed, latent and a single indicator": Case(
        "f =~ x1 + x2 + x3; y ~ f + z; k =~ x7; k ~ y",
        {
            "f": {},
            **{f"x{i}": {"f": 0.9} for i in (1, 2, 3)},
            "z": {"f": 0.4},
            "y": {"f": 0.5, "z": 0.3},
            "x7": {"y": 0.6},
        },
        {"x1": 0.3, "x2": 2.0, "x3": 50.0, "z": 5.0, "y": 0.1, "x7": 9.0},
        anchors={"k": "x7"},
    ),
    "three causes, two of them apart": Case(
        "y ~ x1 + x2 + x3; x1 ~~ 0*x3",
        {"x1": {}, "x3": {}, "x2": {"x1": 0.4, "x3": 0.4}, "y": {"x1": 0.3, "x2": 0.3, "x3": 0.3}},
        {"x1": 3.0, "x2": 0.2, "x3": 1.0, "y": 25.0},
    ),
    "paths shared": Case(
        "m ~ x1 + x2; y ~ m + x1",
        CHAIN,
        {"x1": 100.0, "x2": 0.01, "m": 5.0, "y": 2000.0},
        options={"pooling": "full"},
    ),
    "nothing pooled, all reported": Case(
        "m ~ x1 + x2; y ~ m + x1",
        CHAIN,
        {"x1": 100.0, "x2": 0.01, "m": 5.0, "y": 2000.0},
        options={"pooling": dict.fromkeys(("paths", "residuals", "exogenous", "covariances"), "none")},
        n_planned=3,
    ),
}


def asked_of(name: str) -> tuple[str, ...]:
    """The targets that a case can answer."""
    return ("organization", "average") if "nothing pooled" in name else TARGETS


ASKED = [(name, target) for name in CASES for target in asked_of(name)]


def rows_of(case: Case, n_org: int = 3, n: int = 80) -> pd.DataFrame:
    """Rows by the case's equations, coefficients a little different in each organization."""
    rng = np.random.default_rng(11)
    frames = []
    for j in range(n_org):
        columns: dict[str, Floats] = {}
        for name, causes in case.equations.items():
            columns[name] = 0.7 * rng.standard_normal(n)
            for cause, coefficient in causes.items():
                columns[name] = columns[name] + (coefficient + 0.05 * rng.standard_normal()) * columns[cause]
        scaled = {name: 3 * unit + unit * columns[name] for name, unit in case.units.items()}
        frames.append(pd.DataFrame({"organization": f"organization {j}", **scaled}))
    return pd.concat(frames, ignore_index=True)


@cache
def fit_of(name: str, draws: int = 6) -> bcx.Fit:
    """A short fit: what follows from draws must be right whether or not they have converged."""
    case = CASES[name]
    evidence = bcx.Evidence.from_rows(rows_of(case), organization="organization", n_planned=case.n_planned)
    settings: dict[str, Any] = {"chains": 2, "cores": 1, "random_seed": SEED, "progressbar": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bcx.fit(bcx.parse_model(case.text), evidence, draws=draws, tune=100, **settings, **case.options)


def units_of(fit: bcx.Fit, anchors: Mapping[str, str]) -> dict[str, float]:
    """Data units per common unit of every variable and factor."""
    rows, out = fit.model.parameters, dict(fit.scale)
    items: dict[str, list[str]] = {}
    for row in rows:
        if row.op == "=~":
            items.setdefault(row.lhs, []).extend([row.rhs] if row.fixed is None else [])
    for factor in sorted(items, key=lambda f: any(item in items for item in items[f])):  # factors of factors come last
        if factor in anchors:
            out[factor] = out[anchors[factor]]
        elif any(r.op == "~~" and r.lhs == r.rhs == factor and r.fixed for r in rows):
            out[factor] = 1.0
        else:
            out[factor] = sum(out[item] for item in items[factor]) / len(items[factor])
    return out


class World:
    """One organization in the data's units."""

    def __init__(self, fit: bcx.Fit, anchors: Mapping[str, str], values: Values) -> None:
        self.rows = fit.model.parameters
        self.values = values
        factors = list(dict.fromkeys(row.lhs for row in self.rows if row.op == "=~"))
        self.unit = units_of(fit, anchors)
        self.marked = {next(r.name for r in self.rows if r.op == "=~" and r.lhs == f) for f in anchors}
        self.path: dict[tuple[str, str], float] = {}  # (outcome, cause)
        self.loading: dict[tuple[str, str], float] = {}  # (item, factor)
        for row in self.rows:
            if row.op == "~":
                self.path[row.lhs, row.rhs] = self.raw(row)
            elif row.op == "=~" and row.rhs in factors:
                self.path[row.rhs, row.lhs] = self.raw(row)
            elif row.op == "=~":
                self.loading[row.rhs, row.lhs] = self.raw(row)
        self.items = list(dict.fromkeys(item for item, _ in self.loading))
        self.constructs = self.causal_order(factors)
        self.psi = self.residual_covariances(self.constructs)
        self.theta = self.residual_covariances(self.items)
        self.reach = {name: self.disturbances(name) for name in self.constructs}

    def raw(self, row: Any) -> float:
        """A path or loading in the data's units; equal labels are equal here."""
        if row.fixed is not None:
            return float(row.fixed)
        if row.name in self.marked:
            return 1.0
        first = next(r for r in self.rows if r is row or (row.label and r.label == row.label))
        outcome, cause = (first.lhs, first.rhs) if first.op == "~" else (first.rhs, first.lhs)
        return self.values[first.name] * self.unit[outcome] / self.unit[cause]

    def causal_order(self, factors: list[str]) -> list[str]:
        appeared = [name for row in self.rows for name in (row.lhs, row.rhs) if row.op in ("~", "=~", "~~")]
        names = [n for n in dict.fromkeys(appeared) if n in factors or n not in self.items]
        order: list[str] = []
        while len(order) < len(names):
            order.append(
                next(name for name in names if name not in order and all(c in order for o, c in self.path if o == name))
            )
        return order

    def residual_covariances(self, names: list[str]) -> dict[tuple[str, str], float]:
        """SD times SD times correlation; correlations grow name by name from partial ones given the names before."""
        r = np.eye(len(names))
        for i, later in enumerate(names):
            for k, earlier in enumerate(names[:i]):
                z = self.values.get(f"{earlier}~~{later}", self.values.get(f"{later}~~{earlier}"))
                if z is not None:
                    weights = np.linalg.inv(r[:k, :k]) @ r[:k, k]
                    left_i = 1 - r[i, :k] @ np.linalg.inv(r[:k, :k]) @ r[i, :k]
                    left_k = 1 - r[k, :k] @ weights
                    r[i, k] = r[k, i] = r[i, :k] @ weights + np.tanh(z) * np.sqrt(left_i * left_k)
        sd = {}
        for name in names:
            log_sd = self.values.get(f"{name}~~{name}")
            sd[name] = 0.0 if log_sd is None else float(np.exp(log_sd)) * self.unit[name]
        return {(a, b): r[i, k] * sd[a] * sd[b] for i, a in enumerate(names) for k, b in enumerate(names)}

    def disturbances(self, name: str) -> dict[str, float]:
        """How much of each disturbance is in a construct."""
        out = dict.fromkeys(self.constructs, 0.0)
        out[name] = 1.0
        for (outcome, cause), b in self.path.items():
            if outcome == name:
                for source, weight in self.disturbances(cause).items():
                    out[source] += b * weight
        return out

    def covariance(self, a: str, b: str) -> float:
        return sum(
            self.reach[a][i] * self.reach[b][k] * self.psi[i, k] for i in self.constructs for k in self.constructs
        )

    def sd(self, name: str) -> float:
        return float(np.sqrt(self.covariance(name, name)))

    def item_variance(self, item: str) -> float:
        loaded = {factor: weight for (i, factor), weight in self.loading.items() if i == item}
        explained = sum(wa * wb * self.covariance(a, b) for a, wa in loaded.items() for b, wb in loaded.items())
        return explained + self.theta[item, item]

    def routes(self, cause: str, outcome: str) -> list[list[str]]:
        if cause == outcome:
            return [[outcome]]
        following = [o for o, c in self.path if c == cause]
        return [[cause, *route] for step in following for route in self.routes(step, outcome)]

    def along(self, route: list[str]) -> float:
        product = 1.0
        for cause, outcome in pairwise(route):
            product *= self.path[outcome, cause]
        return product

    def total(self, cause: str, outcome: str) -> float:
        return sum(self.along(route) for route in self.routes(cause, outcome) if len(route) > 1)

    def indirect(self, cause: str, outcome: str) -> float:
        return sum(self.along(route) for route in self.routes(cause, outcome) if len(route) > 2)

    def ratio(self, cause: str, outcome: str, *, standardized: bool) -> float:
        """What turns a raw effect into the one asked for."""
        return self.sd(cause) / self.sd(outcome) if standardized else 1.0

    def moved(self, changes: Mapping[str, float]) -> dict[str, float]:
        """Every construct's change: those named are set, the others follow equation by equation."""
        out: dict[str, float] = {}
        for name in self.constructs:
            follows = sum(b * out[cause] for (outcome, cause), b in self.path.items() if outcome == name)
            out[name] = changes.get(name, follows)
        return out


def reported(fit: bcx.Fit) -> list[list[list[Values]]]:
    """Parameters of the organizations that reported: chain, draw, organization."""
    n_chain, n_draw = fit.posterior.sizes["chain"], fit.posterior.sizes["draw"]
    return [
        [[_values(fit, c, d, j) for j in range(len(fit.organizations))] for d in range(n_draw)] for c in range(n_chain)
    ]


def _values(fit: bcx.Fit, chain: int, draw: int, organization: int) -> Values:
    out: dict[str, float] = {}
    for block, dim in zip(BLOCKS, DIMS, strict=True):
        if block in fit.posterior:
            array = fit.posterior[block].isel(chain=chain, draw=draw)
            array = array.isel(organization=organization) if "organization" in array.dims else array
            out |= dict(zip(array[dim].values.tolist(), array.values.tolist(), strict=True))
    return out


def from_population(fit: bcx.Fit, count: int, stream: int | None) -> list[list[list[Values]]]:
    """``count`` organizations at the population centre or, with a stream of the fit's seed, drawn around it."""
    posterior = fit.posterior
    n_chain, n_draw = posterior.sizes["chain"], posterior.sizes["draw"]
    out: list[list[list[dict[str, float]]]] = [
        [[{} for _ in range(count)] for _ in range(n_draw)] for _ in range(n_chain)
    ]
    rng = np.random.default_rng([fit.seed, stream or 0])
    for block, dim in zip(BLOCKS, DIMS, strict=True):
        pooled = f"{block}_mu" in posterior
        if block not in posterior:
            continue
        names = posterior[dim].values.tolist()
        noise = np.zeros((n_chain, n_draw, count, len(names)))
        if pooled and stream is not None:
            noise = rng.standard_normal(noise.shape)
        for c, d, j, i in np.ndindex(noise.shape):
            if pooled:
                mu, tau = (posterior[block + end].values[c, d, i] for end in ("_mu", "_tau"))
                out[c][d][j][names[i]] = float(mu + tau * noise[c, d, j, i])
            else:
                out[c][d][j][names[i]] = float(posterior[block].values[c, d, i])
    return out  # type: ignore[return-value]


@cache
def worlds(name: str, target: str) -> list[list[list[World]]]:
    """Everyone whom an answer is about: chain, draw, organization."""
    fit = fit_of(name)
    if target in ("organization", "average"):
        groups = reported(fit)
        beyond = fit.n_planned - len(fit.organizations)
        if target == "average" and beyond:
            others = from_population(fit, beyond, 2)
            groups = [[a + b for a, b in zip(*chains, strict=True)] for chains in zip(groups, others, strict=True)]
    else:
        groups = from_population(fit, 1, {"typical": None, "new": 3}[target])
    anchors = CASES[name].anchors
    return [[[World(fit, anchors, values) for values in draw] for draw in chain] for chain in groups]


def answer(name: str, target: str, question: Callable[[World], Any]) -> Floats:
    """The question answered in each organization; over several of them the mean, unless each is asked for."""
    answers = np.array(
        [[[question(world) for world in draw] for draw in chain] for chain in worlds(name, target)], dtype=float
    )
    return answers if target == "organization" else np.asarray(answers.mean(axis=2))
