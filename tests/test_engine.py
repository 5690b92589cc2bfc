"""One session on one device: the right numbers, one batch at a time, and clear words where it cannot run."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import TILE, contract, write_model

from app import openvino_session, session
from app.contract import write
from app.engine import Engine
from app.errors import ContractError, StartupError
from app.openvino_session import OpenvinoSession
from app.runner import Runner
from app.session import OnnxSession
from app.tile_queue import Stop


def random_tiles(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, TILE, TILE, 3), np.uint8)


def darkness(tiles: np.ndarray) -> np.ndarray:
    return 1 - tiles.astype(np.float64).mean(axis=-1) / 255


@pytest.fixture
def file(models_dir: Path) -> Path:
    return models_dir / "darkness.onnx"


class Session:
    """The runtime's session, run on the CPU whatever it calls itself, with a look at what it is given."""

    def __init__(self, file: Path, provider: str, seconds: float = 0):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._real = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self._provider = provider
        self._seconds = seconds
        self._inside = 0
        self.counts: list[int] = []
        self.most_at_once = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def get_providers(self) -> list[str]:
        return [self._provider]

    def run(
        self, names: list[str], inputs: dict[str, np.ndarray], options: object = None
    ) -> list[np.ndarray]:
        self._inside += 1
        self.most_at_once = max(self.most_at_once, self._inside)
        self.counts.append(len(inputs["image"]))
        time.sleep(self._seconds)
        answer = self._real.run(names, inputs, options)
        self._inside -= 1
        return answer


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A runtime built with CUDA, whose sessions end up on the provider that is named."""

    def install(taken: str) -> None:
        monkeypatch.setattr(
            onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"]
        )
        monkeypatch.setattr(onnxruntime, "preload_dlls", lambda directory: None)
        monkeypatch.setattr(
            session, "_session", lambda model, name, providers, severity=3: Session(model, taken)
        )

    return install


@pytest.fixture
def without_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])


def test_predicts_what_the_model_says(file):
    tiles = random_tiles(3)
    probability = Engine(file, "cpu").predict(tiles)
    assert probability.shape == (3, TILE, TILE)
    assert probability.dtype == np.float32
    np.testing.assert_allclose(probability, darkness(tiles), atol=1e-6)


def test_knows_its_contract(file):
    loaded = Engine(file, "cpu")
    assert loaded.contract == contract()
    assert (loaded.device, loaded.batch_size) == ("cpu", 1)


def test_warm_up_runs_the_shape_that_predict_runs(file):
    loaded = Engine(file, "cpu")
    loaded._session.inside = session = Session(file, "CPUExecutionProvider")
    loaded.warm_up()
    assert session.counts == [loaded.batch_size]


@pytest.mark.usefixtures("without_cuda")
def test_cuda_is_refused_in_one_sentence_where_there_is_none(file):
    with pytest.raises(StartupError) as refused:
        Engine(file, "cuda")
    reason = str(refused.value)
    assert reason.startswith("HAIRLINE_DEVICE is cuda, but CUDA cannot run darkness.onnx")
    assert "built without CUDA" in reason
    assert "\n" not in reason


def test_cuda_is_refused_where_its_provider_does_not_load(file, cuda):
    cuda("CPUExecutionProvider")
    with pytest.raises(StartupError, match="driver 580 or newer"):
        Engine(file, "cuda")


def test_a_gpu_that_loads_and_does_not_run_is_none(file, cuda, monkeypatch):
    cuda("CUDAExecutionProvider")
    monkeypatch.setattr(Session, "run", fail)
    with pytest.raises(StartupError, match=r"CUDA cannot run darkness\.onnx: a first batch failed"):
        Engine(file, "cuda")


def test_a_device_that_fails_is_told_until_it_works_again(file, monkeypatch):
    loaded = Engine(file, "cpu")
    real, loaded._session = loaded._session, OnnxSession(Session(file, "CPUExecutionProvider"))
    monkeypatch.setattr(Session, "run", fail)
    with pytest.raises(RuntimeError):
        loaded.predict(random_tiles(1))
    assert loaded.has_failed
    loaded._session = real
    loaded.predict(random_tiles(1))
    assert not loaded.has_failed


def fail(*_: object) -> None:
    raise RuntimeError("no kernel image is available for execution on the device")


@pytest.mark.usefixtures("without_cuda")
def test_auto_falls_back_and_says_so(file, caplog):
    with caplog.at_level(logging.INFO, logger="app.session"):
        assert Engine(file, "auto").device == "cpu"
    (line,) = [record.getMessage() for record in caplog.records if record.name == "app.session"]
    assert "no CUDA" in line
    assert "darkness.onnx runs on the CPU" in line


def test_auto_falls_back_where_the_provider_does_not_load(file, cuda, caplog):
    cuda("CPUExecutionProvider")
    with caplog.at_level(logging.INFO, logger="app.session"):
        assert Engine(file, "auto").device == "cpu"
    assert "driver 580 or newer" in caplog.text


def test_what_the_runtime_prints_of_missing_libraries_stays_off_standard_output(
    file, cuda, monkeypatch, capsys
):
    cuda("CPUExecutionProvider")
    monkeypatch.setattr(
        onnxruntime, "preload_dlls", lambda **_: print("Failed to load libcublasLt.so.13")
    )
    Engine(file, "auto")
    assert capsys.readouterr().out == ""


def test_a_gpu_sees_one_shape_alone(file, cuda):
    cuda("CUDAExecutionProvider")
    loaded = Engine(file, "auto")
    assert (loaded.device, loaded.batch_size) == ("cuda", 8)
    loaded.warm_up()
    for count in (1, 3, 8):
        tiles = random_tiles(count, seed=count)
        np.testing.assert_allclose(loaded.predict(tiles), darkness(tiles), atol=1e-6)
    assert loaded._session.inside.counts == [
        8,
        8,
        8,
        8,
        8,
    ]  # the first of them to see whether it runs


def test_the_pattern_holds_walls_and_cracks():
    photos = session.pattern((8, 128, 128, 3))
    assert (photos.shape, photos.dtype) == ((8, 128, 128, 3), np.uint8)
    dark = (photos < 110).mean(axis=(1, 2, 3))
    assert (dark > 0.002).all()
    assert (dark < 0.2).all()
    assert (photos > 150).mean() > 0.8


# --- float16 ------------------------------------------------------------------------------------


def test_a_gpu_runs_in_float16_where_that_agrees(file, cuda):
    cuda("CUDAExecutionProvider")
    loaded = Engine(file, "auto", float16_on=("cuda",))
    assert (loaded.device, loaded.precision) == ("cuda", "float16")
    tiles = random_tiles(2)
    found = loaded.predict(tiles)
    np.testing.assert_allclose(found, darkness(tiles), atol=2e-3)
    assert np.abs(found - darkness(tiles)).max() > 1e-5  # it is rounded indeed


def test_float16_is_for_the_devices_that_are_named(file, cuda):
    assert Engine(file, "cpu", float16_on=("cuda",)).precision == "float32"
    cuda("CUDAExecutionProvider")
    assert Engine(file, "cuda").precision == "float32"


def test_a_cpu_can_show_what_float16_gives(file):
    loaded = Engine(file, "cpu", float16_on=("cpu", "cuda"))
    assert (loaded.device, loaded.precision) == ("cpu", "float16")
    assert loaded.contract == contract()
    tiles = random_tiles(1)
    np.testing.assert_allclose(loaded.predict(tiles), darkness(tiles), atol=2e-3)


@pytest.mark.parametrize("wrong", [0.2, np.nan], ids=["far off", "no number"])
def test_float16_that_disagrees_is_not_used(file, cuda, monkeypatch, caplog, wrong):
    cuda("CUDAExecutionProvider")
    real = session._ran_on_cuda

    def ran(model, name):
        opened, found = real(model, name)
        return opened, found + (wrong if isinstance(model, bytes) else 0)

    monkeypatch.setattr(session, "_ran_on_cuda", ran)
    assert Engine(file, "cuda", float16_on=("cuda",)).precision == "float32"
    assert "darkness.onnx runs in float32: float16 is off by" in caplog.text


def test_without_the_converter_a_gpu_runs_in_float32(file, cuda, monkeypatch, caplog):
    cuda("CUDAExecutionProvider")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert Engine(file, "cuda", float16_on=("cuda",)).precision == "float32"
    assert "float16 needs the package onnx; install the extra `cuda`" in caplog.text


# --- OpenVINO -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_openvino")
def test_a_cpu_runs_by_openvino_where_that_agrees(file, caplog):
    caplog.set_level(logging.INFO, logger="app.session")
    loaded = Engine(file, "cpu", with_openvino=True)
    assert isinstance(loaded._session, OpenvinoSession)
    assert "darkness.onnx runs by OpenVINO" in caplog.text
    in_bfloat16 = loaded._session.computes_in_bfloat16  # which the processor decides
    assert loaded.precision == ("bfloat16" if in_bfloat16 else "float32")
    for count in (1, 3):
        tiles = random_tiles(count)
        found = loaded.predict(tiles)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, darkness(tiles), atol=0.01 if in_bfloat16 else 1e-6)


@pytest.mark.usefixtures("with_openvino")
def test_what_openvino_gave_stays_as_it_was(file):
    """The runtime writes each answer into the same memory."""
    loaded = Engine(file, "cpu", with_openvino=True)
    first = loaded.predict(random_tiles(1, 1))
    before = first.copy()
    loaded.predict(random_tiles(1, 2))
    np.testing.assert_array_equal(first, before)


def test_without_openvino_a_cpu_runs_by_onnx_runtime(file, caplog):
    caplog.set_level(logging.INFO, logger="app.session")
    loaded = Engine(file, "cpu", with_openvino=True)
    assert isinstance(loaded._session, OnnxSession)
    assert "runs by ONNX Runtime: the extra `openvino` is not installed" in caplog.text


@pytest.mark.usefixtures("with_openvino")
@pytest.mark.parametrize("wrong", [0.01, np.nan], ids=["off", "no number"])
def test_openvino_that_disagrees_is_not_used(file, monkeypatch, caplog, wrong):
    real = OpenvinoSession.run
    monkeypatch.setattr(
        OpenvinoSession, "run", lambda self, batch, stop: real(self, batch, stop) + wrong
    )
    assert isinstance(Engine(file, "cpu", with_openvino=True)._session, OnnxSession)
    assert "darkness.onnx runs by ONNX Runtime: OpenVINO is off by" in caplog.text


@pytest.mark.usefixtures("with_openvino")
def test_openvino_that_fails_is_not_used(file, monkeypatch, caplog):
    monkeypatch.setattr(OpenvinoSession, "run", fail)
    assert isinstance(Engine(file, "cpu", with_openvino=True)._session, OnnxSession)
    assert "darkness.onnx runs by ONNX Runtime: no kernel image" in caplog.text


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Exception from src/core.cpp:84:\nException from src/reader.cpp:148:\n\nUnable to read",
            "Unable to read",
        ),
        ("Exception from src/core.cpp:84:\n", "Exception from src/core.cpp:84:"),
        ("", "RuntimeError"),
    ],
)
def test_what_openvino_says_is_told_in_one_line(said, told):
    assert openvino_session.reason(RuntimeError(said)) == told


def test_a_file_that_is_no_model(tmp_path):
    file = tmp_path / "notes.onnx"
    file.write_text("this is text")
    with pytest.raises(StartupError, match=r"^notes\.onnx cannot be loaded") as refused:
        Engine(file, "cpu")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(StartupError, match=r"^gone\.onnx cannot be loaded"):
        Engine(tmp_path / "gone.onnx", "cpu")


def test_a_file_without_a_contract(tmp_path):
    with pytest.raises(ContractError, match=r"darkness\.onnx has no contract"):
        Engine(write_model(tmp_path, metadata={}), "cpu")


def test_a_file_whose_graph_breaks_its_contract(tmp_path):
    file = write_model(tmp_path, metadata=write(contract(tile_size=32)))
    with pytest.raises(ContractError, match=r"darkness\.onnx promises image .*32, 32, 3"):
        Engine(file, "cpu")


def test_two_runtimes_are_refused():
    with pytest.raises(StartupError, match="onnxruntime and onnxruntime-gpu are both installed"):
        session.refuse_two_runtimes(lambda name: name in ("onnxruntime", "onnxruntime-gpu"))


@pytest.mark.parametrize("name", session.RUNTIMES)
def test_one_runtime_is_as_good_as_another(name):
    session.refuse_two_runtimes(lambda installed: installed == name)


def test_many_threads_get_their_own_answers(file):
    loaded = Engine(file, "cpu")
    photos = [random_tiles(1, seed) for seed in range(48)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(loaded.predict, photos))
    for tiles, answer in zip(photos, answers, strict=True):
        np.testing.assert_allclose(answer, darkness(tiles), atol=1e-6)


def test_the_device_takes_one_batch_at_a_time(file):
    loaded = Engine(file, "cpu")
    loaded._session.inside = session = Session(file, "CPUExecutionProvider", seconds=0.05)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(loaded.predict, [random_tiles(1)] * 3))
    assert session.most_at_once == 1


def test_engines_on_one_device_share_its_thread(file, tmp_path):
    runner = Runner()
    one, other = (Engine(path, "cpu", runner) for path in (file, write_model(tmp_path)))
    sessions = (
        Session(file, "CPUExecutionProvider", 0.05),
        Session(file, "CPUExecutionProvider", 0.05),
    )
    one._session.inside, other._session.inside = sessions
    inside: list[int] = []
    for each in sessions:
        real = each.run

        def run(*arguments, real=real):
            inside.append(sum(s._inside for s in sessions))
            return real(*arguments)

        each.run = run
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda engine: engine.predict(random_tiles(2)), [one, other] * 3))
    assert set(inside) == {0}


@pytest.mark.usefixtures("with_openvino")
@pytest.mark.parametrize(("by_openvino", "words"), [(False, "terminate"), (True, "cancel")])
def test_a_run_can_be_ended_from_another_thread(tmp_path, by_openvino, words):
    """Both runtimes look at the flag between two nodes: of a chain that takes a while they run only the start."""
    loaded = Engine(write_slow_model(tmp_path), "cpu", with_openvino=by_openvino)
    tile = random_tiles(1)
    loaded.run(list(tile), Stop())  # the first takes memory and chooses kernels
    began = time.perf_counter()
    loaded.run(list(tile), Stop())
    whole_s = time.perf_counter() - began
    stop = Stop()
    threading.Timer(whole_s / 10, stop).start()
    began = time.perf_counter()
    with pytest.raises(Exception, match=words):
        loaded.run(list(tile), stop)
    assert time.perf_counter() - began < whole_s / 2
    assert not loaded.has_failed
    loaded.has_failed = True
    with pytest.raises(Exception, match=words):
        loaded.run(list(tile), stop)
    assert loaded.has_failed  # a run that was stopped says nothing of the device


def write_slow_model(folder: Path) -> Path:
    """The tiny model with a chain of needless sines behind it."""
    path = write_model(folder)
    model = onnx.load(path)
    (last,) = [node for node in model.graph.node if "probability" in node.output]
    last.output[0] = "sine0"
    count = 20_000
    for number in range(count):
        name = "probability" if number == count - 1 else f"sine{number + 1}"
        model.graph.node.append(onnx.helper.make_node("Sin", [f"sine{number}"], [name]))
    onnx.save(model, path)
    return path


def test_a_failed_batch_does_not_hold_the_device(file):
    loaded = Engine(file, "cpu")
    with pytest.raises(Exception, match="image"):
        loaded.predict(np.zeros((1, TILE, TILE, 4), np.uint8))
    done = threading.Thread(target=loaded.predict, args=(random_tiles(1),), daemon=True)
    done.start()
    done.join(30)
    assert not done.is_alive()
