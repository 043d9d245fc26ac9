"""Fits and their files: what is saved comes back, whole or not at all, and nothing in a file is executed."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray as xr

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.evidence import Attributes


@pytest.fixture(scope="module")
def saved(example_fit: bcx.Fit, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example_fit.save(tmp_path_factory.mktemp("fits") / "fit.nc")


def test_everything_comes_back(example_fit: bcx.Fit, saved: Path) -> None:
    loaded = bcx.load_fit(saved)
    for group in ("posterior", "sample_stats", "prior", "constant_data"):
        xr.testing.assert_identical(loaded.tree[group].to_dataset(), example_fit.tree[group].to_dataset())
    assert set(loaded.tree.children) == set(example_fit.tree.children)
    assert loaded.model == example_fit.model
    assert loaded.model.name == "example"
    assert loaded.priors == example_fit.priors
    assert dict(loaded.pooling) == dict(example_fit.pooling)
    assert dict(loaded.scale) == dict(example_fit.scale)
    assert loaded.identification == example_fit.identification
    assert dict(loaded.provenance) == dict(example_fit.provenance)
    assert loaded.seed == example_fit.seed == 1


def test_the_evidence_comes_back(example_fit: bcx.Fit, saved: Path) -> None:
    one, other = bcx.load_fit(saved).evidence, example_fit.evidence
    for field in dataclasses.fields(other):
        if isinstance(getattr(other, field.name), np.ndarray):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
        else:
            assert getattr(one, field.name) == getattr(other, field.name)
    assert one.fingerprint == other.fingerprint
    assert (one.organizations, one.n_planned) == (("north", "south", "east", "west"), 6)


def test_attributes_of_organizations_come_back(example_fit: bcx.Fit, tmp_path: Path) -> None:
    moderators = tuple(bcx.parse_model("y ~ pool(x, employees, category(`<b>`, a, `$b$`))").attributes.values())
    values = np.array([[0.1, 1.0], [1e9 / 3, 0.0], [-2.5, 0.0], [4.0, 1.0]])
    attributes = Attributes(moderators, values, ("../../x",), np.array([[1 / 3, 1.0]]))
    evidence = dataclasses.replace(example_fit.evidence, attributes=attributes)
    loaded = bcx.load_fit(dataclasses.replace(example_fit, evidence=evidence).save(tmp_path / "fit.nc"))
    assert loaded.evidence.attributes == attributes
    assert loaded.evidence.fingerprint == evidence.fingerprint != example_fit.evidence.fingerprint


@pytest.mark.parametrize("target", ["organization", "typical", "average", "new"])
def test_a_loaded_fit_answers_the_same(example_fit: bcx.Fit, saved: Path, target: Any) -> None:
    loaded = bcx.load_fit(saved)
    xr.testing.assert_identical(bcx.total_effects(loaded, target), bcx.total_effects(example_fit, target))
    xr.testing.assert_identical(bcx.defined_parameters(loaded, target), bcx.defined_parameters(example_fit, target))


def test_a_loaded_fit_can_be_saved_again(saved: Path, tmp_path: Path) -> None:
    again = bcx.load_fit(bcx.load_fit(saved).save(tmp_path / "again.nc"))
    xr.testing.assert_identical(again.posterior, bcx.load_fit(saved).posterior)


def test_saving_does_not_change_the_fit(example_fit: bcx.Fit, tmp_path: Path) -> None:
    before = dict(example_fit.tree.attrs)
    example_fit.save(tmp_path / "fit.nc")
    assert example_fit.tree.attrs == before


def test_priors_and_names_of_any_language_survive(example_rows: Any, tmp_path: Path) -> None:
    rows = example_rows.rename(columns={"trust": "доверие"}).replace({"organization": {"north": "Ærø & Söhne <1>"}})
    priors = bcx.Priors().replace({"доверие~satisfaction": bcx.Prior("StudentT", nu=3, mu=0.1 + 0.2)})
    with pytest.warns(bcx.ConvergenceWarning):
        fit = bcx.fit(
            bcx.parse_model("доверие ~ satisfaction"),
            bcx.Evidence.from_rows(rows, organization="organization"),
            priors,
            pooling={"paths": "partial", "residuals": "full"},
            draws=10, tune=20, chains=2, random_seed=3, progressbar=False,
        )  # fmt: skip
    loaded = bcx.load_fit(fit.save(tmp_path / "Ünïcode.nc"))
    assert loaded.priors == priors
    assert loaded.organizations[0] == "Ærø & Söhne <1>"
    assert loaded.pooling["residuals"] == "full"
    assert loaded.posterior["path"].values.tolist() == ["доверие~satisfaction"]


def test_a_fit_never_changes(example_fit: bcx.Fit) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        example_fit.identification = "marker"  # type: ignore[misc]


def test_a_fit_says_what_it_is(example_fit: bcx.Fit) -> None:
    assert repr(example_fit) == "Fit(example: 4 of 6 organizations, 4 chains x 1000 draws)"


# ------------------------------------------------------------------------------------------------ saving


def test_saving_replaces_and_leaves_nothing_beside(example_fit: bcx.Fit, tmp_path: Path) -> None:
    target = tmp_path / "fit.nc"
    target.write_text("an older file")
    assert example_fit.save(target) == target
    assert bcx.load_fit(target).seed == 1
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_a_saved_fit_has_the_permissions_of_any_new_file(example_fit: bcx.Fit, tmp_path: Path) -> None:
    other = tmp_path / "any"
    other.touch()
    found = example_fit.save(tmp_path / "fit.nc")
    assert stat.S_IMODE(found.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


@pytest.mark.parametrize("error", [OSError("disk full"), RuntimeError("half way")])
def test_an_existing_file_survives_a_failed_write(
    example_fit: bcx.Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    target = example_fit.save(tmp_path / "fit.nc")
    before = target.read_bytes()

    def half_written(tree: xr.DataTree, name: str, **options: Any) -> None:
        Path(name).write_bytes(b"half of a fit")
        raise error

    monkeypatch.setattr(xr.DataTree, "to_netcdf", half_written)
    with pytest.raises((FitError, RuntimeError), match=str(error)):
        example_fit.save(target)
    assert target.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_a_full_disk_is_a_fit_error(example_fit: bcx.Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(tree: xr.DataTree, name: str, **options: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", full)
    with pytest.raises(FitError, match=r"cannot save to .*fit\.nc: No space left on device"):
        example_fit.save(tmp_path / "fit.nc")


def test_places_that_are_no_files_are_refused(example_fit: bcx.Fit, tmp_path: Path) -> None:
    with pytest.raises(FitError, match=r"there is no folder .*missing"):
        example_fit.save(tmp_path / "missing" / "fit.nc")
    with pytest.raises(FitError, match="it is a folder; name a file"):
        example_fit.save(tmp_path)


# ----------------------------------------------------------------------------------------------- loading


def test_what_is_missing_or_foreign_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="there is no such file"):
        bcx.load_fit(tmp_path / "fit.nc")
    with pytest.raises(FitError, match="there is no such file"):
        bcx.load_fit(tmp_path)
    text = tmp_path / "text.nc"
    text.write_text("y ~ x")
    with pytest.raises(FitError, match="not a netCDF file written by bayescx"):
        bcx.load_fit(text)
    (tmp_path / "empty.nc").touch()
    with pytest.raises(FitError, match="not a netCDF file written by bayescx"):
        bcx.load_fit(tmp_path / "empty.nc")
    foreign = tmp_path / "foreign.nc"
    xr.Dataset({"beta": ("draw", np.zeros(3))}).to_netcdf(foreign, engine="h5netcdf")
    with pytest.raises(FitError, match="a netCDF file, but not one written by bayescx"):
        bcx.load_fit(foreign)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(saved: Path, tmp_path: Path, kept: float) -> None:
    content = saved.read_bytes()
    short = tmp_path / "short.nc"
    short.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(FitError, match="cannot load"):
        bcx.load_fit(short)


class Trap:
    """Unpickling one would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.mark),)


