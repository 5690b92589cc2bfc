"""`hairline serve`, `hairline segment`, `hairline models`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.errors import HairlineError
from app.settings import Settings, flag, variable

SEGMENT_PARAMETERS = (
    "model", "threshold", "mode", "resolution_scale", "mm_per_px", "marker_mm", "marker_family",
    "distance_mm", "limits", "min_area_px",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit status 0, 1 (some photos failed) or 2 (nothing could be done)."""
    args = _parser().parse_args(arguments)
    try:
        status: int = args.run(args)
    except HairlineError as error:
        print(f"hairline: {error}", file=sys.stderr)
        return 2
    except ValidationError as error:
        for one in error.errors():
            print(f"hairline: {_complaint(error.title, one)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _complaint(title: str, error: ErrorDetails) -> str:
    """What is wrong with one value: "--port or HAIRLINE_PORT: Input should be ... (got 'x')"."""
    message = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:  # two values are at odds, and the message names them
        return message
    field = str(error["loc"][0])
    where = f"{flag(field)} or {variable(field)}" if title == Settings.__name__ else flag(field)
    return f"{where}: {message} (got {error['input']!r})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hairline", description="Find cracks in photos of concrete."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve", help="answer photos over HTTP", description="Answer photos over HTTP."
    )
    _add_settings(serve, *Settings.model_fields)
    serve.set_defaults(run=_serve)

    segment = commands.add_parser(
        "segment",
        help="segment photos into a folder, without a server",
        description="Write mask, overlay and JSON of each photo, and one summary.csv, into a folder.",
    )
    _add_segment_arguments(segment)
    segment.set_defaults(run=_segment)

    models = commands.add_parser(
        "models", help="list the models", description="List the models as JSON."
    )
    _add_settings(models, "models_dir", "default_model", "device", "log_level")
    models.set_defaults(run=_models)
    return parser


def _add_segment_arguments(segment: argparse.ArgumentParser) -> None:
    segment.add_argument(
        "photos", nargs="+", type=Path, metavar="PHOTO", help="a photo, or a folder of photos"
    )
    segment.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="made where it is missing",
    )
    segment.add_argument("--model", help="name from `hairline models`; default: the default model")
    segment.add_argument(
        "--threshold", type=float, help="probability, 0 to 1; default: the model's own"
    )
    segment.add_argument("--mode", choices=("tile", "resize"), default="tile", help="default: tile")
    segment.add_argument("--resolution-scale", type=float, help="0.1 to 1; default: 1")
    segment.add_argument("--mm-per-px", type=float, help="scale of the photos, millimetres a pixel")
    segment.add_argument(
        "--marker-mm", type=float, help="side of a marker's black square in each photo: its scale"
    )
    segment.add_argument("--marker-family", help="kind of the marker; default: apriltag-36h11")
    segment.add_argument(
        "--distance-mm", type=float, help="from camera to surface; EXIF says the rest of the scale"
    )
    segment.add_argument("--limits", help="table of width limits to hold every crack against")
    segment.add_argument(
        "--min-area-px", type=int, default=0, help="smaller cracks are left out; default: 0"
    )
    _add_settings(
        segment, "models_dir", "limits_dir", "default_model", "device", "max_pixels", "log_level"
    )


def _add_settings(parser: argparse.ArgumentParser, *fields: str) -> None:
    """A flag for each setting; its help is the setting's own text."""
    for name in fields:
        field = Settings.model_fields[name]
        default = "none" if field.default is None else field.default or '""'
        parser.add_argument(
            flag(name),
            dest=f"setting_{name}",
            metavar=name.upper(),
            default=argparse.SUPPRESS,
            help=f"{field.description} [{variable(name)}; default {default}]".replace("%", "%%"),
        )


def _settings(args: argparse.Namespace) -> Settings:
    """Flags win over environment variables, those over defaults."""
    given: dict[str, Any] = {
        name.removeprefix("setting_"): value
        for name, value in vars(args).items()
        if name.startswith("setting_")
    }
    return Settings(**given)


def _serve(args: argparse.Namespace) -> int:
    # Imported here, so that `--help` and a misspelt flag answer at once.
    from app.log import set_up_logging
    from app.main import create_app
    from app.server import listen, serve

    settings = _settings(args)
    set_up_logging(settings.log_level, settings.log_format)
    with listen(settings.host, settings.port) as listening:
        port = listening.getsockname()[1]
        app = create_app(settings)
        for model in app.state.hairline.models:
            default = ", default" if model.name == settings.default_model else ""
            runtime = " by OpenVINO" if model.engine.runs_by_openvino else ""
            where = f"{model.device.upper()} in {model.precision}{runtime}"
            print(f"{model.name} {model.contract.version} on {where}{default}", flush=True)
        print(f"Hairline: http://{_reachable(settings.host)}:{port}/", flush=True)
        return 0 if serve(app, listening) else 2


def _reachable(host: str) -> str:
    """The host as a browser on this machine takes it: 0.0.0.0 listens everywhere and is no place to go to."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  (compared with, not bound to)
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _segment(args: argparse.Namespace) -> int:
    from app import registry
    from app.batch import segment_files
    from app.limits import Limits
    from app.log import set_up_logging
    from app.parameters import SegmentParameters

    settings = _settings(args)
    set_up_logging(settings.log_level)
    given = {name: getattr(args, name) for name in SEGMENT_PARAMETERS}
    parameters = SegmentParameters(
        mask="none", **{name: value for name, value in given.items() if value is not None}
    )
    limits = Limits.load(settings.limits_dir)
    table = limits.get(parameters.limits) if parameters.limits is not None else None
    models = registry.load(settings.models_dir, settings.default_model, settings.device)
    failed = segment_files(
        args.photos, args.output, models.get(args.model), table, parameters, settings.max_pixels
    )
    return 1 if failed else 0


def _models(args: argparse.Namespace) -> int:
    from app import registry
    from app.answers import describe
    from app.log import set_up_logging

    settings = _settings(args)
    set_up_logging(settings.log_level)
    models = registry.load(settings.models_dir, settings.default_model, settings.device)
    print(json.dumps([describe(model, models.default).model_dump() for model in models], indent=2))
    return 0
