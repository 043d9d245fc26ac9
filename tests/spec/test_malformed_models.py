"""Every malformed model is refused with one screen that says where, what was found and what would work."""

from __future__ import annotations

import random
import re
import runpy
import string
from pathlib import Path

import pytest

from bayescx.errors import ModelError, ModelSyntaxError
from bayescx.spec import PathModel, parse_model

CASES = runpy.run_path(str(Path(__file__).with_name("malformed_models.py")))
SCREEN = 24


def message_of(text: str) -> str:
    with pytest.raises(ModelError) as refused:
        parse_model(text, name="malformed")
    return str(refused.value)


def parse_or_refuse(text: str) -> PathModel | None:
    try:
        return parse_model(text)
    except ModelError as refused:
        message = str(refused)
    assert len(message.splitlines()) <= SCREEN
    assert re.search(r"line \d+, column \d+: found ", message)
    return None


@pytest.mark.parametrize(
    ("text", "fragments"),
    [pytest.param(text, fragments, id=name) for name, text, fragments in CASES["MALFORMED_MODELS"]],
)
def test_is_refused_with_one_screen(text: str, fragments: tuple[str, ...]) -> None:
    message = message_of(text)
    for fragment in fragments:
        assert fragment in message
    assert "'malformed'" in message
    assert len(message.splitlines()) <= SCREEN
    assert all(character.isprintable() or character == "\n" for character in message)


def test_the_list_is_long_and_without_repetition() -> None:
    names, texts, _ = zip(*CASES["MALFORMED_MODELS"], strict=True)
    assert len(set(names)) == len(set(texts)) == len(names) >= 30


@pytest.mark.parametrize("text", [text for _, text, _ in CASES["SYNTAX"]])
def test_what_cannot_be_read_is_a_syntax_error(text: str) -> None:
    with pytest.raises(ModelSyntaxError):
        parse_model(text)


@pytest.mark.parametrize("text", [text for _, text, _ in CASES["STRUCTURE"]])
def test_what_can_be_read_is_not(text: str) -> None:
    with pytest.raises(ModelError) as refused:
        parse_model(text)
    assert type(refused.value) is ModelError


def test_caret_stands_under_the_spot() -> None:
    _, excerpt, caret = message_of("m ~ x\n\ty ~ (x)").splitlines()
    assert excerpt[caret.index("^")] == "("


def test_caret_stands_under_the_spot_after_wide_characters() -> None:
    _, excerpt, caret = message_of("満足 ~ 信頼 )").splitlines()
    before = excerpt[: excerpt.index(")")]
    assert caret.index("^") == len(before) + 4  # each of the four characters takes two columns


def test_long_line_is_shown_around_the_spot() -> None:
    _, excerpt, caret = message_of("y ~ " + " + ".join(f"x{i}" for i in range(5000)) + " + 2").splitlines()
    assert len(excerpt) < 100
    assert excerpt[caret.index("^")] == "2"


def test_problems_of_independent_statements_are_reported_together() -> None:
    message = message_of("y ~ x +;\nz = x\nw ~ v\nf <~ q")
    assert message.startswith("Model 'malformed': 3 problems")
    assert [f"line {line}," in message for line in (1, 2, 3, 4)] == [True, True, False, True]


def test_many_problems_stay_on_one_screen() -> None:
    message = message_of("\n".join("y = x" for _ in range(50)))
    assert "first 7 of 50 problems" in message
    assert len(message.splitlines()) <= SCREEN


def test_problems_come_in_the_order_of_the_text() -> None:
    lines = re.findall(r"line (\d+),", message_of("d := a\ny ~ y\nz ~ x + x\nx ~~ -1*x"))
    assert lines[0] == "1"
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    "text",
    [
        "y ~ a*x\nd := " + "(" * 50_000 + "a" + ")" * 50_000,
        "y ~ a*x\nd := " + "a+" * 50_000 + "a",
        "y ~ a*x\nd := " + "-" * 50_000 + "a",
        "y ~ a*x\nd := a" + "^a" * 50_000,
        "y ~ " + "+".join(f"x{i}" for i in range(9_000)),
        "\n".join(f"v{i + 1} ~ v{i}" for i in range(5_000)),
        "# " + "x" * 100_000 + "\ny ~ x",
        "\n" * 100_000 + "y ~ x",
    ],
)
def test_large_models_parse(text: str) -> None:
    assert parse_model(text).paths


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "y ~ " + "(" * 100_000,
        "d := " + "(" * 100_000,
        "x" * 100_000,
        "y ~ " + "x" * 100_000,
        "~" * 100_000,
        "+" * 100_000,
        "y ~ " + "9" * 100_000 + "*x",
        "+".join("a" * 1_000) + " ~ " + "+".join("b" * 1_000),
        "\x00" * 10_000,
        "\ud800\udfff ~ x",
        "\u202ey ~ x",
        "y ~ x\u00b2 + \u00b2x",
        "a ~ b; b ~ " + " + ".join(f"v{i}" for i in range(3000)) + " + a",
        "\n".join(f"v{i + 1} ~ v{i}" for i in range(3_000)) + "\nv0 ~ v3000",
        ";".join("y=x" for _ in range(20_000)),
    ],
)
def test_absurd_models_are_refused(text: str) -> None:
    assert parse_or_refuse(text) is None


def test_long_cycle_is_shortened() -> None:
    message = message_of("\n".join(f"v{i + 1} ~ v{i}" for i in range(100)) + "\nv0 ~ v100")
    assert "more" in message
    assert len(message) < 400


def test_garbage_never_ends_in_another_error() -> None:
    generator = random.Random(20260101)  # noqa: S311
    pieces = [
        "y",
        "x1",
        "f",
        "a",
        "NA",
        "1",
        "0.5",
        "1e9",
        *"~+-*/^()|:;,.=<>\n#! ",
        "=~",
        "~~",
        ":=",
        "start(",
        "below(",
        "category(",
        "fixed(",
        "`a b`",
    ]
    alphabet = string.printable + "\u00e9\u2212\u00a0\x00\ufeff"
    for _ in range(3_000):
        parse_or_refuse("".join(generator.choices(pieces, k=generator.randint(1, 25))))
        parse_or_refuse("".join(generator.choices(alphabet, k=generator.randint(1, 40))))
