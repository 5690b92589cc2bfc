"""A result in the forms that the API speaks."""

import base64

from app import findings, image, run_lengths, schemas
from app.inspection import Result
from app.parameters import MaskEncoding
from app.pipeline import Segmentation
from app.registry import Model
from app.schemas import ModelDescription, Segmented
from app.telemetry import Stopwatch


def describe(model: Model, default: str) -> ModelDescription:
    """A model as `/v1/models` tells of it."""
    said = model.contract
    return ModelDescription(
        name=said.name,
        version=said.version,
        architecture=said.architecture,
        parameters=said.parameters,
        tile_size=said.tile_size,
        threshold=said.threshold,
        width_calibrated=bool(said.width_calibration),
        trained_on=list(said.trained_on),
        metrics=dict(said.metrics),
        license=said.license,
        sha256=model.sha256,
        device=model.device,
        precision=model.precision,
        default=said.name == default,
    )


def as_json(result: Result) -> Segmented:
    """The JSON answer. Stage times are read last, so that encoding the mask is among them."""
    parameters, found, watch = result.parameters, result.findings, result.watch
    with watch.stage("encode"):
        mask = encode_mask(result.segmentation, parameters.mask)
        cracks = found.cracks()
    return Segmented(
        id=result.id,
        asset_id=parameters.asset_id,
        metadata=parameters.caller_metadata(),
        model=schemas.ModelUsed(
            name=result.model.name,
            version=result.model.contract.version,
            sha256=result.model.sha256,
            threshold=result.segmentation.threshold,
            device=result.model.device,
            precision=result.model.precision,
        ),
        image=schemas.ImageDescription(
            width=result.photo.width,
            height=result.photo.height,
            format=result.photo.format,
            sha256=result.photo.sha256,
            exif_orientation=result.photo.exif_orientation,
            metadata=result.photo.metadata if parameters.photo_metadata else None,
        ),
        mode=parameters.mode,
        resolution_scale=parameters.resolution_scale,
        statistics=found.statistics(),
        scale=found.scale_used(),
        limits=found.table,
        pattern=found.pattern(),
        density=found.density(),
        quality=findings.quality(result.quality),
        cracks=cracks,
        mask=mask,
        warnings=result.warnings,
        timing_ms=_milliseconds(watch),
    )


def encode_mask(
    segmentation: Segmentation, encoding: MaskEncoding
) -> schemas.PngMask | schemas.RleMask | schemas.ProbabilityMap | None:
    """The mask, or the map that it was cut from, as JSON carries it; None for `none`."""
    if encoding == "none":
        return None
    mask = segmentation.mask
    height, width = mask.shape
    if encoding == "png":
        data = base64.b64encode(image.encode_mask(mask)).decode()
        return schemas.PngMask(width=width, height=height, data=data)
    if encoding == "probability":
        data = base64.b64encode(image.encode_map(segmentation.probability)).decode()
        return schemas.ProbabilityMap(width=width, height=height, data=data)
    counts = run_lengths.compressed(mask)
    return schemas.RleMask(width=width, height=height, size=(height, width), counts=counts)


def mask_headers(result: Result) -> dict[str, str]:
    """What an answer that is a picture says beside it."""
    measured = result.segmentation.measurement
    return {
        "X-Crack-Pixels": str(measured.crack_pixels),
        "X-Crack-Ratio": f"{measured.crack_ratio:.6g}",
        "X-Model": result.model.name,
    }


def told(result: Result) -> dict[str, object]:
    """What the log says of an answered photo: nothing that it shows."""
    return {
        "model": result.model.name,
        "crack_count": result.segmentation.measurement.crack_count,
        "stages_ms": _milliseconds(result.watch),
    }


def _milliseconds(watch: Stopwatch) -> dict[str, float]:
    return {stage: round(1000 * seconds, 1) for stage, seconds in watch.seconds().items()}
