"""Every setting of the project, in one model, and the accounts it works for.

Here: names, defaults, validation, and the reading of the accounts file. Not here: what a setting does, which stands
where it is used. Nothing else in the package reads the environment.
"""

import difflib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from dotenv import dotenv_values
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ppc_pipeline.amazon_ads.auth import Credentials
from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.report_types import DEFAULT_REPORT_TYPES, REPORT_TYPES, ReportType
from ppc_pipeline.profile_filter import Countries, Ids, ProfileFilter, Types

DEFAULT_ACCOUNT = "default"
SANDBOX_ACCOUNT = "sandbox"


class SettingsError(Exception):
    """A setting is missing, half set or wrong; the message says which, where it stands and what to do."""


# DuckDB and SQLite take what follows a question mark for options; DuckDB's readers take a backslash for something else
# where an asterisk or a bracket stands beside it. On Windows it separates directories.
_UNFIT_IN_PATHS = "?" if os.sep == "\\" else "?\\"


def _has_come(value: date) -> date:
    if value > utc_today() + timedelta(days=1):  # where it is tomorrow already
        raise ValueError("this day is still to come")
    return value


_PastDay = Annotated[date, AfterValidator(_has_come)]


class Account(BaseModel):
    """One Amazon Ads account: a set of credentials in one region, and which of its profiles are wanted.

    Attributes:
        name: What rows, checks and messages call the account.
        credentials: How to log in and where.
        wanted: Which of its profiles are worked for.
        authorised_on: The day on which the advertiser gave the consent that the refresh token is of, where it is noted.
        target_acos_percent: The ACoS that suggestions aim at, where it is not the general one.
        sandbox: Whether it is the built-in sandbox, whose figures are made up.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    name: str
    credentials: Credentials
    wanted: ProfileFilter = ProfileFilter()
    authorised_on: date | None = None
    target_acos_percent: float | None = None
    sandbox: bool = False


class Settings(BaseSettings):
    """The project's settings, from the environment and an ``.env`` file in the working directory.

    Raises:
        pydantic.ValidationError: A value is of the wrong form; ``load_settings`` turns it into one clear line.
    """

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", populate_by_name=True, frozen=True)

    client_id: str | None = Field(None, validation_alias="AMAZON_ADS_CLIENT_ID")
    client_secret: SecretStr | None = Field(None, validation_alias="AMAZON_ADS_CLIENT_SECRET")
    refresh_token: SecretStr | None = Field(None, validation_alias="AMAZON_ADS_REFRESH_TOKEN")
    region: str | None = Field(None, validation_alias="AMAZON_ADS_REGION")
    authorised_on: _PastDay | None = Field(None, validation_alias="AMAZON_ADS_AUTHORISED_ON")
    api_url: str | None = Field(None, validation_alias="AMAZON_ADS_API_URL")
    token_url: str | None = Field(None, validation_alias="AMAZON_ADS_TOKEN_URL")
    accounts_file: Path | None = Field(None, validation_alias="PPC_ACCOUNTS_FILE")
    # Which profiles of the single account, or of the sandbox, are wanted; accounts of the file have their own filters.
    profiles: Annotated[Ids | None, NoDecode] = Field(None, validation_alias="PPC_PROFILES")
    exclude_profiles: Annotated[Ids | None, NoDecode] = Field(None, validation_alias="PPC_EXCLUDE_PROFILES")
    countries: Annotated[Countries | None, NoDecode] = Field(None, validation_alias="PPC_COUNTRIES")
    exclude_countries: Annotated[Countries | None, NoDecode] = Field(None, validation_alias="PPC_EXCLUDE_COUNTRIES")
    types: Annotated[Types | None, NoDecode] = Field(None, validation_alias="PPC_PROFILE_TYPES")
    exclude_types: Annotated[Types | None, NoDecode] = Field(None, validation_alias="PPC_EXCLUDE_PROFILE_TYPES")

    data_dir: Path = Field(Path("data"), validation_alias="PPC_DATA_DIR", validate_default=True)
    # These two may hold a password, of PostgreSQL.
    warehouse_setting: str | None = Field(None, validation_alias="PPC_WAREHOUSE", repr=False)
    lake_path: str | None = Field(None, validation_alias="PPC_LAKE_PATH")
    ledger_setting: str | None = Field(None, validation_alias="PPC_LEDGER_URL", repr=False)
    warehouse_wait_seconds: float = Field(300, validation_alias="PPC_WAREHOUSE_WAIT_SECONDS", gt=0)

    report_types: Annotated[tuple[str, ...], NoDecode] = Field(
        DEFAULT_REPORT_TYPES, validation_alias="PPC_REPORT_TYPES"
    )
    entity_source: Literal["auto", "lists", "exports"] = Field("auto", validation_alias="PPC_ENTITY_SOURCE")
    export_above: int = Field(20_000, validation_alias="PPC_EXPORT_ABOVE", ge=0)
    serving_status: bool = Field(False, validation_alias="PPC_SERVING_STATUS")
    fx_rates_file: Path | None = Field(None, validation_alias="PPC_FX_RATES_FILE")
    currency: str | None = Field(None, validation_alias="PPC_CURRENCY")
    target_acos_percent: float = Field(30, validation_alias="PPC_TARGET_ACOS_PERCENT", gt=0, le=1000)
    start_date: date = Field(date(2026, 1, 1), validation_alias="PPC_START_DATE")
    refetch_days: int = Field(31, validation_alias="PPC_REFETCH_DAYS", ge=1, le=93)
    fresh_hours: float = Field(6, validation_alias="PPC_FRESH_HOURS", ge=0)
    report_deadline_hours: float = Field(4, validation_alias="PPC_REPORT_DEADLINE_HOURS", gt=0, le=20)
    reports_in_flight: int = Field(1000, validation_alias="PPC_REPORTS_IN_FLIGHT", ge=1)
    hole_reports_per_day: int = Field(100, validation_alias="PPC_HOLE_REPORTS_PER_DAY", ge=0)
    change_alert_percent: float = Field(50, validation_alias="PPC_CHANGE_ALERT_PERCENT", gt=0)
    raw_retention_days: int = Field(0, validation_alias="PPC_RAW_RETENTION_DAYS", ge=0)
    ledger_retention_days: int = Field(0, validation_alias="PPC_LEDGER_RETENTION_DAYS", ge=0)
    run_retention_days: int = Field(0, validation_alias="PPC_RUN_RETENTION_DAYS", ge=0)
    weekly_retention_days: int = Field(0, validation_alias="PPC_WEEKLY_RETENTION_DAYS", ge=0)

    sandbox_profiles: int = Field(3, validation_alias="PPC_SANDBOX_PROFILES", ge=1, le=1000)
    sandbox_campaigns: int = Field(6, validation_alias="PPC_SANDBOX_CAMPAIGNS", ge=1, le=5000)
    sandbox_keywords: int = Field(12, validation_alias="PPC_SANDBOX_KEYWORDS", ge=1, le=5000)
    sandbox_ready_seconds: float = Field(3, validation_alias="PPC_SANDBOX_READY_SECONDS", ge=0)

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_unset(cls, value: Any, info: Any) -> Any:
        """Read ``NAME=`` in an .env file as not set."""
        if isinstance(value, str) and not value.strip():
            return cls.model_fields[info.field_name].get_default()
        return value

    @field_validator("report_types", mode="before")
    @classmethod
    def _split_report_types(cls, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            return value  # blanks are the business of the validator above, which comes after this one
        names = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
        return tuple(REPORT_TYPES) if names == ("all",) else names

    @field_validator("currency")
    @classmethod
    def _is_currency(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError("it is not a currency's three capitals, such as EUR")
        return value

    @field_validator("start_date")
    @classmethod
    def _start_date_has_come(cls, value: date) -> date:
        if value > utc_today():
            raise ValueError("the first date of the project lies in the future")
        return value

    @field_validator("data_dir", "warehouse_setting")
    @classmethod
    def _databases_can_be_there(cls, value: Path | str | None) -> Path | str | None:
        if value is not None and not str(value).startswith("ducklake:"):
            path = str(Path(value).absolute())
            if unfit := [mark for mark in _UNFIT_IN_PATHS if mark in path]:
                raise ValueError(f"databases cannot be kept under {path}: there is a {unfit[0]} in it, choose another")
        return value

    @field_validator("ledger_setting")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and "://" not in value:
            raise ValueError(
                "it is no SQLAlchemy URL, such as sqlite:////srv/ledger.db or postgresql+psycopg://host/ppc"
            )
        return value

    @field_validator("report_types")
    @classmethod
    def _known_report_types(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("no report type is named")
        for name in value:
            find_report_type(name)
        return value

    @property
    def is_lake(self) -> bool:
        """Whether the warehouse is kept in DuckLake."""
        return (self.warehouse_setting or "").startswith("ducklake:")

    @property
    def warehouse(self) -> str:
        """Where the warehouse is: a DuckDB file's absolute path, or ``ducklake:...``."""
        if self.warehouse_setting and self.is_lake:
            return self.warehouse_setting
        return str(Path(self.warehouse_setting or self.data_dir / "ppc.duckdb").absolute())

    @property
    def ledger_url(self) -> str:
        """The ledger's SQLAlchemy URL."""
        return self.ledger_setting or f"sqlite:///{(self.data_dir / 'ledger.db').absolute()}"

    @property
    def raw_dir(self) -> Path:
        """Where raw report files are kept."""
        return self.data_dir.absolute() / "raw"

    @property
    def staging_dir(self) -> Path:
        """Where is kept, while it is worked on, what is read and not loaded yet."""
        return self.data_dir.absolute() / "staging"

    @property
    def deletes_by_age(self) -> bool:
        """Whether a retention is set for anything."""
        kept = (
            self.raw_retention_days,
            self.weekly_retention_days,
            self.ledger_retention_days,
            self.run_retention_days,
        )
        return any(kept)

    @property
    def weekly_dir(self) -> Path:
        """Where weekly reports are written."""
        return self.data_dir.absolute() / "weekly"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own directory."""
        return self.data_dir.absolute() / "dagster"

    @property
    def profile_filter(self) -> ProfileFilter:
        """Which profiles are wanted of an account that stands in no accounts file."""
        return ProfileFilter(**{name: getattr(self, name) for name in ProfileFilter.model_fields})

    def selected_report_types(self) -> tuple[ReportType, ...]:
        """Return the report types that are ordered daily and shown as assets."""
        return tuple(REPORT_TYPES[name] for name in self.report_types)


FILTER_SETTINGS = {name: str(Settings.model_fields[name].validation_alias) for name in ProfileFilter.model_fields}
"""Filter -> the setting that says which profiles of the single account, or of the sandbox, it lets through."""


def utc_today() -> date:
    """Return today's date, in UTC."""
    return datetime.now(UTC).date()


