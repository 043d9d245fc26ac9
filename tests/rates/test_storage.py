"""A saved fit of shares answers as the fit did, and files that are none are refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.priors import Prior
from bayescx.rates import (
    Counts,
    PublishedRate,
    RatesFit,
    category_rates,
    fit_rates,
    load_rates_fit,
    predicted_rates,
    rate_ratio,
)

NAMES = ("<script>alert(1)</script>", "../../x", "$x$ 组织 " + "x" * 200)


@pytest.fixture(scope="module")
def fit() -> RatesFit:
    answers = np.random.default_rng(1).multinomial(60, [0.3, 0.5, 0.2], size=(3, 2))
    counts = Counts(NAMES, ("pleased", "cross"), ("d", "n", "l"), answers, 9, {NAMES[0]: 3}, 2, simulated=True)
    figures = [
        PublishedRate(value=np.float64(0.3), categories="d", group="cross", organizations=np.int64(2), n_obs=(90, 900)),  # type: ignore[arg-type]
        PublishedRate(value=4, categories=["n", "d"], relative_to="l", statistic="ratio", group="pleased",
                      organizations=["é"], n_obs=50, use="check", rounded_to=1, wording="[paraphrased] “four”"),
    ]  # fmt: skip
    tree, mean = [("n", ("d", "l")), ("d", "l")], Prior("StudentT", nu=4.0, sigma=1.2)
    return fit_rates(counts, figures, splits=tree, mean=mean, draws=100, chains=2, random_seed=7)


@pytest.fixture(scope="module")
def saved(fit: RatesFit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit.save(tmp_path_factory.mktemp("saved") / "shares.nc")


def test_every_answer_is_the_same_bit_for_bit(fit: RatesFit, saved: Path) -> None:
    again = load_rates_fit(saved)
    assert repr(again) == repr(fit)
    assert again.posterior.identical(fit.posterior)
    for target in ("organization", "typical", "average", "new"):
        assert category_rates(again, target).identical(category_rates(fit, target))
        assert rate_ratio(again, "d", "l", target).identical(rate_ratio(fit, "d", "l", target))
    for printed in (False, True):
        assert predicted_rates(again, printed=printed).identical(predicted_rates(fit, printed=printed))


def test_everything_that_it_was_made_from_comes_along(fit: RatesFit, saved: Path) -> None:
    again = load_rates_fit(saved)
    for name in ("published", "organizations", "mean", "sd", "seed", "proposed", "distinct"):
        assert getattr(again, name) == getattr(fit, name), name
    assert again.tree.splits == fit.tree.splits
    for name in ("organizations", "groups", "categories", "n_planned", "missing", "unassigned", "simulated"):
        assert getattr(again.counts, name) == getattr(fit.counts, name), name
    np.testing.assert_array_equal(again.counts.answers, fit.counts.answers)
    refitted = fit_rates(
        again.counts, again.published, splits=again.tree.splits, mean=again.mean, sd=again.sd,
        draws=100, chains=2, random_seed=again.seed,
    )  # fmt: skip
    assert refitted.posterior.identical(fit.posterior)
    with pytest.raises(ValueError, match="read-only"):
        again.posterior["tau"].values[0] = 0


def test_figures_alone_and_many_names(tmp_path: Path) -> None:
    alone = fit_rates(
        Counts.empty(["a", "b"], n_planned=4), [PublishedRate(value=0.3, categories="a", organizations=2, n_obs=9)],
        draws=20,
    )  # fmt: skip
    assert load_rates_fit(alone.save(tmp_path / "alone.nc")).posterior.identical(alone.posterior)
    many = tuple(f"organization {j} {'x' * 60}" for j in range(2000))  # more text than an attribute of HDF5 may hold
    fit = fit_rates(Counts(many, ("",), ("a", "b"), np.full((2000, 1, 2), 5), 2000), draws=2, chains=1)
    assert load_rates_fit(fit.save(tmp_path / "many.nc")).organizations == many


def test_a_file_is_replaced_whole_or_not_at_all(fit: RatesFit, saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "shares.nc"
    target.write_text("older")
    assert fit.save(str(target)) == target
    assert [path.name for path in tmp_path.iterdir()] == ["shares.nc"]
    assert load_rates_fit(target).posterior.identical(fit.posterior)
    with pytest.raises(FitError, match="there is no folder"):
        fit.save(tmp_path / "nowhere" / "shares.nc")
    with pytest.raises(FitError, match="it is a folder"):
        fit.save(tmp_path)


def spoil_text(file: Path) -> None:
    file.write_text("shares")


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


def spoil_draws(file: Path) -> None:
    with h5py.File(file, "r+") as opened:
        opened["posterior/mu"][0, 0, 0, 0] += 1e-9


def spoil_group(file: Path) -> None:
    with h5py.File(file, "r+") as opened:
        del opened["posterior"]


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
        (spoil_draws, "was changed"),
        (spoil_group, "posterior is missing"),
    ],
)
def test_files_that_are_no_fit_of_shares(
    spoil: Callable[[Path], None], message: str, saved: Path, tmp_path: Path
) -> None:
    file = tmp_path / "shares.nc"
    file.write_bytes(saved.read_bytes())
    spoil(file)
    with pytest.raises(FitError, match=rf"cannot load .*shares\.nc: .*{message}"):
        load_rates_fit(file)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for name in ("nowhere.nc", "."):
        with pytest.raises(FitError, match="no such file"):
            load_rates_fit(tmp_path / name)


def test_the_two_kinds_of_fit_say_what_they_are(saved: Path, example_fit: bcx.Fit, tmp_path: Path) -> None:
    with pytest.raises(FitError, match=r"a fit of shares; load_rates_fit\(path\) reads it"):
        bcx.load_fit(saved)
    with pytest.raises(FitError, match=r"of a path model; load_fit\(path\) reads it"):
        load_rates_fit(example_fit.save(tmp_path / "fit.nc"))
