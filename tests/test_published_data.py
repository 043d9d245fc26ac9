"""The shipped published figures: they are the facts, they fit their model, and the page that explains them runs."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.evidence import Published, figure_problems

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "data" / "published"
DOCUMENT = FOLDER / "value_creation.toml"
PAGE = ROOT / "docs" / "published_figures.md"
TARGETS: tuple[Literal["average", "typical", "new"], ...] = ("average", "typical", "new")

# What was printed: statistic, outcome, causes, value.
FACTS = {
    ("r_squared", "trust_cs", (), 0.75),
    ("path", "trust_cs", ("satisfaction_cs",), 0.86),
    ("r_squared", "connection_cs", (), 0.30),
    ("r_squared", "satisfaction_company", (), 0.60),
    ("r_squared", "trust_company", (), 0.70),
    ("r_squared", "connection_company", (), 0.76),
    ("r_squared", "loyalty", (), 0.68),
    ("path_ratio", "loyalty", ("trust_company", "connection_company", "satisfaction_company"), 4.0),
}
# What the printed explained variances are conditional on.
CAUSES = {
    "trust_cs": ["satisfaction_cs"],
    "connection_cs": ["trust_cs"],
    "satisfaction_company": ["satisfaction_cs"],
    "trust_company": ["trust_cs", "satisfaction_company"],
    "connection_company": ["trust_company", "connection_cs"],
    "loyalty": ["satisfaction_company", "trust_company", "connection_company"],
}


@pytest.fixture(scope="module")
def evidence() -> bcx.Evidence:
    return bcx.read_evidence(DOCUMENT)


def causes_in(model: bcx.PathModel) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in model.paths:
        found.setdefault(row.lhs, []).append(row.rhs)
    return found


def facts_of(figure: Published) -> tuple[str, str, tuple[str, ...], float | None]:
    causes = (figure.cause,) if figure.cause else (*figure.numerator, *figure.denominator)
    return figure.statistic, figure.outcome, causes, figure.value


def test_the_figures_are_those_that_were_printed(evidence: bcx.Evidence) -> None:
    assert len(evidence.published) == len(FACTS)
    assert {facts_of(figure) for figure in evidence.published} == FACTS
    ratio = next(figure for figure in evidence.published if figure.statistic == "path_ratio")
    assert (ratio.numerator, ratio.denominator) == (("trust_company", "connection_company"), ("satisfaction_company",))
    assert (ratio.reading, ratio.rounded_to) == ("sum", 0.5)
    assert {figure.rounded_to for figure in evidence.published if figure is not ratio} == {0.01}


def test_they_speak_of_two_organizations_of_ten_whose_size_nobody_printed(evidence: bcx.Evidence) -> None:
    assert evidence.organizations == ("one", "two")
    assert evidence.n_planned == 10
    assert not evidence.signs
    for figure in evidence.published:
        assert (figure.organizations, figure.n_obs) == (("one", "two"), (200, 1000))
        assert (figure.rule, figure.use) == ("mean", "evidence")


def test_every_figure_says_in_which_words_and_where_it_was_printed(evidence: bcx.Evidence) -> None:
    for figure in evidence.published:
        assert figure.wording
        assert "Justification? Value creation!" in figure.source
        number = figure.value if figure.statistic == "path_ratio" else round(100 * (figure.value or 0.0))
        assert re.search(rf"\b{number:g}(x| %| percent)", figure.wording), figure.label


def test_they_fit_their_model(evidence: bcx.Evidence) -> None:
    model = bcx.load_model("value_creation")
    assert evidence.problems(model.observed) == ()
    assert causes_in(model) == CAUSES
    assert figure_problems(evidence.published, model.constructs, CAUSES) == ()
    assert evidence.matched(model.observed).level == {"one": "figures", "two": "figures"}


def test_some_path_agrees_with_both_of_its_figures(evidence: bcx.Evidence) -> None:
    """With one cause R-squared is the square of the path: the prints .86 and .75 leave a small interval."""
    path, explained = (
        next(figure for figure in evidence.published if (figure.statistic, figure.outcome) == (statistic, "trust_cs"))
        for statistic in ("path", "r_squared")
    )
    assert path.value is not None
    assert explained.value is not None
    low = max(path.value - path.rounded_to / 2, np.sqrt(explained.value - explained.rounded_to / 2))
    high = min(path.value + path.rounded_to / 2, np.sqrt(explained.value + explained.rounded_to / 2))
    assert (round(low, 3), round(high, 3)) == (0.863, 0.865)


def test_the_note_lists_every_figure_and_what_was_left_out(evidence: bcx.Evidence) -> None:
    note = (FOLDER / "README.md").read_text(encoding="utf-8")
    for figure in evidence.published:
        written = f"{figure.value:g}" if figure.statistic == "path_ratio" else f"{figure.value:.2f}".lstrip("0")
        told = "paraphrased" if figure.wording.startswith("[paraphrased]") else "quoted"
        line = next(line for line in note.splitlines() if f"`{figure.statistic}` {written}" in line)
        assert line.endswith(f"({told}) |"), figure.label
    for left_out in ("79 %", "74 %", "77.8 %", "1,589", "6 companies", "margin of error"):
        assert left_out in note


# ------------------------------------------------------------------------------------- the page


@pytest.fixture(scope="module")
def on_the_page() -> dict[str, Any]:
    """What the page's Python leaves behind, run in order from the top of the repository."""
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert blocks
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for number, block in enumerate(blocks, start=1):
            exec(compile(block, f"{PAGE.name}, block {number}", "exec"), names)  # noqa: S102  (our own page)
    return names


