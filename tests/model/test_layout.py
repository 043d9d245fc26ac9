"""Which components a model has, how each is pooled, and where each sits, in which units."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from bayescx.errors import ModelError
from bayescx.model.averages import free_directions
from bayescx.model.layout import BLOCKS, Entry, Layout, pooling_of
from bayescx.model.scales import pooled_sd
from bayescx.spec import parse_model

UNITS = {"x1": 2.0, "x2": 0.5, "x3": 10.0, "x4": 3.0, "x5": 0.1, "x6": 7.0, "y": 5.0, "m": 0.2, "x": 4.0, "z": 8.0}
TWO_FACTORS = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; g ~ f"


def layout_of(text: str, pooling: str | Mapping[str, str] = "partial", identification: str = "mean") -> Layout:
    return Layout.of(parse_model(text), UNITS, pooling, identification)


def names(layout: Layout, block: str) -> list[str]:
    return [layout.components[c].name for c in layout.of_block(block)]


def raw(layout: Layout, entry: Entry, component: float) -> float:
    """A path or loading in the data's units, from a component on the common scale."""
    value = entry.value * (component if entry.component >= 0 else 1.0)
    is_path = entry in layout.paths
    row_unit = layout.unit[entry.row] if is_path else layout.scale[layout.variables[entry.row]]
    return float(value * row_unit / layout.unit[entry.column])


def test_components_of_an_observed_model() -> None:
    layout = layout_of("m ~ x + z; y ~ m + x")
    assert layout.constructs == ("x", "z", "m", "y")
    assert names(layout, "paths") == ["m~x", "m~z", "y~m", "y~x"]
    assert names(layout, "residuals") == ["m~~m", "y~~y"]
    assert names(layout, "exogenous") == ["x~~x", "z~~z"]
    assert names(layout, "covariances") == ["x~~z"]
    assert names(layout, "loadings") == []
    assert [layout.components[c].equation for c in layout.of_block("paths")] == ["m", "m", "y", "y"]
    assert sum(len(layout.of_block(block)) for block in BLOCKS) == len(layout.components)


def test_components_of_a_latent_model() -> None:
    layout = layout_of(TWO_FACTORS + "; x1 ~~ x4")
    assert layout.constructs == ("f", "g")
    assert layout.variables == ("x1", "x2", "x3", "x4", "x5", "x6")
    assert names(layout, "paths") == ["g~f"]
    assert names(layout, "loadings") == ["f=~x1", "f=~x2", "f=~x3", "g=~x4", "g=~x5", "g=~x6"]
    assert names(layout, "residuals") == ["g~~g", *(f"x{i}~~x{i}" for i in range(1, 7))]
    assert names(layout, "exogenous") == ["f~~f"]
    assert names(layout, "covariances") == ["x1~~x4"]


def test_exogenous_constructs_covary_unless_told_otherwise() -> None:
    layout = layout_of("y ~ x1 + x2 + x3; x3 ~~ 0*x1")
    assert names(layout, "covariances") == ["x1~~x2", "x2~~x3"]
    at = {name: i for i, name in enumerate(layout.constructs)}
    assert layout.psi_cells[at["x3"], at["x1"]] == -1
    assert layout.psi_cells[at["x2"], at["x1"]] == layout.of_block("covariances")[0]


def test_residuals_covary_only_when_written() -> None:
    layout = layout_of("m ~ x; y ~ x; z ~ x; z ~~ m")
    assert names(layout, "covariances") == ["z~~m"]
    assert (layout.psi_cells >= 0).sum() == 1
    assert (layout.theta_cells >= 0).sum() == 0
    at = {name: i for i, name in enumerate(layout.constructs)}
    assert layout.psi_cells[at["z"], at["m"]] >= 0


def test_items_residual_covariances_are_in_theta() -> None:
    layout = layout_of(TWO_FACTORS + "; x2 ~~ x5")
    assert np.argwhere(layout.theta_cells >= 0).tolist() == [[4, 1]]
    assert (layout.psi_cells >= 0).sum() == 0


# ------------------------------------------------------------------------------------------------ pooling


def test_one_word_speaks_of_the_paths() -> None:
    assert pooling_of("none") == {
        "paths": "none",
        "loadings": "full",
        "residuals": "partial",
        "exogenous": "partial",
        "covariances": "partial",
        "controls": "full",
    }
    layout = layout_of(TWO_FACTORS, "full")
    kinds = dict(zip([c.name for c in layout.components], layout.kinds, strict=True))
    assert kinds["g~f"] == "full"
    assert kinds["f=~x1"] == "full"
    assert kinds["x1~~x1"] == "partial"


