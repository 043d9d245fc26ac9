"""Fits as netCDF files: written whole or not at all, and read with a word on what is no such fit."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from bayescx.errors import BayescxError, FitError

__all__ = ["read_archive", "write_archive"]

_KINDS = {
    "bayescx-choices": "it is a fit of choices; load_choice_fit(path) reads it",
    "bayescx-fit": "it is the fit of a path model; load_fit(path) reads it",
    "bayescx-rates": "it is a fit of shares; load_rates_fit(path) reads it",
}
_NO_ARCHIVE = "it is a netCDF file, but not one written by bayescx"


def write_archive(tree: xr.DataTree, path: str | os.PathLike[str], example: str) -> Path:
    """Write a tree; an existing file is replaced only once the new one is complete.

    Raises
    ------
    FitError
        If the folder is not there or cannot be written to; ``example`` is a name that would do.
    """
    target = Path(path)
    if not target.absolute().parent.is_dir():
        raise FitError(f"cannot save to {target}: there is no folder {target.parent}")
    if target.is_dir():
        raise FitError(f"cannot save to {target}: it is a folder; name a file, e.g. {target / example}")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise FitError(f"cannot save to {target}: {error.strerror}") from error
    os.close(handle)
    try:
        tree.to_netcdf(name, engine="h5netcdf")
        _readable(name)
        Path(name).replace(target)
    except (OSError, ValueError) as error:  # HDF5 refuses names that hold a null character
        raise FitError(f"cannot save to {target}: {error}") from error
    finally:
        Path(name).unlink(missing_ok=True)
    return target


def _readable(name: str) -> None:
    # mkstemp makes files that only their owner may read; a saved fit gets the permissions of any new file
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)


def read_archive[Built](
    path: str | os.PathLike[str], kind: str, version: int, build: Callable[[xr.DataTree], Built]
) -> Built:
    """Read a tree of one kind and build what it was made from. Nothing in the file is executed.

    Raises
    ------
    FitError
        If the file is missing, is of another kind or version, or ``build`` finds it incomplete or changed.
    """
    source = Path(path)
    if not source.is_file():
        folder = " (this is a folder)" if source.is_dir() else ""
        raise FitError(f"cannot load {source}: there is no such file{folder}")
    try:
        with xr.open_datatree(source, engine="h5netcdf") as opened:
            tree = opened.load()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise FitError(f"cannot load {source}: it is not a netCDF file written by bayescx") from error
    try:
        _check(str(tree.attrs.get("format")), tree.attrs.get("format_version", 0), kind, version)
        return build(tree)
    except FitError as error:
        raise FitError(f"cannot load {source}: {error}") from error
    except (BayescxError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise FitError(f"cannot load {source}: it is damaged ({error})") from error


def _check(kind: str, version: int, wanted: str, known: int) -> None:
    if kind != wanted:
        raise FitError(_KINDS.get(kind, _NO_ARCHIVE))
    if version > known:
        raise FitError("a later version of bayescx wrote it; upgrade bayescx")
    if version < known:
        raise FitError("an earlier version of bayescx wrote it; fit the model again")
