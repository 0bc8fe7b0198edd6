"""Binary operators on arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import ast

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}


def keeps_name(op: str) -> bool:
    """Whether results still measure what their left side measured."""
    return op in ast.COMPARISONS or op in ast.HISTOGRAM_TRIMS
