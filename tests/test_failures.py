"""What crack detectors are known to get wrong: the figures, where the answer is known, and the command."""

import csv
import json

import cv2
import numpy as np
import pytest
from conftest import contract, write_model

from training.__main__ import main
from training.evaluation.scoring import distance_to
from training.failures.alarms import alarm_row, count_alarms
from training.failures.classes import WIDTHS_PX, class_of, interval
from training.failures.edges import contour_of, edge_rows, mean_distance, sum_edges
from training.failures.photos import NOTHING, WALLS, DrawnPhoto, drawn_photos
from training.failures.pictures import by_rank, window_of, worst_of_each_kind
from training.failures.recall import count_found, recall_rows, thin_recall
from training.failures.truth import truth_of_mask, truth_of_scene
from training.failures.voids import count_voids, pixels_of, void_rows
from training.synthetic import CrackTruth, Scene, VoidTruth, draw_polyline

HEIGHT, WIDTH = 100, 120
FAR = np.full((HEIGHT, WIDTH), np.inf, np.float32)
VOID = VoidTruth(60.0, 50.0, 5.0)


def blank() -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH), bool)


def bar(top: int, bottom: int) -> np.ndarray:
    """A crack right across the photo."""
    mask = blank()
    mask[top:bottom] = True
    return mask


def covered(void: VoidTruth) -> np.ndarray:
    mask = blank()
    rows, inside, columns = pixels_of(void, mask.shape)
    mask[rows, columns] |= inside
    return mask


def scene_of(*cracks: tuple[list[tuple[float, float]], float, float]) -> Scene:
    """Cracks of (points, width, contrast), and a void."""
    coverage = np.zeros((HEIGHT, WIDTH), np.float32)
    truths = []
    for points, width, contrast in cracks:
        line = np.array(points, np.float64)
        coverage = np.maximum(coverage, draw_polyline(HEIGHT, WIDTH, line, width))
        truths.append(CrackTruth(line, np.full(len(line), width), contrast))
    photo = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    return Scene(photo, coverage >= 0.5, coverage, tuple(truths), (VOID,))


# --- classes -----------------------------------------------------------------------------------


def test_a_class_lies_above_its_lower_bound_up_to_its_upper():
    values = np.array([0.3, 0.5, 0.51, 1.0, 1.01, 2.0, 2.5, 40.0, 40.1, 900.0])
    assert class_of(values, WIDTHS_PX).tolist() == [0, 0, 0, 0, 1, 2, 3, 8, 9, 9]


def test_an_interval_holds_the_share_and_widens_with_disagreement():
    wholes = np.full(20, 100)
    alike = interval(np.full(20, 60), wholes)
    apart = interval(np.tile([20, 100], 10), wholes)
    assert alike == pytest.approx((0.6, 0.6))
    assert apart[0] < 0.5 < 0.7 < apart[1]


# --- voids -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predicted", "touched", "taken"),
    [
        (covered(VOID), 1, 1),
        (covered(VOID) & (np.arange(WIDTH) < 58), 1, 0),
        (blank(), 0, 0),
        (~covered(VOID), 0, 0),
    ],
)
def test_a_void_is_taken_when_half_of_it_is_called_crack(predicted, touched, taken):
    (row,) = void_rows("voids", [count_voids(predicted, [VOID], FAR)])
    assert (row["voids"], row["touched"], row["taken"]) == (1, touched, taken)
    assert (row["from_px"], row["to_px"]) == (3.0, 6.0)


def test_a_void_beside_a_crack_says_nothing():
    away = distance_to(bar(60, 64))  # 5 px below the void's rim
    assert len(count_voids(covered(VOID), [VOID], away).called) == 0
    assert len(count_voids(covered(VOID), [VOID], distance_to(bar(80, 84))).called) == 1


def test_a_void_smaller_than_a_pixel_is_the_pixel_that_holds_it():
    rows, inside, columns = pixels_of(VoidTruth(0.3, 99.4, 0.1), (HEIGHT, WIDTH))
    assert np.argwhere(inside).tolist() == [[inside.shape[0] - 1, 0]]
    assert (rows.stop, columns.start) == (HEIGHT, 0)


def test_false_pixels_are_told_apart_by_voids_and_cracks():
    scene = scene_of(([(-10, 90), (130, 90)], 4.0, 0.5))
    predicted = covered(VOID) | bar(78, 100)
    predicted[10, 10] = True
    row = alarm_row("cracks", [count_alarms(predicted, scene, distance_to(scene.mask))])
    on_void = np.count_nonzero(covered(VOID))
    assert row["on_voids"] == pytest.approx(on_void / (on_void + 1))
    assert row["false_pixels"] == pytest.approx((on_void + 1) / (HEIGHT * WIDTH - 22 * WIDTH))
    assert row["photos_with_large_detection"] == 1


