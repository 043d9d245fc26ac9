"""Replications of the example fit and of a small one, written once; tests that change them take a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import bayescx as bcx


@pytest.fixture(scope="session")
def written(example_fit: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bcx.write_replication(example_fit, tmp_path_factory.mktemp("replication") / "folder")


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "folder"))


@pytest.fixture(scope="session")
def small_fit(example_rows: pd.DataFrame) -> bcx.Fit:
    """One path, two of three organizations, few draws: quick to sample and to summarize."""
    rows = example_rows[example_rows["organization"].isin(["north", "south"])]
    evidence = bcx.Evidence.from_rows(rows, organization="organization", n_planned=3)
    with pytest.warns(bcx.ConvergenceWarning):
        return bcx.fit(
            bcx.parse_model("trust ~ satisfaction"),
            evidence, draws=100, tune=200, chains=2, random_seed=1, progressbar=False,
        )  # fmt: skip


@pytest.fixture(scope="session")
def small_written(small_fit: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bcx.write_replication(small_fit, tmp_path_factory.mktemp("replication") / "folder")


@pytest.fixture
def small(small_written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_written, tmp_path / "folder"))
