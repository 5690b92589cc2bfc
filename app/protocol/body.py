"""A request's body taken apart: JSON, and behind it the bytes of its tensor."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.errors import BadRequest, UploadTooLarge
from app.json_body import read_json
from app.protocol.messages import InferenceParameters, InferenceRequest, InputTensor
from app.protocol.metadata import OUTPUTS

# Four tiles of 512 pixels, written out flat: 12,582,912 bytes. Numbers in a list take several times the memory of their
# text: more has to come as binary data.
MAX_JSON_BYTES = 13_000_000
ADVICE = "send the tensor as binary data"
HEADER_LENGTH = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class Inference:
    """What is asked of a model: one input, and the outputs by name, each with whether it comes as binary data."""

    id: str | None
    input: InputTensor
    binary: memoryview | None
    """The input's binary data; None where its values stand in the JSON."""
    outputs: Mapping[str, bool]
    parameters: InferenceParameters


def length_of_json(header: str | None) -> int | None:
    """What HEADER_LENGTH says, known before the body is; None where it is not there.

    Raises BadRequest for what is no length, UploadTooLarge for one over MAX_JSON_BYTES.
    """
    if header is None:
        return None
    if not (header.isascii() and header.isdecimal() and len(header) < 20 and int(header)):
        raise BadRequest(f"{HEADER_LENGTH} is no number of bytes; give the length of the JSON")
    if int(header) > MAX_JSON_BYTES:
        raise UploadTooLarge(
            f"the JSON has {int(header)} bytes, {MAX_JSON_BYTES} are the limit; {ADVICE}"
        )
    return int(header)


def read_inference(body: bytes, json_length: int | None) -> Inference:
    """`json_length` is where the JSON ends, as `length_of_json` has it; None: the body is JSON alone.

    Raises BadRequest, InvalidParameter.
    """
    length = len(body) if json_length is None else json_length
    if length > len(body):
        raise BadRequest(
            f"{HEADER_LENGTH} says {length}, and the body has {len(body)} bytes; give the length of the JSON"
        )
    asked = read_json(InferenceRequest, body[:length])
    if len(asked.inputs) != 1:
        raise BadRequest(f"there are {len(asked.inputs)} inputs; send one, `photo` or `image`")
    tensor = asked.inputs[0]
    if tensor.name not in OUTPUTS:
        raise BadRequest(f"there is no input {tensor.name!r}; send `photo` or `image`")
    return Inference(
        asked.id,
        tensor,
        _binary(tensor, memoryview(body)[length:]),
        _outputs(asked, tensor.name),
        asked.parameters,
    )


def _binary(tensor: InputTensor, rest: memoryview) -> memoryview | None:
    size = tensor.parameters.binary_data_size
    if (size or 0) != len(rest):
        raise BadRequest(
            f"binary_data_size says {size or 0}, and {len(rest)} bytes follow the JSON; "
            f"give {HEADER_LENGTH} and binary_data_size as they are"
        )
    if (size is None) == (tensor.data is None):
        raise BadRequest(f"{tensor.name}: give either `data` or `binary_data_size`")
    return rest if tensor.data is None else None


def _outputs(asked: InferenceRequest, input: str) -> dict[str, bool]:
    """All that the input gives where none is named, as the protocol has it."""
    default = asked.parameters.binary_data_output
    if not asked.outputs:
        return dict.fromkeys(OUTPUTS[input], default)
    outputs: dict[str, bool] = {}
    for wanted in asked.outputs:
        if wanted.name not in OUTPUTS[input]:
            raise BadRequest(
                f"there is no output {wanted.name!r} of `{input}`; ask for {', '.join(OUTPUTS[input])}"
            )
        if wanted.name in outputs:
            raise BadRequest(f"output {wanted.name!r} is asked for twice; ask once")
        said = wanted.parameters.binary_data
        outputs[wanted.name] = default if said is None else said
    return outputs
