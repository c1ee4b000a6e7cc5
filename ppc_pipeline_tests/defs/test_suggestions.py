"""The asset ``suggestions``: made by its job and with the daily load, with counts and examples."""

import dagster as dg
import pytest

from ppc_pipeline.defs.assets.overviews import OF_LOADS, OVERVIEWS
from ppc_pipeline.defs.assets.suggestions import target_acos
from ppc_pipeline.settings import load_settings
from ppc_pipeline.warehouse.suggestions import KINDS
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.defs.conftest import metadata_of

pytestmark = pytest.mark.usefixtures("whole_job")

TYPES = ("spCampaigns", "spTargeting", "spSearchTerm")


def test_a_run_makes_suggestions_of_what_is_loaded_and_shows_how_many_and_which(project):
    here = project(profiles=2, report_types=",".join(TYPES))
    here.run("entities_job")
    tables = ["report_sp_campaigns", "report_sp_targeting", "report_sp_search_term"]
    here.run("reports_job", start=days_ago(30), end=days_ago(3), assets=tables)
    created = here.created()
    found = metadata_of(here.run("optimise_job"), "suggestions")
    ((rows, bids),) = here.query("SELECT count(*), count(*) FILTER (kind = 'bid_change') FROM suggestions")
    assert (found["dagster/row_count"], found["bid_change"]) == (rows, bids)
    assert bids > 0
    assert sum(found[kind] for kind in KINDS) == rows
    assert found["by client"].count("| bid_change |") == len(here.profile_ids())
    assert found["examples"].startswith("| kind | profile | campaign | what | change | confidence | why |")
    assert {"expected cost change EUR", "expected cost change USD"} <= {*found}
    assert here.created() == created, "Amazon was asked for something"


def test_before_anything_is_loaded_nothing_is_suggested_and_the_run_is_fine(project):
    here = project(profiles=1, report_types="spCampaigns")
    result = here.run("optimise_job")
    assert result.success
    assert metadata_of(result, "suggestions")["dagster/row_count"] == 0


def test_a_client_whose_figures_are_too_odd_is_named_and_the_run_goes_on(project, monkeypatch):
    unmade = {5: "Conversion Error: 9e18"}
    monkeypatch.setattr("ppc_pipeline.defs.assets.suggestions.refresh_suggestions", lambda *_: unmade)
    found = metadata_of(project(profiles=1, report_types="spCampaigns").run("optimise_job"), "suggestions")
    assert "| 5 | Conversion Error: 9e18 |" in found["as they were"]


def test_suggestions_are_among_the_overviews_that_follow_a_load(project):
    job = project(profiles=1, report_types="spCampaigns").defs.resolve_job_def("reports_job")
    assert "suggestions" in OF_LOADS
    assert {dg.AssetKey(name) for name in OVERVIEWS} <= job.asset_layer.executable_asset_keys


def test_the_target_is_the_accounts_own_where_it_has_one(tmp_path, monkeypatch):
    entry = "{region: NA, client_id_env: X, client_secret_env: X, refresh_token_env: X"
    path = tmp_path / "accounts.yaml"
    path.write_text(f"accounts:\n- {entry}, name: one, target_acos_percent: 22.5}}\n- {entry}, name: two}}\n")
    monkeypatch.setenv("X", "secret")
    monkeypatch.setenv("PPC_ACCOUNTS_FILE", str(path))
    monkeypatch.setenv("PPC_TARGET_ACOS_PERCENT", "35")
    found = target_acos(load_settings())
    assert (found.percent, found.by_account) == (35, {"one": 22.5})
