"""Checksums of a replication's input files, and what differs from them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from bayescx.errors import FitError
from bayescx.evidence.findings import printable

__all__ = ["changed_files", "foreign_files", "write_checksums"]

CHECKSUMS = "checksums.txt"
INPUTS = ("evidence.toml", "model.lavaan", "priors.json", "replicate.py", "settings.json")
MOMENTS = "moments"
BESIDE = (CHECKSUMS, "README.md", "requirements.txt", "summary", "replicated", "__pycache__")
"""What else a folder holds: outputs and what is there to be read by people."""

_LINE = re.compile(r"([0-9a-f]{64}) [ *]([!-~][ -~]*)")


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """Write the SHA-256 of files as ``sha256sum`` does, one a line; names are relative to the folder."""
    lines = [f"{_digest(folder / name)}  {name}\n" for name in sorted(names)]
    (folder / CHECKSUMS).write_bytes("".join(lines).encode("utf-8"))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def changed_files(folder: str | Path) -> list[str]:
    """Compare the input files of a replication with their checksums.

    Outputs (``summary``, ``replicated``), the README and files whose name begins with a dot are not looked at.

    Parameters
    ----------
    folder : path
        As ``write_replication`` wrote it.

    Returns
    -------
    list of str
        One sentence for each file that is changed, missing or not part of the replication; empty when all is well.

    Raises
    ------
    FitError
        If there is no ``checksums.txt``, or it holds something else.

    Examples
    --------
    >>> from bayescx.replication import write_replication
    >>> folder = write_replication(fit, "replication")
    >>> _ = (folder / "moments" / "south.json").write_text("{}")
    >>> changed_files(folder)
    ['moments/south.json was changed']
    """
    root = Path(folder)
    listed = _listed(root / CHECKSUMS)
    problems = []
    for name, digest in listed.items():
        file = root / name
        if not file.resolve().is_relative_to(root.resolve()):
            problems.append(f"{printable(name)} lies outside of the folder")
        elif not file.is_file():
            problems.append(f"{printable(name)} is missing")
        elif _digest(file) != digest:
            problems.append(f"{printable(name)} was changed")
    problems += [f"{name} has no checksum" for name in INPUTS if name not in listed]
    foreign = [name for name in foreign_files(root, listed) if not name.rpartition("/")[2].startswith(".")]
    return problems + [f"{printable(name)} is not part of this replication" for name in foreign]


def foreign_files(root: Path, listed: Iterable[str]) -> list[str]:
    """Names of what lies in the folder or in ``moments`` without being input, output or description."""
    expected = {*listed, *INPUTS, *BESIDE, MOMENTS}
    found = [entry.name for entry in root.iterdir()]
    if (root / MOMENTS).is_dir():
        found += [f"{MOMENTS}/{entry.name}" for entry in (root / MOMENTS).iterdir()]
    return sorted(name for name in found if name not in expected)


def _listed(file: Path) -> dict[str, str]:
    """Name -> SHA-256, as ``write_checksums`` wrote them."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise FitError(f"{file} is missing, so nothing can be checked") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FitError(f"{file} cannot be read: {error}") from error
    listed = {}
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise FitError(f"{file}: line {number} is not a SHA-256 and a file's name")
        listed[found[2]] = found[1]
    return listed
