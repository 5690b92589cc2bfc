"""The failures that Hadinata et al. (2021) name, as figures: what `python -m training failures` measures.

Surface voids taken for cracks (their Figure 16), thin cracks missed (Figures 17 and 18), coarse edges (Figure 15),
and what else resembles a crack: on photos drawn from seeds that training never draws, through the serving code. The
generator is the one that training draws from, other photos of it: compare models by these figures, and read the real
masks for what a wall does.

One JSON file a model. Beside `model`, `threshold` (the model's own), `command`, `commit`, `seed` (of the intervals),
`split` and `rows` (real photos: their count and hash) it holds lists of flat rows. In each row `photos` says what was
looked at; shares are 0 to 1; a figure that nothing speaks for is null.

`drawn`: `photos`, `count`, `first_seed`, `last_seed`: what was drawn (training.failures.photos).

`voids`: by radius, above `from_px` up to `to_px` (null: no bound); `photos` is `voids` (no crack in them) or `cracks`
(voids at least 10 px away from any). `voids`: how many; `touched`: share of them with any pixel called crack;
`taken`: with half of their pixels or more.

`false_alarms`: a row for each kind of drawn photo. `false_pixels`: share of the pixels (on `cracks`, of those farther
than 10 px from a crack); `photos_with_detection`, `photos_with_large_detection`: share of photos with a false pixel,
with a false component over 50 px; `on_voids`: share of the false pixels within 2 px of a void, `void_area`: share of
all pixels that lie so. The `nothing` photos are the same walls as those of every look-alike.

`recall`: share of true crack pixels within 2 px of a predicted one; `photos` is `drawn` or a source. `by` is `all`,
`width`, `contrast` or `width and contrast`; a class lies above `width_from_px` up to `width_to_px`, above
`contrast_from` up to `contrast_to` (null: any). `pixels`, `count`: true pixels and photos in the class; `low`,
`high`: 95 % interval by redrawing the photos.

`edges`: on stretches of crack that were found (a predicted pixel within 2 px of the true skeleton); `by` is `all` or
`width`. `pixels`: true pixels there; `area_error`: predicted / true - 1, with the predicted pixels within 10 px;
`contour_px`: average symmetric distance of the contours, 10 px at most each; `width_error_px`, `width_bias_px`: mean
absolute and mean difference between the measured and the drawn width (null for real masks, whose width nobody knows
that well).

Drawn widths are exact. A prediction that is the drawn cover itself has a `width_error_px` of 0.1 to 0.2 up to 3 px
wide, of 0.3 to 1.0 on wider, ragged cracks, and 0 to 0.002 px of contour from 1 px on: the floor under a network's.
On real masks the width of a pixel is twice the distance transform at the nearest pixel of the mask's skeleton: a line
one pixel wide counts as 2 px.
"""
