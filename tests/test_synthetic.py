"""The synthetic generator: what is drawn is what is said to be drawn."""

import argparse
import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.synthetic import (
    Scene,
    SceneRecipe,
    demo_photo,
    draw_line,
    draw_polyline,
    draw_scene,
)
from training.synthetic.geometry import centreline_length, clip_to_frame, mask_from
from training.synthetic.synthesize import COLUMNS, add_arguments, run

SIDE = 128
RECIPE = SceneRecipe(SIDE, SIDE)
LOOKALIKES_ONLY = SceneRecipe(SIDE, SIDE, crack_count=(0, 0), lookalike_probability=1.0)


def near(mask: np.ndarray) -> np.ndarray:
    """The mask and the eight neighbours of each of its pixels."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)


# --- strips -----------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    angle=st.floats(0, 2 * np.pi),
    length=st.floats(5, 60),
    width=st.floats(0.3, 20),
    shift=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
)
def test_bar_covers_length_times_width(angle, length, width, shift):
    start = np.array([70.0, 70.0]) + shift
    end = start + length * np.array([np.cos(angle), np.sin(angle)])
    coverage = draw_line(140, 140, tuple(start), tuple(end), width)
    assert coverage.sum(dtype=np.float64) == pytest.approx(length * width, rel=1e-4)
    assert coverage.min() >= 0
    assert coverage.max() <= 1


def test_each_pixel_holds_its_exact_share():
    # x from 1.75 to 4.25 on pixels that are [c - 0.5, c + 0.5]; y from 0.9 to 2.1.
    coverage = draw_line(4, 6, (1.75, 1.5), (4.25, 1.5), 1.2)
    across = [0, 0, 0.75, 1, 0.75, 0]
    down = [0, 0.6, 0.6, 0]
    np.testing.assert_allclose(coverage, np.outer(down, across), atol=1e-6)


def test_oblique_pixels_agree_with_dense_sampling():
    start, end, width, fine = np.array([3.2, 4.1]), np.array([15.7, 11.4]), 2.6, 50
    coverage = draw_line(16, 20, tuple(start), tuple(end), width)
    y, x = (np.mgrid[: 16 * fine, : 20 * fine] + 0.5) / fine - 0.5
    length = np.hypot(*(end - start))
    along = ((x - start[0]) * (end - start)[0] + (y - start[1]) * (end - start)[1]) / length
    aside = ((x - start[0]) * (end - start)[1] - (y - start[1]) * (end - start)[0]) / length
    inside = (along >= 0) & (along <= length) & (np.abs(aside) <= width / 2)
    sampled = inside.reshape(16, fine, 20, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(coverage, sampled, atol=3e-3)


def test_bar_beyond_the_frame_is_cut_by_it():
    coverage = draw_line(20, 30, (-100, 10), (100, 10), 4)
    assert coverage.sum() == pytest.approx(30 * 4, rel=1e-6)
    assert not draw_line(20, 30, (-100, -50), (100, -50), 4).any()


def test_polyline_of_changing_width_covers_its_trapezoids():
    points = np.array([[10.0, 20.0], [40.0, 20.0], [90.0, 20.0]])
    coverage = draw_polyline(40, 100, points, np.array([2.0, 6.0, 4.0]))
    assert coverage.sum() == pytest.approx(30 * 4 + 50 * 5, rel=1e-5)


def test_bend_keeps_its_width():
    points = np.array([[10.0, 10.0], [50.0, 10.0], [50.0, 50.0]])
    # Two mitred arms of width 4: as long outside the bend as they are short inside it.
    assert draw_polyline(60, 60, points, 4.0).sum() == pytest.approx(80 * 4, rel=1e-5)


@pytest.mark.parametrize(
    ("points", "width", "says"),
    [
        ([[1, 1]], 1.0, "N >= 2"),
        ([[1, 1], [1, 1]], 1.0, "equal"),
        ([[1, 1], [5, 5]], 0.0, "above zero"),
    ],
)
def test_impossible_polyline_is_refused(points, width, says):
    with pytest.raises(ValueError, match=says):
        draw_polyline(10, 10, np.array(points, float), width)


# --- the mask's rule ----------------------------------------------------------------------------


def mask_of_bar(angle: float, width: float) -> np.ndarray:
    """A bar of length 100 about the middle of 128 x 128 pixels."""
    reach = 50 * np.array([np.cos(angle), np.sin(angle)])
    middle = np.array([64.3, 63.8])
    ends = np.array([middle - reach, middle + reach])
    return mask_from(draw_polyline(128, 128, ends, width), centreline_length(128, 128, ends))


@pytest.mark.parametrize("angle", np.linspace(0.0, np.pi, 9))
@pytest.mark.parametrize("width", [0.6, 1.0, 3.0, 8.0])
def test_mask_of_a_bar_is_one_piece(angle, width):
    mask = mask_of_bar(angle, width)
    assert cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] == 2


@pytest.mark.parametrize("angle", [0.2, 0.5, 1.0, 1.8, 2.6])
@pytest.mark.parametrize("width", [3.0, 5.0, 8.0, 12.0])
def test_mask_of_a_wide_bar_is_as_large_as_the_bar(angle, width):
    # Not at 0, 45 or 90 degrees, where whole rows of pixels fall in or out together.
    assert mask_of_bar(angle, width).sum() == pytest.approx(100 * width, rel=0.02)


def test_length_in_pixels_adds_up():
    points = np.array([[3.0, 4.0], [30.5, 17.2], [12.0, 35.0]])
    length = np.hypot(*np.diff(points, axis=0).T).sum()
    assert centreline_length(40, 40, points).sum() == pytest.approx(length, rel=1e-5)


def test_centreline_is_cut_where_it_leaves_and_enters():
    points = np.array([[-10.0, 5.0], [10.0, 5.0], [30.0, 5.0], [30.0, 8.0], [10.0, 8.0]])
    pieces = clip_to_frame(points, np.linspace(1.0, 5.0, 5), height=20, width=20)
    spans = [(piece[0].tolist(), piece[-1].tolist()) for piece, _ in pieces]
    assert spans == [([-0.5, 5.0], [19.5, 5.0]), ([19.5, 8.0], [10.0, 8.0])]
    assert pieces[0][1][0] == pytest.approx(1.475)


# --- scenes -------------------------------------------------------------------------------------


def test_same_seed_same_scene():
    one, two, other = draw_scene(RECIPE, 7), draw_scene(RECIPE, 7), draw_scene(RECIPE, 8)
    np.testing.assert_array_equal(one.photo, two.photo)
    np.testing.assert_array_equal(one.coverage, two.coverage)
    np.testing.assert_array_equal(one.mask, two.mask)
    assert one.voids == two.voids
    assert (one.photo != other.photo).any()


@pytest.mark.parametrize("seed", range(12))
def test_scene_agrees_with_its_truth(seed):
    scene = draw_scene(SceneRecipe(96, 160, crack_count=(1, 2)), seed)
    check_shapes(scene, 96, 160)
    assert scene.cracks
    drawn = np.zeros((96, 160), np.float32)
    for crack in scene.cracks:
        inside = np.round(crack.centerline_px).astype(int).clip(0, (159, 95))
        assert near(scene.mask)[inside[:, 1], inside[:, 0]].all()
        assert crack.width_px.shape == (len(crack.centerline_px),)
        assert crack.width_px.min() >= 0.6
        assert crack.width_px.max() <= 15.0
        assert 0.15 <= crack.contrast <= 0.9
        strip = draw_polyline(96, 160, crack.centerline_px, crack.width_px)
        drawn = np.maximum(drawn, strip)
    # The truth ends at the frame, the crack does not: only its rim there may differ.
    assert np.abs(drawn - scene.coverage)[16:-16, 16:-16].max() < 1e-5
    wrong = scene.mask & ~near(scene.coverage > 0)
    assert not wrong.any()


def check_shapes(scene: Scene, height: int, width: int) -> None:
    for array, shape, kind in (
        (scene.photo, (height, width, 3), np.uint8),
        (scene.mask, (height, width), np.bool_),
        (scene.coverage, (height, width), np.float32),
    ):
        assert array.shape == shape
        assert array.dtype == kind
    assert scene.mask[scene.coverage >= 0.5].all()


def test_cracks_are_darker_than_the_concrete_beside_them():
    recipe = SceneRecipe(
        SIDE, SIDE, crack_width_px=(3, 6), lookalike_probability=0.0, voids_per_megapixel=0.0
    )
    for seed in range(8):
        scene = draw_scene(recipe, seed)
        grey = scene.photo.mean(axis=2)
        beside = near(near(near(scene.mask))) & ~near(near(scene.mask))
        assert grey[scene.coverage == 1].mean() < 0.9 * grey[beside].mean()


@pytest.mark.parametrize("seed", range(6))
def test_lookalikes_are_not_cracks(seed):
    scene = draw_scene(LOOKALIKES_ONLY, seed)
    assert not scene.mask.any()
    assert not scene.coverage.any()
    assert scene.cracks == ()


def test_voids_are_where_they_are_said_to_be():
    recipe = SceneRecipe(
        256, 256, crack_count=(0, 0), lookalike_probability=0.0, voids_per_megapixel=600
    )
    inside, around = [], []
    for seed in range(6):
        scene = draw_scene(recipe, seed)
        grey = cv2.GaussianBlur(scene.photo.mean(axis=2), (0, 0), 1)
        assert scene.voids
        for void in scene.voids:
            assert min(void.x_px, void.y_px) >= 0
            assert max(void.x_px, void.y_px) <= 255
            column, row = round(void.x_px), round(void.y_px)
            if void.radius_px > 2 and 20 < column < 236 and 20 < row < 236:
                inside.append(grey[row, column])
                around.append(np.median(grey[row - 20 : row + 20, column - 20 : column + 20]))
    assert len(inside) > 10
    assert np.mean(np.array(inside) < np.array(around)) > 0.9


def test_truth_lengths_and_widths_are_weighted():
    crack = draw_scene(RECIPE, 3).cracks[0]
    pieces = np.hypot(*np.diff(crack.centerline_px, axis=0).T)
    assert crack.length_px == pytest.approx(pieces.sum())
    area = (pieces * (crack.width_px[1:] + crack.width_px[:-1]) / 2).sum()
    assert crack.mean_width_px == pytest.approx(area / pieces.sum())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("height", 8),
        ("crack_count", (3, 1)),
        ("crack_width_px", (0.0, 4.0)),
        ("contrast", (0.2, 1.5)),
        ("blur_px", (-1.0, 1.0)),
        ("lookalike_probability", 1.2),
        ("voids_per_megapixel", -1.0),
    ],
)
def test_recipe_refuses_what_cannot_be_drawn(field, value):
    with pytest.raises(ValueError, match=field):
        SceneRecipe(**{"height": 64, "width": 64, field: value})


def test_demo_photo_has_a_main_crack_and_a_faint_one():
    scene = demo_photo()
    check_shapes(scene, 1200, 1600)
    lengths = [crack.length_px for crack in scene.cracks]
    widths = [crack.mean_width_px for crack in scene.cracks]
    assert max(lengths) > 1000
    assert max(widths) > 3
    assert min(widths) < 1.6
    assert scene.voids


# --- the command --------------------------------------------------------------------------------


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_synthesize_writes_what_it_says(tmp_path: Path):
    out = tmp_path / "out"
    words = ["--count", "6", "--size", "96x64", "--seed", "5", "--crack-free", "0.5"]
    assert run(parsed(str(out), *words)) == 0
    with (out / "index.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["group"] for row in rows] == [f"synthetic_{seed}" for seed in range(5, 11)]
    assert [row["split"] for row in rows] == ["train"] * 4 + ["val", "train"]
    assert sum(float(row["crack_fraction"]) == 0 for row in rows) == 3
    for row in rows:
        image = cv2.imread(str(out / row["image"]))
        mask = cv2.imread(str(out / row["mask"]), cv2.IMREAD_UNCHANGED)
        assert image.shape == (64, 96, 3)
        assert mask.shape == (64, 96)
        assert set(np.unique(mask)) <= {0, 255}
        assert float(row["crack_fraction"]) == pytest.approx((mask > 0).mean(), abs=1e-6)
        truth = json.loads((out / "truth" / f"{Path(row['image']).stem}.json").read_text())
        assert row["group"] == f"synthetic_{truth['seed']}"
        assert bool(truth["cracks"]) == (mask.any())
        for crack in truth["cracks"]:
            assert len(crack["centerline_px"]) == len(crack["width_px"])


def test_synthesize_does_not_write_into_a_used_folder(tmp_path: Path, capsys):
    (tmp_path / "note.txt").write_text("mine")
    assert run(parsed(str(tmp_path), "--count", "1")) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize(
    "words",
    [["--size", "256"], ["--count", "0"], ["--crack-free", "1.5"], ["--seed", "-3"]],
)
def test_synthesize_refuses_bad_words(words, capsys):
    with pytest.raises(SystemExit):
        parsed("out", *words)
    assert words[0] in capsys.readouterr().err


def test_synthesize_refuses_a_size_before_it_writes(tmp_path: Path, capsys):
    out = tmp_path / "out"
    assert run(parsed(str(out), "--size", "8x8")) == 2
    assert "at least 32" in capsys.readouterr().err
    assert not out.exists()
