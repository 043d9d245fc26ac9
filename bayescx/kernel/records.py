"""Arrays behind the addresses of ``problem.pack``, as compiled code sees them."""

from __future__ import annotations

import numpy as np
from numba import carray, types
from numba.extending import intrinsic

from bayescx.kernel.anchors import Anchors
from bayescx.kernel.compiled import compiled, inlined
from bayescx.kernel.figures import Figures
from bayescx.kernel.patterns import Patterns
from bayescx.kernel.problem import RECORD, Data, Pooling, Priors, Steering, Structure

__all__ = ["N_PLAIN", "ints", "matrix", "records_at", "unpack", "unpack_figures", "unpack_patterns"]

N_PLAIN = len((*Data._fields, *Structure._fields, *Pooling._fields, *Priors._fields, *Steering._fields))
"""Arrays of a posterior of complete moments; patterns, figures and anchors follow where there are any."""


@intrinsic
def _floats_at(typing_context, address):
    """Pointer to doubles from an address."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float64)(types.uint64), codegen


@intrinsic
def _ints_at(typing_context, address):
    """Pointer to 64-bit integers from an address."""

    def codegen(context, builder, signature, args):
        return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int64)(types.uint64), codegen


@intrinsic
def records_at(typing_context, pointer):
    """The record array behind nutpie's untyped ``user_data`` pointer."""

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.uint64)(types.voidptr), codegen


@compiled
def _length(records, index, axis):
    return np.int64(records[RECORD * index + 1 + axis])


@compiled
def ints(records, index):
    """Array of integers number ``index`` of a record."""
    return carray(_ints_at(records[RECORD * index]), (_length(records, index, 0),))


@compiled
def _int_matrix(records, index):
    return carray(_ints_at(records[RECORD * index]), (_length(records, index, 0), _length(records, index, 1)))


@compiled
def _floats(records, index):
    return carray(_floats_at(records[RECORD * index]), (_length(records, index, 0),))


@compiled
def matrix(records, index):
    """Matrix of floats number ``index`` of a record."""
    return carray(_floats_at(records[RECORD * index]), (_length(records, index, 0), _length(records, index, 1)))


@compiled
def _cube(records, index):
    lengths = (_length(records, index, 0), _length(records, index, 1), _length(records, index, 2))
    return carray(_floats_at(records[RECORD * index]), lengths)


@inlined
def unpack(r):
    """The five groups of arrays, in the order in which ``problem.pack`` was given them."""
    data = Data(
        _floats(r, 0), _cube(r, 1),
    )  # fmt: skip
    structure = Structure(
        ints(r, 2), ints(r, 3), ints(r, 4), ints(r, 5), _floats(r, 6), ints(r, 7), ints(r, 8), ints(r, 9),
        _floats(r, 10), ints(r, 11), _floats(r, 12), ints(r, 13), _floats(r, 14), ints(r, 15), ints(r, 16),
        _int_matrix(r, 17), _int_matrix(r, 18), _int_matrix(r, 19), ints(r, 20),
    )  # fmt: skip
    pooling = Pooling(
        ints(r, 21), ints(r, 22), _floats(r, 23), ints(r, 24), _floats(r, 25), _floats(r, 26), _floats(r, 27),
        _floats(r, 28), ints(r, 29), _floats(r, 30), _floats(r, 31), _floats(r, 32), _floats(r, 33), ints(r, 34),
        ints(r, 35), ints(r, 36), _floats(r, 37), matrix(r, 38), ints(r, 39), ints(r, 40),
        matrix(r, 41), matrix(r, 42), _floats(r, 43), _floats(r, 44),
    )  # fmt: skip
    priors = Priors(
        ints(r, 45), matrix(r, 46), ints(r, 47), matrix(r, 48), ints(r, 49), matrix(r, 50), ints(r, 51),
        matrix(r, 52),
    )  # fmt: skip
    steering = Steering(
        matrix(r, 53), matrix(r, 54), matrix(r, 55),
    )  # fmt: skip
    return data, structure, pooling, priors, steering


@inlined
def unpack_patterns(r):
    """Missing patterns."""
    return Patterns(
        ints(r, 56), ints(r, 57), ints(r, 58), _floats(r, 59), _floats(r, 60), ints(r, 61), _int_matrix(r, 62),
        matrix(r, 63), matrix(r, 64),
    )  # fmt: skip


@inlined
def unpack_figures(r):
    """Published figures, and the components that they anchor."""
    figures = Figures(
        ints(r, 65), _floats(r, 66), ints(r, 67), _floats(r, 68), _floats(r, 69), _int_matrix(r, 70), ints(r, 71),
        ints(r, 72), ints(r, 73), ints(r, 74), _floats(r, 75), ints(r, 76), ints(r, 77), _floats(r, 78),
        _floats(r, 79), _floats(r, 80), ints(r, 81), _floats(r, 82), _floats(r, 83), ints(r, 84), ints(r, 85),
        ints(r, 86), ints(r, 87), _floats(r, 88), _floats(r, 89),
    )  # fmt: skip
    anchors = Anchors(
        ints(r, 90), ints(r, 91), ints(r, 92), ints(r, 93), ints(r, 94), ints(r, 95), ints(r, 96),
        ints(r, 97), _floats(r, 98), _floats(r, 99), _floats(r, 100), _floats(r, 101), _floats(r, 102),
        _floats(r, 103),
        ints(r, 104), ints(r, 105), _floats(r, 106), ints(r, 107), ints(r, 108), _floats(r, 109), ints(r, 110),
        ints(r, 111), ints(r, 112), ints(r, 113), _floats(r, 114), _floats(r, 115),
    )  # fmt: skip
    return figures, anchors
