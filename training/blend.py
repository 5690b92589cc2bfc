"""`python -m training blend`: the mean of two networks' weights, as a run folder that `export` takes.

Of use where one was trained on from the other: between the two lie networks better than either (Wortsman et al.,
CVPR 2022, "Robust fine-tuning of zero-shot models"; measured here: docs/decisions/0005).
"""

import argparse
import hashlib
import json
from pathlib import Path

import keras

from training.checkpoints import BEST
from training.data import DataError
from training.initial_weights import inherited_sources, load_initial_weights
from training.networks import ARCHITECTURES, build
from training.provenance import command_line, git_commit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", type=Path, help=".weights.h5 of a run folder, or an .onnx file")
    parser.add_argument("second", type=Path, help="the same, of the same architecture")
    parser.add_argument("-o", "--output", type=Path, required=True, help="run folder to write")
    parser.add_argument("--share", type=float, default=0.5, help="of the second, 0 to 1")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="unet")


def run(args: argparse.Namespace) -> int:
    if not 0 < args.share < 1:
        raise DataError(f"--share is {args.share}; it must lie between 0 and 1")
    if args.output.exists():
        raise DataError(f"{args.output} exists; name a new folder")
    seen = inherited_sources(args.first) | inherited_sources(args.second)
    network = build(args.architecture)
    if any(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers):
        raise DataError(
            f"{args.architecture} normalizes by means and variances, which fit no mean of weights; "
            "blend a network without"
        )
    weights = []
    for file in (args.first, args.second):
        load_initial_weights(network, file)
        weights.append(network.get_weights())
    network.set_weights(
        [(1 - args.share) * one + args.share * other for one, other in zip(*weights, strict=True)]
    )
    args.output.mkdir(parents=True)
    network.save_weights(args.output / BEST)
    record = {
        "architecture": args.architecture,
        "data": {"trained_on": sorted(seen)},
        "blended": [
            {"file_sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "share": share}
            for file, share in ((args.first, 1 - args.share), (args.second, args.share))
        ],
        "made_with": {"command": command_line(), "commit": git_commit()},
    }
    (args.output / "run.json").write_text(json.dumps(record, indent=2) + "\n")
    print(f"{args.output}: {args.share:g} of {args.second.name}, the rest of {args.first.name}")
    return 0
