"""What a tick does in one transaction is short."""

import time

from watchbill.lib.ticks import SHORT, for_a_moment


def test_everything_is_taken_that_fits() -> None:
    assert list(for_a_moment(range(100))) == list(range(100))


def test_the_rest_is_left_when_it_takes_long() -> None:
    taken = []
    for row in for_a_moment(range(100)):
        time.sleep(SHORT / 3)
        taken.append(row)
    assert 0 < len(taken) <= 4


def test_one_is_taken_however_long_it_takes() -> None:
    taken = []
    for row in for_a_moment("ab"):
        time.sleep(2 * SHORT)
        taken.append(row)
    assert taken == ["a"]
