"""Whether a photo can show what is looked for: sharp enough, lit well enough, close enough. Pure.

"No crack" from a photo that could not have shown one is worse than no answer; the warnings say "not assessable".

Blur is read off the strongest edges by blurring them again: an edge that was sharp loses much of its gradient, one
that was soft already loses little (Crete et al. 2007, The blur effect; Zhuo and Sim 2011, Defocus map estimation from
a single image, whose formula for a step edge is used). Smooth concrete is not taken for blur, since it is not how
much gradient there is that counts, but how much of it goes.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Rule of the field: a width needs three pixels across the crack; in narrower ones edges and noise weigh as much.
SMALLEST_WIDTH_PX = 3.0
# Smallest of the common limits for reinforced concrete in air (EN 1992-1-1 and AASHTO MBEI 1130 have 0.3 mm).
SMALLEST_LIMIT_MM = 0.3
TOO_FAR_MM_PER_PX = 0.1
# Full width at half maximum of a Gaussian, in sigmas: what a hairline appears as, however thin it is.
FWHM_SIGMAS = 2.355

# 192 blocks are 0.8 megapixels at native resolution, whatever the photo has.
BLOCK_PX, MAX_BLOCKS = 64, 192
# Blocks overlap their neighbours' pixels when blurred in one go; two sigmas of the widest blur are left out.
MARGIN_PX = 8
# Sigmas of the second blurs. 1 and 2 px see blur below 3 px best, 2 and 4 px what noise hides from those.
SECOND_BLURS_PX = (1.0, 2.0, 4.0)
# The steepest 0.5 % of a block's pixels stand for its edges, the steepest tenth of the blocks for the photo.
EDGE_QUANTILE, EDGE_BLOCKS, FEWEST_BLOCKS = 0.995, 0.1, 3
# Of those the sharper ones: shadows, stains and glare are soft in a sharp photo too.
SHARP_QUANTILE = 0.25
# Grey levels a pixel, after a blur of 1 px: less is rounding, no edge.
FLAT_GRADIENT = 0.5
# Edges in concrete are pits and thin lines, which lose more than a step does. On 800 real photos blurred by
# 1 to 3 px the formula for a step reads 1 / 1.3 of the truth.
STEP_BIAS = 1.3
LARGEST_SIGMA_PX = 10.0
# Fewer than 1 of 100 real photos are above, 98 of 100 are once blurred by 3 px or more; at 2 px a hairline appears
# 4.7 px wide.
BLURRED_SIGMA_PX = 2.0

EXPOSURE_SAMPLES = 250_000
# 8-bit levels. sRGB 16 is 0.5 % of white, where noise and JPEG leave no gradation; 250 and above is clipped or nearly.
BLACK, WHITE = 16, 250
# Where a quarter of the photo is without gradation, that much of the surface was not seen.
LARGEST_LOST_SHARE = 0.25
# sRGB 40 is 2 % of white: concrete, which reflects 20 to 50 %, is three stops too dark. The darkest of 1,100 real
# photos has 46.
DARK_MEDIAN = 40


@dataclass(frozen=True)
class Quality:
    """What a photo can show.

    Attributes:
        blur_sigma_px: standard deviation of the Gaussian that blurs the strongest edges, 0 to LARGEST_SIGMA_PX,
            which also stands for a photo without any edge. On real photos blurred by 1, 2 and 3 px the median
            reads 1.0, 2.0 and 3.0; nine of ten blurred by 3 px read 2.3 to 4.0. Noise makes it read less.
        sharpness: share of its contrast that a crack of SMALLEST_WIDTH_PX keeps under that blur, 0 to 1.
        luminance_median: 8-bit level, 0 to 255 (ITU-R BT.601 weights).
        black_share, white_share: of the pixels, at most BLACK and at least WHITE.
        smallest_measurable_width_px: SMALLEST_WIDTH_PX, or what a hairline appears as where blur is wider.
        smallest_measurable_width_mm: the same by the scale; None without one.
        warnings: any of `blurred`, `underexposed`, `overexposed`, `too-far`, in this order. Each says that cracks
            may be there and not be found.
    """

    blur_sigma_px: float
    sharpness: float
    luminance_median: float
    black_share: float
    white_share: float
    smallest_measurable_width_px: float
    smallest_measurable_width_mm: float | None
    warnings: tuple[str, ...]


def assess(photo: NDArray[np.uint8], mm_per_px: float | None) -> Quality:
    """Judge a photo, uint8 [H, W, 3] RGB, by a sample of its pixels at native resolution.

    `mm_per_px`, above 0, is its scale; None where there is none, and nothing is said of distance. A photo counts as
    too far where SMALLEST_WIDTH_PX are more than SMALLEST_LIMIT_MM.
    """
    sigma = _blur_sigma_px(photo)
    median, black, white = _exposure(photo)
    smallest = max(SMALLEST_WIDTH_PX, FWHM_SIGMAS * sigma)
    found = {
        "blurred": sigma > BLURRED_SIGMA_PX,
        "underexposed": median < DARK_MEDIAN or black > LARGEST_LOST_SHARE,
        "overexposed": white > LARGEST_LOST_SHARE,
        "too-far": mm_per_px is not None and mm_per_px > TOO_FAR_MM_PER_PX,
    }
    return Quality(
        blur_sigma_px=sigma,
        sharpness=_contrast_kept(SMALLEST_WIDTH_PX, sigma),
        luminance_median=median,
        black_share=black,
        white_share=white,
        smallest_measurable_width_px=smallest,
        smallest_measurable_width_mm=None if mm_per_px is None else smallest * mm_per_px,
        warnings=tuple(name for name, holds in found.items() if holds),
    )


def _contrast_kept(width_px: float, sigma_px: float) -> float:
    """Darkness in the middle of a line after Gaussian blur, relative to before."""
    return math.erf(width_px / (2 * math.sqrt(2) * sigma_px)) if sigma_px else 1.0


def _exposure(photo: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Median level, share of black and share of white."""
    step = math.ceil(math.sqrt(photo.shape[0] * photo.shape[1] / EXPOSURE_SAMPLES))
    level = cv2.cvtColor(np.ascontiguousarray(photo[::step, ::step]), cv2.COLOR_RGB2GRAY)
    return float(np.median(level)), float((level <= BLACK).mean()), float((level >= WHITE).mean())


