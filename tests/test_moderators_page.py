"""The page on attributes of organizations runs, and prints what it says, up to Monte Carlo error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "moderators.md"
NUMBER = re.compile(r"-?\d+\.\d+")


def test_the_page_runs_and_its_figures_are_those_printed(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == text.count("```python") == 3
    for code, printed in blocks:
        exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  (our own page)
        found = capsys.readouterr().out
        assert NUMBER.sub("#", found) == NUMBER.sub("#", printed)
        said, expected = ([float(one) for one in NUMBER.findall(text)] for text in (found, printed))
        assert said == pytest.approx(expected, rel=0.1, abs=0.02)
