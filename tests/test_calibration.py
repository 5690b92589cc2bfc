"""Calibration, against pixels counted by hand."""

import json

import numpy as np
import pytest

from training.evaluation.calibration import BINS, Bins, calibration, count_bins


def bins_of(*pixels: tuple[float, bool]) -> Bins:
    """The bins of one row of pixels, each a probability and whether it is truly crack."""
    probability, true = zip(*pixels, strict=True)
    return count_bins(np.array([probability], np.float32), np.array([true], bool))


@pytest.mark.parametrize(
    ("probability", "place"),
    [(0.0, 0), (0.049, 0), (0.05, 1), (0.35, 7), (0.5, 10), (0.949, 18), (0.95, 19), (1.0, 19)],
)
def test_a_bin_holds_its_lower_edge_and_the_last_one_both(probability, place):
    pixels = bins_of((probability, True)).pixels
    assert pixels.tolist() == [int(number == place) for number in range(BINS)]


def test_bins_add_up_over_photos():
    bins = bins_of((0.51, True), (0.0, False)) + bins_of((0.53, False))
    assert (bins.pixels[10], bins.crack_pixels[10]) == (2, 1)
    assert bins.probability_sum[10] == pytest.approx(1.04)
    assert bins.pixels.sum() == 3


def test_a_calibrated_model_has_no_error():
    found = calibration({"walls": bins_of((0.75, True), (0.75, True), (0.75, True), (0.75, False))})
    assert found["expected_calibration_error"] == pytest.approx(0)
    assert found["bins"][15]["crack_share"] == found["bins"][15]["mean_probability"] == 0.75


def test_sources_count_alike_whatever_their_size():
    large = bins_of(*[(0.0, False)] * 90, *[(0.6, True)] * 10)
    small = bins_of((0.6, False), (0.0, False))
    found = calibration({"walls": large, "slabs": small})
    # Of the walls a tenth lies in the bin from 0.6 on, all of it crack; of the slabs a half, none of it.
    shown = found["bins"][12]
    assert (shown["from"], shown["to"], shown["pixels"]) == (0.6, 0.65, 11)
    assert shown["weight"] == pytest.approx(0.3)
    assert shown["mean_probability"] == pytest.approx(0.6)
    assert shown["crack_share"] == pytest.approx(0.05 / 0.3)
    assert found["expected_calibration_error"] == pytest.approx(0.3 * (0.6 - 0.05 / 0.3))
    assert found["sources"]["walls"]["pixels"][12] == found["sources"]["walls"]["crack_pixels"][12]


def test_an_empty_bin_claims_nothing():
    found = json.loads(json.dumps(calibration({"walls": bins_of((0.0, False))})))
    assert found["bins"][19] == {
        "from": 0.95, "to": 1.0, "pixels": 0, "weight": 0.0, "mean_probability": None, "crack_share": None,
    }  # fmt: skip
