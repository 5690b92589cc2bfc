"""Figures of sources and splits, from photos whose counts are known by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.data import Row
from training.evaluation.centerlines import Skeletons
from training.evaluation.figures import Compared, bootstrap, by_source, by_split, summarise
from training.evaluation.scoring import Counts


def photo(lengths=(0.0, 0.0), largest=0, skeletons=None, **counts: int) -> Compared:
    return Compared("g", Counts(**counts), skeletons or Skeletons(), lengths, largest)


def row(source: str, split: str, group: str = "g") -> Row:
    return Row(source, Path("a.jpg"), Path("a.png"), group, split)


GOOD = photo(tp=90, fp=10, fn=10, tn=890, skeletons=Skeletons(20, 18, 20, 20))
MISSED = photo(fn=10, tn=990, skeletons=Skeletons(0, 0, 10, 0))
CLEAN = photo(tn=1000)
FALSE = photo(fp=60, tn=940, largest=60)
SPECKS = photo(fp=5, tn=995, largest=5)


@pytest.mark.parametrize(
    ("name", "pooled", "by_photo"),
    [
        ("accuracy", 1970 / 2000, (0.98, 0.99)),
        ("precision", 90 / 100, (0.9, 0)),
        ("recall", 90 / 110, (0.9, 0)),
        ("f1", 180 / 210, (0.9, 0)),
        ("iou", 90 / 120, (90 / 110, 0)),
        ("cldice", 2 * (18 / 20) * (20 / 30) / (18 / 20 + 20 / 30), (2 * 0.9 / 1.9, 0)),
    ],
)
def test_pooled_pixels_are_not_the_mean_of_photos(name, pooled, by_photo):
    figures = summarise([GOOD, replace(MISSED, group="another")])
    assert figures[name] == pytest.approx(pooled)
    mean = sum(by_photo) / 2
    assert figures[f"{name}_photo_mean"] == pytest.approx(mean)
    assert figures[f"{name}_photo_median"] == pytest.approx(mean)
    low, high = figures[f"{name}_photo_mean_low"], figures[f"{name}_photo_mean_high"]
    assert (low, high) == pytest.approx((min(by_photo), max(by_photo)))


def test_the_median_is_not_the_mean():
    assert summarise([GOOD, MISSED, MISSED])["f1_photo_median"] == 0


def test_crack_free_photos_are_told_apart():
    figures = summarise([FALSE, CLEAN, SPECKS])
    assert not {"f1", "cldice", "length_error", "photos_without_length"} & figures.keys()
    assert figures["crack_free_photos"] == 3
    assert figures["false_pixels"] == pytest.approx(65 / 3000)
    assert figures["photos_with_detection"] == pytest.approx(2 / 3)
    assert figures["photos_with_large_detection"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("lengths", "error", "without"),
    [
        ([(110.0, 100.0), (80.0, 100.0)], -0.05, 0),
        ([(110.0, 100.0), None], 0.1, 1),
        ([(60.0, 0.0), (100.0, 100.0)], 0.6, 0),  # false length on a photo without cracks counts
        ([None, None], None, 2),
        ([(10.0, 0.0), None], None, 1),  # no true length to compare with
    ],
)
def test_length_error_is_of_the_totals_of_what_could_be_measured(lengths, error, without):
    figures = summarise([photo(lengths=each, tp=9, tn=91) for each in lengths])
    assert figures.get("length_error") == (None if error is None else pytest.approx(error))
    assert figures["photos_without_length"] == without


def test_sources_count_alike_in_a_split_and_crack_free_photos_are_pooled():
    photos = [(row("walls", "test"), GOOD)] * 9 + [(row("slabs", "test"), MISSED)]
    photos += [(row("slabs", "test"), CLEAN), (row("bare", "test"), FALSE)]
    photos += [(row("walls", "val"), GOOD)]
    found = by_split(photos)
    assert found.keys() == {"test", "val"}
    assert found["test"]["sources_with_cracks"] == 2
    assert found["test"]["f1"] == pytest.approx((0.9 + 0) / 2)
    assert found["test"]["crack_free_photos"] == 2
    assert found["test"]["false_pixels"] == pytest.approx(60 / 2000)
    assert (
        found["test"]["photos_with_detection"]
        == found["test"]["photos_with_large_detection"]
        == 0.5
    )
    assert "false_pixels" not in found["val"]


def test_a_source_is_listed_once_more_without_groups_that_training_has_seen():
    seen, unseen, train = (
        row("dc", "test", "seen"),
        row("dc", "test", "new"),
        row("dc", "val", "new"),
    )
    straddling = frozenset({("dc", "seen"), ("other", "new")})
    found = by_source([(seen, GOOD), (unseen, MISSED), (train, MISSED)], straddling)
    assert list(found) == ["dc/test", "dc/test without straddling groups", "dc/val"]
    assert found["dc/test"]["photos"] == 2
    assert found["dc/test without straddling groups"]["photos"] == 1
    assert found["dc/test without straddling groups"]["f1"] == 0


def test_bootstrap_repeats_itself_and_holds_the_mean():
    values = np.linspace(0, 1, 50)
    alone = list(map(str, range(50)))
    assert bootstrap(values, alone) == bootstrap(values, alone)
    low, high = bootstrap(values, alone)
    assert low < values.mean() < high


def test_tiles_of_one_photograph_count_as_one_photograph():
    values = np.repeat(np.linspace(0, 1, 5), 10)
    apart = bootstrap(values, list(map(str, range(50))))
    together = bootstrap(values, [str(number // 10) for number in range(50)])
    assert together[1] - together[0] > 2 * (apart[1] - apart[0])
    assert bootstrap(values, ["one"] * 50) == (pytest.approx(0.5), pytest.approx(0.5))
