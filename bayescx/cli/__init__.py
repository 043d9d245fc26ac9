"""The command line ``bayescx``, also ``python -m bayescx``."""

from __future__ import annotations

from bayescx.cli.commands import main

__all__ = ["main"]
