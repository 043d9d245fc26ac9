"""The page on shares runs, and prints what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from bayescx.cli import main
from bayescx.rates import read_rates

PAGE = Path(__file__).parents[2] / "docs" / "rates.md"


def test_the_page_runs_and_its_figures_are_those_printed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # it saves a fit and a report
    names: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 7
    for code, printed in blocks:
        exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  (our own page)
        assert capsys.readouterr().out == printed


def blocks_of(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_document_on_the_page_can_be_read(tmp_path: Path) -> None:
    (document,) = blocks_of("toml")
    (tmp_path / "rates.toml").write_text(document, encoding="utf-8")
    rows = "company,intends_to_leave,satisfied\na,yes,yes\na,no,no\nb,no,yes\nb,yes,no\n"
    (tmp_path / "rows.csv").write_text(rows)
    first, second = read_rates(tmp_path / "rates.toml").values()
    assert (first.counts.groups, first.figures[0].size, first.counts.n_planned) == (("no", "yes"), 10, 30)
    assert second.counts.answers.sum() == 485


def test_the_command_on_the_page_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    pair = re.search(r"```sh\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert pair is not None
    command, printed = pair.groups()
    with pytest.raises(SystemExit) as stop:
        main(shlex.split(command)[1:])
    assert stop.value.code == 0
    found = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert found == "\n".join(line.rstrip() for line in printed.splitlines())
