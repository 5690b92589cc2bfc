"""Photos of concrete drawn by program, with cracks of exactly known centreline and width."""

from training.synthetic.demo import demo_photo
from training.synthetic.geometry import draw_line, draw_polyline
from training.synthetic.recipe import CrackTruth, Scene, SceneRecipe, VoidTruth
from training.synthetic.scene import draw_scene

__all__ = [
    "CrackTruth",
    "Scene",
    "SceneRecipe",
    "VoidTruth",
    "demo_photo",
    "draw_line",
    "draw_polyline",
    "draw_scene",
]
