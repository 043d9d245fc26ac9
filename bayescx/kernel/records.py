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

__all__ = ["N_PLAIN", "records_at", "unpack", "unpack_figures", "unpack_patterns"]

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
def _ints(records, index):
    return carray(_ints_at(records[RECORD * index]), (_length(records, index, 0),))


@compiled
def _int_matrix(records, index):
    return carray(_ints_at(records[RECORD * index]), (_length(records, index, 0), _length(records, index, 1)))


@compiled
def _floats(records, index):
    return carray(_floats_at(records[RECORD * index]), (_length(records, index, 0),))


@compiled
def _matrix(records, index):
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
        _ints(r, 2), _ints(r, 3), _ints(r, 4), _ints(r, 5), _floats(r, 6), _ints(r, 7), _ints(r, 8), _ints(r, 9),
        _floats(r, 10), _ints(r, 11), _floats(r, 12), _ints(r, 13), _floats(r, 14), _ints(r, 15), _ints(r, 16),
        _int_matrix(r, 17), _int_matrix(r, 18), _int_matrix(r, 19), _ints(r, 20),
    )  # fmt: skip
    pooling = Pooling(
        _ints(r, 21), _ints(r, 22), _floats(r, 23), _ints(r, 24), _floats(r, 25), _floats(r, 26), _floats(r, 27),
        _floats(r, 28), _ints(r, 29), _floats(r, 30), _floats(r, 31), _floats(r, 32), _floats(r, 33), _ints(r, 34),
        _ints(r, 35), _ints(r, 36), _floats(r, 37), _matrix(r, 38), _ints(r, 39), _ints(r, 40),
        _matrix(r, 41), _matrix(r, 42), _floats(r, 43), _floats(r, 44),
    )  # fmt: skip
    priors = Priors(
        _ints(r, 45), _matrix(r, 46), _ints(r, 47), _matrix(r, 48), _ints(r, 49), _matrix(r, 50), _ints(r, 51),
        _matrix(r, 52),
    )  # fmt: skip
    steering = Steering(
        _matrix(r, 53), _matrix(r, 54), _matrix(r, 55),
    )  # fmt: skip
    return data, structure, pooling, priors, steering


@inlined
def unpack_patterns(r):
    """Missing patterns."""
    return Patterns(
        _ints(r, 56), _ints(r, 57), _ints(r, 58), _floats(r, 59), _floats(r, 60), _ints(r, 61), _int_matrix(r, 62),
        _matrix(r, 63), _matrix(r, 64),
    )  # fmt: skip


@inlined
def unpack_figures(r):
    """Published figures, and the components that they anchor."""
    figures = Figures(
        _ints(r, 65), _floats(r, 66), _ints(r, 67), _floats(r, 68), _floats(r, 69), _int_matrix(r, 70), _ints(r, 71),
        _ints(r, 72), _ints(r, 73), _ints(r, 74), _floats(r, 75), _ints(r, 76), _ints(r, 77), _floats(r, 78),
        _floats(r, 79), _floats(r, 80), _ints(r, 81), _floats(r, 82), _floats(r, 83), _ints(r, 84), _ints(r, 85),
        _ints(r, 86), _ints(r, 87), _floats(r, 88), _floats(r, 89),
    )  # fmt: skip
    anchors = Anchors(
        _ints(r, 90), _ints(r, 91), _ints(r, 92), _ints(r, 93), _ints(r, 94), _ints(r, 95), _ints(r, 96),
        _ints(r, 97), _floats(r, 98), _floats(r, 99), _floats(r, 100), _floats(r, 101), _floats(r, 102),
        _floats(r, 103),
        _ints(r, 104), _ints(r, 105), _floats(r, 106), _ints(r, 107), _ints(r, 108), _floats(r, 109), _ints(r, 110),
        _ints(r, 111), _ints(r, 112), _ints(r, 113), _floats(r, 114), _floats(r, 115),
    )  # fmt: skip
    return figures, anchors
