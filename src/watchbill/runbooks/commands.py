"""The allow-list: which commands runbooks may run, and how. A file of the operator, read anew.

commands:
  restart-payments:
    argv: [/usr/local/bin/restart, payments]
    timeout: 30s
    env: {REGION: eu}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from watchbill.runbooks.parse import seconds

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
_KEYS = ("argv", "timeout", "env")
LONGEST = 3600.0  # seconds


class NotAllowed(Exception):
    """The command is not in the allow-list, or the list cannot be read; the message says which."""


@dataclass(frozen=True)
class Allowed:
    """A command as the operator wrote it: absolute path and first arguments, seconds, variables."""

    name: str
    argv: tuple[str, ...]
    timeout: float = 30.0
    env: Mapping[str, str] = field(default_factory=dict)


def allowed(name: str) -> Allowed:
    """The entry called `name`. Raises NotAllowed."""
    file: Path = settings.COMMANDS
    commands = read(file)
    if name not in commands:
        raise NotAllowed(f"{name!r} is not in the allow-list {file}")
    return commands[name]


def read(file: Path) -> dict[str, Allowed]:
    """Every entry of the file. Raises NotAllowed naming file and line when one is wrong."""
    try:
        text = file.read_text()
        said = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (makes strings only)
    except FileNotFoundError:
        raise NotAllowed(f"there is no allow-list {file}: no command may be run") from None
    except (OSError, UnicodeDecodeError) as error:
        raise NotAllowed(f"the allow-list {file} cannot be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NotAllowed(f"{file}, line {line}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise NotAllowed(f"{file} is not YAML: {error}") from None
    commands = said.get("commands") if isinstance(said, dict) else None
    if not isinstance(commands, dict) or set(said) != {"commands"}:
        raise NotAllowed(f"{file}: it has one key, `commands:`, with a name for each command")
    return {name: _entry(file, str(name), entry) for name, entry in commands.items()}


def _entry(file: Path, name: str, entry: Any) -> Allowed:
    def wrong(what: str) -> NotAllowed:
        return NotAllowed(f"{file}: command {name!r}: {what}")

    if not _NAME.fullmatch(name):
        raise wrong("a name has letters, digits, '.', '_' and '-'")
    if not isinstance(entry, dict) or not set(entry) <= set(_KEYS) or "argv" not in entry:
        raise wrong("it has argv, and if you like timeout and env")
    argv, env = entry["argv"], entry.get("env", {})
    if not isinstance(argv, list) or not argv or not all(isinstance(a, str) and a for a in argv):
        raise wrong("argv is a list of words")
    if not argv[0].startswith("/"):
        raise wrong("argv begins with an absolute path")
    timeout = seconds(str(entry.get("timeout", "30s")))
    if timeout is None or not 0 < timeout <= LONGEST:
        raise wrong("timeout is a length such as 30s, at most 1h")
    if not isinstance(env, dict) or not all(isinstance(value, str) for value in env.values()):
        raise wrong("env is a list of `NAME: value` lines")
    return Allowed(name, tuple(argv), timeout, env)
