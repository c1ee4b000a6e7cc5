"""The raw archive: every report file as Amazon sent it, written whole or not at all, and checked before it counts.

Here: where a file stands, writing, checking, keeping bad bytes aside, deleting what is past its retention setting.
Not here: downloading (``amazon_ads.client``) or reading rows (``warehouse``).
"""

import asyncio
import contextlib
import os
import zlib
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import quote, unquote

from ppc_pipeline.amazon_ads.errors import MalformedResponseError
from ppc_pipeline.amazon_ads.fields import snake_case
from ppc_pipeline.reports.ledger import ReportRow

MAX_UNZIPPED_BYTES = 32 * 2**30
"""A file that unzips to more than this is not a report."""

LEFT_FOR = timedelta(days=1)
"""No download takes this long: what it would have replaced by then was left behind."""

_ASIDE = ".malformed"
_PART = ".part"
_CHUNK_BYTES = 2**20
_WHITESPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Deleted:
    """Files that were deleted: how many, and of how many bytes together."""

    files: int
    size: int


class Archive:
    """The raw files under one directory.

    Args:
        root: ``<data>/raw``; files stand in ``<report type>/<profile>/<start>_<end>/<report id>.json.gz``.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path_of(self, row: ReportRow) -> Path:
        """Return where a report's file stands."""
        kind = snake_case(row.report_type.replace(":", "_")).replace("__", "_")
        days = f"{row.start_date}_{row.end_date}"
        # Amazon's id is not ours to trust with a path.
        return self.root / kind / str(row.profile_id) / days / f"{quote(row.report_id or '', safe='')}.json.gz"

    def has(self, row: ReportRow) -> bool:
        """Say whether the file of a report that was archived is still there."""
        return self.has_path(row.raw_path)

    def has_path(self, raw_path: str | None) -> bool:
        """Say whether a file is there, by its path as ``store`` returned it."""
        return raw_path is not None and (self.root / raw_path).is_file()

    def kept(self, row: ReportRow) -> Path | None:
        """Return the file of a failed report if it is there and whole: in its place, or put aside as unreadable."""
        return next((path for path in self.files_of(row) if path.is_file() and _is_whole(path)), None)

    def files_of(self, row: ReportRow) -> list[Path]:
        """Return where the file of a report may stand: in its place, or put aside as unreadable."""
        if row.raw_path is not None:
            path = self.root / row.raw_path
            return [path, path.with_suffix(_ASIDE)]
        # The reason names the file that was put aside; what else lies there may belong to an older request.
        beside = sorted(self.path_of(row).parent.glob("*.json.*"))
        return [path for path in beside if path.with_suffix(_ASIDE).name in (row.reason or "")]

    def put_back(self, kept: Path) -> tuple[str, str]:
        """Put a file that was put aside back in its place.

        Returns:
            Amazon's id of its report, and its path below the archive's root.
        """
        path = kept.with_suffix(".gz")
        kept.replace(path)
        return unquote(path.name.removesuffix(".json.gz")), str(path.relative_to(self.root))

    async def store(self, row: ReportRow, chunks: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write a report's file whole, or keep its bad bytes aside.

        Returns:
            The path below the archive's root, and the file's size in bytes.

        Raises:
            MalformedResponseError: What came is not a whole gzip file of one JSON array; the message says where its
                bytes are kept.
        """
        path = self.path_of(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=_PART, delete=False) as file:
            part = Path(file.name)
            try:
                check = GzipJsonCheck()
                async for chunk in chunks:
                    file.write(chunk)
                    check.feed(chunk)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())  # a busy disk must not hold up the other reports
                problem = check.problem()
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        if problem:
            aside = path.with_suffix(_ASIDE)
            part.replace(aside)
            raise MalformedResponseError(
                f"the downloaded file is not a whole report: {problem}; its bytes are kept in {aside}",
                account=row.account,
                profile_id=row.profile_id,
            )
        part.replace(path)
        return str(path.relative_to(self.root)), path.stat().st_size

    def delete_older(self, days: int, now: datetime, needed: Collection[Path]) -> Deleted:
        """Delete files, those put aside too, that were written more than ``days`` ago.

        Args:
            days: How long files are kept.
            now: This moment.
            needed: Files of reports that are not loaded: they stay.
        """
        oldest = now - timedelta(days=days)
        files = (path for pattern in ("*.json.gz", f"*{_ASIDE}") for path in self.root.rglob(pattern))
        return delete_files((path for path in files if path not in needed), oldest)

    def delete_leftovers(self, now: datetime) -> Deleted:
        """Delete what downloads left behind that were killed a day ago or earlier, and directories empty as long."""
        oldest = now - LEFT_FOR
        deleted = delete_files(self.root.rglob(f".*{_PART}"), oldest)
        delete_empty(sorted((path for path in self.root.rglob("*") if path.is_dir()), reverse=True), oldest)
        return deleted


def delete_empty(folders: Iterable[Path], before: datetime) -> None:
    """Delete folders in which nothing is, and in which nothing was made or deleted since a moment."""
    for folder in folders:
        if folder.stat().st_mtime < before.timestamp():
            with contextlib.suppress(OSError):  # something is in it
                folder.rmdir()


def delete_files(files: Iterable[Path], before: datetime) -> Deleted:
    """Delete files that were last written before a moment; one that is gone already is none."""
    deleted = Deleted(0, 0)
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            if found.st_mtime < before.timestamp():
                path.unlink()
                deleted = Deleted(deleted.files + 1, deleted.size + found.st_size)
    return deleted


@dataclass(slots=True)
class GzipJsonCheck:
    """Watches the bytes of a gzip file go by and says whether they were one whole JSON array.

    It looks at the ends only (gzip's own checksum covers what is between them): rows are judged when they are loaded.
    """

    _unzip: "zlib._Decompress"
    _first: int | None
    _last: int | None
    _size: int
    _problem: str | None

    def __init__(self) -> None:
        self._unzip = zlib.decompressobj(wbits=31)
        self._first = self._last = self._problem = None
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if self._problem is not None:
            return
        try:
            self._see(self._unzip.decompress(chunk))
        except zlib.error as error:
            self._problem = f"gzip is broken ({error})"
            return
        if self._unzip.unused_data:
            self._problem = "there are bytes after the end of the gzip file"

    def problem(self) -> str | None:
        """Say what is wrong with everything seen so far, if anything is."""
        if self._problem is None and not self._unzip.eof:
            return "gzip ends too early"
        if self._problem is None and (self._first != ord("[") or self._last != ord("]")):
            return "the JSON in it is not one whole array"
        return self._problem

    def _see(self, text: bytes) -> None:
        self._size += len(text)
        if self._size > MAX_UNZIPPED_BYTES:
            self._problem = f"it unzips to more than {MAX_UNZIPPED_BYTES} bytes"
        stripped = text.strip(_WHITESPACE)
        if stripped:
            if self._first is None:
                self._first = stripped[0]
            self._last = stripped[-1]


def _is_whole(path: Path) -> bool:
    check = GzipJsonCheck()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            check.feed(chunk)
    return check.problem() is None