def test_a_word_for_each_block() -> None:
    found = pooling_of({"residuals": "none", "exogenous": "full"})
    assert (found["paths"], found["residuals"], found["exogenous"]) == ("partial", "none", "full")


def test_unknown_words_and_blocks_are_reported_together() -> None:
    with pytest.raises(ModelError) as error:
        pooling_of({"path": "partial", "residuals": "partail"})
    assert len(error.value.problems) == 2
    text = str(error.value)
    assert "unknown block 'path'; did you mean 'paths'" in text
    assert "residuals: unknown pooling 'partail'; did you mean 'partial'" in text
    with pytest.raises(ModelError, match="paths: unknown pooling 'partly'"):
        layout_of("y ~ x", "partly")


def test_loadings_apart_need_a_unit_of_their_own() -> None:
    model = parse_model("f =~ x1 + x2 + x3; g =~ x4 + x5; g ~ f")
    with pytest.raises(ModelError, match=r'nothing ties .* loadings of f, g .* identification="marker"'):
        Layout.of(model, pooling={"loadings": "none"})
    assert Layout.of(model, pooling={"loadings": "none"}, identification="marker").averages == ()


# -------------------------------------------------------------------------------------------------- units


def test_common_scale_is_the_pooled_within_sd() -> None:
    rng = np.random.default_rng(1)
    rows = [rng.normal(10 * j, [1, 5], size=(n, 2)) for j, n in enumerate((20, 70, 11))]
    deviations = np.concatenate([r - r.mean(axis=0) for r in rows])
    expected = np.sqrt((deviations**2).sum(axis=0) / (101 - 3))
    df = np.repeat([[19.0], [69.0], [10.0]], 2, axis=1)
    found = pooled_sd(np.stack([r.var(axis=0, ddof=1) for r in rows]), df)
    np.testing.assert_allclose(found, expected)


def test_observed_constructs_are_in_their_own_units() -> None:
    layout = layout_of("m ~ x; y ~ m")
    assert layout.unit.tolist() == [4.0, 0.2, 5.0]


def test_fixed_values_are_in_the_data_s_units() -> None:
    layout = layout_of("m ~ 0.5*x; y ~ m; y ~~ 9*y")
    (entry,) = [e for e in layout.paths if e.name == "m~x"]
    assert entry.component == -1
    assert raw(layout, entry, np.nan) == pytest.approx(0.5)
    residual = layout.psi[layout.constructs.index("y")]
    assert (residual.component, residual.value * layout.scale["y"]) == (-1, pytest.approx(3.0))
    assert "y~~y" not in [c.name for c in layout.components]


@pytest.mark.parametrize(
    ("text", "block", "several"),
    [
        ("m ~ a*x; y ~ a*m; z ~ a*x", "paths", ["m~x", "y~m", "z~x"]),
        ("f =~ x1 + a*x2 + a*x3; g =~ x4 + x5 + a*x6; g ~ f", "loadings", ["f=~x2", "f=~x3", "g=~x6"]),
    ],
)
def test_equal_labels_are_one_component_and_equal_in_the_data_s_units(
    text: str, block: str, several: list[str]
) -> None:
    layout = layout_of(text)
    entries = [e for e in (*layout.paths, *layout.loadings) if e.name in several]
    assert len(entries) == 3
    assert {e.component for e in entries} == {layout.of_block(block)[names(layout, block).index(several[0])]}
    values = [raw(layout, e, 0.37) for e in entries]
    assert values == pytest.approx([values[0]] * 3)
    assert several[1] not in names(layout, block)


def test_equal_variances_are_equal_in_the_data_s_units() -> None:
    layout = layout_of("m ~ x; y ~ m; m ~~ v*m; y ~~ v*y")
    raws = [e.value * np.exp(-0.4) * layout.scale[e.name] for e in layout.psi if e.name in ("m", "y")]
    assert raws[0] == pytest.approx(raws[1])
    assert names(layout, "residuals") == ["m~~m"]


def test_equal_covariances_are_refused() -> None:
    """A component is a partial correlation, so two equal covariances would be no equal components."""
    with pytest.raises(ModelError, match="label 'c' makes the covariances x1~~x4, x2~~x5 equal, which is not"):
        layout_of(TWO_FACTORS + "; x1 ~~ c*x4; x2 ~~ c*x5")
    assert names(layout_of(TWO_FACTORS + "; x1 ~~ c*x4; x2 ~~ d*x5"), "covariances") == ["x1~~x4", "x2~~x5"]


