"""Faults in the sandbox: who is hit, what is counted, and that the truth of the good rows stays the truth."""

import gzip
import json
from collections import Counter

import httpx
import pytest
from typer.testing import CliRunner

from ppc_pipeline.cli.commands import app
from ppc_pipeline.sandbox import SandboxOptions, UnknownFaultError, create_app, rules_of, running
from ppc_pipeline.sandbox.faults import CALLS, IN_A_ROW, PROFILES, REPORTS, ROWS, Fault, Plan, Rule
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.sandbox.conftest import SANDBOX_CLIENT_ID, Api, report_request

ALWAYS = {
    Fault.FAILED_ALWAYS,
    Fault.REVOKED_TOKEN,
    Fault.REFUSED_PROFILE,
    Fault.REFUSED_COLUMN,
    Fault.THROTTLED_FOR_LONG,
}
QUIET = {"profiles": 1, "campaigns": 2, "keywords_per_campaign": 3, "ready_seconds": 0.0}


def api_with(faults, clock, **options):
    return Api(SandboxOptions(**(QUIET | options), faults=faults), clock)


def faults_of(api):
    return api.call("GET", "/_sandbox/stats").json()["faults"]


# Who is hit


def test_every_fault_has_a_place_where_it_happens():
    elsewhere = {
        Fault.LISTED_TWICE,
        Fault.EXPORT_FAILED,
        Fault.REFUSED_COLUMN,
        Fault.REFUSED_PROFILE,
        Fault.REVOKED_TOKEN,
    }
    assert set(Fault) == {*CALLS, *REPORTS, *ROWS, *elsewhere}


@pytest.mark.parametrize("name", ["mild", "hostile", "rows"])
def test_a_profile_has_nothing_in_it_that_never_passes(name):
    assert not {rule.fault for rule in rules_of(name)} & {*ALWAYS, Fault.EMPTY_REPORT, Fault.METRIC_MISSING}


def test_mild_and_hostile_leave_rows_and_columns_alone_for_nobody_has_seen_amazon_spoil_them():
    for name in ("mild", "hostile"):
        assert not {rule.fault for rule in rules_of(name)} & {*ROWS, *(REPORTS - {Fault.FAILED_ONCE})}


@pytest.mark.parametrize("kind", ["token", "profiles", "list", "create", "poll", "download", "export"])
def test_hostile_hits_more_than_15_percent_of_the_first_attempts_of_every_kind_of_call(kind):
    plan = Plan(1, rules_of("hostile"))
    hit = sum(plan.on_call(kind, f"{kind} {number}", 0) is not None for number in range(2000))
    assert 300 < hit < 1000


def test_the_same_seed_hits_the_same_calls_and_another_seed_others():
    def drawn(seed):
        plan = Plan(seed, rules_of("hostile"))
        return [plan.on_call("create", f"create {number}", attempt) for number in range(200) for attempt in range(3)]

    assert drawn(1) == drawn(1) != drawn(2)


@pytest.mark.parametrize("text", ["hostile", "500", "429:0.9,slow:0.9"])
def test_a_call_is_never_hit_more_often_in_a_row_than_a_patient_client_tries(text):
    plan = Plan(7, rules_of(text))
    for number in range(200):
        hits = "".join("x" if plan.on_call("create", str(number), attempt) else "." for attempt in range(30))
        assert "x" * (IN_A_ROW + 1) not in hits


def test_a_fault_by_name_hits_everything_unless_a_rate_or_an_expression_says_otherwise():
    assert rules_of("429,slow:0.25,failed-always@spTarget") == (
        Rule(Fault.THROTTLED),
        Rule(Fault.SLOW, 0.25),
        Rule(Fault.FAILED_ALWAYS, 1.0, "spTarget"),
    )
    plan = Plan(1, rules_of("500@spTarget"))
    assert plan.on_call("create", "create 1 spTargeting", 0) is Fault.ERROR_500
    assert plan.on_call("create", "create 1 spCampaigns", 0) is None


@pytest.mark.parametrize("text", ["nonsense", "429:0", "429:2", "429:often", "429@(", "hostile:0.5"])
def test_a_text_that_names_no_fault_is_refused_with_those_there_are(text):
    with pytest.raises(UnknownFaultError, match=r"fault|rate"):
        create_app(SandboxOptions(faults=text))


