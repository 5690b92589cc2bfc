"""`python -m training calibrate`: how wide drawn cracks truly are that a model reads so wide, into its file.

A network calls a rim of half a pixel beside a crack part of it: blur puts darkness there, and so do the masks that
people draw. On drawn cracks the truth is known (docs/decisions/0010-width-calibration.md).
"""

import argparse
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from tqdm import tqdm

from app.contract import is_sibling
from app.measurement import measure
from app.pipeline import Options, predict
from app.registry import EIGHT_BIT, Model, load_model
from app.telemetry import Stopwatch
from training.data import DataError
from training.failures.edges import paired_widths
from training.failures.truth import truth_of_scene
from training.onnx_file import read_contract, update_contract
from training.synthetic import SceneRecipe, draw_scene

SIDE_PX = 512
# Training draws among the same seeds; the benchmark and `failures` draw from 2^31 on.
FIRST_SEED = 1_000_000
# Edges of the classes of true width. From class to class the error moves by a tenth of a pixel or two.
CLASSES_PX = (0.0, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 13.0, 20.0, np.inf)
LEAST_POINTS = 50  # of a class that counts

Floats = NDArray[np.float64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help=".onnx file, its threshold chosen already")
    parser.add_argument("--photos", type=int, default=200, help="to draw, of one crack each")


def run(args: argparse.Namespace) -> int:
    if args.photos < 1:
        raise DataError(f"--photos is {args.photos}; it must be 1 at least")
    said = read_contract(args.model)
    if said.made_from:
        raise DataError(
            f"{args.model} was made from another file; calibrate that one, and this one follows it"
        )
    if said.threshold_from != "validation":
        raise DataError(
            f"{args.model} has no threshold of its own yet, and widths depend on it; "
            "run `evaluate --choose-threshold --record` first"
        )
    model = load_model(args.model, "auto", with_openvino=True)
    read, true = widths_of(model, args.photos)
    pairs = calibrated(read, true)
    if not pairs:
        raise DataError(
            f"{args.model} found too few of the drawn cracks to calibrate by; give more --photos"
        )
    update_contract(args.model, width_calibration=pairs)
    sibling = args.model.with_suffix(EIGHT_BIT)
    if sibling.is_file() and is_sibling(read_contract(sibling), said):
        update_contract(sibling, width_calibration=pairs)
    print(f"{args.model}: {len(read)} points of {args.photos} photos")
    for one, other in pairs:
        print(f"  reads {one:.2f} px, is {other:.2f} px")
    return 0


def widths_of(model: Model, photos: int) -> tuple[Floats, Floats]:
    """Width read and true width, pixels, about every pixel along the centrelines that the model finds."""
    pairs = []
    for seed in tqdm(range(FIRST_SEED, FIRST_SEED + photos), unit="photo", disable=None):
        scene = draw_scene(SceneRecipe(SIDE_PX, SIDE_PX, crack_count=(1, 1)), seed)
        probability = predict(scene.photo, model, Options(), Stopwatch())
        found = measure(probability, model.contract.threshold)
        pairs.append(paired_widths(found.cracks, truth_of_scene(scene)))
    read, true = zip(*pairs, strict=True)
    return np.concatenate(read), np.concatenate(true)


def calibrated(read: Floats, true: Floats) -> tuple[tuple[float, float], ...]:
    """Medians (read, true) by class of true width, made to rise; `()` where no class has enough points.

    By classes of read width they would say how wide the cracks are that were drawn most often and read so: a
    crack of 3 to 5 px came out 0.8 px too narrow, for many hairlines read as wide.
    """
    medians, counts = [], []
    for low, high in pairwise(CLASSES_PX):
        members = (true >= low) & (true < high)
        if members.sum() >= LEAST_POINTS:
            medians.append((np.median(read[members]).round(3), np.median(true[members])))
            counts.append(int(members.sum()))
    if not medians:
        return ()
    widths, at = np.array(medians).T
    # Classes that fall are put together (Barlow et al. 1972): a pair each of what then rises.
    fitted = isotonic_regression(widths, weights=counts)
    return tuple(
        (round(float(fitted.x[first]), 6), round(float(np.average(at[first:end], weights=counts[first:end])), 3))
        for first, end in pairwise(fitted.blocks)
    )  # fmt: skip
