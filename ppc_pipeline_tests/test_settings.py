"""Settings and accounts: what is wrong is said in one line, and no secret with it."""

from datetime import date
from pathlib import Path

import pytest

from ppc_pipeline.amazon_ads.regions import Region
from ppc_pipeline.amazon_ads.report_types import DEFAULT_REPORT_TYPES, REPORT_TYPES
from ppc_pipeline.clients import sandbox_options, wanted_accounts
from ppc_pipeline.profile_filter import ProfileFilter
from ppc_pipeline.settings import (
    DEFAULT_ACCOUNT,
    SANDBOX_ACCOUNT,
    SettingsError,
    load_accounts,
    load_settings,
    unknown_settings,
)

SECRET, TOKEN = "s3cret-of-the-application", "Atzr|the-refresh-token"
ACCOUNT = {
    "AMAZON_ADS_CLIENT_ID": "amzn1.application-oa2-client.x",
    "AMAZON_ADS_CLIENT_SECRET": SECRET,
    "AMAZON_ADS_REFRESH_TOKEN": TOKEN,
    "AMAZON_ADS_REGION": "eu",
}


@pytest.fixture
def setting(monkeypatch):
    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


def message_of(call, *args):
    with pytest.raises(SettingsError) as raised:
        call(*args)
    message = str(raised.value)
    assert "\n" not in message
    assert SECRET not in message
    assert TOKEN not in message
    return message


# Values


def test_nothing_set_means_the_sandbox_and_defaults_below_data(tmp_path, monkeypatch):
    monkeypatch.delenv("PPC_REPORT_TYPES")
    settings = load_settings()
    assert load_accounts(settings) == ()
    (account,) = wanted_accounts(settings)
    assert (account.name, account.sandbox) == (SANDBOX_ACCOUNT, True)
    assert settings.warehouse == str(tmp_path / "data" / "ppc.duckdb")
    assert settings.ledger_url == f"sqlite:///{tmp_path}/data/ledger.db"
    assert settings.raw_dir == tmp_path / "data" / "raw"
    assert settings.report_types == DEFAULT_REPORT_TYPES
    assert (settings.refetch_days, settings.fresh_hours, settings.report_deadline_hours) == (31, 6, 4)


def test_a_blank_value_is_a_value_that_is_not_set(setting):
    setting(PPC_DATA_DIR="", PPC_REPORT_TYPES=" ", PPC_START_DATE="", PPC_FRESH_HOURS="  ", AMAZON_ADS_REGION="")
    setting(PPC_WAREHOUSE="", PPC_LEDGER_URL="", PPC_ACCOUNTS_FILE="", AMAZON_ADS_CLIENT_SECRET="")
    settings = load_settings()
    assert settings.data_dir == Path("data")
    assert settings.report_types == DEFAULT_REPORT_TYPES
    assert settings.client_secret is None
    assert load_accounts(settings) == ()


