"""Where the pairs are listed, how they are divided, how one is read."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.data import (
    DataError,
    Row,
    check_pairs,
    folds,
    read_mask,
    read_pair,
    read_photo,
    read_rows,
    select,
    straddling_groups,
)

HEADER = "source,image,mask,group,split"


def write_pair(folder: Path, name: str) -> None:
    """A photo of 12 x 8 pixels and its mask."""
    for kind, shape in (("images", (8, 12, 3)), ("masks", (8, 12))):
        (folder / kind).mkdir(exist_ok=True)
        cv2.imwrite(str(folder / kind / f"{name}.png"), np.zeros(shape, np.uint8))


Index = Callable[..., Path]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Write an index file; the pairs `a` to `d` stand beside it."""
    for name in "abcd":
        write_pair(tmp_path, name)

    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "index.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def listed(name: str, split: str, *, source: str = "site", group: str = "") -> str:
    return f"{source},images/{name}.png,masks/{name}.png,{group or name},{split}"


def refusal(location: Path) -> str:
    with pytest.raises(DataError) as refused:
        read_rows(location)
    return str(refused.value)


def rows_of(*groups: tuple[str, int], split: str = "train", source: str = "s") -> list[Row]:
    """For each (name, size) a group of that many rows."""
    return [
        Row(source, Path(f"{name}-{i}.jpg"), Path(f"{name}-{i}.png"), name, split)
        for name, size in groups
        for i in range(size)
    ]


# --- index file -------------------------------------------------------------------------------


def test_index_paths_are_relative_to_the_index(index, tmp_path):
    path = index(listed("a", "train", group="wall"), listed("b", "external"))
    assert read_rows(path) == [
        Row("site", tmp_path / "images/a.png", tmp_path / "masks/a.png", "wall", "train"),
        Row("site", tmp_path / "images/b.png", tmp_path / "masks/b.png", "b", "external"),
    ]


def test_index_columns_in_any_order_and_more_of_them(index):
    path = index(
        "train,x,wall,masks/a.png,site,images/a.png", header="split,note,group,mask,source,image"
    )
    (row,) = read_rows(path)
    assert (row.source, row.group, row.split) == ("site", "wall", "train")


def test_index_as_a_spreadsheet_saves_it(index):
    path = index(listed("a", "train"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read_rows(path)) == 1


def test_index_that_is_not_there(tmp_path):
    assert "index.csv does not exist; give an index file" in refusal(tmp_path / "index.csv")


def test_index_without_rows(index):
    assert "index.csv lists no pairs" in refusal(index())


def test_index_lacks_columns(index):
    path = index("site,images/a.png,train", header="source,image,split")
    assert refusal(path).endswith("index.csv lacks the columns group, mask")


def test_an_empty_file_lacks_every_column(tmp_path):
    (tmp_path / "index.csv").touch()
    assert "lacks the columns group, image, mask, source, split" in refusal(tmp_path / "index.csv")


def test_index_names_the_row_of_an_unknown_split(index):
    path = index(listed("a", "train"), listed("b", "valid"))
    assert "index.csv:3: split is 'valid', not one of train, val, test, external" in refusal(path)


@pytest.mark.parametrize("line", ["site,images/b.png", "site,images/b.png,,,train"])
def test_index_names_the_row_that_is_too_short(index, line):
    reason = refusal(index(listed("a", "train"), line))
    assert "index.csv:3: nothing stands in group, mask" in reason


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_index_names_the_file_that_is_missing(index, tmp_path, kind):
    path = index(listed("a", "train"), listed("b", "train"))
    (tmp_path / kind / "b.png").unlink()
    reason = refusal(path)
    assert f"{kind}/b.png is listed but missing (source site)" in reason.replace("\\", "/")
    assert "add it or drop the row" in reason


def test_a_group_on_two_sides_flatters(index):
    path = index(listed("a", "train", group="wall"), listed("b", "test", group="wall"))
    assert "group 'wall' of site stands in test and train" in refusal(path)


def test_a_group_of_the_same_name_in_another_source_is_another(index):
    path = index(
        listed("a", "train", group="wall"), listed("b", "test", group="wall", source="other")
    )
    assert len(read_rows(path)) == 2


def test_a_published_split_is_kept_as_it_is(index):
    path = index(
        listed("a", "train", group="1", source="deepcrack-256"),
        listed("b", "test", group="1", source="deepcrack-256"),
    )
    assert len(read_rows(path)) == 2


def test_a_group_straddles_where_training_saw_a_part_of_what_is_scored():
    rows = [
        *rows_of(("both", 2), ("seen", 1)),
        *rows_of(("both", 1), ("unseen", 2), split="test"),
        *rows_of(("unseen", 1), split="external"),
        *rows_of(("seen", 1), split="test", source="another"),
    ]
    assert straddling_groups(rows) == {("s", "both")}


# --- folder -----------------------------------------------------------------------------------


def test_a_folder_is_split_by_name(tmp_path):
    for number in range(200):
        write_pair(tmp_path, f"photo{number}")
    rows = read_rows(tmp_path)
    splits = Counter(row.split for row in rows)
    assert splits.keys() == {"train", "val"}
    assert 20 <= splits["val"] <= 60
    assert {row.source for row in rows} == {tmp_path.name}
    before = {row.group: row.split for row in rows}
    write_pair(tmp_path, "one-more")
    after = {row.group: row.split for row in read_rows(tmp_path)}
    assert {name: after[name] for name in before} == before


def test_a_folder_pairs_by_name_and_leaves_other_files_alone(tmp_path):
    write_pair(tmp_path, "a")
    (tmp_path / "images/a.png").rename(tmp_path / "images/a.JPG")
    (tmp_path / "images/notes.txt").touch()
    (tmp_path / "masks/Thumbs.db").touch()
    (row,) = read_rows(tmp_path)
    assert (row.image.name, row.mask.name, row.group) == ("a.JPG", "a.png", "a")


def test_a_folder_names_the_photo_without_a_mask(tmp_path):
    write_pair(tmp_path, "a")
    write_pair(tmp_path, "b")
    (tmp_path / "masks/b.png").unlink()
    assert "b.png has no mask of the same name" in refusal(tmp_path)


def test_an_empty_folder(tmp_path):
    assert "lists no pairs; give an index file or a folder" in refusal(tmp_path)


# --- selection and folds ----------------------------------------------------------------------


def test_select():
    rows = [
        *rows_of(("1", 1), source="a"),
        *rows_of(("2", 1), source="b"),
        *rows_of(("3", 1), source="a", split="val"),
    ]

    def groups(split: str, **chosen: Sequence[str]) -> list[str]:
        return [row.group for row in select(rows, split, **chosen)]

    assert groups("train") == ["1", "2"]
    assert groups("val") == ["3"]
    assert groups("train", sources=["b"]) == ["2"]
    assert groups("train", without=["b"]) == ["1"]
    assert groups("train", sources=["b"], without=["b"]) == []


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 12), max_size=40), count=st.integers(1, 7), seed=st.integers(0, 9)
)
def test_folds_hold_whole_groups_and_every_row_once(sizes, count, seed):
    rows = rows_of(*((f"g{number}", size) for number, size in enumerate(sizes)))
    divided = folds(rows, count, seed)
    assert len(divided) == count
    assert Counter(row.image for part in divided for row in part) == Counter(r.image for r in rows)
    places = [{row.group for row in part} for part in divided]
    assert sum(map(len, places)) == len(sizes)
    lengths = [len(part) for part in divided]
    assert max(lengths) - min(lengths) <= max(sizes, default=0)
    assert divided == folds(rows, count, seed)


