"""Where things stand on the page: boxes, in points from its top left corner, y down. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

GAP = 11.0
SIDE_WIDTH = 165.0
"""Of the smaller picture beside the larger one."""
CAPTION_WIDTH = 150.0
"""What a caption needs, however narrow its picture is."""
CAPTION_HEIGHT = 10.0
WIDE_SHARE = 0.72
"""Of the page's inner width: an overlay narrower than that would leave a gap at its right that could hold the facts."""


@dataclass(frozen=True)
class Box:
    """A rectangle; (x, y) is its top left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def overlaps(self, other: "Box") -> bool:
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )


@dataclass(frozen=True)
class Frames:
    """Places of the two pictures, a caption below each, and of the facts that stand beside or below the smaller one."""

    overlay: Box
    photo: Box
    facts: Box

    @property
    def bottom(self) -> float:
        pictures = max(self.overlay.bottom, self.photo.bottom) + CAPTION_HEIGHT
        return max(pictures, self.facts.bottom)


def arrange(space: Box, aspect: float, facts_height: float) -> Frames:
    """Both pictures, width = aspect x height, and the facts, within `space`.

    The overlay has the whole width and the rest stands below it, where that leaves it wide enough; else, as for a
    photo on end, the rest stands beside it.
    """
    below = _below(space, aspect, facts_height)
    is_wide = below.overlay.width >= WIDE_SHARE * space.width
    return below if is_wide else _beside(space, aspect, facts_height)


def _below(space: Box, aspect: float, facts_height: float) -> Frames:
    height = space.height - facts_height - CAPTION_HEIGHT - GAP
    overlay = _fitted(space.x, space.y, space.width, height, aspect)
    y = overlay.bottom + CAPTION_HEIGHT + GAP
    width = space.width - SIDE_WIDTH - GAP
    photo = _fitted(space.x, y, width, facts_height - CAPTION_HEIGHT, aspect)
    x = max(photo.right, space.x + CAPTION_WIDTH) + GAP
    return Frames(overlay, photo, Box(x, y, space.right - x, facts_height))


def _beside(space: Box, aspect: float, facts_height: float) -> Frames:
    width = space.width - SIDE_WIDTH - GAP
    overlay = _fitted(space.x, space.y, width, space.height - CAPTION_HEIGHT, aspect)
    x = max(overlay.right, space.x + CAPTION_WIDTH) + GAP
    height = space.height - facts_height - CAPTION_HEIGHT - GAP
    photo = _fitted(x, space.y, SIDE_WIDTH, height, aspect)
    y = photo.bottom + CAPTION_HEIGHT + GAP
    return Frames(overlay, photo, Box(x, y, space.right - x, facts_height))


def _fitted(x: float, y: float, width: float, height: float, aspect: float) -> Box:
    width = min(width, height * aspect)
    return Box(x, y, width, width / aspect)


# Where a label may stand round its place, in its own widths and heights: above first, as on a map.
_SIDES = ((0, -1), (1, -1), (-1, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (0, 1))
_DISTANCES = (7.0, 14.0, 24.0, 38.0)


def place_labels(
    places: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], frame: Box
) -> list[Box | None]:
    """A box for each label, near its place (x, y), within the frame and on no label before it; None without room."""
    labels: list[Box | None] = []
    taken: list[Box] = []
    for place, size in zip(places, sizes, strict=True):
        tried = (_label(place, size, side, away, frame) for away in _DISTANCES for side in _SIDES)
        free = (box for box in tried if not any(box.overlaps(other) for other in taken))
        label = next(free, None)
        labels.append(label)
        taken += [label] if label else []
    return labels


def _label(
    place: tuple[float, float],
    size: tuple[float, float],
    side: tuple[int, int],
    away: float,
    frame: Box,
) -> Box:
    width, height = size
    x = place[0] + side[0] * (away + width / 2) - width / 2
    y = place[1] + side[1] * (away + height / 2) - height / 2
    return Box(
        max(frame.x, min(x, frame.right - width)),
        max(frame.y, min(y, frame.bottom - height)),
        width,
        height,
    )
