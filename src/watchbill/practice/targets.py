"""The duties that a pairing can be about: told by the ladder, registered here.

@provides_targets
def targets() -> list[tuple[str, str]]:   # key and words of each duty of the shipped ladder
    ...
"""

from collections.abc import Callable, Sequence

TargetsOf = Callable[[], Sequence[tuple[str, str]]]
_providers: list[TargetsOf] = []


def provides_targets(provider: TargetsOf) -> TargetsOf:
    """Register a function that names the duties."""
    _providers.append(provider)
    return provider


def targets() -> dict[str, str]:
    """Key of each duty -> its words."""
    return {key: words for provider in _providers for key, words in provider()}
