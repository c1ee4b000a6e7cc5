"""What DuckDB alone takes for the same files: the least that a load can take, and what the pipeline is held against."""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from benchmarks.measure import Spent, spending
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.tables import ReportTable, quoted

_MAX_OBJECT_BYTES = 16 * 2**20


def bare_load(archive: Path, report_types: tuple[str, ...]) -> tuple[Spent, int]:
    """Read every raw file of some report types into equal empty tables of a new DuckDB file, a type a statement.

    Returns:
        What that took, and how many rows there are.
    """
    rows = 0
    with TemporaryDirectory(prefix="ppc-bench-") as directory:
        connection = duckdb.connect(str(Path(directory) / "bare.duckdb"))
        with spending() as spent:
            for name in report_types:
                table = REPORT_TABLES[name]
                connection.execute(_ddl(table))
                folder = table.name.removeprefix("report_")
                files = sorted(str(path) for path in (archive / folder).rglob("*.json.gz"))
                found = connection.execute(_insert(table), [files]).fetchone()
                rows += found[0] if found else 0
            connection.close()
    return spent, rows


def _ddl(table: ReportTable) -> str:
    return f"CREATE TABLE {quoted(table.name)} ({', '.join(f'{quoted(c.name)} {c.type}' for c in table.columns)})"


def _insert(table: ReportTable) -> str:
    keys = ", ".join(f"'{c.source}': '{c.type}'" for c in table.columns)
    return (
        f"INSERT INTO {quoted(table.name)} SELECT * FROM read_json(?, format = 'array', "
        f"maximum_object_size = {_MAX_OBJECT_BYTES}, columns = {{{keys}}})"
    )
