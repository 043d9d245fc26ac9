"""Small HTML tables for notebooks. Every text is escaped: names come from users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["heading", "table"]

_LEFT = ' style="text-align:left"'  # Jupyter sets tables to the right, as fits numbers


def heading(*texts: str) -> str:
    """A line that names what follows; the first text is set in bold.

    Examples
    --------
    >>> heading("Path model", "R&D")
    '<p><strong>Path model</strong> R&amp;D</p>'
    """
    first, *rest = (escape(text) for text in texts)
    return f"<p>{' '.join([f'<strong>{first}</strong>', *rest])}</p>"


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table whose first column names its rows; without a head where there are no headers.

    Examples
    --------
    >>> table([], [["<b>"]])
    '<table><tbody><tr><th scope="row" style="text-align:left">&lt;b&gt;</th></tr></tbody></table>'
    """
    names = "".join(f'<th scope="col"{_LEFT}>{escape(name)}</th>' for name in headers)
    head = f"<thead><tr>{names}</tr></thead>" if headers else ""
    body = "".join(f"<tr>{_cells([escape(str(cell)) for cell in row])}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _cells(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f'<th scope="row"{_LEFT}>{first}</th>' + "".join(f"<td{_LEFT}>{cell}</td>" for cell in rest)
