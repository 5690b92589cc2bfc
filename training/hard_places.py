"""`python -m training mine`: where a network errs on train rows, so that the next run looks there more often."""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import keras
import numpy as np
from tqdm import tqdm

from training.config import NON_COMMERCIAL_SOURCES, RECIPES
from training.crops import HardPlace, PairCache, window
from training.data import DataError, Row, read_rows, select
from training.initial_weights import load_initial_weights
from training.networks import ARCHITECTURES, build, side_step
from training.provenance import command_line, git_commit

CALLED_FROM = 0.5  # probability
SLACK_PX = 4  # an error lies farther from what it is held against: rims are no errors
LEAST_PX = 20  # pixels of an error that counts
PIXELS_A_PLACE = 400  # a long joint is several places
MOST_PLACES = 4  # of one error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "weights", type=Path, help="what errs: .weights.h5 of a run folder, or an .onnx file"
    )
    parser.add_argument("--data", type=Path, required=True, help="index .csv")
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="unet")
    parser.add_argument("--mixed-precision", action="store_true", help="bfloat16 compute")
    parser.add_argument(
        "--windows",
        type=int,
        default=60,
        help="windows to look at in each source that the field recipe trains on",
    )
    parser.add_argument("--window-size", type=int, default=512, help="pixels a side, at most")
    parser.add_argument("--seed", type=int, default=0)


def run(args: argparse.Namespace) -> int:
    step = side_step(args.architecture)
    if args.window_size < step or args.window_size % step:
        raise DataError(f"--window-size is {args.window_size}; it must be a multiple of {step}")
    if args.windows < 1:
        raise DataError(f"--windows is {args.windows}; it must be 1 at least")
    args.output.parent.mkdir(parents=True, exist_ok=True)
    if args.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    recipe = RECIPES["field"](args.architecture)
    rows = [
        row
        for row in select(read_rows(args.data), "train", without=NON_COMMERCIAL_SOURCES)
        if recipe.source_weights.get(row.source, 1.0)
    ]
    if not rows:
        raise DataError(f"{args.data} has no train rows of a source that the field recipe uses")
    network = build(args.architecture)
    load_initial_weights(network, args.weights)
    rng = np.random.default_rng(args.seed)
    cache, places = PairCache(recipe.coarse_sources), []
    drawn = list(_windows(rows, args.windows, rng))
    for row in tqdm(drawn, unit="window", disable=None):
        photo, mask, _ = cache.pair(row)
        corner, shape = _window_in(mask.shape, args.window_size, step, rng)
        crop = window(photo, *corner, shape)[None].astype(np.float32)
        probability = keras.ops.convert_to_numpy(network(crop))[0, ..., 0]
        for y, x, kind in errors(probability, window(mask, *corner, shape), rng):
            top, left = corner
            inside = np.clip((top + y, left + x), 0, np.array(mask.shape) - 1)
            places.append(HardPlace(row, int(inside[1]), int(inside[0]), kind))
    record = {
        "made_with": {"command": command_line(), "commit": git_commit()},
        "windows": len(drawn),
        "places": [_written(place) for place in places],
    }
    args.output.write_text(json.dumps(record, indent=1) + "\n")
    kinds = {kind: sum(place.kind == kind for place in places) for kind in ("alarm", "miss")}
    print(f"{args.output}: {kinds['alarm']} alarms, {kinds['miss']} misses in {len(drawn)} windows")
    return 0


def _windows(rows: Sequence[Row], count: int, rng: np.random.Generator) -> Iterator[Row]:
    """`count` rows of each source, each photo once before one comes again."""
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    for source in sorted(by_source):
        order: list[int] = []
        while len(order) < count:
            order.extend(rng.permutation(len(by_source[source])).tolist())
        yield from (by_source[source][number] for number in order[:count])


def _window_in(
    photo: tuple[int, int], size: int, step: int, rng: np.random.Generator
) -> tuple[list[int], tuple[int, int]]:
    """Top left corner and (height, width), multiples of `step`; a photo that is smaller is mirrored a little."""
    shape = tuple(min(size, -(-length // step) * step) for length in photo)
    corner = [int(rng.integers(max(p - s, 0) + 1)) for p, s in zip(photo, shape, strict=True)]
    return corner, (shape[0], shape[1])


def errors(
    probability: np.ndarray, mask: np.ndarray, rng: np.random.Generator
) -> list[tuple[int, int, str]]:
    """(y, x, kind) of pixels within alarms and misses. Mask `[H, W]` of 0, 1 and -1 (unknown: never an error)."""
    called, true = probability >= CALLED_FROM, mask == 1
    near = np.ones((2 * SLACK_PX + 1,) * 2)
    not_crack = cv2.dilate((mask != 0).astype(np.uint8), near) == 0
    not_called = cv2.dilate(called.astype(np.uint8), near) == 0
    found = []
    for kind, wrong in (("alarm", called & not_crack), ("miss", true & not_called)):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            wrong.astype(np.uint8), connectivity=8
        )
        for label in range(1, count):
            area = int(stats[label, cv2.CC_STAT_AREA])
            if area < LEAST_PX:
                continue
            pixels = np.argwhere(labels == label)
            for y, x in rng.choice(
                pixels, min(1 + area // PIXELS_A_PLACE, MOST_PLACES), replace=False
            ):
                found.append((int(y), int(x), kind))
    return found


def _written(place: HardPlace) -> dict[str, object]:
    row = place.row
    said = {"source": row.source, "image": row.image.name}
    return said | {"x": place.x, "y": place.y, "kind": place.kind}


def read_hard_places(path: Path, rows: Sequence[Row]) -> list[HardPlace]:
    """The places of the file on the given rows. Raises DataError where it cannot be read or has none on them."""
    by_name = {(row.source, row.image.name): row for row in rows}
    try:
        places = [
            HardPlace(row, int(place["x"]), int(place["y"]), str(place["kind"]))
            for place in json.loads(path.read_text())["places"]
            if (row := by_name.get((place["source"], place["image"])))
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is no file of hard places ({error}); `python -m training mine` writes one"
        ) from None
    if not places:
        raise DataError(f"{path} names no place on the rows of this run; mine on the same index")
    return places
