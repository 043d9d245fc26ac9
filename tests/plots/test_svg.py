"""Whatever text goes into an SVG comes out of an XML parser as the same text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.plots.svg import Markup, document, element, number, path_data


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"])))
def test_text_is_escaped(text: str) -> None:
    root = ET.fromstring(element("text", text, title=text, x=1.25))  # noqa: S314  (our own)
    assert (root.text or "") == text
    assert root.get("title") == text
    assert root.get("x") == "1.2"


@pytest.mark.parametrize("character", ["\0", "\x08", "\x1b", "\ufffe", "\ud800"])
def test_characters_that_xml_does_not_know_are_replaced(character: str) -> None:
    root = ET.fromstring(element("text", f"a{character}b"))  # noqa: S314
    assert root.text == "a\N{REPLACEMENT CHARACTER}b"


def test_markup_is_kept_and_attributes_are_named_with_hyphens() -> None:
    inner = element("tspan", "a & b", class_="x", fill=None)
    assert inner == '<tspan class="x">a &amp; b</tspan>'
    assert element("text", inner, text_anchor="end") == f'<text text-anchor="end">{inner}</text>'
    assert element("rect", width=2.0, rx=0.04) == '<rect width="2" rx="0"/>'


def test_coordinates_are_short() -> None:
    assert [number(value) for value in (0.0, -0.01, 1.96, -3.0)] == ["0", "0", "2", "-3"]
    assert path_data([(0, 0), (1, 0), (2, 5), (3, 5), (4, 5), (5, 5), (6.25, 5)]) == "M0,0C1,0 2,5 3,5C4,5 5,5 6.2,5"


def test_a_document_scales_and_refers_to_nothing_outside() -> None:
    svg = document(320.0, 200.5, Markup("<g/>"))
    root = ET.fromstring(svg)  # noqa: S314
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("viewBox") == "0 0 320 200.5"
    assert (root.get("width"), root.get("height")) == ("320", "200.5")
    assert root.get("style") == "max-width:100%;height:auto"
    assert svg.count("http") == 1
