"""Files that the command line writes: checked before work begins, whole or not at all once it is done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayescx.errors import BayescxError

__all__ = ["check_writable", "writing"]

_HDF5 = b"\x89HDF"


def check_writable(path: Path, *, fit: bool = False, overwrite: bool = True) -> None:
    """Refuse a file that could not be written later, or whose content would be lost.

    That is, with ``fit``, a file that holds something other than a fit and, without ``overwrite``, any file.

    Raises
    ------
    BayescxError
        Saying why.
    """
    problem = _obstacle(path)
    if problem is None and fit and path.exists() and not _is_hdf5(path):
        problem = "this file is there and is no fit; name another, or delete it first"
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


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_HDF5)) == _HDF5


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
