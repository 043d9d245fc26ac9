"""Files that the command line writes: checked before work begins, whole or not at all once it is done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bayescx.errors import BayescxError

__all__ = ["check_writable", "writing", "writing_all"]

_MARKS = {"fit": b"\x89HDF", "report": b'<meta name="generator" content="bayescx'}
_BEGINNING = 2000
"""Bytes of a file within which its mark must stand."""


def check_writable(path: Path, *, kind: str | None = None, overwrite: bool = True) -> None:
    """Refuse a file that could not be written later, or whose content would be lost.

    That is, with ``kind`` "fit" or "report", a file that holds something else and, without ``overwrite``, any file.

    Raises
    ------
    BayescxError
        Saying why.
    """
    problem = _obstacle(path)
    if problem is None and kind is not None and path.exists() and _MARKS[kind] not in _beginning(path):
        problem = f"this file is there and is no {kind}; name another, or delete it first"
    if problem is None and not overwrite and path.exists():
        problem = "this file is there; name another, or replace it with --overwrite"
    if problem is not None:
        raise BayescxError(f"cannot write {path}: {problem}")


def _obstacle(path: Path) -> str | None:
    if path.is_dir():
        return "this is a folder; name a file in it"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if path.exists() and not os.access(path, os.W_OK):
        return "this file is there and is write-protected"
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return None
    except OSError as error:
        return f"no file can be made in folder {path.parent} ({error.strerror})"


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_BEGINNING)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a file to write to that takes the place of ``path`` once it is complete."""
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def writing_all(folder: Path, files: Mapping[str, str], *, overwrite: bool) -> None:
    """Write texts into a folder that is made if need be; nothing is written unless all can be.

    Raises
    ------
    BayescxError
        If the folder cannot be made, or files are there that ``overwrite`` does not give up.
    """
    if folder.exists() and not folder.is_dir():
        raise BayescxError(f"cannot write to {folder}: this is a file; name a folder")
    if not folder.absolute().parent.is_dir():
        raise BayescxError(f"cannot write to {folder}: there is no folder {folder.parent}")
    there = [name for name in files if (folder / name).exists()]
    if there and not overwrite:
        listed = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
        raise BayescxError(
            f"cannot write to {folder}: already there: {listed}; name another folder, or use --overwrite"
        )
    # what is no text fails here, before a file is made
    encoded = {name: text.encode("utf-8") for name, text in files.items()}
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise BayescxError(f"cannot make the folder {folder}: {error.strerror}") from error
    for name in files:
        check_writable(folder / name)
    for name, content in encoded.items():
        with writing(folder / name) as part:
            part.write_bytes(content)
