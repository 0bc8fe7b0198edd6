"""Memory goes back to the system when it is free. glibc's allocator would keep it: mallopt(3).

Elsewhere than with glibc nothing here has an effect.
"""

import ctypes

ARENAS = 2
"""Heaps that threads share. By default there are eight a processor, and each keeps what it had."""
LARGE_BYTES = 8 << 20
"""What is so large goes back at once. By default this grows to 32 MB, as columns of samples do."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8

_libc = ctypes.CDLL(None)


def hold_little() -> None:
    """Have free memory returned sooner. To be called before there are threads."""
    if hasattr(_libc, "mallopt"):
        _libc.mallopt(_ARENA_MAX, ARENAS)
        _libc.mallopt(_MMAP_THRESHOLD, LARGE_BYTES)
        _libc.mallopt(_TRIM_THRESHOLD, 2 * LARGE_BYTES)  # else it were 128 kB from now on


def give_back() -> None:
    """Return what is free. Takes a millisecond for every few MB that are."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)
