"""What Amazon serves and takes, as Python: profiles, reports, report requests, exports, pages of a list.

Here: shapes and their validation at the edge; unknown fields are ignored, ids are ints however they were spelled.
Not here: entities of a list (they go from the page's raw text to the warehouse; see ``entities``), nor the reading of
answers (``parsing``).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.alias_generators import to_camel

from ppc_pipeline.amazon_ads.report_types import ReportType


def _id(value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("not an id")


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("not an IANA time zone") from None
    return name


def _moment(value: Any, parse: ValidatorFunctionWrapHandler) -> datetime | None:
    try:
        moment: datetime | None = parse(value)
    except ValueError:
        return None  # nothing leans on these stamps: an odd one must not cost a report
    return moment


AdsId = Annotated[int, BeforeValidator(_id)]
"""An id: Amazon serves integers in some APIs and strings in others."""
Moment = Annotated[datetime | None, WrapValidator(_moment)]


class _Served(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )


class AccountInfo(_Served):
    """Whose profile it is. Source: Amazon's OpenAPI document of profiles.

    Attributes:
        id: Seller id or entity id; not unique across marketplaces.
        type: ``seller``, ``vendor`` or ``agency`` (DSP and data providers: no sponsored ads).
        name: As the console shows it.
        marketplace_string_id: Such as ``ATVPDKIKX0DER``.
        valid_payment_method: False where the advertiser cannot run ads for lack of one; None where it is not said.
        sub_type: ``KDP_AUTHOR`` or ``AMAZON_ATTRIBUTION``, if either.
    """

    id: str = ""
    type: str
    name: str = ""
    marketplace_string_id: str = ""
    valid_payment_method: bool | None = None
    sub_type: str | None = None


class Profile(_Served):
    """One advertiser in one marketplace: the scope of almost every call. Source: Amazon's profiles document.

    Attributes:
        profile_id: Up to 16 digits and more.
        country_code: Amazon's spelling: ``UK``, not ``GB``.
        currency_code: Of every amount of the profile.
        timezone: IANA name; what "a day" is in every report row.
        account_info: Whose it is.
        daily_budget: In the profile's currency; only sellers have one, 999999999 meaning none.
        served: The whole object as Amazon serves it, as JSON.
    """

    profile_id: AdsId
    country_code: str = Field(min_length=2)
    currency_code: str = Field(min_length=3)
    timezone: Annotated[str, AfterValidator(_time_zone)]
    account_info: AccountInfo
    daily_budget: Decimal | None = None
    served: str = Field("{}", repr=False)


class ReportStatus(StrEnum):
    """How far a report is. A status nobody has documented counts as running: its deadline ends it if nothing does."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"

    @classmethod
    def _missing_(cls, value: object) -> "ReportStatus | None":
        if not isinstance(value, str):
            return None
        # The document says FAILED, a guide of Amazon's says FAILURE.
        return cls.FAILED if value.upper() in ("FAILED", "FAILURE") else cls.PROCESSING


class Report(_Served):
    """A report at Amazon. Source: ``AsyncReport`` in Amazon's OpenAPI document of reporting v3.

    Attributes:
        report_id: A UUID.
        status: How far it is.
        failure_reason: Why it failed, when it did.
        url: Presigned link to the file, good for an hour; every look at the report gives a new one.
        file_size: Bytes, compressed; 22 is an empty report.
        created_at: When it was asked for.
        updated_at: When it last changed.
        generated_at: When it was complete.
        url_expires_at: When the link ends.
        duplicate: The request repeated one that is still running, and this is that one (HTTP 425).
    """

    report_id: str = Field(min_length=1)
    status: ReportStatus
    failure_reason: str | None = None
    url: SecretStr | None = None
    file_size: int | None = None
    created_at: Moment = None
    updated_at: Moment = None
    generated_at: Moment = None
    url_expires_at: Moment = None
    duplicate: bool = False

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"report {self.report_id}"


class ExportFailure(_Served):
    """Why Amazon did not make an export.

    Attributes:
        error_code: ``INTERNAL_ERROR``, or ``TIMED_OUT`` for exports of millions of entities; empty where not said.
        message: In Amazon's words.
    """

    error_code: str = ""
    message: str = ""


class Export(_Served):
    """An export at Amazon. Source: ``UniversalApiExportResponse`` in Amazon's OpenAPI document of exports.

    Attributes:
        export_id: Opaque.
        status: How far it is. The document calls a running one ``PROCESSING``, recorded answers ``IN_PROGRESS``: both
            are ``PROCESSING`` here.
        url: Presigned link to the file, good for an hour; every look gives a new one, for 24 hours.
        file_size: Bytes, compressed.
        error: Why it failed, when it did.
    """

    export_id: str = Field(min_length=1)
    status: ReportStatus
    url: SecretStr | None = None
    file_size: int | None = None
    error: ExportFailure | None = None

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"export {self.export_id[:64]}"


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report to order: daily rows of one report type over a range of dates, in the profile's time zone.

    Attributes:
        report_type: Which one.
        start: First day.
        end: Last day, included.
        name: Deterministic, so that a request repeated after a crash collides with the first on purpose.
        columns: In Amazon's names; one that the type does not know makes Amazon refuse the whole request.
    """

    report_type: ReportType
    start: date
    end: date
    name: str
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        days = (self.end - self.start).days + 1
        # Amazon has been seen to accept a range that is too long and never to finish it.
        if not 1 <= days <= self.report_type.max_range_days:
            raise ValueError(f"{days} days, but {self.report_type.name} takes 1 to {self.report_type.max_range_days}")
        if not self.columns:
            raise ValueError("a report needs at least one column")

    def body(self) -> dict[str, object]:
        """Return what to POST. Source: ``CreateAsyncReportRequest`` in Amazon's document of reporting v3."""
        return {
            "name": self.name,
            "startDate": self.start.isoformat(),
            "endDate": self.end.isoformat(),
            "configuration": {
                "adProduct": self.report_type.ad_product,
                "groupBy": list(self.report_type.group_by),
                "columns": list(self.columns),
                "reportTypeId": self.report_type.report_type_id,
                "timeUnit": "DAILY",
                "format": "GZIP_JSON",
            },
        }


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list.

    Attributes:
        body: The JSON text as Amazon served it, so that amounts and ids reach the warehouse exactly.
        count: Objects in it.
        next_token: Leads to the next page; None on the last one.
        total: Objects in all pages, where Amazon says.
    """

    body: bytes
    count: int
    next_token: str | None
    total: int | None
