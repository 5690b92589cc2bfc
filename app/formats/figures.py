"""The figures of a crack as one flat row, for forms that know no nesting, under the API's own names."""

from collections.abc import Callable, Mapping

from app import schemas

Figure = str | int | float | None


def _width(
    widths: Callable[[schemas.Crack], schemas.Widths | None], name: str
) -> Callable[[schemas.Crack], Figure]:
    return lambda crack: getattr(widths(crack), name, None)


# Everything but the geometry: of a box, a point or an interval each number, of the widths each as `width_mean_px`.
FIGURES: Mapping[str, Callable[[schemas.Crack], Figure]] = {
    "id": lambda crack: crack.id,
    "area_px": lambda crack: crack.area_px,
    "bbox_x_px": lambda crack: crack.bbox_px[0],
    "bbox_y_px": lambda crack: crack.bbox_px[1],
    "bbox_width_px": lambda crack: crack.bbox_px[2],
    "bbox_height_px": lambda crack: crack.bbox_px[3],
    "length_px": lambda crack: crack.length_px,
    **{
        f"width_{name}_px": _width(lambda crack: crack.width_px, name)
        for name in schemas.Widths.model_fields
    },
    "max_width_at_x_px": lambda crack: crack.max_width_at_px[0],
    "max_width_at_y_px": lambda crack: crack.max_width_at_px[1],
    "orientation_deg": lambda crack: crack.orientation_deg,
    "mean_probability": lambda crack: crack.mean_probability,
    "branch_count": lambda crack: crack.branch_count,
    "junction_count": lambda crack: crack.junction_count,
    "tortuosity": lambda crack: crack.tortuosity,
    "flags": lambda crack: " ".join(crack.flags),
    "area_mm2": lambda crack: crack.area_mm2,
    "length_mm": lambda crack: crack.length_mm,
    "scale_uncertainty": lambda crack: crack.scale_uncertainty,
    **{
        f"width_{name}_mm": _width(lambda crack: crack.width_mm, name)
        for name in schemas.Widths.model_fields
    },
    "width_interval_low_mm": lambda crack: crack.width_interval_mm and crack.width_interval_mm[0],
    "width_interval_high_mm": lambda crack: crack.width_interval_mm and crack.width_interval_mm[1],
}


def figures(crack: schemas.Crack) -> dict[str, Figure]:
    """All of them by name; None where JSON has null."""
    return {name: figure(crack) for name, figure in FIGURES.items()}
