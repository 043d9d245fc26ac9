"""PathModel: what the structure of a model answers."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path

import pytest

from bayescx.errors import ModelError, ModelSyntaxError
from bayescx.spec import PathModel, parse_model, read_model

MODELS = Path(__file__).parents[2] / "models"

# lavaan's tutorial models (https://lavaan.ugent.be/tutorial/sem.html), with labels and definitions added.
HOLZINGER_SWINEFORD = """
 visual =~ x1 + x2 + x3
 textual =~ x4 + x5 + x6
 speed =~ x7 + x8 + x9
 speed ~ a*visual + b*textual
 textual ~ c*visual
 ind := c*b
 tot := a + c*b
"""
POLITICAL_DEMOCRACY = """
 ind60 =~ x1 + x2 + x3
 dem60 =~ y1 + y2 + y3 + y4
 dem65 =~ y5 + y6 + y7 + y8
 dem60 ~ a*ind60
 dem65 ~ b*ind60 + c*dem60
 y1 ~~ y5
 y2 ~~ y4 + y6
 y3 ~~ y7
 y4 ~~ y8
 y6 ~~ y8
 ind := a*c
 tot := b + a*c
"""


@pytest.fixture
def value_creation() -> PathModel:
    return read_model(MODELS / "value_creation.lavaan")


def test_value_creation(value_creation: PathModel) -> None:
    assert repr(value_creation) == "PathModel('value_creation': 7 constructs, 10 paths)"
    assert value_creation.constructs == (
        "satisfaction_cs",
        "trust_cs",
        "connection_cs",
        "satisfaction_company",
        "trust_company",
        "connection_company",
        "loyalty",
    )
    assert value_creation.exogenous == ("satisfaction_cs",)
    assert value_creation.endogenous == value_creation.constructs[1:]
    assert value_creation.observed[:3] == ("trust_cs", "satisfaction_cs", "connection_cs")
    assert sorted(value_creation.observed) == sorted(value_creation.constructs)
    assert value_creation.latents == value_creation.items == ()
    assert len(value_creation.routes("satisfaction_cs", "loyalty")) == 6
    assert ("satisfaction_cs", "satisfaction_company", "loyalty") in value_creation.routes("satisfaction_cs", "loyalty")
    assert value_creation.routes("loyalty", "satisfaction_cs") == ()
    assert value_creation.predictors("trust_company") == ("trust_cs", "satisfaction_company")
    assert value_creation.predictors("satisfaction_cs") == ()


def test_every_shipped_model_is_read() -> None:
    files = sorted(MODELS.glob("*.lavaan"))
    assert files
    for file in files:
        assert read_model(file).name == file.stem


def test_factors_with_paths() -> None:
    model = parse_model(HOLZINGER_SWINEFORD, name="hs")
    assert repr(model) == "PathModel('hs': 3 constructs, 9 items, 3 paths)"
    assert model.latents == ("visual", "textual", "speed")
    assert model.constructs == ("visual", "textual", "speed")
    assert model.items == model.observed == tuple(f"x{i}" for i in range(1, 10))
    assert model.exogenous == ("visual",)
    assert model.routes("visual", "speed") == (("visual", "speed"), ("visual", "textual", "speed"))
    assert {label: [row.name for row in rows] for label, rows in model.labels.items()} == {
        "a": ["speed~visual"],
        "b": ["speed~textual"],
        "c": ["textual~visual"],
    }
    assert [(d.name, d.expression.labels) for d in model.definitions] == [
        ("ind", ("c", "b")),
        ("tot", ("a", "c", "b")),
    ]


def test_residual_covariances() -> None:
    model = parse_model(POLITICAL_DEMOCRACY)
    assert [row.name for row in model.covariances] == [
        "y1~~y5",
        "y2~~y4",
        "y2~~y6",
        "y3~~y7",
        "y4~~y8",
        "y6~~y8",
    ]
    assert len(model.loadings) == 11
    assert model.variances == model.intercepts == ()
    assert model.items[:4] == ("x1", "x2", "x3", "y1")


def test_second_order_factor_is_a_cause_of_its_factors() -> None:
    model = parse_model("f1 =~ x1 + x2 + x3; f2 =~ x4 + x5 + x6; f3 =~ x7 + x8 + x9; q =~ f1 + f2 + f3; f1 ~ z; y ~ f3")
    assert model.latents == ("f1", "f2", "f3", "q")
    assert model.items == tuple(f"x{i}" for i in range(1, 10))
    assert model.constructs == ("q", "f2", "f3", "z", "f1", "y")
    assert model.exogenous == ("q", "z")
    assert model.observed == (*model.items, "z", "y")
    assert model.routes("q", "y") == (("q", "f3", "y"),)
    assert model.predictors("f1") == ("q", "z")


def test_observed_variables_of_covariances_are_constructs() -> None:
    model = parse_model("y ~ x; z ~~ x; w ~~ w; y ~~ y; y ~ 1")
    assert model.constructs == ("x", "y", "z", "w")
    assert model.exogenous == ("x", "z", "w")
    assert [row.name for row in model.variances] == ["w~~w", "y~~y"]
    assert [row.name for row in model.intercepts] == ["y~1"]


@pytest.mark.parametrize(
    "text",
    [
        "f =~ x1 + x2 + x3",
        "f =~ x1 + x2; y ~ f",
        "f =~ x1 + x2; g =~ x3 + x4",
        "f =~ a*x1 + a*x2",
        "f =~ 1*x1 + 1*x2",
        "f =~ x1; y ~ f",
        "f =~ x1; x1 ~~ 0.2*x1; y ~ f",
        "f =~ x1 + x2 + x3; g =~ x3 + x4 + x5",
        "f =~ NA*x1 + x2 + x3; f ~~ 1*f",
        "f =~ x1 + x2 + x3; x1 ~~ x2; x1 ~~ 0*x1; x3 ~ 1",
        "y1 ~ x; y2 ~ x + y1; y1 ~~ y2",
        "y1 + y2 ~ x; y1 ~~ 0*y2",
        "y ~ x1 + x2; x1 ~~ 0*x2",
        "y ~ a*x1 + a*x2",
        "y ~ a*0.5*x1 + a*0.5*x2",
        "y ~ NA*x",
        "y ~ x; y ~~ 0.5*y",
        "organization ~ path; chain ~ draw; cause ~ outcome",
    ],
)
def test_is_allowed(text: str) -> None:
    assert parse_model(text).parameters


def test_equal_and_hashed_by_text() -> None:
    one, same, other = parse_model("y ~ x", name="one"), parse_model("y ~ x"), parse_model("y ~ x ")
    assert one == same
    assert len({one, same, other}) == 2
    assert one != other
    assert one != "y ~ x"


def test_pickles_and_copies() -> None:
    model = parse_model(POLITICAL_DEMOCRACY, name="democracy")
    assert model.labels
    assert model.routes("ind60", "dem65")
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):  # noqa: S301
        assert twin == model
        assert twin.name == "democracy"
        assert twin.parameters == model.parameters
        assert twin.definitions == model.definitions


def test_never_changes() -> None:
    model = parse_model("y ~ x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.name = "other"  # type: ignore[misc]


def test_checks_itself_however_it_is_made() -> None:
    rows = parse_model("y ~ x").parameters
    with pytest.raises(ModelError, match="second time"):
        PathModel("y ~ x", None, rows + tuple(dataclasses.replace(row, column=9) for row in rows), ())


def test_str_shows_factors_equations_and_definitions() -> None:
    assert str(parse_model(HOLZINGER_SWINEFORD)).splitlines() == [
        "visual =~ x1 + x2 + x3",
        "textual =~ x4 + x5 + x6",
        "speed =~ x7 + x8 + x9",
        "textual ~ visual",
        "speed ~ visual + textual",
        "ind := c*b",
        "tot := a + c*b",
    ]


def test_str_keeps_what_is_declared_reversed() -> None:
    text = "f =~ x1 + NA*upper(0)*x2 + a*upper(0)*`x (3)`; upper =~ upper(0)*x4 + x5; h =~ f + upper(0)*upper; y ~ h"
    model = parse_model(text)
    assert str(model).splitlines() == [
        "f =~ x1 + upper(0)*x2 + upper(0)*`x (3)`",
        "upper =~ upper(0)*x4 + x5",
        "h =~ f + upper(0)*upper",
        "y ~ h",
    ]
    again = parse_model(str(model))
    assert [(row.name, row.reversed) for row in again.parameters] == [
        (row.name, row.reversed) for row in model.parameters
    ]
    assert str(again) == str(model)


def test_unknown_construct(value_creation: PathModel) -> None:
    with pytest.raises(ModelError, match="no construct 'loyality'; did you mean 'loyalty'"):
        value_creation.routes("satisfaction_cs", "loyality")
    with pytest.raises(ModelError, match="its constructs: satisfaction_cs, "):
        value_creation.predictors("q")


def test_too_many_routes_are_counted_not_listed() -> None:
    lines = [f"v{j} ~ " + " + ".join(f"v{i}" for i in range(j)) for j in range(1, 40)]
    with pytest.raises(ModelError, match="found 274877906944 routes"):
        parse_model("\n".join(lines)).routes("v0", "v39")


def test_error_names_model_and_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.lavaan"
    file.write_text("y ~ x\ny = x\n")
    with pytest.raises(ModelSyntaxError) as refused:
        read_model(file)
    assert str(refused.value).startswith(f"Model 'mine' ({file}): line 2, column 3: found '='")


def test_reads_windows_files(tmp_path: Path) -> None:
    file = tmp_path / "windows.lavaan"
    file.write_bytes(b"\xef\xbb\xbf# caf\xc3\xa9\r\ny ~ x\r\n")
    assert [row.line for row in read_model(str(file)).paths] == [2]


def test_missing_file(tmp_path: Path) -> None:
    (tmp_path / "value.lavaan").write_text("y ~ x")
    with pytest.raises(ModelError, match="no such file; did you mean 'value"):
        read_model(tmp_path / "vaule.lavaan")
    with pytest.raises(ModelError, match="no such file"):
        read_model(tmp_path / "nowhere" / "value.lavaan")


@pytest.mark.parametrize("name", ["", "sub", "nul\x00", "x" * 5_000])
def test_what_is_no_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(ModelError, match="found no"):
        read_model(tmp_path / name)


def test_file_that_is_not_text(tmp_path: Path) -> None:
    file = tmp_path / "latin.lavaan"
    file.write_bytes("y ~ x\ncaf\u00e9 ~ x".encode("latin-1"))
    with pytest.raises(ModelSyntaxError, match="line 2, column 4: found byte 0xe9"):
        read_model(file)


def test_file_that_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "large.lavaan"
    file.write_bytes(b"#" * 4_000_001)
    with pytest.raises(ModelError, match="more than 4000000 bytes"):
        read_model(file)
