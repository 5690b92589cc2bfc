"""How well a model file does on photos whose masks are known: everything behind `python -m training evaluate`."""
