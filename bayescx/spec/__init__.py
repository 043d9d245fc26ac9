"""The model language: lavaan syntax in, a checked PathModel out. Nothing here knows of data or sampling."""

from __future__ import annotations

from bayescx.spec.expressions import Expression
from bayescx.spec.parameters import Definition, Parameter
from bayescx.spec.path_model import PathModel
from bayescx.spec.reader import parse_model, read_model

__all__ = ["Definition", "Expression", "Parameter", "PathModel", "parse_model", "read_model"]
