"""Pairs of photo and mask: where they are listed, how they are split, how one is read."""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp")
SPLITS = ("train", "val", "test", "external")
# Sources whose published split puts crops of one photograph on two sides; kept so that figures compare.
PUBLISHED_SPLITS = frozenset({"deepcrack-256"})
VALIDATION_SHARE = 0.2  # of the groups of a plain folder, as in the paper


class DataError(ValueError):
    """The listed data cannot be used as it is; the message names the row and what to do."""


@dataclass(frozen=True)
class Row:
    """One photo and its mask. `group` names the photograph or site; a group is never split."""

    source: str
    image: Path
    mask: Path
    group: str
    split: str


def read_rows(location: Path) -> list[Row]:
    """Rows of an index file (`.csv`), or of a folder that holds `images/` and `masks/`.

    Raises DataError where a column or file is missing, or a group stands on two sides of a split.
    """
    rows = _rows_of_folder(location) if location.is_dir() else _rows_of_index(location)
    if not rows:
        raise DataError(
            f"{location} lists no pairs; give an index file or a folder with images/ and masks/"
        )
    for row in rows:
        for path in (row.image, row.mask):
            if not path.is_file():
                raise DataError(
                    f"{path} is listed but missing (source {row.source}); add it or drop the row"
                )
    _refuse_divided_groups(rows)
    return rows


def _rows_of_index(index: Path) -> list[Row]:
    if not index.is_file():
        raise DataError(
            f"{index} does not exist; give an index file or a folder with images/ and masks/"
        )
    with index.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets put a mark in front
        reader = csv.DictReader(file)
        wanted = {"source", "image", "mask", "group", "split"}
        if missing := wanted - set(reader.fieldnames or ()):
            raise DataError(f"{index} lacks the columns {', '.join(sorted(missing))}")
        rows = []
        for number, line in enumerate(reader, start=2):
            if empty := sorted(column for column in wanted if not line[column]):
                raise DataError(f"{index}:{number}: nothing stands in {', '.join(empty)}")
            if line["split"] not in SPLITS:
                raise DataError(
                    f"{index}:{number}: split is {line['split']!r}, not one of {', '.join(SPLITS)}"
                )
            image, mask = index.parent / line["image"], index.parent / line["mask"]
            rows.append(Row(line["source"], image, mask, line["group"], line["split"]))
    return rows


def _rows_of_folder(folder: Path) -> list[Row]:
    """Each photo is its own group; a fifth of them, picked by a hash of the name, validates."""
    masks = {
        p.stem: p
        for p in sorted((folder / "masks").glob("*"))
        if p.suffix.lower() in IMAGE_SUFFIXES
    }
    rows = []
    for image in sorted((folder / "images").glob("*")):
        if image.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        if image.stem not in masks:
            raise DataError(f"{image} has no mask of the same name in {folder / 'masks'}")
        is_validation = _unit_hash(image.stem) < VALIDATION_SHARE
        split = "val" if is_validation else "train"
        rows.append(Row(folder.name, image, masks[image.stem], image.stem, split))
    return rows


def _refuse_divided_groups(rows: Sequence[Row]) -> None:
    for (source, group), splits in _sides(rows).items():
        if len(splits) > 1 and source not in PUBLISHED_SPLITS:
            raise DataError(
                f"group {group!r} of {source} stands in {' and '.join(sorted(splits))}; "
                "photos of one group belong on one side, or the figures flatter"
            )


def straddling_groups(rows: Iterable[Row]) -> frozenset[tuple[str, str]]:
    """(source, group) of the groups with rows in `train` and in another split: what is scored there was half seen.

    Give it all rows of an index, not the chosen ones alone. `read_rows` lets them stand in PUBLISHED_SPLITS only.
    """
    return frozenset(
        group for group, splits in _sides(rows).items() if "train" in splits and len(splits) > 1
    )


def _sides(rows: Iterable[Row]) -> dict[tuple[str, str], set[str]]:
    """The splits that each (source, group) stands in."""
    sides: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        sides[row.source, row.group].add(row.split)
    return sides


def select(
    rows: Iterable[Row], split: str, *, sources: Sequence[str] = (), without: Sequence[str] = ()
) -> list[Row]:
    """The rows of one split; only `sources` where any are named, never those in `without`."""
    kept = [r for r in rows if r.split == split and r.source not in without]
    return [r for r in kept if r.source in sources] if sources else kept


def folds(rows: Sequence[Row], count: int, seed: int) -> list[list[Row]]:
    """Divide the rows into `count` folds of near-equal size, whole groups at a time, by a seeded hash."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[f"{row.source}/{row.group}"].append(row)
    # The largest groups first, each into the emptiest fold; the hash orders groups of one size.
    order = sorted(groups, key=lambda name: (-len(groups[name]), _unit_hash(f"{seed}:{name}")))
    divided: list[list[Row]] = [[] for _ in range(count)]
    for name in order:
        min(divided, key=len).extend(groups[name])
    return divided


def _unit_hash(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def read_photo(path: Path) -> np.ndarray:
    """uint8 `[H, W, 3]` RGB, EXIF orientation applied. Raises DataError where it cannot be read."""
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if photo is None:
        raise DataError(f"{path} cannot be read as an image")
    return cv2.cvtColor(photo, cv2.COLOR_BGR2RGB)


def read_mask(path: Path) -> np.ndarray:
    """uint8 `[H, W]` of 0 and 1. Raises DataError where it cannot be read or is not a mask of two values."""
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise DataError(f"{path} cannot be read as an image")
    values = np.unique(mask)
    if not np.isin(values, (0, 255)).all():
        raise DataError(
            f"{path} holds the values {values[:6].tolist()}...; a mask holds 0 and 255 alone "
            "(JPEG blurs them: use PNG)"
        )
    return (mask > 0).astype(np.uint8)


PhotoReader = Callable[[Path], np.ndarray]


def read_pair(row: Row, reader: PhotoReader = read_photo) -> tuple[np.ndarray, np.ndarray]:
    """The row's photo and mask. Raises DataError where one cannot be read or their sizes differ."""
    photo, mask = reader(row.image), read_mask(row.mask)
    if photo.shape[:2] != mask.shape:
        raise DataError(
            f"{row.mask} is {mask.shape[1]}x{mask.shape[0]} but its photo is "
            f"{photo.shape[1]}x{photo.shape[0]}; make them the same size"
        )
    return photo, mask


def check_pairs(rows: Sequence[Row], reader: PhotoReader = read_photo) -> None:
    """Read every pair once, so that a bad one is told of before hours of work and not amid them. Raises DataError."""
    for row in tqdm(rows, desc="checking", unit="pair", disable=None):
        read_pair(row, reader)
