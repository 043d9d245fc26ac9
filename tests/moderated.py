"""A fit whose paths depend on attributes of organizations, and what its rows were drawn from."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

import bayescx as bcx

MODERATED_MODEL = """
#: effort = customer effort
#: employees = number of employees
trust ~ pool(effort, employees)
loyalty ~ pool(effort, employees, category(industry, services, goods)) + trust
"""
ORGANIZATIONS, N_PLANNED = 12, 14
LOYALTY_UNIT = 10.0
"""Loyalty is asked in points ten times as small as those of the other constructs."""
PER_THOUSAND, IF_GOODS, OWN_SD = -1.0, 2.5, 0.4
"""What a path of effort on loyalty gains per 1,000 employees and in goods, and its SD between organizations alike."""


@cache
def moderated_rows() -> pd.DataFrame:
    """Twelve organizations, 80 to 300 respondents each; the larger they are, the less effort tells on loyalty."""
    rng = np.random.default_rng(12)
    frames = []
    for j in range(ORGANIZATIONS):
        n = int(rng.integers(80, 300))
        employees = 500 * (j + 1) + int(rng.integers(-100, 100))
        industry = ("services", "goods")[j % 3 == 0]
        slope = 4 + PER_THOUSAND * (employees - 3000) / 1000 + IF_GOODS * (industry == "goods")
        effort = 4 + rng.standard_normal(n)
        trust = 0.5 * effort + rng.standard_normal(n)
        loyalty = (slope + OWN_SD * rng.standard_normal()) * effort + 3 * trust + LOYALTY_UNIT * rng.standard_normal(n)
        columns = {"effort": effort, "trust": trust, "loyalty": loyalty, "employees": employees, "industry": industry}
        frames.append(pd.DataFrame({"organization": f"o{j + 1:02d}", **columns}))
    return pd.concat(frames, ignore_index=True)


@cache
def moderated_fit() -> bcx.Fit:
    """Twelve of fourteen planned organizations; employees and industry of one that has not reported are known."""
    evidence = bcx.Evidence.from_rows(
        moderated_rows(),
        organization="organization",
        n_planned=N_PLANNED,
        attributes={"late": {"employees": 9000, "industry": "goods"}},
    )
    model = bcx.parse_model(MODERATED_MODEL, name="moderated")
    return bcx.fit(model, evidence, random_seed=1, progressbar=False)
