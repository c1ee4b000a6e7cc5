"""``ppc report``: files and their paths, exit codes, and bad input in one line."""

import shutil
from datetime import timedelta

import pytest

from ppc_pipeline.reports.ledger import Ledger
from ppc_pipeline.reports.roster import Roster
from ppc_pipeline.weekly import writing
from ppc_pipeline.weekly.weeks import Week
from ppc_pipeline_tests.cli.conftest import ppc, ppc_json
from ppc_pipeline_tests.conftest import days_ago
from ppc_pipeline_tests.fakes import SELLER, VENDOR, facts
from ppc_pipeline_tests.weekly.made_weeks import WEEK


@pytest.fixture
def here(data_dir, filled_weeks):
    data_dir.mkdir()
    shutil.copy(filled_weeks, data_dir / "ppc.duckdb")
    ledger = Ledger.open(f"sqlite:///{data_dir}/ledger.db")
    clients = [facts(SELLER, account="sandbox"), facts(VENDOR, account="sandbox", timezone="Asia/Tokyo")]
    Roster(ledger).save("sandbox", clients)
    ledger.close()
    return data_dir


def test_a_file_is_written_for_each_profile_and_its_path_printed(here, tmp_path):
    result = ppc("report", "--week", WEEK.start + timedelta(days=2))
    assert result.exit_code == 0
    paths = [here / "weekly" / str(WEEK.start) / f"{one}.html" for one in sorted((SELLER, VENDOR))]
    assert sorted(result.stdout.splitlines()) == [str(path) for path in paths]
    assert "Made-up figures" in paths[0].read_text()
    result = ppc("report", "--week", WEEK.start, "--profile", SELLER, "--output", tmp_path / "elsewhere")
    assert result.stdout.splitlines() == [str(tmp_path / "elsewhere" / str(WEEK.start) / f"{SELLER}.html")]
    assert [path.name for path in (tmp_path / "elsewhere").rglob("*.*")] == [f"{SELLER}.html"]


def test_without_a_week_it_is_the_last_one_that_is_over_and_its_lack_is_said(here):
    (found,) = ppc_json("report", "--profile", SELLER)
    week = Week(days_ago(0) - timedelta(days=days_ago(0).weekday() + 7))
    assert found["week"] in (str(week.start), str(week.before().start))
    assert (found["complete"], found["problem"]) == (False, None)
    assert "not all of" in ppc("report").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--week", "soon"), "--week (soon) is not a date; it is written YYYY-MM-DD"),
        (("--week", days_ago(-7), "--profile", SELLER), "is not over in America/Los_Angeles"),
        (("--week", days_ago(0)), "is not over in"),
        (("--profile", 1), "profile 1 is not known"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2_and_writes_nothing(here, arguments, said):
    result = ppc("report", *arguments)
    assert result.exit_code == 2
    (line,) = [line for line in result.stderr.splitlines() if "error:" in line]
    assert said in line
    assert not (here / "weekly").exists()


def test_what_could_not_be_written_is_named_and_exit_code_1(here, monkeypatch):
    page_of = writing.page_of
    monkeypatch.setattr(
        writing, "page_of", lambda contents: page_of(contents) if contents.profile.profile_id == VENDOR else 1 / 0
    )
    result = ppc("report", "--week", WEEK.start)
    assert result.exit_code == 1
    assert [line.endswith(f"{VENDOR}.html") for line in result.stdout.splitlines()] == [True]
    assert f"profile {SELLER} (Acme US): ZeroDivisionError: division by zero" in result.stderr


def test_a_page_that_is_broken_off_leaves_the_former_one_whole(here, monkeypatch):
    ppc("report", "--week", WEEK.start, "--profile", SELLER)
    (page,) = (here / "weekly").rglob("*.html")
    before = page.read_bytes()
    whole = type(page).write_text

    def half(path, text, **how):
        whole(path, text[: len(text) // 2], **how)
        raise OSError("no room")

    monkeypatch.setattr(type(page), "write_text", half)
    result = ppc("report", "--week", WEEK.start, "--profile", SELLER)
    assert (result.exit_code, "no room" in result.stderr) == (1, True)
    assert page.read_bytes() == before
    assert [*page.parent.iterdir()] == [page]


def test_without_a_warehouse_there_is_nothing_to_report(data_dir):
    result = ppc("report")
    assert (result.exit_code, "there is no warehouse" in result.stderr) == (1, True)


def test_a_folder_that_cannot_be_made_is_refused_in_one_line(here, tmp_path):
    (tmp_path / "file").touch()
    result = ppc("report", "--week", WEEK.start, "--output", tmp_path / "file" / "pages")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith(f"error: --output {tmp_path / 'file' / 'pages'}: ")
