"""The simulated study of effort: made by its program, with the figures that its README promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "data" / "effort"


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_parquet(FOLDER / "rows.parquet")


def test_the_program_makes_the_same_rows(tmp_path: Path, rows: pd.DataFrame) -> None:
    subprocess.run([sys.executable, ROOT / "data" / "make_effort.py", tmp_path], check=True)
    again = pd.read_parquet(tmp_path / "effort" / "rows.parquet")
    pd.testing.assert_frame_equal(again, rows)
    truth = pd.read_csv(tmp_path / "effort" / "truth.csv")
    pd.testing.assert_frame_equal(truth, bcx.load_truth("effort"), rtol=1e-9)
    assert (FOLDER / "rows.parquet").stat().st_size < 2e6


def test_customers_say_what_was_printed(rows: pd.DataFrame) -> None:
    assert len(rows) == 75_000
    sizes = rows.groupby("company", observed=True).size()
    assert (len(sizes), sizes.min(), (sizes < 50).sum()) == (30, 40, 2)
    assert (rows["expectations"] > 4).mean() == pytest.approx(0.16, abs=0.005)
    leaves = rows.groupby("satisfied", observed=True)["intends_to_leave"].apply(lambda one: (one == "yes").mean())
    assert leaves["yes"] == pytest.approx(0.20, abs=0.03)  # companies differ, and the largest are a sample of few
    assert 1 - leaves["no"] == pytest.approx(0.28, abs=0.03)
    shares = rows["after"].value_counts(normalize=True)
    assert shares["disloyal"] / shares["loyal"] == pytest.approx(4, abs=0.5)


def test_the_model_reads_the_evidence(rows: pd.DataFrame) -> None:
    model, evidence = bcx.load_model("effort"), bcx.load_evidence("effort")
    assert evidence.simulated
    matched = evidence.matched(model.observed, model.coded)
    assert matched.n_obs.sum() == 75_000
    own = rows.query("company == 'company_28'")
    position = [matched.variables.index(name) for name in ("above(expectations, 4)", "issue[billing]")]
    wanted = np.cov(np.maximum(own["expectations"] - 4, 0), own["issue"] == "billing")
    found = matched.cov[matched.organizations.index("company_28")][np.ix_(position, position)]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    truth = bcx.load_truth("effort").query("organization == 'typical' and kind == 'path'")
    assert set(truth["parameter"]) == {row.name for row in model.paths}
