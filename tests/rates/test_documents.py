"""Questions about shares in a file: read as they stand, and refused with everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayescx.errors import EvidenceError
from bayescx.evidence.toml import toml_string
from bayescx.rates import Counts, PublishedRate, RateQuestion, category_rates, read_rates

HEAD = '[questions.leaving]\ncategories = ["leaves", "stays"]\n'
FIGURE = (
    '[[questions.leaving.published]]\nvalue = 0.2\ncategories = "leaves"\norganizations = ["p", "q"]\nn_obs = 900\n'
)
COUNTS = "[questions.leaving.counts]\nnorth = [61, 249]\nsouth = [0, 7]\n"
ROWS = "shop,answer,mood\na,leaves,cross\na,stays,pleased\nb,stays,cross\nb,stays,pleased\nb,leaves,cross\nb,,cross\n"
FROM_ROWS = 'rows = "rows.csv"\norganization = "shop"\noutcome = "answer"\n'


def read(folder: Path, text: str) -> dict[str, RateQuestion]:
    (folder / "rates.toml").write_text(text, encoding="utf-8")
    return read_rates(folder / "rates.toml")


def problems_of(folder: Path, text: str) -> str:
    with pytest.raises(EvidenceError) as refused:
        read(folder, text)
    assert refused.value.headline.endswith("rates.toml")
    return "\n".join(refused.value.problems)


def test_a_question_with_everything(tmp_path: Path) -> None:
    text = f"""n_planned = 30
