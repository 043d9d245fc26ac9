"""Figure by figure within Monte Carlo error, and the verdict on all of them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bayescx as bcx
from bayescx.errors import FitError
from bayescx.replication import compare_summaries, judge, read_settings

HEADER = "path,mean,eti95_lb,mcse_mean,mcse_eti95_lb\n"


def compared(tmp_path: Path, old: str, new: str) -> pd.DataFrame:
    for name, text in (("old", old), ("new", new)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "effects.csv").write_text(HEADER + text)
    return compare_summaries(tmp_path / "old", tmp_path / "new")


def test_the_rule_by_hand(tmp_path: Path) -> None:
    # errors of the differences: 0.05 and 0.1
    out = compared(tmp_path, "a,1.0,-1.0,0.03,0.06\n", "a,1.19,-1.5,0.04,0.08\n")
    assert out["table"].tolist() == ["effects"] * 2
    assert out["quantity"].tolist() == ["path='a'"] * 2
    assert out["figure"].tolist() == ["mean", "eti95_lb"]
    np.testing.assert_allclose(out["mcse"], [0.05, 0.1])
    np.testing.assert_allclose(out["errors"], [3.8, 5.0])
    assert out["agrees"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "agrees"),
    [
        ("0.5", "0.5", True),
        ("0.5", "0.5000000001", True),
        ("0.0", "1e-17", True),
        ("0.5", "0.51", False),
        ("nan", "nan", True),
        ("nan", "0.5", False),
        ("inf", "inf", True),
    ],
)
@pytest.mark.parametrize("error", ["0.0", "nan", "1e-18"])
def test_figures_without_an_error_agree_when_they_are_the_same(
    tmp_path: Path, old: str, new: str, agrees: bool, error: str
) -> None:
    out = compared(tmp_path, f"a,{old},0.0,{error},0.0\n", f"a,{new},0.0,{error},0.0\n")
    assert out["agrees"].tolist() == [agrees, True]


@pytest.mark.parametrize(("old", "new"), [("a,1,0,1,1\nb,1,0,1,1\n", "a,1,0,1,1\n"), ("a,1,0,1,1\n", "b,1,0,1,1\n")])
def test_a_figure_that_only_one_has_does_not_agree(tmp_path: Path, old: str, new: str) -> None:
    out = compared(tmp_path, old, new)
    lonely = out[out["old"].isna() | out["new"].isna()]
    assert "path='b'" in set(lonely["quantity"])
    assert np.isinf(lonely["errors"]).all()
    assert not lonely["agrees"].any()


def test_a_table_that_only_one_has_does_not_agree(folder: Path) -> None:
    (folder / "summary" / "extra.csv").write_text(HEADER + "a,1,0,1,1\n")
    (folder / "summary" / "r_squared.csv").rename(folder / "summary" / "other.csv")
    (folder / "replicated").mkdir()
    (folder / "replicated" / "extra.csv").write_text(HEADER + "a,1,0,1,1\n")
    out = compare_summaries(folder / "summary", folder / "replicated")
    assert set(out.loc[out["agrees"], "table"]) == {"extra"}


def test_nothing_is_not_agreement(tmp_path: Path) -> None:
    with pytest.raises(FitError, match="there is nothing to compare"):
        compared(tmp_path, "", "")


def test_a_table_without_errors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,mean\na,1\n")
    with pytest.raises(FitError, match="table t has no Monte Carlo errors"):
        compare_summaries(tmp_path, tmp_path)


def figures(errors: list[float], total: int = 600) -> pd.DataFrame:
    """``total`` figures of which some lie so many Monte Carlo errors apart."""
    apart = np.zeros(total)
    apart[: len(errors)] = errors
    return pd.DataFrame(
        {
            "table": "effects",
            "quantity": [f"path='{i // 3}'" for i in range(total)],
            "figure": ["mean", "eti95_lb", "eti95_ub"] * (total // 3),
            "old": 1.0,
            "new": 1.0 + apart / 100,
            "mcse": 0.01,
            "errors": apart,
            "agrees": apart <= 4,
        }
    )


@pytest.fixture(scope="module")
def settings(written: Path) -> dict[str, Any]:
    return read_settings(written)


@pytest.mark.parametrize(
    ("errors", "agrees", "words"),
    [
        (
            [],
            True,
            "All 600 figures (means and interval bounds of 200 quantities) agree within 4 Monte Carlo errors; the",
        ),
        ([], True, "; the largest difference is 0.0 (same seed, same versions: the figures are identical)."),
        ([3.9], True, "the largest difference is 3.9 of them (same seed, same versions)."),
        ([4.5, 4.1, 5.9, 4.2, 4.3, 4.4], True, "594 of 600 figures"),
        ([6.1], False, "The results do NOT agree: 1 of 600 figures"),
        ([np.inf], False, "The results do NOT agree: 1 of 600 figures"),
        ([4.5, 4.1, 5.9, 4.2, 4.3, 4.4, 5.0], False, "4 Monte Carlo errors, 0 of them by more than 6"),
    ],
)
def test_the_verdict(
    example_fit: bcx.Fit, settings: dict[str, Any], errors: list[float], agrees: bool, words: str
) -> None:
    verdict = judge(figures(errors), example_fit, settings)
    assert verdict.agrees is agrees
    assert words in verdict.text == str(verdict)
    assert ("path='0'" in verdict.text) is any(error > 4 for error in errors)


def test_the_figures_that_differ_most_are_named_with_both_values(
    example_fit: bcx.Fit, settings: dict[str, Any]
) -> None:
    lines = judge(figures([7.0] * 11 + [50.0]), example_fit, settings).text.splitlines()
    assert lines[2] == "  effects: path='3', eti95_ub: 1 in summary/, 1.5 now (50 errors)"
    assert lines[-1] == "  ... and 2 more"


def test_what_else_differs_is_said(example_fit: bcx.Fit, settings: dict[str, Any]) -> None:
    other = settings | {
        "fit": settings["fit"] | {"random_seed": 77},
        "versions": settings["versions"] | {"numpy": "1.0"},
        "fingerprint": "0" * 64,
        "convergence_problems": ["12 draws diverged\x1b[2J"],
    }
    verdict = judge(figures([]), example_fit, other)
    text = verdict.text
    assert not verdict.agrees
    assert "(seed 1, the original's is 77, other versions" in text
    assert f"numpy {np.__version__} (original: 1.0)" in text
    assert "THE EVIDENCE IS NOT THAT of the original fit, so whatever the figures say, it was not replicated." in text
    assert "The original fit DID NOT CONVERGE (12 draws diverged\\x1b[2J)" in text


def test_a_new_fit_that_did_not_converge_is_said(example_fit: bcx.Fit, settings: dict[str, Any]) -> None:
    poor = dict(example_fit.provenance) | {"convergence_problems": ["R-hat is above 1.01"]}
    text = judge(figures([]), dataclasses.replace(example_fit, provenance=poor), settings).text
    assert "The new fit DID NOT CONVERGE (R-hat is above 1.01)" in text
