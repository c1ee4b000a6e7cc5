"""The same options serve the same data, whoever asks, in whatever process."""

import asyncio
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import httpx

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.sandbox import SandboxOptions, running
from ppc_pipeline.sandbox.accounts import profiles_of
from ppc_pipeline.sandbox.bodies import Query, report_body
from ppc_pipeline.sandbox.creation import world_of
from ppc_pipeline.sandbox.state import Report, State

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)


def digest(seed=1, names=("spSearchTerm", "sbTargeting", "sdCampaigns:matchedTarget", "stCampaigns")):
    options, bodies = SandboxOptions(seed=seed), b""
    for declared in map(REPORT_TYPES.__getitem__, names):
        world = world_of(options, profiles_of(options, "sandbox")[1], declared.ad_product)
        query = Query(declared, declared.columns, date(2026, 11, 1), date(2026, 11, 22))
        bodies += report_body(world, query, NOW, 400)
    return hashlib.sha256(bodies).hexdigest()


def test_the_figures_of_sponsored_products_are_what_they_were_before_there_were_others():
    assert (
        digest(names=("spCampaigns", "spTargeting", "spSearchTerm", "spAdvertisedProduct"))[:16] == "795f4b51fd227211"
    )


def test_another_process_makes_the_same_bytes():
    code = (
        "import importlib.util as u; s = u.spec_from_file_location('t', r'%s');"
        " m = u.module_from_spec(s); s.loader.exec_module(m); print(m.digest())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code % __file__], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    )
    assert printed.stdout.strip() == digest()


def test_another_seed_is_another_world():
    assert digest(seed=2) != digest(seed=1)


def test_a_longer_request_repeats_the_days_of_a_shorter_one(api, report_request):
    long = api.rows(report_request(start="2026-11-01", end="2026-11-20"))
    short = api.rows(report_request(start="2026-11-10", end="2026-11-12"))
    assert short == [row for row in long if "2026-11-10" <= row["date"] <= "2026-11-12"]


def test_apps_that_share_a_state_file_see_each_others_reports(new_api, tmp_path, report_request):
    one = new_api(state=tmp_path / "deep" / "state.db")
    two = new_api(state=tmp_path / "deep" / "state.db", clock=one.clock)
    report_id = one.create(report_request()).json()["reportId"]
    assert two.create(report_request()).status_code == 425
    one.clock.forward(seconds=10)
    urls = [api.status(report_id).json()["url"] for api in (one, two)]
    assert urls[0] == urls[1]
    assert one.call("GET", urls[1]).content == two.call("GET", urls[0]).content
    assert two.call("GET", "/_sandbox/stats").json()["reportsCreated"] == 1


def test_of_many_identical_requests_at_once_one_makes_a_report(tmp_path):
    states = [State(tmp_path / "state.db") for _ in range(4)]

    def create(number):
        report = Report(f"report-{number}", "sandbox", 1, "same", "{}", NOW, NOW.replace(hour=16))
        return states[number % 4].create_report(report)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(40)))
    assert answers.count(None) == 1
    assert len(set(answers)) == 2
    assert states[0].report_count() == 1


def test_a_real_server_serves_many_at_once_and_stops():
    async def ask(url):
        async with httpx.AsyncClient(base_url=url) as client:
            return await asyncio.gather(*(client.get("/_sandbox/profiles") for _ in range(20)))

    with running(SandboxOptions(profiles=2, latency_seconds=0.05)) as url:
        answers = asyncio.run(ask(url))
        assert {answer.status_code for answer in answers} == {200}
        assert {len(answer.json()) for answer in answers} == {2}
    try:
        httpx.get(url)
    except httpx.ConnectError:
        return
    raise AssertionError("the server still answers")
