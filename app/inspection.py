"""One encoded photo, looked at: decoded, scaled, judged, segmented. Service and command line call it."""

from collections.abc import Callable
from dataclasses import dataclass

from app import density, image
from app.deadline import go_on
from app.errors import InvalidParameter
from app.findings import Findings
from app.image import EncodedPhoto, Photo
from app.limits import Table
from app.parameters import SegmentParameters
from app.pipeline import Options, Probability, Segmentation, segment
from app.quality import Quality, assess
from app.registry import Model
from app.scale import scale_of
from app.telemetry import Stopwatch


@dataclass(frozen=True)
class Result:
    """Everything that an answer about one photo is made from."""

    id: str
    photo: Photo
    model: Model
    parameters: SegmentParameters
    segmentation: Segmentation
    quality: Quality
    findings: Findings
    is_probability_given: bool
    """The caller sent the probabilities; no network ran."""
    watch: Stopwatch
    """Where the time went and goes: JSON tells of it."""
    check: Callable[[], None]
    """Raises once nobody waits for the answer any more."""

    @property
    def made_by(self) -> str:
        """Name and version of what found the cracks: "unet 1.2.0"; whether its map was given, it may be corrected."""
        given = ", map given by the caller" if self.is_probability_given else ""
        return f"{self.model.name} {self.model.contract.version}{given}"

    @property
    def warnings(self) -> list[str]:
        """What a reader must know: of the file, of the photo, of the cracks, and where the mask is from."""
        given = ["probability-given"] if self.is_probability_given else []
        found = self.findings.warnings()
        return [*self.photo.warnings, *self.quality.warnings, *found, *given]


def inspect(
    id: str,
    encoded: EncodedPhoto,
    model: Model,
    table: Table | None,
    parameters: SegmentParameters,
    watch: Stopwatch,
    check: Callable[[], None] = go_on,
    encoded_map: EncodedPhoto | None = None,
) -> Result:
    """Find and measure the cracks of one photo.

    `encoded_map` holds the photo's probabilities, of an earlier answer or a mask that a person corrected: they are
    measured and no network runs. `check` as for `pipeline.segment`. Raises the errors of `image.decode`,
    `image.decode_map`, `scale_of` and `density.grid` before the network runs, and InvalidParameter for a map of
    another size than the photo's.
    """
    check()
    with watch.stage("decode"):
        photo = image.decode(encoded)
        given = _decode_map(encoded_map, photo) if encoded_map else None
    with watch.stage("measure"):
        scale = scale_of(parameters.scale_request(), photo.pixels, photo.camera)
        if parameters.cell_px is not None:
            density.grid(photo.height, photo.width, parameters.cell_px)
        quality = assess(photo.pixels, scale.mm_per_px if scale else None)
    options = Options(
        mode=parameters.mode,
        threshold=parameters.threshold,
        resolution_scale=parameters.resolution_scale,
        min_area_px=parameters.min_area_px,
        plane=scale.plane if scale else None,
        with_outlines=parameters.outlines and parameters.cracks,
    )
    segmentation = segment(photo.pixels, model, options, watch, check, given)
    findings = Findings(
        segmentation.measurement, photo.height, photo.width, scale, table, parameters
    )
    return Result(
        id=id,
        photo=photo,
        model=model,
        parameters=parameters,
        segmentation=segmentation,
        quality=quality,
        findings=findings,
        is_probability_given=given is not None,
        watch=watch,
        check=check,
    )


def _decode_map(encoded: EncodedPhoto, photo: Photo) -> Probability:
    given = image.decode_map(encoded)
    if given.shape != photo.pixels.shape[:2]:
        raise InvalidParameter(
            f"the field 'probability' has {given.shape[1]}x{given.shape[0]} pixels, the upright photo "
            f"{photo.width}x{photo.height}; send the map of this photo"
        )
    return given
