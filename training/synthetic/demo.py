"""The one photo that the documentation shows, composed by hand from the generator's parts."""

import cv2
import numpy as np

from training.synthetic.blemishes import RUST, WATER, punch_voids, run_down, stained, tie_hole
from training.synthetic.camera import photographed
from training.synthetic.cracks import Strand, branch_of, strand_between
from training.synthetic.geometry import mask_from
from training.synthetic.lookalikes import CHALKS, chalked_on, joint
from training.synthetic.recipe import Scene
from training.synthetic.scene import crack
from training.synthetic.surface import Photo, Setting, concrete, weathered

HEIGHT, WIDTH = 1200, 1600
SEED = 23
MAIN_WIDTHS_PX = (1.2, 11.0)
FAINT_WIDTHS_PX = (0.8, 2.2)
JOINT_X, JOINT_Y = 1115.0, 968.0


def demo_photo() -> Scene:
    """A formed wall of 1600 x 1200 pixels: two panel joints, tie holes, voids, runs of water and
    rust, an inspector's chalk, a branching crack up to 11 px wide and a faint one of 1 to 2 px.
    """
    rng = np.random.default_rng(SEED)
    setting = Setting(HEIGHT, WIDTH, (-0.45, -0.89), 1.25)
    photo = concrete(rng, setting, "cast", 0.66)
    photo = _weather(rng, photo, setting)
    photo = _formwork(rng, photo, setting)
    voids = punch_voids(rng, photo, setting, 700.0)
    photo = _chalk(rng, photo)
    strands, contrasts = _cracks(rng)
    photo, coverage, cracks, centreline = crack(rng, photo, setting, strands, contrasts)
    stored = photographed(rng, photo, (0.6, 0.6))
    return Scene(stored, mask_from(coverage, centreline), coverage, cracks, voids)


def _weather(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    photo = weathered(rng, photo, 0.55)
    for x, spread, strength in ((240.0, 90.0, 0.5), (820.0, 40.0, 0.4), (1330.0, 70.0, 0.65)):
        run = run_down(rng, setting, (x, -120.0), spread)
        photo = stained(photo, np.float32(strength) * run, WATER)
    return photo


def _formwork(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    tones = np.ones((HEIGHT, WIDTH), np.float32)
    tones[:, int(JOINT_X) :] *= 0.95
    tones[int(JOINT_Y) :] *= 1.04
    photo = photo * tones[..., None]
    photo = joint(rng, photo, setting, (JOINT_X - 4, -10.0), (JOINT_X + 3, HEIGHT + 10.0), 5.0)
    photo = joint(rng, photo, setting, (-10.0, JOINT_Y + 2), (WIDTH + 10.0, JOINT_Y - 3), 3.5)
    for x in (JOINT_X - 620, JOINT_X + 250):
        for y in (JOINT_Y - 780, JOINT_Y - 200):
            tie_hole(rng, photo, setting, x, y, 17.0)
    rust = run_down(rng, setting, (JOINT_X + 250, JOINT_Y - 190), 9.0)
    return stained(photo, np.float32(0.55) * rust, RUST)


def _chalk(rng: np.random.Generator, photo: Photo) -> Photo:
    stroke = np.zeros((HEIGHT, WIDTH), np.uint8)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(stroke, "C1  4 mm", (270, 420), font, 1.9, 255, 4, cv2.LINE_AA)
    cv2.line(stroke, (520, 430), (570, 490), 255, 4, cv2.LINE_AA)
    return chalked_on(rng, photo, stroke.astype(np.float32) / 255, CHALKS[0])


def _cracks(rng: np.random.Generator) -> tuple[list[Strand], list[float]]:
    start, end = np.array([-20.0, 905.0]), np.array([1105.0, 70.0])
    main = strand_between(rng, start, end, 4.5, MAIN_WIDTHS_PX, (False, True))
    branches = [branch_of(rng, main, MAIN_WIDTHS_PX) for _ in range(3)]
    twig = branch_of(rng, branches[0], MAIN_WIDTHS_PX)
    across = np.array([1130.0, 640.0]), np.array([1640.0, 300.0])
    faint = strand_between(rng, *across, 1.3, FAINT_WIDTHS_PX, (True, False))
    return [main, *branches, twig, faint], [0.85, 0.75, 0.75, 0.75, 0.7, 0.65]
