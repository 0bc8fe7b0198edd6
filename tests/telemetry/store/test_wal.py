"""The log: whole records come back, torn and damaged ends are told, a full disk takes nothing."""

import os
from pathlib import Path

import pytest

from watchbill.telemetry.store.wal import LogFullError, ReplayReport, Wal


def written(folder: Path, *payloads: bytes, segment_bytes: int = 1 << 20) -> Wal:
    wal = Wal(folder, segment_bytes)
    wal.start()
    for payload in payloads:
        wal.append(7, payload)
    wal.close()
    return wal


def replayed(folder: Path) -> tuple[list[bytes], ReplayReport]:
    report = ReplayReport()
    return [payload for _, _, payload in Wal(folder).replay(report)], report


def test_records_come_back_in_order_over_segments(tmp_path: Path) -> None:
    payloads = [b"%d" % number * 50 for number in range(100)]
    written(tmp_path, *payloads, segment_bytes=500)
    assert len(list(tmp_path.iterdir())) > 5
    found, report = replayed(tmp_path)
    assert found == payloads
    assert report.torn == []


@pytest.mark.parametrize("cut", range(1, 19))
def test_a_torn_end_costs_only_the_torn_record(tmp_path: Path, cut: int) -> None:
    written(tmp_path, b"first", b"0123456789")  # the last record takes 19 bytes
    (segment,) = tmp_path.iterdir()
    os.truncate(segment, segment.stat().st_size - cut)
    found, report = replayed(tmp_path)
    assert found == [b"first"]
    assert len(report.torn) == 1
    assert f"{19 - cut} bytes" in report.torn[0]


def test_a_flipped_bit_is_noticed_and_later_segments_still_count(tmp_path: Path) -> None:
    written(tmp_path, b"a", b"b")
    (segment,) = tmp_path.iterdir()
    damaged = bytearray(segment.read_bytes())
    damaged[-1] ^= 1
    segment.write_bytes(damaged)
    written(tmp_path, b"c")
    found, report = replayed(tmp_path)
    assert found == [b"a", b"c"]
    assert len(report.torn) == 1


def test_numbers_never_come_again(tmp_path: Path) -> None:
    wal = written(tmp_path, b"a")
    for path in tmp_path.iterdir():
        path.unlink()
    again = Wal(tmp_path, after=wal.segment)
    again.start()
    assert again.append(1, b"x") == wal.segment + 1
    again.close()


def test_a_full_disk_takes_nothing_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wal = Wal(tmp_path)
    wal.start()
    wal.append(1, b"before")
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[: len(data) // 2]))
    with pytest.raises(LogFullError, match="No space left"):
        wal.append(1, b"does not fit")
    assert wal.full
    monkeypatch.undo()
    wal.append(1, b"after")
    assert wal.full is None
    wal.close()
    found, report = replayed(tmp_path)
    assert found == [b"before", b"after"]
    assert report.torn == []
