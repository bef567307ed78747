"""The measurements run; what they measure is not judged here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(600)
def test_the_benchmark_runs_from_end_to_end(tmp_path: Path) -> None:
    report = tmp_path / "bench.json"
    options = ["--quick", "--tickets", "500", "--databases", "sqlite", "--json", str(report)]

    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(report.read_text())
    assert {figure["on"] for figure in figures} == {"SQLite"}
    assert all(figure["value"] > 0 for figure in figures)
