"""The warehouse from a notebook: one question at a time, closed again at once, so that no load has to wait for it.

    from ppc_pipeline.notebook import ask
    ask("SELECT currency_code, sum(cost) AS cost FROM metrics_by_profile GROUP BY 1")

Not here: the same from the terminal (``ppc query``), or what may be asked (``warehouse.asking``).
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from ppc_pipeline.reports.loader import update
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.asking import Answer, QuestionError, currency_warning, refusing
from ppc_pipeline.warehouse.asking import ask as ask_warehouse
from ppc_pipeline.warehouse.connection import Warehouse, ended_by_ctrl_c

__all__ = ["CurrencyWarning", "QuestionError", "ask"]

_EXACT = 2**53
"""Below it a float is the very integer."""


class CurrencyWarning(UserWarning):
    """A question may have taken amounts of several currencies together: it does not tell them apart."""


def ask(
    sql: str, values: Mapping[str, Any] = MappingProxyType({}), *, warehouse: str | Path | None = None
) -> pd.DataFrame:
    """Return the answer to one SELECT as a frame; a warning says so where amounts of several currencies may be added.

    Ids, counts and sums of counts are integers, with NULL as ``<NA>``; only a sum with a value of 2^53 or more is of
    floats. Amounts and rates are floats, as pandas has no decimals: the nearest to the exact amount, about 15 digits.
    Add and compare them in SQL, where they are exact, or ask for text: ``cost::VARCHAR``.

    Args:
        sql: The question.
        values: What it is told: ``day`` is its ``$day``.
        warehouse: The DuckDB file; by default that of the settings, which are read as every command reads them.

    Raises:
        QuestionError: It is something else than one SELECT, or a wrong one, or asks for a value that is not among
            ``values``, or a value of it cannot be read, or there is nothing to ask yet.
        WarehouseBusyError: A load is writing, and went on for longer than ``PPC_WAREHOUSE_WAIT_SECONDS``.
        SettingsError: The settings are wrong.
    """
    opened = _warehouse(warehouse)
    if not (opened.exists and update(opened)):
        raise QuestionError(f"nothing is in the warehouse {opened.name} yet: `ppc sync` or `ppc demo` brings it in")
    with opened.connect(read_only=True) as connection, ended_by_ctrl_c(connection), refusing():
        answer = ask_warehouse(connection, sql, values)
        if warning := currency_warning(connection, sql):
            warnings.warn(warning, CurrencyWarning, stacklevel=2)
        return _frame(answer)  # which is when it is worked out


def _frame(answer: Answer) -> pd.DataFrame:
    """Return an answer as a frame; sums of counts, which are of 128 bits in DuckDB, as integers that pandas has."""
    types = list(answer.types)
    frame = answer.df()
    for number, type_ in enumerate(types):
        column = frame.iloc[:, number]
        if type_ == "HUGEINT" and not column.abs().ge(_EXACT).any():
            frame.isetitem(number, column.astype("Int64").array)
    return frame


def _warehouse(file: str | Path | None) -> Warehouse:
    if file is not None:
        return Warehouse(str(file))
    settings = load_settings()
    return Warehouse(settings.warehouse, settings.lake_path, settings.warehouse_wait_seconds)