def printed_rows() -> pd.DataFrame:
    """Rows of the page's result table: what, mean, lower, upper, what it rests on."""
    pattern = r"^\| `([a-z_~]+)` \| (\.\d\d) \| \[(\.\d\d), (\.\d\d)\] \| (evidence|prior) \|$"
    rows = re.findall(pattern, PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    frame = pd.DataFrame(rows, columns=["what", "mean", "lower", "upper", "rests_on"]).set_index("what")
    return frame.astype({"mean": float, "lower": float, "upper": float})


@pytest.mark.calibration
def test_the_page_prints_what_its_code_finds(on_the_page: dict[str, Any]) -> None:
    found = pd.concat([on_the_page["paths"], on_the_page["totals"]])
    printed = printed_rows()
    assert sorted(printed.index) == sorted(found.index)
    found = found.loc[printed.index]
    for column, name in (("mean", "mean"), ("eti95_lb", "lower"), ("eti95_ub", "upper")):
        # Monte Carlo error of an end of an interval, and rounding
        np.testing.assert_allclose(found[column], printed[name], rtol=0, atol=0.025, err_msg=column)
    assert (found["rests_on_prior"] == (printed["rests_on"] == "prior")).all()


@pytest.mark.calibration
def test_the_posterior_shows_the_figures_that_it_was_given(on_the_page: dict[str, Any]) -> None:
    fit = on_the_page["fit"]
    explained = bcx.r_squared(fit, target="average").median(("chain", "draw"))
    for _, outcome, _, value in (fact for fact in FACTS if fact[0] == "r_squared"):
        assert float(explained.sel(outcome=outcome)) == pytest.approx(value, abs=0.01)
    paths = bcx.direct_effects(fit, target="average")
    parts = [paths.sel(path=f"loyalty~{cause}_company") for cause in ("trust", "connection", "satisfaction")]
    ratio = ((parts[0] + parts[1]) / parts[2]).quantile([0.25, 0.75])
    assert ratio[0] < 4 < ratio[1]


@pytest.mark.calibration
def test_the_page_prints_what_partial_pooling_finds(evidence: bcx.Evidence) -> None:
    model, wide = bcx.load_model("value_creation"), bcx.Priors()
    narrow = wide.replace(path_sd=bcx.Prior("HalfNormal", sigma=0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bcx.ConvergenceWarning)  # as the page says, a few draws diverge
        narrow_fit, wide_fit = (
            bcx.fit(model, evidence, priors, draws=2000, random_seed=1, progressbar=False) for priors in (narrow, wide)
        )
    assert max(fit.provenance["convergence"]["r_hat"] for fit in (narrow_fit, wide_fit)) < 1.02
    answers = [
        bcx.total_effects(narrow_fit, target="average"),
        *(bcx.total_effects(wide_fit, target=target) for target in TARGETS),
    ]
    page = PAGE.read_text(encoding="utf-8")
    for outcome in ("trust_company", "connection_company", "loyalty"):
        row = re.search(rf"^\| `{outcome}` \| \.\d\d to .*$", page, re.MULTILINE)
        assert row is not None
        printed = [[float(end) for end in cell.split(" to ")] for cell in row[0].strip("| ").split(" | ")[2:]]
        for answer, ends in zip(answers, printed, strict=True):
            effect = answer.sel(cause="satisfaction_cs", outcome=outcome)
            assert effect.quantile([0.025, 0.975]).values == pytest.approx(ends, abs=0.05)


def test_the_page_names_every_statistic_reading_and_rule() -> None:
    from bayescx.evidence.figure_fields import CHOICES, READINGS

    page = PAGE.read_text(encoding="utf-8")
    for name in CHOICES["statistic"]:
        assert f"`{name}`" in page
    for name in (*CHOICES["rule"], *CHOICES["side"], "check", "replace", *READINGS["share"], *READINGS["path_ratio"]):
        assert f'"{name}"' in page
