"""Finding profiles: whom we work for, whom we do not, and whose trouble it is."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from ppc_pipeline.amazon_ads.auth import Credentials
from ppc_pipeline.amazon_ads.retries import Retries
from ppc_pipeline.cli.runs import tools_of
from ppc_pipeline.entities.profiles import IDLE_AGENCY, UNKNOWN_AGENCY, find_profiles, store_profiles
from ppc_pipeline.pipeline import know_profiles
from ppc_pipeline.profile_filter import ProfileFilter
from ppc_pipeline.settings import Account, load_settings
from ppc_pipeline_tests.fakes import SELLER, VENDOR, client_of


@dataclass
class FakeProfiles:
    """What each account's grant opens: profiles, or an answer instead; and who has campaigns.

    Attributes:
        listed: Account -> its profiles, those that it may edit and those that it may view.
        revoked: Accounts that cannot log in.
        view_only: Profiles that are listed only where those are asked for that one may view.
        campaigns: Profile -> the answer to a list of its campaigns; Amazon refuses those of others.
        looked_at: Profiles whose campaigns were asked for.
    """

    listed: dict = field(default_factory=dict)
    revoked: set = field(default_factory=set)
    view_only: set = field(default_factory=set)
    campaigns: dict = field(default_factory=dict)
    looked_at: list = field(default_factory=list)

    @property
    def transport(self):
        return httpx.MockTransport(self._answer)

    def _answer(self, request):
        if request.url.path == "/auth/o2/token":
            account = httpx.QueryParams(request.content.decode())["refresh_token"].removeprefix("Atzr|")
            if account in self.revoked:
                return httpx.Response(400, json={"error": "invalid_grant", "error_description": "revoked"})
            return httpx.Response(200, json={"access_token": f"Atza|{account}", "expires_in": 3600})
        if request.url.path != "/v2/profiles":
            return self._campaigns(int(request.headers["Amazon-Advertising-API-Scope"]), request.method == "GET")
        found = self.listed[request.headers["Authorization"].removeprefix("Bearer Atza|")]
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code)
        views = request.url.params.get("accessLevel") == "view"
        return httpx.Response(200, json=[p for p in found if views or p["profileId"] not in self.view_only])

    def _campaigns(self, profile_id, plain_array):
        self.looked_at.append(profile_id)
        refusal = {"code": "UNAUTHORIZED", "details": "No matching advertiser found for scope"}
        found = self.campaigns.get(profile_id, 401)
        if isinstance(found, int):
            return httpx.Response(found, json=refusal)
        if plain_array:
            return httpx.Response(200, json=found)
        return httpx.Response(200, json={"campaigns": found, "totalResults": len(found)})


def profile(profile_id=SELLER, kind="seller", **changes):
    return {
        "profileId": profile_id,
        "countryCode": "US",
        "currencyCode": "USD",
        "timezone": "America/Los_Angeles",
        "accountInfo": {"id": "A1", "type": kind, "name": "Acme", "marketplaceStringId": "ATVPDKIKX0DER"},
        "dailyBudget": 999999999.0,
    } | changes


@dataclass
class Company:
    amazon: FakeProfiles
    roster: object
    warehouse: object
    clock: object
    accounts: list = field(default_factory=list)

    def add(self, name, *listed, **wanted):
        client = client_of(self.amazon, name)
        credentials: Credentials = client._credentials
        self.accounts.append(Account(name=name, credentials=credentials, wanted=ProfileFilter(**wanted)))
        self.amazon.listed[name] = list(listed)

    def want(self, name, **wanted):
        """Change which profiles an account wants."""
        self.accounts = [
            account.model_copy(update={"wanted": ProfileFilter(**wanted)}) if account.name == name else account
            for account in self.accounts
        ]

    def find(self, *names):
        """Ask every account, or those that are named."""
        asked = [account for account in self.accounts if not names or account.name in names]
        names_configured = [account.name for account in self.accounts]
        known = [p.facts for p in self.roster.profiles([account.name for account in asked])]

        async def go():
            retries = Retries(sleep=lambda _: asyncio.sleep(0))
            clients = {account.name: client_of(self.amazon, account.name, retries=retries) for account in asked}
            for client in clients.values():
                await client.__aenter__()
            try:
                return await find_profiles(clients, asked, self.roster, configured=self.accounts)
            finally:
                for client in clients.values():
                    await client.__aexit__(None, None, None)

        found = asyncio.run(go())
        before = [facts.profile_id for facts in known if facts.account in found.whole]
        store_profiles(
            self.warehouse,
            asked,
            found,
            configured=names_configured,
            known=before,
            now=self.clock(),
            staging=Path(self.warehouse.database).parent / "staging",
        )
        return found

    def active(self):
        found = self.roster.active([account.name for account in self.accounts])
        return [(p.facts.account, p.facts.profile_id) for p in found]

    def query(self, sql):
        with self.warehouse.connect() as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def company(roster, warehouse, clock):
    return Company(FakeProfiles(), roster, warehouse, clock)


def test_profiles_are_known_in_the_roster_and_in_the_warehouse_with_currency_and_time_zone(company):
    company.add("acme", profile())
    assert company.find().troubles == []
    assert company.active() == [("acme", SELLER)]
    query = "SELECT profile_id, currency_code, timezone, account_type, active, daily_budget::VARCHAR FROM profiles"
    assert company.query(query) == [(SELLER, "USD", "America/Los_Angeles", "seller", True, "999999999.000000")]
    accounts = company.query("SELECT account, region, sandbox, profiles, error FROM accounts")
    assert accounts == [("acme", "NA", False, 1, None)]


def test_a_profile_has_amazons_whole_object_and_says_what_kind_of_account_within_its_type(company):
    info = {
        "id": "A1",
        "type": "vendor",
        "subType": "KDP_AUTHOR",
        "name": "\u00c9mile",
        "marketplaceStringId": "A1F83G",
    }
    served = profile(accountInfo=info, somethingNew={"a": [1, None]})
    company.add("acme", served)
    company.find()
    ((sub_type, raw),) = company.query("SELECT account_sub_type, raw FROM profiles")
    assert (sub_type, json.loads(raw)) == ("KDP_AUTHOR", served)


# Who is wanted

US, DE, JP = 11, 22, 33
WORLD = (
    profile(US, kind="seller"),
    profile(DE, kind="vendor", countryCode="DE"),
    profile(JP, kind="seller", countryCode="JP"),
)


@pytest.mark.parametrize(
    ("wanted", "active", "reasons"),
    [
        ({}, [US, DE, JP], set()),
        ({"profiles": [US, str(DE)]}, [US, DE], {"left out by the account's `profiles`"}),
        ({"exclude_profiles": str(US)}, [DE, JP], {"left out by the account's `exclude_profiles`"}),
        ({"countries": "us"}, [US], {"left out by the account's `countries`"}),
        ({"exclude_countries": "DE,JP"}, [US], {"left out by the account's `exclude_countries`"}),
        ({"types": ["vendor"]}, [DE], {"left out by the account's `types`"}),
        ({"exclude_types": ["vendor", "agency"]}, [US, JP], {"left out by the account's `exclude_types`"}),
        (
            {"profiles": [US, DE], "countries": ["US", "DE"], "types": "seller"},
            [US],
            {"left out by the account's `profiles`", "left out by the account's `types`"},
        ),
        ({"exclude_countries": "AU", "exclude_types": "agency"}, [US, DE, JP], set()),  # rules, should there be one
    ],
)
def test_profiles_are_chosen_by_id_country_and_type_and_the_others_known_with_the_reason(
    company, wanted, active, reasons
):
    company.add("acme", *WORLD, **wanted)
    assert company.find().troubles == []
    assert company.active() == [("acme", profile_id) for profile_id in active]
    found = company.query("SELECT DISTINCT skip_reason FROM profiles WHERE NOT active")
    assert {reason for (reason,) in found} == reasons
    assert company.query("SELECT count(*) FROM profiles") == [(3,)]


@pytest.mark.parametrize(
    ("wanted", "profile_id", "said"),
    [
        (
            {"profiles": [US, 42]},
            42,
            "`profiles` names 42, and Amazon does not list it: it lists 11 (Acme, US, seller)",
        ),
        ({"profiles": [US, 42]}, 42, "correct the id, or ask for access"),
        ({"exclude_profiles": ["42"]}, 42, "`exclude_profiles` names 42, and Amazon does not list it"),
        ({"countries": ["CA", "MX"]}, None, "`countries: CA, MX` matches no profile: there are DE (1), JP (1), US (1)"),
        ({"types": "agency"}, None, "`types: agency` matches no profile: there are seller (2), vendor (1)"),
        ({"countries": "DE", "types": "seller"}, None, "its filters leave none of its profiles: it has 11 (Acme, US,"),
        ({"exclude_types": "seller,vendor"}, None, "its filters leave none of its profiles"),
    ],
)
def test_a_filter_that_matches_nothing_is_an_error_that_names_account_filter_and_what_there_is(
    company, wanted, profile_id, said
):
    company.add("acme", *WORLD, **wanted)
    (trouble,) = company.find().troubles
    assert (trouble.account, trouble.profile_id, trouble.what) == ("acme", profile_id, "profiles")
    assert trouble.reason.startswith("account 'acme': ")
    assert said in trouble.reason
    assert " -> " in trouble.reason
    error = company.roster.standings()["acme"].error
    assert error == (None if profile_id else trouble.reason)
    company.want("acme")
    assert company.find().troubles == []
    assert company.roster.standings()["acme"].error is None


def test_an_account_that_reaches_no_profile_is_an_error_and_no_empty_success(company):
    company.add("acme")
    (trouble,) = company.find().troubles
    assert "Amazon lists no profile at all" in trouble.reason
    assert company.roster.standings()["acme"].error == trouble.reason


def test_filters_that_match_nothing_are_not_called_so_where_a_profile_could_not_be_read(company):
    company.add("acme", profile(US), profile(DE, timezone="Mars/Olympus"), countries=["DE"])
    (trouble,) = company.find().troubles
    assert "time zone" in trouble.reason


def test_a_vendor_who_gives_rights_to_view_is_found(company):
    company.add("acme", profile(VENDOR, kind="vendor"))
    company.amazon.view_only.add(VENDOR)
    assert company.find().troubles == []
    assert company.active() == [("acme", VENDOR)]


def test_filters_that_were_changed_hold_from_the_next_order_on(start_sandbox, data_dir, monkeypatch):
    start_sandbox(profiles=3)
    everybody = asyncio.run(know_profiles(tools_of(load_settings())))
    for country, expected in (("US", 1), ("DE", 1), ("", 3)):
        monkeypatch.setenv("PPC_COUNTRIES", country)
        tools = tools_of(load_settings())
        assert sorted(asyncio.run(know_profiles(tools))) == sorted(everybody)
        assert len(tools.profiles()) == expected
        assert asyncio.run(know_profiles(tools)) == []


# Agencies

AGENCY = 44


def agency(company):
    company.add("acme", profile(), profile(AGENCY, kind="agency"))


def test_an_agency_that_amazon_refuses_is_left_out_with_the_reason_and_is_no_failure(company):
    agency(company)
    assert company.find().troubles == []
    assert company.active() == [("acme", SELLER)]
    reason = "SELECT active, skip_reason FROM profiles WHERE account_type = 'agency'"
    assert company.query(reason) == [(False, IDLE_AGENCY)]
    known = next(p for p in company.roster.profiles(["acme"]) if p.facts.profile_id == AGENCY)
    assert not known.blocked
    assert company.amazon.looked_at == [AGENCY] * len(company.amazon.looked_at)


@pytest.mark.parametrize(
    ("campaigns", "active", "reason"),
    [
        ([{"campaignId": "1"}], True, None),
        ([], False, IDLE_AGENCY),
        (403, False, IDLE_AGENCY),
        *((status, False, UNKNOWN_AGENCY) for status in (400, 404, 406, 415, 503)),
    ],
)
def test_an_agency_is_worked_for_if_it_has_campaigns(company, campaigns, active, reason):
    agency(company)
    company.amazon.campaigns[AGENCY] = campaigns
    assert company.find().troubles == []
    assert company.query(f"SELECT active, skip_reason FROM profiles WHERE profile_id = {AGENCY}") == [(active, reason)]


@pytest.mark.parametrize("campaigns", [[{"campaignId": "1"}], []])
def test_an_agency_that_cannot_be_looked_at_for_now_stays_as_it_was(company, campaigns):
    agency(company)
    company.amazon.campaigns[AGENCY] = campaigns
    company.find()
    before = company.active()
    company.amazon.campaigns[AGENCY] = 503
    company.find()
    assert company.active() == before


def test_an_agency_that_filters_leave_out_is_not_looked_at(company):
    company.add("acme", profile(), profile(AGENCY, kind="agency"), exclude_types=["agency"])
    company.find()
    assert company.amazon.looked_at == []
    company.want("acme")
    company.amazon.campaigns[AGENCY] = 503
    company.find()
    assert company.query(f"SELECT skip_reason FROM profiles WHERE profile_id = {AGENCY}") == [(UNKNOWN_AGENCY,)]


# Profiles that several accounts reach


def test_a_profile_that_two_accounts_reach_is_loaded_once_for_the_first(company):
    company.add("first", profile())
    company.add("second", profile(), profile(VENDOR))
    for _ in range(2):
        assert company.find().troubles == []
        assert company.active() == [("first", SELLER), ("second", VENDOR)]
        assert company.query("SELECT count(*) FROM profiles WHERE removed_at IS NULL") == [(2,)]
    assert company.query("SELECT count(*) FROM profiles_history") == [(2,)]


def test_an_account_whose_grant_was_revoked_is_named_keeps_its_profiles_and_does_not_stop_the_others(company):
    company.add("acme", profile())
    company.add("revoked", profile(VENDOR))
    company.find()
    company.amazon.revoked.add("revoked")
    (trouble,) = company.find().troubles
    assert (trouble.account, trouble.profile_id) == ("revoked", None)
    assert "must authorise the application again" in trouble.reason
    assert company.active() == [("acme", SELLER), ("revoked", VENDOR)]
    assert company.roster.standings()["revoked"].error == trouble.reason
    assert company.roster.standings()["acme"].error is None
    accounts = company.query("SELECT account, profiles, error FROM accounts ORDER BY account")
    assert accounts == [("acme", 1, None), ("revoked", None, trouble.reason)]
    assert company.query("SELECT count(*) FROM profiles WHERE removed_at IS NULL") == [(2,)]


def test_an_account_that_does_not_answer_for_now_is_a_trouble_and_keeps_its_good_standing(company):
    company.add("acme", profile())
    company.find()
    company.amazon.listed["acme"] = httpx.Response(503)
    (trouble,) = company.find().troubles
    assert (trouble.account, trouble.profile_id, trouble.what) == ("acme", None, "profiles")
    assert "503" in trouble.reason
    assert company.active() == [("acme", SELLER)]
    assert company.roster.standings()["acme"].error is None


def test_an_account_that_never_answered_is_broken_until_it_does(company):
    company.add("acme")
    company.amazon.listed["acme"] = httpx.Response(503)
    assert len(company.find().troubles) == 1
    assert "503" in company.roster.standings()["acme"].error
    company.amazon.listed["acme"] = [profile()]
    assert company.find().troubles == []
    assert company.roster.standings()["acme"].error is None


def owned(company):
    """Two accounts that reach one profile, the second of which has it: it listed it first."""
    company.add("first")
    company.add("second", profile())
    company.find()
    assert company.active() == [("second", SELLER)]
    company.amazon.listed["first"] = [profile()]


def test_a_profile_stays_with_its_account_when_another_lists_it_too(company):
    owned(company)
    company.find()
    assert company.active() == [("second", SELLER)]


def test_a_profile_stays_with_its_account_while_that_one_does_not_answer(company):
    owned(company)
    company.amazon.listed["second"] = httpx.Response(503)
    company.find()
    assert company.active() == [("second", SELLER)]


def test_a_profile_stays_with_its_account_when_only_another_is_asked(company):
    owned(company)
    company.find("first")
    assert company.active() == [("second", SELLER)]


def test_a_profile_stays_with_its_account_when_that_ones_list_cannot_be_read_whole(company):
    owned(company)
    company.amazon.listed["second"] = [profile(timezone="Mars/Olympus")]
    company.find()
    assert company.active() == [("second", SELLER)]


def test_a_profile_that_its_account_no_longer_lists_goes_to_another_at_once_or_later(company):
    owned(company)
    company.amazon.listed |= {"first": [], "second": []}
    company.find()
    assert company.active() == []
    company.amazon.listed |= {"first": [profile()], "second": httpx.Response(503)}
    company.find()
    assert company.active() == [("first", SELLER)]
    company.amazon.listed |= {"first": [], "second": [profile()]}
    company.find()
    assert company.active() == [("second", SELLER)]
    assert company.query("SELECT account FROM profiles WHERE removed_at IS NULL") == [("second",)]


def test_a_profile_of_an_account_that_is_no_longer_configured_goes_to_the_first_that_lists_it(company):
    owned(company)
    del company.accounts[1]
    company.find()
    assert company.active() == [("first", SELLER)]


def test_a_profile_that_its_account_does_not_want_goes_to_the_first_that_wants_it_and_is_loaded_once(company):
    company.add("first", profile(), profile(VENDOR), exclude_profiles=[SELLER])
    company.add("second", profile(), profile(VENDOR))
    for _ in range(2):
        assert company.find().troubles == []
        assert company.active() == [("first", VENDOR), ("second", SELLER)]
    assert company.query("SELECT count(*) FROM profiles_history") == [(2,)]


@pytest.mark.parametrize("known", [("first",), ("first", "second")])
def test_a_profile_goes_over_when_its_account_no_longer_wants_it_and_stays_when_it_does_again(company, known):
    company.add("first", profile(), profile(VENDOR))
    company.add("second", profile())
    company.find(*known)
    assert company.active() == [("first", VENDOR), ("first", SELLER)]
    company.want("first", profiles=[VENDOR])
    company.find()
    assert company.active() == [("first", VENDOR), ("second", SELLER)]
    company.want("first")
    company.find()
    assert company.active() == [("first", VENDOR), ("second", SELLER)]


def test_a_profile_that_nobody_wants_stays_with_its_account_with_the_reason(company):
    company.add("first", profile(), profile(VENDOR), types=["vendor"], profiles=[VENDOR])
    company.add("second", profile(), profile(VENDOR), exclude_profiles=[SELLER])
    company.find()
    assert company.query(f"SELECT account, skip_reason FROM profiles WHERE profile_id = {SELLER}") == [
        ("first", "left out by the account's `profiles`")
    ]


def test_a_profile_that_its_account_does_not_want_goes_to_another_even_if_only_that_one_is_asked(company):
    company.add("first", profile(), profile(VENDOR), exclude_profiles=[SELLER])
    company.find()
    company.add("second", profile())
    company.find("second")
    assert company.active() == [("first", VENDOR), ("second", SELLER)]


def test_a_profile_of_an_account_whose_grant_was_revoked_goes_to_another_that_lists_it_and_stays_there(company):
    owned(company)
    company.amazon.revoked.add("second")
    company.find()
    assert company.active() == [("first", SELLER)]
    company.amazon.revoked.clear()
    assert company.find().troubles == []
    assert company.active() == [("first", SELLER)]


def test_what_amazon_refused_one_account_is_not_held_against_the_next_that_has_the_profile(company):
    owned(company)
    company.roster.block(SELLER, "401", "second")
    company.find()
    (known,) = company.roster.active(["second"])
    assert known.blocked
    company.amazon.listed["second"] = []
    company.find()
    (known,) = company.roster.active(["first"])
    assert not known.blocked
    company.roster.block(SELLER, "401 to a report of the former account", "second")
    (known,) = company.roster.active(["first"])
    assert not known.blocked


def test_knowing_profiles_needs_no_warehouse_and_says_which_are_new(start_sandbox, data_dir):
    start_sandbox(profiles=2)
    tools = tools_of(load_settings())
    new = asyncio.run(know_profiles(tools))
    assert sorted(new) == sorted(p.facts.profile_id for p in tools.profiles())
    assert len(new) == 2
    assert asyncio.run(know_profiles(tools)) == []
    assert not (data_dir / "ppc.duckdb").exists()


def test_a_profile_that_is_no_longer_listed_is_marked_and_not_worked_for(company):
    company.add("acme", profile(), profile(VENDOR))
    company.find()
    company.amazon.listed["acme"] = [profile()]
    company.find()
    assert company.active() == [("acme", SELLER)]
    assert company.query("SELECT profile_id FROM profiles WHERE removed_at IS NOT NULL") == [(VENDOR,)]


def test_a_profile_that_cannot_be_read_is_named_and_costs_no_other_and_is_not_taken_for_gone(company):
    company.add("acme", profile(), profile(VENDOR))
    company.find()
    company.amazon.listed["acme"] = [profile(), profile(VENDOR, timezone="Mars/Olympus"), profile(77)]
    (trouble,) = company.find().troubles
    assert str(VENDOR) in trouble.reason
    assert "time zone" in trouble.reason
    assert company.active() == [("acme", 77), ("acme", VENDOR), ("acme", SELLER)]
    assert company.query("SELECT count(*) FROM profiles WHERE removed_at IS NULL") == [(3,)]
    assert company.roster.standings()["acme"].error is None


def test_a_profile_whose_time_zone_changed_has_a_new_version(company):
    company.add("acme", profile())
    company.find()
    company.amazon.listed["acme"] = [profile(timezone="America/Denver")]
    company.clock.forward(days=1)
    company.find()
    assert company.query("SELECT timezone FROM profiles") == [("America/Denver",)]
    assert company.query("SELECT count(*) FROM profiles_history") == [(2,)]
