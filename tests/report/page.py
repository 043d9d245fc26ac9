"""A report as its readers' programs see it: elements, ids, texts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Element:
    """A tag with its attributes, text and ancestors' tags."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    parts: list[str] = field(default_factory=list, repr=False)

    @cached_property
    def text(self) -> str:
        return "".join(self.parts)  # of a page that was read to its end

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    def inside(self, tag: str, **attributes: str) -> bool:
        above = self.parent
        while above is not None:
            if above.tag == tag and attributes.items() <= above.attributes.items():
                return True
            above = above.parent
        return False


@dataclass
class Page(HTMLParser):
    """All elements of a page; HTML that is not well nested is an error."""

    source: str
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[Element] = []
        self.feed(self.source)
        self.close()
        assert not self._open, [element.tag for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else None
        element = Element(tag, {name: value or "" for name, value in attrs}, parent)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else None
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, parent))

    def handle_endtag(self, tag: str) -> None:
        closed = self._open.pop()
        assert closed.tag == tag, (closed.tag, tag)

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.parts.append(data)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        return [e for e in self.elements if e.tag == tag and attributes.items() <= e.attributes.items()]

    @cached_property
    def ids(self) -> dict[str, list[Element]]:
        found: dict[str, list[Element]] = defaultdict(list)
        for element in self.elements:
            found[element.id].append(element)
        return found

    def by_id(self, name: str) -> Element:
        (found,) = self.ids.get(name, [])
        return found

    def within(self, element: Element) -> list[Element]:
        """Everything inside an element."""
        found = {id(element)}
        inside = []
        for one in self.elements:  # parents come first
            if one.parent is not None and id(one.parent) in found:
                found.add(id(one))
                inside.append(one)
        return inside
