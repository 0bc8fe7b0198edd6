"""The allow-list is read anew each time and refused with its file and line."""

from pathlib import Path

import pytest

from watchbill.runbooks.commands import Allowed, NotAllowed, read


def test_an_entry(tmp_path: Path) -> None:
    file = tmp_path / "commands.yml"
    file.write_text("commands:\n  say: {argv: [/bin/echo, 1], timeout: 2m, env: {A: b}}\n")
    assert read(file) == {"say": Allowed("say", ("/bin/echo", "1"), 120.0, {"A": "b"})}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "one key"),
        ("- say", "one key"),
        ("commands: {}\nother: {}", "one key"),
        ("commands:\n  say: [", "line 2"),
        ("commands:\n  say: {}", "'say': it has argv"),
        ("commands:\n  say: {argv: echo}", "argv is a list"),
        ("commands:\n  say: {argv: []}", "argv is a list"),
        ("commands:\n  say: {argv: [echo]}", "absolute path"),
        ("commands:\n  say: {argv: [/bin/echo], timeout: soon}", "timeout is a length"),
        ("commands:\n  say: {argv: [/bin/echo], timeout: 2h}", "timeout is a length"),
        ("commands:\n  say: {argv: [/bin/echo], env: x}", "env is a list"),
        ("commands:\n  say: {argv: [/bin/echo], shell: yes}", "it has argv"),
        ("commands:\n  -x: {argv: [/bin/echo]}", "a name has letters"),
    ],
)
def test_a_bad_list_is_refused(tmp_path: Path, text: str, what: str) -> None:
    file = tmp_path / "commands.yml"
    file.write_text(text)
    with pytest.raises(NotAllowed) as caught:
        read(file)
    assert what in str(caught.value)
    assert "commands.yml" in str(caught.value)


def test_no_list_allows_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotAllowed, match="no command may be run"):
        read(tmp_path / "commands.yml")
