"""`python -m training COMMAND`: from photos and masks to a file that the service takes, and to what is known of it."""

import argparse
import importlib
import sys

from app.errors import HairlineError
from training.data import DataError

COMMANDS = {
    "train": ("training.train", "train a network by a recipe into a run folder"),
    "mine": (
        "training.hard_places",
        "find where a network errs on train rows, for `train --hard-places`",
    ),
    "blend": ("training.blend", "average the weights of two runs, or of a run and an .onnx file"),
    "folds": (
        "training.folds",
        "run the paper protocol over five folds of deepcrack-256, a result file a fold",
    ),
    "export": ("training.export", "turn a run folder into one .onnx file for the service"),
    "calibrate": (
        "training.calibrate",
        "learn from drawn cracks how wide those are that a model reads so wide",
    ),
    "quantize": (
        "training.quantize",
        "make the 8-bit sibling of an .onnx file, for CPUs that multiply bytes",
    ),
    "evaluate": (
        "training.evaluation.command",
        "score an .onnx file on an index file, through the serving code",
    ),
    "failures": (
        "training.failures.command",
        "measure what crack detectors are known to get wrong, on drawn photos and real masks",
    ),
    "report": (
        "training.report.command",
        "write the model card and docs/accuracy from the files of models and results",
    ),
    "synthesize": ("training.synthetic.synthesize", "draw photos of concrete with known cracks"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Only its own module is imported: `evaluate` needs no Keras, `synthesize` no ONNX."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, summary) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            description=summary,
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        if arguments[:1] == [name]:
            importlib.import_module(module).add_arguments(command)
    args = parser.parse_args(arguments)
    try:
        return importlib.import_module(COMMANDS[args.command][0]).run(args)
    except (DataError, HairlineError) as error:
        print(f"python -m training {args.command}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
