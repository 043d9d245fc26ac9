"""The command line called in this process, and one small study carried through it."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from bayescx.cli import main

SMALL = "m ~ a*x\ny ~ b*m + x\nmediated := a*b\n"


class Called(NamedTuple):
    code: object
    out: str
    err: str


Command = Callable[..., Called]


def call(*words: object) -> Called:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return Called(stop.value.code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def bayescx() -> Command:
    """Call the command line with words; return exit code, stdout and stderr."""
    return call


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small.lavaan, rows.csv and truth.csv of four organizations, as `simulate` writes them."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "small.lavaan").write_text(SMALL)
    done = call(
        "simulate", folder / "small.lavaan", "-o", folder / "rows.csv", "--truth", folder / "truth.csv",
        "--organizations", 4, "--n", "80:120", "--seed", 1, "--set", "m~x=0.6",
    )  # fmt: skip
    assert done.code == 0, done.err
    return folder


@pytest.fixture(scope="session")
def fit_file(study: Path) -> Path:
    """A fit of that study with more draws than tests need to converge."""
    file = study / "fit.nc"
    done = call(
        "fit", study / "small.lavaan", study / "rows.csv", "--organization", "organization", "--planned", 6,
        "--draws", 500, "--tune", 500, "--seed", 1, "-o", file,
    )  # fmt: skip
    assert done.code == 0, done.err
    return file
