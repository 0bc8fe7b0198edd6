"""Inputs near the seeds, for hypothesis."""

from hypothesis import strategies as st
from tests.fuzz.guard import MAX_BYTES
from tests.fuzz.targets import Target


@st.composite
def mutated(draw: st.DrawFn, target: Target) -> bytes:
    """A seed after some cuts, doublings, inserted words and changed bytes; or anything at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    data = bytearray(draw(st.sampled_from(target.seeds)))
    words = st.sampled_from([word.encode() for word in target.words] or [b"\xff\xff\xff\xff\x0f"])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        until = draw(st.integers(at, min(at + 40, len(data))))
        match draw(st.sampled_from(("cut", "double", "word", "bytes"))):
            case "cut":
                del data[at:until]
            case "double":
                data[at:at] = data[at:until] * draw(st.integers(1, 20))
            case "word":
                data[at:until] = draw(words)
            case _:
                data[at:until] = draw(st.binary(max_size=8))
    return bytes(data[:MAX_BYTES])