def find_report_type(name: str) -> ReportType:
    """Return the declaration of a report type.

    Raises:
        ValueError: It is not declared; the message lists those that are.
    """
    if name not in REPORT_TYPES:
        raise ValueError(f"unknown report type {name!r}; known are {', '.join(REPORT_TYPES)}, or all")
    return REPORT_TYPES[name]


_PREFIXES = ("PPC_", "AMAZON_ADS_")
_NO_SETTINGS = frozenset({"AMAZON_ADS_SPECS_DIR"})
"""What begins like a setting and is none: where the contract tests find Amazon's OpenAPI documents."""


def unknown_settings(settings: Settings) -> list[str]:
    """Say of each variable that begins like a setting and is none what it is, and which setting is nearest.

    What an accounts file names is known, whatever it begins with.
    """
    known = [str(field.validation_alias) for field in Settings.model_fields.values()]
    entries = _entries_of(settings.accounts_file) if settings.accounts_file else []
    named = {name for entry in entries for name in entry.secrets}
    given = {name for name in (*dotenv_values(".env"), *os.environ) if name.upper().startswith(_PREFIXES)}
    strange = sorted(given - named - _NO_SETTINGS)
    return [
        f"{name} is no setting, and is ignored{_nearest(name.upper(), known)}"
        for name in strange
        if name.upper() not in known
    ]


