"""Where the time goes, and how it is told."""

import threading
from types import SimpleNamespace

import pytest

from app import telemetry
from app.telemetry import STAGES, Metrics, Stopwatch


class Clock:
    """A clock that only its owner moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(telemetry, "time", SimpleNamespace(perf_counter=clock))
    return clock


@pytest.mark.usefixtures("clock")
def test_every_stage_is_told_from_the_start():
    assert Stopwatch().seconds() == dict.fromkeys([*STAGES, "total"], 0.0)


def test_a_stage_inside_another_counts_once(clock):
    watch = Stopwatch()
    clock.pass_by(1)
    with watch.stage("stitch"):
        clock.pass_by(2)
        for _ in range(3):
            with watch.stage("inference"):
                clock.pass_by(10)
                with watch.stage("queue"):
                    clock.pass_by(100)
        clock.pass_by(4)
    seconds = watch.seconds()
    assert (seconds["stitch"], seconds["inference"], seconds["queue"]) == (6, 30, 300)
    assert seconds["total"] == 337


def test_a_stage_that_comes_again_adds_up(clock):
    watch = Stopwatch()
    for _ in range(2):
        with watch.stage("encode"):
            clock.pass_by(3)
    assert watch.seconds()["encode"] == 6


def test_a_stage_counts_although_it_failed(clock):
    def fail() -> None:
        with watch.stage("stitch"), watch.stage("inference"):
            clock.pass_by(5)
            raise RuntimeError

    watch = Stopwatch()
    with pytest.raises(RuntimeError):
        fail()
    with watch.stage("measure"):
        clock.pass_by(1)
    seconds = watch.seconds()
    assert (seconds["inference"], seconds["stitch"], seconds["measure"]) == (5, 0, 1)


def test_waiting_is_moved_out_of_an_open_stage(clock):
    watch = Stopwatch()
    with watch.stage("inference"):
        clock.pass_by(10)
        watch.move("inference", "queue", 7)
    assert watch.seconds()["inference"] == 3
    assert watch.seconds()["queue"] == 7


def test_no_stage_is_told_below_zero(clock):
    watch = Stopwatch()
    watch.move("inference", "queue", 1e-9)
    clock.pass_by(1)
    assert watch.seconds()["inference"] == 0


def lines_of(metrics: Metrics) -> list[str]:
    return metrics.text().decode().splitlines()


def test_metrics_go_by_their_names(clock):
    metrics = Metrics()
    watch = Stopwatch()
    with watch.stage("decode"):
        clock.pass_by(0.25)
    metrics.observe(watch, "unet")
    metrics.requests.labels("/v1/segment", 200).inc()
    metrics.queued_pixels.set(1200)
    metrics.model_info.labels("unet", "1.0.0", "cpu", "ab").set(1)
    lines = lines_of(metrics)
    assert 'hairline_requests_total{route="/v1/segment",status="200"} 1.0' in lines
    assert "hairline_queued_pixels 1200.0" in lines
    assert 'hairline_stage_seconds_sum{model="unet",stage="decode"} 0.25' in lines
    assert 'hairline_stage_seconds_bucket{le="0.1",model="unet",stage="decode"} 0.0' in lines
    assert 'hairline_stage_seconds_bucket{le="0.3",model="unet",stage="decode"} 1.0' in lines
    assert 'hairline_model_info{device="cpu",model="unet",sha256="ab",version="1.0.0"} 1.0' in lines


def test_every_stage_that_took_place_is_counted():
    metrics = Metrics()
    watch = Stopwatch()
    watch.add("queue", 0.0)
    with watch.stage("encode"):
        pass
    metrics.observe(watch, "unet")
    text = metrics.text().decode()
    for stage in STAGES:
        counted = f'hairline_stage_seconds_count{{model="unet",stage="{stage}"}} 1.0' in text
        assert counted == (stage in ("queue", "encode"))
    assert 'hairline_stage_seconds_count{model="unet",stage="total"} 1.0' in text


def test_two_apps_share_no_metrics():
    first, second = Metrics(), Metrics()
    first.requests.labels("/healthz", 200).inc()
    assert "/healthz" not in second.text().decode()


def test_metrics_count_every_thread():
    metrics = Metrics()
    watches = [
        threading.Thread(target=lambda: [metrics.observe(Stopwatch(), "unet") for _ in range(50)])
        for _ in range(4)
    ]
    for thread in watches:
        thread.start()
    for thread in watches:
        thread.join()
    assert 'hairline_stage_seconds_count{model="unet",stage="total"} 200.0' in lines_of(metrics)
