"""What Amazon does not have: the truth behind the reports, and what clients did, for checks.

Here: the endpoints below ``/_sandbox``. They need no token, and look profiles up in the base account and in every
account that has logged in.
"""

from datetime import date
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.amazon_ads import report_types
from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import ReportType, is_metric, kind_of
from ppc_pipeline.sandbox.accounts import Profile, account_of, profiles_of
from ppc_pipeline.sandbox.bodies import Query, daily_sums
from ppc_pipeline.sandbox.context import Sandbox, sandbox_of
from ppc_pipeline.sandbox.errors import ApiError, gateway_error
from ppc_pipeline.sandbox.grains import grain_of
from ppc_pipeline.sandbox.markets import Market
from ppc_pipeline.sandbox.options import SANDBOX_REFRESH_TOKEN
from ppc_pipeline.sandbox.sums import is_sum


def totals(request: Request) -> Response:
    """Serve ``GET /_sandbox/totals``: what a report created now would add up to.

    Query: ``profileId``, ``reportType`` (a declared name), ``startDate`` and ``endDate``; no limit on the range.
    """
    sandbox = sandbox_of(request)
    profile = _profile(sandbox, _parameter(request, "profileId"))
    report_type = report_types.REPORT_TYPES.get(_parameter(request, "reportType"))
    if report_type is None or grain_of(report_type) is None:
        raise _bad("reportType is not one that the sandbox serves")
    query = Query(report_type, report_type.columns, _date(request, "startDate"), _date(request, "endDate"))
    return JSONResponse(_totals(sandbox, profile, query))


def stats(request: Request) -> Response:
    """Serve ``GET /_sandbox/stats``: calls by kind, and how many reports there are."""
    state = sandbox_of(request).state
    counts = state.counts()
    return JSONResponse({"calls": counts, "reportsCreated": counts.get("create 2xx", 0)})


def known_profiles(request: Request) -> Response:
    """Serve ``GET /_sandbox/profiles``: every profile of every account known so far."""
    return JSONResponse(
        [
            {
                "profileId": profile.profile_id,
                "countryCode": profile.market.country,
                "currencyCode": profile.market.currency,
                "timezone": profile.market.timezone,
                "type": profile.kind,
                "account": profile.account,
                "refused": profile.refused,
            }
            for profile in _profiles(sandbox_of(request))
        ]
    )


def _totals(sandbox: Sandbox, profile: Profile, query: Query) -> dict[str, Any]:
    metrics = _metrics(query.report_type)
    sums, rows = dict.fromkeys(metrics, 0), 0
    for _, of_day in daily_sums(sandbox.world(profile), query, sandbox.clock(), sandbox.options.history_days):
        rows += len(of_day.groups)
        for metric in metrics:
            sums[metric] += int(np.sum(of_day.column(metric)))
    return {"rows": rows, "sums": {metric: _shown(profile.market, metric, total) for metric, total in sums.items()}}


def _metrics(report_type: ReportType) -> list[str]:
    return [column for column in report_type.columns if is_metric(column) and is_sum(column)]


def _shown(market: Market, metric: str, total: int) -> int | str:
    """Show an amount as an exact decimal, a count as an integer."""
    if kind_of(metric) is not Kind.MONEY:
        return total
    whole, part = divmod(total, market.minor)
    return f"{whole}.{part:0{market.exponent}}" if market.exponent else str(whole)


def _profiles(sandbox: Sandbox) -> list[Profile]:
    base = account_of(SANDBOX_REFRESH_TOKEN)
    accounts = dict.fromkeys([*([base] if base else []), *sandbox.state.accounts()])
    return [profile for account in accounts for profile in profiles_of(sandbox.options, account)]


def _profile(sandbox: Sandbox, asked: str) -> Profile:
    for profile in _profiles(sandbox):
        if str(profile.profile_id) == asked:
            return profile
    raise gateway_error(404, "NOT_FOUND", f"No profile {asked} in any account that has logged in")


def _parameter(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise _bad(f"{name} is missing")
    return value


def _date(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(_parameter(request, name))
    except ValueError:
        raise _bad(f"{name} is not a date") from None


def _bad(details: str) -> ApiError:
    return gateway_error(400, "BAD_REQUEST", details)
