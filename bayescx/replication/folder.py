"""write_replication: a folder with which another researcher fits the same model to the same evidence again."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from bayescx.errors import BayescxError, FitError
from bayescx.evidence import Matched, SampleMoments, read_evidence
from bayescx.evidence.moments import pattern_moments
from bayescx.evidence.sharing import moments_files
from bayescx.evidence.toml import attributes_document, evidence_document, published_document
from bayescx.fitted import Fit
from bayescx.replication.checksums import foreign_files, write_checksums
from bayescx.replication.prose import readme, requirements, small_groups
from bayescx.replication.settings import PRIORS, SETTINGS, is_replication, read_priors, settings_of
from bayescx.replication.tables import write_tables
from bayescx.spec import PathModel, read_model

__all__ = ["write_replication"]

MODEL, EVIDENCE, SCRIPT = "model.lavaan", "evidence.toml", "replicate.py"


def write_replication(
    fit: Fit, folder: str | os.PathLike[str], *, ci_prob: float = 0.95, overwrite: bool = False
) -> Path:
    """Write a folder with which another researcher re-runs a fit to the same summary.

    It holds the model, the moments of each organization and the published figures, priors, settings, summary tables,
    checksums, a README and ``replicate.py``, which checks the files, fits again and compares.

    There are no rows in it. But where answers are missing, moments are those of each group of respondents who answered
    the same, and of a respondent who alone answered so they are the answers. A fit to moments that ``bayescx moments``
    wrote has no such groups.

    Parameters
    ----------
    fit : Fit
    folder : path
        A new or empty folder, in a folder that is there.
    ci_prob : float
        Probability of the equal-tailed intervals in the summary tables.
    overwrite : bool
        Replace a replication that is there.

    Returns
    -------
    Path
        The folder. It is written whole or not at all.

    Raises
    ------
    FitError
        If the folder holds something, cannot be written, or would not lead back to the same fit; if ``ci_prob`` is not
        between 0 and 1.

    Warns
    -----
    UserWarning
        If the folder holds moments of a few respondents, computed from rows: the README then says so too.

    Examples
    --------
    >>> write_replication(fit, "replication").name
    'replication'
    """
    try:
        target = Path(os.path.realpath(folder))
        if problem := _obstacle(target, overwrite=overwrite):
            raise FitError(f"cannot write a replication to {folder}: {problem}")
        with _taking_the_place_of(target) as part:
            write_tables(fit, part / "summary", ci_prob=ci_prob)
            names = _write_inputs(fit, part, ci_prob)
            _check_that_it_leads_back(fit, part)
            write_checksums(part, names)
            _write(part / "requirements.txt", requirements(fit))
            _write(part / "README.md", readme(fit, ci_prob, _files(fit)))
    except BayescxError:
        raise
    except (OSError, ValueError) as error:  # ValueError: text that is not Unicode, a path with a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise FitError(f"cannot write a replication to {folder}: {reason}") from error
    if few := small_groups(fit.evidence):
        warnings.warn(f"{folder} holds {few}", UserWarning, stacklevel=2)
    return Path(folder)


def _obstacle(target: Path, *, overwrite: bool) -> str | None:
    if not target.parent.is_dir():
        return f"there is no folder {target.parent}"
    if not target.exists():
        return None
    if not target.is_dir():
        return "this is a file; name a folder"
    if Path.cwd().is_relative_to(target):
        return "this is the folder that you work in; name a folder inside it"
    if not any(target.iterdir()):
        return None
    if not is_replication(target):
        return "this folder is not empty, and not a replication written by bayescx; name another"
    if not overwrite:
        return "a replication is there; name another folder, or replace it with overwrite=True"
    foreign = foreign_files(target, [f"moments/{file.name}" for file in target.glob("moments/*.json")])
    return f"{', '.join(map(repr, foreign))} in it would be lost; move them first" if foreign else None


@contextmanager
def _taking_the_place_of(target: Path) -> Iterator[Path]:
    """Give a new folder that takes the place of ``target``, if that is there, once it is complete."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    old = part.with_suffix(".old")
    part.mkdir()
    try:
        yield part
        if target.exists():
            target.rename(old)
        try:
            part.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(file: Path, text: str) -> None:
    file.write_bytes(text.encode("utf-8"))  # bytes: line ends stay what they are on every system


def _write_inputs(fit: Fit, folder: Path, ci_prob: float) -> list[str]:
    """Write what the script reads, and the script; return the files' names."""
    text = fit.model.text
    # readers take one mark at the beginning as a sign of UTF-8, so a text that begins with one needs two
    (folder / MODEL).write_bytes(text.encode("utf-8-sig" if text.startswith("\ufeff") else "utf-8"))
    moments = _files(fit)
    document = evidence_document(moments, n_planned=fit.n_planned, simulated=fit.evidence.simulated)
    figures = published_document(fit.evidence.published, fit.evidence.signs)
    attributes = attributes_document(fit.evidence.attributes.stated(fit.organizations))
    _write(folder / EVIDENCE, document + attributes + figures)
    if moments:
        (folder / "moments").mkdir()
    for organization, shared in _moments(fit.evidence).items():
        _write(folder / moments[organization], shared.to_json(organization=organization))
    _write(folder / PRIORS, json.dumps(fit.priors.to_dict(), indent=1) + "\n")
    _write(folder / SETTINGS, json.dumps(settings_of(fit, ci_prob), indent=1) + "\n")
    _write(folder / SCRIPT, files(__package__).joinpath("templates", "replicate.txt").read_text(encoding="utf-8"))
    return [MODEL, EVIDENCE, PRIORS, SETTINGS, SCRIPT, *moments.values()]


def _files(fit: Fit) -> dict[str, str]:
    """The file of each organization that shared data."""
    return moments_files([name for name in fit.organizations if fit.evidence.level.get(name) != "figures"], "moments")


def _moments(evidence: Matched) -> dict[str, SampleMoments]:
    """Moments from which the likelihood comes back to the last digit."""
    moments = evidence.moments()
    for name, shared in moments.items():
        patterns = evidence.patterns.get(name, ())
        if len(patterns) == 1 and shared.mean is not None:  # covariances alone would round its sums of squares
            moments[name] = replace(shared, patterns=pattern_moments(patterns, evidence.variables))
    return moments


def _check_that_it_leads_back(fit: Fit, folder: Path) -> None:
    """Read everything back before anybody relies on it."""
    try:
        model = read_model(folder / MODEL)
        found: Mapping[str, bool] = {
            "model": model == fit.model,
            "evidence": _evidence_of(folder, model).fingerprint == fit.evidence.fingerprint,
            "priors": read_priors(folder) == fit.priors,
        }
    except BayescxError as error:
        raise FitError(f"this fit cannot be replicated from files: {error}") from error
    if wrong := [name for name, same in found.items() if not same]:
        raise FitError(
            f"this fit cannot be replicated from files: its {' and '.join(wrong)} would not come back the same"
        )


def _evidence_of(folder: Path, model: PathModel) -> Matched:
    return read_evidence(folder / EVIDENCE).matched(model.observed, model.coded, model.attributes)
