"""A small writer of SVG elements: everything that goes in is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

__all__ = ["Markup", "document", "element", "number", "path_data"]

FONT = "system-ui, 'Helvetica Neue', Arial, sans-serif"

# XML 1.0 has no place for these, not even escaped
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Markup(str):
    """A finished piece of SVG, as opposed to text that is to be escaped."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """Return an element with children, of which those that are no ``Markup`` are text.

    Attributes are named with underscores for hyphens; a trailing underscore is dropped (``class_``), and those that
    are None are left out.

    Examples
    --------
    >>> element("text", "a < b", x=1.50, text_anchor="middle")
    '<text x="1.5" text-anchor="middle">a &lt; b</text>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_text(number(value) if isinstance(value, float) else value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup(f"<{tag}{written}/>")
    return Markup(f"<{tag}{written}>{''.join(c if isinstance(c, Markup) else _text(c) for c in children)}</{tag}>")


def _text(value: object) -> str:
    return escape(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def number(value: float) -> str:
    """Write a coordinate: a tenth of a pixel is enough.

    Examples
    --------
    >>> number(12.0), number(-0.04), number(3.14159)
    ('12', '0', '3.1')
    """
    written = f"{value:.1f}".removesuffix(".0")
    return "0" if written == "-0" else written


def path_data(run: Iterable[tuple[float, float]]) -> str:
    """Write a chain of cubic Bézier curves (3 k + 1 points) as the ``d`` of a path.

    Examples
    --------
    >>> path_data([(0, 0), (1, 0), (2, 5), (3, 5)])
    'M0,0C1,0 2,5 3,5'
    """
    points = [f"{number(x)},{number(y)}" for x, y in run]
    return f"M{points[0]}" + "".join("C" + " ".join(points[i : i + 3]) for i in range(1, len(points), 3))


def document(width: float, height: float, *children: Markup) -> str:
    """Return an SVG document, drawn at its own size where there is room and smaller where there is less."""
    whole = element(
        "svg",
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
        style="max-width:100%;height:auto",
        font_family=FONT,
    )
    return f"{whole}\n"
