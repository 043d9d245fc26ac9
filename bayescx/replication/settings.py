"""Settings of a replication: the arguments of the fit, and what it was fitted with and to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bayescx.errors import BayescxError, FitError
from bayescx.fitted import Fit
from bayescx.priors import Priors

__all__ = ["is_replication", "read_priors", "read_settings", "settings_of"]

FORMAT = "bayescx-replication"
FORMAT_VERSION = 1
SETTINGS = "settings.json"
PRIORS = "priors.json"

_ARGUMENTS: dict[str, type] = {
    "pooling": dict,
    "draws": int,
    "tune": int,
    "chains": int,
    "random_seed": int,
    "target_accept": float,
    "engine": str,
    "scale": bool,
    "identification": str,
}
_FACTS: dict[str, type] = {
    "ci_prob": float,
    "fingerprint": str,
    "simulated": bool,
    "created_at": str,
    "versions": dict,
    "convergence_problems": list,
}


def settings_of(fit: Fit, ci_prob: float) -> dict[str, Any]:
    """Everything but model, evidence and priors, ready for JSON. ``fit`` holds arguments of ``bayescx.fit``."""
    made = fit.provenance
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "fit": {
            "pooling": dict(fit.pooling),
            **{name: int(made[name]) for name in ("draws", "tune", "chains")},
            "random_seed": fit.seed,
            "target_accept": made["target_accept"],
            "engine": made["engine"],
            "scale": made["scaled"],
            "identification": fit.identification,
        },
        "ci_prob": float(ci_prob),
        "fingerprint": fit.evidence.fingerprint,
        "simulated": fit.evidence.simulated,
        "created_at": made["created_at"],
        "versions": dict(made["versions"]),
        "convergence": dict(made["convergence"]),
        "convergence_problems": list(made["convergence_problems"]),
    }


def read_settings(folder: str | Path) -> dict[str, Any]:
    """Read ``settings.json`` of a replication.

    Returns
    -------
    dict
        ``fit`` (arguments of ``bayescx.fit``), ``ci_prob``, ``fingerprint`` (of the evidence), ``simulated``,
        ``created_at``, ``versions`` and ``convergence_problems``.

    Raises
    ------
    FitError
        If the file is missing, was written by a later version, or does not hold these.

    Examples
    --------
    >>> from bayescx.replication import write_replication
    >>> folder = write_replication(fit, "replication")
    >>> read_settings(folder)["fit"]["random_seed"]
    1
    """
    file = Path(folder) / SETTINGS
    content = _read_json(file)
    if content.get("format") != FORMAT:
        raise FitError(f"{file} does not hold the settings of a replication written by bayescx")
    if content.get("format_version") != FORMAT_VERSION:
        raise FitError(f"{file}: another version of bayescx wrote it; install the version in requirements.txt")
    arguments = content.get("fit")
    if not isinstance(arguments, dict):
        raise FitError(f'{file}: "fit" must hold the arguments of bayescx.fit')
    for found, wanted in ((arguments, _ARGUMENTS), (content, _FACTS)):
        for name, kind in wanted.items():
            if not isinstance(found.get(name), kind):
                what = f"{kind.__name__}, found {found[name]!r}" if name in found else f"{kind.__name__}; it is missing"
                raise FitError(f'{file}: "{name}" must be of type {what}')
    if unknown := [name for name in arguments if name not in _ARGUMENTS]:
        raise FitError(f"{file}: unknown argument of bayescx.fit {unknown[0]!r}")
    return content


def is_replication(folder: Path) -> bool:
    """Whether a folder was written by ``write_replication``."""
    try:
        return _read_json(folder / SETTINGS).get("format") == FORMAT
    except FitError:
        return False


def read_priors(folder: str | Path) -> Priors:
    """Read ``priors.json`` of a replication with ``Priors.from_dict``.

    Raises
    ------
    FitError
        If the file is missing or does not hold priors.

    Examples
    --------
    >>> from bayescx.replication import write_replication
    >>> folder = write_replication(fit, "replication")
    >>> read_priors(folder).path_sd
    Prior("HalfNormal", sigma=0.2)
    """
    file = Path(folder) / PRIORS
    content = _read_json(file)
    try:
        return Priors.from_dict(content)
    except BayescxError as error:
        raise FitError(f"{file}: {error}") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise FitError(f"{file} does not hold priors as bayescx writes them ({error})") from error


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FitError(f"{file} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FitError(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise FitError(f"{file} must hold a JSON object")
    return content
