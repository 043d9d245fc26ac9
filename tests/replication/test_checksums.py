"""Every changed, missing or foreign file is named."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bayescx.errors import FitError
from bayescx.replication import changed_files
from bayescx.replication.checksums import CHECKSUMS, INPUTS


def append(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("ab") as stream:
            stream.write(b" ")

    return change


def test_nothing_is_said_of_what_was_written(written: Path) -> None:
    assert changed_files(written) == []


def test_the_file_is_that_of_sha256sum(written: Path) -> None:
    done = subprocess.run(["/usr/bin/env", "sha256sum", "-c", CHECKSUMS], cwd=written, capture_output=True, text=True)
    if done.returncode == 127:
        pytest.skip("there is no sha256sum here")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(INPUTS) + 4


@pytest.mark.parametrize("name", [*INPUTS, "moments/south.json"])
def test_a_changed_input_is_named(folder: Path, name: str) -> None:
    append(name)(folder)
    assert changed_files(folder) == [f"{name} was changed"]


@pytest.mark.parametrize("name", [*INPUTS, "moments/south.json"])
def test_a_missing_input_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert changed_files(folder) == [f"{name} is missing"]


@pytest.mark.parametrize("name", ["numpy.py", "moments/more.json", "notes\x1b[2J.txt"])
def test_a_foreign_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_text("")
    assert changed_files(folder) == [f"{name.replace(chr(27), '\\x1b')} is not part of this replication"]


def test_a_foreign_folder_is_named_once(folder: Path) -> None:
    (folder / "env" / "lib").mkdir(parents=True)
    (folder / "env" / "lib" / "x.py").write_text("")
    assert changed_files(folder) == ["env is not part of this replication"]


@pytest.mark.parametrize("name", ["README.md", "requirements.txt", "summary/r_squared.csv"])
def test_outputs_and_descriptions_have_no_checksum(folder: Path, name: str) -> None:
    append(name)(folder)
    assert changed_files(folder) == []


@pytest.mark.parametrize("name", [".DS_Store", "moments/.hidden", "replicated/r_squared.csv", "__pycache__/x.pyc"])
def test_what_systems_and_the_script_leave_behind_is_no_matter(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("")
    assert changed_files(folder) == []


def test_a_line_that_was_taken_out_is_noticed(folder: Path) -> None:
    lines = (folder / CHECKSUMS).read_text().splitlines(keepends=True)
    (folder / CHECKSUMS).write_text("".join(line for line in lines if "priors" not in line and "west" not in line))
    assert changed_files(folder) == [
        "priors.json has no checksum",
        "moments/west.json is not part of this replication",
    ]


def test_checksums_do_not_lead_out_of_the_folder(folder: Path) -> None:
    (folder.parent / "secret").write_text("")
    with (folder / CHECKSUMS).open("a") as stream:
        stream.write(f"{'0' * 64}  ../secret\n")
    assert changed_files(folder) == ["../secret lies outside of the folder"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is missing, so nothing can be checked"),
        (b"abc  model.lavaan\n", "line 1 is not a SHA-256"),
        (b"\xff", "cannot be read"),
    ],
)
def test_a_useless_file_of_checksums_is_refused(folder: Path, content: bytes | None, message: str) -> None:
    if content is None:
        (folder / CHECKSUMS).unlink()
    else:
        (folder / CHECKSUMS).write_bytes(content)
    with pytest.raises(FitError, match=message):
        changed_files(folder)


def test_line_ends_of_another_system_do_not_matter_in_the_list(folder: Path) -> None:
    text = (folder / CHECKSUMS).read_bytes()
    (folder / CHECKSUMS).write_bytes(text.replace(b"\n", b"\r\n"))
    assert changed_files(folder) == []
