"""One encoded photo, looked at: decoded, scaled, judged, segmented. Service and command line call it."""

from collections.abc import Callable
from dataclasses import dataclass

from app import density, image
from app.deadline import go_on
from app.findings import Findings
from app.image import EncodedPhoto, Photo
from app.limits import Table
from app.parameters import SegmentParameters
from app.pipeline import Options, Segmentation, segment
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

    @property
    def made_by(self) -> str:
        """Name and version of what found the cracks: "unet 1.2.0"."""
        return f"{self.model.name} {self.model.contract.version}"

    @property
    def warnings(self) -> list[str]:
        """What a reader must know: of the file, of the photo, of the cracks."""
        return [*self.photo.warnings, *self.quality.warnings, *self.findings.warnings()]


def inspect(
    id: str,
    encoded: EncodedPhoto,
    model: Model,
    table: Table | None,
    parameters: SegmentParameters,
    watch: Stopwatch,
    check: Callable[[], None] = go_on,
) -> Result:
    """Find and measure the cracks of one photo.

    `check` as for `pipeline.segment`. Raises the errors of `image.decode`, `scale_of` and
    `density.grid` before the network runs.
    """
    check()
    with watch.stage("decode"):
        photo = image.decode(encoded)
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
    segmentation = segment(photo.pixels, model, options, watch, check)
    findings = Findings(
        segmentation.measurement, photo.height, photo.width, scale, table, parameters
    )
    return Result(id, photo, model, parameters, segmentation, quality, findings)
