"""The command for shares: what it prints is what the functions return, and bad input is refused in words."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx

Command = Callable[..., Any]
NAMES = ("north", "[bold]x[/bold]", "south")
DOCUMENT = """n_planned = 6
[questions.leaving]
asks = "Who [red]leaves[/red]?"
categories = ["leaves", "stays"]
groups = ["pleased", "cross"]
[questions.leaving.counts]
north = { pleased = [10, 90], cross = [60, 20] }
south = { pleased = [22, 98], cross = [9, 0] }
[questions.after]
categories = ["disloyal", "neutral", "loyal"]
[[questions.after.published]]
statistic = "ratio"
value = 4
rounded_to = 1
categories = "disloyal"
relative_to = "loyal"
organizations = 2
n_obs = 900
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rates") / "rows.csv"
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"company": np.repeat(NAMES, 60)})
    frame["after"] = rng.choice(["disloyal", "neutral", "loyal"], len(frame), p=[0.3, 0.6, 0.1])
    frame["is"] = rng.choice(["pleased", "cross"], len(frame))
    frame.to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rates") / "rates.toml"
    file.write_text(DOCUMENT)
    return file


def table_words(rows: Path, *more: object) -> list[object]:
    return ["rates", rows, "--organization", "company", "--outcome", "after", "--draws", 200, *more]


def csv_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), keep_default_na=False)


def test_help_fits_a_screen_and_its_examples_name_options_that_exist(bayescx: Command) -> None:
    done = bayescx("rates", "--help")
    assert (done.code, done.err) == (0, "")
    text, _, examples = done.out.partition("Examples:")
    assert len(done.out.splitlines()) <= 60
    assert max(map(len, done.out.splitlines())) <= 110
    assert "bayescx rates effort_published" in examples
    for option in {word for word in examples.split() if word.startswith("-")}:
        assert option in text
    assert "rates" in bayescx("--help").out


def test_rows_give_the_numbers_of_the_functions(rows: Path, bayescx: Command) -> None:
    words = table_words(rows, "--levels", "disloyal, neutral, loyal", "--by", "is", "--planned", 5, "--seed", 4)
    done = bayescx(*words, "--format", "csv")
    assert (done.code, done.err) == (0, "")
    table = csv_of(done.out)
    counts = bcx.Counts.from_rows(
        rows, organization="company", outcome="after", groups="is", categories=["disloyal", "neutral", "loyal"],
        n_planned=5,
    )  # fmt: skip
    fit = bcx.fit_rates(counts, draws=200, random_seed=4)
    for target in ("organization", "typical", "average", "new"):
        expected = bcx.summarize(bcx.category_rates(fit, target, category="neutral", group="cross"))  # type: ignore[arg-type]
        found = table.query("target == @target and category == 'neutral' and group == 'cross' and quantity == 'share'")
        np.testing.assert_allclose(found[["mean", "eti95_lb"]], expected[["mean", "eti95_lb"]], rtol=1e-12)
    ratio = table.query("quantity == 'ratio' and relative_to == 'loyal' and group == 'cross' and target == 'average'")
    expected = bcx.summarize(bcx.rate_ratio(fit, "disloyal", "loyal", group="cross"))
    np.testing.assert_allclose(ratio["mean"], expected["mean"], rtol=1e-12)
    assert set(table["organization"]) == {"", *NAMES}
    assert set(table["question"]) == {"after"}


def test_tables_show_every_name_as_text_within_a_page(rows: Path, document: Path, bayescx: Command) -> None:
    done = bayescx(*table_words(rows, "--target", "organization", "--simulated"))
    assert done.code == 0
    assert "[bold]x[/bold]" in done.out
    assert "Simulated data." in done.out
    both = bayescx("rates", document, "--draws", 200)
    assert "Who [red]leaves[/red]?" in both.out
    for text in (done.out, both.out):
        assert max(len(line.rstrip()) for line in text.splitlines()) <= 100
    for words in ("typical organization", "average of the six", "new organization", "leaves: cross to pleased",
                  "ratio of disloyal to loyal", "4 (to 1)", "† Rests mostly on the prior"):  # fmt: skip
        assert words in both.out


def test_one_question_one_target_another_width(document: Path, bayescx: Command) -> None:
    words = ["rates", document, "--draws", 200, "--question", "leaving"]
    assert "[red]" in bayescx(*words).out
    assert "disloyal" not in bayescx(*words).out
    table = pd.DataFrame(json.loads(bayescx(*words, "--target", "new", "--format", "json", "--ci", 0.5).out))
    assert set(table["target"]) == {"new"}
    assert {"eti50_lb", "eti50_ub", "rests_on_prior"} <= set(table)
    assert len(table) == 4 + 2
    narrow = bayescx(*words, "--target", "typical").out
    assert "typical organization" in narrow
    assert "new organization" not in narrow


