"""What is built is what is needed: the package, its type marker, the shipped models and data."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_every_module_and_the_type_marker_are_inside(names: set[str]) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bayescx").rglob("*.py")}
    assert modules | {"bayescx/py.typed"} <= names


@pytest.mark.parametrize("folder", ["models", "data"])
def test_shipped_files_are_inside(folder: str, names: set[str]) -> None:
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    assert {f"bayescx/_shipped/{path.relative_to(ROOT).as_posix()}" for path in files} <= names


def test_the_value_creation_model_is_inside(names: set[str]) -> None:
    assert "bayescx/_shipped/models/value_creation.lavaan" in names


def test_nothing_else_is_inside(names: set[str]) -> None:
    assert {name.split("/")[0].removesuffix(".dist-info").split("-")[0] for name in names} == {"bayescx"}
    assert not [name for name in names if "__pycache__" in name]


def test_licence_and_python_version_are_declared(metadata: Message, names: set[str]) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.12"
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_sampler_is_capped_at_the_version_tested(metadata: Message) -> None:
    required = metadata.get_all("Requires-Dist", [])
    assert "nutpie<0.17,>=0.16.11" in required


def test_an_unpacked_wheel_finds_its_models(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import bayescx\n"
        f"assert bayescx.__file__.startswith({str(tmp_path)!r}), bayescx.__file__\n"
        "assert 'value_creation' in bayescx.list_models()\n"
        "bayescx.load_model('value_creation')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
