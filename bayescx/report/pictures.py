"""Pictures inside a report's page, and those that are there twice: for desks and for phones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup

from bayescx.plots import Picture

__all__ = ["NARROW", "WIDE", "both", "inline", "twice"]

WIDE = 9.0  # inches of a picture across a desk's page
NARROW = 3.8  # inches: as wide as a phone, so that letters keep their size there


def inline(picture: Picture, prefix: str) -> dict[str, Any]:
    """A picture as its page takes it; every id within gets the prefix."""
    return {"id": prefix, "title": picture.title, "svg": Markup(picture.inline(prefix))}  # noqa: S704  (our own SVG)


def both(draw: Callable[[float], Picture], name: str) -> dict[str, Any]:
    """A picture twice: as wide as a desk, and as narrow as a phone."""
    return twice(draw(WIDE), draw(NARROW), name)


def twice(wide: Picture, tall: Picture, name: str) -> dict[str, Any]:
    """Two shapes of one picture as their page takes them, with what it shows in words."""
    return {
        "title": wide.title,
        "description": wide.description,
        "wide": inline(wide, f"{name}-wide"),
        "tall": inline(tall, f"{name}-tall"),
    }
