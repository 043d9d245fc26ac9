"""A small study in which organizations differ in means and in intercepts, and fits to it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import bayescx as bcx
from bayescx.errors import ConvergenceWarning

TEXT = "f =~ a1 + a2 + a3 + a4\ng =~ b1 + b2 + b3\no ~ f + g\ng ~ f\n"
CONSTRUCTS, ITEMS = ["f", "g", "o"], ["a1", "a2", "a3", "a4", "b1", "b2", "b3"]
COUNT = 6


@dataclass(frozen=True)
class Study:
    """Rows by organization, the means of constructs (J, 3) and the deviations of intercepts (J, 7)."""

    parts: dict[str, pd.DataFrame]
    means: Any
    deviations: Any


@cache
def study() -> Study:
    """Means of f differ much and its intercepts little; of g it is the other way round."""
    rng = np.random.default_rng(5)
    means = rng.standard_normal((COUNT, 3)) * [0.4, 0.05, 0.3]
    means -= means.mean(axis=0)
    deviations = rng.standard_normal((COUNT, 7)) * np.array([0.05] * 4 + [0.25] * 3)
    parts = {}
    for j in range(COUNT):
        n = 200 + 40 * j
        f = rng.standard_normal(n)
        g = 0.6 * f + 0.8 * rng.standard_normal(n)
        o = 0.4 * f + 0.3 * g + 0.7 * rng.standard_normal(n)
        factors = np.stack([f] * 4 + [g] * 3, axis=1) + np.repeat(means[j, :2], [4, 3])
        items = 5.0 + deviations[j] + factors + 0.7 * rng.standard_normal((n, 7))
        answers = 2.0 * np.column_stack([items, 3.0 + means[j, 2] + o])  # two points of the scale per unit
        parts[f"o{j}"] = pd.DataFrame(answers, columns=[*ITEMS, "o"])
    return Study(parts, means, deviations)


@cache
def mean_fit(case: str = "rows") -> bcx.Fit:
    """Few draws of the first step: enough for the second one."""
    parts: dict[str, Any] = dict(study().parts)
    if case == "some without means":
        parts["o1"] = bcx.SampleMoments(len(parts["o1"]), None, parts["o1"].cov())
        parts["<i>o2</i>"] = bcx.SampleMoments(len(parts["o2"]), None, parts.pop("o2").corr(), scale_free=True)
        parts["o3"] = parts["o3"].drop(columns=["b1", "b2", "b3"])
        parts["o4"] = parts["o4"].drop(columns=["a1"])
    elif case == "one mean":
        parts = {name: bcx.SampleMoments(len(rows), None, rows.cov()) for name, rows in parts.items()}
        parts["o0"] = study().parts["o0"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", UserWarning)  # units that are not SDs
        return bcx.fit(
            bcx.parse_model(TEXT, name="means"), bcx.Evidence.from_parts(parts), random_seed=1, progressbar=False,
            draws=200, tune=300, chains=2, scale=case != "unscaled",
        )  # fmt: skip
