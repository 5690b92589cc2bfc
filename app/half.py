"""A stored file as GPUs run it: the same graph in float16, made when it is loaded."""

from pathlib import Path

from app.errors import StartupError


def in_float16(file: Path) -> bytes:
    """The file's graph with float16 weights and maps; `image` and `probability` keep their types.

    Raises StartupError where the package `onnx` is missing.
    """
    try:
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16
        from onnxruntime.transformers.onnx_model import OnnxModel
    except ImportError as error:
        raise StartupError(
            f"float16 needs the package {error.name}; install the extra `cuda`"
        ) from None
    model = onnx.load(file)
    halved = OnnxModel(convert_float_to_float16(model, keep_io_types=True))
    halved.topological_sort()  # the converter appends its casts
    content: bytes = halved.model.SerializeToString()
    return content