def passed_over(settings: Settings) -> list[str]:
    """Name the variables of a single account that are not read, because there is an accounts file.

    One that the file itself names is read.
    """
    if settings.accounts_file is None:
        return []
    named = {name for entry in _entries_of(settings.accounts_file) for name in entry.secrets}
    return [name for name, value in _single_account(settings).items() if value is not None and name not in named]


def _nearest(name: str, known: Iterable[str]) -> str:
    """Name the one that may have been meant."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f" (did you mean {found[0]}?)" if found else ""


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: One line that names the setting, what is wrong with it, and what it takes.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        found = error.errors(include_url=False)
        raise SettingsError("; ".join(_describe(_setting(e["loc"]), e) for e in found)) from None


def _setting(place: Sequence[object]) -> str:
    name = ".".join(map(str, place))
    field = Settings.model_fields.get(name)  # a default is reported by its field
    return str(field.validation_alias) if field else name


def _describe(name: str, error: Mapping[str, Any]) -> str:
    secret = any(word in name.upper() for word in ("SECRET", "TOKEN", "CLIENT_ID", "URL"))
    given = error.get("input")
    # A whole entry is not shown either: a secret may stand in it, where it does not belong.
    value = "" if secret or not isinstance(given, str | int | float) else f" (it is {given!r})"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}{value}"


def _env_name(value: str) -> str:
    """Refuse a secret that was put where the name of its variable belongs, before anything repeats it."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,49}", value):
        raise ValueError("is not the name of an environment variable: put the secret there, and its name here")
    return value


