"""What is wrong with a text that somebody wrote, line by line. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """What is wrong on which line (from 1), and what would help."""

    line: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class Unreadable(ValueError):
    """The text is not what it should be; `problems` lists everything that was found, by line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: p.line)
        super().__init__("\n".join(str(problem) for problem in self.problems))
