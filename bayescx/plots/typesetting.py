"""Letters on a page: how wide they are in the font that is there, how to cut and break lines, and numbers."""

from __future__ import annotations

import math
import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.textpath import text_to_path

from bayescx.wording import with_minus

__all__ = [
    "LINE", "chain_lines", "clean", "decimals_for", "families", "ignore_missing_glyphs", "interval", "number",
    "shorten", "text_width", "wrap",
]  # fmt: skip

LINE = 1.28  # from one baseline to the next, in sizes
_OTHER_SCRIPTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "WenQuanYi Zen Hei", "Hiragino Sans", "PingFang SC",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Noto Sans Devanagari", "Nirmala UI", "Arial Unicode MS",
)  # fmt: skip


@cache
def families() -> list[str]:
    """DejaVu Sans, then what this machine has for other scripts."""
    installed = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in _OTHER_SCRIPTS if name in installed)]


def ignore_missing_glyphs() -> None:
    """Inside ``warnings.catch_warnings``: a browser will have the letters that no font here has."""
    warnings.filterwarnings("ignore", message=r"Glyph .* missing from", category=UserWarning)


def clean(text: str) -> str:
    """Replace what cannot be printed, and line breaks, by single blanks."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line in points. Ideographs count at least one em each, whether or not a font here has them."""
    as_written, one_em_each = text, "".join("—" if _is_wide(c) else c for c in text)
    with warnings.catch_warnings():
        ignore_missing_glyphs()
        font = FontProperties(family=families(), size=size, weight=weight)
        return max(
            float(text_to_path.get_text_width_height_descent(shown, font, ismath=False)[0])
            for shown in {as_written, one_em_each}
        )


def shorten(text: str, room: float, size: float, weight: str = "normal") -> str:
    """Cut a line so that it and its ellipsis fit."""
    if text_width(text, size, weight) <= room:
        return text
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if text_width(text[:middle].rstrip() + "…", size, weight) <= room:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + "…"


def wrap(text: str, room: float, size: float, most: int = 2, weight: str = "normal") -> list[str]:
    """Break a text between words into at most so many lines; what is left over is cut."""
    lines: list[str] = []
    rest = text
    while len(lines) < most - 1 and text_width(rest, size, weight) > room:
        words = rest.split(" ")
        count = len(words) - 1
        while count and text_width(" ".join(words[:count]), size, weight) > room:
            count -= 1
        if not count:
            break  # a word that no line can hold is cut rather than broken
        lines.append(" ".join(words[:count]))
        rest = " ".join(words[count:])
    return [*lines, shorten(rest, room, size, weight)]


def chain_lines(names: Sequence[str], room: float, size: float, most: int = 2, weight: str = "normal") -> list[str]:
    """Names joined by arrows on at most so many lines; if that is too much, each name is cut to its share."""
    whole = wrap(" → ".join(names), room, size, most, weight)
    if " ".join(whole) == " → ".join(names):
        return whole
    each = math.ceil(len(names) / most)
    share = room / each - text_width(" → ", size, weight)
    shown = [shorten(name, share, size, weight) for name in names]
    lines = [" → ".join(shown[i : i + each]) for i in range(0, len(shown), each)]
    return [f"{line} →" for line in lines[:-1]] + lines[-1:]


def decimals_for(widths: Sequence[float]) -> int:
    """Decimals that show a typical interval's width with two digits."""
    positive = [width for width in widths if width > 0 and math.isfinite(width)]
    if not positive:
        return 2
    return min(max(0, 1 - math.floor(math.log10(float(np.median(positive))))), 6)


def number(value: float, decimals: int) -> str:
    """A number with a true minus sign and never a negative zero.

    Examples
    --------
    >>> number(-0.456, 2), number(-0.001, 2), number(12345.6, 0)
    ('−0.46', '0.00', '12,346')
    """
    text = f"{value:,.{decimals}f}"
    if abs(value) >= 1e7 or (value and abs(value) < 0.5 * 10.0**-decimals and decimals == 6):
        text = f"{value:.2g}"
    return with_minus(text)


def interval(row: Mapping[Any, Any] | pd.Series, decimals: int) -> str:
    """Mean and interval of a row of data as it stands in pictures.

    Examples
    --------
    >>> interval({"mean": 0.86, "lower": 0.84, "upper": 0.88}, 2)
    '0.86 [0.84, 0.88]'
    """
    mean = number(row["mean"], decimals)
    return f"{mean} [{number(row['lower'], decimals)}, {number(row['upper'], decimals)}]"
