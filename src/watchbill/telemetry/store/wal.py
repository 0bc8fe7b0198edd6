"""The write-ahead log: records appended to numbered segment files before anything is acknowledged.

A record is `length u32 | crc32 u32 | kind u8 | payload`, little endian; the sum covers kind and
payload. A write survives the death of this process at once and the death of the machine after
`SYNC_SECONDS`. A segment may end in a torn record: what is whole before it counts.
"""

import errno
import logging
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger(__name__)

SYNC_SECONDS = 0.2
_HEADER = struct.Struct("<IIB")


class LogFullError(Exception):
    """The record could not be written (disk full, quota, I/O error): nothing was taken."""


@dataclass
class ReplayReport:
    """What was found in the log at start."""

    segments: int = 0
    records: int = 0
    bytes: int = 0
    samples: int = 0
    seconds: float = 0.0
    torn: list[str] = field(default_factory=list)


class Wal:
    """The log in one folder. Safe for threads. `start` begins the flushing to disk."""

    def __init__(self, folder: Path, segment_bytes: int = 32 << 20, after: int = 0) -> None:
        """`after`: a segment number that was used up; new ones are higher."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._sizes = {int(path.stem): path.stat().st_size for path in folder.glob("*.wal")}
        self._lock = threading.Lock()
        self._fd = -1
        self._dirty = False
        self._stopping = threading.Event()
        self._syncer = threading.Thread(target=self._sync_often, name="wal-sync", daemon=True)
        self.segment = max([after, *self._sizes])
        self.full: str | None = None

    def replay(self, report: ReplayReport) -> Iterator[tuple[int, int, bytes]]:
        """Every whole record as `(segment, kind, payload)`; torn ends go into the report."""
        for segment in sorted(self._sizes):
            data = self._path(segment).read_bytes()
            report.segments += 1
            report.bytes += len(data)
            at = 0
            while at + _HEADER.size <= len(data):
                length, check, kind = _HEADER.unpack_from(data, at)
                end = at + _HEADER.size + length
                payload = data[at + _HEADER.size : end]
                if end > len(data) or _sum(kind, payload) != check:
                    break
                report.records += 1
                yield segment, kind, payload
                at = end
            if at < len(data):
                lost = len(data) - at
                torn = f"{self._path(segment).name}: {lost} bytes after byte {at} unreadable"
                report.torn.append(torn)
                log.warning("write-ahead log: %s; the records before it are whole", torn)

    def start(self) -> None:
        """Open a fresh segment and flush it to disk every `SYNC_SECONDS` from now on."""
        with self._lock:
            self._open_next()
        self._syncer.start()

    def append(self, kind: int, payload: bytes) -> int:
        """Write one record; returns its segment. Raises `LogFullError` with nothing written."""
        record = _HEADER.pack(len(payload), _sum(kind, payload), kind) + payload
        with self._lock:
            try:
                if self._fd < 0 or self._sizes[self.segment] >= self._segment_bytes:
                    self._open_next()
                self._write(record)
            except OSError as error:
                self.full = error.strerror
                raise LogFullError(f"write-ahead log: {error.strerror}") from error
            self.full = None
            self._sizes[self.segment] += len(record)
            self._dirty = True
            return self.segment

    def _write(self, record: bytes) -> None:
        try:
            written = os.write(self._fd, record)
            if written < len(record):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            try:
                os.ftruncate(self._fd, self._sizes[self.segment])
            except OSError:  # the torn record stays: nothing may follow it in this segment
                os.close(self._fd)
                self._fd = -1
            raise

    def _open_next(self) -> None:
        following = self.segment + 1
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._path(following), flags, 0o600)
        if self._fd >= 0:
            os.fdatasync(self._fd)
            os.close(self._fd)
        self._fd, self.segment = fd, following
        self._sizes[following] = 0
        self._sync_folder()

    def rotate(self) -> int:
        """Begin a new segment; returns the number of the one that is now complete."""
        with self._lock:
            complete = self.segment
            if self._sizes.get(complete):
                self._open_next()
                return complete
            return complete - 1

    def remove(self, segment: int) -> None:
        """Delete a complete segment whose contents are safe elsewhere."""
        with self._lock:
            if segment != self.segment and self._sizes.pop(segment, None) is not None:
                self._path(segment).unlink(missing_ok=True)

    def segments(self) -> list[int]:
        """Numbers of the complete segments, oldest first."""
        with self._lock:
            return sorted(set(self._sizes) - {self.segment})

    def nbytes(self) -> int:
        """Bytes in all segments."""
        with self._lock:
            return sum(self._sizes.values())

    def sync(self) -> None:
        """Flush to disk what was appended so far."""
        with self._lock:
            if not self._dirty or self._fd < 0:
                return
            self._dirty = False
            fd = os.dup(self._fd)
        try:
            os.fdatasync(fd)
        except OSError as error:
            self.full = error.strerror
            self._dirty = True
            log.error("write-ahead log: flushing to disk failed: %s", error.strerror)
        finally:
            os.close(fd)

    def close(self) -> None:
        """Flush and close."""
        self._stopping.set()
        if self._syncer.is_alive():
            self._syncer.join()
        self.sync()
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def _sync_often(self) -> None:
        while not self._stopping.wait(SYNC_SECONDS):
            self.sync()

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _path(self, segment: int) -> Path:
        return self._folder / f"{segment:010d}.wal"


def _sum(kind: int, payload: bytes) -> int:
    return zlib.crc32(payload, kind)