# ------------------------------------------------------------------------------------------------ factors


def test_loadings_average_1_on_the_common_scale() -> None:
    layout = layout_of(TWO_FACTORS)
    assert layout.unit.tolist() == [np.mean([UNITS[f"x{i}"] for i in items]) for items in ((1, 2, 3), (4, 5, 6))]
    assert [[e.name for e in factor] for factor in layout.averages] == [
        ["f=~x1", "f=~x2", "f=~x3"],
        ["g=~x4", "g=~x5", "g=~x6"],
    ]
    assert all(e.value == 1.0 for e in layout.loadings)


def test_the_loading_of_a_reversed_item_is_minus_its_component() -> None:
    text = "f =~ x1 + a*upper(0)*x2 + a*upper(0)*x3; g =~ x4 + x5 + x6 + upper(0)*x1; g ~ f"
    layout = layout_of(text)
    sizes = [abs(e.value) for e in layout.loadings]
    assert [e.value / size for e, size in zip(layout.loadings, sizes, strict=True)] == [1, -1, -1, 1, 1, 1, -1]
    assert [e.value for factor in layout.averages for e in factor] == sizes
    one, other = (e for e in layout.loadings if e.name in ("f=~x2", "f=~x3"))
    assert one.component == other.component
    assert raw(layout, one, 0.9) == pytest.approx(raw(layout, other, 0.9))
    assert raw(layout, one, 0.9) < 0
    assert layout.unit.tolist() == layout_of(text.replace("upper(0)*", "")).unit.tolist()


def test_a_reversed_factor_is_an_arrow_that_points_down() -> None:
    layout = layout_of("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ y + m; s =~ f + g + upper(0)*h; z ~ s")
    assert {e.name: e.value for e in layout.paths if "=~" in e.name} == {"s=~f": 1.0, "s=~g": 1.0, "s=~h": -1.0}
    assert [[e.value for e in factor] for factor in layout.averages][-1] == [1.0, 1.0, 1.0]


def test_marker_takes_the_unit_of_the_first_item() -> None:
    layout = layout_of(TWO_FACTORS, identification="marker")
    assert layout.unit.tolist() == [UNITS["x1"], UNITS["x4"]]
    assert layout.averages == ()
    first = {e.name: e for e in layout.loadings}["f=~x1"]
    assert first.component == -1
    assert raw(layout, first, np.nan) == pytest.approx(1.0)
    assert names(layout, "loadings") == ["f=~x2", "f=~x3", "g=~x5", "g=~x6"]


def test_a_loading_that_the_model_fixes_gives_the_unit() -> None:
    for identification in ("mean", "marker"):
        layout = layout_of("f =~ x1 + 2*x2 + x3; g =~ x4 + x5 + x6; g ~ f", identification=identification)
        fixed = {e.name: e for e in layout.loadings}["f=~x2"]
        assert fixed.component == -1
        assert raw(layout, fixed, np.nan) == pytest.approx(2.0)
        assert "f=~x1" in names(layout, "loadings")
        assert layout.unit[0] == pytest.approx(UNITS["x2"] / 2)
        assert all("f=~" not in e.name for factor in layout.averages for e in factor)


def test_a_fixed_variance_gives_the_unit() -> None:
    for identification in ("mean", "marker"):
        layout = layout_of("f =~ NA*x1 + x2 + x3; f ~~ 1*f; g =~ x4 + x5 + x6; g ~ f", identification=identification)
        assert names(layout, "loadings")[:3] == ["f=~x1", "f=~x2", "f=~x3"]
        assert layout.psi[0].component == -1
        assert layout.psi[0].value * layout.unit[0] == 1.0
        assert "f~~f" not in [c.name for c in layout.components]


def test_a_variance_of_zero_gives_no_unit() -> None:
    layout = layout_of("f =~ x1 + x2 + x3; f ~ x + z; f ~~ 0*f")
    assert [len(factor) for factor in layout.averages] == [3]
    assert layout.psi[layout.constructs.index("f")].value == 0.0


def test_a_single_indicator_is_its_factor_in_its_own_unit() -> None:
    layout = layout_of("f =~ x1; y ~ f")
    assert layout.unit[layout.constructs.index("f")] == UNITS["x1"]
    (loading,) = [e for e in layout.loadings if e.name == "f=~x1"]
    assert (loading.component, raw(layout, loading, np.nan)) == (-1, pytest.approx(1.0))
    residual = layout.theta[layout.variables.index("x1")]
    assert (residual.component, residual.value) == (-1, 0.0)
    assert "x1~~x1" not in [c.name for c in layout.components]


