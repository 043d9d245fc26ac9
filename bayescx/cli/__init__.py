"""The command line ``bayescx``, also ``python -m bayescx``.

Commands read their inputs, call one room of the house and show what it returned. Heavy libraries load inside
the commands, so that help is immediate. Exit codes: 0 done, 2 input that cannot be used, 1 anything else, 130
interrupted.
"""

from __future__ import annotations

from bayescx.cli import analysis, choices, rates, sharing, studies  # the commands register themselves, in this order
from bayescx.cli.main import main

__all__ = ["analysis", "choices", "main", "rates", "sharing", "studies"]
