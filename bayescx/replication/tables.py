"""Summary tables of a fit: the figures that a replication is compared on, with the Monte Carlo error of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayescx._names import BLOCK_VARIABLES, CHAIN, DRAW, MODERATOR, ORGANIZATION, SAMPLE
from bayescx.errors import FitError
from bayescx.estimands import (
    defined_parameters,
    direct_effects,
    heterogeneity,
    indirect_effects,
    r_squared,
    summarize,
    total_effects,
)
from bayescx.estimands.population import Target, available_targets, variables_without_unit
from bayescx.fitted import Fit

__all__ = ["read_tables", "summary_tables", "write_tables"]

TARGETS: tuple[Target, ...] = ("organization", "typical", "average", "new")
SCALES = {"standardized": True, "raw": False}


def summary_tables(fit: Fit, *, ci_prob: float = 0.95) -> dict[str, pd.DataFrame]:
    """Summarize everything that a fit says, table by table.

    Parameters
    ----------
    fit : Fit
    ci_prob : float
        Probability of the equal-tailed intervals.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``direct_effects``, ``indirect_effects``, ``total_effects`` (standardized and raw), ``defined_parameters``,
        ``r_squared``, each for the targets that the pooling answers; ``heterogeneity`` and ``parameters`` (the
        posterior itself, on the common scale). Where nobody shared the data's units nothing is raw and there is no
        ``heterogeneity``. Tables without rows are left out. Columns: labels, then mean, sd,
        ``eti95_lb``, ``eti95_ub`` (for 0.95) and the Monte Carlo standard errors ``mcse_mean``, ``mcse_eti95_lb``,
        ``mcse_eti95_ub``.

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1.

    Examples
    --------
    >>> summary_tables(fit)["r_squared"].columns.tolist()[:3]
    ['target', 'organization', 'outcome']
    """
    parts: dict[str, list[pd.DataFrame]] = {}
    for name, array, labels in _arrays(fit):
        parts.setdefault(name, []).append(_summary(array, labels, ci_prob))
    tables = {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}
    return {name: table for name, table in tables.items() if len(table)}


def _arrays(fit: Fit) -> Iterator[tuple[str, xr.DataArray, dict[str, str]]]:
    """Every array of draws to be summarized, with the table that it belongs to and what it is labelled with."""
    effects = {
        "direct_effects": direct_effects,
        "indirect_effects": indirect_effects,
        "total_effects": total_effects,
    } | ({"defined_parameters": defined_parameters} if fit.model.definitions else {})
    targets = [target for target in TARGETS if target in available_targets(fit)]
    has_units = not variables_without_unit(fit)
    scales = {scale: standardized for scale, standardized in SCALES.items() if standardized or has_units}
    for name, estimand in effects.items():
        for target in targets:
            for scale, standardized in scales.items():
                array = estimand(fit, target, standardized=standardized)
                yield name, array, {"target": target, ORGANIZATION: "", "scale": scale}
    for target in targets:
        yield "r_squared", r_squared(fit, target), {"target": target, ORGANIZATION: ""}
    differing = fit.pooling["paths"] == "partial" and len(fit.organizations) > 1 and "beta" in fit.posterior
    for quantity, array in heterogeneity(fit).data_vars.items() if differing and has_units else ():
        if CHAIN in array.dims:
            yield "heterogeneity", array, {"quantity": str(quantity)}
    dims = [*(dim for _, dim in BLOCK_VARIABLES.values()), SAMPLE, MODERATOR]
    for variable, array in fit.posterior.data_vars.items():
        renamed = array.rename({dim: "parameter" for dim in dims if dim in array.dims})
        yield "parameters", renamed, {"variable": str(variable), ORGANIZATION: ""}


def _summary(array: xr.DataArray, labels: Mapping[str, str], ci_prob: float) -> pd.DataFrame:
    """One row per quantity: ``labels`` and the array's own, then statistics. Pairs without a route are left out."""
    dims = [str(dim) for dim in array.dims if dim not in (CHAIN, DRAW)]
    cells = array.transpose(CHAIN, DRAW, *dims)
    kept = np.ones(cells.shape[2:], dtype=bool)
    if "has_route" in array.coords:
        kept = array["has_route"].broadcast_like(cells.isel({CHAIN: 0, DRAW: 0})).transpose(*dims).values
    own = {dim: array[dim].values[at] for dim, at in zip(dims, np.nonzero(kept), strict=True)}
    named = pd.DataFrame({**labels, **own}, index=range(int(kept.sum())), dtype=str)
    draws = xr.DataArray(cells.values[..., kept], dims=(CHAIN, DRAW, "row"))
    statistics = summarize(draws, ci_prob, kind="stats").drop(columns="row")
    return pd.concat([named, statistics, _monte_carlo_errors(draws, statistics, ci_prob)], axis="columns")


