"""Writing an evidence document: which file holds whose moments, figures that were published, and attributes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bayescx.evidence.attributes import Stated
from bayescx.evidence.published import Published

__all__ = ["attributes_document", "evidence_document", "published_document", "toml_string"]

_ONLY_FIGURES = "Figures that were published about organizations; none shared data"
_SHORT = {"\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def toml_string(text: str) -> str:
    r"""Text as a basic string of TOML, which is also how a key that holds anything is written.

    Examples
    --------
    >>> print(toml_string('the "old"\tone'))
    "the \"old\"\tone"
    """
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character.isprintable():
        return character
    code = ord(character)  # TOML asks this of control characters only, but readers see the others as little
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def evidence_document(moments: Mapping[str, str], *, n_planned: int | None = None, simulated: bool = False) -> str:
    """Text of an evidence document.

    Parameters
    ----------
    moments : mapping of str to str
        Organization to file, relative to the document; empty where only figures were published.
    n_planned : int, optional
        Number of organizations planned; left out of the document when not given.
    simulated : bool
        Whether a program made the data.

    Examples
    --------
    >>> print(evidence_document({"north": "moments/01-north.json"}, n_planned=10))
    # Which file holds the moments (n, means, covariances) of which organization. Read by bayescx.read_evidence.
    n_planned = 10
    <BLANKLINE>
    [organizations."north"]
    moments = "moments/01-north.json"
    <BLANKLINE>
    """
    what = "Which file holds the moments (n, means, covariances) of which organization" if moments else _ONLY_FIGURES
    head = (
        f"# {what}. Read by bayescx.read_evidence.\n"
        + ("simulated = true\n" if simulated else "")
        + ("" if n_planned is None else f"n_planned = {n_planned}\n")
    )
    tables = [
        f"\n[organizations.{toml_string(name)}]\nmoments = {toml_string(file)}\n" for name, file in moments.items()
    ]
    return head + "".join(tables)


def published_document(published: Iterable[Published], signs: Mapping[str, int] | None = None) -> str:
    """Text of the tables that hold published figures and declared signs: the end of an evidence document.

    Parameters
    ----------
    published : iterable of Published
        Figures, those to be checked among them.
    signs : mapping of str to int, optional
        Declared sign, 1 or -1, by path.

    Returns
    -------
    str
        Empty where there is nothing to say; `read_evidence` reads back the same figures and signs.

    Examples
    --------
    >>> figure = Published(statistic="r_squared", outcome="trust", value=0.75, organizations=["one"], n_obs=(200, 1000))
    >>> print(published_document([figure], {"trust~satisfaction": 1}))
    <BLANKLINE>
    [signs]
    "trust~satisfaction" = "+"
    <BLANKLINE>
    [[published]]
    statistic = "r_squared"
    organizations = ["one"]
    n_obs = [200, 1000]
    value = 0.75
    outcome = "trust"
    <BLANKLINE>
    """
    lines = [f'{toml_string(path)} = "{"+" if sign > 0 else "-"}"\n' for path, sign in (signs or {}).items()]
    declared = "\n[signs]\n" + "".join(lines) if lines else ""
    return declared + "".join(_figure(one.to_dict()) for one in published)


def _figure(figure: Mapping[str, Any]) -> str:
    return "\n[[published]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in figure.items())


def attributes_document(stated: Stated) -> str:
    """Text of the tables that hold attributes of organizations; empty where there are none.

    Examples
    --------
    >>> print(attributes_document({"north": {"employees": 1200.0, "industry": "goods"}}))
    <BLANKLINE>
    [attributes."north"]
    "employees" = 1200.0
    "industry" = "goods"
    <BLANKLINE>
    """
    return "".join(
        f"\n[attributes.{toml_string(name)}]\n"
        + "".join(f"{toml_string(column)} = {_value(value)}\n" for column, value in entry.items())
        for name, entry in stated.items()
    )


def _value(value: str | float | list[Any]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return toml_string(value) if isinstance(value, str) else repr(value)
