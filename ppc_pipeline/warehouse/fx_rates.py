"""Exchange rates: from a CSV file that the user keeps to the table ``fx_rates``.

Here: reading and checking the file, and replacing the table where it says something else. Not here: converting, which
the metric tables do (``sql/metrics/fx_rates_by_day.sql``).
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import duckdb

from ppc_pipeline.warehouse.connection import in_transaction
from ppc_pipeline.warehouse.staging import drop_temporary

COLUMNS = ("date", "from_currency", "to_currency", "rate")

_CURRENCY = re.compile(r"[A-Z]{3}")
_SMALLEST, _LARGEST = Decimal("0.0000000001"), Decimal(10) ** 8
"""What DECIMAL(18, 10) holds."""


class FxRatesError(Exception):
    """The file of exchange rates cannot be used: one line that names the file, and the row and column where it can."""


@dataclass(frozen=True, slots=True)
class FxRate:
    """What one unit of a currency was worth in another on one day."""

    date: date
    from_currency: str
    to_currency: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class FxRates:
    """The rates of a file that are used.

    Attributes:
        currency: What they convert to; None where there is no file.
        rates: The rates.
        left_out: Rows of the file that convert to other currencies.
    """

    currency: str | None
    rates: Sequence[FxRate]
    left_out: int


def read_fx_rates(path: Path | None, currency: str | None) -> FxRates:
    """Read a file of exchange rates.

    Args:
        path: The CSV file; None where the user has none.
        currency: What is converted to; None: the only currency that the file converts to.

    Raises:
        FxRatesError: The file cannot be read, a row is wrong, or nothing in it converts to the currency.
    """
    if path is None:
        return FxRates(None, (), 0)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = [*_rates(path, csv.DictReader(file))]
    except OSError as error:
        raise FxRatesError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise FxRatesError(f"{path} is not a CSV file in UTF-8: {error}") from None
    offered = sorted({rate.to_currency for rate in found})
    if currency is None and len(offered) > 1:
        raise FxRatesError(f"{path} converts to {', '.join(offered)}: say with PPC_CURRENCY which of them is wanted")
    wanted = currency or (offered[0] if offered else None)
    rates = [rate for rate in found if rate.to_currency == wanted]
    if not rates:
        raise FxRatesError(f"{path} has no rate to {wanted or 'any currency'}; it has {', '.join(offered) or 'no row'}")
    return FxRates(wanted, rates, len(found) - len(rates))


def _rates(path: Path, reader: "csv.DictReader[str]") -> Iterator[FxRate]:
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise FxRatesError(
            f"{path}: the first row names no column {', '.join(missing)}: it is to be {','.join(COLUMNS)}"
        )
    rows: dict[tuple[date, str, str], int] = {}
    for row in reader:
        where = f"{path}, row {reader.line_num}"
        _refuse_other_length(where, row, len(reader.fieldnames or ()))
        rate = _rate(where, row)
        key = (rate.date, rate.from_currency, rate.to_currency)
        if key in rows:
            raise FxRatesError(
                f"{where}: {rate.from_currency} to {rate.to_currency} of {rate.date} is in row {rows[key]} too"
            )
        rows[key] = reader.line_num
        yield rate


def _refuse_other_length(where: str, row: Mapping[str | None, object], named: int) -> None:
    """Refuse a row of more or fewer fields than the first names: what stands under a name may not be its value."""
    if None in row:  # where the reader puts the fields that have no name
        raise FxRatesError(
            f"{where}: it has more than the {named} fields that the first row names; "
            "a decimal comma makes two fields of a rate: write it with a point, such as 1.0834"
        )
    if missing := [str(name) for name, value in row.items() if value is None]:
        raise FxRatesError(
            f"{where}: it has fewer than the {named} fields that the first row names: none for {', '.join(missing)}"
        )


def _rate(where: str, row: Mapping[str, str | None]) -> FxRate:
    given = {name: (row[name] or "").strip() for name in COLUMNS}
    for name in ("from_currency", "to_currency"):
        if not _CURRENCY.fullmatch(given[name]):
            raise FxRatesError(f"{where}, column {name}: {given[name]!r} is not a currency, such as EUR")
    try:
        day = date.fromisoformat(given["date"])
    except ValueError:
        raise FxRatesError(f"{where}, column date: {given['date']!r} is not a date; it is written YYYY-MM-DD") from None
    try:
        rate = Decimal(given["rate"])
    except InvalidOperation:
        raise FxRatesError(f"{where}, column rate: {given['rate']!r} is not a number, such as 1.0834") from None
    if not (rate.is_finite() and _SMALLEST <= rate < _LARGEST):
        raise FxRatesError(f"{where}, column rate: {given['rate']!r} is not above 0 and below {_LARGEST:,}")
    return FxRate(day, given["from_currency"], given["to_currency"], rate)


def replace_fx_rates(connection: duckdb.DuckDBPyConnection, found: FxRates) -> bool:
    """Make ``fx_rates`` what a file says, in one transaction, and say whether it was something else.

    Args:
        connection: The warehouse, with no transaction open.
        found: What the file says.
    """
    drop_temporary(connection, "fx_staged")
    connection.execute(
        """
        CREATE TEMP TABLE fx_staged AS
        SELECT
            unnest(?::DATE[]) AS date, unnest(?::VARCHAR[]) AS from_currency, unnest(?::VARCHAR[]) AS to_currency,
            unnest(?::VARCHAR[])::DECIMAL(18, 10) AS rate
        """,
        [
            [rate.date for rate in found.rates],
            [rate.from_currency for rate in found.rates],
            [rate.to_currency for rate in found.rates],
            [f"{rate.rate:f}" for rate in found.rates],
        ],
    )
    difference = """
        SELECT 1 FROM (
            (FROM temp.fx_staged EXCEPT FROM fx_rates) UNION ALL (FROM fx_rates EXCEPT FROM temp.fx_staged)
        ) LIMIT 1
    """
    if connection.execute(difference).fetchone() is None:
        return False
    with in_transaction(connection):
        connection.execute("DELETE FROM fx_rates")
        connection.execute("INSERT INTO fx_rates FROM temp.fx_staged")
    return True
