"""The life of a report: created, waited for, downloaded through a link, deleted.

Here: ``/reporting/reports`` and what a report is at a moment. Not here: what may be asked for (``queries``), the file
(``bodies``), or its download (``downloads``).
"""

import hashlib
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ppc_pipeline.sandbox.accounts import Profile
from ppc_pipeline.sandbox.auth import scope
from ppc_pipeline.sandbox.context import Sandbox, body_of, sandbox_of
from ppc_pipeline.sandbox.determinism import stable_random
from ppc_pipeline.sandbox.downloads import download_url, make_ahead, size_of
from ppc_pipeline.sandbox.errors import reporting_error
from ppc_pipeline.sandbox.faults import REPORTS, Fault
from ppc_pipeline.sandbox.misbehaving import identity_of
from ppc_pipeline.sandbox.queries import check_columns, check_offered, check_window, parse_request, query_of
from ppc_pipeline.sandbox.state import Report

PENDING, PROCESSING, COMPLETED, FAILED = "PENDING", "PROCESSING", "COMPLETED", "FAILED"
_FAILING = (Fault.FAILED_ONCE, Fault.FAILED_ALWAYS)
_MEDIA_TYPES = ("application/vnd.createasyncreportrequest.v3+json", "application/json")


def create(request: Request) -> Response:
    """Serve ``POST /reporting/reports``."""
    profile = scope(request)
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in _MEDIA_TYPES:
        raise reporting_error(415, "Unsupported Media Type")
    sandbox = sandbox_of(request)
    asked = parse_request(body_of(request))
    query = query_of(asked)
    check_offered(query, profile)
    name = f"{profile.profile_id} {query.report_type.name}"
    check_columns(query, lambda column: sandbox.is_hit(Fault.REFUSED_COLUMN, f"{name}:{column}"))
    check_window(query, sandbox.today(profile))
    report = _new_report(sandbox, profile, asked)
    if duplicate := sandbox.state.create_report(report):
        raise reporting_error(425, f"The Request is a duplicate of : {duplicate}")
    make_ahead(sandbox, report)
    return JSONResponse(_shown(request, report))


def status(request: Request) -> Response:
    """Serve ``GET /reporting/reports/{reportId}``."""
    return JSONResponse(_shown(request, _own_report(request)))


def delete(request: Request) -> Response:
    """Serve ``DELETE /reporting/reports/{reportId}``."""
    report = _own_report(request)
    sandbox_of(request).state.delete_report(report.report_id)
    return JSONResponse({"reportId": report.report_id, "code": "200", "detail": "Report deleted"})


def status_at(report: Report, moment: datetime) -> str:
    """Return a report's status: half of its time it is pending, then it is processed."""
    if moment >= report.ready_at:
        return FAILED if report.fault in _FAILING else COMPLETED
    return PENDING if moment < _processed_at(report) else PROCESSING


def _processed_at(report: Report) -> datetime:
    if report.fault == Fault.PENDING:
        return report.ready_at
    return report.created_at + (report.ready_at - report.created_at) / 2


def _new_report(sandbox: Sandbox, profile: Profile, asked: dict[str, Any]) -> Report:
    now = sandbox.clock().astimezone(UTC)
    created_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    report_id = str(uuid.uuid4())
    spread = sandbox.options.ready_spread
    seconds = sandbox.options.ready_seconds * stable_random("ready", report_id).uniform(1 - spread, 1 + spread)
    report = Report(
        report_id=report_id,
        account=profile.account,
        profile_id=profile.profile_id,
        fingerprint=_fingerprint(profile, asked),
        request=json.dumps(asked),
        created_at=created_at,
        ready_at=created_at + timedelta(milliseconds=round(seconds * 1000)),
    )
    return _with_fault(sandbox, report)


def _with_fault(sandbox: Sandbox, report: Report) -> Report:
    """Return a report with what goes wrong with it, which is settled when it is created."""
    plan = sandbox.faults.plan
    if not plan.has(REPORTS):
        return report
    fault = plan.on_report(identity_of(report), sandbox.state.report_count(report.fingerprint))
    if fault is Fault.PENDING:
        ready_at = report.created_at + timedelta(seconds=sandbox.options.pending_seconds)
        return replace(report, fault=fault, ready_at=ready_at)
    return replace(report, fault=fault) if fault else report


def _fingerprint(profile: Profile, asked: dict[str, Any]) -> str:
    """Return what duplicates have in common: everything but the name and the order of the columns."""
    configuration = {**asked["configuration"], "columns": sorted(asked["configuration"]["columns"])}
    compared = [profile.profile_id, asked["startDate"], asked["endDate"], configuration]
    return hashlib.sha256(json.dumps(compared, sort_keys=True).encode()).hexdigest()


def _own_report(request: Request) -> Report:
    profile = scope(request)
    report_id = request.path_params["report_id"]
    report = sandbox_of(request).state.report(report_id)
    if report is None or report.profile_id != profile.profile_id:
        raise reporting_error(404, f"Report with id {report_id} not found")
    return report


def _shown(request: Request, report: Report) -> dict[str, Any]:
    sandbox = sandbox_of(request)
    now = sandbox.clock()
    shown = status_at(report, now)
    done = shown == COMPLETED
    expires = now + timedelta(seconds=sandbox.options.url_seconds)
    updated = {PENDING: report.created_at, PROCESSING: _processed_at(report)}.get(shown, report.ready_at)
    return {
        **json.loads(report.request),
        "reportId": report.report_id,
        "status": shown,
        "createdAt": _stamp(report.created_at),
        "updatedAt": _stamp(updated),
        "generatedAt": _stamp(report.ready_at) if done else None,
        "fileSize": size_of(sandbox, report) if done else None,
        "failureReason": "Report generation failed due to an internal error" if shown == FAILED else None,
        "url": download_url(request, report.report_id, now) if done else None,
        "urlExpiresAt": _stamp(expires, "microseconds") if done else None,
    }


def _stamp(moment: datetime, precision: str = "milliseconds") -> str:
    return moment.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
