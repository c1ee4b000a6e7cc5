"""Files and the links to them: the part of the sandbox that stands for Amazon's object storage.

Here: links that are signed and expire, files made when somebody wants them, a few of them kept at hand, and the files
of reports. Not here: what is in them (``bodies``), or the files of exports (``exports``). Storage knows no tokens: a
link is all it takes, and headers of the API are refused.
"""

import json
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from functools import partial
from queue import SimpleQueue
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ppc_pipeline.sandbox.bodies import report_body
from ppc_pipeline.sandbox.context import Sandbox, sandbox_of
from ppc_pipeline.sandbox.errors import ApiError, storage_error
from ppc_pipeline.sandbox.faults import Fault
from ppc_pipeline.sandbox.queries import query_of
from ppc_pipeline.sandbox.spoiling import is_spoiled, spoiled_file
from ppc_pipeline.sandbox.state import Report

log = logging.getLogger(__name__)

_DATE = "%Y%m%dT%H%M%S.%fZ"
_KEPT_BYTES = 64 * 1024 * 1024
_SMALL = 5_000  # days of targets
_LONG_SECONDS = 10.0  # reports that take as long have their files made meanwhile


class Files:
    """The report files made last, up to some bytes of them.

    Args:
        most: Bytes kept.
        at_once: Files made at the same time: more would not be faster, but need more memory.
    """

    def __init__(self, most: int = _KEPT_BYTES, at_once: int = 4) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._makers = threading.Semaphore(at_once)
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """Return a file, made unless it is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with self._makers:
            file = make()
        with self._lock:
            self._size += len(file) - len(self._kept.pop(key, b""))
            self._kept[key] = file
            while self._size > self._most and len(self._kept) > 1:
                self._size -= len(self._kept.popitem(last=False)[1])
        return file


class Ahead:
    """Makes files while their reports are being processed, one at a time, as nobody waits for them yet."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[float, Callable[[], object]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, make: Callable[[], object], seconds: float) -> None:
        """Have a file made once some seconds have passed."""
        self._queue.put((time.monotonic() + seconds, make))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="files-ahead", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            begin, make = self._queue.get()
            time.sleep(max(0.0, begin - time.monotonic()))
            try:
                make()
            except Exception:
                log.exception("a file could not be made ahead; whoever asks for it will see why")


_FILES = Files()
_AHEAD = Ahead()


def kept_file(key: Hashable, make: Callable[[], bytes]) -> bytes:
    """Return a file, made unless it is kept."""
    return _FILES.get(key, make)


def file_of(sandbox: Sandbox, report: Report) -> bytes:
    """Return a report's file: as of the moment the report was created, however late it is fetched."""
    plan = sandbox.faults.plan
    file = _whole_file(sandbox, report)
    if is_spoiled(plan, report.fault):
        whole = file
        file = _FILES.get((plan, report.report_id), lambda: _spoiled(sandbox, report, whole))
    if report.file_size is None:
        sandbox.state.set_file_size(report.report_id, len(file))
    return file


def make_ahead(sandbox: Sandbox, report: Report) -> None:
    """Have the file of a report that takes long made in the second half of its time, as it is at Amazon.

    One that is kept pending on purpose is left out: files are made in turn, and the others would wait for it.
    """
    seconds = (report.ready_at - report.created_at).total_seconds()
    if seconds >= _LONG_SECONDS and report.fault != Fault.PENDING:
        _AHEAD.add(partial(_whole_file, sandbox, report), seconds / 2)


def _whole_file(sandbox: Sandbox, report: Report) -> bytes:
    """Return a report's file with nothing wrong in it."""
    profile = sandbox.profile(report.account, report.profile_id)
    if profile is None:
        raise storage_error(404, "NoSuchKey", "The specified key does not exist.")
    query = query_of(json.loads(report.request))
    world = sandbox.world(profile, query.report_type.ad_product)
    history = sandbox.options.history_days
    key = (sandbox.options, report.profile_id, query, report.created_at)
    return _FILES.get(key, lambda: report_body(world, query, report.created_at, history))


def _spoiled(sandbox: Sandbox, report: Report, file: bytes) -> bytes:
    """Return a report's file with what goes wrong in it, and count its spoiled rows: once a report."""
    query, plan = query_of(json.loads(report.request)), sandbox.faults.plan
    spoiled, rows = spoiled_file(file, plan, report.profile_id, query, report.fault)
    for fault, number in rows.items():
        sandbox.state.count_fault(fault, number)
    return spoiled


def size_of(sandbox: Sandbox, report: Report) -> int | None:
    """Return the size of a report's file.

    It takes the file to know its size. A small one is made for that; of a large one the size is unknown until
    somebody has downloaded it, so that asking for a status is quick.
    """
    if report.file_size is not None:
        return report.file_size
    profile = sandbox.profile(report.account, report.profile_id)
    if profile is None:
        return None
    query = query_of(json.loads(report.request))
    if len(sandbox.world(profile, query.report_type.ad_product).targets) * len(query.days()) > _SMALL:
        return None
    return len(file_of(sandbox, report))


def download_url(request: Request, report_id: str, now: datetime) -> str:
    """Return a link to a report's file, on the host that was called."""
    return signed_url(request, f"/_storage/report-{report_id}.json.gz", now)


def signed_url(request: Request, path: str, now: datetime) -> str:
    """Return a link that is good for a while, on the host that was called."""
    sandbox = sandbox_of(request)
    signed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": now.astimezone(UTC).strftime(_DATE),
        "X-Amz-Expires": str(sandbox.options.url_seconds),
    }
    signature = sandbox.signer.signature(_signed_text(path, signed["X-Amz-Date"], signed["X-Amz-Expires"]))
    query = urlencode({**signed, "X-Amz-Signature": signature})
    return f"{request.url.scheme}://{request.url.netloc}{path}?{query}"


def download(request: Request) -> Response:
    """Serve a report's file."""
    sandbox = sandbox_of(request)
    check_link(sandbox, request)
    report = sandbox.state.report(request.path_params["report_id"])
    if report is None or sandbox.clock() < report.ready_at:
        raise storage_error(404, "NoSuchKey", "The specified key does not exist.")
    return Response(file_of(sandbox, report), media_type="application/octet-stream")


def check_link(sandbox: Sandbox, request: Request) -> None:
    """Refuse a download whose link is not signed here or has expired, and one that shows a token.

    Raises:
        ApiError: 403 or 400, in XML.
    """
    if "Authorization" in request.headers:
        raise storage_error(
            400,
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
            "Signature query string parameter or the Authorization header should be specified",
        )
    asked = request.query_params
    date, seconds = asked.get("X-Amz-Date", ""), asked.get("X-Amz-Expires", "")
    if not sandbox.signer.matches(_signed_text(request.url.path, date, seconds), asked.get("X-Amz-Signature", "")):
        raise _denied("Access Denied")
    made = datetime.strptime(date, _DATE).replace(tzinfo=UTC)
    if sandbox.clock() >= made + timedelta(seconds=int(seconds)):
        raise _denied("Request has expired")


def _denied(message: str) -> ApiError:
    return storage_error(403, "AccessDenied", message)


def _signed_text(path: str, date: str, seconds: str) -> str:
    return "\n".join((path, date, seconds))
