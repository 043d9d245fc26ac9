"""How wide text will be, without a font at hand, and how to break it so that it fits."""

from __future__ import annotations

import unicodedata

__all__ = ["filled", "text_width", "wrapped"]

_ELLIPSIS = "…"
_NARROW = frozenset("iIljtfr.,:;'|!()[]{}`·\"-/\\ ")
_BROAD = frozenset("mwMW@%—…&ÆŒæœ™½¼¾")
_WESTERN, _ALPHABETS = 0x250, 0x590  # Latin ends; Greek, Cyrillic and Armenian end
_ASTRAL, _EMOJI = 0x10000, 0x1F000
_LIGATURES = range(0xFDFA, 0xFDFE)  # whole phrases in one character


def text_width(text: str, size: float) -> float:
    """Return a width that text of a font size will hardly exceed in any common sans-serif font.

    Examples
    --------
    >>> text_width("trust", 10.0) < text_width("TRUST", 10.0) < text_width("信任信任信", 10.0)
    True
    """
    return size * sum(map(_em, text))


def _em(character: str) -> float:
    """The width of a character in units of the font size: that of DejaVu Sans, a wide font, or more."""
    if character in _NARROW:
        return 0.4
    if character in _BROAD:
        return 1.0
    if ord(character) < _ALPHABETS:
        return _alphabetic(character)
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if ord(character) in _LIGATURES:
        return 9.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.35 if ord(character) >= _EMOJI else 1.0
    return 1.6 if ord(character) >= _ASTRAL else 0.9


def _alphabetic(character: str) -> float:
    if character.isdigit():
        return 0.64
    if not character.isalpha():
        return 0.0 if unicodedata.combining(character) else 0.84
    if ord(character) < _WESTERN:
        return 0.75 if character.isupper() else 0.62
    return 0.84 if character.isupper() else 0.72


def wrapped(text: str, size: float, width: float, most: int) -> list[str]:
    """Break text into lines of nearly equal length, at most ``most`` of them; what does not fit becomes an ellipsis.

    Parameters
    ----------
    text : str
    size, width : float
        Font size, and the width that no line exceeds.
    most : int
        Lines at most.

    Examples
    --------
    >>> wrapped("satisfaction with customer service", 10.0, 130.0, most=3)
    ['satisfaction with', 'customer service']
    """
    lines = filled(text, size, width)
    if len(lines) > most:
        return [*lines[: most - 1], _shortened(lines[most - 1], size, width)]
    least, enough = width / 2, width
    for _ in range(6):  # the narrowest column with as many lines
        middle = (least + enough) / 2
        if len(filled(text, size, middle)) == len(lines) and not _breaks_more(text, size, middle, width):
            enough = middle
        else:
            least = middle
    return filled(text, size, enough)


def filled(text: str, size: float, width: float) -> list[str]:
    """Break text into lines as full as possible, however many; words too long for one are cut."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(joined, size) <= width:
            lines[-1] = joined
        else:
            lines.extend(_pieces(word, size, width))
    return lines or [text]


def _breaks_more(text: str, size: float, narrow: float, wide: float) -> bool:
    """Whether a word that fits into the wide column would be broken in the narrow one."""
    return any(narrow < text_width(word, size) <= wide for word in text.split())


def _pieces(word: str, size: float, width: float) -> list[str]:
    """Cut a word that is too long for a line, with a hyphen between letters of alphabets that know it."""
    if text_width(word, size) <= width:
        return [word]
    pieces = [""]
    for character in word:
        if pieces[-1] and _em(character) > 0 and text_width(f"{pieces[-1]}{character}-", size) > width:
            hyphen = "-" if (pieces[-1][-1] + character).isalpha() and ord(character) < _ALPHABETS else ""
            pieces[-1] += hyphen
            pieces.append("")
        pieces[-1] += character
    return pieces


def _shortened(line: str, size: float, width: float) -> str:
    while line and text_width(line + _ELLIPSIS, size) > width:
        line = line[:-1]
    return line.rstrip(" -") + _ELLIPSIS
