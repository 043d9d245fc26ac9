"""Reports of the fits that tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr

import bayescx as bcx
from bayescx.estimands.margin import margin_by_reporting
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]


@pytest.fixture(scope="session")
def ten() -> bcx.Fit:
    """The shipped study: ten simulated organizations."""
    model, evidence = bcx.load_model("value_creation"), bcx.load_evidence("ten_organizations")
    return bcx.fit(model, evidence, random_seed=1, progressbar=False)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write a fit's report and read it back."""

    def write(fit: bcx.Fit) -> Page:
        file = bcx.write_report(fit, tmp_path_factory.mktemp("report") / "report.html", sensitivity=False)
        return Page(file.read_text(encoding="utf-8"))

    return write


@pytest.fixture(scope="session")
def ten_file(ten: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the shipped study."""
    return bcx.write_report(ten, tmp_path_factory.mktemp("ten") / "report.html")


@pytest.fixture(scope="session")
def example_margin(example_fit: bcx.Fit) -> xr.Dataset:
    """How the interval of one total effect of the example shrank."""
    effect = ("total", "satisfaction", "loyalty")
    return margin_by_reporting(example_fit, effect, orders=0, draws=400, progressbar=False)