# --- recall ------------------------------------------------------------------------------------

THIN = ([(-10, 20.0), (130, 20.0)], 1.4, 0.4)
WIDE = ([(-10, 70.0), (130, 70.0)], 15.0, 0.85)


def test_recall_is_told_apart_by_width_and_contrast():
    truth = truth_of_scene(scene_of(THIN, WIDE))
    predicted = bar(64, 77)
    predicted[21, :60] = True  # half of the thin crack, a pixel off
    counts = count_found(predicted, truth)
    rows = {
        (r["by"], r["width_from_px"], r["contrast_from"]): r for r in recall_rows("drawn", [counts])
    }
    assert rows["width", 12.0, None]["recall"] == 1
    thin = rows["width", 1.0, None]
    assert thin["pixels"] == WIDTH
    assert thin["recall"] == pytest.approx(61 / WIDTH)  # and one diagonal step, within 2 px
    assert thin["low"] == thin["high"] == thin["recall"]
    assert rows["contrast", None, 0.3]["recall"] == thin["recall"]
    assert rows["width and contrast", 12.0, 0.75]["pixels"] == rows["width", 12.0, None]["pixels"]
    assert thin_recall(counts) == thin["recall"]


def test_a_thin_branch_inside_a_wide_crack_counts_as_wide():
    branch = ([(60, 70.0), (60, 10.0)], 2.0, 0.5)
    truth = truth_of_scene(scene_of(WIDE, branch))
    at = truth.nearest[66:75, 58:63]
    assert set(truth.width_px[at.ravel()]) == {15.0}
    assert truth.width_px[truth.nearest[30, 60]] == 2.0
    assert truth.contrast[truth.nearest[30, 60]] == 0.5


def test_of_a_real_mask_the_width_is_twice_the_distance_and_the_contrast_unknown():
    counts = count_found(bar(40, 45), truth_of_mask(bar(40, 45)))
    rows = recall_rows("walls", [counts])
    assert [(r["by"], r["width_from_px"]) for r in rows] == [("all", None), ("width", 5.0)]
    assert all(r["recall"] == 1 and r["pixels"] == 5 * WIDTH for r in rows)


# --- edges -------------------------------------------------------------------------------------


def test_the_contour_leaves_out_the_photos_edge():
    assert np.flatnonzero(contour_of(bar(40, 50)).all(axis=1)).tolist() == [40, 49]
    assert contour_of(bar(40, 50)).sum() == 2 * WIDTH
    assert not contour_of(~blank()).any()


@pytest.mark.parametrize("coarse", [0, 2, 3])
def test_a_coarse_edge_is_as_far_off_as_it_is_coarse(coarse):
    truth = truth_of_scene(scene_of(([(-10, 49.5), (130, 49.5)], 10.0, 0.8)))
    predicted = bar(45 - coarse, 55 + coarse).astype(np.float32)
    rows = edge_rows("drawn", [sum_edges(predicted, 0.5, truth)])
    assert [r["by"] for r in rows] == ["all", "width"]
    for row in rows:
        assert row["contour_px"] == coarse
        assert row["area_error"] == pytest.approx(2 * coarse / 10)
        assert row["width_bias_px"] == pytest.approx(2 * coarse, abs=0.1)
        assert row["width_error_px"] == pytest.approx(2 * coarse, abs=0.1)


def test_edges_are_those_of_the_stretches_that_were_found():
    truth = truth_of_mask(bar(45, 55))
    predicted = bar(45, 55)
    predicted[:, 60:] = False
    predicted[5:8] = True  # far off: a false alarm, no edge
    sums = sum_edges(predicted.astype(np.float32), 0.5, truth)
    (whole, _) = edge_rows("walls", [sums])
    assert whole["pixels"] == pytest.approx(600, abs=25)
    assert whole["area_error"] == pytest.approx(0, abs=0.04)
    assert whole["contour_px"] < 0.15  # the end of what was found is rounded off
    assert whole["width_error_px"] is None


def test_nothing_found_has_no_edges():
    sums = sum_edges(blank().astype(np.float32), 0.5, truth_of_mask(bar(45, 55)))
    assert edge_rows("walls", [sums]) == []
    assert np.isnan(mean_distance(sums))


def test_a_photo_called_crack_all_over_is_off_by_the_reach():
    sums = sum_edges(np.ones((HEIGHT, WIDTH), np.float32), 0.5, truth_of_mask(bar(45, 55)))
    assert edge_rows("walls", [sums])[0]["contour_px"] == 10


# --- photos and pictures -----------------------------------------------------------------------


def test_seeds_are_none_that_training_draws_and_a_photo_stays_what_it_is():
    photos = list(drawn_photos(8))
    assert len(photos) == len(set(photos)) == 8 + 8 + 2 * len(WALLS)
    assert min(photo.seed for photo in photos) >= 2**32
    assert (photos[9].draw().photo == photos[9].draw().photo).all()


