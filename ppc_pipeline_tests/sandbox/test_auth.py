"""Who is let in, and in which words others are refused."""

import pytest

from ppc_pipeline.sandbox import SandboxOptions


def test_a_refresh_token_gives_an_access_token(api):
    answer = api.login()
    assert answer.status_code == 200
    body = answer.json()
    assert body["access_token"].startswith("Atza|")
    assert (body["token_type"], body["expires_in"], body["refresh_token"]) == ("bearer", 3600, "Atzr|sandbox")
    assert answer.headers["x-amz-rid"]


@pytest.mark.parametrize(
    ("changes", "status", "error", "text"),
    [
        ({"refresh_token": "Atzr|revoked-1"}, 400, "invalid_grant", "User may have revoked or didn't grant"),
        ({"refresh_token": "Atzr|other"}, 400, "invalid_grant", "invalid grant parameter : refresh_token"),
        ({"client_secret": "wrong"}, 401, "invalid_client", "Client authentication failed"),
        ({"client_id": "wrong"}, 401, "invalid_client", "Client authentication failed"),
        ({"refresh_token": None}, 400, "invalid_request", "missing a required parameter : refresh_token"),
        ({"grant_type": None}, 400, "invalid_request", "missing a required parameter : grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "grant type is not supported"),
    ],
)
def test_a_wrong_token_request_is_refused_in_amazons_words(api, changes, status, error, text):
    answer = api.login(**changes)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert text in answer.json()["error_description"]
    assert answer.json()["request_id"]


def test_an_access_token_expires(api, clock):
    headers = api.headers()
    clock.forward(seconds=3599)
    assert api.call("GET", "/v2/profiles", headers=headers).status_code == 200
    clock.forward(seconds=1)
    answer = api.call("GET", "/v2/profiles", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    "changes",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer Atza|made.up"},
        {"Authorization": "Bearer nonsense"},
        {"Amazon-Advertising-API-ClientId": ""},
        {"Amazon-Advertising-API-ClientId": "another"},
    ],
)
def test_every_call_needs_a_good_token_and_the_client_id(api, changes):
    answer = api.call("GET", "/v2/profiles", headers=api.headers() | changes)
    assert answer.status_code == 401
    assert answer.json()["details"] == "HTTP 401 Unauthorized"


@pytest.mark.parametrize(
    ("scope", "details"),
    [
        ("", "Scope header is missing"),
        ("abc", "No matching advertiser found for scope"),
        ("1234", "Not authorized to access scope 1234"),
    ],
)
@pytest.mark.parametrize("path", ["/sp/campaigns/list", "/reporting/reports"])
def test_a_scoped_call_needs_a_profile_of_the_account(api, path, scope, details):
    answer = api.call("POST", path, headers=api.headers() | {"Amazon-Advertising-API-Scope": scope}, content="{}")
    assert (answer.status_code, answer.json()["code"], answer.json()["details"]) == (401, "UNAUTHORIZED", details)


def test_another_refresh_token_is_another_account(api, new_api):
    other = new_api(refresh_token="Atzr|sandbox-acme")
    ids = {profile["profileId"] for profile in api.profiles()}
    assert ids.isdisjoint(profile["profileId"] for profile in other.profiles())
    answer = api.page("/sp/campaigns/list", "spCampaign", profile=other.profile())
    assert answer.status_code == 401


def test_the_last_profiles_can_be_refused(new_api):
    api = new_api(SandboxOptions(profiles=3, refused_profiles=1))
    first, _, last = api.profiles()
    assert api.page("/sp/campaigns/list", "spCampaign", profile=first["profileId"]).status_code == 200
    answer = api.page("/sp/campaigns/list", "spCampaign", profile=last["profileId"])
    assert answer.json()["details"] == f"Not authorized to access scope {last['profileId']}"


def test_profiles_cycle_through_countries_and_have_ids_of_their_own(new_api):
    profiles = new_api(SandboxOptions(profiles=40, agency_profiles=1)).profiles()
    shown = [(p["accountInfo"]["type"], p["countryCode"], p["currencyCode"], p["timezone"]) for p in profiles]
    assert shown[:3] == [
        ("seller", "US", "USD", "America/Los_Angeles"),
        ("seller", "DE", "EUR", "Europe/Paris"),
        ("vendor", "JP", "JPY", "Asia/Tokyo"),
    ]
    assert {"UK", "AU", "IN", "BR", "MX", "SA"} <= {country for _, country, _, _ in shown}
    assert len({p["profileId"] for p in profiles}) == 41
    assert all(isinstance(p["profileId"], int) and p["profileId"] < 10**16 for p in profiles)
    assert ["dailyBudget" in p for p in profiles] == [kind == "seller" for kind, *_ in shown]
    assert shown[-1][0] == "agency"


def test_profiles_can_be_filtered_by_type(api):
    answer = api.call("GET", "/v2/profiles?profileTypeFilter=vendor&accessLevel=view", headers=api.headers())
    assert [profile["countryCode"] for profile in answer.json()] == ["JP"]
    assert api.call("GET", "/v2/profiles?accessLevel=own", headers=api.headers()).status_code == 422


def test_one_profile_can_be_fetched(api):
    profile = api.profiles()[1]
    assert api.call("GET", f"/v2/profiles/{profile['profileId']}", headers=api.headers()).json() == profile
    assert api.call("GET", "/v2/profiles/7", headers=api.headers()).status_code == 404


def test_what_is_not_served_is_said_in_amazons_words(api):
    missing = api.call("GET", "/v2/nothing")
    assert (missing.status_code, missing.json()["code"]) == (404, "NOT_FOUND")
    assert missing.json()["details"] == "Could not find resource for full path: http://sandbox/v2/nothing"
    assert api.call("GET", "/auth/o2/token").status_code == 405
    assert api.call("POST", "/reporting/reports", content=b"x" * (1024 * 1024 + 1)).status_code == 413
