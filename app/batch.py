"""Photos of a folder, one after the other: what `hairline segment` does."""

import csv
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from tqdm import tqdm
from ulid import ULID

from app import answers, formats, image
from app.errors import HairlineError, StartupError
from app.inspection import inspect
from app.limits import Table
from app.negotiation import Format
from app.parameters import SegmentParameters
from app.registry import Model
from app.schemas import Segmented
from app.telemetry import Stopwatch

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif"})
PICTURES: tuple[Format, ...] = ("mask", "overlay")
SUMMARY = (
    "photo", "width", "height", "crack_pixels", "crack_ratio", "crack_count", "total_length_px",
    "mean_width_px", "max_width_px", "total_length_mm", "mean_width_mm", "max_width_mm", "error",
)  # fmt: skip


def find_photos(places: Iterable[Path]) -> list[Path]:
    """The files named, and the photos of the folders named, sorted. Raises StartupError where none is found."""
    photos: list[Path] = []
    for place in places:
        if place.is_dir():
            photos += sorted(p for p in place.iterdir() if p.suffix.lower() in SUFFIXES)
        elif place.is_file():
            photos.append(place)
        else:
            raise StartupError(f"{place} does not exist; name a photo or a folder of photos")
    if not photos:
        raise StartupError(
            f"no photo was found; a folder's photos end in {', '.join(sorted(SUFFIXES))}"
        )
    return list(dict.fromkeys(photos))


def segment_files(
    places: Sequence[Path],
    output: Path,
    model: Model,
    table: Table | None,
    parameters: SegmentParameters,
    max_pixels: int,
) -> int:
    """Write NAME.mask.png, NAME.overlay.jpg and NAME.json of each photo, and summary.csv; the number that failed.

    A photo that cannot be read is told on standard error and in the summary, and the next one is taken.
    """
    photos = find_photos(places)
    names = output_names(photos)
    failed = 0
    with _open_summary(output) as file:
        summary = csv.DictWriter(file, SUMMARY, extrasaction="ignore")
        summary.writeheader()
        for photo in tqdm(photos, unit="photo", disable=None):
            line: dict[str, object] = {"photo": str(photo)}
            try:
                stem = output / names[photo]
                answer = segment_file(photo, stem, model, table, parameters, max_pixels)
                line |= answer.image.model_dump() | answer.statistics.model_dump()
            except (HairlineError, OSError) as error:
                failed += 1
                line["error"] = str(error)
                tqdm.write(f"{photo}: {error}", file=sys.stderr)
            summary.writerow(line)
            file.flush()
    return failed


def _open_summary(output: Path) -> TextIO:
    """Raises StartupError where nothing can be written into the folder."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        return (output / "summary.csv").open("w", newline="", encoding="utf-8")
    except OSError as error:
        raise StartupError(
            f"{output} cannot be written to ({error.strerror}); name another folder"
        ) from None


def output_names(photos: Iterable[Path]) -> dict[Path, str]:
    """A name for each photo's files: its own without the ending; numbered where two would share one."""
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for photo in photos:
        name, number = photo.stem, 1
        while name.casefold() in taken:  # some file systems take A.json and a.json for one
            number += 1
            name = f"{photo.stem}-{number}"
        taken.add(name.casefold())
        names[photo] = name
    return names


def segment_file(
    photo: Path,
    stem: Path,
    model: Model,
    table: Table | None,
    parameters: SegmentParameters,
    max_pixels: int,
) -> Segmented:
    """Segment one photo and write its three files beside `stem`; the JSON answer."""
    watch = Stopwatch()
    encoded = image.identify(photo.read_bytes(), max_pixels)
    result = inspect(str(ULID()), encoded, model, table, parameters, watch)
    with watch.stage("encode"):
        mask, overlay = (formats.write(result, form) for form in PICTURES)
    answer = answers.as_json(result)
    stem.with_name(stem.name + ".mask.png").write_bytes(mask)
    stem.with_name(stem.name + ".overlay.jpg").write_bytes(overlay)
    stem.with_name(stem.name + ".json").write_text(
        answer.model_dump_json(indent=2), encoding="utf-8"
    )
    return answer
