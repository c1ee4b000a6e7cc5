"""Unzipping report files with their checksum, and cutting large ones: a gzip stream is read by one thread.

Here: whole streams, and where a cut may be. Not here: reading the pieces (``stages``), which finds out when one is not
JSON.
"""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from ppc_pipeline.warehouse.report_files import UnreadableFileError

WORTH_CUTTING = 4 * 2**20
"""A file is cut when it is larger than this, zipped."""

PIECE_BYTES = 48 * 2**20
"""How long a piece is, unzipped, or a little longer."""

_READ_BYTES = 2**17

# The end of one row and the start of the next. It cannot stand inside a text of valid JSON: the quote would end the
# text, and no letter can follow that. Objects inside a row can look like it: then no piece is valid JSON.
_BETWEEN_ROWS = re.compile(rb'\}(\s*,)\s*\{\s*"[A-Za-z_]')


class UncutError(Exception):
    """A piece of a file, or one of several files, cannot be read: each is to be read whole and alone, to learn why."""


class Unzipped:
    """The text of a gzip file, in chunks: DuckDB reads gzip too, but never looks at its checksum.

    Attributes:
        braces: How many ``{`` went by, which is how many rows there are as long as none stands in a text or a row.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.braces = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the text.

        Raises:
            UnreadableFileError: The file is not one whole gzip stream.
        """
        unzip = zlib.decompressobj(wbits=31)
        self.braces = 0
        with self._path.open("rb") as zipped:
            try:
                while zipped_chunk := zipped.read(_READ_BYTES):
                    chunk = unzip.decompress(zipped_chunk)
                    self.braces += chunk.count(b"{")
                    yield chunk
            except zlib.error as error:
                raise UnreadableFileError(f"gzip is broken ({error})") from None
        if not unzip.eof:
            raise UnreadableFileError("gzip ends too early")
        if unzip.unused_data:
            raise UnreadableFileError("there are bytes after the end of the gzip file")

    def check(self) -> None:
        """Read it all, for its checksum.

        Raises:
            UnreadableFileError: The file is not one whole gzip stream.
        """
        for _ in self:
            pass


def pieces_of(file: Unzipped, name: str, folder: Path) -> Iterator[Path]:
    """Write the rows of a gzip file of a JSON array to files, each an array of its own, in their order.

    Yields:
        Each piece as soon as it is written. Whoever takes it removes it.

    Raises:
        UnreadableFileError: The file is not one whole gzip stream.
    """
    chunks = iter(file)
    start, left, number = b"", b"", 0
    while True:
        piece = folder / f"{name}.{number:05}.json"
        rest = _write_piece(piece, start, left, chunks)
        yield piece
        if rest is None:
            return
        start, left, number = b"[", rest, number + 1


def _write_piece(piece: Path, start: bytes, left: bytes, chunks: Iterator[bytes]) -> bytes | None:
    """Write one piece; return what was unzipped beyond its end, or None at the end of the file."""
    with piece.open("wb") as out:
        out.write(start)
        out.write(left)
        for chunk in chunks:
            cut = _BETWEEN_ROWS.search(chunk) if out.tell() >= PIECE_BYTES else None
            if cut is None:
                out.write(chunk)
                continue
            out.write(memoryview(chunk)[: cut.start(1)])
            out.write(b"]")
            return chunk[cut.end(1) :]
    return None
