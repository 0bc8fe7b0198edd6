"""A kernel for the tests of `telemetry.jit`: compiled by a child, so it needs a module."""

from watchbill.telemetry.jit import inner, kernel


@inner
def divided(a: float, b: float) -> float:
    return a / b


@kernel("float64[:]", "int64", "float64[:,:]")
def scale(values, factor, out) -> int:
    for i in range(len(values)):
        out[i, 0] = values[i] * factor
        out[i, 1] = divided(factor, i - 1.0) if i != 1 else float("inf")
    return len(values)


@kernel("int64[:]")
def clear(out) -> int:
    """What LLVM makes a call of memset."""
    for i in range(len(out)):
        out[i] = -1
    return 0
