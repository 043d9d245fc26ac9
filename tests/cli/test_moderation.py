"""``summarize --estimand moderation``: figures of the functions, on a screen and in files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bayescx.estimands import heterogeneity
from bayescx.estimands.moderation_tables import explained_table, moderator_table
from tests.moderated import moderated_fit

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return moderated_fit().save(tmp_path_factory.mktemp("moderated") / "fit.nc")


@pytest.mark.parametrize("raw", [False, True])
def test_files_have_both_tables(file: Path, bayescx: Command, *, raw: bool) -> None:
    words = ["summarize", file, "--estimand", "moderation", "--ci", 0.9, *(["--raw"] if raw else [])]
    done = bayescx(*words, "--format", "csv")
    assert done.code == 0, done.err
    found = pd.read_csv(io.StringIO(done.out))
    differences = moderator_table(moderated_fit(), 0.9, standardized=not raw)
    explained = explained_table(moderated_fit(), 0.9)
    assert found["quantity"].tolist() == ["difference"] * 3 + ["explained"] * 2
    for part, expected in ((found[:3], differences), (found[3:], explained)):
        for name in expected.select_dtypes("number"):
            assert part[name].tolist() == pytest.approx(expected[name].tolist(), rel=1e-6)
        assert part["path"].tolist() == expected["path"].tolist()
    records = json.loads(bayescx(*words, "--format", "json").out)
    assert list(records[0]) == list(found.columns)


def test_the_screen_says_steps_and_priors(file: Path, bayescx: Command) -> None:
    done = bayescx("summarize", file, "--estimand", "moderation", "--raw")
    assert (done.code, done.err) == (0, "")
    assert max(len(line.rstrip()) for line in done.out.splitlines()) <= 100
    rows = moderator_table(moderated_fit()).set_index("moderator")
    row = rows.loc["loyalty~effort:employees"]
    lines = [line.split() for line in done.out.splitlines()]
    assert ["employees", "2,000", f"{row['mean']:.3f}"] in [line[:3] for line in lines]
    assert any("industry: goods (not services)" in line for line in done.out.splitlines())
    (share,) = (line for line in lines if line[:1] == ["loyalty~effort"] and len(line) > 1)
    explained = explained_table(moderated_fit()).set_index("path").loc["loyalty~effort"]
    assert (share[1], share[4]) == (f"{explained['mean']:.2f}", f"{explained['prior_mean']:.2f}")
    assert "SD (" in bayescx("summarize", file, "--estimand", "moderation").out


def test_heterogeneity_is_told_with_and_without_what_attributes_do(file: Path, bayescx: Command) -> None:
    done = bayescx("summarize", file, "--estimand", "heterogeneity")
    assert (done.code, done.err) == (0, "")
    found = {
        name: float(array.sel(path="loyalty~effort").mean()) for name, array in heterogeneity(moderated_fit()).items()
    }
    (row,) = (line.split() for line in done.out.splitlines() if line.startswith("loyalty~effort"))
    assert row[1:3] == [f"{found['total_sd']:.3f}", f"{found['beta_tau']:.3f}"]
    assert "tau, I2 and pooling are of what these leave" in " ".join(done.out.split())


def test_what_it_refuses(file: Path, fit_file: Path, bayescx: Command) -> None:
    done = bayescx("summarize", file, "--estimand", "moderation", "--target", "new")
    assert done.code == 2
    assert "moderation is about the population; leave --target out" in " ".join(done.err.split())
    done = bayescx("summarize", fit_file, "--estimand", "moderation")
    assert (done.code, done.out) == (2, "")
    assert "no path of this model depends on an attribute" in done.err
    assert "moderation (of paths, by attributes of organizations)" in bayescx("summarize", "--help").out