# One ad product, one column


def test_one_ad_product_can_be_throttled_for_hours_and_the_others_are_not(clock):
    api = api_with("429-for-long@SPONSORED_BRANDS", clock)
    for _ in range(5):
        throttled = api.create(report_request("sbTargeting"))
        assert (throttled.status_code, "Retry-After" in throttled.headers) == (429, False)
        clock.forward(hours=1)
    for name in ("spTargeting", "sdTargeting", "stTargeting"):
        assert api.create(report_request(name)).status_code == 200
    api.call("POST", "/_sandbox/faults", content="none")
    assert api.create(report_request("sbTargeting")).status_code == 200


@pytest.mark.parametrize(
    ("identity", "match", "hit"),
    [
        ("create 1 sbTargeting targeting 2026-10-22 2026-11-21", "SPONSORED_BRANDS", True),
        ("create 1 sdTargeting targeting 2026-10-22 2026-11-21", "create .* SPONSORED_DISPLAY", True),
        ("create 1 spTargeting targeting 2026-10-22 2026-11-21", "SPONSORED_BRANDS", False),
        ("create 1 stTargeting campaign+adGroup 2026-10-22 2026-11-21", "SPONSORED_TELEVISION", True),
        ("list /sb/v4/ads/list sandbox 1 abc", "SPONSORED_BRANDS", True),
        ("list /sb/v4/ads/list sandbox 1 abc", "create .* SPONSORED_BRANDS", False),
        ("list /sd/targets sandbox 1 abc", "SPONSORED_DISPLAY", True),
        ("list /portfolios/list sandbox 1 abc", "SPONSORED", False),
    ],
)
def test_a_rule_may_name_the_ad_product_that_a_call_is_about(identity, match, hit):
    plan = Plan(1, rules_of(f"429-for-long@{match}"))
    assert (plan.on_call(identity.partition(" ")[0], identity, 2) is not None) == hit


def test_a_column_can_be_kept_from_an_account_and_the_refusal_names_it(clock):
    api = api_with("refused-column@sbTargeting:(newToBrandSales|addToCart)$", clock)
    refused = api.create(report_request("sbTargeting"))
    detail = refused.json()["detail"]
    assert refused.status_code == 400
    said, allowed = detail.split(". Allowed values: ")
    assert said == "configuration columns includes invalid values: (addToCart, newToBrandSales)"
    assert "newToBrandSalesClicks" in allowed.strip("()").split(", ")
    assert "newToBrandSales" not in allowed.strip("()").split(", ")
    columns = [
        c for c in report_request("sbTargeting")["configuration"]["columns"] if c in allowed.strip("()").split(", ")
    ]
    assert api.create(report_request("sbTargeting", columns=columns)).status_code == 200
    assert api.create(report_request("sbCampaigns")).status_code == 200
    assert faults_of(api) == {"refused-column": 2}


@pytest.mark.parametrize("name", ["spPurchasedProduct", "sbTargeting", "sdGrossAndInvalids", "stCampaigns"])
def test_rows_of_every_kind_of_report_can_be_spoiled(clock, name):
    options = {"campaigns": 12, "keywords_per_campaign": 12}
    api, plain = api_with(",".join(ROWS), clock, **options), api_with("none", clock, **options)
    body = report_request(name)
    rows, good = api.rows(body), plain.rows(body)
    truth = api.totals(name, "2026-10-22", "2026-11-21")
    assert (len(good), len(rows)) == (truth["rows"], truth["rows"] + truth["rejectedRows"])
    assert {frozenset(row) - {"date"} for row in rows} == {frozenset(good[0]) - {"date"}}
    assert sum(row not in good for row in rows) == truth["rejectedRows"]


# The truth


