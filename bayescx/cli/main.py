"""Run the command line: errors become one message and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from bayescx.cli.app import app
from bayescx.errors import BayescxError

__all__ = ["main"]

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of users must not stop a terminal that cannot show them
            stream.reconfigure(errors="backslashreplace")
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # `bayescx summarize fit.nc | head` is no error to speak of
            typer.echo(f"Error: cannot write to standard output: {error.strerror}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes again as it ends
        code = code or 1
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        typer.main.get_command(app).main(args=arguments, prog_name="bayescx")
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if code == INTERRUPTED:
            typer.echo("interrupted; nothing was saved", err=True)
        return code
    except BayescxError as error:
        typer.echo(f"Error: {error}", err=True)
        return 2
    except UnicodeEncodeError as error:
        shown = error.object[error.start : error.end].encode("unicode_escape").decode()
        typer.echo(f"Error: {shown!r} is no text that a file can hold; was it typed in another encoding?", err=True)
        return 2
    except OSError as error:
        typer.echo(f"Error: {error}", err=True)
        return 1
    return 0
