"""The floors of the house (``[tool.importlinter]`` in pyproject.toml) hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


def lint_imports(folder: Path, *options: str, config: Path = ROOT / "pyproject.toml") -> tuple[int, str]:
    """Run import-linter on the package that lies in `folder`; return its exit code and what it printed."""
    done = subprocess.run(
        [*LINT, "--config", str(config), "--no-cache", "--no-logo", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONUTF8": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_floors_hold() -> None:
    code, printed = lint_imports(ROOT)
    assert code == 0, printed


# A toy package with one forbidden import each: the contracts must see it, also where it hides in a function.
BREACHES = {
    "a floor looks up": ("floors", "spec/__init__.py", "from bayescx import cli"),
    "two neighbours meet": ("floors", "spec/__init__.py", "from bayescx import evidence"),
    "a module without a floor": ("floors", "extras.py", ""),
    "two files in a circle": ("no-circles", "spec/one.py", "from bayescx.spec import two"),
    "PyMC outside model": ("samplers", "cli.py", "import pymc"),
    "PyMC inside a function": ("samplers", "fitted.py", "def f():\n    import pymc"),
    "nutpie beside the sampler": ("samplers", "estimands/__init__.py", "from nutpie import sample"),
    "numba outside kernel": ("compiler", "model/__init__.py", "from numba import njit"),
    "pandas in the kernel": ("plain-arrays", "kernel/__init__.py", "import pandas"),
    "ArviZ while reading": ("light-inputs", "evidence/__init__.py", "import arviz"),
}
TOY = {
    "__init__.py": "",
    "__main__.py": "from bayescx import cli",
    "_html.py": "",
    "_names.py": "",
    "algebra.py": "import numpy",
    "choices/__init__.py": "from bayescx import model",
    "cli.py": "from bayescx import datasets, estimands, model",
    "archive.py": "from bayescx import errors",
    "coding.py": "from bayescx import errors",
    "datasets.py": "from bayescx import evidence, spec",
    "errors.py": "",
    "estimands/__init__.py": "from bayescx import fitted",
    "evidence/__init__.py": "import pandas",
    "fitted.py": "from bayescx import priors",
    "kernel/__init__.py": "import numba",
    "model/__init__.py": "import pymc, nutpie\nfrom bayescx import fitted, kernel",
    "plots/__init__.py": "from bayescx import estimands\nimport matplotlib",
    "prior_shapes.py": "",
    "priors.py": "from bayescx import prior_shapes",
    "rates/__init__.py": "from bayescx import priors",
    "replication/__init__.py": "from bayescx import estimands",
    "report/__init__.py": "from bayescx import plots",
    "simulation.py": "from bayescx import algebra",
    "wording.py": "from bayescx import fitted",
    "spec/__init__.py": "from bayescx import errors",
    "spec/two.py": "from bayescx.spec import one",
    "spec/one.py": "",
}


def build_toy(folder: Path, changes: dict[str, str]) -> None:
    for name, text in {**TOY, **changes}.items():
        path = folder / "bayescx" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")


def test_a_toy_house_keeps_them_all(tmp_path: Path) -> None:
    build_toy(tmp_path, {})
    code, printed = lint_imports(tmp_path)
    assert code == 0, printed


@pytest.mark.parametrize("breach", BREACHES)
def test_each_contract_sees_its_breach(breach: str, tmp_path: Path) -> None:
    contract, name, text = BREACHES[breach]
    build_toy(tmp_path, {name: text})
    code, printed = lint_imports(tmp_path, "--contract", contract)
    assert code == 1, printed
    assert "BROKEN" in printed
