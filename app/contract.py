"""What an .onnx file says of itself: read, written and refused here, by training and serving alike."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.errors import ContractError

METADATA_KEY = "hairline"
SCHEMA_VERSION: Literal[1] = 1

Precision = Literal["float32", "float16", "bfloat16", "int8"]
Share = Annotated[float, Field(gt=0, lt=1)]


class Contract(BaseModel):
    """The JSON value under `hairline` in the file's metadata; identifiers are spelled as the API spells them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = SCHEMA_VERSION
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    version: str
    architecture: str
    parameters: Annotated[int, Field(gt=0)]
    tile_size: Annotated[int, Field(gt=0)]
    """Side of a tile, in pixels; fixed in the graph."""
    overlap: Annotated[int, Field(ge=0)]
    """Least overlap of neighbouring tiles, in pixels."""
    threshold: Share
    """Probability from which a pixel counts as crack."""
    threshold_from: Literal["provisional", "validation"] = "provisional"
    """Whether the threshold was chosen on validation photos yet."""
    width_calibration: tuple[tuple[float, float], ...] = ()
    """(read, true) widths of drawn cracks, pixels of the network; empty where nobody calibrated it."""
    trained_on: tuple[str, ...]
    """Sources whose photos trained the weights."""
    metrics: Mapping[str, float] = {}
    """Figures of the evaluation, by name; empty before it ran."""
    license: str
    commit: str
    """Commit that trained the weights."""
    weights_sha256: str = ""
    """Hash of the weights alone: the same before and after figures are written into the file."""
    precision: Literal["float32", "int8"] = "float32"
    """What the convolutions compute in."""
    made_from: str = ""
    """`weights_sha256` of the float32 file that an int8 file was made from."""

    @property
    def label(self) -> str:
        """Tells the files of one model apart."""
        return label(self.name, self.precision)

    @model_validator(mode="after")
    def _overlap_leaves_a_step(self) -> "Contract":
        if self.overlap >= self.tile_size:
            raise ValueError("overlap must be smaller than tile_size")
        return self

    @model_validator(mode="after")
    def _calibration_rises(self) -> "Contract":
        for widths in zip(*self.width_calibration, strict=True):
            if not all(low < high for low, high in pairwise((0.0, *widths))):
                raise ValueError("the widths of width_calibration must rise from above 0")
        return self

    @model_validator(mode="after")
    def _int8_names_its_origin(self) -> "Contract":
        if (self.precision == "float32") == bool(self.made_from):
            raise ValueError("made_from belongs to int8 files, and to each of them")
        return self


def is_sibling(quantized: Contract, original: Contract) -> bool:
    """Whether an int8 file was made from this file, and this file says today what it said then."""
    own = {"precision", "made_from", "weights_sha256", "metrics"}
    return quantized.made_from == original.weights_sha256 and quantized.model_dump(
        exclude=own
    ) == original.model_dump(exclude=own)


def label(name: str, precision: Precision, *, by_openvino: bool = False) -> str:
    """A model in a precision, in one word: `unet`, `unet-int8`, `unet-int8-openvino`."""
    if by_openvino:
        return f"{name}-{precision}-openvino"
    return name if precision == "float32" else f"{name}-{precision}"


def read(metadata: Mapping[str, str], file: str) -> Contract:
    """The contract in a file's metadata. Raises ContractError, which names the file, where it is missing or wrong."""
    text = metadata.get(METADATA_KEY)
    if text is None:
        raise ContractError(
            f"{file} has no contract (metadata key {METADATA_KEY!r}); export it with `python -m training export`"
        )
    try:
        return Contract.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        if field == "schema_version":
            reason = (
                f"is of schema version {first['input']}, this service reads {SCHEMA_VERSION}; "
                "update the service or export it again"
            )
        elif field:
            reason = f"has a contract whose {field} is wrong ({first['msg']}); export it again"
        else:
            reason = f"has a wrong contract ({first['msg']}); export it again"
        raise ContractError(f"{file} {reason}") from None


def write(contract: Contract) -> dict[str, str]:
    """The metadata entry that `read` reads."""
    return {METADATA_KEY: contract.model_dump_json()}


def check_graph(
    contract: Contract,
    file: str,
    *,
    inputs: Mapping[str, tuple[str, tuple[object, ...]]],
    outputs: Mapping[str, tuple[str, tuple[object, ...]]],
) -> None:
    """Refuse a graph at odds with its contract. Tensors are given as name: (type, shape), free axes as text.

    Raises ContractError unless the graph takes `image` uint8 `[batch, T, T, 3]` and gives `probability`
    float32 `[batch, T, T, 1]`, T being the contract's tile size.
    """
    tile = contract.tile_size
    expected = {
        "image": (inputs, "tensor(uint8)", (tile, tile, 3)),
        "probability": (outputs, "tensor(float)", (tile, tile, 1)),
    }
    for name, (tensors, kind, shape) in expected.items():
        found = tensors.get(name)
        if (
            list(tensors) != [name]
            or found is None
            or found[0] != kind
            or tuple(found[1][1:]) != shape
        ):
            raise ContractError(
                f"{file} promises {name} {kind} [batch, {', '.join(map(str, shape))}], "
                f"but its graph has {dict(tensors)}; "
                "export it again with `python -m training export`"
            )
        if isinstance(found[1][0], int):
            raise ContractError(
                f"{file} has a fixed batch of {found[1][0]}; export it with a free batch axis"
            )
