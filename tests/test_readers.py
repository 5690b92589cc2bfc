"""Forms read back by the tools that they are for, in an environment of their own: `make test-slow` makes it."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import Service
from test_forms import MASK, NO_CRACKS, PHOTO, ask

pytestmark = pytest.mark.slow
PYTHON = Path(__file__).parent.parent / ".venv-readers" / "bin" / "python"

LABEL_STUDIO = """
import json
import numpy as np
from label_studio_sdk.converter.brush import decode_rle
from label_studio_sdk.label_interface import LabelInterface

(task,) = json.load(open("tasks.json"))
(prediction,) = task["predictions"]
config = LabelInterface('''
<View>
  <Image name="image" value="$image"/>
  <BrushLabels name="tag" toName="image"><Label value="Crack"/></BrushLabels>
</View>
''')
errors = config.validate_prediction(prediction, return_errors=True)
assert not errors, errors
for region in prediction["result"]:
    pixels = decode_rle(region["value"]["rle"])
    shape = region["original_height"], region["original_width"], 4
    np.save("mask.npy", pixels.reshape(shape)[:, :, 3])
"""

CVAT = """
import numpy as np
from datumaro.components.annotation import AnnotationType
from datumaro.components.dataset import Dataset

dataset = Dataset.import_from(".", "cvat")
(item,) = dataset
labels = dataset.categories()[AnnotationType.label]
assert {labels[each.label].name for each in item.annotations} <= {"crack"}
height, width = item.media.size
masks = [each.image for each in item.annotations]
np.save("masks.npy", np.reshape(masks, (len(masks), height, width)))
"""


def read_back(script: str, folder: Path) -> None:
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON} is not there; `make test-slow` makes this environment and runs this")
    done = subprocess.run([PYTHON, "-c", script], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_label_studio_reads_the_mask(service: Service, tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_bytes(ask(service, "label-studio").body)
    read_back(LABEL_STUDIO, tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "mask.npy"), 255 * MASK)


def test_label_studio_takes_a_prediction_of_nothing(service: Service, tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_bytes(ask(service, "label-studio", NO_CRACKS).body)
    read_back(LABEL_STUDIO, tmp_path)


@pytest.mark.parametrize(("photo", "mask"), [(PHOTO, MASK), (NO_CRACKS, np.zeros((70, 90), bool))])
def test_cvat_s_format_holds_the_cracks(
    service: Service, tmp_path: Path, photo: bytes, mask: np.ndarray
) -> None:
    said = service.post("/v1/segment", photo).json()
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / f"{said['image']['sha256']}.png").write_bytes(photo)
    (tmp_path / "annotations.xml").write_bytes(ask(service, "cvat", photo).body)
    read_back(CVAT, tmp_path)
    masks = np.load(tmp_path / "masks.npy")
    assert [int(each.sum()) for each in masks] == [crack["area_px"] for crack in said["cracks"]]
    np.testing.assert_array_equal(masks.sum(axis=0), mask)