def test_a_file_named_dot_env_is_read_and_the_environment_overrules_it(tmp_path, setting):
    (tmp_path / ".env").write_text("PPC_FRESH_HOURS=2\nPPC_REFETCH_DAYS=40\nUNKNOWN=1\n")
    setting(PPC_REFETCH_DAYS="50")
    settings = load_settings()
    assert (settings.fresh_hours, settings.refetch_days) == (2, 50)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("all", tuple(REPORT_TYPES)),
        ("spTargeting", ("spTargeting",)),
        (" spTargeting , spCampaigns:campaignPlacement,", ("spTargeting", "spCampaigns:campaignPlacement")),
        ("spTargeting,spTargeting", ("spTargeting",)),
    ],
)
def test_report_types_are_named_in_a_list_or_all_of_them(setting, given, names):
    setting(PPC_REPORT_TYPES=given)
    assert tuple(kind.name for kind in load_settings().selected_report_types()) == names


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PPC_REPORT_TYPES", "spKeywords", "unknown report type 'spKeywords'; known are spCampaigns,"),
        ("PPC_REPORT_TYPES", "spTargeting,all", "unknown report type 'all'"),
        ("PPC_REPORT_TYPES", ",", "no report type is named"),
        ("PPC_START_DATE", "01.02.2026", "PPC_START_DATE"),
        ("PPC_START_DATE", "2026-02-30", "(it is '2026-02-30')"),
        ("PPC_FRESH_HOURS", "six", "PPC_FRESH_HOURS"),
        ("PPC_FRESH_HOURS", "-1", "greater than or equal to 0"),
        ("PPC_REFETCH_DAYS", "0", "greater than or equal to 1"),
        ("PPC_REFETCH_DAYS", "94", "less than or equal to 93"),
        ("PPC_REPORT_DEADLINE_HOURS", "0", "greater than 0"),
        ("PPC_SANDBOX_PROFILES", "0", "greater than or equal to 1"),
        ("AMAZON_ADS_AUTHORISED_ON", "2999-01-01", "this day is still to come"),
        ("AMAZON_ADS_AUTHORISED_ON", "01.07.2026", "AMAZON_ADS_AUTHORISED_ON"),
        ("PPC_PROFILES", "123,A456", "not an id (it is 'A456')"),
        ("PPC_EXCLUDE_PROFILES", ",", "at least 1 item"),
        ("PPC_COUNTRIES", "US,GB", "unknown country; Amazon's are AE, AU,"),
        ("PPC_EXCLUDE_COUNTRIES", "Germany", "(it is 'Germany')"),
        ("PPC_PROFILE_TYPES", "sellers", "unknown type of profile; it is seller, vendor, agency (it is 'sellers')"),
        ("PPC_DATA_DIR", "what?", "there is a ? in it"),
        ("PPC_DATA_DIR", "back\\slash", "there is a \\ in it"),
        ("PPC_WAREHOUSE", "what?/ppc.duckdb", "there is a ? in it"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_setting_and_what_it_takes(setting, name, value, said):
    setting(**{name: value})
    message = message_of(load_settings)
    assert message.startswith(name)
    assert said in message


def test_a_working_directory_in_which_no_database_can_be_is_refused_too(tmp_path, monkeypatch):
    (tmp_path / "what?").mkdir()
    monkeypatch.chdir(tmp_path / "what?")
    assert message_of(load_settings).startswith("PPC_DATA_DIR: databases cannot be kept under")


def test_several_wrong_values_are_all_named(setting):
    setting(PPC_FRESH_HOURS="x", PPC_START_DATE="y")
    message = message_of(load_settings)
    assert "PPC_FRESH_HOURS" in message
    assert "PPC_START_DATE" in message


@pytest.mark.parametrize(
    ("warehouse", "expected"),
    [("other/x.duckdb", "{cwd}/other/x.duckdb"), ("ducklake:postgres:dbname=lake", "ducklake:postgres:dbname=lake")],
)
def test_the_warehouse_is_a_file_or_a_lake(setting, tmp_path, warehouse, expected):
    setting(PPC_WAREHOUSE=warehouse)
    assert load_settings().warehouse == expected.format(cwd=tmp_path)


def test_a_start_date_is_a_date(setting):
    setting(PPC_START_DATE="2026-02-01")
    assert load_settings().start_date == date(2026, 2, 1)


def test_the_sandbox_is_as_large_and_quick_as_asked(setting):
    setting(PPC_SANDBOX_PROFILES="5", PPC_SANDBOX_READY_SECONDS="0.5")
    options = sandbox_options(load_settings())
    assert (options.profiles, options.ready_seconds) == (5, 0.5)


# One account


def test_one_account_stands_in_the_environment(setting):
    setting(**ACCOUNT)
    (account,) = load_accounts(load_settings())
    credentials = account.credentials
    assert (account.name, account.sandbox, account.wanted) == (DEFAULT_ACCOUNT, False, ProfileFilter())
    assert (credentials.region, credentials.api_url) == (Region.EU, "https://advertising-api-eu.amazon.com")
    assert credentials.client_secret.get_secret_value() == SECRET


@pytest.mark.parametrize("missing", ACCOUNT)
def test_half_set_credentials_are_an_error_that_names_what_is_missing(setting, missing):
    setting(**{name: value for name, value in ACCOUNT.items() if name != missing})
    message = message_of(load_accounts, load_settings())
    assert f"half set: {missing} missing" in message


@pytest.mark.parametrize("region", ["US", "europe", "N A"])
def test_an_unknown_region_is_an_error_that_names_the_three(setting, region):
    setting(**ACCOUNT | {"AMAZON_ADS_REGION": region})
    message = message_of(load_accounts, load_settings())
    assert message == f"AMAZON_ADS_REGION: unknown region {region!r}; it is NA, EU or FE"


def test_other_hosts_can_be_set_and_are_an_error_without_an_account(setting):
    setting(AMAZON_ADS_API_URL="http://127.0.0.1:8000/", AMAZON_ADS_TOKEN_URL="http://127.0.0.1:8000/token")
    assert "but no account" in message_of(load_accounts, load_settings())
    setting(**ACCOUNT)
    (account,) = load_accounts(load_settings())
    assert account.credentials.api_url == "http://127.0.0.1:8000"
    assert account.credentials.token_url == "http://127.0.0.1:8000/token"


def test_secrets_are_in_no_repr(setting):
    password = "pa55word"
    setting(**ACCOUNT)
    setting(PPC_LEDGER_URL=f"postgresql+psycopg://ppc:{password}@db/ledger")
    setting(PPC_WAREHOUSE=f"ducklake:postgres:dbname=lake password={password}")
    settings = load_settings()
    for shown in (repr(settings), str(settings), repr(load_accounts(settings)), str(load_accounts(settings))):
        for secret in (SECRET, TOKEN, password):
            assert secret not in shown


FILTERS = {
    "PPC_PROFILES": "123, 456",
    "PPC_EXCLUDE_PROFILES": "789",
    "PPC_COUNTRIES": "us,DE",
    "PPC_EXCLUDE_COUNTRIES": "JP",
    "PPC_PROFILE_TYPES": "Seller",
    "PPC_EXCLUDE_PROFILE_TYPES": "agency",
}


@pytest.mark.parametrize("account", [ACCOUNT, {}], ids=["an account", "the sandbox"])
def test_the_single_account_may_say_which_of_its_profiles_are_wanted(setting, account):
    setting(**account, **FILTERS)
    (found,) = wanted_accounts(load_settings())
    assert found.wanted == ProfileFilter(
        profiles={123, 456},
        exclude_profiles={789},
        countries={"US", "DE"},
        exclude_countries={"JP"},
        types={"seller"},
        exclude_types={"agency"},
    )


def test_the_day_of_the_consent_may_be_noted(setting, accounts_of):
    setting(**ACCOUNT, AMAZON_ADS_AUTHORISED_ON="2026-07-01")
    (account,) = load_accounts(load_settings())
    assert account.authorised_on == date(2026, 7, 1)
    text = "accounts:" + entry("acme", authorised_on="2026-07-02") + entry("beta")
    assert [account.authorised_on for account in accounts_of(text)] == [date(2026, 7, 2), None]


def test_what_is_both_included_and_excluded_is_named(setting):
    setting(PPC_COUNTRIES="US,DE", PPC_EXCLUDE_COUNTRIES="JP,DE")
    assert message_of(load_accounts, load_settings()) == "PPC_COUNTRIES and PPC_EXCLUDE_COUNTRIES both name DE"


# Several accounts

ENTRY = """
  - name: {name}
    region: NA
    client_id_env: ACME_ID
    client_secret_env: ACME_SECRET
    refresh_token_env: ACME_TOKEN
"""
ENV = {"ACME_ID": "amzn1.x", "ACME_SECRET": SECRET, "ACME_TOKEN": TOKEN}


@pytest.fixture
def accounts_of(tmp_path, setting):
    def load(text, env=ENV):
        path = tmp_path / "accounts.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        setting(PPC_ACCOUNTS_FILE=str(path))
        return load_accounts(load_settings(), env)

    return load


def entry(name="acme", **more):
    return ENTRY.format(name=name) + "".join(f"    {key}: {value}\n" for key, value in more.items())


def test_several_accounts_stand_in_a_file_with_their_secrets_elsewhere(accounts_of):
    one, other = accounts_of("accounts:" + entry("acme", profiles="[123, '456']") + entry("beta"))
    assert (one.name, one.wanted.profiles, one.credentials.region) == ("acme", frozenset({123, 456}), Region.NA)
    assert (other.name, other.wanted) == ("beta", ProfileFilter())
    assert one.credentials.refresh_token.get_secret_value() == TOKEN


def test_the_file_goes_before_the_single_account(accounts_of, setting):
    setting(**ACCOUNT)
    (account,) = accounts_of("accounts:" + entry())
    assert account.name == "acme"


def test_secrets_of_the_accounts_file_may_stand_in_the_dot_env_file_like_every_other_setting(
    accounts_of, tmp_path, setting
):
    (tmp_path / ".env").write_text(f"ACME_ID=amzn1.x\nACME_SECRET={SECRET}\nACME_TOKEN=another\n")
    setting(ACME_TOKEN=TOKEN)
    (account,) = accounts_of("accounts:" + entry(), env=None)
    assert account.credentials.client_secret.get_secret_value() == SECRET
    assert account.credentials.refresh_token.get_secret_value() == TOKEN


def test_filters_may_be_lists_or_one_value_with_ids_as_numbers_or_strings(accounts_of):
    more = {"profiles": "123", "exclude_profiles": '["456", 789]', "countries": "us", "types": "[Vendor]"}
    (account,) = accounts_of("accounts:" + entry("acme", **more))
    assert account.wanted == ProfileFilter(
        profiles={123}, exclude_profiles={456, 789}, countries={"US"}, types={"vendor"}
    )


def test_filters_of_the_environment_are_refused_beside_the_file_where_they_would_not_hold(accounts_of, setting):
    setting(PPC_COUNTRIES="US", PPC_PROFILE_TYPES="seller")
    message = message_of(accounts_of, "accounts:" + entry())
    assert message.startswith("PPC_COUNTRIES, PPC_PROFILE_TYPES is set beside PPC_ACCOUNTS_FILE")


WRONG = {
    "not YAML": ("accounts: [", "is not YAML, line 1: "),
    "not YAML, with a secret": (f'accounts:\n  - client_secret_env: "{SECRET}', "is not YAML, line 2: "),
    "not text": (b"\xff\xfe\x00accounts", "is not YAML"),
    "empty": ("", "accounts: Field required"),
    "no mapping": ("- acme", "there are no keys in it; known are accounts"),
    "no accounts": ("accounts: []", "accounts: List should have at least 1 item"),
    "another key": ("profiles: []", "accounts: Field required"),
    "an unknown key": (
        "accounts:" + entry(regoin="NA"),
        "account 'acme': unknown key 'regoin' (did you mean region?); known are ",
    ),
    "an unknown key like none": ("accounts:" + entry(xyz="1"), "account 'acme': unknown key 'xyz'; known are "),
    "an unknown key beside the accounts": ("accuonts: []", "unknown key 'accuonts' (did you mean accounts?)"),
    "a secret in it": (
        "accounts:" + entry(client_secret=SECRET),
        "account 'acme': unknown key 'client_secret' (did you mean client_secret_env?)",
    ),
    "a token in it": (
        "accounts:" + entry(refresh_token=TOKEN),
        "account 'acme': unknown key 'refresh_token' (did you mean refresh_token_env?)",
    ),
    "a secret instead of its name": (
        "accounts:" + entry().replace("ACME_SECRET", "amzn1.oa2-cs.v1." + SECRET),
        "client_secret_env: is not the name of an environment variable",
    ),
    "a token instead of its name": (
        "accounts:" + entry().replace("ACME_TOKEN", TOKEN),
        "refresh_token_env: is not the name of an environment variable",
    ),
    "a key missing beside a secret": (
        f"accounts:\n  - name: acme\n    client_secret: {SECRET}\n",
        "account 'acme': region: Field required",
    ),
    "an entry without a name": ("accounts: [{region: NA}]", "account 1: name: Field required"),
    "an entry that is none": ("accounts: [acme]", "account 1: there are no keys in it; known are "),
    "entries that are no list": (f"accounts: {{client_secret: {SECRET}}}", "accounts: Input should be a valid list"),
    "two of one name": ("accounts:" + entry() + entry(), "two accounts have the same name"),
    "a name with a slash": ("accounts:" + entry("a/b"), "account 'a/b': name: String should match pattern"),
    "an unknown region": ("accounts:" + entry().replace("NA", "US"), "account 'acme': unknown region 'US'"),
    "profiles that are none": (
        "accounts:" + entry(profiles="[abc]"),
        "account 'acme': profiles.0: not an id (it is 'abc')",
    ),
    "a list of no profiles": (
        "accounts:" + entry(profiles="[]"),
        "account 'acme': profiles: Value should have at least 1 item",
    ),
    "an unknown country": ("accounts:" + entry(countries="[XX]"), "unknown country; Amazon's are AE, AU,"),
    "an unknown type": ("accounts:" + entry(types="[shop]"), "unknown type of profile; it is seller, vendor, agency"),
    "a profile in and out": (
        "accounts:" + entry(profiles="[1]", exclude_profiles="['1']"),
        "account 'acme': `profiles` and `exclude_profiles` both name 1",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_accounts_file_is_one_line_that_names_the_file_and_the_place_and_no_secret(accounts_of, name, tmp_path):
    text, said = WRONG[name]
    message = message_of(accounts_of, text)
    assert message.startswith(f"PPC_ACCOUNTS_FILE: {tmp_path / 'accounts.yaml'}")
    assert said in message


def test_variables_that_are_no_settings_are_named_with_the_nearest_setting(setting, tmp_path):
    (tmp_path / ".env").write_text("PPC_REFETCH_DAY=3\n")
    setting(AMAZON_ADS_AUTHORIZED_ON="1", PPC_XYZ="1", PPC_FRESH_HOURS="1", AMAZON_ADS_SPECS_DIR="1")
    assert unknown_settings(load_settings()) == [
        "AMAZON_ADS_AUTHORIZED_ON is no setting, and is ignored (did you mean AMAZON_ADS_AUTHORISED_ON?)",
        "PPC_REFETCH_DAY is no setting, and is ignored (did you mean PPC_REFETCH_DAYS?)",
        "PPC_XYZ is no setting, and is ignored",
    ]


def test_a_variable_that_the_accounts_file_names_is_known_whatever_it_begins_with(accounts_of, setting, tmp_path):
    accounts_of("accounts:" + entry())
    file = tmp_path / "accounts.yaml"
    file.write_text(file.read_text().replace("ACME_TOKEN", "PPC_ACME_TOKEN"))
    setting(PPC_ACME_TOKEN=TOKEN)
    assert unknown_settings(load_settings()) == []


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(accounts_of, value):
    env = {name: v for name, v in ENV.items() if name != "ACME_TOKEN"} | (
        {} if value is None else {"ACME_TOKEN": value}
    )
    message = message_of(accounts_of, "accounts:" + entry(), env)
    assert "account 'acme': environment variable ACME_TOKEN is not set" in message


def test_an_accounts_file_that_is_not_there_is_named(setting):
    setting(PPC_ACCOUNTS_FILE="nowhere.yaml")
    assert message_of(load_accounts, load_settings()) == (
        "PPC_ACCOUNTS_FILE: cannot read nowhere.yaml: No such file or directory"
    )