def test_spoiled_rows_are_added_and_the_good_ones_are_what_the_totals_say(clock):
    api, plain = api_with(",".join(ROWS), clock), api_with("none", clock)
    body = report_request(start="2026-11-10", end="2026-11-12")
    rows, good = api.rows(body), plain.rows(body)
    truth = api.totals("spTargeting", "2026-11-10", "2026-11-12")
    assert [row for row in good if row not in rows] == []
    assert len(rows) == truth["rows"] + truth["rejectedRows"]
    assert (truth["rows"], truth["rejectedRows"] > 15) == (len(good), True)
    assert {name: value for name, value in truth.items() if name != "rejectedRows"} == {
        name: value
        for name, value in plain.totals("spTargeting", "2026-11-10", "2026-11-12").items()
        if name != "rejectedRows"
    }
    spoiled = Counter(
        "no date"
        if "date" not in row
        else "outside"
        if row["date"] == "2026-11-09"
        else "no id"
        if row["campaignId"] is None
        else "text"
        if row["impressions"] == "n/a"
        else "duplicate"
        for row in rows
        if row not in good
    )
    assert set(spoiled) == {"no date", "outside", "no id", "text", "duplicate"}
    assert set(faults_of(api)) == set(ROWS)
    assert sum(faults_of(api).values()) == truth["rejectedRows"]


def test_the_same_days_are_spoiled_whichever_report_they_are_in(clock):
    api = api_with("rows", clock)
    days = [api.totals("spTargeting", f"2026-11-{day:02}", f"2026-11-{day:02}") for day in range(1, 16)]
    all_of_them = api.totals("spTargeting", "2026-11-01", "2026-11-15")
    assert sum(day["rejectedRows"] for day in days) == all_of_them["rejectedRows"] > 0
    assert len(api.rows(report_request(start="2026-11-01", end="2026-11-08"))) == sum(
        day["rows"] + day["rejectedRows"] for day in days[:8]
    )


def test_an_empty_report_is_empty_on_purpose_and_the_truth_says_what_it_should_hold(clock):
    api = api_with("empty-report", clock)
    body = report_request(start="2026-11-10", end="2026-11-10")
    assert api.rows(body) == []
    assert api.totals("spTargeting", "2026-11-10", "2026-11-10")["rows"] > 0
    (report,) = api.call("GET", "/_sandbox/reports").json()
    assert (report["fault"], report["rowsInFile"], report["status"]) == ("empty-report", 0, "COMPLETED")
    assert len(api.rows(body)) > 0, "the next one is not empty"


@pytest.mark.parametrize(
    ("fault", "missing", "there"),
    [("column-missing", "campaignName", None), ("metric-missing", "impressions", None), ("new-column", None, "brand")],
)
def test_columns_go_and_come_in_every_row(clock, fault, missing, there):
    rows = api_with(fault, clock).rows(report_request(start="2026-11-10", end="2026-11-10"))
    assert rows
    assert all(missing not in row for row in rows)
    assert all(any(column.startswith(there) for column in row) for row in rows) if there else True


# What becomes of a report


@pytest.mark.parametrize(("fault", "again"), [("failed-once", "COMPLETED"), ("failed-always", "FAILED")])
def test_a_report_fails_with_a_reason_and_works_when_asked_again_or_never(clock, fault, again):
    api = api_with(fault, clock)
    shown = [api.status(api.create(report_request()).json()["reportId"]).json() for _ in range(2)]
    assert [one["status"] for one in shown] == ["FAILED", again]
    assert "internal error" in shown[0]["failureReason"]
    assert shown[0]["url"] is None


def test_a_pending_report_stays_pending_for_hours_and_is_made_in_the_end(clock):
    api = api_with("pending", clock, pending_seconds=7200)
    report_id = api.create(report_request()).json()["reportId"]
    clock.forward(hours=1.9)
    assert api.status(report_id).json()["status"] == "PENDING"
    assert api.create(report_request()).status_code == 425
    clock.forward(hours=0.2)
    assert api.status(report_id).json()["status"] == "COMPLETED"


@pytest.mark.parametrize(("fault", "status"), [("429-created", 429), ("500-created", 500)])
def test_a_refusal_that_created_the_report_all_the_same_is_counted_as_a_report(clock, fault, status):
    api = api_with(fault, clock, ready_seconds=60)
    first = api.create(report_request())
    assert (first.status_code, "Retry-After" in first.headers) == (status, False)
    again = [api.create(report_request()) for _ in range(2)]
    assert [answer.status_code for answer in again] == [425, 425]
    (report,) = api.call("GET", "/_sandbox/reports").json()
    assert report["reportId"] in again[0].text
    stats = api.call("GET", "/_sandbox/stats").json()
    assert (stats["reportsCreated"], stats["faults"]) == (1, {fault: 1})


