"""``python -m bayescx``: the command line."""

from __future__ import annotations

from bayescx.cli import main

if __name__ == "__main__":
    main()
