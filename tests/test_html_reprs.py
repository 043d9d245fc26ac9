"""How models, evidence and fits show themselves in notebooks: well-formed, and no name of a user is markup."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd

import bayescx as bcx

HOSTILE = "<script>alert(1)</script>"


def parsed(html: str) -> ET.Element:
    return ET.fromstring(f"<div>{html}</div>")  # noqa: S314  (our own text)


def words(html: str) -> str:
    return " ".join(" ".join(parsed(html).itertext()).split())


def test_a_model_shows_its_equations_in_words() -> None:
    shown = words(bcx.load_model("value_creation")._repr_html_())
    assert "Path model value_creation (7 constructs, 10 paths)" in shown
    assert "trust in the company ← trust in customer service + satisfaction with the company" in shown


def test_a_measured_model_shows_its_items_and_definitions() -> None:
    model = bcx.parse_model("f =~ x_1 + x_2 + upper(0)*x_3\ny ~ a*f\nd := a^2")
    shown = words(model._repr_html_())
    assert "f is measured by x 1, x 2, x 3 (reversed)" in shown
    assert "d is defined as a^2" in shown


def test_evidence_shows_who_shared_what() -> None:
    evidence = bcx.load_evidence("ten_organizations")
    shown = words(evidence._repr_html_())
    assert shown.startswith("Simulated evidence 10 of 10 organizations")
    assert "org_07 rows 215 rows.csv" in shown


def test_a_fit_shows_what_it_is(example_fit: bcx.Fit) -> None:
    shown = words(example_fit._repr_html_())
    assert "4 of 6 planned" in shown
    assert "respondents 600" in shown
    assert "4 chains × 1,000, seed 1" in shown
    assert "converged yes" in shown
    assert "simulated" not in shown


def test_a_fit_that_did_not_converge_says_so(example_fit: bcx.Fit, tmp_path: Path) -> None:
    fit = bcx.load_fit(example_fit.save(tmp_path / "fit.nc"))
    fit.provenance["convergence_problems"].append("3 of 4000 draws diverged")  # type: ignore[index]
    assert "converged no: 3 of 4000 draws diverged" in words(fit._repr_html_())


def test_names_are_escaped() -> None:
    model = bcx.parse_model(f"y ~ `{HOSTILE}`", name=HOSTILE)
    rows = pd.DataFrame({"o": [HOSTILE] * 9, "x": range(9)})
    for html in (model._repr_html_(), bcx.Evidence.from_rows(rows, organization="o")._repr_html_()):
        assert "<script" not in html
        assert HOSTILE in words(html)
