"""What can be wrong with a query, worded as Loki words it."""

from watchbill.telemetry.promql.errors import line_and_column


class LogqlError(ValueError):
    """The text is not a query; `start` is the character that the message is about, from 0."""

    def __init__(self, message: str, text: str, start: int) -> None:
        super().__init__(message)
        self.message, self.start = message, start
        self.line, self.column = line_and_column(text, start)

    def __str__(self) -> str:
        return f"parse error at line {self.line}, col {self.column}: {self.message}"
