"""From rows of chunks, as the database gives them in any order, to samples by series and time."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from watchbill.telemetry.jit import kernel
from watchbill.telemetry.promql.histogram import Histogram
from watchbill.telemetry.promql.storage import STALE_BITS, Histograms, Times, Values
from watchbill.telemetry.store import decimals, native
from watchbill.telemetry.store.chunks import Samples, join_histograms
from watchbill.telemetry.store.index import Ids

Index = NDArray[np.int64]
Block = dict[str, native.Column]

_STALE_BITS = np.int64(STALE_BITS)


def join(blocks: Sequence[Block], ids: Ids) -> Samples:
    """The samples of some series (`ids` ascend), by id, then hour, then as they were stored.

    Blocks have the columns id, b, t, v, e and h of `chdb_chunks`.
    """
    if not blocks:
        return Samples.empty()
    row_ids = np.concatenate([cast("Ids", block["id"]) for block in blocks])
    hours = np.concatenate([cast("NDArray[np.uint32]", block["b"]) for block in blocks])
    counts = np.concatenate([_counts(block) for block in blocks])
    at = np.minimum(np.searchsorted(ids, row_ids), max(len(ids) - 1, 0))
    wanted = ids[at] == row_ids
    order = np.lexsort((hours, row_ids))
    order = order[wanted[order]]
    sizes = counts[order]
    if decode_rows.compiled and not any(_texts(block).values for block in blocks):
        places = np.full(len(counts), -1, np.int64)
        places[order] = np.cumsum(sizes) - sizes
        t, v = np.empty(int(sizes.sum()), np.int64), np.empty(int(sizes.sum()), np.float64)
        begin = 0
        for block in blocks:
            own = slice(begin, begin + len(_counts(block)))
            exponents = np.ascontiguousarray(block["e"], np.uint8)
            decode_rows(counts[own], places[own], *_lists(block), exponents, decimals.POWERS, t, v)
            begin = own.stop
        return Samples(np.repeat(row_ids[order], sizes), t, v)
    parts = [_flatten(block) for block in blocks]
    index = np.arange(int(sizes.sum())) + np.repeat(
        (np.cumsum(counts) - counts)[order] - (np.cumsum(sizes) - sizes), sizes
    )
    h = join_histograms([(part.h, len(part)) for part in parts])
    return Samples(
        np.repeat(row_ids[order], sizes),
        np.concatenate([part.t for part in parts])[index],
        np.concatenate([part.v for part in parts])[index],
        None if h is None else h[index],
    )


@kernel("int64[:]", "int64[:]", "int64[:]", "int64[:]", "uint8[:]", "float64[:]", "int64[:]",
        "float64[:]")  # fmt: skip
def decode_rows(
    counts: Index,
    places: Index,
    times: Times,
    values: Index,
    exponents: NDArray[np.uint8],
    powers: Values,
    t: Times,
    v: Values,
) -> int:
    """Put every row of a block to its place (nowhere when that is negative), values decoded as
    `decimals.decode` does."""
    bits, at = v.view(np.int64), 0
    for row in range(len(counts)):
        to, exponent = places[row], exponents[row]
        whole = np.int64(0)
        for place in range(counts[row] if to >= 0 else 0):
            whole += values[at + place]
            t[to + place] = times[at + place]
            if exponent == decimals.RAW:
                bits[to + place] = whole
            elif whole == decimals.STALE:
                bits[to + place] = _STALE_BITS
            else:
                v[to + place] = whole / powers[exponent]
        at += counts[row]
    return at


def _lists(block: Block) -> tuple[Times, Index]:
    """Times and encoded values of all rows in a row."""
    times, values = cast("native.Lists", block["t"]), cast("native.Lists", block["v"])
    return np.ascontiguousarray(times.values, np.int64), np.ascontiguousarray(
        values.values, np.int64
    )


def _texts(block: Block) -> native.Lists:
    return cast("native.Lists", block["h"])


def _counts(block: Block) -> Index:
    """How many samples each row has."""
    ends = cast("native.Lists", block["t"]).ends.astype(np.int64)
    counts: Index = ends - np.concatenate([[0], ends[:-1]])
    return counts


def _flatten(block: Block) -> Samples:
    times, values = _lists(block)
    counts = _counts(block)
    exponents = cast("NDArray[np.uint8]", block["e"])
    return Samples(
        np.repeat(cast("Ids", block["id"]), counts),
        times,
        decimals.decode(values, exponents, counts),
        _unpacked(_texts(block), counts),
    )


def _unpacked(texts: native.Lists, counts: Index) -> Histograms | None:
    """Histograms of the rows that have any; see `chdb_chunks`, where they are packed."""
    if not len(texts.values):
        return None
    having = np.diff(texts.ends.astype(np.int64), prepend=0) > 0
    h = np.full(int(counts.sum()), None, np.object_)
    rows = np.flatnonzero(np.repeat(having, counts))
    for row, text in zip(rows.tolist(), texts.values, strict=True):
        if text:
            h[row] = Histogram.unpack(cast("bytes", text))
    return h
