"""What a day brings: long ranges, long retention, and what Amazon was seen not to serve."""

from datetime import date, timedelta

import pytest

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.reports import states
from ppc_pipeline.reports.orders import Desk
from ppc_pipeline.reports.states import State
from ppc_pipeline.reports.windows import RETENTION_SLACK_DAYS
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR, facts, gzipped, refusal

YESTERDAY = NOON.date() - timedelta(days=1)
LONG = [name for name, kind in REPORT_TYPES.items() if kind.max_range_days > 31]


def order_day(ledger, archive, roster, kinds, *, start=date(2020, 1, 1), weekly=False, holes=100):
    return Desk(ledger, archive, fresh=timedelta(hours=6)).order_day(
        [REPORT_TYPES[kind] for kind in kinds],
        roster.active(["acme"]),
        start_date=start,
        refetch_days=31,
        weekly=weekly,
        holes=holes,
    )


def spans(rows):
    return [(row.start_date, row.end_date) for row in rows]


def test_there_are_types_of_a_year_and_of_two():
    assert {REPORT_TYPES[kind].max_range_days for kind in LONG} == {365, 731}


@pytest.mark.parametrize("kind", LONG)
def test_a_year_or_two_of_history_is_one_hole_beside_the_trailing_month_and_no_day_is_too_old(
    ledger, archive, roster, kind
):
    roster.save("acme", [facts()])
    declared = REPORT_TYPES[kind]
    rows = order_day(ledger, archive, roster, [kind]).rows
    month, history = spans(rows)
    assert month == (YESTERDAY - timedelta(days=30), YESTERDAY)
    oldest = YESTERDAY - timedelta(days=declared.retention_days - RETENTION_SLACK_DAYS - 1)
    assert history == (oldest, month[0] - timedelta(days=1))
    assert all(len(row.days) <= declared.max_range_days for row in rows)
    assert order_day(ledger, archive, roster, [kind]).new == 0


@pytest.mark.parametrize("kind", LONG)
def test_weekly_the_month_before_comes_in_the_same_request_of_a_type_that_takes_long_ranges(
    ledger, archive, roster, kind
):
    roster.save("acme", [facts()])
    rows = order_day(ledger, archive, roster, [kind], weekly=True, holes=0).rows
    assert spans(rows) == [(YESTERDAY - timedelta(days=61), YESTERDAY)]


def test_the_holes_of_a_day_are_bounded_over_all_types_and_the_newest_come_first(ledger, archive, roster):
    roster.save("acme", [facts(), facts(VENDOR)])
    kinds = [*LONG, "spTargeting"]
    rows = order_day(ledger, archive, roster, kinds, holes=3).rows
    holes = rows[2 * len(kinds) :]
    assert len(holes) == 3
    assert {row.end_date for row in holes} == {YESTERDAY - timedelta(days=31)}
    assert {row.profile_id for row in holes} == {SELLER, VENDOR}


def test_holes_that_fail_every_day_keep_no_older_ones_out(ledger, roster, archive, clock):
    """The newest hole of every profile is of a type that Amazon fails, and these are as many as there are places."""
    roster.save("acme", [facts(), facts(VENDOR)])
    bad, good = "spSearchTerm", "spTargeting"
    failed = [states.GivenUp("Amazon failed it three times", retryable=True)]
    loaded = [states.Accepted("r"), states.Cooked(), states.Archived("a.gz", 1), states.Loaded(1, 0)]
    filled = []
    for _ in range(3):
        for row in order_day(ledger, archive, roster, [bad, good], holes=2).rows[4:]:
            filled.append((row.report_type, row.end_date))
            row = ledger.claim(row.id, "me")
            for event in failed if row.report_type == bad else loaded:
                row = ledger.record(row, event)
        clock.forward(hours=7)
    newest, older = YESTERDAY - timedelta(days=31), YESTERDAY - timedelta(days=62)
    assert filled[:2] == [(bad, newest)] * 2
    assert filled[2:] == [(good, newest)] * 2 + [(bad, older)] * 2


def test_days_that_amazon_was_seen_not_to_serve_are_not_asked_for_on_the_days_that_follow(play):
    """Amazon serves 65 days of spSearchTerm by now, and documented 95."""

    async def scenario(world):
        kind = "spSearchTerm"
        world.roster.save("acme", [facts()])
        served_from = NOON.date() - timedelta(days=65)

        def refuse(report, _):
            detail = f"startDate must be equal to or after report type data retention start date ({served_from})"
            return refusal(400, detail) if report.body["startDate"] < str(served_from) else None

        world.amazon.on_create = refuse
        ordered = order_day(world.ledger, world.archive, world.roster, [kind])
        done = await world.see_through(ordered.rows)
        assert {row.state for row in done} == {State.LOADED, State.EXPIRED}
        assert min(row.start_date for row in done if row.state is State.LOADED) == served_from
        for _ in range(3):
            world.forward(days=1)
            served_from += timedelta(days=1)
            again = order_day(world.ledger, world.archive, world.roster, [kind]).rows
            assert len(again) == 1, "the trailing month alone"
            assert [row.state for row in await world.see_through(again)] == [State.LOADED]

    play(scenario)


def failed_with_file(ledger, archive, report):
    row = ledger.claim(report.id, "me")
    for event in (states.Accepted(f"r{row.id}"), states.Cooked()):
        row = ledger.record(row, event)
    path = archive.path_of(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzipped([]))
    row = ledger.record(row, states.Archived(str(path.relative_to(archive.root)), 1))
    return ledger.record(row, states.GivenUp("loading failed", retryable=True))


def test_what_failed_with_its_file_in_the_archive_is_taken_up_again_before_anything_is_ordered(
    ledger, archive, roster, clock
):
    roster.save("acme", [facts(), facts(VENDOR)])
    month = NOON.date() - timedelta(days=31)
    first, other = order_day(ledger, archive, roster, ["spTargeting"], start=month).rows
    failed_with_file(ledger, archive, first)
    lost = failed_with_file(ledger, archive, other)
    (archive.root / lost.raw_path).unlink()
    clock.forward(days=1)
    ordered = order_day(ledger, archive, roster, ["spTargeting"], start=month)
    assert (ordered.rows[0].id, ordered.rows[0].state) == (first.id, State.DOWNLOADED)
    trailing = (month + timedelta(days=1), YESTERDAY + timedelta(days=1))
    # The day that is in the file is no hole; that of the file that is gone is one.
    assert [(row.profile_id, *spans([row])[0]) for row in ordered.rows[1:]] == [
        (first.profile_id, *trailing),
        (other.profile_id, *trailing),
        (other.profile_id, month, month),
    ]


def test_what_cannot_be_loaded_for_a_week_counts_as_a_hole_again(ledger, archive, roster, clock):
    roster.save("acme", [facts()])
    month = NOON.date() - timedelta(days=31)
    (row,) = order_day(ledger, archive, roster, ["spTargeting"], start=month).rows
    failed_with_file(ledger, archive, row)
    clock.forward(days=7, seconds=1)
    _, hole = order_day(ledger, archive, roster, ["spTargeting"], start=month).rows
    assert spans([hole]) == [(month, month + timedelta(days=6))]
    assert ledger.rows([row.id])[0].state is State.FAILED
