"""Everything at once: a day on which more than every seventh call goes wrong, and rows are spoiled as well."""

from ppc_pipeline.amazon_ads.entities import ENTITY_TYPES
from ppc_pipeline.pipeline import sync_entities
from ppc_pipeline.reports.states import State
from ppc_pipeline_tests.faults.conftest import KINDS, WEEK, run_fast

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
    ((profiles, campaigns),) = company.query("SELECT count(DISTINCT profile_id), count(*) FROM campaigns")
    assert (profiles, campaigns) == (PROFILES, 2 * PROFILES)

    assert company.bring(kinds=KINDS).ordered == 0
    assert company.created() == len(brought.rows) + failed
    assert [p for p in company.tools.profiles() if p.blocked] == []
    days = company.query("SELECT count(DISTINCT (profile_id, date)) FROM report_sp_campaigns")
    assert days == [(PROFILES * len([*WEEK]),)]
