"""A data directory without data: each command says in one line what to do, and ``--json`` prints JSON alone."""

import json

import duckdb
import pytest

from ppc_pipeline_tests.cli.conftest import ppc

READING = [("query", "SELECT 1"), ("top", "campaigns"), ("report",), ("suggestions",)]


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
@pytest.mark.parametrize("opened_before", [False, True], ids=["no warehouse", "a warehouse without tables"])
def test_what_reads_the_warehouse_says_what_brings_data_in(command, opened_before, data_dir):
    if opened_before:
        data_dir.mkdir()
        duckdb.connect(data_dir / "ppc.duckdb").close()
    result = ppc(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    last = result.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert "yet: `ppc sync` or `ppc demo`" in last


def test_an_empty_quarantine_is_told_from_a_warehouse_that_nothing_was_loaded_into(data_dir):
    result = ppc("rejected")
    assert result.exit_code == 0
    assert "nothing was loaded yet, `ppc sync` does it" in result.stdout


@pytest.mark.parametrize(
    "command",
    [("status",), ("activity",), ("rejected",), ("rebuild", "--all"), ("clean-up",), ("doctor",)],
    ids=lambda command: command[0],
)
def test_json_is_all_that_stands_on_standard_output(command, data_dir):
    result = ppc(*command, "--json")
    assert result.exit_code == 0
    json.loads(result.stdout)
    assert "made-up" in result.stderr