def test_ratios_that_are_asked_for(document: Path, rows: Path, bayescx: Command) -> None:
    done = bayescx("rates", document, "--draws", 200, "--ratio", "neutral:loyal", "--format", "csv")
    found = csv_of(done.out).query("quantity == 'ratio' and question == 'after'")
    assert set(zip(found["category"], found["relative_to"], strict=True)) == {
        ("disloyal", "loyal"),
        ("neutral", "loyal"),
    }


def test_shipped_shares_by_name(bayescx: Command) -> None:
    done = bayescx("rates", "effort_published", "--question", "expectations", "--draws", 200, "--format", "csv")
    average = csv_of(done.out).query("target == 'average' and category == 'not exceeded'")
    assert average["mean"].item() == pytest.approx(0.84, abs=0.003)


def test_a_report_is_written_and_nothing_else_is_replaced(document: Path, tmp_path: Path, bayescx: Command) -> None:
    file = tmp_path / "shares.html"
    words = ["rates", document, "--draws", 100, "--question", "after"]
    done = bayescx(*words, "--format", "csv", "-o", file)
    assert done.code == 0
    csv_of(done.out)
    assert done.err.startswith(f"wrote {file}")
    assert "<!DOCTYPE html>" in file.read_text(encoding="utf-8")
    assert bayescx(*words, "-o", file).err.startswith(f"replaced {file}")
    file.write_text("mine")
    refused = bayescx(*words, "-o", file)
    assert (refused.code, refused.out) == (2, "")
    assert "is no report" in refused.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        (["nothing"], "neither a file nor a shipped document"),
        (["effort_publishd"], "did you mean 'effort_published'"),
        (["nowhere.toml"], "no such file"),
        (["nowhere.csv", "--organization", "a", "--outcome", "b"], "no such file"),
        (["rows.sav"], "cannot read '.sav' files"),
        (["effort_published", "--by", "x", "--levels", "a"], "--by, --levels: for a table of rows"),
        (["effort_published", "--question", "expectation"], "did you mean 'expectations'"),
        (["effort_published", "--ratio", "a"], "two categories are needed"),
        (["effort_published", "--ratio", "a:a"], "two categories are needed"),
        (["effort_published", "--ratio", "disloyal:loyl"], "no category 'loyl'; did you mean 'loyal'"),
        (["effort_published", "--ratio", "disloyal:exceeded"], "no question has both"),
        (["effort_published", "--target", "organization"], "no organization is known by name"),
        (["effort_published", "--planned", "3"], "n_planned = 3 is smaller"),
        (["effort_published", "--draws", "0"], "draws must be a whole number"),
        (["effort_published", "--seed", "-1"], "random_seed must be"),
        (["effort_published", "--question", "expectations", "--ci", "95"], "for 95 % give 0.95"),
        (["effort_published", "-o", "shares.csv"], "a report is an .html file"),
        (["effort_published", "-o", "nowhere/shares.html"], "there is no folder"),
        (["effort_published", "--target", "alone"], "Invalid value"),
        ([], "Missing argument"),
    ],
)
def test_what_is_refused(
    words: list[str], fragment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bayescx: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    done = bayescx("rates", *words)
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "fragment"),
    [
        ([], "--organization and --outcome must name a column; there is company, after, is"),
        (["--organization", "company"], "--outcome must name a column"),
        (["--organization", "company", "--outcome", "aftr"], "did you mean 'after'"),
        (["--organization", "company", "--outcome", "after", "--by", "was"], "no column 'was' for groups"),
        (["--organization", "company", "--outcome", "after", "--levels", "loyal"], "two or more categories"),
        (["--organization", "company", "--outcome", "after", "--levels", "loyal,neutral"], "that was not stated"),
        (["--organization", "company", "--outcome", "after", "--levels", ",loyal"], "'' is no name"),
        (["--organization", "company", "--outcome", "after", "--planned", "2"], "n_planned = 2 is smaller"),
        (["--organization", "company", "--outcome", "after", "--planned", "0"], "a whole number above 0"),
    ],
)
def test_tables_that_are_refused(words: list[str], fragment: str, rows: Path, bayescx: Command) -> None:
    done = bayescx("rates", rows, *words)
    assert (done.code, done.out) == (2, "")
    assert fragment in done.err


def test_a_document_that_is_wrong_is_refused_with_everything(tmp_path: Path, bayescx: Command) -> None:
    (tmp_path / "bad.toml").write_text(DOCUMENT.replace("[10, 90]", "[-1, 0.5]").replace("value = 4", "value = 0"))
    done = bayescx("rates", tmp_path / "bad.toml")
    assert (done.code, done.out) == (2, "")
    for fragment in ("3 problems", "counts.north.pleased: the count of 'leaves'", "found 0.5", "a ratio is above 0"):
        assert fragment in done.err
