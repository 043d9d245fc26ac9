"""The page on shares runs, and prints what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "rates.md"


def test_the_page_runs_and_its_figures_are_those_printed(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 5
    for code, printed in blocks:
        exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  (our own page)
        assert capsys.readouterr().out == printed
