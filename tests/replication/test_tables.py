"""Summary tables: every estimand and target, the same numbers as ``summarize``, and files that keep every digit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import arviz_stats
import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.replication import read_tables, summary_tables, write_tables
from bayescx.replication.tables import TARGETS


@pytest.fixture(scope="module")
def tables(example_fit: bcx.Fit) -> dict[str, pd.DataFrame]:
    return summary_tables(example_fit)


def test_tables_and_columns(tables: dict[str, pd.DataFrame]) -> None:
    labels = {
        "direct_effects": ["target", "organization", "scale", "path"],
        "indirect_effects": ["target", "organization", "scale", "cause", "outcome"],
        "total_effects": ["target", "organization", "scale", "cause", "outcome"],
        "defined_parameters": ["target", "organization", "scale", "definition"],
        "r_squared": ["target", "organization", "outcome"],
        "heterogeneity": ["quantity", "path"],
        "parameters": ["variable", "organization", "parameter"],
    }
    statistics = ["mean", "sd", "eti95_lb", "eti95_ub", "mcse_mean", "mcse_eti95_lb", "mcse_eti95_ub"]
    assert {name: table.columns.tolist() for name, table in tables.items()} == {
        name: own + statistics for name, own in labels.items()
    }
    for name, table in tables.items():
        assert not table.duplicated(labels[name]).any()
        assert not table.isna().any(axis=None)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("standardized", [True, False])
def test_effects_are_those_of_summarize(
    example_fit: bcx.Fit, tables: dict[str, pd.DataFrame], target: str, standardized: bool
) -> None:
    for name in ("direct_effects", "indirect_effects", "total_effects", "defined_parameters"):
        wanted = bcx.summarize(getattr(bcx, name)(example_fit, target, standardized=standardized))
        found = tables[name]
        found = found[(found["target"] == target) & ((found["scale"] == "standardized") == standardized)]
        found = found.reset_index(drop=True)
        same = [column for column in wanted.columns if column in found.columns]
        assert {"mean", "sd", "eti95_lb", "eti95_ub", "mcse_mean"} < set(same)
        pd.testing.assert_frame_equal(found[same], wanted[same], check_exact=True, check_dtype=False)


@pytest.mark.parametrize("target", TARGETS)
def test_r_squared_is_that_of_summarize(example_fit: bcx.Fit, tables: dict[str, pd.DataFrame], target: str) -> None:
    wanted = bcx.summarize(bcx.r_squared(example_fit, target))
    found = tables["r_squared"].query("target == @target")
    np.testing.assert_array_equal(found["mean"], wanted["mean"])
    np.testing.assert_array_equal(found["outcome"], wanted["outcome"])


def test_the_whole_posterior_is_there(example_fit: bcx.Fit, tables: dict[str, pd.DataFrame]) -> None:
    posterior = example_fit.posterior
    assert len(tables["parameters"]) == sum(array[0, 0].size for array in posterior.data_vars.values())
    row = tables["parameters"].query("variable == 'beta' and organization == 'east' and parameter == 'loyalty~trust'")
    wanted = posterior["beta"].sel(organization="east", path="loyalty~trust").mean()
    assert row["mean"].item() == pytest.approx(float(wanted))


def test_bounds_have_the_error_of_quantiles(example_fit: bcx.Fit) -> None:
    found = summary_tables(example_fit, ci_prob=0.5)["r_squared"].query("target == 'new'")
    draws = bcx.r_squared(example_fit, "new")
    np.testing.assert_allclose(found["mcse_eti50_lb"], arviz_stats.mcse(draws, method="quantile", prob=0.25))
    np.testing.assert_allclose(found["mcse_eti50_ub"], arviz_stats.mcse(draws, method="quantile", prob=0.75))
    np.testing.assert_allclose(found["mcse_mean"], arviz_stats.mcse(draws, method="mean"))


def test_without_a_population_only_organizations_are_summarized(example_fit: bcx.Fit) -> None:
    apart = dataclasses.replace(example_fit, pooling=dict(example_fit.pooling) | {"paths": "none"})
    tables = summary_tables(apart)
    assert set(tables["direct_effects"]["target"]) == {"organization"}
    assert "heterogeneity" not in tables


def test_files_keep_every_digit(tables: dict[str, pd.DataFrame], written: Path) -> None:
    read = read_tables(written / "summary")
    assert read.keys() == tables.keys()
    for name, table in tables.items():
        pd.testing.assert_frame_equal(read[name], table, check_exact=True)


def test_tables_of_an_earlier_run_do_not_stay(example_fit: bcx.Fit, tmp_path: Path) -> None:
    (tmp_path / "left_over.csv").write_text("target,mean\n")
    write_tables(example_fit, tmp_path)
    assert "left_over" not in read_tables(tmp_path)


def test_a_table_cannot_take_the_place_of_a_file(example_fit: bcx.Fit, tmp_path: Path) -> None:
    (tmp_path / "summary").write_text("")
    with pytest.raises(FitError, match="cannot write tables to"):
        write_tables(example_fit, tmp_path / "summary")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is not the header"),
        ("a,b\n1,2\n", "line 1 is not the header"),
        ("path,mean,mean\n", "line 1 is not the header"),
        ("path,mean\nx,1\ny\n", "line 3 has 1 cells where the header has 2"),
        ("path,mean\nx,much\n", "line 2: a number is needed"),
        ("path,mean\nx,1\nx,1\n", "a quantity is there twice: 'x'"),
        ("path,mean\n\xff,1\n", "cannot be read as a table"),
    ],
)
def test_damaged_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(FitError, match=message):
        read_tables(tmp_path)


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="there are no tables"):
        read_tables(tmp_path)
