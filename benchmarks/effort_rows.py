"""The effort model on 75,000 customers: moments through the kernel beside PyMC on rows, the same model in the same run.

    python -m benchmarks.effort_rows [--draws 300] [--tune 300] [--chains 2]

PyMC evaluates every customer at every step: two normal regressions with pooled slopes, shared controls, and a free
intercept and a pooled residual SD per company; priors, scale and sampler (nutpie) are ours. What counts is seconds
until the slowest population value has as many effective draws; coefficients of both are compared.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
import pymc as pm
import xarray as xr
from arviz_stats import ess

import bayescx as bcx
from bayescx.evidence.coded import needed_columns
from bayescx.evidence.rows import Sheet

Floats = np.ndarray[Any, np.dtype[np.float64]]


def coded_rows(model: bcx.PathModel, rows: pd.DataFrame, scale: dict[str, float]) -> dict[str, Floats]:
    """Every variable of the model for every customer, on the common scale."""
    needed = needed_columns(Sheet(rows), list(model.observed), model.coded)
    complete = ~np.isnan(needed.values).any(axis=1)
    columns = {name: needed.values[complete, k] / scale[name] for k, name in enumerate(model.observed)}
    return columns | {"company": pd.factorize(rows["company"][complete])[0].astype(float)}


def by_rows(model: bcx.PathModel, columns: dict[str, Floats], priors: bcx.Priors) -> pm.Model:
    """Build the same model with a likelihood of customers."""
    company = columns["company"].astype(int)
    n_company = int(company.max()) + 1

    def of(field: str, name: str, **options: Any) -> Any:
        prior = getattr(priors, field)
        return getattr(pm, prior.name)(name, **prior.parameters, **options)

    with pm.Model() as built:
        for outcome in model.endogenous:
            pooled = [row.rhs for row in model.paths if row.lhs == outcome and row.pooled is not False]
            shared = [row.rhs for row in model.paths if row.lhs == outcome and row.pooled is False]
            x, w = (np.column_stack([columns[name] for name in names]) for names in (pooled, shared))
            mu = of("path_mean", f"mu_{outcome}", shape=len(pooled))
            tau = of("path_sd", f"tau_{outcome}", shape=len(pooled))
            beta = pm.Normal(f"beta_{outcome}", mu, tau, shape=(n_company, len(pooled)))
            gamma = of("path_mean", f"gamma_{outcome}", shape=len(shared))
            level = pm.Normal(f"level_{outcome}", 0.0, 100.0, shape=n_company)
            centre, spread = of("residual", f"log_sd_mu_{outcome}"), of("residual_sd", f"log_sd_tau_{outcome}")
            log_sd = pm.Normal(f"log_sd_{outcome}", centre, spread, shape=n_company)
            mean = level[company] + (x * beta[company]).sum(axis=1) + w @ gamma
            pm.Normal(outcome, mean, pm.math.exp(log_sd)[company], observed=columns[outcome])
    return built


def least_ess(draws: xr.Dataset) -> float:
    """Effective draws of the slowest number."""
    return float(min(array.min() for array in ess(draws).data_vars.values()))


def main() -> None:
    """Fit both and print seconds, effective draws, ratios, and how far coefficients are apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"draws": 300, "tune": 300, "chains": 2}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    model, evidence, rows = bcx.load_model("effort"), bcx.load_evidence("effort"), bcx.load_rows("effort")
    began = time.perf_counter()
    fit = bcx.fit(model, evidence, random_seed=1, progressbar=False)
    ours = time.perf_counter() - began
    posterior = fit.posterior
    our_ess = least_ess(posterior[["beta_mu", "beta_tau", "gamma"]])
    print(f"moments: {ours:.1f} s for 4 x (1,000 + 1,000), least ESS {our_ess:.0f}: {our_ess / ours:.1f} a second")
    columns = coded_rows(model, rows, fit.scale)
    began = time.perf_counter()
    with by_rows(model, columns, bcx.Priors()):
        tree = pm.sample(
            draws=options.draws, tune=options.tune, chains=options.chains, cores=options.chains, random_seed=1,
            nuts_sampler="nutpie", progressbar=False, compute_convergence_checks=False,
        )  # fmt: skip
    theirs = time.perf_counter() - began
    drawn = tree["posterior"].to_dataset()
    names = [f"{part}_{outcome}" for outcome in model.endogenous for part in ("mu", "tau", "gamma")]
    their_ess = least_ess(drawn[names])
    print(
        f"rows: {theirs:.1f} s for {options.chains} x ({options.tune} + {options.draws}), least ESS {their_ess:.0f}: "
        f"{their_ess / theirs:.3f} a second; diverging {int(tree['sample_stats']['diverging'].sum())}"
    )
    print(f"seconds per effective draw, rows / moments: {(theirs / their_ess) / (ours / our_ess):.0f}")
    print(f"seconds per draw kept, rows / moments: {(theirs / (options.chains * options.draws)) / (ours / 4000):.0f}")
    far = []
    for outcome in model.endogenous:
        for part, name, dim in (("mu", "beta_mu", "path"), ("gamma", "gamma", "control")):
            mine = posterior[name].sel({dim: [n for n in posterior[dim].values if n.startswith(f"{outcome}~")]})
            other = drawn[f"{part}_{outcome}"].mean(("chain", "draw")).values
            far.extend(np.abs(other - mine.mean(("chain", "draw")).values) / mine.std(("chain", "draw")).values)
    print(f"largest difference of a coefficient: {max(far):.2f} posterior SDs")


if __name__ == "__main__":
    main()
