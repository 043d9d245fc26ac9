"""Picture: what every plot returns. It carries its data, shows itself in Jupyter and saves itself."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from bayescx.errors import BayescxError

if TYPE_CHECKING:
    import os

    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Picture"]

_OPENING = re.compile(r"<svg\b[^>]*>")
_TAG = re.compile(r"<[^>]+>")
_ID = re.compile(r'\b(id="|xlink:href="#|href="#|url\(#|aria-labelledby=")')


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and the numbers that it shows.

    Attributes
    ----------
    title : str
        What is shown, in one line; read aloud by screen readers.
    description : str
        What a person sees, in a sentence or two, for those who cannot.
    data : pandas.DataFrame
        Every number drawn, one row per mark.
    svg : str
        The picture as an SVG document: the same bytes for the same data.
    figure : matplotlib.figure.Figure or None
        For further changes; None for pictures that bayescx writes as SVG itself.
    """

    title: str
    description: str
    data: pd.DataFrame = field(repr=False)
    svg: str = field(repr=False)
    figure: Figure | None = field(default=None, repr=False)

    def save(self, path: str | os.PathLike[str], *, dpi: int = 300) -> Path:
        """Write the picture to a file.

        Parameters
        ----------
        path : path
            ``.svg``; pictures drawn by matplotlib also ``.png`` and ``.pdf``.
        dpi : int
            Dots per inch of a ``.png``.

        Returns
        -------
        Path

        Raises
        ------
        BayescxError
            If the kind of file is none that this picture can be written as, or the file cannot be written.
        """
        file = Path(path)
        kinds = (".svg",) if self.figure is None else (".svg", ".png", ".pdf")
        if file.suffix.lower() not in kinds:
            raise BayescxError(f"cannot save {file}: this picture is saved as {' or '.join(kinds)}")
        try:
            if file.suffix.lower() == ".svg" or self.figure is None:
                file.write_text(self.svg, encoding="utf-8")
            else:
                self.figure.savefig(file, dpi=dpi)
        except OSError as error:
            raise BayescxError(f"cannot save {file}: {error.strerror or error}") from error
        return file

    def inline(self, prefix: str) -> str:
        """Return the SVG for the inside of an HTML page, with a title and description for screen readers.

        Parameters
        ----------
        prefix : str
            Letters and digits put before every id, so that ids of several pictures on one page stay apart.
        """
        start = self.svg.index("<svg")
        body = _TAG.sub(lambda tag: _ID.sub(lambda name: f"{name[1]}{prefix}-", tag[0]), self.svg[start:])
        opening = _OPENING.match(body)
        assert opening is not None  # noqa: S101  (the SVG is ours)
        names = f'role="img" aria-labelledby="{prefix}-title {prefix}-desc"'
        texts = (
            f'<title id="{prefix}-title">{escape(self.title)}</title>'
            f'<desc id="{prefix}-desc">{escape(self.description)}</desc>'
        )
        return f"{opening[0][:-1]} {names}>{texts}{body[opening.end() :]}"

    def _repr_html_(self) -> str:
        """Return the picture for notebooks, as wide as there is room."""
        return self.inline(f"picture-{hashlib.sha256(self.svg.encode()).hexdigest()[:8]}")

    def _repr_svg_(self) -> str:
        return self.svg
