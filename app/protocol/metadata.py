"""What server and models say of themselves."""

from collections.abc import Mapping
from importlib.metadata import version

from app.protocol.messages import ModelMetadata, ServerMetadata, TensorMetadata
from app.registry import Model

OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "photo": ("mask", "probability", "statistics"),
    "image": ("probability",),
}
"""What each input gives."""


def describe_server() -> ServerMetadata:
    return ServerMetadata(
        name="hairline", version=version("hairline"), extensions=["binary_tensor_data"]
    )


def describe_model(model: Model) -> ModelMetadata:
    """Shapes that hold for either input: `probability` is `[1, H, W, 1]` of a photo, `[n, T, T, 1]` of tiles."""
    tile = model.contract.tile_size
    return ModelMetadata(
        name=model.name,
        versions=[model.contract.version],
        platform="onnxruntime_onnx",
        inputs=[
            TensorMetadata(name="photo", datatype="BYTES", shape=[1]),
            TensorMetadata(name="image", datatype="UINT8", shape=[-1, tile, tile, 3]),
        ],
        outputs=[
            TensorMetadata(name="mask", datatype="UINT8", shape=[1, -1, -1, 1]),
            TensorMetadata(name="probability", datatype="FP32", shape=[-1, -1, -1, 1]),
            TensorMetadata(name="statistics", datatype="BYTES", shape=[1]),
        ],
    )
