"""The standard problem: ten organizations, seven latent constructs, three items each, ten pooled paths."""

from __future__ import annotations

import numpy as np

import bayescx as bcx
from bayescx.model.arrays import Arrays
from bayescx.model.layout import Layout
from bayescx.model.prepare import Prepared, prepare
from bayescx.model.start import Start, find_start
from benchmarks.studies import Truth

STRUCTURE = """
trust_cs ~ satisfaction_cs
connection_cs ~ trust_cs
satisfaction_company ~ satisfaction_cs
trust_company ~ trust_cs + satisfaction_company
connection_company ~ trust_company + connection_cs
loyalty ~ satisfaction_company + trust_company + connection_company
"""
PATHS = {
    "trust_cs~satisfaction_cs": 0.86,
    "connection_cs~trust_cs": 0.55,
    "satisfaction_company~satisfaction_cs": 0.77,
    "trust_company~trust_cs": 0.40,
    "trust_company~satisfaction_company": 0.50,
    "connection_company~trust_company": 0.70,
    "connection_company~connection_cs": 0.28,
    "loyalty~satisfaction_company": 0.12,
    "loyalty~trust_company": 0.30,
    "loyalty~connection_company": 0.48,
}
HETEROGENEITY = 0.08


def latent_model(items: int = 3) -> bcx.PathModel:
    """The value-creation model with ``items`` items per construct."""
    constructs = bcx.parse_model(STRUCTURE).constructs
    measurement = [f"{c} =~ " + " + ".join(f"{c}_{i + 1}" for i in range(items)) for c in constructs]
    return bcx.parse_model(STRUCTURE + "\n".join(measurement), name="value_creation, latent")


def evidence(model: bcx.PathModel, n_obs: int = 500, organizations: int = 10, seed: int = 0) -> bcx.Evidence:
    """Moments of organizations whose paths differ with an SD of 0.08."""
    layout = Layout.of(model)
    names = [component.name for component in layout.components]
    block = np.array([component.block for component in layout.components])
    mu = np.select([block == "loadings", block == "residuals"], [1.0, -0.6], 0.0)
    for name, value in PATHS.items():
        mu[names.index(name)] = value
    tau = np.where(block == "paths", HETEROGENEITY, 0.0)
    rng = np.random.default_rng(seed)
    truth = Truth.of_population(layout, mu, tau, organizations, rng)
    return truth.evidence([n_obs] * organizations, organizations, rng)


def prepared(n_obs: int = 500, organizations: int = 10) -> Prepared:
    """The standard problem, ready to be sampled."""
    model = latent_model()
    return prepare(model, evidence(model, n_obs, organizations))


def started(n_obs: int = 500, organizations: int = 10) -> Start:
    """The standard problem with its steering and starting point."""
    ready = prepared(n_obs, organizations)
    return find_start(Arrays.of(ready.layout, ready.sample, ready.priors))
