"""SQLite, with writers that wait for each other evenly.

SQLite's own waiting sleeps longer with every try, up to 100 ms: under load whoever has just come
gets in, and whoever waits long goes on waiting, for seconds. Here everybody who begins a
transaction looks again every few milliseconds, however long they have waited.
"""

import random
import time

from django.db import OperationalError
from django.db.backends.sqlite3 import base

LOOK_AGAIN = (0.001, 0.003)  # seconds, spread so that nobody is always second
PATIENCE = 5.0  # seconds, where OPTIONS name no `timeout`


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, but for how a transaction begins."""

    def _start_transaction_under_autocommit(self) -> None:
        """BEGIN IMMEDIATE; raises OperationalError when others write for longer than `timeout`."""
        patience = float(self.settings_dict["OPTIONS"].get("timeout", PATIENCE))
        until = time.monotonic() + patience
        self.connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._begun(last_try=time.monotonic() > until):
                time.sleep(random.uniform(*LOOK_AGAIN))  # noqa: S311 - guards nothing
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {int(patience * 1000)}")

    def _begun(self, *, last_try: bool) -> bool:
        try:
            with self.wrap_database_errors:
                self.connection.execute("BEGIN IMMEDIATE")
        except OperationalError as error:
            if last_try or "locked" not in str(error):
                raise
            return False
        return True
