"""Every malformed evidence is refused with one screen that says where, what was found and what would work."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bayescx.errors import EvidenceError
from bayescx.evidence import read_evidence

CASES = runpy.run_path(str(Path(__file__).with_name("malformed_evidence.py")))["MALFORMED_EVIDENCE"]
OPTIONS = {
    "--organization": ("organization", str),
    "--planned": ("n_planned", int),
    "--min-n": ("min_n", int),
}
SCREEN = 24
NEEDED = ["x", "m", "y"]


def read(path: str, *options: str) -> Any:
    chosen = {OPTIONS[name][0]: OPTIONS[name][1](value) for name, value in zip(*[iter(options)] * 2, strict=True)}
    return read_evidence(path, **chosen)


@pytest.mark.parametrize(
    ("build", "fragments"), [pytest.param(build, fragments, id=name) for name, build, fragments in CASES]
)
def test_is_refused_with_one_screen(
    build: Callable[[Path], list[str]], fragments: tuple[str, ...], tmp_path: Path
) -> None:
    arguments = build(tmp_path)
    with pytest.raises(EvidenceError) as refused:
        read(*arguments).matched(NEEDED)
    message = str(refused.value)
    for fragment in fragments:
        assert fragment in message
    assert len(message.splitlines()) <= SCREEN
    assert len(message) < 24 * 100
    assert all(character.isprintable() or character == "\n" for character in message)


def test_the_list_is_long_and_without_repetition() -> None:
    names = [name for name, _, _ in CASES]
    assert len(set(names)) == len(names) >= 30


def test_forty_organizations_with_forty_defects_stay_on_one_screen(tmp_path: Path) -> None:
    header = [",".join(["x", "m", f"y{i}"]) for i in range(40)]
    for i, line in enumerate(header):
        (tmp_path / f"o{i}.csv").write_text(f"{line}\n" + "bad,3,1\n" * (i + 1))
    tables = [f"[organizations.o{i}]\nrows = 'o{i}.csv'\ncolour{i} = 1" for i in range(20)]
    tables += [f"[organizations.o{i}]\nrows = 'o{i}.csv'" for i in range(20, 40)]
    (tmp_path / "evidence.toml").write_text("\n".join(tables))
    with pytest.raises(EvidenceError) as refused:
        read(str(tmp_path / "evidence.toml")).matched(NEEDED)
    assert len(str(refused.value).splitlines()) <= SCREEN
    assert "more problems" in str(refused.value)


def test_strange_characters_cannot_break_the_message(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('org,x,m,"y\n\u202e"\n"a\n\x1b[31m",1,2,3\n', encoding="utf-8")
    with pytest.raises(EvidenceError) as refused:
        read(str(path), "--organization", "org").matched(NEEDED)
    message = str(refused.value)
    assert all(character.isprintable() or character == "\n" for character in message)
    assert len(message.splitlines()) <= 5
