"""``ppc demo``: the whole pipeline on the sandbox, from nothing to figures."""

import os
import time

import typer

from ppc_pipeline.cli.console import Bars, log_to_terminal, one_line_errors, out, print_table
from ppc_pipeline.cli.runs import not_over, settings_here, tools_of
from ppc_pipeline.cli.sync import sync_day, trailing_days
from ppc_pipeline.pipeline import completeness
from ppc_pipeline.settings import FILTER_SETTINGS, Settings, load_accounts, load_settings
from ppc_pipeline.warehouse.queries import profile_summary, top_keywords

_ACCOUNT_SETTINGS = (
    "AMAZON_ADS_CLIENT_ID",
    "AMAZON_ADS_CLIENT_SECRET",
    "AMAZON_ADS_REFRESH_TOKEN",
    "AMAZON_ADS_REGION",
    "AMAZON_ADS_API_URL",
    "AMAZON_ADS_TOKEN_URL",
    "PPC_ACCOUNTS_FILE",
    # The ids and countries of real profiles: the sandbox has others.
    *FILTER_SETTINGS.values(),
)


def demo() -> None:
    """Bring in three made-up profiles with 31 days of figures, and show what can be asked of them."""
    log_to_terminal()
    with one_line_errors():
        settings, ui = _sandbox_settings()
        tools = tools_of(settings)
        started = time.monotonic()
        with Bars() as bars:
            succeeded = sync_day(settings, tools, bars)
        seconds = time.monotonic() - started
        days = trailing_days(tools)
        with tools.warehouse.connect(read_only=True) as connection:
            summary = profile_summary(connection, days.start, days.end)
            keywords = top_keywords(connection, days.start, days.end, most=5)
        found = completeness(tools, settings.selected_report_types(), days)
    title = f"Spend, sales, ACoS and ROAS by profile and ad product, {days} (made-up figures)"
    print_table(title, summary.columns, summary.rows)
    for line in not_over(found):
        out.print(line, highlight=False, soft_wrap=True)
    print_table("Keywords and targets with the highest cost", keywords.columns, keywords.rows)
    out.print(f"\nBrought in and loaded in {seconds:.1f} s. The warehouse is {tools.warehouse.name}.", highlight=False)
    out.print(f"See it in the Dagster UI: [bold]{ui}[/bold], then open http://127.0.0.1:3000", highlight=False)
    if not succeeded:
        raise typer.Exit(1)


def _sandbox_settings() -> tuple[Settings, str]:
    """Return settings for the sandbox, beside the real data where an account is configured, and how to open the UI."""
    settings = settings_here()
    if not load_accounts(settings):
        elsewhere = os.environ.get("PPC_DATA_DIR")
        return settings, f"PPC_DATA_DIR={elsewhere} make dev" if elsewhere else "make dev"
    directory = settings.data_dir / "demo"
    overrides = {"PPC_DATA_DIR": str(directory), **dict.fromkeys(_ACCOUNT_SETTINGS, "")}
    os.environ.update(overrides)
    os.environ.pop("DAGSTER_HOME", None)
    given = " ".join(f"{name}={value}" for name, value in overrides.items())
    return load_settings(), f"{given} make dev"
