"""Thinning: a mask becomes lines one pixel thick that keep its connections, its holes and its ends.

Pixels go from one side at a time, north, south, east, west in turn, each one only if its neighbours stay
connected without it and it is no end (Rosenfeld 1975, A characterization of parallel thinning algorithms).
Deleting one side at a time keeps straight bars at 45 degrees, which thinning from two sides erases.
"""

import numpy as np
from numpy.typing import NDArray

from app.measurement.arrays import Integers

# Clockwise from north, as (row, column).
STEPS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
_SIDES = (0, 4, 2, 6)


def offsets(stride: int) -> Integers:
    """[8] differences of flat index to the neighbours, in the order of STEPS."""
    return np.array([row * stride + column for row, column in STEPS])


def _may_go(neighbours: int) -> bool:
    """Whether a pixel with these neighbours (bit k: STEPS[k]) is neither an end nor needed as a bridge."""
    present = [bool(neighbours >> k & 1) for k in range(8)]
    # Yokoi's connectivity number for 8-connected foreground: gaps between the groups of neighbours.
    groups = sum(
        not present[k] and (present[k + 1] or present[(k + 2) % 8]) for k in range(0, 8, 2)
    )
    return sum(present) >= 2 and groups == 1


_MAY_GO = np.array([_may_go(neighbours) for neighbours in range(256)])


def thin(present: NDArray[np.bool_], pixels: Integers, stride: int) -> None:
    """Thin a framed mask, flat and `stride` wide, in place. `pixels` are flat indices of all that may go.

    Only pixels beside one that just went can go next, so that every pixel is looked at a few times, however
    wide the mask is.
    """
    steps = offsets(stride)
    order = np.zeros(len(present), np.int32)
    while len(pixels):
        gone = []
        for side in _SIDES:
            border = pixels[present[pixels] & ~present[pixels + steps[side]]]
            neighbours = np.zeros(len(border), np.uint8)
            for k, step in enumerate(steps):
                neighbours |= present[border + step].view(np.uint8) << np.uint8(k)
            gone.append(border[_MAY_GO[neighbours]])
            present[gone[-1]] = False
        beside = (np.concatenate(gone)[:, None] + steps).ravel()
        beside = beside[present[beside]]
        # Each once: of several writers of a place the last one stays.
        order[beside] = np.arange(len(beside), dtype=np.int32)
        pixels = beside[order[beside] == np.arange(len(beside))]
