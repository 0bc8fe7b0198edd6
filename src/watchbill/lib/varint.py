"""Numbers in as few bytes as they need, as protobuf and ClickHouse write them. Pure.

Source: https://protobuf.dev/programming-guides/encoding/#varints
"""


def varint(number: int) -> bytes:
    """An unsigned number of up to 64 bits; a negative one as its two's complement."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
