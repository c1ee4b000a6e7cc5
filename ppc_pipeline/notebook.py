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
from ppc_pipeline.warehouse.asking import QuestionError, unnamed_currencies
from ppc_pipeline.warehouse.asking import ask as ask_warehouse
from ppc_pipeline.warehouse.connection import Warehouse

__all__ = ["CurrencyWarning", "QuestionError", "ask"]


class CurrencyWarning(UserWarning):
    """An answer may have added amounts of several currencies: neither it nor the question tells them apart."""


def ask(
    sql: str, values: Mapping[str, Any] = MappingProxyType({}), *, warehouse: str | Path | None = None
) -> pd.DataFrame:
    """Return the answer to one SELECT as a frame; a warning says so where amounts of several currencies may be added.

    Counts and ids are integers, and amounts are floats, as pandas has no decimals: add them up in SQL, where they are
    exact.

    Args:
        sql: The question.
        values: What it is told: ``day`` is its ``$day``.
        warehouse: The DuckDB file; by default that of the settings, which are read as every command reads them.

    Raises:
        QuestionError: It is something else than one SELECT, or a wrong one, or there is nothing to ask yet.
        WarehouseBusyError: A load is writing, and went on for longer than ``PPC_WAREHOUSE_WAIT_SECONDS``.
        SettingsError: The settings are wrong.
    """
    opened = _warehouse(warehouse)
    if not (opened.exists and update(opened)):
        raise QuestionError(f"nothing is in the warehouse {opened.name} yet: `ppc sync` or `ppc demo` brings it in")
    with opened.connect(read_only=True) as connection:
        answer = ask_warehouse(connection, sql, values)
        if currencies := ", ".join(unnamed_currencies(connection, sql, answer)):
            said = f"there are amounts in {currencies}, and the answer has no currency_code: group by it"
            warnings.warn(said, CurrencyWarning, stacklevel=2)
        return answer.df()


def _warehouse(file: str | Path | None) -> Warehouse:
    if file is not None:
        return Warehouse(str(file))
    settings = load_settings()
    return Warehouse(settings.warehouse, settings.lake_path, settings.warehouse_wait_seconds)
