"""``ppc suggestions``: what is listed, and the Excel file of what can be carried out, which is of one profile."""

import json
import shutil
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from ppc_pipeline.bulksheets import SHEETS
from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.settings import SANDBOX_ACCOUNT
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.suggestions import TargetAcos, refresh_suggestions
from ppc_pipeline_tests.cli.conftest import ppc, ppc_json
from ppc_pipeline_tests.fakes import NOON, SELLER, VENDOR, facts
from ppc_pipeline_tests.warehouse.advertiser import Advertiser


@pytest.fixture(scope="session")
def advertisers(tmp_path_factory):
    """A warehouse with two profiles, each with a bid to be lowered and a term to be negated."""
    path = tmp_path_factory.mktemp("advertisers") / "ppc.duckdb"
    prepare(Warehouse(str(path)))
    with Warehouse(str(path)).connect() as connection:
        for profile_id in (SELLER, VENDOR):
            it = Advertiser(connection, profile_id)
            campaign = it.campaign()
            ad_group = it.ad_group(campaign)
            keyword = it.keyword(campaign, ad_group, "beach towel")
            it.clicks(campaign, ad_group, keyword, clicks=500, cost=300)
            it.term(campaign, ad_group, "=towel", clicks=60, cost=30)
            it.term(campaign, ad_group, "beach towel", clicks=500, cost=250, purchases=50, sales=500)
        refresh_suggestions(connection, TargetAcos(30.0), NOON)
    return path


@pytest.fixture
def warehouse(data_dir, advertisers):
    data_dir.mkdir()
    roster = Roster(Ledger.open(f"sqlite:///{data_dir}/ledger.db"))
    roster.save(SANDBOX_ACCOUNT, [facts(profile_id, account=SANDBOX_ACCOUNT) for profile_id in (SELLER, VENDOR)])
    return Warehouse(str(shutil.copy(advertisers, data_dir / "ppc.duckdb")))


def rows_of(path):
    (sheet,) = load_workbook(path).worksheets
    assert sheet.title == SHEETS["SPONSORED_PRODUCTS"].name
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_suggestions_are_listed_by_profile_and_kind_with_their_reasons(warehouse):
    result = ppc("suggestions")
    assert result.exit_code == 0
    assert result.stdout.count("bid_change: a keyword's or target's bid") == 2
    assert "1 in USD" in result.stdout
    assert "500 clicks at 0.60 USD" in " ".join(result.stdout.split())
    assert "Nothing of this is sent to Amazon" in result.stdout


def test_programs_get_every_column_of_the_profiles_and_kinds_that_are_asked_for(warehouse):
    found = json.loads(ppc("suggestions", "--profile", VENDOR, "--kind", "bid_change", "--json").stdout)
    (one,) = found
    assert (one["profile_id"], one["kind"], one["target_text"]) == (VENDOR, "bid_change", "beach towel")
    assert (Decimal(one["current_value"]), Decimal(one["suggested_value"])) == (Decimal("0.6"), Decimal("0.45"))


def test_a_bulksheet_has_what_is_suggested_to_one_profile(warehouse, tmp_path):
    result = ppc("suggestions", "--profile", SELLER, "--bulksheet", tmp_path / "up.xlsx")
    assert (result.exit_code, result.stderr.count("left out")) == (0, 0)
    bid, negative = rows_of(tmp_path / "up.xlsx")
    with warehouse.connect() as connection:
        query = "SELECT campaign_id, ad_group_id, target_id, suggested_value, search_term FROM suggestions"
        (one, other) = connection.execute(f"{query} WHERE profile_id = ? ORDER BY kind", [SELLER]).fetchall()
    ids = ("Campaign ID", "Ad Group ID", "Keyword ID")
    assert [bid[name] for name in ids] == [str(value) for value in one[:3]]
    assert Decimal(str(bid["Bid"])) == one[3]
    assert [negative[name] for name in ids] == [str(other[0]), str(other[1]), None]
    assert negative["Keyword Text"] == other[4] == "=towel"


def test_several_profiles_are_as_many_files_in_a_directory_and_never_one_file(warehouse, tmp_path):
    refused = ppc("suggestions", "--bulksheet", tmp_path / "up.xlsx")
    assert refused.exit_code == 2
    assert str(SELLER) in refused.stderr
    assert str(VENDOR) in refused.stderr
    assert "--profile" in refused.stderr
    assert not [*tmp_path.glob("*.xlsx")]
    ppc("suggestions", "--bulksheet", tmp_path / "up")
    assert {path.name for path in (tmp_path / "up").iterdir()} == {f"{SELLER}.xlsx", f"{VENDOR}.xlsx"}


@pytest.mark.parametrize(
    "change",
    [
        "keywords_history SET bid = 0.50",
        "keywords_history SET state = 'PAUSED'",
        "campaigns_history SET removed_at = now()",
        "campaigns_history SET is_multi_ad_groups_enabled = false",
    ],
)
def test_what_has_changed_since_is_left_out_and_counted(warehouse, tmp_path, change):
    with warehouse.connect() as connection:
        connection.execute(f"UPDATE {change} WHERE profile_id = ?", [SELLER])
    result = ppc("suggestions", "--profile", SELLER, "--kind", "bid_change", "--bulksheet", tmp_path / "up.xlsx")
    assert result.exit_code == 2
    assert "nothing that is suggested can be carried out" in result.stderr
    result = ppc("suggestions", "--bulksheet", tmp_path / "up")
    assert result.exit_code == 0
    assert "left out: the campaign or keyword has changed" in " ".join(result.stderr.split())


def test_a_bulksheet_is_told_of_in_json_to_programs(warehouse, tmp_path):
    (written,) = ppc_json("suggestions", "--profile", SELLER, "--bulksheet", tmp_path / "up.xlsx")
    assert written == {"path": str(tmp_path / "up.xlsx"), "profile_id": SELLER, "changes": 2}


@pytest.mark.parametrize("name", ["gone/up.xlsx", "gone/up", "up.csv", "taken/up.xlsx", "taken"])
def test_a_bulksheet_that_cannot_be_written_is_refused_in_one_line_and_nothing_is_made(warehouse, tmp_path, name):
    (tmp_path / "taken").touch()
    result = ppc("suggestions", "--profile", SELLER, "--bulksheet", tmp_path / name)
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(f"error: --bulksheet {tmp_path / name}: ")
    assert "Traceback" not in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"taken", "data"}


def test_a_bulksheet_of_a_kind_that_is_not_suggested_says_so(warehouse, tmp_path):
    result = ppc("suggestions", "--kind", "raise_budget", "--bulksheet", tmp_path / "up.xlsx")
    assert result.exit_code == 2
    assert "nothing of what was asked for is suggested" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "magic"], "unknown kind 'magic'; known are bid_change"),
        (["--profile", "42"], "profile 42 is not known"),
    ],
)
def test_what_is_not_known_is_refused_in_one_line(warehouse, arguments, words):
    result = ppc("suggestions", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_they_are_made_anew_when_it_is_asked_for(data_dir):
    assert "there is no warehouse" in ppc("suggestions").stderr
    result = ppc("suggestions", "--refresh")
    assert result.exit_code == 0
    assert "Nothing is suggested" in result.stdout
