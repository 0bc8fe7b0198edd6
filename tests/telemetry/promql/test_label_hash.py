"""The hash of label sets: the values that its specification and other implementations give."""

import pytest

from watchbill.telemetry.promql.label_hash import hash_labels, xxh64


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", 0xEF46DB3751D8E999),
        (b"a", 0xD24EC4F1A98C6E5B),
        (b"abc", 0x44BC2CF5AD770999),
        (b"Nobody inspects the spammish repetition", 0xFBCEA83C8A378BF1),
        (b"xxhash", 0x32DD38952C4BC720),
    ],
)
def test_known_values(data: bytes, wanted: int) -> None:
    assert xxh64(data) == wanted


def test_labels_are_hashed_with_their_lengths() -> None:
    assert hash_labels((("a", "b"),)) == xxh64(b"\x01a\x01b")
    long = "x" * 300
    assert hash_labels((("a", long),)) == xxh64(b"\x01a\xff\x2c\x01\x00" + long.encode())
    assert hash_labels((("ab", ""),)) != hash_labels((("a", "b"),))