_EnvName = Annotated[str, AfterValidator(_env_name)]


class _AccountEntry(ProfileFilter):
    """One entry of the accounts file, as people write it: an account, and which of its profiles are wanted."""

    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$")
    region: str
    client_id_env: _EnvName
    client_secret_env: _EnvName
    refresh_token_env: _EnvName
    authorised_on: _PastDay | None = None
    target_acos_percent: float | None = Field(None, gt=0, le=1000)

    @property
    def wanted(self) -> ProfileFilter:
        return ProfileFilter(**{name: getattr(self, name) for name in ProfileFilter.model_fields})

    @property
    def secrets(self) -> tuple[str, str, str]:
        """The variables of the client id, the client secret and the refresh token."""
        return self.client_id_env, self.client_secret_env, self.refresh_token_env


class _AccountsFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accounts: list[_AccountEntry] = Field(min_length=1)


def _single_account(settings: Settings) -> dict[str, SecretStr | str | None]:
    """Return the four variables of the single account, set or not."""
    return {
        "AMAZON_ADS_CLIENT_ID": settings.client_id,
        "AMAZON_ADS_CLIENT_SECRET": settings.client_secret,
        "AMAZON_ADS_REFRESH_TOKEN": settings.refresh_token,
        "AMAZON_ADS_REGION": settings.region,
    }


def load_accounts(settings: Settings, env: Mapping[str, str | None] | None = None) -> tuple[Account, ...]:
    """Return the accounts to work for, or none where nothing is configured.

    Args:
        settings: The settings.
        env: Where the names in the accounts file are looked up; by default where the settings stand: in the process
            environment, or else in the ``.env`` file.

    Raises:
        SettingsError: Credentials are half set, the region is unknown, or the accounts file is wrong.
    """
    env = {**dotenv_values(".env"), **os.environ} if env is None else env
    _check_filters(settings)
    if settings.accounts_file is not None:
        return _accounts_from_file(settings, settings.accounts_file, env)
    given = _single_account(settings)
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == len(given):
        _refuse_urls_without_account(settings)
        return ()
    match settings.client_id, settings.client_secret, settings.refresh_token, settings.region:
        case str(client_id), SecretStr() as client_secret, SecretStr() as refresh_token, str(region):
            pass
        case _:
            raise SettingsError(
                f"the Amazon Ads account is half set: {', '.join(missing)} missing; set all of "
                "AMAZON_ADS_CLIENT_ID, _CLIENT_SECRET, _REFRESH_TOKEN and _REGION, or none of them for the sandbox"
            )
    known_region = _region(region, "AMAZON_ADS_REGION")
    credentials = _credentials(settings, DEFAULT_ACCOUNT, known_region, client_id, client_secret, refresh_token)
    return (
        Account(
            name=DEFAULT_ACCOUNT,
            credentials=credentials,
            wanted=settings.profile_filter,
            authorised_on=settings.authorised_on,
        ),
    )


