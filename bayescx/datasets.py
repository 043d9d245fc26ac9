"""Models, evidence and questions about shares by name: what ships with bayescx, and files of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayescx.errors import EvidenceError, ModelError, did_you_mean
from bayescx.evidence import Evidence, read_evidence
from bayescx.evidence.readers import read_toml
from bayescx.spec import PathModel, read_model

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "list_evidence",
    "list_models",
    "list_rates",
    "load_evidence",
    "load_model",
    "load_rows",
    "load_truth",
    "open_evidence",
    "open_model",
    "rates_document",
]

_MODELS, _DATA = "models", "data"
_SUFFIX = ".lavaan"
_DOCUMENT = "evidence.toml"
_TRUTH = "truth.csv"
_QUESTIONS = "questions"
_EVIDENCE_SUFFIXES = (".csv", ".parquet", ".toml", ".json")


def list_models() -> list[str]:
    """Names of the shipped path models.

    Examples
    --------
    >>> list_models()
    ['contact_center_quality', 'drivers', 'drivers_to_loyalty', 'effort', 'value_creation', 'value_creation_latent']
    """
    return sorted(path.stem for path in _shipped(_MODELS).glob(f"*{_SUFFIX}"))


def list_evidence() -> list[str]:
    """Names of the shipped evidence.

    Examples
    --------
    >>> "ten_organizations" in list_evidence()
    True
    """
    return sorted(_documents())


def list_rates() -> list[str]:
    """Names of the shipped documents with questions about shares.

    Examples
    --------
    >>> list_rates()
    ['effort_published']
    """
    return sorted(_documents(rates=True))


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
    available = list_models()
    if name not in available:
        raise ModelError("shipped models", [_unknown("model", name, available, "read_model(path)")])
    return read_model(_model_path(name))


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

    Examples
    --------
    >>> load_evidence("ten_organizations").simulated
    True
    """
    return read_evidence(_shipped_evidence(name))


def load_rows(name: str) -> pd.DataFrame:
    """Read the rows of shipped evidence that has rows, one per respondent.

    Parameters
    ----------
    name : str
        One of `list_evidence`.

    Raises
    ------
    EvidenceError
        If no evidence of this name ships, or it holds moments or figures and no rows.

    Examples
    --------
    >>> load_rows("ten_organizations")["organization"].nunique()
    10
    """
    from bayescx.evidence.rows import GroupedRows

    tables = [part.sheet.frame for part in load_evidence(name).parts.values() if isinstance(part, GroupedRows)]
    if not tables:
        raise EvidenceError(f"evidence {name!r}", ["it has no rows: organizations shared moments or figures"])
    return tables[0].copy()


def load_truth(name: str) -> pd.DataFrame:
    """Read the values behind shipped evidence that was simulated.

    Parameters
    ----------
    name : str
        One of `list_evidence`.

    Returns
    -------
    pandas.DataFrame
        Columns organization ("typical", then each of them), kind, parameter and value, as `simulate` returns them.
        Where organizations differ in means, kinds mean (of constructs) and intercept (of items) besides, by names
        like ``"trust~1"``.

    Raises
    ------
    EvidenceError
        If no evidence of this name ships, or it was not simulated, so that nobody knows the values behind it.

    Examples
    --------
    >>> truth = load_truth("ten_organizations").query("organization == 'typical' and kind == 'r_squared'")
    >>> truth.set_index("parameter")["value"].round(2).to_dict()["loyalty"]
    0.68
    """
    import pandas as pd

    file = _shipped_evidence(name).with_name(_TRUTH)
    if not file.is_file():
        raise EvidenceError(f"evidence {name!r}", ["it was not simulated: nobody knows the values behind it"])
    return pd.read_csv(file)


