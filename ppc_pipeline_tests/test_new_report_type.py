"""What it takes to add a report type: the README's declaration, and nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb

from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES
from ppc_pipeline_tests.conftest import days_ago

README = Path(__file__).parents[1] / "README.md"

PROGRAM = """
from ppc_pipeline.amazon_ads.ad_products import SPONSORED_BRANDS
from ppc_pipeline.amazon_ads.report_types import REPORT_TYPES, ReportType

added = {declaration}
REPORT_TYPES[added.name] = added

from ppc_pipeline.cli.commands import app

app()
"""


def test_the_declaration_in_the_readme_is_all_that_a_new_report_type_needs(tmp_path, monkeypatch):
    declaration = re.search(r"```python\n(ReportType\(\n.*?\n\))\n```", README.read_text(), re.DOTALL)
    assert declaration
    assert '"sbAdGroup:campaign"' in declaration[1]
    assert "sbAdGroup:campaign" not in REPORT_TYPES
    monkeypatch.setenv("PPC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PPC_REPORT_TYPES", "sbCampaigns,sbAdGroup:campaign")
    monkeypatch.setenv("PPC_SANDBOX_READY_SECONDS", "0")
    program = PROGRAM.format(declaration=declaration[1])
    command = [sys.executable, "-W", "ignore", "-c", program, "backfill", str(days_ago(9)), str(days_ago(3))]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(tmp_path / "ppc.duckdb"), read_only=True) as warehouse:
        total = "SELECT profile_id, currency_code, count(*), sum(clicks), sum(cost), sum(sales) FROM {} GROUP BY ALL"
        added = warehouse.sql(total.format("report_sb_ad_group_campaign") + " ORDER BY ALL").fetchall()
        known = warehouse.sql(total.format("report_sb_campaigns") + " ORDER BY ALL").fetchall()
    assert len(added) == 3
    assert added == known, "the campaigns of both groupings have the same figures"
