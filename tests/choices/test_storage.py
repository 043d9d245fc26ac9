"""A saved fit of choices answers as the fit did, and files that are none are refused in words."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.choices import (
    ChoiceCounts,
    ChoiceFit,
    ChoicePriors,
    choice_asymmetry,
    choice_effects,
    choice_probabilities,
    choice_ratio,
    choice_slopes,
    choice_thresholds,
    fit_choices,
    load_choice_fit,
)
from bayescx.errors import ConvergenceWarning, FitError
from bayescx.priors import Prior
from bayescx.rates import Counts, fit_rates, load_rates_fit
from bayescx.spec import parse_model
from tests.choices.worlds import rows

SCRIPT = "<script>alert(1)</script>"
NAMES = {"org_1": SCRIPT, "org_2": "../../x", "org_3": "$x$ 组织 " + "x" * 200}
LEVELS = [SCRIPT, "neutral & co", "忠诚"]
MODEL = (
    f"#: {LEVELS[2]}x = effort <b>spent</b>\nafter ~ below(expectations, 4) + above(expectations, 4) + "
    f"fixed({LEVELS[2]}x) + category(issue, question, billing)"
)


@pytest.fixture(scope="module")
def fit() -> ChoiceFit:
    frame = rows(3, (40, 60, 90), 1).rename(columns={"effort": f"{LEVELS[2]}x"})
    frame["after"] = frame["after"].replace(dict(zip(["disloyal", "neutral", "loyal"], LEVELS, strict=True)))
    frame["organization"] = frame["organization"].replace(NAMES)
    frame.loc[3, "issue"] = None
    frame.loc[4, "organization"] = None
    counts = ChoiceCounts.from_rows(
        frame, parse_model(MODEL, name="choices"), organization="organization", categories=LEVELS, n_planned=9
    )
    overrides = {"issue[billing]": Prior("Normal", sigma=0.3)}
    priors = ChoicePriors(slope_sd=Prior("HalfStudentT", nu=4.0, sigma=0.1), overrides=overrides)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = fit_choices(counts, priors, draws=60, tune=200, chains=2, random_seed=7, progressbar=False)
    return dataclasses.replace(found, simulated=True)


@pytest.fixture(scope="module")
def saved(fit: ChoiceFit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit.save(tmp_path_factory.mktemp("saved") / "choices.nc")


def test_every_answer_is_the_same_bit_for_bit(fit: ChoiceFit, saved: Path) -> None:
    again = load_choice_fit(saved)
    assert repr(again) == repr(fit)
    assert again.posterior.identical(fit.posterior)
    assert again.sample_stats.equals(fit.sample_stats)
    for target in ("organization", "typical", "average", "new"):
        for answer in (choice_slopes, choice_thresholds):
            assert answer(again, target).identical(answer(fit, target))
        asked = choice_probabilities(fit, {"expectations": 2}, target)
        assert choice_probabilities(again, {"expectations": 2}, target).identical(asked)
        assert choice_ratio(again, SCRIPT, LEVELS[2], target).identical(choice_ratio(fit, SCRIPT, LEVELS[2], target))
        assert choice_asymmetry(again, "expectations", target).identical(choice_asymmetry(fit, "expectations", target))
    assert choice_effects(again, "issue[billing]").identical(choice_effects(fit, "issue[billing]"))


def test_everything_that_it_was_made_from_comes_along(fit: ChoiceFit, saved: Path) -> None:
    again = load_choice_fit(saved)
    assert again.priors == fit.priors
    assert again.provenance == fit.provenance
    assert again.simulated
    assert again.counts.equation == fit.counts.equation
    assert again.counts.equation.model.in_words(f"{LEVELS[2]}x") == "effort <b>spent</b>"
    for name in ("organizations", "categories", "n_planned", "missing", "unassigned", "notes"):
        assert getattr(again.counts, name) == getattr(fit.counts, name), name
    for name in ("organization", "x", "answers", "spread"):
        np.testing.assert_array_equal(getattr(again.counts, name), getattr(fit.counts, name))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        refitted = fit_choices(
            again.counts, again.priors, draws=60, tune=200, chains=2, random_seed=again.seed, progressbar=False
        )
    assert refitted.posterior.identical(fit.posterior)
    with pytest.raises(ValueError, match="read-only"):
        again.posterior["cut"].values[0] = 0


@pytest.mark.parametrize("terms", ["effort", "fixed(effort)"])
def test_two_categories_with_pooled_slopes_only_and_with_none(terms: str, tmp_path: Path) -> None:
    counts = ChoiceCounts.from_rows(
        rows(2, (60, 60), 2), f"after ~ {terms}", organization="organization", categories=["leave", "stay"]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = fit_choices(counts, draws=20, tune=50, chains=1, random_seed=1, progressbar=False)
    again = load_choice_fit(fit.save(tmp_path / "two.nc"))
    assert again.posterior.identical(fit.posterior)
    assert not again.simulated


def test_a_file_is_replaced_whole_or_not_at_all(fit: ChoiceFit, tmp_path: Path) -> None:
    target = tmp_path / "choices.nc"
    target.write_text("older")
    assert fit.save(str(target)) == target
    assert [path.name for path in tmp_path.iterdir()] == ["choices.nc"]
    assert load_choice_fit(target).posterior.identical(fit.posterior)
    with pytest.raises(FitError, match="there is no folder"):
        fit.save(tmp_path / "nowhere" / "choices.nc")
    with pytest.raises(FitError, match="it is a folder"):
        fit.save(tmp_path)


def spoil_text(file: Path) -> None:
    file.write_text("choices")


def spoil_cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:3000])


def spoil_empty(file: Path) -> None:
    file.write_bytes(b"")


def spoil_other(file: Path) -> None:
    file.unlink()
    xr.Dataset({"a": 1}).to_netcdf(file, engine="h5netcdf")


def change(**attributes: object) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        with h5py.File(file, "r+") as opened:
            for name, value in attributes.items():
                opened.attrs[name] = value

    return spoil


def add(place: str, amount: float) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        with h5py.File(file, "r+") as opened:
            values = opened[place]
            values[...] = values[...] + np.asarray(amount, dtype=values.dtype)

    return spoil


def drop(group: str) -> Callable[[Path], None]:
    def spoil(file: Path) -> None:
        with h5py.File(file, "r+") as opened:
            del opened[group]

    return spoil


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_text, "not a netCDF file"),
        (spoil_cut, "not a netCDF file"),
        (spoil_empty, "not a netCDF file"),
        (spoil_other, "not one written by bayescx"),
        (change(format_version=99), "later version"),
        (change(settings="{}"), "was changed"),
        (change(settings="{"), "damaged"),
        (change(fingerprint="x"), "was changed"),
        (add("posterior/cut_mu", 1e-9), "was changed"),
        (add("counts/answers", 1), "was changed"),
        (add("counts/x", 1e-12), "was changed"),
        (drop("posterior"), "posterior is missing"),
        (drop("counts"), "counts is missing"),
    ],
)
def test_files_that_are_no_fit_of_choices(
    spoil: Callable[[Path], None], message: str, saved: Path, tmp_path: Path
) -> None:
    file = tmp_path / "choices.nc"
    file.write_bytes(saved.read_bytes())
    spoil(file)
    with pytest.raises(FitError, match=rf"cannot load .*choices\.nc: .*{message}"):
        load_choice_fit(file)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for name in ("nowhere.nc", "."):
        with pytest.raises(FitError, match="no such file"):
            load_choice_fit(tmp_path / name)


def test_the_three_kinds_of_fit_say_what_they_are(saved: Path, example_fit: bcx.Fit, tmp_path: Path) -> None:
    shares = fit_rates(Counts(("a",), ("",), ("y", "n"), np.array([[[3, 9]]]), 1), draws=20).save(tmp_path / "s.nc")
    paths = example_fit.save(tmp_path / "fit.nc")
    for load in (bcx.load_fit, load_rates_fit):
        with pytest.raises(FitError, match=r"it is a fit of choices; load_choice_fit\(path\) reads it"):
            load(saved)
    with pytest.raises(FitError, match=r"a fit of shares; load_rates_fit\(path\) reads it"):
        load_choice_fit(shares)
    with pytest.raises(FitError, match=r"of a path model; load_fit\(path\) reads it"):
        load_choice_fit(paths)
