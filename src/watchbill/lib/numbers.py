"""Whole numbers as texts name them: in addresses, forms and requests. Pure."""

LARGEST = 2**63 - 1  # what a database holds
_DIGITS = len(str(LARGEST))


def whole(text: str) -> int | None:
    """The number that `text` writes in digits, from 0 to LARGEST; None when it writes none."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        return None
    number = int(text)
    return number if number <= LARGEST else None
