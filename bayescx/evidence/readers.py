"""The only place that opens evidence files: CSV, Parquet, TOML and moments as JSON.

Whatever is wrong with a file ends as an `EvidenceError` whose headline is the file and whose problems say
where in it, what was found there and what would work.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from bayescx.errors import EvidenceError
from bayescx.evidence.findings import shortened
from bayescx.evidence.moments import SampleMoments
from bayescx.evidence.rows import MISSING_WORDS, Sheet

TABLES = (".csv", ".parquet")
CSV_BLOCK = 1 << 23
"""Bytes that Arrow parses at a time; a row must fit into one block."""

SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or another zip archive: save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV (UTF-8)",
    b"PAR1": "a Parquet file: name it .parquet",
    b"\x1f\x8b": "a gzip archive: unpack it first",
    b"$FL2": "an SPSS file: save it as CSV or Parquet",
    b"\xff\xfe": "text in UTF-16: save it as CSV (UTF-8)",
    b"\xfe\xff": "text in UTF-16: save it as CSV (UTF-8)",
}


def read_table(path: str | Path, *, organization: str | None = None) -> Sheet:
    """Read a CSV or Parquet file.

    CSV: comma-separated UTF-8 with one header line and as many cells in every row as in the header. The
    column named by `organization` is read as text, so that the codes ``007`` and ``NA`` stay what they are.

    Raises
    ------
    EvidenceError
        If the file is missing, of another kind, or not readable as a table; with the line where there is one.
    """
    file = Path(path)
    kind = file.suffix.lower()
    if kind == ".json":
        raise EvidenceError(str(path), ['rows are a table; a .json file holds moments: moments = "..."'])
    if kind not in TABLES:
        raise EvidenceError(str(path), [f"cannot read '{kind}' files; rows are a .csv or .parquet file"])
    start = _first_bytes(file)
    if not start:
        raise EvidenceError(str(path), ["the file is empty"])
    if kind == ".parquet":
        return Sheet(_read_parquet(file), file.name)
    _refuse_what_is_no_text(file, start)
    return Sheet(_read_csv(file, organization), file.name, _LineNumbers(file))


def read_moments(path: str | Path) -> SampleMoments:
    """Read the moments of one organization, as `SampleMoments.to_json` writes them.

    Raises
    ------
    EvidenceError
        If the file cannot be read, is not JSON (with the line) or holds invalid moments.
    """
    if Path(path).suffix.lower() in TABLES:
        raise EvidenceError(str(path), ['moments are a .json file; this is a table of rows: rows = "..."'])
    text = _read_text(Path(path))
    try:
        return SampleMoments.from_json(text)
    except EvidenceError as error:
        raise EvidenceError(str(path), error.problems) from None
    except RecursionError:
        raise EvidenceError(str(path), ["not moments: brackets nested too deeply"]) from None


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file as a dictionary.

    Raises
    ------
    EvidenceError
        If the file cannot be read or is not valid TOML (with the line).
    """
    text = _read_text(Path(path))
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError(str(path), [f"not valid TOML: {error}"]) from None
    except RecursionError:
        raise EvidenceError(str(path), ["not valid TOML: brackets nested too deeply"]) from None


def _open_problem(error: OSError, file: Path) -> EvidenceError:
    if isinstance(error, FileNotFoundError):
        problem = "no such file"
    elif isinstance(error, IsADirectoryError) or file.is_dir():
        problem = "this is a folder; a file is needed"
    else:
        problem = f"cannot be opened: {error.strerror or error}"
    return EvidenceError(str(file), [problem])


def _first_bytes(file: Path, size: int = 1 << 16) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(size)
    except OSError as error:
        raise _open_problem(error, file) from None


