"""Heavy libraries load on first use: `import bayescx`, reading inputs and ``--help`` do not wait for them."""

from __future__ import annotations

import subprocess
import sys

import pytest

SAMPLERS_AND_PLOTS = {"arviz", "jax", "matplotlib", "numba", "nutpie", "pymc", "pytensor"}
DATA = {"numpy", "pandas", "pyarrow", "scipy", "xarray"}

HELP = """
from bayescx.cli import main
sys.argv = ["bayescx", {arguments}]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""


def loaded_by(code: str) -> set[str]:
    """Top-level packages that a fresh interpreter holds after running `code`."""
    report = "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{report}"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_import_bayescx_loads_no_library_at_all() -> None:
    assert not loaded_by("import bayescx") & (SAMPLERS_AND_PLOTS | DATA)


@pytest.mark.parametrize("name", ["parse_model", "read_evidence", "load_model", "Priors"])
def test_inputs_load_neither_samplers_nor_plots(name: str) -> None:
    assert not loaded_by(f"import bayescx; bayescx.{name}") & SAMPLERS_AND_PLOTS


@pytest.mark.parametrize(
    "command", ["", "check", "fit", "summarize", "report", "moments", "simulate", "demo", "rates", "choices"]
)
def test_help_loads_neither_samplers_nor_plots(command: str) -> None:
    arguments = ", ".join(repr(word) for word in [*command.split(), "--help"])
    assert not loaded_by(HELP.format(arguments=arguments)) & SAMPLERS_AND_PLOTS