def _monte_carlo_errors(draws: xr.DataArray, statistics: pd.DataFrame, ci_prob: float) -> pd.DataFrame:
    """Monte Carlo standard errors of the mean and of both bounds (Vehtari et al. 2021), one row per quantity."""
    from arviz_stats import mcse

    lower, upper = [str(name) for name in statistics.columns if str(name).endswith(("_lb", "_ub"))]
    tail = (1 - ci_prob) / 2
    figures: dict[str, dict[str, Any]] = {
        "mean": {"method": "mean"},
        lower: {"method": "quantile", "prob": tail},
        upper: {"method": "quantile", "prob": 1 - tail},
    }
    with np.errstate(all="ignore"):  # where nothing varies
        return pd.DataFrame(
            {
                f"mcse_{name}": mcse(draws, **options).values if len(statistics) else np.empty(0)
                for name, options in figures.items()
            }
        )


def write_tables(fit: Fit, folder: Path, *, ci_prob: float = 0.95) -> None:
    """Write ``summary_tables`` as CSV files (UTF-8, numbers in full precision); tables already there are replaced.

    Raises
    ------
    FitError
        If ``ci_prob`` is not between 0 and 1, or the folder cannot be written to.

    Examples
    --------
    >>> write_tables(fit, Path("summary"))
    >>> sorted(file.name for file in Path("summary").iterdir())[:2]
    ['defined_parameters.csv', 'direct_effects.csv']
    """
    tables = summary_tables(fit, ci_prob=ci_prob)
    try:
        folder.mkdir(exist_ok=True)
        for old in folder.glob("*.csv"):
            old.unlink()
        for name, table in tables.items():
            (folder / f"{name}.csv").write_bytes(_csv(table).encode("utf-8"))
    except OSError as error:
        raise FitError(f"cannot write tables to {folder}: {error.strerror or error}") from error


def _csv(table: pd.DataFrame) -> str:
    # `csv` rather than `to_csv`: it quotes a lone carriage return, and repr gives every digit
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    for row in table.itertuples(index=False):
        writer.writerow([cell if isinstance(cell, str) else repr(float(cell)) for cell in row])
    return stream.getvalue()


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read what ``write_tables`` wrote: labels as text, all columns from ``mean`` on as numbers.

    Raises
    ------
    FitError
        If there is no table, or one that cannot be read; with the line where there is one.

    Examples
    --------
    >>> write_tables(fit, Path("summary"))
    >>> read_tables(Path("summary"))["r_squared"]["outcome"].unique().tolist()
    ['trust', 'loyalty']
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FitError(f"there are no tables (*.csv) in {folder}")
    return {file.stem: _read(file) for file in files}


def _read(file: Path) -> pd.DataFrame:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            if "mean" not in header or len(set(header)) < len(header):
                raise FitError(f"{file}: line 1 is not the header of a summary table")
            n_labels = header.index("mean")
            rows = [_cells(row, n_labels, len(header), f"{file}: line {reader.line_num}") for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FitError(f"{file} cannot be read as a table: {error}") from error
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    table = pd.DataFrame({name: list(cells) for name, cells in zip(header, columns, strict=True)})
    twice = table[table.duplicated(header[:n_labels])]
    if len(twice):
        raise FitError(f"{file}: a quantity is there twice: {', '.join(twice.iloc[0, :n_labels])!r}")
    return table


def _cells(row: list[str], n_labels: int, width: int, where: str) -> list[Any]:
    if len(row) != width:
        raise FitError(f"{where} has {len(row)} cells where the header has {width}")
    try:
        return [*row[:n_labels], *(float(cell) for cell in row[n_labels:])]
    except ValueError:
        raise FitError(f"{where}: a number is needed in every column from 'mean' on, found {row[n_labels:]}") from None
