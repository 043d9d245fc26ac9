"""Picture: inside a page its ids stay apart and its texts stay as they are; files are what their names say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bayescx.errors import BayescxError
from bayescx.plots import Picture

SVG = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><defs><path id="a"/></defs>'
    '<use href="#a"/><g clip-path="url(#a)"><text>id="a" url(#a)</text></g></svg>\n'
)
PICTURE = Picture('A "title" <b>', "What & why", pd.DataFrame({"x": [1.0]}), SVG)


def test_ids_get_a_prefix_and_texts_do_not() -> None:
    shown = PICTURE.inline("p1")
    assert '<path id="p1-a"/>' in shown
    assert '<use href="#p1-a"/>' in shown
    assert 'clip-path="url(#p1-a)"' in shown
    assert '<text>id="a" url(#a)</text>' in shown


def test_screen_readers_get_an_escaped_title_and_description() -> None:
    shown = PICTURE.inline("p1")
    assert shown.startswith('<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="p1-title p1-desc">')
    assert '<title id="p1-title">A &quot;title&quot; &lt;b&gt;</title>' in shown
    assert '<desc id="p1-desc">What &amp; why</desc>' in shown


def test_notebooks_show_it_with_ids_of_its_own() -> None:
    assert PICTURE._repr_html_() == PICTURE._repr_html_()
    other = Picture("t", "d", PICTURE.data, SVG.replace("text", "tspan"))
    assert PICTURE._repr_html_().partition("-title")[0] != other._repr_html_().partition("-title")[0]


def test_files_are_what_their_names_say(tmp_path: Path) -> None:
    assert PICTURE.save(tmp_path / "p.svg").read_text(encoding="utf-8") == SVG
    with pytest.raises(BayescxError, match=r"this picture is saved as \.svg"):
        PICTURE.save(tmp_path / "p.png")
    with pytest.raises(BayescxError, match="cannot save"):
        PICTURE.save(tmp_path / "nowhere" / "p.svg")