simulated = true
[questions.leaving]
asks = "Do customers intend to leave?"
categories = ["leaves", "stays"]
groups = ["satisfied", "dissatisfied"]
[questions.leaving.counts]
north.satisfied = [61, 249]
north.dissatisfied = [96, 31]
south.satisfied = [18, 92]
{FIGURE}group = "dissatisfied"
statistic = "share"
rounded_to = 0.05
rule = "mean"
use = "check"
wording = "a fifth"
source = "a column"
[questions.next_one]
n_planned = 4
categories = ["a", "b", "c"]
splits = [["b", ["a", "c"]], ["a", "c"]]
[[questions.next_one.published]]
statistic = "ratio"
value = 4
rounded_to = 1
categories = ["a"]
relative_to = "c"
organizations = 3
n_obs = [90, 900]
"""
    first, second = read(tmp_path, text).values()
    assert (first.name, first.asks) == ("leaving", "Do customers intend to leave?")
    assert first.counts.organizations == ("north", "south")
    assert first.counts.groups == ("satisfied", "dissatisfied")
    np.testing.assert_array_equal(first.counts.answers, [[[61, 249], [96, 31]], [[18, 92], [0, 0]]])
    assert (first.counts.n_planned, first.counts.simulated) == (30, True)
    assert first.figures == (
        PublishedRate(
            value=0.2, categories="leaves", group="dissatisfied", organizations=["p", "q"], n_obs=900, rounded_to=0.05,
            rule="mean", use="check", wording="a fifth", source="a column",
        ),
    )  # fmt: skip
    assert (second.asks, second.counts.n_planned) == ("next one", 4)
    assert second.figures[0].relative_to == ("c",)
    assert second.fit(draws=20).tree.names == ("b : a + c", "a : c")


def test_planned_is_by_default_what_is_known(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + COUNTS + FIGURE)["leaving"].counts.n_planned == 4
    assert read(tmp_path, HEAD + COUNTS)["leaving"].counts.n_planned == 2
    assert "n_planned = 3 is smaller" in problems_of(tmp_path, "n_planned = 3\n" + HEAD + COUNTS + FIGURE)


def test_rows_are_counted_with_groups_in_stated_order(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(ROWS)
    plain = read(tmp_path, HEAD + FROM_ROWS)["leaving"].counts
    np.testing.assert_array_equal(plain.answers, [[[1, 1]], [[1, 2]]])
    assert plain.missing == {"b": 1}
    text = f'{HEAD}{FROM_ROWS}by = "mood"\n'
    assert read(tmp_path, text)["leaving"].counts.groups == ("cross", "pleased")
    turned = read(tmp_path, f'{text}groups = ["pleased", "cross"]\n')["leaving"].counts
    np.testing.assert_array_equal(turned.answers, [[[0, 1], [1, 0]], [[0, 1], [1, 1]]])
    assert "group 'glad': nobody gave" in problems_of(tmp_path, f'{text}groups = ["glad", "cross", "pleased"]\n')
    assert "a group that was not stated, 'cross'" in problems_of(tmp_path, f'{text}groups = ["pleased"]\n')
    (tmp_path / "rows.csv").write_text(ROWS.replace("cross", "none"))
    words = read(tmp_path, f'{text}groups = ["pleased", "none"]\n')["leaving"].counts
    np.testing.assert_array_equal(words.answers, turned.answers)
    assert 'groups need by = "..."' in problems_of(tmp_path, f'{HEAD}{FROM_ROWS}groups = ["pleased"]\n')


def test_a_table_of_counts(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "counts.csv").write_text("shop,stays,leaves\na,3,4\nb,0,9\n")
    text = HEAD + 'counts = "deep/counts.csv"\norganization = "shop"\n'
    counts = read(tmp_path, text)["leaving"].counts
    np.testing.assert_array_equal(counts.answers, [[[4, 3]], [[9, 0]]])
    (tmp_path / "deep" / "counts.csv").write_text("shop,stays,leaves\na,3,-4\nb,0.5,9\n")
    said = problems_of(tmp_path, text)
    assert "question 'leaving': counts = 'deep/counts.csv': a negative count in column 'leaves': a" in said
    assert "a share in column 'stays': b" in said


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(lambda t: t.strip() == t),
        min_size=2, max_size=4, unique=True,
    )
)  # fmt: skip
def test_any_names_are_read_back(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    quoted = [toml_string(name) for name in names]
    counts = "".join(f"{name} = [{', '.join(['3'] * len(names))}]\n" for name in quoted)
    text = f"[questions.{quoted[0]}]\ncategories = [{', '.join(quoted)}]\n[questions.{quoted[0]}.counts]\n{counts}"
    (question,) = read(tmp_path_factory.mktemp("names"), text).values()
    assert question.name == names[0]
    assert question.counts.categories == question.counts.organizations == tuple(names)


@pytest.mark.parametrize(
    ("text", "fragments"),
    [
        ("", ["the file is empty"]),
        ("a = 1\nb = = 2", ["not valid TOML", "line 2"]),
        ("a = 1", ["unknown key 'a'; there is n_planned", "there is no question in it"]),
        ("questions = 3", ["there is no question in it"]),
        ("questions.a = 3", ["question 'a': a table [questions.a] is needed, found 3"]),
        ('[organizations.a]\nrows = "a.csv"', ["read_evidence reads it"]),
        ("n_planned = 2.5\nsimulated = 1\n" + HEAD, ["n_planned must be a whole number", "simulated must be true"]),
        (HEAD + "ask = 1\nasks = 2", ["unknown key 'ask'; did you mean 'asks'", "asks must be the words"]),
        ("[questions.a]", ["categories must list the answers"]),
        ('[questions.a]\ncategories = ["a"]\ngroups = "b"', ["two or more categories", "groups must be a list"]),
        ('[questions.a]\ncategories = ["a", ["b"]]', ["['b'] is no name"]),
        (HEAD, []),
        (HEAD + 'rows = "x.csv"\ncounts = "y.csv"', ["rows or counts, not both"]),
        (HEAD + "rows = 3", ["rows must be the name of a file", "organization = ", "outcome = "]),
        (HEAD + 'organization = "a"', ["organization: columns of what?"]),
        (HEAD + FROM_ROWS, ["rows = 'rows.csv': no such file"]),
        (HEAD + FROM_ROWS.replace("rows.csv", "../rows.csv"), ["must lie in the folder of the document"]),
        (HEAD + FROM_ROWS.replace("rows.csv", "a\\u0000.csv"), ["cannot be opened"]),
        (HEAD + 'counts = "a.csv"\norganization = "a"\noutcome = "b"', ["outcome is for rows"]),
        (HEAD + "[questions.leaving.counts]", ["there is no organization"]),
        (HEAD + COUNTS.replace("61", "-61").replace("7]", "7.5]"), ["north: the count of 'leaves'", "found 7.5"]),
        (HEAD + COUNTS.replace("61,", ""), ["counts.north must be a list of 2 counts (leaves, stays)"]),
        (HEAD + COUNTS.replace("[0, 7]", "[0, 0]"), ["without a single answer: south"]),
        (HEAD + COUNTS.replace("249", "99999999999999999999"), ["counts.north: the count of 'stays'"]),
        (HEAD + 'groups = ["g"]\n' + COUNTS, ["counts.north: a list for each group is needed, g = [...]"]),
        (HEAD + 'groups = ["g"]\n[questions.leaving.counts]\nnorth.h = [1, 2]', ["no group 'h'"]),
        (HEAD + "published = 3", ["two brackets on either side"]),
        (HEAD + "published = [3]", ["published figure 1: a table is needed, found 3"]),
        (HEAD + FIGURE.replace("n_obs", "nobs"), ["figure 1 (leaves): unknown key 'nobs'", "lacks n_obs"]),
        (HEAD + FIGURE + "source = 3", ["source must be text"]),
        (HEAD + FIGURE.replace("0.2", "20") + "group = 4", ["write 0.2", "group must be a name"]),
        (HEAD + FIGURE.replace("0.2", "nan") + 'statistic = ["a"]', ["a finite number", "unknown statistic"]),
        (HEAD + FIGURE.replace('["p", "q"]', "true"), ["organizations must be a list of names"]),
        (HEAD + FIGURE.replace('"leaves"', '"leave"'), ["no category 'leave'; did you mean 'leaves'"]),
        (HEAD + COUNTS + FIGURE.replace('"p"', '"north"'), ["north shared counts too"]),
        (HEAD + 'splits = "leaves"', ["splits must be a list of pairs"]),
        (HEAD + 'splits = [["leaves", "stay"]]', ["no category 'stay'"]),
        (HEAD + 'splits = ["leaves"]', ["a split is a pair of sides"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_stands(text: str, fragments: list[str], tmp_path: Path) -> None:
    if not fragments:
        assert read(tmp_path, text)["leaving"].counts.organizations == ()
        return
    said = problems_of(tmp_path, text)
    for fragment in fragments:
        assert fragment in said


def test_all_problems_of_a_file_come_together(tmp_path: Path) -> None:
    said = problems_of(tmp_path, HEAD + COUNTS.replace("61", "1.5") + FIGURE.replace("0.2", "20") + "[questions.b]")
    assert [line.partition(":")[0] for line in said.splitlines()] == [*["question 'leaving'"] * 2, "question 'b'"]


@pytest.mark.parametrize("name", ["nowhere.toml", "rows.csv", "folder.toml"])
def test_files_that_are_no_document(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(EvidenceError, match=r"no such file|cannot read '.csv'|this is a folder"):
        read_rates(tmp_path / name)


def test_a_question_is_checked_when_it_is_made() -> None:
    counts = Counts.empty(["leaves", "stays"], n_planned=2)
    figure = PublishedRate(value=0.2, categories="leave", organizations=2, n_obs=90)
    with pytest.raises(EvidenceError, match="no category 'leave'"):
        RateQuestion(name="a", asks="b", counts=counts, figures=(figure,))
    with pytest.raises(EvidenceError, match="no category 'x'"):
        RateQuestion(name="a", asks="b", counts=counts, splits=(("x", "stays"),))


def test_fitting_a_question_is_fitting_what_it_holds(tmp_path: Path) -> None:
    question = read(tmp_path, HEAD + COUNTS + FIGURE)["leaving"]
    fit = question.fit(draws=200, random_seed=3)
    assert fit.seed == 3
    assert fit.organizations == ("north", "south", "p", "q")
    own = category_rates(fit, category="leaves").mean(("chain", "draw"))
    assert float(own.sel(organization="north")) == pytest.approx(61 / 310, abs=0.02)
