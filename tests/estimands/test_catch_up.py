"""Catching up is the gap of each draw times what the equations say follows from one unit."""

from __future__ import annotations

import numpy as np
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.estimands.catch_up import catch_up
from bayescx.estimands.latent_means import latent_means
from tests.estimands.brute import fit_of, worlds
from tests.estimands.mean_studies import mean_fit


@pytest.mark.parametrize(
    ("name", "construct"), [("factors, loadings pooled", "f"), ("observed, latent and a single indicator", "z")]
)
def test_gap_times_consequence_draw_by_draw(name: str, construct: str) -> None:
    fit = fit_of(name)
    found = catch_up(fit, construct, draws=4, random_seed=3)
    means = latent_means(fit, standardized=False, pooled=True, draws=4, random_seed=3).sel(construct=construct)
    assert found.dims == ("chain", "draw", "organization", "outcome")
    assert found["draw"].values.tolist() == [0, 3]  # every third of six
    for c, d, j in np.ndindex(found.shape[:3]):
        here = means.isel(chain=c, draw=d).values
        gap = max(here) - here[j]
        follows = worlds(name, "organization")[c][int(found["draw"][d])][j].moved({construct: 1.0})
        expected = [gap * follows[outcome] for outcome in found["outcome"].values.tolist()]
        np.testing.assert_allclose(found.values[c, d, j], expected, rtol=1e-9, atol=1e-12)


def test_standardized_gains_are_in_the_sds_of_the_organization_itself() -> None:
    name = "factors, loadings pooled"
    fit = fit_of(name)
    raw, own = (catch_up(fit, "f", standardized=one, draws=4, random_seed=3) for one in (False, True))
    assert own.attrs["units"] == "SD"
    for c, d, j in np.ndindex(raw.shape[:3]):
        world = worlds(name, "organization")[c][int(raw["draw"][d])][j]
        sds = [world.sd(outcome) for outcome in raw["outcome"].values.tolist()]
        np.testing.assert_allclose(own.values[c, d, j], raw.values[c, d, j] / sds, rtol=1e-9, atol=1e-12)


def test_the_highest_of_a_draw_gains_nothing_and_the_construct_has_the_gap() -> None:
    fit = fit_of("factors, loadings pooled")
    found = catch_up(fit, "f", draws=12)
    own = found.sel(outcome="f")
    assert (own >= 0).all()
    np.testing.assert_array_equal(own.min("organization"), 0.0)
    means = latent_means(fit, standardized=False, pooled=True, draws=12).sel(construct="f")
    np.testing.assert_allclose(own.max("organization"), means.max("organization") - means.min("organization"))
    highest = means.argmax("organization")
    np.testing.assert_array_equal(found.isel(organization=highest), 0.0)


def test_what_it_says_of_itself(example_fit: bcx.Fit) -> None:
    found = catch_up(example_fit, "trust", draws=100)
    means = latent_means(example_fit, standardized=False, draws=100)
    assert found.attrs["comparability"] == means.attrs["comparability"]
    assert found.attrs["units"] == "data units"
    assert bool(found["comparable"])
    assert np.isnan(found["intercept_noise"])
    assert "construct" not in found.coords
    np.testing.assert_array_equal(found.sel(outcome="satisfaction"), 0.0)  # upstream
    assert len(bcx.summarize(found)) == 4 * 3


def test_those_that_are_alike_have_little_to_catch_up_with() -> None:
    fit = mean_fit()  # means of g differ by an SD of 0.05, and its intercepts a lot
    flat = latent_means(fit, standardized=False)
    for construct, share in {"g": (0.0, 0.6), "f": (0.8, 1.05)}.items():
        one = flat.sel(construct=construct)
        as_they_stand = float((one.max("organization") - one).mean())
        found = catch_up(fit, construct)
        low, high = share
        assert low * as_they_stand < float(found.sel(outcome=construct).mean()) < high * as_they_stand
        assert found["differ"].item() == flat["differ"].sel(construct=construct).item()
    assert catch_up(fit, "f")["differ"].item() > 0.95 > catch_up(fit, "g")["differ"].item()


def test_only_organizations_with_means_of_the_construct(mixed_fit: bcx.Fit) -> None:
    found = catch_up(mixed_fit, "trust", draws=20)
    assert found["organization"].values.tolist() == ["north", "south"]
    assert np.isfinite(found).all()
    assert "west: it shared correlations, which have no means" in found.attrs["left_out"]
    assert catch_up(mixed_fit, "loyalty", draws=20).sizes["organization"] == 3


def test_what_cannot_be_told(example_fit: bcx.Fit, figures_fit: bcx.Fit) -> None:
    with pytest.raises(FitError, match="no construct 'trst'; did you mean 'trust'"):
        catch_up(example_fit, "trst")
    with pytest.raises(FitError, match="two organizations must have shared means; none did"):
        catch_up(figures_fit, "trust")
    with pytest.raises(FitError, match="draws must be a whole number"):
        catch_up(example_fit, "trust", draws=0)
