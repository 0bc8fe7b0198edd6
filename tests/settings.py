"""Django's settings for the tests: a data folder of their own, the database as the run asks."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = tempfile.mkdtemp(prefix="watchbill-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["WATCHBILL_DATA"] = _folder
Path(_folder, "secret-key").write_text("a key for tests only, of some length")
Path(_folder, "telemetry-token").write_text("token")

from watchbill.settings import *  # noqa: E402, F403
from watchbill.settings import DATABASES  # noqa: E402

if "sqlite" in DATABASES["default"]["ENGINE"]:
    # A file, as in production: threads and two connections behave as they will there.
    DATABASES["default"]["TEST"] = {"NAME": Path(_folder, "test.sqlite3")}
