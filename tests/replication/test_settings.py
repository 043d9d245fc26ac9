"""Settings and priors come back, and damaged ones are refused with the key that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.replication import read_priors, read_settings


def test_settings_are_those_of_the_fit(example_fit: bcx.Fit, written: Path) -> None:
    settings = read_settings(written)
    assert settings["fit"] == {
        "pooling": dict(example_fit.pooling),
        "draws": 1000,
        "tune": 1000,
        "chains": 4,
        "random_seed": 1,
        "target_accept": 0.9,
        "engine": "kernel",
        "scale": True,
        "identification": "mean",
    }
    assert settings["fingerprint"] == example_fit.evidence.fingerprint
    assert settings["versions"] == example_fit.provenance["versions"]
    assert settings["created_at"] == example_fit.provenance["created_at"]
    assert (settings["ci_prob"], settings["simulated"], settings["convergence_problems"]) == (0.95, False, [])


def edit(folder: Path, **changes: Any) -> None:
    content = json.loads((folder / "settings.json").read_text())
    content |= changes
    (folder / "settings.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "does not hold the settings of a replication"),
        ({"format_version": 2}, "another version of bayescx wrote it"),
        ({"fit": []}, '"fit" must hold the arguments of bayescx.fit'),
        ({"fit": {"pooling": {}}}, '"draws" must be of type int; it is missing'),
        ({"ci_prob": "wide"}, "\"ci_prob\" must be of type float, found 'wide'"),
        ({"versions": None}, '"versions" must be of type dict, found None'),
    ],
)
def test_damaged_settings_are_refused(folder: Path, changes: dict[str, Any], message: str) -> None:
    edit(folder, **changes)
    with pytest.raises(FitError, match=message):
        read_settings(folder)


def test_an_unknown_argument_is_refused(folder: Path) -> None:
    edit(folder, fit=read_settings(folder)["fit"] | {"progressbar": True})
    with pytest.raises(FitError, match=r"unknown argument of bayescx\.fit 'progressbar'"):
        read_settings(folder)


def test_priors_come_back(example_fit: bcx.Fit, written: Path) -> None:
    assert read_priors(written) == example_fit.priors


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "priors.json is missing"),
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", "must hold a JSON object"),
        ('{"path_sd": {}}', "does not hold priors"),
        ('{"path_sd": 3}', "does not hold priors"),
        ('{"unknown": {"name": "Normal"}}', "does not hold priors"),
        ('{"path_sd": {"name": "Normal", "sigma": -1}}', "sigma must be positive"),
    ],
)
def test_damaged_priors_are_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "priors.json").write_text(text)
    with pytest.raises(FitError, match=message):
        read_priors(tmp_path)
