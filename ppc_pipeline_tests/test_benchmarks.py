"""The command that runs the benchmarks: what it is asked for, and what it leaves alone. Nothing is measured here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ppc_pipeline
from benchmarks.__main__ import Benchmark, default_target
from benchmarks.results import TARGET

ROOT = Path(ppc_pipeline.__file__).parent.parent
ALL = tuple(Benchmark)


def benchmarks(*arguments):
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks", *arguments]
    wide = {**os.environ, "TERMINAL_WIDTH": "200"}
    return subprocess.run(command, cwd=ROOT, env=wide, capture_output=True, text=True, timeout=60, check=False)


def test_help_is_help_and_measures_nothing():
    before = TARGET.read_bytes()
    result = benchmarks("--help")
    assert result.returncode == 0
    for word in (*ALL, "--quick", "--to"):
        assert word in result.stdout
    assert TARGET.read_bytes() == before


@pytest.mark.parametrize("arguments", [("laod",), ("--quikc",)])
def test_what_there_is_not_is_refused_and_measures_nothing(arguments):
    result = benchmarks(*arguments)
    assert result.returncode == 2
    assert arguments[0] in result.stderr


def test_every_benchmark_is_a_module():
    assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in ALL)


@pytest.mark.parametrize(
    ("wanted", "quick", "failed", "target"),
    [
        (ALL, False, (), TARGET),
        (ALL[:1], False, (), None),
        (ALL, True, (), None),
        (ALL, False, (Benchmark.TICK,), None),
    ],
)
def test_only_a_whole_run_replaces_the_projects_results(wanted, quick, failed, target):
    assert default_target(wanted, quick=quick, failed=failed) == target
