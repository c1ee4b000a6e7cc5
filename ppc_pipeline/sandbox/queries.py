"""Report requests: what Amazon accepts, and in which words it refuses the rest.

Here: from the JSON of ``POST /reporting/reports`` to a ``Query``. Not here: the life of a report (``reports``). Texts
are Amazon's where they are known; where none was seen (date ranges, groupBy, future days) they are put alike.
"""

import json
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from ppc_pipeline.amazon_ads import report_types
from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS
from ppc_pipeline.amazon_ads.report_types import ReportType
from ppc_pipeline.sandbox.accounts import Profile
from ppc_pipeline.sandbox.bodies import DAILY, SUMMARY, Query, knows_column
from ppc_pipeline.sandbox.errors import NO_BRANDS, ApiError, reporting_error
from ppc_pipeline.sandbox.grains import Grain, filters_of, grain_of

Json = dict[str, Any]
_TEXTS = ("adProduct", "reportTypeId", "timeUnit", "format")
_LISTS = ("groupBy", "columns")
_UNKNOWN_TYPE = "configuration reportTypeId is unknown or invalid"


def parse_request(body: bytes) -> Json:
    """Return a request whose fields are all there and of the right type, in the form that answers repeat.

    Raises:
        ApiError: 400, naming the fields that are missing or invalid.
    """
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise _refused("Request body is invalid or missing")
    found = asked.get("configuration")
    configuration: Json = found if isinstance(found, dict) else {}
    wrong = [f"configuration {name}" for name in _TEXTS if not _is_text(configuration.get(name))]
    wrong += [f"configuration {name}" for name in _LISTS if not _is_list_of_texts(configuration.get(name))]
    wrong += [name for name in ("startDate", "endDate") if _day(asked.get(name)) is None]
    if configuration.get("format", "GZIP_JSON") != "GZIP_JSON":
        wrong.append("configuration format")
    if not _are_filters(configuration.get("filters")):
        wrong.append("configuration filters")
    if wrong:
        raise _refused(f"Required fields are invalid or missing: {', '.join(wrong)}")
    return {
        "name": asked.get("name"),
        "startDate": asked["startDate"],
        "endDate": asked["endDate"],
        "configuration": {name: configuration.get(name) for name in sorted((*_TEXTS, *_LISTS, "filters"))},
    }


def query_of(request: Json) -> Query:
    """Return what a request asks for.

    Raises:
        ApiError: 400, in Amazon's words.
    """
    configuration = request["configuration"]
    if configuration["timeUnit"] not in (DAILY, SUMMARY):
        raise _refused("configuration timeUnit is not supported for this report type")
    report_type, grain = _report_type(configuration)
    columns = tuple(dict.fromkeys(configuration["columns"]))
    allowed = _allowed_columns(report_type, grain, configuration["timeUnit"])
    if invalid := [column for column in columns if column not in allowed]:
        raise _invalid_columns(invalid, allowed)
    return Query(
        report_type=report_type,
        columns=columns,
        start=date.fromisoformat(request["startDate"]),
        end=date.fromisoformat(request["endDate"]),
        time_unit=configuration["timeUnit"],
        filters=_filters(report_type, configuration["filters"] or []),
    )


def check_columns(query: Query, refuses: Callable[[str], bool]) -> None:
    """Check that an account is let have every column asked for.

    Args:
        query: What is asked for.
        refuses: Whether a column is kept from the account, though others have it.

    Raises:
        ApiError: 400, in Amazon's words.
    """
    if refused := [column for column in query.columns if refuses(column)]:
        raise _invalid_columns(refused, [column for column in query.report_type.columns if column not in refused])


def _invalid_columns(invalid: Iterable[str], allowed: Iterable[str]) -> ApiError:
    text = f"configuration columns includes invalid values: ({', '.join(invalid)})"
    return _refused(f"{text}. Allowed values: ({', '.join(allowed)})")


def check_offered(query: Query, profile: Profile) -> None:
    """Check that a profile has the ad product asked for.

    Raises:
        ApiError: 400: of Sponsored Brands in the words that authors get, of the others as of a type Amazon knows not.
    """
    ad_product = query.report_type.ad_product
    if ad_product in profile.lacks:
        raise _refused(NO_BRANDS if ad_product == SPONSORED_BRANDS else _UNKNOWN_TYPE)


def check_window(query: Query, today: date) -> None:
    """Check that Amazon serves the days asked for.

    Raises:
        ApiError: 400, in Amazon's words.
    """
    start, end, report_type = query.start, query.end, query.report_type
    if start > end:
        raise _refused(f"startDate ({start}) must be equal to or before endDate ({end})")
    if end > today:
        raise _refused(f"endDate ({end}) must be equal to or before the current date ({today})")
    if (end - start).days >= report_type.max_range_days:
        raise _refused(
            f"Date range from startDate ({start}) to endDate ({end}) must not exceed {report_type.max_range_days} days"
        )
    retained = today - timedelta(days=report_type.retention_days)
    if start < retained:
        raise _refused(
            f"startDate ({start}) must be equal to or after report type data retention start date ({retained})"
        )


def _report_type(configuration: Json) -> tuple[ReportType, Grain]:
    asked = configuration["reportTypeId"]
    declared = [known for known in report_types.REPORT_TYPES.values() if known.report_type_id == asked]
    served = [(known, grain) for known in declared if (grain := grain_of(known))]
    if not served:
        raise _refused(_UNKNOWN_TYPE)
    if configuration["adProduct"] != served[0][0].ad_product:
        raise _refused("Required fields are invalid or missing: configuration adProduct")
    for report_type, grain in served:
        if set(report_type.group_by) == set(configuration["groupBy"]):
            return report_type, grain
    text = f"configuration groupBy includes invalid values: ({', '.join(configuration['groupBy'])})"
    groupings = ", ".join("+".join(known.group_by) for known, _ in served)
    raise _refused(f"{text}. Allowed values: ({groupings})")


def _allowed_columns(report_type: ReportType, grain: Grain, time_unit: str) -> list[str]:
    columns = [column for column in report_type.columns if knows_column(report_type, grain, column)]
    if time_unit == SUMMARY:
        return [column for column in columns if column != "date"] + ["startDate", "endDate"]
    return columns


def _filters(report_type: ReportType, asked: list[Json]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    known = filters_of(report_type)

    def is_known(wanted: Json) -> bool:
        return wanted["field"] in known and set(wanted["values"]) <= set(known[wanted["field"]][0])

    if invalid := [wanted["field"] for wanted in asked if not is_known(wanted)]:
        raise _refused(_filter_text(report_type, invalid))
    return tuple((wanted["field"], tuple(wanted["values"])) for wanted in asked)


def _filter_text(report_type: ReportType, invalid: Iterable[str]) -> str:
    group_by, known = ", ".join(report_type.group_by), filters_of(report_type)
    allowed = ", ".join(f"(field: {name}, values: {', '.join(known[name][0])})" for name in known)
    return (
        f"configuration filters includes fields: ({', '.join(invalid)}) which are invalid for groupBys: {group_by}. "
        f"\nAllowed filters for groupBy {group_by}: {allowed}"
    )


def _refused(detail: str) -> ApiError:
    return reporting_error(400, detail)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _are_filters(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and all(
        isinstance(wanted, dict) and _is_text(wanted.get("field")) and _is_list_of_texts(wanted.get("values"))
        for wanted in value
    )


def _day(value: Any) -> date | None:
    if not isinstance(value, str) or len(value) != len("2026-01-31"):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
