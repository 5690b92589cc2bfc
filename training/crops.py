"""Square crops at or near native resolution, drawn by source, with their targets."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import keras
import numpy as np

from training.augment import photometric
from training.config import SYNTHETIC, SYNTHETIC_CRACK_FREE_SHARE, SYNTHETIC_CRACK_WIDTH_PX, Recipe
from training.data import DataError, Row, read_pair
from training.synthetic import SceneRecipe, draw_scene

UNKNOWN = -1.0  # target of a pixel that no label speaks for


def resample(photo: np.ndarray, target: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Bring a window to a `size` square: the target by area, so that it stays the share covered by crack."""
    if target.shape == (size, size):
        return photo, target
    shrinks = target.size > size * size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled = cv2.resize(target, (size, size), interpolation=how)
    if (target < 0).any():
        unknown = cv2.resize((target < 0).astype(np.float32), (size, size), interpolation=how) > 0
        scaled = np.where(unknown, UNKNOWN, scaled).astype(np.float32)
    return cv2.resize(photo, (size, size), interpolation=how), scaled


def window(array: np.ndarray, top: int, left: int, shape: tuple[int, int]) -> np.ndarray:
    """The part of the array of this (height, width); what lies beyond the array's edges is mirrored."""
    height, width = array.shape[:2]
    rows = _mirror(np.arange(top, top + shape[0]), height)
    columns = _mirror(np.arange(left, left + shape[1]), width)
    return array[rows[:, None], columns[None, :]]


def _mirror(positions: np.ndarray, length: int) -> np.ndarray:
    """-1, -2 read 1, 2, and so on at both ends; a length of 1 is repeated."""
    period = max(2 * (length - 1), 1)
    folded = np.abs(positions) % period
    return np.minimum(folded, period - folded) % length


@dataclass(frozen=True)
class HardPlace:
    """A pixel of a photo, origin top left, of those that a network got wrong there (training.hard_places)."""

    row: Row
    x: int
    y: int
    kind: str
    """`alarm`: called crack and none, or `miss`: a crack and not called."""


