"""The figure by which an epoch is judged."""

import numpy as np
import pytest

from training.validation import FixedCrops, mean_f1_within_2px

SIDE = 32


def lines(*columns: int, width: int = 1, value: float = 1.0) -> np.ndarray:
    """Upright lines, float32 `[S, S, 1]`."""
    picture = np.zeros((SIDE, SIDE, 1), np.float32)
    for column in columns:
        picture[:, column : column + width] = value
    return picture


def crops(sources: list[str], *targets: np.ndarray) -> FixedCrops:
    return FixedCrops(np.zeros((len(targets), SIDE, SIDE, 3)), np.stack(targets), sources)


@pytest.mark.parametrize(
    ("probability", "expected"),
    [
        (lines(10), 1.0),
        (lines(12), 1.0),  # 2 px beside
        (lines(13), 0.0),
        (lines(10, value=0.15), 1.0),  # at the lowest of the thresholds
        (lines(10, value=0.05), 0.0),
        (lines(10, 20), 2 / 3),  # half of what is called is true, all that is true is called
    ],
)
def test_slack_and_the_best_threshold(probability, expected):
    judged = mean_f1_within_2px(probability[None], crops(["wall"], lines(10)))
    assert judged == pytest.approx(expected)


def test_each_source_weighs_alike_however_many_pixels_it_has():
    """A wide crack found does not outweigh a hairline missed."""
    given = crops(["asphalt", "wall"], lines(4, width=20), lines(10))
    assert mean_f1_within_2px(np.stack([lines(4, width=20), lines()]), given) == 0.5


def test_one_threshold_serves_all_sources():
    given = crops(["wall", "floor"], lines(10), lines(10))
    noisy = np.maximum(lines(10), lines(20, value=0.45))
    faint = lines(10, value=0.25)
    assert mean_f1_within_2px(np.stack([noisy, faint]), given) == pytest.approx((2 / 3 + 1) / 2)


def test_false_calls_on_crack_free_crops_count_in_their_source():
    given = crops(["wall", "wall", "sky"], lines(10), lines(), lines())
    found = np.stack([lines(10), lines(20), lines(20)])
    assert mean_f1_within_2px(found, given) == pytest.approx(2 / 3)
