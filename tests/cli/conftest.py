"""The command line called in this process, and one small study carried through it."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

import bayescx as bcx
from bayescx import fitted
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


@pytest.fixture(scope="module", autouse=True)
def _read_once() -> Iterator[None]:
    """Let commands of one module read the file of a fit once, as long as it stays the same: that is half their time."""
    load, kept = bcx.load_fit, {}  # the package itself keeps the name, so it has to know the real one first

    def load_once(path: str | os.PathLike[str]) -> fitted.Fit:
        file = Path(path).absolute()
        if not file.is_file():
            return load(path)
        known = (file, file.stat().st_mtime_ns, file.stat().st_size)
        if known not in kept:
            kept[known] = load(path)
        return kept[known]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitted, "load_fit", load_once)
        yield


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