def test_nothing_in_a_file_is_executed(saved: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    trap = pickle.dumps(Trap(mark))
    alone = tmp_path / "alone.nc"
    alone.write_bytes(trap)
    with pytest.raises(FitError):
        bcx.load_fit(alone)
    code = f"__import__('os').mkdir({str(mark)!r})"
    for text in (code, f"!!python/object/apply:os.mkdir ['{mark}']", trap.decode("latin-1")):
        edited = edit(saved, tmp_path, lambda settings, text=text: settings["model"].update(text=text))
        with pytest.raises(FitError):
            bcx.load_fit(edited)
    assert not mark.exists()


def edit(saved: Path, folder: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    target = folder / "edited.nc"
    target.write_bytes(saved.read_bytes())
    with h5py.File(target, "r+") as file:
        settings = json.loads(file.attrs["settings"])
        change(settings)
        file.attrs["settings"] = json.dumps(settings)
    return target


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["model"].update(text="y ~ y"), "it is damaged"),
        (lambda s: s.pop("priors"), "it is damaged"),
        (lambda s: s["priors"]["path_sd"].update(name="Normal"), "it is damaged"),
        (lambda s: s["evidence"].update(n_planned=7), "the file was changed"),
        (lambda s: s["evidence"].update(fingerprint="0" * 64), "the file was changed"),
    ],
)
def test_edited_settings_are_refused(
    saved: Path, tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    assert bcx.load_fit(edit(saved, tmp_path, lambda settings: None)).seed == 1  # editing itself does no harm
    with pytest.raises(FitError, match=message):
        bcx.load_fit(edit(saved, tmp_path, change))


@pytest.mark.parametrize("variable", ["cov", "mean", "n_obs"])
def test_edited_moments_are_refused(saved: Path, tmp_path: Path, variable: str) -> None:
    target = tmp_path / "edited.nc"
    target.write_bytes(saved.read_bytes())
    with h5py.File(target, "r+") as file:
        array = file["constant_data"][variable]
        array[...] = array[...] + 1
    with pytest.raises(FitError, match="its evidence is not what it was fitted to"):
        bcx.load_fit(target)


def test_a_file_of_a_later_version_is_refused(saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "later.nc"
    target.write_bytes(saved.read_bytes())
    with h5py.File(target, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(FitError, match="a later version of bayescx wrote it"):
        bcx.load_fit(target)


def test_a_file_of_an_earlier_version_is_refused(saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "earlier.nc"
    target.write_bytes(saved.read_bytes())
    with h5py.File(target, "r+") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(FitError, match="an earlier version of bayescx wrote it; fit the model again"):
        bcx.load_fit(target)


@pytest.mark.parametrize("lost", ["settings", "constant_data", "posterior"])
def test_a_file_that_lost_a_part_is_refused(saved: Path, tmp_path: Path, lost: str) -> None:
    target = tmp_path / "partial.nc"
    target.write_bytes(saved.read_bytes())
    with h5py.File(target, "r+") as file:
        del (file.attrs if lost == "settings" else file)[lost]
    with pytest.raises(FitError, match="cannot load"):
        bcx.load_fit(target)


# ------------------------------------------------------------------- missing answers and published figures


@pytest.fixture(scope="module", params=["figures_fit", "mixed_fit"])
def kind(request: pytest.FixtureRequest) -> bcx.Fit:
    fit: bcx.Fit = request.getfixturevalue(request.param)
    return fit


def test_evidence_of_every_kind_comes_back(kind: bcx.Fit, tmp_path: Path) -> None:
    loaded = bcx.load_fit(kind.save(tmp_path / "fit.nc"))
    one, other = loaded.evidence, kind.evidence
    assert one.fingerprint == other.fingerprint
    assert (one.published, one.signs, one.level) == (other.published, other.signs, other.level)
    assert [figure.source for figure in one.published] == ["Column 3, p. 4", "", "", "", ""]
    assert one.published[-1].wording == '"twice" as strong'
    for name in ("n_obs", "mean", "cov"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert list(one.patterns) == list(other.patterns)
    for name, patterns in other.patterns.items():
        for found, wanted in zip(one.patterns[name], patterns, strict=True):
            assert (found.variables, found.n_obs) == (wanted.variables, wanted.n_obs)
            np.testing.assert_array_equal(found.mean, wanted.mean)
            np.testing.assert_array_equal(found.scatter, wanted.scatter)
    assert loaded.scale == kind.scale
    assert set(loaded.tree.children) == set(kind.tree.children)
    for group in kind.tree.children:
        xr.testing.assert_identical(loaded.tree[group].to_dataset(), kind.tree[group].to_dataset())
    again = bcx.load_fit(loaded.save(tmp_path / "again.nc"))
    assert again.evidence.fingerprint == other.fingerprint


def test_all_kinds_were_there(mixed_fit: bcx.Fit, figures_fit: bcx.Fit) -> None:
    level = {"north": "rows", "south": "rows", "<b>east</b>": "rows", "west": "correlations", "moments": "moments"}
    figures = {"one": "figures", "two": "figures"}
    assert dict(mixed_fit.evidence.level) == level | figures
    assert dict(figures_fit.evidence.level) == figures
    assert {name: len(group) for name, group in mixed_fit.evidence.patterns.items()} == {
        "south": 7, "<b>east</b>": 1, "west": 1
    }  # fmt: skip
    assert np.isnan(figures_fit.evidence.cov).all()
    assert set(figures_fit.scale.values()) == {1.0}


def test_samples_of_unknown_size_have_names_of_their_own(figures_fit: bcx.Fit) -> None:
    names = figures_fit.posterior["published_sample"].values.tolist()
    assert names == ["one, two (about 447)", "one, two (about 367)"]
    assert (figures_fit.posterior["published_n_obs"] > 50).all()


def test_alone_is_unknown_where_only_figures_speak(mixed_fit: bcx.Fit) -> None:
    data = mixed_fit.tree["constant_data"].to_dataset()
    unknown = data["alone"].isnull().all("component")
    assert unknown["organization"].values[unknown].tolist() == ["one", "two"]
    assert (data["alone_cov"].isnull().all(("component", "component_other")) == unknown).all()
    assert (data["alone"].isnull().any("component") == unknown).all()


@pytest.mark.parametrize("name", ["n_obs", "position", "mean", "scatter"])
def test_edited_patterns_are_refused(mixed_fit: bcx.Fit, tmp_path: Path, name: str) -> None:
    target = mixed_fit.save(tmp_path / "edited.nc")
    with h5py.File(target, "r+") as file:
        array = file["answer_patterns"][name]
        array[...] = array[...] + 1
    with pytest.raises(FitError, match="its evidence is not what it was fitted to"):
        bcx.load_fit(target)


def test_patterns_that_do_not_fit_together_or_are_lost_are_refused(mixed_fit: bcx.Fit, tmp_path: Path) -> None:
    target = mixed_fit.save(tmp_path / "edited.nc")
    with h5py.File(target, "r+") as file:
        file["answer_patterns/n_answers"][0] += 1
    with pytest.raises(FitError, match=r"it is damaged \(patterns of answers do not fit together\)"):
        bcx.load_fit(target)
    with h5py.File(target, "r+") as file:
        del file["answer_patterns"]
    with pytest.raises(FitError, match="its evidence is not what it was fitted to"):
        bcx.load_fit(target)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s["evidence"]["published"][0].update(value=0.6), "the file was changed"),
        (lambda s: s["evidence"]["published"].pop(), "the file was changed"),
        (lambda s: s["evidence"]["signs"].update({"loyalty~trust": -1}), "the file was changed"),
        (lambda s: s["evidence"]["published"][0].update(value=60), "it is damaged"),
        (lambda s: s["evidence"].pop("published"), "it is damaged"),
    ],
)
def test_edited_figures_are_refused(
    figures_fit: bcx.Fit, tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    with pytest.raises(FitError, match=message):
        bcx.load_fit(edit(figures_fit.save(tmp_path / "fit.nc"), tmp_path, change))


def test_a_fit_to_figures_says_so(figures_fit: bcx.Fit, mixed_fit: bcx.Fit) -> None:
    shown = figures_fit._repr_html_()
    assert "5, 1 of them only to be checked" in shown
    assert "respondents" not in shown
    assert "660" in mixed_fit._repr_html_()
