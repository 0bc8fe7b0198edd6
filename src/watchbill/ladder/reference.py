"""The reference page of the duties: what exists for each today."""

from watchbill.acts.reference import PRINTED
from watchbill.acts.registry import KINDS
from watchbill.ladder import adopt, evidence


def duties() -> str:
    """Every duty of the shipped ladder with what exists for it today."""
    rows = [(duty, evidence.acts_for(duty.key)) for duty in adopt.default_document().duties]
    covered = sum(bool(found) for _, found in rows)
    lines = [
        PRINTED,
        "# The duties of the ladder, and what exists for each today\n\n",
        f"{covered} of {len(rows)} duties have at least one act whose ledger entry is evidence "
        "for them. That is the first step, not the whole duty: where the table says *nothing "
        "yet*, nothing in Watchbill is evidence for it.\n\n",
        "| id | duty | acts that are evidence |\n|---|---|---|\n",
    ]
    for duty, found in rows:
        named = ", ".join(f"`{name}`" if name in KINDS else name for name in found)
        lines.append(f"| {duty.key} | {duty.text} | {named or '*nothing yet*'} |\n")
    return "".join(lines)


PAGES = {"duties.md": duties}
