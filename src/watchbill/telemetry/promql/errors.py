"""What can go wrong with a query, worded as Prometheus words it."""


class PromqlError(Exception):
    """Any failure of a query; `str` of it is fit to be shown to the person who asked."""


class ParseError(PromqlError):
    """The text is not a valid query. `start` and `end` are character offsets into it."""

    def __init__(self, message: str, text: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(end, start)
        self.line, self.column = line_and_column(text, start)

    @property
    def position(self) -> tuple[int, int]:
        """The characters `[start, end)` that the message is about."""
        return self.start, self.end

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: parse error: {self.message}"


class UnsuitableError(ParseError):
    """A valid query, but of a type that cannot be asked for in this way."""

    def __str__(self) -> str:
        return self.message


class EvalError(PromqlError):
    """The query is valid, but cannot be answered."""


class TooManySamplesError(EvalError):
    """The query would hold more samples than the limit allows."""

    def __init__(self) -> None:
        super().__init__(
            "query processing would load too many samples into memory in query execution"
        )


class QueryTimeoutError(EvalError):
    """The deadline passed."""

    def __init__(self) -> None:
        super().__init__("query timed out in expression evaluation")


class QueryCanceledError(EvalError):
    """Whoever asked went away."""

    def __init__(self) -> None:
        super().__init__("query was canceled in expression evaluation")


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both counted from 1."""
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1