def _blur_sigma_px(photo: NDArray[np.uint8]) -> float:
    blocks = _blocks(photo)
    gradients = np.stack([_steepest(blocks, sigma) for sigma in SECOND_BLURS_PX])
    count = max(FEWEST_BLOCKS, round(EDGE_BLOCKS * gradients.shape[1]))
    edges = gradients[:, np.argsort(-gradients[1])[:count]]
    if edges[0].max() < FLAT_GRADIENT:
        return LARGEST_SIGMA_PX
    # Noise makes an edge look sharper, most of all to the narrower pair; what looks soft to either is soft.
    narrow, wide = (
        np.quantile(
            _step_sigmas(edges[i], edges[i + 1], *SECOND_BLURS_PX[i : i + 2]), SHARP_QUANTILE
        )
        for i in (0, 1)
    )
    return min(STEP_BIAS * float(max(narrow, wide)), LARGEST_SIGMA_PX)


def _step_sigmas(before: Floats, after: Floats, one: float, other: float) -> Floats:
    """Sigma of the blur that was there, from the gradients of a step edge after blurs of `one` and `other`.

    The gradient of a step blurred by s and t is as 1 / sqrt(s^2 + t^2), so the ratio of two gradients
    q = before / after gives s^2 = (other^2 - q^2 one^2) / (q^2 - 1). 0 where it falls off faster than any step.
    """
    squared = np.maximum(before / np.maximum(after, 1e-6), 1 + 1e-6) ** 2
    variance = (other**2 - squared * one**2) / (squared - 1)
    return np.asarray(np.sqrt(np.clip(variance, 0, LARGEST_SIGMA_PX**2)), np.float64)


def _blocks(photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luminance, [blocks * BLOCK_PX, BLOCK_PX], of up to MAX_BLOCKS blocks spread over the photo, stacked."""
    short = [max(BLOCK_PX - side, 0) for side in photo.shape[:2]]
    if any(short):
        photo = np.pad(photo, ((0, short[0]), (0, short[1]), (0, 0)), mode="reflect")
    height, width = photo.shape[:2]
    rows, columns = height // BLOCK_PX, width // BLOCK_PX
    thinning = max(1.0, math.sqrt(rows * columns / MAX_BLOCKS))
    rows = min(max(1, int(rows / thinning)), MAX_BLOCKS)
    columns = min(max(1, int(columns / thinning)), MAX_BLOCKS)
    stacked = np.concatenate(
        [
            photo[top : top + BLOCK_PX, left : left + BLOCK_PX]
            for top in np.linspace(0, height - BLOCK_PX, rows).astype(int)
            for left in np.linspace(0, width - BLOCK_PX, columns).astype(int)
        ]
    )
    return cv2.cvtColor(stacked, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _steepest(blocks: NDArray[np.float32], sigma: float) -> Floats:
    """Gradient [blocks], levels a pixel, that EDGE_QUANTILE of each block stays below after a blur."""
    blurred = cv2.GaussianBlur(blocks, (0, 0), sigma)
    across = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, ksize=1)
    down = cv2.Sobel(blurred, cv2.CV_32F, 0, 1, ksize=1)
    # Differences over two pixels, hence half.
    gradient = cv2.magnitude(across, down).reshape(-1, BLOCK_PX, BLOCK_PX) / 2
    inner = gradient[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX].reshape(len(gradient), -1)
    place = int(EDGE_QUANTILE * inner.shape[1])
    return np.partition(inner, place, axis=1)[:, place].astype(np.float64)
