"""Notebooks run from top to bottom in a fresh kernel, warn of nothing, and are kept without results."""

from __future__ import annotations

import os
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(file.name for file in FOLDER.glob("*.ipynb"))
LONG = {"02_margin_of_error.ipynb", "03_drivers.ipynb", "04_effort.ipynb"}  # minutes each: run by `make calibrate`
SECONDS = 120


def read(name: str) -> NotebookNode:
    return nbformat.read(FOLDER / name, as_version=4)


def run(notebook: NotebookNode, folder: Path, seconds: float = SECONDS) -> None:
    """Run all cells with ``folder`` as working and temporary folder, so that nothing is written elsewhere."""
    end = time.monotonic() + seconds
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout_func=lambda _: max(1, round(end - time.monotonic())),
        resources={"metadata": {"path": str(folder)}},
    )
    # every warning is shown; as errors they would keep the kernel itself from starting
    client.execute(env={**os.environ, "PYTHONWARNINGS": "always", "TMPDIR": str(folder), "IPYTHONDIR": str(folder)})


def complaints(notebook: NotebookNode) -> dict[str, str]:
    """What cells wrote to stderr, warnings among it, by cell."""
    return {
        cell.id: output.text
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream" and output.name == "stderr"
    }


def test_the_notebooks_are_there() -> None:
    assert {"00_first_steps.ipynb", "01_value_creation.ipynb", *LONG} == set(NAMES)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.calibration] if name in LONG else []) for name in NAMES]
)
def test_it_runs_from_top_to_bottom_without_a_warning(name: str, tmp_path: Path) -> None:
    notebook = read(name)
    run(notebook, tmp_path, 1200 if name in LONG else SECONDS)
    assert complaints(notebook) == {}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_a_warning_in_a_cell_is_found(tmp_path: Path) -> None:
    warn = nbformat.v4.new_code_cell("import warnings; warnings.warn('something is odd', DeprecationWarning)", id="odd")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", id="fine"), warn])
    run(notebook, tmp_path)
    found = complaints(notebook)
    assert list(found) == ["odd"]
    assert "DeprecationWarning: something is odd" in found["odd"]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_kept_without_results(name: str) -> None:
    notebook = read(name)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.id for cell in code if cell.outputs or cell.execution_count is not None] == []


def test_value_creation_says_first_that_its_data_are_simulated() -> None:
    first = read("01_value_creation.ipynb").cells[0]
    assert first.cell_type == "markdown"
    assert "The data are simulated." in first.source


def test_value_creation_names_its_source() -> None:
    text = "\n".join(cell.source for cell in read("01_value_creation.ipynb").cells if cell.cell_type == "markdown")
    assert 'columns "Justification? Value creation!"' in text