def _read_text(file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise _open_problem(error, file) from None
    if not data.strip():
        raise EvidenceError(str(file), ["the file is empty"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise EvidenceError(str(file), [_not_utf8(line)]) from None


def _not_utf8(line: int) -> str:
    return f"line {line} is not UTF-8 text: save the file with the encoding UTF-8"


def _refuse_what_is_no_text(file: Path, start: bytes) -> None:
    for signature, what in SIGNATURES.items():
        if start.startswith(signature):
            raise EvidenceError(str(file), [f"not a CSV file; it looks like {what}"])
    if b"\0" in start:
        line = start[: start.index(b"\0")].count(b"\n") + 1
        raise EvidenceError(str(file), [f"not a CSV file: line {line} holds binary data"])


def _read_parquet(file: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(file).read().to_pandas(ignore_metadata=True)  # type: ignore[no-any-return]
    except (pa.ArrowException, OSError) as error:
        reason = shortened(str(error).splitlines()[0], 120)
        raise EvidenceError(str(file), [f"not a readable Parquet file: {reason}"]) from None


def _read_csv(file: Path, organization: str | None) -> pd.DataFrame:
    """Read a CSV file whose first bytes look like text; Arrow refuses rows of another length."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    header = _header(file)
    as_text = {name: pa.string() for name in header if name.strip() == organization}
    words = {spelling for word in MISSING_WORDS for spelling in (word, word.upper(), word.title())}
    missing = sorted(words | {"NaN", "-NaN"})
    try:
        table = arrow_csv.read_csv(
            file,
            read_options=arrow_csv.ReadOptions(block_size=CSV_BLOCK),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(column_types=as_text, null_values=missing),
        )
    except (pa.ArrowException, OSError) as error:
        raise EvidenceError(str(file), [_csv_problem(file, len(header), str(error))]) from None
    if any(pa.types.is_binary(one.type) for one in table.schema):  # how Arrow reads text that is not UTF-8
        raise EvidenceError(str(file), [_csv_problem(file, len(header), "not UTF-8 text")])
    if table.num_rows == 0:
        raise EvidenceError(str(file), ["there is a header line but no rows"])
    frame: pd.DataFrame = table.to_pandas()
    return frame.set_axis([str(name).strip() for name in frame.columns], axis="columns")


def _header(file: Path) -> list[str]:
    """Return the cells of the first line, once it is clear that commas separate them."""
    try:
        _, header = next(_records(file), (1, []))
    except UnicodeDecodeError:
        raise EvidenceError(str(file), [_csv_problem(file, 0, "not UTF-8 text")]) from None
    except csv.Error as error:
        raise EvidenceError(str(file), [f"line 1 is not readable as CSV: {error}"]) from None
    if not header:
        raise EvidenceError(str(file), ["the file is empty"])
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and mark in header[0]:
            works = "save it with commas between the cells and decimal points inside them, or as Parquet"
            raise EvidenceError(str(file), [f"line 1 separates its cells with {name}; {works}"])
    return header


def _records(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where it begins, cells) of each record that is not blank, as Arrow counts them."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        begins = 1
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1


class _LineNumbers:
    """The line of a CSV file where each data row (0-based) begins, worked out when first asked for.

    Cells may hold line breaks and files blank lines, so that rows and lines are not simply one apart.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, row: int) -> int | None:
        """Return the line, or None if it cannot be told any more."""
        return self._begins[row + 1] if row + 1 < len(self._begins) else None

    @cached_property
    def _begins(self) -> list[int]:
        try:
            return [line for line, _ in _records(self._file)]
        except (OSError, UnicodeDecodeError, csv.Error):
            return []


def _csv_problem(file: Path, width: int, reason: str) -> str:
    """Find the line behind a refusal; slow, and therefore only done once something is wrong."""
    try:
        with file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return _not_utf8(number)
        for begins, cells in _records(file):
            if len(cells) != width:
                return f"line {begins} has {_cells(len(cells))} where the header has {width}"
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = str(error)
    return f"not readable as CSV: {shortened(reason.splitlines()[0], 120)}"


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