@pytest.mark.parametrize("kind", WALLS)
def test_a_wall_has_the_one_thing_on_it(kind):
    seed = next(photo.seed for photo in drawn_photos(1) if photo.kind == kind)
    scene, bare = DrawnPhoto(kind, seed).draw(), DrawnPhoto(NOTHING, seed).draw()
    assert not scene.mask.any()
    assert not scene.voids
    changed = np.count_nonzero(cv2.absdiff(scene.photo, bare.photo).max(axis=2) > 20)
    assert (changed > 50) == (kind != NOTHING)


def test_worst_upper_tenth_and_median_are_shown():
    badness = {DrawnPhoto("voids", seed): float(seed % 10) for seed in range(30)}
    shown = {why: badness[photo] for photo, why in by_rank(badness).items()}
    assert shown == {"worst": 9, "a tenth are worse": 8, "median": 4}
    assert by_rank({}) == {}
    (only,) = by_rank({DrawnPhoto("voids", 1): 2.0}).values()
    assert only == "worst"
    walls = {DrawnPhoto(kind, seed): 5.0 * seed for kind in WALLS[:3] for seed in range(3)}
    assert {(p.kind, p.seed) for p in worst_of_each_kind(walls)} == {(k, 2) for k in WALLS[1:3]}


def test_a_window_holds_what_is_marked():
    marks = np.zeros((300, 400))
    marks[280:, 5] = 1
    rows, columns = window_of(marks, 96)
    assert (rows, columns) == (slice(204, 300), slice(0, 96))


# --- the command -------------------------------------------------------------------------------


def failures(*arguments: object) -> int:
    return main(["failures", *map(str, arguments), "--device", "cpu"])


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "models", contract(tile_size=512, overlap=128, threshold=0.4))


@pytest.fixture
def data(tmp_path):
    """A photo with a crack of 5 px, found but for its last tenth, and a crack-free one."""
    rows = [("source", "image", "mask", "group", "split")]
    for name, source in (("cracked", "walls"), ("bare", "walls"), ("coarse", "phinet-coarse")):
        photo, mask = np.full((HEIGHT, WIDTH, 3), 200, np.uint8), blank()
        if name != "bare":
            mask = bar(45, 50)
            photo[45:50, :108] = 20
        cv2.imwrite(str(tmp_path / f"{name}.png"), photo)
        cv2.imwrite(str(tmp_path / f"{name}.mask.png"), mask.astype(np.uint8) * 255)
        rows.append((source, f"{name}.png", f"{name}.mask.png", name, "external"))
    with (tmp_path / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return tmp_path / "index.csv"


def test_figures_and_pictures_of_a_model(model, data, tmp_path, capsys):
    output = tmp_path / "deep" / "results"
    log = tmp_path / "runs.jsonl"
    real = ("--data", data, "--split", "external", "--log", log)
    assert failures(model, "--output", output, "--photos", 1, *real) == 0
    assert len(log.read_text().splitlines()) == 1
    result = json.loads((output / "darkness.json").read_text())
    assert result["model"]["name"] == "darkness"
    assert len(result["model"]["file_sha256"]) == 64
    assert (result["threshold"], result["split"], result["rows"]["count"]) == (0.4, "external", 1)
    assert [row["photos"] for row in result["drawn"]] == ["voids", "cracks", *WALLS]
    assert all(row["first_seed"] >= 2**32 and row["count"] == 1 for row in result["drawn"])
    assert {row["photos"] for row in result["voids"]} == {"voids", "cracks"}
    assert [row["photos"] for row in result["false_alarms"]] == ["voids", "cracks", *WALLS]
    assert {row["photos"] for row in result["recall"]} == {"drawn", "walls"}
    walls = next(row for row in result["recall"] if row["photos"] == "walls")
    assert walls["recall"] == pytest.approx(110 / 120)  # 2 px of slack
    edges = next(row for row in result["edges"] if row["photos"] == "walls")
    assert edges["contour_px"] < 0.1
    pictures = ["voids.png", "thin.png", "edges.png", "lookalikes.png", "recall.png"]
    assert [path.name for path in map(output.joinpath, pictures) if path.is_file()] == pictures
    assert sum(path.stat().st_size for path in output.glob("*.png")) < 400_000
    assert "darkness.json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--photos", "0"], "--photos must be from 1"),
        (["--data", "INDEX"], "no row of split 'val'"),
        (["--data", "missing.csv"], "missing.csv does not exist"),
        (["missing.onnx"], "missing.onnx does not exist"),
        (["MODEL"], "2 models are named darkness.onnx"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_sentence(
    model, data, tmp_path, arguments, message, capsys
):
    known = {"INDEX": str(data), "MODEL": str(model)}
    arguments = [known.get(each, each) for each in arguments]
    assert failures(model, *arguments, "--output", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
