"""``ppc sandbox``: the stand-in for the Amazon Ads API, as a server of its own."""

from typing import Annotated

import typer

from ppc_pipeline.cli.console import err, out, refuse
from ppc_pipeline.cli.options import refuse_taken
from ppc_pipeline.sandbox import (
    SANDBOX_CLIENT_ID,
    SANDBOX_CLIENT_SECRET,
    SANDBOX_REFRESH_TOKEN,
    SandboxOptions,
    UnknownFaultError,
    rules_of,
    serve,
)

_FAULTS = (
    "What goes wrong on purpose: mild, hostile, rows, or faults by name (429,slow), each with a :rate and an "
    "@expression for whom it hits if you like. A name that is none lists them."
)

_LACKING = "This many profiles have no {}: the last of those that are not refused."


def sandbox(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8008,
    host: Annotated[str, typer.Option(help="Where to listen; only this machine by default.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Another seed is another world.")] = 1,
    profiles: Annotated[int, typer.Option(min=1, max=1000)] = 3,
    campaigns: Annotated[int, typer.Option(min=1, max=5000, help="For each profile.")] = 6,
    keywords: Annotated[int, typer.Option(min=1, max=5000, help="For each campaign.")] = 12,
    history_days: Annotated[int, typer.Option(min=1, max=2000, help="Days that have figures.")] = 400,
    ready_seconds: Annotated[float, typer.Option(min=0, help="How long a report takes.")] = 3.0,
    latency_seconds: Annotated[float, typer.Option(min=0, help="How long every call takes.")] = 0.0,
    refused_profiles: Annotated[
        int, typer.Option(min=0, help="This many profiles, the last ones, are listed but refused.")
    ] = 0,
    agency_profiles: Annotated[int, typer.Option(min=0, help="Further profiles, of agencies: no campaigns.")] = 0,
    without_brands: Annotated[int, typer.Option(min=0, help=_LACKING.format("Sponsored Brands"))] = 0,
    without_display: Annotated[int, typer.Option(min=0, help=_LACKING.format("Sponsored Display"))] = 0,
    without_television: Annotated[int, typer.Option(min=0, help=_LACKING.format("Sponsored TV"))] = 0,
    faults: Annotated[str, typer.Option(help=_FAULTS)] = "none",
) -> None:
    """Serve a made-up Amazon Ads API on this machine, until Ctrl-C."""
    options = SandboxOptions(
        seed=seed,
        profiles=profiles,
        campaigns=campaigns,
        keywords_per_campaign=keywords,
        history_days=history_days,
        ready_seconds=ready_seconds,
        latency_seconds=latency_seconds,
        refused_profiles=refused_profiles,
        agency_profiles=agency_profiles,
        without_brands=without_brands,
        without_display=without_display,
        without_television=without_television,
        faults=faults,
    )
    try:
        rules_of(faults)
    except UnknownFaultError as error:
        refuse(f"--faults: {error}")
    refuse_taken(host, port, "ppc sandbox --port {}")
    base = f"http://{host}:{port}"
    err.print("A made-up Amazon Ads API. To use it, set:", highlight=False)
    for name, value in (
        ("AMAZON_ADS_API_URL", base),
        ("AMAZON_ADS_TOKEN_URL", f"{base}/auth/o2/token"),
        ("AMAZON_ADS_CLIENT_ID", SANDBOX_CLIENT_ID),
        ("AMAZON_ADS_CLIENT_SECRET", SANDBOX_CLIENT_SECRET),
        ("AMAZON_ADS_REFRESH_TOKEN", f"'{SANDBOX_REFRESH_TOKEN}'"),
        ("AMAZON_ADS_REGION", "NA"),
    ):
        out.print(f"export {name}={value}", highlight=False, soft_wrap=True)
    err.print(f"Its own totals: {base}/_sandbox/totals, its counters: {base}/_sandbox/stats", highlight=False)
    serve(options, host=host, port=port)