# Calls


@pytest.mark.parametrize(
    ("fault", "status", "wait"),
    [
        ("429", 429, "7"),
        ("429-silent", 429, None),
        ("429-absurd", 429, "1764000000"),
        ("425", 425, None),
        ("500", 500, None),
        ("502", 502, None),
        ("503", 503, None),
        ("504", 504, None),
        ("html", 503, None),
    ],
)
def test_a_call_is_refused_twice_and_then_goes_through(clock, fault, status, wait):
    api = api_with(f"{fault}@create", clock, retry_after_seconds=7)
    answers = [api.create(report_request()) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers.get("Retry-After") == wait
    assert answers[0].headers["Content-Type"].startswith("text/html" if fault == "html" else "application/json")
    assert faults_of(api) == {fault: 2}
    assert api.call("GET", "/_sandbox/stats").json()["reportsCreated"] == 1


def test_looking_at_a_report_is_refused_though_the_token_is_good(clock):
    api = api_with("401-poll", clock)
    report_id = api.create(report_request()).json()["reportId"]
    assert [api.status(report_id).status_code for _ in range(3)] == [401, 401, 200]


def test_a_token_ends_before_its_time_once_and_a_new_one_is_good(clock):
    api = api_with("token-expired", clock)
    headers = api.headers()
    assert [api.call("GET", "/v2/profiles", headers=headers).status_code for _ in range(2)] == [401, 401]
    fresh = api.headers()
    assert [api.call("GET", "/v2/profiles", headers=fresh).status_code for _ in range(3)] == [200] * 3
    assert faults_of(api) == {"token-expired": 1}


def test_a_revoked_token_opens_nothing_and_what_it_opened_before_is_shut(clock):
    api = api_with("none", clock)
    headers = api.headers()
    api.call("POST", "/_sandbox/faults", content="revoked-token")
    assert api.login().json()["error"] == "invalid_grant"
    assert api.call("GET", "/v2/profiles", headers=headers).status_code == 401
    api.call("POST", "/_sandbox/faults", content="none")
    assert api.call("GET", "/v2/profiles", headers=headers).status_code == 200


def test_a_refused_profile_is_listed_and_refused_and_the_others_are_served(clock):
    api = api_with("none", clock, profiles=2)
    first, second = (profile["profileId"] for profile in api.profiles())
    api.call("POST", "/_sandbox/faults", content=f"refused-profile@{first}")
    assert len(api.profiles()) == 2
    assert api.create(report_request(), first).json()["details"] == f"Not authorized to access scope {first}"
    assert api.create(report_request(), second).status_code == 200


def test_a_download_comes_cut_off_or_broken_or_its_link_has_expired(clock):
    api = api_with("none", clock)
    report_id = api.create(report_request()).json()["reportId"]
    url = api.status(report_id).json()["url"]
    whole = api.call("GET", url).content

    def download(fault):
        api.call("POST", "/_sandbox/faults", content=fault)
        return api.call("GET", url)

    assert whole.startswith(download("truncated-gzip").content)
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        json.loads(gzip.decompress(download("broken-json").content))
    expired = download("expired-url")
    assert (expired.status_code, "Request has expired" in expired.text) == (403, True)
    assert download("none").content == whole


def test_an_object_is_on_two_pages_and_none_is_missing(clock):
    api = api_with("listed-twice", clock, page_size=2)
    first = api.page("/sp/keywords/list", "spKeyword").json()
    body = {"nextToken": first["nextToken"]}
    second = api.page("/sp/keywords/list", "spKeyword", body).json()
    assert second["keywords"][0] == first["keywords"][-1]
    assert len(second["keywords"]) == 3
    assert faults_of(api) == {"listed-twice": 1}


def test_faults_are_switched_while_the_sandbox_serves_and_nonsense_is_refused(clock):
    api = api_with("none", clock)
    assert api.call("GET", "/_sandbox/faults").json() == []
    switched = api.call("POST", "/_sandbox/faults", content="500@list,slow:0.5").json()
    assert [(one["fault"], one["rate"], one["match"]) for one in switched] == [("500", 1.0, "list"), ("slow", 0.5, "")]
    assert api.call("POST", "/_sandbox/faults", content="nonsense").status_code == 400
    assert len(api.call("GET", "/_sandbox/faults").json()) == 2


def test_the_command_line_refuses_a_fault_that_is_none_before_it_serves():
    done = CliRunner().invoke(app, ["sandbox", "--faults", "429,typhoon"], env={"COLUMNS": "300"})
    assert (done.exit_code, "'typhoon' is no fault" in done.output) == (2, True)


def test_without_faults_no_attempt_is_remembered(clock):
    api = api_with("none", clock)
    api.create(report_request())
    assert api.app.state.sandbox.state.attempt("anything") == 0
    (count,) = api.app.state.sandbox.state._connection.execute("SELECT count(*) FROM attempts").fetchone()
    assert count == 1


# Connections, over a real one


@pytest.fixture(scope="module")
def served():
    with running(SandboxOptions(**QUIET, slow_seconds=0.5)) as url:
        yield url


def in_order(url, faults, *calls):
    """Switch faults and make calls; give what each answered, or the error it ended with."""
    httpx.post(f"{url}/_sandbox/faults", content=faults).raise_for_status()
    with httpx.Client() as client:
        for call in calls:
            try:
                yield call(client).status_code
            except httpx.HTTPError as error:
                yield type(error)


def login(url):
    form = {"grant_type": "refresh_token", "refresh_token": "Atzr|sandbox", "client_id": SANDBOX_CLIENT_ID}
    return lambda client: client.post(f"{url}/auth/o2/token", data=form | {"client_secret": "sandbox-secret"})


@pytest.mark.parametrize(
    ("fault", "ends"),
    [
        ("reset-before", {httpx.ReadError}),
        ("reset-during", {httpx.ReadError, httpx.RemoteProtocolError}),
    ],
)
def test_a_connection_is_reset_twice_and_then_holds(served, fault, ends):
    *broken, last = in_order(served, fault, *[login(served)] * 3)
    assert set(broken) <= ends
    assert (len(broken), last) == (2, 200)


def test_a_connection_is_reset_after_a_whole_answer(served):
    httpx.post(f"{served}/_sandbox/faults", content="reset-after")
    for _ in range(3):  # a connection each: on a kept one, the next call may find it broken
        with httpx.Client() as client:
            assert login(served)(client).status_code == 200
    assert httpx.get(f"{served}/_sandbox/stats").json()["faults"]["reset-after"] == 2


def test_a_slow_body_takes_its_time_and_one_that_nobody_waits_for_ends(served):
    def impatient(client):
        client.timeout = httpx.Timeout(0.02)
        return login(served)(client)

    assert [*in_order(served, "slow", impatient)] == [httpx.ReadTimeout]
    response = httpx.post(f"{served}/_sandbox/faults", content="slow")
    assert response.status_code == 200
    with httpx.Client() as client:
        answer = login(served)(client)
    assert answer.status_code == 200
    assert answer.elapsed.total_seconds() > 0.4


def test_a_reset_that_created_a_report_shows_when_it_is_asked_for_again(served):
    httpx.post(f"{served}/_sandbox/faults", content="none")
    with httpx.Client() as client:
        token = login(served)(client).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Amazon-Advertising-API-ClientId": SANDBOX_CLIENT_ID}
    profile = httpx.get(f"{served}/v2/profiles", headers=headers).json()[0]["profileId"]
    before = httpx.get(f"{served}/_sandbox/stats").json()["reportsCreated"]
    body = report_request(start=str(days_ago(3)), end=str(days_ago(3)))

    def create(client):
        return client.post(
            f"{served}/reporting/reports", headers=headers | {"Amazon-Advertising-API-Scope": str(profile)}, json=body
        )

    assert next(in_order(served, "reset-created", create)) is httpx.ReadError
    assert httpx.get(f"{served}/_sandbox/stats").json()["reportsCreated"] == before + 1


def test_behind_an_asgi_transport_connections_cannot_be_reset_and_calls_pass(clock):
    api = api_with("reset-before", clock)
    assert api.login().status_code == 200
    assert faults_of(api) == {}
    assert PROFILES["none"] == {}
