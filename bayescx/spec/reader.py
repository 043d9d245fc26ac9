"""Text or file -> PathModel."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from bayescx.errors import ModelError, ModelSyntaxError, did_you_mean
from bayescx.spec.path_model import PathModel
from bayescx.spec.source import headline, refuse
from bayescx.spec.syntax import parse

# A model is a page of text; more is some other file given by mistake.
MAX_BYTES = 4_000_000


def parse_model(text: str, *, name: str | None = None, source: str | None = None) -> PathModel:
    r"""Read a path model written in lavaan syntax.

    Parameters
    ----------
    text : str
        Statements, one a line or separated by ``;``: paths ``y ~ a*x + 0.5*z``, factors
        ``f =~ x1 + x2 + upper(0)*x3`` (declares that the item x3 runs against its factor; the sign is declared, not
        enforced), (co)variances ``x ~~ y``, ``x ~~ 0*y``, intercepts ``y ~ 1``, definitions ``ind := a*b``. Comments
        begin with ``#`` or ``!``. Causes may be coded from columns: ``below(x, 4) + above(x, 4)`` (a slope on either
        side of 4), ``category(issue, billing, delivery)`` (each level against the first). ``fixed(x)`` has one path
        for all organizations, as levels have; ``pool(x)`` has one for each, pooled. In ``pool(x, employees)`` and
        ``pool(x, category(industry, services, goods))`` it depends on attributes of organizations.
    name : str, optional
        What to call the model.
    source : str, optional
        Where the text came from, for messages.

    Returns
    -------
    PathModel

    Raises
    ------
    ModelSyntaxError
        A statement cannot be read. All such statements are named, each with line, column and what would work.
    ModelError
        The statements can be read but not used together: a cycle, an item in a path, a duplicated path …

    Examples
    --------
    >>> model = parse_model("trust ~ a*satisfaction\nloyalty ~ b*trust\nindirect := a*b")
    >>> [row.name for row in model.paths]
    ['trust~satisfaction', 'loyalty~trust']
    """
    if not isinstance(text, str):
        raise TypeError(f"parse_model takes a model's text, not {type(text).__name__}; read_model(path) reads a file")
    parsed = parse(text)
    refuse(ModelSyntaxError, headline(name, source), text, parsed.problems)
    return PathModel(text, name, parsed.parameters, parsed.definitions, source)


def read_model(path: str | PathLike[str]) -> PathModel:
    """Read a path model from a ``.lavaan`` file (UTF-8 text); its name is the file's.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    PathModel

    Raises
    ------
    ModelError
        The file cannot be read or is too large to be a model.
    ModelSyntaxError, ModelError
        As `parse_model`; the message names the file.
    """
    file = Path(path)
    return parse_model(_decode(_read(file), str(file)), name=file.stem, source=str(file))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ModelError(headline(None, str(file)), [f"found no such file{_neighbour(file)}"]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(headline(None, str(file)), [f"found no readable file here: {reason}"]) from error
    if len(content) > MAX_BYTES:
        problem = f"found a file of more than {MAX_BYTES} bytes; a model is a page of text"
        raise ModelError(headline(None, str(file)), [problem])
    return content


def _neighbour(file: Path) -> str:
    try:
        return did_you_mean(file.name, (other.name for other in file.parent.glob("*.lavaan")))
    except OSError:
        return ""


def _decode(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", errors="replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        problem = f"line {line}, column {column}: found byte 0x{content[error.start]:02x}, which is not UTF-8 text"
        raise ModelSyntaxError(headline(None, source), [f"{problem}; save the file as UTF-8"]) from error
