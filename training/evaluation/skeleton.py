"""The skeleton of a mask, by the thinning that measurement uses."""

import numpy as np
from numpy.typing import NDArray

from app.measurement.thinning import thin


def skeleton_of(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Lines one pixel thick that keep the mask's connections and holes, bool [H, W]."""
    framed = np.pad(mask, 1)
    thinned = framed.ravel().copy()
    thin(thinned, np.flatnonzero(framed), framed.shape[1])
    return thinned.reshape(framed.shape)[1:-1, 1:-1]
