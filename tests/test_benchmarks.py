"""Benchmarks run: their small forms, on the tiny model."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_throughput(models_dir: Path, tmp_path: Path) -> None:
    flags = ["--models-dir", models_dir, "--model", "darkness", "--device", "cpu"]
    cases = ["--sides", "64x64,160x120", "--clients", "1,2", "--photos", 4]
    output = tmp_path / "result.json"
    printed = run("benchmarks.throughput", *flags, *cases, "--output", output)
    cells = json.loads(output.read_text())["cells"]
    assert [(cell["width"], cell["tiles"], cell["clients"]) for cell in cells] == [
        (64, 1, 1), (64, 1, 2), (160, 9, 1), (160, 9, 2)
    ]  # fmt: skip
    for cell in cells:
        assert cell["ratio"] == cell["service_tiles_per_s"] / cell["bare_tiles_per_s"]
        assert 0 < cell["ratio"] < 1  # the tiny model takes no time at all
        assert cell["stages_ms"]["total"] > cell["stages_ms"]["inference"]
    assert "160x120 (9 tiles), 2 clients: service " in printed


def test_precisions(models_dir: Path) -> None:
    file = models_dir / "darkness.onnx"
    printed = run("benchmarks.precisions", file, "--tiles", 2, "--device", "cpu", "--openvino")
    assert "darkness 1.0.0: float32 on cpu, " in printed
    assert " on cpu by OpenVINO, " in printed
