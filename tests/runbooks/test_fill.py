"""A value fills its place and nothing beyond it."""

import json
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchbill.runbooks.fill import CannotFill, acceptable, fill, words
from watchbill.runbooks.procedure import Check, Command, Http

COMMAND = Command(("drain", "--node", "{node}"))


def test_a_value_is_one_argument() -> None:
    filled = fill(COMMAND, {"node": "web 4; reboot"})
    assert filled == Command(("drain", "--node", "web 4; reboot"))
    assert words(filled) == "drain --node 'web 4; reboot'"


@pytest.mark.parametrize("value", ["-f", "--force", "-"])
def test_a_value_cannot_become_an_option(value: str) -> None:
    with pytest.raises(CannotFill, match="hyphen"):
        fill(COMMAND, {"node": value})


def test_a_value_that_was_not_answered() -> None:
    with pytest.raises(CannotFill, match="node has not been answered"):
        fill(COMMAND, {})


@given(st.text(min_size=1).filter(lambda text: text not in (".", "..")))
def test_a_value_in_an_address_stays_one_part_of_its_path(value: str) -> None:
    if acceptable(value):
        return
    filled = fill(Http("GET", "http://balancer/nodes/{node}/drain?force=no"), {"node": value})
    assert isinstance(filled, Http)
    split = urlsplit(filled.url)
    assert (split.netloc, split.query) == ("balancer", "force=no")
    assert split.path.count("/") == 3


def test_a_value_cannot_climb_in_an_address() -> None:
    with pytest.raises(CannotFill, match="another address"):
        fill(Http("GET", "http://balancer/nodes/{node}/drain"), {"node": ".."})


@given(st.text(max_size=200))
def test_a_value_in_json_and_promql_stays_a_string(value: str) -> None:
    body = {"node": "{node}", "list": ["is {node}", 1]}
    filled = fill(Http("POST", "http://balancer/", body=body), {"node": value})
    assert isinstance(filled, Http)
    assert filled.body == {"node": value, "list": [f"is {value}", 1]}
    check = fill(Check('up{instance="{node}"} == 1'), {"node": value})
    assert isinstance(check, Check)
    inside = check.expression.removeprefix("up{instance=").removesuffix("} == 1")
    assert json.loads(inside) == value


@pytest.mark.parametrize("answer", ["", "x" * 201, "a\nb", "a\x00"])
def test_what_is_no_answer(answer: str) -> None:
    assert acceptable(answer)
