"""The models of a folder, by name."""

import hashlib
import logging
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.contract import Contract, Precision, is_sibling
from app.engine import Engine
from app.errors import ContractError, NotReady, StartupError, UnknownModel
from app.processor import multiplies_bytes
from app.runner import ObserveBatch, Runner, ignore
from app.session import Device, DevicePreference

logger = logging.getLogger(__name__)

EIGHT_BIT = ".int8.onnx"
NO_BYTES = "this processor has no instructions that multiply bytes"
FLOAT16_ON: tuple[Device, ...] = ("cuda",)  # a CPU would only convert to and fro


@dataclass(frozen=True)
class Model:
    """A loaded model file."""

    contract: Contract
    sha256: str
    """Hash of the file."""
    engine: Engine

    @property
    def name(self) -> str:
        return self.contract.name

    @property
    def device(self) -> Device:
        return self.engine.device

    @property
    def precision(self) -> Precision:
        """What the convolutions compute in."""
        return self.engine.precision


class Registry:
    """Every model of a folder, loaded at once, warmed once."""

    def __init__(self, models: list[Model], default: str):
        self._models = {model.name: model for model in models}
        self.default = default
        self._is_warm = threading.Event()

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def get(self, name: str | None) -> Model:
        """The named model, or the default one. Raises UnknownModel."""
        wanted = name or self.default
        if wanted not in self._models:
            raise UnknownModel(
                f"there is no model {wanted!r}; this service has {', '.join(self._models)}"
            )
        return self._models[wanted]

    def warm_up(self) -> None:
        """Run every model once; blocks. After it the service is ready."""
        for model in self:
            model.engine.warm_up()
            logger.info("%s %s is warm on %s", model.name, model.contract.version, model.device)
        self._is_warm.set()

    def require_working(self) -> None:
        """Raises NotReady where a model's last batch failed on its device."""
        failed = [model.name for model in self if model.engine.has_failed]
        if failed:
            raise NotReady(
                f"the last batch of {', '.join(failed)} failed on its device; see the log"
            )

    def require_warm(self) -> None:
        """Raises NotReady until every model has run once."""
        if not self._is_warm.is_set():
            raise NotReady(
                "the models are still being warmed up; try again shortly", retry_after_s=5
            )


def load_model(
    file: Path,
    preference: DevicePreference,
    runner: Runner | None = None,
    float16_on: Collection[Device] = (),
    with_openvino: bool = False,
) -> Model:
    """One file on a device. Raises ContractError for a file to refuse, StartupError where the device cannot run it."""
    engine = Engine(file, preference, runner, float16_on, with_openvino)
    return Model(engine.contract, hashlib.sha256(file.read_bytes()).hexdigest(), engine)


def load_fitting_model(
    file: Path, preference: DevicePreference, runner: Runner | None = None
) -> Model:
    """The file, in the precision that suits the device (decision 0008).

    On CUDA float16; on a CPU that multiplies bytes the 8-bit sibling NAME.int8.onnx, where there is one; on any CPU by
    OpenVINO, where that is installed.

    Raises ContractError for a file to refuse, a sibling of other weights included.
    """
    if file.name.endswith(EIGHT_BIT):
        model = load_model(file, preference, runner, with_openvino=True)
        if model.device == "cpu" and not multiplies_bytes():
            logger.warning("%s is slow and less exact here: %s", file.name, NO_BYTES)
        return model
    sibling = file.with_suffix(EIGHT_BIT)
    takes_sibling = sibling.is_file() and multiplies_bytes()
    model = load_model(file, preference, runner, FLOAT16_ON, with_openvino=not takes_sibling)
    if model.device != "cpu" or not sibling.is_file():
        return model
    if not takes_sibling:
        logger.info("%s stays unused: %s", sibling.name, NO_BYTES)
        return model
    original = model.contract
    del model  # its session gives its memory back before the next one takes some
    quantized = load_model(sibling, "cpu", runner, with_openvino=True)
    if not is_sibling(quantized.contract, original):
        raise ContractError(
            f"{sibling.name} was not made from {file.name} as it is now; make it again with "
            "`python -m training quantize`, or remove it"
        )
    return quantized


def load(
    folder: Path, default: str, preference: DevicePreference, observe: ObserveBatch = ignore
) -> Registry:
    """Load every `.onnx` file of the folder, each in the precision that suits the device.

    Raises StartupError where there is none or the default is not among them, ContractError for a file that
    does not say what it is, or says what another has said.
    """
    files = [
        file
        for file in sorted(folder.glob("*.onnx"))
        if not (file.name.endswith(EIGHT_BIT) and _original(file).is_file())
    ]
    if not files:
        raise StartupError(
            f"{folder} holds no .onnx file; set HAIRLINE_MODELS_DIR to a folder that does"
        )
    models: dict[str, Model] = {}
    runner = Runner(observe)  # one device: a batch of one model at a time
    for file in files:
        model = load_fitting_model(file, preference, runner)
        if model.name in models:
            raise ContractError(
                f"{file.name} calls itself {model.name!r}, as another file of {folder} does; "
                "export one of them again with another --name"
            )
        models[model.name] = model
    if default not in models:
        raise StartupError(
            f"HAIRLINE_DEFAULT_MODEL is {default!r}, but {folder} holds {', '.join(models)}; name one of them"
        )
    return Registry(list(models.values()), default)


def _original(eight_bit: Path) -> Path:
    return eight_bit.with_name(eight_bit.name.removesuffix(EIGHT_BIT) + ".onnx")
