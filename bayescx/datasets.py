"""What ships with bayescx: path models and evidence, by name."""

from __future__ import annotations

from pathlib import Path

from bayescx.errors import EvidenceError, ModelError, did_you_mean
from bayescx.evidence import Evidence, read_evidence
from bayescx.spec import PathModel, read_model

__all__ = ["evidence_path", "list_evidence", "list_models", "load_evidence", "load_model", "model_path"]

_MODELS, _DATA = "models", "data"
_SUFFIX = ".lavaan"
_DOCUMENT = "evidence.toml"


def list_models() -> list[str]:
    """Names of the shipped path models.

    Examples
    --------
    >>> list_models()
    ['value_creation']
    """
    return sorted(path.stem for path in _shipped(_MODELS).glob(f"*{_SUFFIX}"))


def list_evidence() -> list[str]:
    """Names of the shipped evidence.

    Examples
    --------
    >>> isinstance(list_evidence(), list)
    True
    """
    return sorted(path.parent.name for path in _shipped(_DATA).glob(f"*/{_DOCUMENT}"))


def load_model(name: str) -> PathModel:
    """Read a shipped path model.

    Parameters
    ----------
    name : str
        One of `list_models`.

    Raises
    ------
    ModelError
        If no model of this name ships; the message lists those that do.

    Examples
    --------
    >>> load_model("value_creation")
    PathModel('value_creation': 7 constructs, 10 paths)
    """
    return read_model(model_path(name))


def load_evidence(name: str) -> Evidence:
    """Read shipped evidence.

    Parameters
    ----------
    name : str
        One of `list_evidence`.

    Raises
    ------
    EvidenceError
        If no evidence of this name ships; the message lists what does.
    """
    return read_evidence(evidence_path(name))


def model_path(name: str) -> Path:
    """Return the file of a shipped model; raise as `load_model`."""
    available = list_models()
    if name not in available:
        raise ModelError("shipped models", [_unknown("model", name, available, "read_model(path)")])
    return _shipped(_MODELS) / f"{name}{_SUFFIX}"


def evidence_path(name: str) -> Path:
    """Return the document of shipped evidence; raise as `load_evidence`."""
    available = list_evidence()
    if name not in available:
        raise EvidenceError(
            "shipped evidence", [_unknown("evidence", name, available, "read_evidence(path)")]
        )
    return _shipped(_DATA) / name / _DOCUMENT


def _unknown(kind: str, name: str, available: list[str], reader: str) -> str:
    known = f"shipped: {', '.join(available)}" if available else f"no {kind} ships with this version"
    hint = did_you_mean(str(name), available)
    return f"there is no shipped {kind} {name!r}{hint or ';'} {known}; {reader} reads a file"


def _shipped(folder: str) -> Path:
    """The folder beside the package in a repository (an editable install), else the copy inside it."""
    package = Path(__file__).resolve().parent
    beside = package.parent
    if (beside / "pyproject.toml").is_file() and (beside / folder).is_dir():
        return beside / folder
    return package / "_shipped" / folder
