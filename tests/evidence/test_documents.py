"""Evidence documents: one table of several organizations beside files of single ones, and data that are simulated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bayescx.errors import EvidenceError
from bayescx.evidence import Evidence, read_evidence


def document(folder: Path, text: str) -> Evidence:
    (folder / "all.csv").write_text("org,x,y\n" + "".join(f"{'ab'[i % 2]},{i},{i * i % 7}\n" for i in range(20)))
    (folder / "c.csv").write_text("x,y\n" + "".join(f"{i},{i * i % 5}\n" for i in range(10)))
    (folder / "evidence.toml").write_text(text)
    return read_evidence(folder / "evidence.toml")


def test_a_document_takes_one_table_of_several_organizations(tmp_path: Path) -> None:
    text = 'n_planned = 5\nrows = "all.csv"\norganization = "org"\n[organizations.c]\nrows = "c.csv"\n'
    evidence = document(tmp_path, text)
    assert evidence.organizations == ("a", "b", "c")
    assert evidence.matched(["x", "y"]).n_obs.tolist() == [10, 10, 10]
    alone = Evidence.from_rows(tmp_path / "all.csv", organization="org").matched(["x", "y"])
    np.testing.assert_array_equal(evidence.matched(["x", "y"]).cov[:2], alone.cov)


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ('rows = "all.csv"\n[organizations.c]\nrows = "c.csv"', 'organization = "..." must name the column'),
        ('organization = "org"\n[organizations.c]\nrows = "c.csv"', 'rows = "..." must name a file'),
        ('rows = 3\norganization = "org"\n[organizations.c]\nrows = "c.csv"', "found 3"),
        ('rows = "../all.csv"\norganization = "org"\n[organizations.c]\nrows = "c.csv"', "must lie in the folder"),
        ('rows = "none.csv"\norganization = "org"\n[organizations.c]\nrows = "c.csv"', "'none.csv': no such file"),
        ('rows = "all.csv"\norganization = "ogr"\n[organizations.c]\nrows = "c.csv"', "did you mean 'org'"),
        ('rows = "all.csv"\norganization = "org"\n[organizations.a]\nrows = "c.csv"', "a table of its own: a"),
        ('rows = "all.csv"\norganization = "org"\n[organizations.c]\nrows = "all.csv"', "as for the table of rows"),
        ('simulated = "yes"\n[organizations.c]\nrows = "c.csv"', "simulated must be true or false, not 'yes'"),
    ],
)
def test_what_is_wrong_with_a_table_of_several_is_said(text: str, fragment: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as refused:
        document(tmp_path, text).matched(["x", "y"])
    assert fragment in str(refused.value)


def test_a_document_whose_only_table_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no such file"):
        document(tmp_path, 'rows = "none.csv"\norganization = "org"')


def test_simulated_data_stay_simulated(tmp_path: Path) -> None:
    evidence = document(tmp_path, 'simulated = true\nrows = "all.csv"\norganization = "org"')
    assert evidence.simulated
    assert evidence.matched(["x", "y"]).simulated
    assert repr(evidence).startswith("Simulated evidence(")
    assert not document(tmp_path, 'rows = "all.csv"\norganization = "org"').matched(["x", "y"]).simulated
    frame = pd.DataFrame({"org": ["a"] * 9, "x": range(9)})
    assert Evidence.from_rows(frame, organization="org", simulated=True).simulated
    assert Evidence.from_parts({"a": frame}, simulated=True).matched(["x"]).simulated
