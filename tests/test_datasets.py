"""What ships is found by name, in the repository and in an installed package; what does not is said with what does."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayescx import datasets
from bayescx.errors import EvidenceError, ModelError
from bayescx.spec import PathModel

ROOT = Path(__file__).parents[1]
TABLE = "org,x,m,y\n" + "".join(f"a,{i},{i * i % 7},{i % 3}\n" for i in range(20))
DOCUMENT = '[organizations.a]\nrows = "a.csv"\n'


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository with the package inside."""
    (tmp_path / "bayescx").mkdir()
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "bayescx" / "datasets.py"))
    return tmp_path


def ship(folder: Path, model: str = "small", evidence: str = "study") -> None:
    (folder / "models").mkdir(parents=True)
    (folder / "models" / f"{model}.lavaan").write_text("m ~ x; y ~ m")
    (folder / "data" / evidence).mkdir(parents=True)
    (folder / "data" / "no_evidence").mkdir()
    (folder / "data" / evidence / "evidence.toml").write_text(DOCUMENT)
    (folder / "data" / evidence / "a.csv").write_text(TABLE)


@pytest.mark.parametrize("name", datasets.list_models())
def test_every_shipped_model_is_sound(name: str) -> None:
    model = datasets.load_model(name)
    assert isinstance(model, PathModel)
    assert model.name == name


def test_every_shipped_evidence_is_sound() -> None:
    for name in datasets.list_evidence():
        assert datasets.load_evidence(name).organizations


def test_every_model_of_the_repository_ships() -> None:
    assert datasets.list_models() == sorted(path.stem for path in (ROOT / "models").glob("*.lavaan"))
    assert "value_creation" in datasets.list_models()


def test_a_repository_is_read_before_the_copies_in_the_package(house: Path) -> None:
    ship(house, "small", "study")
    ship(house / "bayescx" / "_shipped", "older", "older_study")
    assert (datasets.list_models(), datasets.list_evidence()) == (["small"], ["study"])
    assert datasets.load_model("small").constructs == ("x", "m", "y")
    assert datasets.load_evidence("study").organizations == ("a",)


def test_other_documents_of_a_folder_are_named_with_it(house: Path) -> None:
    ship(house)
    figure = 'statistic = "r_squared"\noutcome = "m"\nvalue = 0.5\norganizations = ["b"]\nn_obs = 100\n'
    (house / "data" / "printed").mkdir()
    (house / "data" / "printed" / "columns.toml").write_text(f"[[published]]\n{figure}")
    assert datasets.list_evidence() == ["columns_printed", "study"]
    assert datasets.load_evidence("columns_printed").organizations == ("b",)
    assert datasets.open_evidence("columns_printed", n_planned=4).n_planned == 4
    with pytest.raises(EvidenceError, match="it was not simulated"):
        datasets.load_truth("columns_printed")


def test_an_installed_package_reads_its_copies(house: Path) -> None:
    (house / "pyproject.toml").unlink()
    ship(house, "stranger", "stranger")
    ship(house / "bayescx" / "_shipped", "small", "study")
    assert (datasets.list_models(), datasets.list_evidence()) == (["small"], ["study"])
    assert datasets.load_evidence("study").n_planned == 1


def test_nothing_shipped_is_no_error(house: Path) -> None:
    assert (datasets.list_models(), datasets.list_evidence()) == ([], [])
    with pytest.raises(EvidenceError, match="no evidence ships with this version"):
        datasets.load_evidence("study")


@pytest.mark.parametrize(
    ("name", "fragments"),
    [
        ("value_creatoin", ("'value_creatoin'; did you mean 'value_creation'?", "shipped: ")),
        ("zzz", ("no shipped model 'zzz'; shipped: contact_center_quality, ", "read_model(path) reads a file")),
        ("../models/value_creation", ("no shipped model",)),
        ("value_creation.lavaan", ("did you mean 'value_creation'?",)),
    ],
)
def test_unknown_models_are_refused_with_what_ships(name: str, fragments: tuple[str, ...]) -> None:
    with pytest.raises(ModelError) as refused:
        datasets.load_model(name)
    for fragment in fragments:
        assert fragment in str(refused.value)


def test_unknown_evidence_is_refused_with_what_ships(house: Path) -> None:
    ship(house)
    with pytest.raises(EvidenceError, match=r"'stduy'; did you mean 'study'\? shipped: study"):
        datasets.load_evidence("stduy")


def test_open_takes_a_shipped_name_or_a_file(house: Path) -> None:
    ship(house)
    (house / "own.lavaan").write_text("y ~ x")
    (house / "own.csv").write_text(TABLE)
    assert datasets.open_model("small").name == "small"
    assert datasets.open_model(str(house / "own.lavaan")).name == "own"
    assert datasets.open_evidence("study", n_planned=5).n_planned == 5
    assert datasets.open_evidence(str(house / "own.csv"), organization="org").organizations == ("a",)


def test_open_says_that_there_is_neither_a_file_nor_a_shipped_name(
    house: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(house)
    monkeypatch.chdir(house)
    with pytest.raises(ModelError, match=r"neither a file nor a shipped model .*'small'\? shipped: small"):
        datasets.open_model("smal")
    with pytest.raises(ModelError, match="no such file"):
        datasets.open_model("smal.lavaan")
    with pytest.raises(EvidenceError, match=r"neither a file nor a shipped evidence .* shipped: study"):
        datasets.open_evidence("nothing")
    for empty in (datasets.open_model, datasets.open_evidence):
        with pytest.raises((ModelError, EvidenceError), match="neither a file"):
            empty("")


def test_rows_come_from_evidence_that_has_rows() -> None:
    rows = datasets.load_rows("ten_organizations")
    rows["organization"] = ""  # a copy: what ships does not change
    assert datasets.load_rows("ten_organizations")["organization"].nunique() == 10
    with pytest.raises(EvidenceError, match="it has no rows"):
        datasets.load_rows("drivers_ten_organizations")
