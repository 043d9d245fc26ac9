"""How well items measure: the table is that of the estimand, and whoever falls short by custom is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import bayescx as bcx
from bayescx.estimands.reliability import average_variance_extracted, measurement_quality
from bayescx.report.answers import gather
from bayescx.report.measurement import Measured, measured_factors
from tests.estimands.brute import fit_of
from tests.report.page import Page

Written = Callable[[bcx.Fit], Page]


def measured(fit: bcx.Fit) -> Measured:
    found = measured_factors(gather(fit))
    assert found is not None
    return found


def noisier(fit: bcx.Fit, *items: str, by: float) -> bcx.Fit:
    """The same draws with larger errors of some items."""
    tree = fit.tree.copy()
    posterior = tree["posterior"].to_dataset()
    names = [f"{item}~~{item}" for item in items]
    for variable in ("log_residual_sd", "log_residual_sd_mu"):
        posterior[variable] = posterior[variable] + by * posterior["residual"].isin(names)
    tree["posterior"] = posterior
    return replace(fit, tree=tree)


@pytest.mark.parametrize("name", ["factors, loadings pooled", "factors, marker", "second order"])
def test_cells_are_those_of_the_estimand(name: str) -> None:
    fit = fit_of(name)
    found = measured(fit)
    assert found.table.headers == ("ω", "AVE", "AVE > r²", "HTMT", "HTMT < 0.85")
    quality = measurement_quality(fit)
    (group,) = found.table.groups
    assert [row.label for row in group.rows] == [f"{factor} (three items)" for factor in quality["factor"]]
    for row, (_, expected) in zip(group.rows, quality.iterrows(), strict=True):
        omega, ave, larcker, htmt, below = row.cells
        for shown, prefix in ((omega, "omega"), (ave, "ave")):
            bounds = [float(one) for one in shown.interval.strip("[]").split(", ")]
            figures = [expected[prefix], expected[f"{prefix}_lb"], expected[f"{prefix}_ub"]]
            assert [float(shown.text), *bounds] == pytest.approx(figures, abs=0.00501)
        assert float(htmt.text) == pytest.approx(expected["htmt"], abs=0.00501)
        for shown, column in ((larcker, "p_fornell_larcker"), (below, "p_htmt_85")):
            assert float(shown.text.lstrip("<>\u00a0")) == pytest.approx(expected[column], abs=0.0101)


def test_who_falls_short_is_named_with_the_figure() -> None:
    fit = fit_of("factors, loadings pooled")
    good = noisier(fit, *(f"x{i}" for i in range(1, 10)), by=-1.0)
    assert measured(good).verdict.striptags() == (
        "By convention ω should be at least 0.7, AVE at least 0.5 and HTMT below 0.85; these limits are customs, not "
        "tests. No factor falls short of them."
    )
    poor = measured(noisier(good, "x4", "x5", "x6", by=2.5))
    row = next(row for row in poor.table.groups[0].rows if row.label.startswith("g "))
    said = poor.verdict.striptags()
    assert "One factor falls short of them: g (ω " in said
    assert f"ω {row.cells[0].text}" in said
    assert f"AVE {row.cells[1].text}" in said
    assert f'href="#{row.cells[1].id}">{row.cells[1].text}</a>' in poor.verdict


def test_a_figure_whose_interval_holds_the_limit_is_called_open() -> None:
    fit = fit_of("factors, loadings pooled")
    low, high = -1.0, 3.0
    for _ in range(12):  # until the mean is a little below the limit
        middle = (low + high) / 2
        poor = noisier(fit, "x4", "x5", "x6", by=middle)
        mean = float(average_variance_extracted(poor, "average").sel(factor="g").mean())
        low, high = (middle, high) if mean > 0.498 else (low, middle)
    poor = noisier(fit, "x4", "x5", "x6", by=high)
    assert "AVE 0.50, its interval holds 0.5" in measured(poor).verdict.striptags()


def test_a_ratio_beyond_its_limit_is_named_with_the_probability(monkeypatch: pytest.MonkeyPatch) -> None:
    def alike(*given: Any) -> Any:
        return measurement_quality(*given).assign(htmt=[0.91, 0.4, 0.3], p_htmt_85=[0.12, 1.0, 1.0])

    monkeypatch.setattr("bayescx.report.measurement.measurement_quality", alike)
    said = measured(fit_of("factors, loadings pooled")).verdict
    assert 'HTMT <a class="figure" href="#htmt-0">0.91</a>, below 0.85 with probability 0.12' in said


def test_a_single_factor_is_compared_with_nothing() -> None:
    found = measured(fit_of("observed, latent and a single indicator"))
    assert found.table.headers == ("ω", "AVE", "AVE > r²")  # k has an item too, without an error
    assert not found.has_htmt
    assert "HTMT" not in found.verdict + " ".join(found.meanings)


def test_every_column_is_explained(written: Written) -> None:
    page = written(fit_of("factors, loadings pooled"))
    section = page.by_id("measurement")
    said = [e.text for e in page.within(section) if e.tag == "li"]
    for header in measured(fit_of("factors, loadings pooled")).table.headers:
        assert any(text.startswith(header) for text in said), header
    cited = page.by_id("citations").text
    assert all(name in cited for name in ("McDonald", "Fornell", "Henseler"))


def test_without_factors_there_is_no_such_section(example_fit: bcx.Fit, written: Written) -> None:
    assert measured_factors(gather(example_fit)) is None
    page = written(example_fit)
    assert {"measurement", "invariance", "drivers"}.isdisjoint(section.id for section in page.all("section"))
    assert "Fornell" not in page.by_id("citations").text
