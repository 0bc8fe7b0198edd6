"""What the ladder tells the apps below: the duties that a pairing can be about."""

from watchbill.ladder.adopt import default_document
from watchbill.practice.targets import provides_targets


@provides_targets
def duties() -> list[tuple[str, str]]:
    """Key and words of each duty of the shipped ladder."""
    return [(duty.key, duty.text) for duty in default_document().duties]
