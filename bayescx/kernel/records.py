"""Arrays behind the addresses of ``problem.pack``, as compiled code sees them."""

from __future__ import annotations

import numpy as np
from numba import carray, types
from numba.extending import intrinsic

from bayescx.kernel.anchors import Anchors
from bayescx.kernel.compiled import compiled, inlined
from bayescx.kernel.figures import Figures
from bayescx.kernel.patterns import Patterns
from bayescx.kernel.problem import RECORD, Data, Moderation, Pooling, Priors, Steering, Structure

__all__ = ["N_PLAIN", "ints", "matrix", "records_at", "unpack", "unpack_figures", "unpack_patterns"]

N_PLAIN = sum(len(group._fields) for group in (Data, Structure, Pooling, Priors, Steering, Moderation))
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
    """The six groups of arrays, in the order in which ``problem.pack`` was given them."""
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
    moderation = Moderation(
        ints(r, 56), ints(r, 57), _floats(r, 58), _floats(r, 59), ints(r, 60), matrix(r, 61), matrix(r, 62),
        ints(r, 63),
    )  # fmt: skip
    return data, structure, pooling, priors, steering, moderation


@inlined
def unpack_patterns(r):
    """Missing patterns."""
    return Patterns(
        ints(r, 64), ints(r, 65), ints(r, 66), _floats(r, 67), _floats(r, 68), ints(r, 69), _int_matrix(r, 70),
        matrix(r, 71), matrix(r, 72),
    )  # fmt: skip


@inlined
def unpack_figures(r):
    """Published figures, and the components that they anchor."""
    figures = Figures(
        ints(r, 73), _floats(r, 74), ints(r, 75), _floats(r, 76), _floats(r, 77), _int_matrix(r, 78), ints(r, 79),
        ints(r, 80), ints(r, 81), ints(r, 82), _floats(r, 83), ints(r, 84), ints(r, 85), _floats(r, 86),
        _floats(r, 87), _floats(r, 88), ints(r, 89), _floats(r, 90), _floats(r, 91), ints(r, 92), ints(r, 93),
        ints(r, 94), ints(r, 95), _floats(r, 96), _floats(r, 97),
    )  # fmt: skip
    anchors = Anchors(
        ints(r, 98), ints(r, 99), ints(r, 100), ints(r, 101), ints(r, 102), ints(r, 103), ints(r, 104),
        ints(r, 105), _floats(r, 106), _floats(r, 107), _floats(r, 108), _floats(r, 109), _floats(r, 110),
        _floats(r, 111),
        ints(r, 112), ints(r, 113), _floats(r, 114), ints(r, 115), ints(r, 116), _floats(r, 117), ints(r, 118),
        ints(r, 119), ints(r, 120), ints(r, 121), _floats(r, 122), _floats(r, 123),
    )  # fmt: skip
    return figures, anchors
