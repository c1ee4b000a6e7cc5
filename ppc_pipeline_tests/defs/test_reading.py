"""What only reads the warehouse shares it with every other reader."""

from datetime import timedelta
from types import SimpleNamespace

import dagster as dg
import pytest

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline.cli import runs
from ppc_pipeline.cli.runs import show_outcome
from ppc_pipeline.defs.assets.reports import _totals, performance_asset
from ppc_pipeline.defs.checks import emptied_checks, performance_check, rejected_checks
from ppc_pipeline.defs.partitions import daily_partitions
from ppc_pipeline.defs.resources import WarehouseResource
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.windows import Days
from ppc_pipeline_tests.conftest import days_ago

pytestmark = pytest.mark.usefixtures("whole_job")

TYPE = REPORT_TYPES["spTargeting"]
DAY = days_ago(3)


@pytest.fixture
def warehouse(data_dir):
    """A warehouse that somebody else reads all the while: to write to it is refused."""
    resource = WarehouseResource(database=str(data_dir / "ppc.duckdb"), wait_seconds=0.2)
    prepare(resource.warehouse())
    with resource.get_connection(read_only=True):
        yield resource


def test_totals_are_read_while_another_reads(warehouse):
    assert _totals(warehouse, [TYPE], Days(DAY, DAY)) == {"spTargeting": []}


def test_performance_and_the_checks_of_the_warehouse_are_read_while_another_reads(warehouse):
    @dg.asset(name=TYPE.table)
    def report() -> None: ...

    performance = performance_asset([TYPE.table], daily_partitions(DAY - timedelta(days=1)))
    checks = [performance_check(), rejected_checks([TYPE]), emptied_checks([TYPE])]
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [report, performance, *checks],
            instance=instance,
            partition_key=str(DAY),
            resources={"warehouse": warehouse},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    found = sorted(evaluation.check_name for evaluation in result.get_asset_check_evaluations())
    assert found == ["emptied", "grain_unique", "rejected"]


def test_what_a_command_shows_at_its_end_is_read_while_another_reads(warehouse, monkeypatch, capsys):
    monkeypatch.setattr(runs, "completeness", lambda *_: [])
    monkeypatch.setattr(runs, "broken_accounts", lambda _: {})
    tools = SimpleNamespace(warehouse=warehouse.warehouse(), sandbox=True)
    show_outcome(tools, [TYPE], Days(DAY, DAY), as_json=True)
    assert '"totals": []' in capsys.readouterr().out
