"""A worker in a process of its own that sends by a channel and never lives to say so.

Run by `test_killed.py`, with the database's settings as JSON.
"""

import json
import os
import sys
import time
from typing import Any

import django
from django.conf import settings


def run(database: dict[str, Any], sent: str) -> None:
    """Deliver; the channel notes each message in the file `sent`, then hangs."""
    settings.DATABASES["default"].update(database)
    django.setup()
    from watchbill.lib import clock
    from watchbill.paging.channels.base import Message
    from watchbill.paging.channels.memory import Memory
    from watchbill.paging.deliver import Outbox

    def note(message: Message) -> None:
        with open(sent, "a") as file:
            file.write(json.dumps([message.key, message.repeat]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        time.sleep(60)

    channel = Memory(note)
    box = Outbox("email", lambda: channel)
    while True:
        box.tick(clock.now())
        time.sleep(0.05)


if __name__ == "__main__":
    run(json.loads(sys.argv[1]), sys.argv[2])
