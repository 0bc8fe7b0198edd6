"""Vectors with vectors: finding partners by labels, and the set operators."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from . import ast
from .binary_histograms import operate
from .errors import EvalError
from .labels import METADATA_LABELS, LabelTable, Rows, concatenate, show
from .operators import OPERATORS, keeps_name
from .scope import Scope
from .storage import METRIC_NAME
from .vectors import Mask, Vector, any_by_group, count_by_group, merge_rows, stack


def combine_sets(expr: ast.Binary, left: Vector, right: Vector) -> Vector:
    """`and`, `or`, `unless`."""
    left_group, right_group, size = _match_groups(expr.matching, left.labels, right.labels)
    if expr.op == "or":
        on_left = any_by_group(left.present, left_group, size)
        return stack([left, right.where(~on_left[right_group])])
    on_right = any_by_group(right.present, right_group, size)[left_group]
    return left.where(on_right if expr.op == "and" else ~on_right)


def _signature(matching: ast.Matching, labels: LabelTable) -> LabelTable:
    """The labels that partners have in common."""
    if matching.on:
        return labels.keep(matching.labels)
    return labels.drop({*matching.labels, METRIC_NAME})


def _match_groups(
    matching: ast.Matching, left: LabelTable, right: LabelTable
) -> tuple[Rows, Rows, int]:
    """The match group of every row on either side, and how many groups there are."""
    both = concatenate([_signature(matching, left), _signature(matching, right)]).groups()
    return both.ids[: left.size], both.ids[left.size :], len(both)


@dataclass(frozen=True)
class _Match:
    """Both sides of an operation: several `many` rows of a group may meet one `one` row.

    `swapped` means that `many` is the right side (`group_right`).
    """

    scope: Scope
    expr: ast.Binary
    many: Vector
    one: Vector
    many_group: Rows
    one_group: Rows
    size: int
    swapped: bool


def match_vectors(scope: Scope, expr: ast.Binary, left: Vector, right: Vector) -> Vector:
    """Arithmetic and comparisons between vectors, with labels matched."""
    matching = expr.matching
    if not (len(left) and len(right)) and not matching.fills:
        return scope.empty()
    left_group, right_group, size = _match_groups(matching, left.labels, right.labels)
    if matching.group == "right":
        match = _Match(scope, expr, right, left, right_group, left_group, size, swapped=True)
    else:
        match = _Match(scope, expr, left, right, left_group, right_group, size, swapped=False)
    _check_one_side(match)
    if matching.group is None:
        _check_many_side(match)
    parts = [*_partners(match), *_filled(match)]
    if not parts:
        return scope.empty()
    return _join(parts)


def _check_one_side(match: _Match) -> None:
    """At no step with anything to match may two series of a group be on the "one" side."""
    shown = match.one.present
    if not match.expr.matching.fills:
        shown = shown & match.many.present.any(axis=0)
    counts = count_by_group(shown, match.one_group, match.size)
    if not (counts > 1).any():
        return
    group, step = np.argwhere(counts > 1)[0]
    rows = np.flatnonzero((match.one_group == group) & match.one.present[:, step])
    side = "left" if match.swapped else "right"
    signature = _signature(match.expr.matching, match.one.labels).row(int(rows[0]))
    twins = ", ".join(sorted(show(match.one.labels.row(int(row))) for row in rows[:2]))
    raise EvalError(
        f"found duplicate series for the match group {show(signature)} on the {side} hand-side of"
        f" the operation: [{twins}];many-to-many matching not allowed: matching labels must be"
        " unique on one side"
    )


def _check_many_side(match: _Match) -> None:
    """Without a grouping modifier the left side has to be unique too, where it has a partner."""
    partner = any_by_group(match.one.present, match.one_group, match.size)
    if match.expr.matching.fill_right is not None:
        partner[:] = True
    matched = match.many.present & partner[match.many_group]
    if (count_by_group(matched, match.many_group, match.size) > 1).any():
        raise EvalError(
            "multiple matches for labels: many-to-one matching must be explicit"
            " (group_left/group_right)"
        )


def _partners(match: _Match) -> Iterator[tuple[Vector, Mask]]:
    """Results for rows that meet: each `many` row with each `one` row of its group in turn.

    A group usually has a single `one` row; more when series take turns over time.
    """
    if not (len(match.many) and len(match.one)):
        return
    turn = _position_in_group(match.one_group, match.size)
    for number in range(int(turn.max()) + 1):
        row_of_group = np.full(match.size, -1)
        in_turn = np.flatnonzero(turn == number)
        row_of_group[match.one_group[in_turn]] = in_turn
        partner = row_of_group[match.many_group]
        met = np.flatnonzero(partner >= 0)
        yield _combine(match, match.many.take(met), match.one.take(partner[met]))


def _position_in_group(group: Rows, size: int) -> Rows:
    order = np.argsort(group, kind="stable")
    begin = np.searchsorted(group[order], np.arange(size))
    position = np.empty(len(group), np.int64)
    position[order] = np.arange(len(group)) - begin[group[order]]
    return position


def _filled(match: _Match) -> Iterator[tuple[Vector, Mask]]:
    """Results for rows without a partner, against a fill value."""
    matching = match.expr.matching
    # Prometheus lets the values change sides together with the vectors of `group_right`.
    fill_many, fill_one = matching.fill_left, matching.fill_right
    if fill_one is not None and len(match.many):
        taken = any_by_group(match.one.present, match.one_group, match.size)
        alone = match.many.where(~taken[match.many_group])
        yield _combine(match, alone, _constant(match, alone, fill_one))
    if fill_many is not None and len(match.one):
        taken = any_by_group(match.many.present, match.many_group, match.size)
        alone = match.one.where(~taken[match.one_group])
        yield _combine(match, _constant(match, alone, fill_many), alone)


def _constant(match: _Match, like: Vector, value: float) -> Vector:
    """`value` everywhere, under the labels that a partner of `like` would have for certain."""
    labels = _signature(match.expr.matching, like.labels)
    everywhere = np.ones(like.present.shape, np.bool_)
    return Vector.of(labels, np.full(like.values.shape, value), everywhere, drop_name=False)


def _combine(match: _Match, many: Vector, one: Vector) -> tuple[Vector, Mask]:
    """Results for row i of `many` with row i of `one`, and where both have a sample."""
    expr = match.expr
    left, right = (one, many) if match.swapped else (many, one)
    met = many.present & one.present
    labels = _result_labels(expr, many.labels, one.labels)
    if left.h is not None or right.h is not None or expr.op in ast.HISTOGRAM_TRIMS:
        return _combine_histograms(match, left, right, labels, met), met
    result = OPERATORS[expr.op](left.values, right.values)
    if expr.op in ast.COMPARISONS and not expr.returns_bool:
        return Vector.of(labels, left.values, met & result, drop_name=False), met
    numbers = result.astype(np.float64)
    return Vector.of(labels, numbers, met, drop_name=expr.returns_bool), met


def _combine_histograms(
    match: _Match, left: Vector, right: Vector, labels: LabelTable, met: Mask
) -> Vector:
    expr = match.expr
    found = operate(match.scope, expr, left, right, met)
    if expr.op not in ast.COMPARISONS:
        return replace(Vector.of(labels, found.values, found.present, drop_name=False), h=found.h)
    if expr.returns_bool:
        return Vector.of(labels, found.kept.astype(np.float64), found.present, drop_name=True)
    shown = Vector.of(labels, left.values, found.present & found.kept, drop_name=False)
    return replace(shown, h=left.h)


def _result_labels(expr: ast.Binary, many: LabelTable, one: LabelTable) -> LabelTable:
    matching = expr.matching
    labels = many if keeps_name(expr.op) else many.drop(METADATA_LABELS)
    if matching.group is None:
        return labels.keep(matching.labels) if matching.on else labels.drop(matching.labels)
    for name in matching.include:
        labels = labels.with_column(name, one.column(name))
    return labels


def _join(parts: list[tuple[Vector, Mask]]) -> Vector:
    """All results in one vector; two that met under the same labels at one step are an error."""
    vector = stack([part for part, _ in parts])
    met = np.concatenate([met for _, met in parts])
    groups = vector.labels.groups()
    if len(groups) == len(vector):
        return vector
    if (count_by_group(met, groups.ids, len(groups)) > 1).any():
        raise EvalError("multiple matches for labels: grouping labels must ensure unique matches")
    return merge_rows(vector, groups.ids, groups.first)
