"""Cutting a large report file into pieces, so that several can be read at once: a gzip stream is read by one thread.

Here: where a cut may be. Not here: reading the pieces (``stages``), which finds out when one is not JSON.
"""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

WORTH_CUTTING = 4 * 2**20
"""A file is cut when it is larger than this, zipped."""

PIECE_BYTES = 48 * 2**20
"""How long a piece is, unzipped, or a little longer."""

_READ_BYTES = 2**17

# The end of one row and the start of the next. It cannot stand inside a text of valid JSON: the quote would end the
# text, and no letter can follow that. Objects inside a row can look like it: then no piece is valid JSON.
_BETWEEN_ROWS = re.compile(rb'\}(\s*,)\s*\{\s*"[A-Za-z_]')


class UncutError(Exception):
    """A file cannot be cut, or a piece of it cannot be read: it is to be read as a whole, which tells what is wrong."""


def pieces_of(path: Path, folder: Path) -> Iterator[Path]:
    """Write the rows of a gzip file of a JSON array to files, each an array of its own, in their order.

    Yields:
        Each piece as soon as it is written. Whoever takes it removes it.

    Raises:
        UncutError: The file is not one whole gzip stream.
    """
    chunks = _unzipped(path)
    start, left, number = b"", b"", 0
    while True:
        piece = folder / f"{path.name}.{number:05}.json"
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


def _unzipped(path: Path) -> Iterator[bytes]:
    unzip = zlib.decompressobj(wbits=31)
    with path.open("rb") as zipped:
        try:
            while chunk := zipped.read(_READ_BYTES):
                yield unzip.decompress(chunk)
        except zlib.error as error:
            raise UncutError(str(error)) from None
    if not unzip.eof or unzip.unused_data:
        raise UncutError("it is not one whole gzip stream")
