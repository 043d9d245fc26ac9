"""Pictures inside a report's page, and those that are there twice: for desks and for phones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from bayescx.plots import Picture

__all__ = ["NARROW", "both", "inline"]

_WIDE = 9.0  # inches of a picture across a desk's page
NARROW = 3.8  # inches: as wide as a phone, so that letters keep their size there


def inline(picture: Picture, prefix: str) -> dict[str, Any]:
    """A picture as its page takes it; every id within gets the prefix."""
    return {"id": prefix, "title": picture.title, "svg": Markup(picture.inline(prefix))}  # noqa: S704  (our own SVG)


def both(draw: Callable[[float], Picture], name: str) -> dict[str, Any]:
    """A picture twice: as wide as a desk, and as narrow as a phone."""
    wide, tall = (inline(draw(width), f"{name}-{which}") for width, which in ((_WIDE, "wide"), (NARROW, "tall")))
    return {"title": wide["title"], "wide": wide, "tall": tall}
