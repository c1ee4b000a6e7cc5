"""The command line, called in this process, or in one of its own where the promise is about processes."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ppc_pipeline.cli.commands import app
from ppc_pipeline_tests.conftest import make_reports_alone

COMMAND = [sys.executable, "-W", "ignore", "-c", "from ppc_pipeline.cli import main; main()"]


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """A command sets up this process's logging for the terminal: undo it."""
    logger = logging.getLogger("ppc_pipeline")
    before = (logger.handlers, logger.level, logger.propagate)
    yield
    logger.handlers, logger.level, logger.propagate = before


@pytest.fixture(autouse=True)
def _reports_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    make_reports_alone(request, monkeypatch, "reports")


def ppc(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)


def ppc_json(*arguments: object) -> Any:
    """Run a command in this process and read what it prints for programs."""
    return json.loads(ppc(*arguments, "--json").stdout)


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    command = [*COMMAND, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, env={**os.environ}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, to its end."""
    with start(*arguments) as process:
        stdout, stderr = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
