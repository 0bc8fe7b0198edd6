"""The `smoothed` selector where native histograms lie: the sample between two neighbours."""

import numpy as np

from .ast import Span
from .histogram import Histogram
from .native.arithmetic import difference, is_reset, scaled, total
from .native.layout import is_custom
from .native.notes import note_bounds, warn_mixed_samples, warn_mixed_schemas
from .scope import Scope
from .storage import METRIC_NAME, Times, are_histograms
from .vectors import Vector
from .windows import Columns, find_last


def smooth_histograms(
    scope: Scope, vector: Vector, columns: Columns, times: Times, span: Span
) -> Vector:
    """`vector`, made of the numbers in `columns`, with the histograms put in.

    There is no sample where numbers and histograms lie within the lookback of the same step.
    """
    assert columns.h is not None
    lookback = scope.query.lookback_ms
    h, present = np.full(vector.values.shape, None, np.object_), vector.present.copy()
    begin = find_last(columns, times - lookback)
    end = find_last(columns, times + lookback)
    after = find_last(columns, times)
    names = vector.labels.texts(METRIC_NAME)
    so_far = np.concatenate([[0], np.cumsum(are_histograms(columns.h))])
    counts = so_far[end] - so_far[begin]
    for row, step in np.argwhere(counts > 0).tolist():
        scope.query.check()
        lo, hi, at = int(begin[row, step]), int(end[row, step]), int(after[row, step])
        if counts[row, step] < hi - lo:
            warn_mixed_samples(scope, names[row], span)
            present[row, step] = False
            continue
        found = _between(scope, columns, lo, at, hi, int(times[step]), names[row], span)
        h[row, step], present[row, step] = found, found is not None
    return Vector(vector.labels, vector.values, present, vector.drop_name, h=h)


def _between(
    scope: Scope, columns: Columns, lo: int, at: int, hi: int, time: int, name: str, span: Span
) -> Histogram | None:
    """The histogram at `time`; `columns[lo:at]` are not later than that, `columns[at:hi]` are."""
    assert columns.h is not None
    if at in (lo, hi) or columns.t[at - 1] == time:
        nearest: Histogram = columns.h[at if at == lo else at - 1]
        return nearest
    before: Histogram = columns.h[at - 1]
    after: Histogram = columns.h[at]
    if is_custom(before) != is_custom(after):
        warn_mixed_schemas(scope, name, span)
        return None
    share = float(time - columns.t[at - 1]) / float(columns.t[at] - columns.t[at - 1])
    if after.hint != "gauge" and is_reset(after, before):
        return scaled(after, share)
    change = difference(after, before)
    note_bounds(scope, change, "subtraction", span)
    return total([before, scaled(change.histogram, share)]).histogram
