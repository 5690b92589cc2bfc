"""Crops: the right place, the right target, the same draw for the same seed."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.config import SYNTHETIC, Recipe
from training.crops import UNKNOWN, CropDataset, CropSampler, PairCache, resample, window
from training.data import DataError, Row
from training.resized import ResizedDataset
from training.validation import CROP_SIZE, fixed_crops

RECIPE = Recipe(
    name="test",
    loss="bce_dice",
    learning_rate=1e-3,
    batch_size=3,
    epochs=2,
    crop_size=32,
    monitor="val_f1",
    augment=True,
    steps_per_epoch=2,
    crack_centred_share=0.5,
    scale_range=(0.5, 1.5),
)


def write_row(folder: Path, source: str, height: int = 48, width: int = 64) -> Row:
    """A photo of noise with a dark crack of two pixels across it."""
    photo = np.random.default_rng(len(source)).integers(100, 256, (height, width, 3), np.uint8)
    mask = np.zeros((height, width), np.uint8)
    mask[height // 2 : height // 2 + 2] = 255
    photo[mask > 0] = 20
    paths = folder / f"{source}.png", folder / f"{source}-mask.png"
    for path, picture in zip(paths, (photo, mask), strict=True):
        cv2.imwrite(str(path), picture)
    return Row(source, *paths, source, "train")


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    return [write_row(tmp_path, "wall"), write_row(tmp_path, "bridge", 20, 25)]


def sampler(rows: list[Row], recipe: Recipe = RECIPE) -> CropSampler:
    return CropSampler(rows, recipe, PairCache(recipe.coarse_sources))


# --- windows ----------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.tuples(st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_a_window_is_the_array_mirrored_at_its_edges(size, before, shape):
    array = np.arange(size[0] * size[1]).reshape(size)
    around = [(low, low + extent) for low, extent in zip(before, shape, strict=True)]
    mirrored = np.pad(array, around, mode="reflect")
    cut = window(array, -before[0], -before[1], shape)
    np.testing.assert_array_equal(cut, mirrored[: shape[0], : shape[1]])


def test_a_window_inside_is_a_plain_cut():
    array = np.arange(600).reshape(10, 20, 3)
    np.testing.assert_array_equal(window(array, 2, 5, (4, 3)), array[2:6, 5:8])


# --- targets ----------------------------------------------------------------------------------


def test_resample_at_its_own_size_changes_nothing():
    photo, target = np.ones((8, 8, 3), np.uint8), np.ones((8, 8), np.float32)
    same_photo, same_target = resample(photo, target, 8)
    assert same_photo is photo
    assert same_target is target


@pytest.mark.parametrize("size", [8, 20, 31, 33, 48, 64])
def test_resample_keeps_the_share_of_crack(size):
    target = np.zeros((32, 32), np.float32)
    target[10:13], target[:, 20:22] = 1, 1
    photo = np.full((32, 32, 3), 90, np.uint8)
    scaled_photo, scaled = resample(photo, target, size)
    assert (scaled_photo.shape, scaled.shape) == ((size, size, 3), (size, size))
    assert (scaled_photo == 90).all()
    assert scaled.dtype == np.float32
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    tolerance = (
        1e-5 if size < 32 else 0.02
    )  # enlarged linearly, a line across the edge varies a little
    assert scaled.mean() == pytest.approx(target.mean(), abs=tolerance)


@pytest.mark.parametrize("size", [7, 16, 31, 33, 50])
def test_what_is_unknown_stays_unknown(size):
    """A pixel is unknown as soon as a part of it is; beside it no label goes below 0."""
    target = np.zeros((32, 32), np.float32)
    target[8:12, 8:12] = UNKNOWN
    target[20:24] = 1
    _, scaled = resample(np.zeros((32, 32, 3), np.uint8), target, size)
    assert ((scaled == UNKNOWN) | ((scaled >= 0) & (scaled <= 1))).all()
    middle = 10 * size // 32
    assert scaled[middle, middle] == UNKNOWN
    assert scaled[22 * size // 32, 0] > 0.5
    share = (scaled == UNKNOWN).mean()
    assert (4 / 32) ** 2 * 0.9 <= share <= (4 / 32 + 2 / min(size, 32)) ** 2


def test_a_coarse_mask_says_unknown_and_no_crack(rows):
    cache = PairCache(frozenset({"wall"}))
    _, coarse, no_cracks = cache.pair(rows[0])
    assert coarse.dtype == np.int8
    assert set(np.unique(coarse)) == {-1, 0}
    assert len(no_cracks) == 0
    _, precise, cracks = cache.pair(rows[1])
    assert set(np.unique(precise)) == {0, 1}
    np.testing.assert_array_equal(cracks, np.flatnonzero(precise))


def test_a_pair_is_read_once(rows):
    cache = PairCache(frozenset())
    first = cache.pair(rows[0])
    rows[0].image.unlink()
    assert cache.pair(rows[0]) is first


# --- sampler ----------------------------------------------------------------------------------


def test_the_same_generator_draws_the_same_crops(rows):
    drawn = []
    for _ in range(2):
        rng, source = np.random.default_rng(5), sampler(rows)
        drawn.append([source.draw(rng) for _ in range(4)])
    for (crop, target), (again, target_again) in zip(*drawn, strict=True):
        np.testing.assert_array_equal(crop, again)
        np.testing.assert_array_equal(target, target_again)


def test_shares_follow_the_weights(rows):
    weights = {"wall": 3, "elsewhere": 50}
    assert sampler(rows, replace(RECIPE, source_weights=weights)).shares() == pytest.approx(
        {"bridge": 0.25, "wall": 0.75}
    )
    assert sampler(rows).shares() == pytest.approx({"bridge": 0.5, "wall": 0.5})


def test_a_source_of_weight_zero_is_never_drawn(rows):
    rows[0].image.unlink()  # reading it would fail
    weighed = sampler(rows, replace(RECIPE, source_weights={"wall": 0}))
    for number in range(10):
        weighed.draw(np.random.default_rng(number))


def test_synthetic_crops_have_their_share(rows):
    """Whatever the rows' own weights: one's own photos are not drowned in drawings."""
    some = replace(RECIPE, synthetic_share=0.2, source_weights={"wall": 30})
    assert sampler(rows, some).shares() == pytest.approx(
        {"bridge": 0.8 / 31, "wall": 0.8 * 30 / 31, SYNTHETIC: 0.2}
    )
    only_synthetic = sampler(rows, replace(RECIPE, crop_size=64, synthetic_share=1.0))
    crop, target = only_synthetic.draw(np.random.default_rng(0))
    assert (crop.shape, target.shape) == ((64, 64, 3), (64, 64))
    assert set(np.unique(target)) <= {0, 1}


def test_rows_without_any_weight_are_refused(rows):
    with pytest.raises(DataError, match="bridge, wall no weight"):
        sampler(rows, replace(RECIPE, source_weights={"wall": 0, "bridge": 0}))


@pytest.mark.parametrize("number", range(12))
def test_crops_have_the_size_and_range_of_the_recipe(rows, number):
    """The bridge is smaller than a crop, and both sources are cut at other scales than drawn."""
    crop, target = sampler(rows).draw(np.random.default_rng(number))
    assert (crop.shape, crop.dtype) == ((32, 32, 3), np.uint8)
    assert (target.shape, target.dtype) == ((32, 32), np.float32)
    assert target.min() >= 0
    assert target.max() <= 1


def test_crops_are_centred_on_cracks_as_often_as_asked(tmp_path):
    row = write_row(tmp_path, "tall", 2000, 40)
    shares = []
    for share in (0.0, 0.5, 1.0):
        recipe = replace(RECIPE, crack_centred_share=share, scale_range=(1, 1))
        cracked = sampler([row], recipe)
        draws = [cracked._photographed("tall", np.random.default_rng(n))[1] for n in range(200)]
        shares.append(np.mean([target.any() for target in draws]))
    assert shares[0] < 0.06
    assert 0.4 < shares[1] < 0.65
    assert shares[2] == 1


def test_a_crop_is_stretched_up_to_the_recipe_and_not_beyond(tmp_path):
    row = write_row(tmp_path, "square", 200, 200)
    mask = np.zeros((200, 200), np.uint8)
    mask[90:110, 90:110] = 255
    cv2.imwrite(str(row.mask), mask)
    recipe = replace(
        RECIPE, crop_size=96, scale_range=(1, 1), widest_stretch=1.5, crack_centred_share=0
    )
    stretched = sampler([row], recipe)
    ratios = []
    for number in range(60):
        _, target = stretched._photographed("square", np.random.default_rng(number))
        sides = (target > 0.5).any(axis=1).sum(), (target > 0.5).any(axis=0).sum()
        if 0.9 < sides[0] * sides[1] / 400 < 1.1:  # wholly inside the crop
            ratios.append(sides[0] / sides[1])
    assert 1 / 1.65 < min(ratios) < 0.75
    assert 1.33 < max(ratios) < 1.65
    assert np.exp(np.mean(np.log(ratios))) == pytest.approx(1, abs=0.12)


def test_the_native_share_of_crops_is_cut_and_not_resampled(tmp_path):
    row = write_row(tmp_path, "wall", 200, 200)
    recipe = replace(RECIPE, native_share=0.4, widest_stretch=1.5, crack_centred_share=1.0)
    native = sampler([row], recipe)
    draws = [native._photographed("wall", np.random.default_rng(n))[1] for n in range(200)]
    untouched = [set(np.unique(target)) <= {0, 1} and target.sum() == 64 for target in draws]
    assert 0.3 < np.mean(untouched) < 0.5


def test_batches_depend_on_seed_epoch_and_batch_alone(rows):
    def batch(number: int, *, epoch: int = 0, seed: int = 0) -> np.ndarray:
        recipe = replace(RECIPE, seed=seed)
        dataset = CropDataset(sampler(rows, recipe), recipe)
        dataset.epoch = epoch
        return dataset[number][0]

    dataset = CropDataset(sampler(rows), RECIPE)
    assert len(dataset) == 2
    photos, targets = dataset[1]
    assert (photos.shape, photos.dtype) == ((3, 32, 32, 3), np.float32)
    assert (targets.shape, targets.dtype) == ((3, 32, 32, 1), np.float32)
    np.testing.assert_array_equal(photos, batch(1))  # although no batch 0 was drawn before
    for other in (batch(0), batch(1, epoch=1), batch(1, seed=1)):
        assert (photos != other).any()


# --- whole photos -----------------------------------------------------------------------------


def test_resized_photos_are_shuffled_by_seed_and_epoch(rows):
    recipe = replace(RECIPE, batch_size=2)
    many = rows * 5
    dataset = ResizedDataset(many, recipe, PairCache(frozenset()), shuffle=True)
    assert len(dataset) == 5
    again = ResizedDataset(many, recipe, PairCache(frozenset()), shuffle=True)
    epoch = np.concatenate([dataset[number][0] for number in range(5)])
    np.testing.assert_array_equal(epoch, np.concatenate([again[n][0] for n in range(5)]))
    dataset.epoch = 1
    another = np.concatenate([dataset[number][0] for number in range(5)])
    assert (epoch != another).any()
    assert np.sort(epoch.mean(axis=(1, 2, 3))) == pytest.approx(
        np.sort(another.mean(axis=(1, 2, 3)))
    )


def test_resized_photos_in_their_order(rows):
    dataset = ResizedDataset(
        [*rows, rows[0]], replace(RECIPE, batch_size=2), PairCache(frozenset()), shuffle=False
    )
    (photos, masks), (last, _) = dataset[0], dataset[1]
    assert (photos.shape, masks.shape) == ((2, 32, 32, 3), (2, 32, 32, 1))
    np.testing.assert_array_equal(last, photos[:1])
    expected = cv2.imread(str(rows[0].mask), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    np.testing.assert_allclose(masks[0, ..., 0], cv2.resize(expected, (32, 32)), atol=1e-6)


def test_validation_crops_are_the_same_at_every_call(rows):
    recipe = replace(RECIPE, validation_crops=4)
    photos, targets, sources = fixed_crops(rows, recipe, PairCache(frozenset()))
    again = fixed_crops(rows, recipe, PairCache(frozenset()))
    assert photos.shape == (4, CROP_SIZE, CROP_SIZE, 3)
    assert targets.shape == (4, CROP_SIZE, CROP_SIZE, 1)
    assert photos.dtype == targets.dtype == np.float32
    np.testing.assert_array_equal(photos, again.photos)
    assert sources == again.sources
    np.testing.assert_array_equal(photos[0], photos[2])  # one photo a source, smaller than a crop
