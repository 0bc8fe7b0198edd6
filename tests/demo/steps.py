"""Just enough reading of runbooks to check the example's and to walk them."""

import re
from dataclasses import dataclass
from typing import Any

import yaml

KINDS = {"confirm", "value", "promql", "command", "http"}
_STEP = re.compile(
    r"^## (?P<title>.+?)\n(?P<prose>.*?)^```(?P<info>[^\n]+)\n(?P<text>.*?)^```", re.M | re.S
)


@dataclass
class Step:
    """One step: `kind` and `more` are the words after the fence, `text` is what the fence holds."""

    title: str
    kind: str
    more: str
    text: str

    @property
    def expression(self) -> str:
        return re.sub(r"^within:.*\n", "", self.text).strip()

    @property
    def within(self) -> float:
        """Seconds that the check may take to come true."""
        match = re.match(r"within: (\d+)([sm])\n", self.text)
        return float(match[1]) * {"s": 1, "m": 60}[match[2]] if match else 10.0


def read(text: str) -> tuple[dict[str, Any], list[Step]]:
    """The front matter and the steps of a runbook."""
    _, head, body = text.split("---\n", 2)
    assert body.count("\n## ") == body.count("\n```") / 2, "each step has one fenced block"
    steps = []
    for match in _STEP.finditer(body):
        kind, _, more = match["info"].partition(" ")
        steps.append(Step(match["title"], kind, more, match["text"]))
    assert len(steps) == body.count("\n## ")
    return yaml.safe_load(head), steps
