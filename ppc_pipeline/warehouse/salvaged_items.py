r"""Files of entities that DuckDB does not take as they are, written anew item by item.

A lone surrogate in one name (half an emoji) is enough for DuckDB to read nothing of a file. Here such a file becomes an
array of as many ``{"item": ..., "wrong": ...}``: the item as Amazon sent it, and why it goes to quarantine if it does;
what no text can hold is spelled out in it (``\ud83d``). Not here: when it is done (``entities``), or report files
(``salvage``).
"""

import json
from collections.abc import Iterator
from pathlib import Path

from ppc_pipeline.warehouse.elements import documents, elements
from ppc_pipeline.warehouse.pieces import Unzipped
from ppc_pipeline.warehouse.salvage import as_json, escaped


def salvage_items(path: Path, items_key: str | None, *, export: bool, out: Path) -> None:
    """Write a file of entities anew.

    Args:
        path: The file.
        items_key: The key of the array in a page; None where the page is the array itself.
        export: Whether it is an export: one array, gzipped.
        out: Where to.

    Raises:
        ValueError: A part of it is no JSON.
        UnreadableFileError: It is not one whole gzip stream.
    """
    texts = (element.text for element in elements(Unzipped(path))) if export else _listed(path, items_key)
    with out.open("w", encoding="utf-8") as anew:
        anew.write("[")
        for number, text in enumerate(texts):
            item, strange = escaped(text)
            wrong = f"a text in it is not Unicode: {strange}" if strange else None
            anew.write(f'{"," if number else ""}\n{{"item": {item}, "wrong": {json.dumps(wrong)}}}')
        anew.write("]")


def _listed(path: Path, items_key: str | None) -> Iterator[str]:
    for page in documents(path.read_text(encoding="utf-8", errors="surrogateescape")):
        items = page if items_key is None else dict(page).get(items_key)
        yield from map(as_json, items or ())
