"""`python -m training report`: the model card from the contracts, docs/accuracy/ from the files of results."""

import argparse
from pathlib import Path

from training.data import DataError
from training.onnx_file import read_contract
from training.report.accuracy import accuracy_page
from training.report.card import model_card
from training.report.picture import draw_result
from training.report.plots import draw_plots
from training.report.results import read_results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", type=Path, default=Path("models"), help="folder of the .onnx files"
    )
    parser.add_argument(
        "--accuracy",
        type=Path,
        help="folder of the page on accuracy, made from its results/ where it has one; "
        "default: docs/accuracy beside the folder of the models",
    )
    parser.add_argument("--picture", type=Path, help="also draw the README's picture, a .jpg")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a page is out of date"
    )


def run(args: argparse.Namespace) -> int:
    accuracy = args.accuracy or args.models.parent / "docs" / "accuracy"
    pages = {args.models / "README.md": model_card(args.models)}
    results = None
    if (accuracy / "results").is_dir():
        contracts = [read_contract(file) for file in sorted(args.models.glob("*.onnx"))]
        results = read_results(accuracy, contracts)
        pages[accuracy / "README.md"] = accuracy_page(results, contracts)
    for path, text in pages.items():
        if args.check:
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                raise DataError(f"{path} is out of date; run `python -m training report`")
        else:
            path.write_text(text, encoding="utf-8")
            print(path)
    if args.check:
        return 0
    if results:
        for plot in draw_plots(results, accuracy):
            print(plot)
    if args.picture:
        draw_result(args.models / "unet.onnx", args.picture)
        print(args.picture)
    return 0