def test_folds_differ_by_seed():
    rows = rows_of(*((f"g{number}", 1) for number in range(20)))
    assert folds(rows, 5, 0) != folds(rows, 5, 1)
    assert [len(part) for part in folds(rows, 5, 0)] == [4] * 5


def test_folds_do_not_depend_on_the_order_of_the_rows():
    rows = rows_of(*((f"g{number}", 1 + number % 3) for number in range(20)))
    assert [set(part) for part in folds(rows, 5, 0)] == [
        set(part) for part in folds(rows[::-1], 5, 0)
    ]


# --- reading ----------------------------------------------------------------------------------


def write(path: Path, array: np.ndarray) -> Path:
    cv2.imwrite(str(path), array)
    return path


def test_photo_is_rgb(tmp_path):
    blue_first = np.full((2, 3, 3), (255, 128, 0), np.uint8)
    photo = read_photo(write(tmp_path / "a.png", blue_first))
    assert (photo.shape, photo.dtype) == ((2, 3, 3), np.uint8)
    assert photo[0, 0].tolist() == [0, 128, 255]


def test_grey_photo_has_three_channels(tmp_path):
    photo = read_photo(write(tmp_path / "a.png", np.full((2, 3), 7, np.uint8)))
    assert photo.tolist() == np.full((2, 3, 3), 7).tolist()


@pytest.mark.parametrize("read", [read_photo, read_mask])
def test_a_file_that_is_no_image(tmp_path, read):
    (tmp_path / "a.png").write_text("text")
    with pytest.raises(DataError, match=r"a\.png cannot be read as an image"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize("values", [(0, 255), (0, 0), (255, 255)])
def test_mask_is_of_zero_and_one(tmp_path, values):
    mask = read_mask(write(tmp_path / "m.png", np.array([values], np.uint8)))
    assert mask.dtype == np.uint8
    assert mask.tolist() == [[int(value == 255) for value in values]]


def test_mask_of_three_equal_channels(tmp_path):
    mask = np.repeat(np.array([[[0], [255]]], np.uint8), 3, axis=2)
    assert read_mask(write(tmp_path / "m.png", mask)).tolist() == [[0, 1]]


@pytest.mark.parametrize("values", [(0, 1), (0, 128, 255), (254, 255)])
def test_mask_with_other_values(tmp_path, values):
    path = write(tmp_path / "m.png", np.array([values], np.uint8))
    with pytest.raises(DataError, match=r"m\.png holds the values .*0 and 255 alone"):
        read_mask(path)


def test_mask_saved_as_jpeg(tmp_path):
    mask = np.zeros((32, 32), np.uint8)
    cv2.line(mask, (2, 3), (29, 25), 255, 2)
    with pytest.raises(DataError, match=r"m\.jpg holds the values .*JPEG blurs them: use PNG"):
        read_mask(write(tmp_path / "m.jpg", mask))


def test_pair_of_two_sizes(tmp_path):
    image = write(tmp_path / "a.png", np.zeros((8, 12, 3), np.uint8))
    mask = write(tmp_path / "m.png", np.zeros((6, 12), np.uint8))
    with pytest.raises(DataError, match=r"m\.png is 12x6 but its photo is 12x8; make them"):
        read_pair(Row("s", image, mask, "g", "train"))


def test_pairs_are_checked_to_the_last(tmp_path):
    write_pair(tmp_path, "a")
    write_pair(tmp_path, "b")
    row_a, row_b = (
        Row("s", tmp_path / f"images/{name}.png", tmp_path / f"masks/{name}.png", name, "val")
        for name in "ab"
    )
    check_pairs([row_a, row_b])
    write(row_b.mask, np.full((8, 12), 7, np.uint8))
    with pytest.raises(DataError, match=r"b\.png holds the values \[7\]"):
        check_pairs([row_a, row_b])
