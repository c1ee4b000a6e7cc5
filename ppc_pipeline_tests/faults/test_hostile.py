"""Everything at once: a day on which more than every seventh call goes wrong, and rows are spoiled as well."""

import pytest

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.pipeline import finish_reports, order_day, poll_outstanding, sync_entities
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.faults.conftest import CAMPAIGNS, KINDS, TARGETING, WEEK, run_fast

PROFILES = 5


def test_on_a_hostile_day_every_figure_is_exact_every_row_accounted_for_and_no_report_made_in_vain(start):
    company = start(
        "hostile,rows,failed-once:0.2", profiles=PROFILES, ready_seconds=240.0, page_size=4, slow_seconds=0.1
    )
    synced = run_fast(sync_entities(company.tools, list(ENTITY_TYPES.values())))
    brought = company.bring(kinds=KINDS)

    assert company.call_faults() / sum(company.stats()["calls"].values()) >= 0.15
    assert len(brought.rows) == PROFILES * len(KINDS)
    assert {row.state for row in brought.rows} == {State.LOADED}
    company.assert_exact(brought.rows)
    assert company.query("SELECT count(*) > 20 FROM rejected_rows") == [(True,)]

    failed = company.faults().get("failed-once", 0)
    assert failed > 0
    assert company.created() == len(company.reports()) == len(brought.rows) + failed
    assert synced.troubles == []
    sp = "WHERE ad_product = 'SPONSORED_PRODUCTS'"
    ((profiles, campaigns),) = company.query(f"SELECT count(DISTINCT profile_id), count(*) FROM campaigns {sp}")
    assert (profiles, campaigns) == (PROFILES, 2 * PROFILES)

    assert company.bring(kinds=KINDS).ordered == 0
    assert company.created() == len(brought.rows) + failed
    assert [p for p in company.tools.profiles() if p.blocked] == []
    days = company.query("SELECT count(DISTINCT (profile_id, date)) FROM report_sp_campaigns")
    assert days == [(PROFILES * len([*WEEK]),)]


@pytest.mark.long
def test_on_a_hostile_day_schedule_and_sensor_bring_every_report_with_no_more_of_them_made(start):
    settings = {"PPC_START_DATE": "2026-11-14", "PPC_REPORT_TYPES": "spCampaigns,spTargeting"}
    company = start("hostile,rows", settings=settings, profiles=4, ready_seconds=240.0, slow_seconds=0.1)
    ordered = run_fast(order_day(company.tools, weekly=False, holes=True))
    assert ordered.new == len(ordered.rows) == 8
    ids = [row.id for row in ordered.rows]
    everything = Days(ordered.rows[0].start_date, ordered.rows[0].end_date)
    for _ in range(30):
        run_fast(poll_outstanding(company.tools, seconds=30))
        run_fast(finish_reports(company.tools, [CAMPAIGNS, TARGETING], everything, wait=False))
        rows = company.tools.ledger.rows(ids)
        if all(row.state is State.LOADED for row in rows):
            break
        company.clock.forward(seconds=30)
    company.assert_exact(rows)
    assert company.created() == len(rows) + company.faults().get("failed-once", 0)