def _check_filters(settings: Settings) -> None:
    """Refuse filters that would not hold, or hold against each other."""
    names = FILTER_SETTINGS
    given = [names[name] for name in names if getattr(settings, name) is not None]
    if given and settings.accounts_file is not None:
        raise SettingsError(
            f"{', '.join(given)} is set beside PPC_ACCOUNTS_FILE, whose accounts have filters of their own: "
            "write it into the file, or unset it"
        )
    for name, value in settings.profile_filter.contradictions():
        raise SettingsError(f"{names[name]} and {names[f'exclude_{name}']} both name {value}")


def _refuse_urls_without_account(settings: Settings) -> None:
    if settings.api_url or settings.token_url:
        raise SettingsError(
            "AMAZON_ADS_API_URL or AMAZON_ADS_TOKEN_URL is set, but no account: set AMAZON_ADS_CLIENT_ID, "
            "_CLIENT_SECRET, _REFRESH_TOKEN and _REGION as well (for `ppc sandbox`, the values that it prints)"
        )


def _accounts_from_file(settings: Settings, path: Path, env: Mapping[str, str | None]) -> tuple[Account, ...]:
    entries = _entries_of(path)
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        raise SettingsError(f"PPC_ACCOUNTS_FILE: {path}: two accounts have the same name")
    return tuple(_account_from_entry(settings, path, entry, env) for entry in entries)


def _entries_of(path: Path) -> list[_AccountEntry]:
    content: Any = None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _AccountsFile.model_validate(content or {}).accounts
    except OSError as error:
        raise SettingsError(f"PPC_ACCOUNTS_FILE: cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}: {getattr(error, 'problem', '')}" if mark else ""
        raise SettingsError(f"PPC_ACCOUNTS_FILE: {path} is not YAML{line}") from None
    except ValidationError as error:
        wrong = "; ".join(_describe_in_file(e, content) for e in error.errors(include_url=False))
        raise SettingsError(f"PPC_ACCOUNTS_FILE: {path}: {wrong}") from None


def _describe_in_file(error: Mapping[str, Any], content: Any) -> str:
    """Say what is wrong in the accounts file, and in whose entry; of an unknown key also which there are."""
    match error["loc"]:
        case ("accounts", int(number), *rest):
            entry = content["accounts"][number]
            name = entry.get("name") if isinstance(entry, dict) else None
            whose, known = f"account {name or number + 1!r}: ", [*_AccountEntry.model_fields]
        case rest:
            whose, known = "", [*_AccountsFile.model_fields]
    if error["type"] == "model_type":
        return f"{whose}there are no keys in it; known are {', '.join(known)}"
    if error["type"] == "extra_forbidden":
        key = str(rest[-1])
        return f"{whose}unknown key {key!r}{_nearest(key, known)}; known are {', '.join(known)}"
    return whose + _describe(".".join(map(str, rest)), error)


def _account_from_entry(settings: Settings, path: Path, entry: _AccountEntry, env: Mapping[str, str | None]) -> Account:
    where = f"PPC_ACCOUNTS_FILE: {path}: account {entry.name!r}"
    names = entry.secrets
    unset = [name for name in names if not env.get(name)]
    if unset:
        raise SettingsError(f"{where}: environment variable {', '.join(unset)} is not set")
    for name, value in entry.contradictions():
        raise SettingsError(f"{where}: `{name}` and `exclude_{name}` both name {value}")
    client_id, client_secret, refresh_token = (env[name] or "" for name in names)
    credentials = _credentials(
        settings,
        entry.name,
        _region(entry.region, where),
        client_id,
        SecretStr(client_secret),
        SecretStr(refresh_token),
    )
    return Account(
        name=entry.name,
        credentials=credentials,
        wanted=entry.wanted,
        authorised_on=entry.authorised_on,
        target_acos_percent=entry.target_acos_percent,
    )


def _region(value: str, where: str) -> Region:
    try:
        return Region(value.strip().upper())
    except ValueError:
        raise SettingsError(f"{where}: unknown region {value!r}; it is NA, EU or FE") from None


def _credentials(
    settings: Settings, account: str, region: Region, client_id: str, client_secret: SecretStr, refresh_token: SecretStr
) -> Credentials:
    return Credentials(
        account=account,
        region=region,
        client_id=client_id,
        client_secret=client_secret,
        refresh_token=refresh_token,
        api_url=(settings.api_url or region.api_url).rstrip("/"),
        token_url=settings.token_url or region.token_url,
    )
