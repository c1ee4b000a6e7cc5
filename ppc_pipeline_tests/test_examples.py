"""The examples run as they stand, on a warehouse as the pipeline leaves it."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import ppc_pipeline
from ppc_pipeline.reports.loader import prepare
from ppc_pipeline.reports.tables import REPORT_TABLES
from ppc_pipeline.warehouse.connection import Warehouse
from ppc_pipeline.warehouse.features import KEYWORD_FEATURES, refresh_features
from ppc_pipeline.warehouse.loading import load_files
from ppc_pipeline_tests.fakes import DAY, NOON, report_file, targeting_row

EXAMPLE = Path(ppc_pipeline.__file__).parent.parent / "examples" / "predict_clicks.py"


def predict(database):
    command = [sys.executable, "-W", "ignore", str(EXAMPLE), str(database)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_model_of_next_weeks_clicks_is_trained_and_compared_with_last_weeks(tmp_path):
    warehouse = Warehouse(str(tmp_path / "ppc.duckdb"))
    prepare(warehouse)
    refused = predict(warehouse.database)
    assert refused.returncode == 1
    assert "too few days" in refused.stderr
    days = [DAY + timedelta(days=number) for number in range(40)]
    content = [targeting_row(day, keyword_id=word, clicks=word * day.isoweekday()) for day in days for word in range(4)]
    with warehouse.connect() as connection:
        load_files(connection, REPORT_TABLES["spTargeting"], [report_file(tmp_path, content, DAY, days[-1])], NOON)
    refresh_features(warehouse, KEYWORD_FEATURES, lambda: NOON)
    done = predict(warehouse.database)
    assert done.returncode == 0, done.stderr
    assert "mean absolute error, the model" in done.stdout
    assert "overlap" not in done.stdout
    guess, model = map(float, re.findall(r"mean absolute error, .*?([\d.]+) clicks", done.stdout))
    assert ("The model was better" in done.stdout) == (model < guess)
    assert ("The guess was as good or better" in done.stdout) == (model >= guess)