def open_model(given: str) -> PathModel:
    """Read the shipped model of this name, or else the file: what MODEL stands for on the command line.

    Raises
    ------
    ModelError
        If it is neither; the message lists the shipped models. Else as `read_model`.
    """
    available = list_models()
    if given in available:
        return load_model(given)
    if not _is_file_name(given):
        raise ModelError(f"model {given!r}", [_neither("model", available, given, f"{_SUFFIX} file")])
    if Path(given).suffix.lower() in _EVIDENCE_SUFFIXES:
        raise ModelError(f"model {given!r}", [f"this is evidence; the model comes first, a name or a {_SUFFIX} file"])
    return read_model(given)


def open_evidence(given: str, **options: Any) -> Evidence:
    """Read the shipped evidence of this name, or else the file: what EVIDENCE stands for on the command line.

    Options are those of `read_evidence`.

    Raises
    ------
    EvidenceError
        If it is neither; the message lists the shipped evidence. Else as `read_evidence`.
    """
    available = list_evidence()
    if given not in available and not _is_file_name(given):
        works = ".toml document or .csv or .parquet table"
        raise EvidenceError(f"evidence {given!r}", [_neither("evidence", available, given, works)])
    path = _evidence_path(given) if given in available else Path(given)
    return read_evidence(path, **options)


def rates_document(given: str) -> Path:
    """The shipped document of this name, or else the file: what SOURCE stands for in questions about shares.

    Raises
    ------
    EvidenceError
        If it is neither; the message lists the shipped documents.

    Examples
    --------
    >>> rates_document("effort_published").name
    'effort.toml'
    """
    shipped = _documents(rates=True)
    if given not in shipped and not _is_file_name(given):
        works = ".toml document or .csv or .parquet table of rows"
        raise EvidenceError(f"shares {given!r}", [_neither("document", sorted(shipped), given, works)])
    return shipped.get(given, Path(given))


def _model_path(name: str) -> Path:
    return _shipped(_MODELS) / f"{name}{_SUFFIX}"


def _shipped_evidence(name: str) -> Path:
    available = list_evidence()
    if name not in available:
        raise EvidenceError("shipped evidence", [_unknown("evidence", name, available, "read_evidence(path)")])
    return _evidence_path(name)


def _evidence_path(name: str) -> Path:
    return _documents()[name]


def _documents(*, rates: bool = False) -> dict[str, Path]:
    """The document of each shipped evidence: ``study/evidence.toml`` is "study", ``study/part.toml`` "part_study".

    Documents with questions about shares lie beside them, and are told apart by what stands in them.
    """
    found = {}
    for path in _shipped(_DATA).glob("*/*.toml"):
        if (_QUESTIONS in read_toml(path)) == rates:
            folder = path.parent.name
            found[folder if path.name == _DOCUMENT else f"{path.stem}_{folder}"] = path
    return found


def _is_file_name(given: str) -> bool:
    """Whether a file is meant: a name ships or has a suffix, a folder before it, or a file behind it."""
    path = Path(given)
    try:
        is_there = given != "" and path.exists()
    except OSError:  # too long for a name
        is_there = False
    return is_there or bool(path.suffix) or len(path.parts) > 1


def _unknown(kind: str, name: str, available: list[str], reader: str) -> str:
    return f"there is no shipped {kind} {name!r}{_listing(kind, name, available)}; {reader} reads a file"


def _neither(kind: str, available: list[str], given: str, works: str) -> str:
    listing = _listing(kind, given, available)
    return f"there is neither a file nor a shipped {kind} of this name{listing}; name one, or a {works}"


def _listing(kind: str, name: str, available: list[str]) -> str:
    known = f"shipped: {', '.join(available)}" if available else f"no {kind} ships with this version"
    return f"{did_you_mean(str(name).removesuffix(_SUFFIX), available) or ';'} {known}"


def _shipped(folder: str) -> Path:
    """The folder beside the package in a repository (an editable install), else the copy inside it."""
    package = Path(__file__).resolve().parent
    beside = package.parent
    if (beside / "pyproject.toml").is_file() and (beside / folder).is_dir():
        return beside / folder
    return package / "_shipped" / folder