def test_a_single_indicator_with_a_stated_error_variance() -> None:
    layout = layout_of("f =~ x1; y ~ f; x1 ~~ 0.25*x1")
    assert layout.theta[layout.variables.index("x1")].value * UNITS["x1"] == pytest.approx(0.5)


def test_second_order_loadings_are_arrows() -> None:
    text = "f =~ x1 + x2 + x3; g =~ x4 + x5 + x6; h =~ y + m; s =~ f + g + h; z ~ s"
    layout = layout_of(text)
    assert layout.constructs[0] == "s"
    assert [e.name for e in layout.paths] == ["z~s", "s=~f", "s=~g", "s=~h"]
    assert ["s=~f", "s=~g", "s=~h"] in [[e.name for e in factor] for factor in layout.averages]
    at = {name: i for i, name in enumerate(layout.constructs)}
    entry = {e.name: e for e in layout.paths}["s=~g"]
    assert (entry.row, entry.column) == (at["g"], at["s"])
    assert names(layout, "paths") == ["z~s"]
    marker = layout_of(text, identification="marker")
    assert marker.construct_scale["s"] == marker.construct_scale["f"] == UNITS["x1"]


def test_a_marker_without_a_unit_is_refused() -> None:
    with pytest.raises(ModelError, match="factor 'f' has no unit: NA\\* frees its first loading"):
        layout_of("f =~ NA*x1 + x2 + x3; y ~ f", identification="marker")


def test_a_label_on_the_marker_that_others_share_is_refused() -> None:
    text = "f =~ a*x1 + a*x2 + x3; y ~ f"
    with pytest.raises(ModelError, match="its label 'a' makes others equal to it"):
        layout_of(text, identification="marker")
    assert names(layout_of(text), "loadings") == ["f=~x1", "f=~x3"]
    fixed = layout_of("f =~ a*1*x1 + a*1*x2 + x3; y ~ f", identification="marker")
    assert names(fixed, "loadings") == ["f=~x3"]


def test_an_unknown_identification_is_refused() -> None:
    with pytest.raises(ModelError, match="'mean' or 'marker', found 'first'"):
        layout_of("y ~ x", identification="first")


# ------------------------------------------------------------------------------------------- directions


@pytest.mark.parametrize(
    ("text", "n_free"),
    [
        (TWO_FACTORS, 4),
        ("f =~ a*x1 + a*x2 + x3; g =~ x4 + x5 + x6; g ~ f", 3),
        ("f =~ x1 + a*x2 + a*x3; g =~ x4 + x5 + a*x6; g ~ f", 2),
        ("f =~ a*x1 + a*x2 + a*x3; g =~ x4 + x5 + x6; g ~ f", 2),
        ("f =~ x1 + x2 + x3; g =~ x4 + x5 + x6 + x1; g ~ f", 5),
    ],
)
def test_directions_keep_every_average_at_1(text: str, n_free: int) -> None:
    layout = layout_of(text)
    members = layout.of_block("loadings")
    offset, directions = free_directions(layout, members)
    assert directions.shape == (len(members), n_free)
    np.testing.assert_allclose(directions.T @ directions, np.eye(n_free), atol=1e-12)
    position = {c: i for i, c in enumerate(members)}
    for z in np.random.default_rng(1).normal(size=(5, n_free)):
        value = offset + directions @ z
        for factor in layout.averages:
            average = sum(e.value * value[position[e.component]] for e in factor) / len(factor)
            assert average == pytest.approx(1.0)


def test_other_components_are_directions_of_their_own() -> None:
    layout = layout_of(TWO_FACTORS, {"paths": "full"})
    members = [*layout.of_block("paths"), *layout.of_block("loadings")]
    offset, directions = free_directions(layout, members)
    assert offset[0] == 0
    assert directions.shape == (7, 5)
    assert np.count_nonzero(directions[0]) == 1
    assert directions[0].max() == 1.0


def test_no_item_is_special() -> None:
    """The prior spread of each loading under standard normal directions is the same."""
    layout = layout_of("f =~ x1 + x2 + x3 + x4; y ~ f")
    _, directions = free_directions(layout, layout.of_block("loadings"))
    np.testing.assert_allclose((directions**2).sum(axis=1), 3 / 4)
