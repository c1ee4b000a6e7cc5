"""What Amazon does not have: the truth behind the reports, and what clients did, for checks.

Here: the endpoints below ``/_sandbox``. They need no token, and look profiles up in the base account and in every
account that has logged in.
"""

import gzip
import json
from datetime import date, datetime
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.amazon_ads import report_types
from ppc_pipeline.amazon_ads.fields import Kind
from ppc_pipeline.amazon_ads.report_types import ReportType, is_metric, kind_of
from ppc_pipeline.sandbox.accounts import Profile, account_of, profiles_of
from ppc_pipeline.sandbox.bodies import Query, daily_sums
from ppc_pipeline.sandbox.context import Sandbox, body_of, sandbox_of
from ppc_pipeline.sandbox.downloads import file_of
from ppc_pipeline.sandbox.errors import ApiError, gateway_error
from ppc_pipeline.sandbox.faults import CREATING, Plan, UnknownFaultError, rules_of
from ppc_pipeline.sandbox.grains import grain_of
from ppc_pipeline.sandbox.markets import Market
from ppc_pipeline.sandbox.options import SANDBOX_REFRESH_TOKEN
from ppc_pipeline.sandbox.queries import query_of
from ppc_pipeline.sandbox.reports import COMPLETED, status_at
from ppc_pipeline.sandbox.spoiling import spoiled_on
from ppc_pipeline.sandbox.state import Report
from ppc_pipeline.sandbox.sums import is_sum


def totals(request: Request) -> Response:
    """Serve ``GET /_sandbox/totals``: what a report created now would add up to.

    Query: ``profileId``, ``reportType`` (a declared name), ``startDate`` and ``endDate``; no limit on the range.
    ``rows`` and ``sums`` are of the good rows; ``rejectedRows`` is how many spoiled ones are served beside them.
    """
    sandbox = sandbox_of(request)
    profile = _profile(sandbox, _parameter(request, "profileId"))
    report_type = report_types.REPORT_TYPES.get(_parameter(request, "reportType"))
    if report_type is None or grain_of(report_type) is None:
        raise _bad("reportType is not one that the sandbox serves")
    query = Query(report_type, report_type.columns, _date(request, "startDate"), _date(request, "endDate"))
    return JSONResponse(_totals(sandbox, profile, query, sandbox.clock()))


def stats(request: Request) -> Response:
    """Serve ``GET /_sandbox/stats``: calls by kind, and how many reports there are."""
    state = sandbox_of(request).state
    counts, faults = state.counts(), state.fault_counts()
    created = counts.get("create 2xx", 0) + sum(faults.get(fault, 0) for fault in CREATING)
    return JSONResponse({"calls": counts, "reportsCreated": created, "faults": faults})


def faults(request: Request) -> Response:
    """Serve ``GET`` and ``POST /_sandbox/faults``: what goes wrong in this process, and from now on something else.

    The body of a POST is a text such as ``hostile``, or ``none``. Attempts of calls are counted anew.
    """
    sandbox = sandbox_of(request)
    if request.method == "POST":
        try:
            rules = rules_of(body_of(request).decode("utf-8", "replace"))
        except UnknownFaultError as error:
            raise _bad(str(error)) from None
        sandbox.state.forget_attempts()
        sandbox.faults.plan = Plan(sandbox.options.seed, rules)
    return JSONResponse(
        [{"fault": rule.fault, "rate": rule.rate, "match": rule.match} for rule in sandbox.faults.plan.rules]
    )


def known_reports(request: Request) -> Response:
    """Serve ``GET /_sandbox/reports``: every report, what is wrong with it, and what is in its file.

    ``rows``, ``rejectedRows`` and ``sums`` are as of the moment it was created; of a report that was asked for with
    fewer columns, filters or as a summary they say more than its file.
    """
    sandbox = sandbox_of(request)
    return JSONResponse([_shown_report(sandbox, report) for report in sandbox.state.reports()])


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
                "lacks": list(profile.lacks),
            }
            for profile in _profiles(sandbox_of(request))
        ]
    )


def _totals(sandbox: Sandbox, profile: Profile, query: Query, as_of: datetime) -> dict[str, Any]:
    metrics = _metrics(query.report_type)
    sums, rows, rejected = dict.fromkeys(metrics, 0), 0, 0
    name, plan = query.report_type.name, sandbox.faults.plan
    for day, of_day in daily_sums(
        sandbox.world(profile, query.report_type.ad_product), query, as_of, sandbox.options.history_days
    ):
        rows += len(of_day.groups)
        rejected += sum(map(len, spoiled_on(plan, profile.profile_id, name, day, len(of_day.groups)).values()))
        for metric in metrics:
            sums[metric] += int(np.sum(of_day.column(metric)))
    shown = {metric: _shown(profile.market, metric, total) for metric, total in sums.items()}
    return {"rows": rows, "rejectedRows": rejected, "sums": shown}


def _shown_report(sandbox: Sandbox, report: Report) -> dict[str, Any]:
    query, status = query_of(json.loads(report.request)), status_at(report, sandbox.clock())
    file = gzip.decompress(file_of(sandbox, report)) if status == COMPLETED else None
    truth = _totals(sandbox, _profile(sandbox, str(report.profile_id)), query, report.created_at)
    return {
        **truth,
        "reportId": report.report_id,
        "profileId": report.profile_id,
        "reportType": query.report_type.name,
        "startDate": str(query.start),
        "endDate": str(query.end),
        "status": status,
        "fault": report.fault or None,
        "rowsInFile": None if file is None else len(json.loads(file)),
    }


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
