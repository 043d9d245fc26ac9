"""The page on choices runs, and prints what it says, up to Monte Carlo error."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bayescx.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "choices.md"
NUMBER = re.compile(r"[-−]?\d+\.\d+")
BLOCK = r"```{}\n(.*?)```\n\n```text\n(.*?)```"


def test_the_page_runs_and_its_figures_are_those_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # it saves a fit and a report
    names: dict[str, Any] = {}
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(BLOCK.format("python"), page, re.DOTALL)
    assert len(blocks) == 5
    for code, printed in blocks:
        exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  (our own page)
        assert_alike(capsys.readouterr().out, printed)
    ((command, printed),) = re.findall(BLOCK.format("sh"), page, re.DOTALL)
    pd.concat(names["parts"]).to_csv("customers.csv", index=False)
    with pytest.raises(SystemExit) as stop:
        main(shlex.split(command)[1:])
    assert stop.value.code == 0
    assert_alike(capsys.readouterr().out, printed)


def assert_alike(found: str, printed: str) -> None:
    """The same words, and figures up to Monte Carlo error; how wide columns are depends on these."""
    words = [re.sub(r"[\s─]+", " ", NUMBER.sub("#", text)).strip() for text in (found, printed)]
    assert words[0] == words[1]
    said, expected = ([float(one.replace("−", "-")) for one in NUMBER.findall(text)] for text in (found, printed))
    assert said == pytest.approx(expected, rel=0.1, abs=0.02)