class PairCache:
    """Decoded pairs, read once. The mask of a coarse source marks where labels are unknown."""

    def __init__(self, coarse_sources: frozenset[str]):
        self._coarse_sources = coarse_sources
        self._pairs: dict[Row, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def pair(self, row: Row) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Photo uint8 `[H, W, 3]`, mask int8 `[H, W]` of 0, 1 and -1 (unknown), crack pixels' indices."""
        if row not in self._pairs:
            photo, mask = read_pair(row)
            mask = mask.astype(np.int8)
            if row.source in self._coarse_sources:
                mask = -mask
            self._pairs[row] = photo, mask, np.flatnonzero(mask == 1).astype(np.int32)
        return self._pairs[row]


class CropSampler:
    """Draws training crops: a source by weight, a photo of it, a place, a scale, a look.

    Round `hard_places` goes the share of crops that the recipe names, to alarms as often as to misses, however many of
    each there are: with four alarms to a miss a U-Net soon called too little (docs/decisions/0005).
    """

    def __init__(
        self,
        rows: Sequence[Row],
        recipe: Recipe,
        cache: PairCache,
        hard_places: Sequence[HardPlace] = (),
    ):
        by_source: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            by_source[row.source].append(row)
        self._recipe = recipe
        self._cache = cache
        self._rows = by_source
        self._hard: dict[str, dict[str, list[HardPlace]]] = defaultdict(lambda: defaultdict(list))
        for place in hard_places:
            self._hard[place.row.source][place.kind].append(place)
        weights = {source: recipe.source_weights.get(source, 1.0) for source in sorted(by_source)}
        if not any(weights.values()):
            raise DataError(
                f"the recipe gives {', '.join(weights)} no weight; choose other sources or another recipe"
            )
        photographed = (1 - recipe.synthetic_share) / sum(weights.values())
        shares = {source: weight * photographed for source, weight in weights.items()}
        if recipe.synthetic_share:
            shares[SYNTHETIC] = recipe.synthetic_share
        self._sources, self._shares = list(shares), np.array(list(shares.values()))

    def shares(self) -> Mapping[str, float]:
        """The share of crops that each source gives."""
        return dict(zip(self._sources, self._shares.tolist(), strict=True))

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A crop uint8 `[S, S, 3]` and its target float32 `[S, S]`: 0 to 1, or UNKNOWN."""
        source = self._sources[rng.choice(len(self._sources), p=self._shares)]
        if source == SYNTHETIC:
            crop, target = self._synthetic(rng)
        else:
            crop, target = self._turn(*self._photographed(source, rng), rng)
        return photometric(crop, target, rng), target

    def _synthetic(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        is_crack_free = rng.random() < SYNTHETIC_CRACK_FREE_SHARE
        scene = SceneRecipe(
            self._recipe.crop_size,
            self._recipe.crop_size,
            crack_count=(0, 0) if is_crack_free else (1, 2),
            crack_width_px=SYNTHETIC_CRACK_WIDTH_PX,
        )
        drawn = draw_scene(scene, int(rng.integers(2**31)))
        return drawn.photo, drawn.mask.astype(np.float32)

    def _photographed(self, source: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        recipe = self._recipe
        row, around = self._row_and_middle(source, rng)
        photo, mask, _ = self._cache.pair(row)
        shape = self._window_shape(rng)
        top, left = _place(mask.shape, around, shape, rng)
        return resample(
            window(photo, top, left, shape),
            window(mask, top, left, shape).astype(np.float32),
            recipe.crop_size,
        )

    def _window_shape(self, rng: np.random.Generator) -> tuple[int, int]:
        """(height, width) in pixels of the photo of what becomes a crop. Resampling blurs masks that are exact."""
        recipe = self._recipe
        if rng.random() < recipe.native_share:
            return recipe.crop_size, recipe.crop_size
        size = recipe.crop_size / _log_uniform(rng, *recipe.scale_range)
        stretch = _log_uniform(rng, 1 / recipe.widest_stretch, recipe.widest_stretch)
        return round(size * stretch**0.5), round(size / stretch**0.5)

    def _row_and_middle(
        self, source: str, rng: np.random.Generator
    ) -> tuple[Row, tuple[int, int] | None]:
        """A photo, and the pixel that the crop goes round: one of a hard place, one of a crack, or none."""
        kinds = list(self._hard[source].values())
        if kinds and rng.random() < self._recipe.hard_share:
            places = kinds[rng.integers(len(kinds))]
            place = places[rng.integers(len(places))]
            return place.row, (place.y, place.x)
        row = self._rows[source][rng.integers(len(self._rows[source]))]
        _, mask, cracks = self._cache.pair(row)
        if len(cracks) and rng.random() < self._recipe.crack_centred_share:
            return row, divmod(int(cracks[rng.integers(len(cracks))]), mask.shape[1])
        return row, None

    def _turn(self, crop: np.ndarray, target: np.ndarray, rng: np.random.Generator):
        quarter = int(rng.integers(4))
        crop, target = np.rot90(crop, quarter), np.rot90(target, quarter)
        if rng.random() < 0.5:
            crop, target = crop[:, ::-1], target[:, ::-1]
        return np.ascontiguousarray(crop), np.ascontiguousarray(target)


def _place(
    photo: tuple[int, int],
    around: tuple[int, int] | None,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> list[int]:
    """Top left corner of a window: round the pixel `around` where there is one, else anywhere."""
    corner = []
    for axis, (length, extent) in enumerate(zip(photo, shape, strict=True)):
        if length <= extent:  # a smaller photo is centred and mirrored
            corner.append((length - extent) // 2)
        elif around:
            start = around[axis] - int(rng.integers(extent // 8, extent - extent // 8))
            corner.append(int(np.clip(start, 0, length - extent)))
        else:
            corner.append(int(rng.integers(0, length - extent + 1)))
    return corner


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


class CropDataset(keras.utils.PyDataset):
    """Batches that depend on (seed, epoch, batch) alone, so that a resumed run sees what it would have seen."""

    def __init__(self, sampler: CropSampler, recipe: Recipe):
        super().__init__(workers=1, use_multiprocessing=False)
        self._sampler = sampler
        self._recipe = recipe
        self.epoch = 0

    def __len__(self) -> int:
        return self._recipe.steps_per_epoch

    def __getitem__(self, batch: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self._recipe.seed, self.epoch, batch))
        pairs = [self._sampler.draw(rng) for _ in range(self._recipe.batch_size)]
        photos = np.stack([photo for photo, _ in pairs]).astype(np.float32)
        return photos, np.stack([target for _, target in pairs])[..., None]
