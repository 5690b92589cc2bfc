"""How long measuring takes, on a usual mask and on odd ones."""

import time
from collections.abc import Iterator

import cv2
import numpy as np

from app.errors import InvalidParameter
from app.measurement import measure

HEIGHT, WIDTH = 3000, 4000
REPEATS = 5


def usual(share: float = 0.01) -> np.ndarray:
    """12 megapixels with cracks of 2 to 8 px that cover this share of them."""
    rng = np.random.default_rng(0)
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)
    while (drawn > 127).mean() < share:
        turns = np.cumsum(rng.normal(0, 0.25, rng.integers(30, 150))) + rng.uniform(0, 2 * np.pi)
        steps = 12 * np.column_stack([np.cos(turns), np.sin(turns)])
        points = rng.uniform((0, 0), (WIDTH, HEIGHT)) + np.cumsum(steps, axis=0)
        fixed = np.rint(points * 16).astype(np.int32)
        cv2.polylines(drawn, [fixed], False, 255, int(rng.integers(2, 9)), cv2.LINE_AA, 4)
    return (cv2.GaussianBlur(drawn, (0, 0), 0.7) / 255).astype(np.float32)


def odd() -> Iterator[tuple[str, np.ndarray]]:
    """Masks that nobody wants and everybody sends once, 12 megapixels each."""
    empty = np.zeros((HEIGHT, WIDTH), np.float32)
    yield "no crack", empty
    yield "all crack", np.ones_like(empty)
    pixel = empty.copy()
    pixel[HEIGHT // 2, WIDTH // 2] = 1
    yield "a single pixel", pixel
    frame = np.pad(empty[1:-1, 1:-1], 1, constant_values=1)
    yield "a frame of 1 px", frame
    specks = empty.copy()
    specks[::30, ::40] = 1
    yield "10,000 specks", specks
    turns = np.linspace(0, 12 * np.pi, 20_000)
    points = np.array([WIDTH, HEIGHT]) / 2 + (turns / turns[-1] * HEIGHT / 2)[
        :, None
    ] * np.column_stack([np.cos(turns), np.sin(turns)])
    spiral = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.polylines(spiral, [np.rint(points * 16).astype(np.int32)], False, 255, 4, cv2.LINE_AA, 4)
    yield "a spiral", (spiral / 255).astype(np.float32)
    joint = empty.copy()
    joint[HEIGHT // 2 : HEIGHT // 2 + 40] = 1
    yield "a joint across the photo", joint


def seconds(probability: np.ndarray) -> tuple[float, int]:
    """Shortest of REPEATS processor times of this process, and the cracks found (-1: refused as noise)."""
    times, count = [], -1
    for _ in range(REPEATS):
        start = time.process_time()
        try:
            count = measure(probability, 0.5).crack_count
        except InvalidParameter:
            count = -1
        times.append(time.process_time() - start)
    return min(times), count
