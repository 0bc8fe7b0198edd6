"""How busy the shop is at a time of the day and week; load and history share it."""

import math

CHECKOUTS = 8.0  # per second, on average
READS = 8.0  # pages of products looked at, per second, on average

_DAY = 86_400
_WEEKEND = (5, 6)


def demand(at: float) -> float:
    """Traffic at Unix time `at` as a share of the average: 0.85 at 03:00 UTC, 1.15 at 15:00.

    Saturdays and Sundays have a tenth less. Mild on purpose: a fault looks the same by night.
    """
    hour = at % _DAY / 3600
    weekday = (int(at // _DAY) + 3) % 7  # the epoch was a Thursday; 0 is Monday
    share = 1 - 0.15 * math.cos((hour - 3) / 24 * math.tau)
    return share * (0.9 if weekday in _WEEKEND else 1.0)
