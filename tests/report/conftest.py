"""Reports of the fits that tests share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.estimands.margin import margin_by_reporting
from tests.report.page import Page

Filed = Callable[[bcx.Fit], Path]
Written = Callable[[bcx.Fit], Page]


@pytest.fixture(scope="session")
def ten() -> bcx.Fit:
    """The shipped study: ten simulated organizations."""
    model, evidence = bcx.load_model("value_creation"), bcx.load_evidence("ten_organizations")
    return bcx.fit(model, evidence, random_seed=1, progressbar=False)


@pytest.fixture(scope="session")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Filed:
    """Write a fit's report, the same fit's only once."""
    known: dict[int, tuple[bcx.Fit, Path]] = {}  # fits are kept, so that no other gets the id of one

    def write(fit: bcx.Fit) -> Path:
        if id(fit) not in known:
            file = bcx.write_report(fit, tmp_path_factory.mktemp("report") / "report.html", sensitivity=False)
            known[id(fit)] = fit, file
        return known[id(fit)][1]

    return write


@pytest.fixture(scope="session")
def written(filed: Filed) -> Written:
    """Write a fit's report and read it back."""
    return lambda fit: Page(filed(fit).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def ten_file(ten: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the shipped study."""
    return bcx.write_report(ten, tmp_path_factory.mktemp("ten") / "report.html")


@pytest.fixture(scope="session")
def example_margin(example_fit: bcx.Fit) -> xr.Dataset:
    """How the interval of one total effect of the example shrank."""
    effect = ("total", "satisfaction", "loyalty")
    return margin_by_reporting(example_fit, effect, orders=0, draws=400, progressbar=False)


@pytest.fixture(scope="session")
def begun_file(example_fit: bcx.Fit, example_margin: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of four of six, with the refits."""
    file = tmp_path_factory.mktemp("begun") / "report.html"
    return bcx.write_report(example_fit, file, margin=example_margin, progressbar=False)


@pytest.fixture(scope="session")
def shifted() -> bcx.Fit:
    """Four of six organizations: north is high on f and y, nobody on g, and items of h are answered differently."""
    model = bcx.parse_model(
        "f =~ f1 + f2 + f3; g =~ g1 + g2 + g3; h =~ h1 + h2 + h3; m ~ f + g; y ~ m + h\n#: f = <b>f</b>"
    )
    values = {"m~f": 0.7, "m~g": 0.3, "y~m": 0.6, "y~h": 0.1}
    rows = bcx.simulate(model, organizations=4, n_obs=200, values=values, heterogeneity=0.05, random_seed=4).rows
    names = ("north", "<i>south</i>", "east", "west")
    rows["organization"] = rows["organization"].map(dict(zip(rows["organization"].unique(), names, strict=True)))
    north = rows["organization"] == "north"
    rows[[f"f{i}" for i in (1, 2, 3)]] += np.where(north, 1.0, 0.0)[:, None] + 4.0
    rows[[f"g{i}" for i in (1, 2, 3)]] += 6.0
    for item, apart in {
        "h1": (0.5, -0.5, 0.3, -0.3),
        "h2": (-0.2, 0.6, -0.6, 0.2),
        "h3": (0.1, 0.2, 0.1, -0.4),
    }.items():
        rows[item] += 6.0 + rows["organization"].map(dict(zip(names, apart, strict=True)))
    rows["m"] += 5.0
    rows["y"] += 0.6 * north + 5.0
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # it is the words that are looked at
        return bcx.fit(model, evidence, random_seed=1, draws=200, tune=300, chains=2, progressbar=False)
