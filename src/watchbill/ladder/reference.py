"""The reference page of the duties: from what is done to who says that it was."""

from watchbill.acts.reference import PRINTED
from watchbill.acts.registry import KINDS
from watchbill.ladder import adopt, check


def duties() -> str:
    """Every duty of the shipped ladder with everything that there is for it."""
    texts = {duty.key: duty.text for duty in adopt.default_document().duties}
    found, lacking, walked = check.rows(), check.lacking(), check.walked()
    lines = [
        PRINTED,
        "# The duties of the ladder, and how each is fulfilled\n\n",
        f"{sum(bool(row.practised_by) for row in found)} of {len(found)} duties have at least one "
        "act that practises them. An act that completes the evidence, the page where it begins, a "
        f"walk and a witness belong to each too: {len(found) - len(lacking)} have all of them. "
        "`watchbill duties --check` says what the others lack.\n\n",
        "| id | duty | practised by | completed by | page | walk | evidence | witness |\n",
        "|---|---|---|---|---|---|---|---|\n",
    ]
    for row in found:
        cells = (
            row.key, texts[row.key], _acts(row.practised_by), _acts(row.completed_by),
            f"`{row.page}`", f"`{row.walk}`" if row.key in walked else "*none yet*",
            row.evidence, row.witness,
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |\n")
    return "".join(lines)


def _acts(names: tuple[str, ...]) -> str:
    told = [f"`{name}`" if name in KINDS else name for name in names]
    return ", ".join(told) or "*nothing yet*"


PAGES = {"duties.md": duties}
