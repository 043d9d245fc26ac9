"""Words for variables: ``#: name = words`` lines."""

from __future__ import annotations

import pytest

from bayescx.errors import ModelError
from bayescx.spec import parse_model

MODEL = "loyalty ~ trust_cs + `Q3: pride (1-7)`"


def test_words_are_what_stands_behind_the_equals_sign() -> None:
    model = parse_model(f"{MODEL}\n  #:trust_cs =  trust in   customer service \n#: `Q3: pride (1-7)` = pride = joy")
    assert model.in_words("trust_cs") == "trust in customer service"
    assert model.in_words("Q3: pride (1-7)") == "pride = joy"


def test_without_words_underscores_become_blanks() -> None:
    model = parse_model(MODEL)
    assert [model.in_words(name) for name in model.constructs] == ["trust cs", "Q3: pride (1-7)", "loyalty"]
    assert parse_model("_ ~ x").in_words("_") == "_"


@pytest.mark.parametrize("comment", ["# trust_cs = other", "#:trust_cs: other", "#: only words", "! #: x = y"])
def test_other_comments_say_nothing(comment: str) -> None:
    assert parse_model(f"{MODEL}\n{comment}").in_words("trust_cs") == "trust cs"


def test_words_change_nothing_but_words() -> None:
    plain, worded = parse_model(MODEL), parse_model(f"{MODEL}\n#: trust_cs = trust")
    assert worded.parameters == plain.parameters
    assert str(worded) == str(plain)


def test_everything_wrong_is_said_at_once_with_its_place() -> None:
    text = f"{MODEL}\n#: trust_sc = trust\n#: loyalty =\n#: trust_cs = a\n#: trust_cs = b\n#: Q3: pride (1-7) = c"
    with pytest.raises(ModelError) as refused:
        parse_model(text)
    message = str(refused.value)
    assert "line 2, column 4: found words for 'trust_sc', which the model does not have; did you mean" in message
    assert "line 3, column 4: found no usable words for 'loyalty'" in message
    assert "line 5, column 4: found words for 'trust_cs' a second time (first on line 4)" in message
    assert "line 6, column 3: found no name before the equals sign; write #: name = words" in message


def test_words_may_hold_anything_printable() -> None:
    model = parse_model(f"{MODEL}\n#: loyalty = <script>alert(1)</script> & \u8aa0\u5b9f $x$")
    assert model.in_words("loyalty") == "<script>alert(1)</script> & \u8aa0\u5b9f $x$"
