"""The picture at the top of the README: the synthetic demo photo as the shipped model sees it."""

from pathlib import Path

import cv2
import numpy as np

from app import image
from app.pipeline import Options, segment
from app.registry import load_model
from app.telemetry import Stopwatch
from training.synthetic import demo_photo

WIDTH = 800  # pixels, of each half


def draw_result(model_file: Path, picture: Path) -> None:
    """Photo on the left, the service's overlay on the right, as one JPEG."""
    scene = demo_photo()
    found = segment(scene.photo, load_model(model_file, "cpu"), Options(), Stopwatch())
    overlay = image.decode(
        image.identify(image.encode_overlay(scene.photo, found.mask), scene.mask.size)
    ).pixels
    size = (WIDTH, round(WIDTH * scene.mask.shape[0] / scene.mask.shape[1]))
    halves = [
        cv2.resize(half, size, interpolation=cv2.INTER_AREA) for half in (scene.photo, overlay)
    ]
    picture.parent.mkdir(parents=True, exist_ok=True)
    both = cv2.cvtColor(np.hstack(halves), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(picture), both, [cv2.IMWRITE_JPEG_QUALITY, 85])
