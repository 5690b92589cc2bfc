"""Who may import whom, read from the sources: nothing is run."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("app/**/*.py"), *ROOT.glob("training/**/*.py")])

# Each heavy library, and the only files that may open it.
DOORS = {
    "onnxruntime": [
        "app/session.py",
        "app/half.py",  # its converter
        "training/export.py",  # compares what is no file yet
        "training/quantize.py",  # its quantizer
    ],
    "openvino": ["app/openvino_session.py"],
    "PIL": ["app/image.py"],
    "pillow_heif": ["app/image.py"],
    "scipy": [
        "app/measurement/*.py",
        "app/pattern.py",
        "training/synthetic/*.py",
        "training/calibrate.py",
    ],
    "pycocotools": ["app/run_lengths.py"],
    "reportlab": ["app/formats/report/sheet.py"],
    "prometheus_client": ["app/telemetry.py"],
    "pydantic_settings": ["app/settings.py"],
    "uvicorn": ["app/server.py"],
    "fastapi": [
        "app/main.py",
        "app/routes.py",
        "app/problems.py",
        "app/upload.py",
        "app/server.py",
        "app/page/routes.py",
        "app/protocol/routes.py",
        "app/label_studio/routes.py",
    ],
    "fastapi_swagger": ["app/main.py"],
    "starlette": [
        "app/middleware.py",
        "app/problems.py",
        "app/upload.py",
        "app/work.py",
        "app/protocol/errors.py",
    ],
    "tensorflow": ["training/export*.py"],
    "tf2onnx": ["training/export*.py"],
    "onnx": [
        "app/half.py",
        "training/export*.py",
        "training/onnx_file.py",
        "training/quantize.py",
    ],
    "matplotlib": ["training/*.py"],
    "keras": ["training/*.py"],
    "torch": ["training/normalization.py"],  # a kernel that Keras does not use
}
HTTP = {"fastapi", "starlette", "uvicorn", "http", "python_multipart"}
ONLY_TRAINING = {"training", "keras", "tensorflow", "tf2onnx", "torch", "matplotlib"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imports(path: Path) -> frozenset[str]:
    return frozenset(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    """Full names of all modules that a file imports, those inside functions as well."""
    package = name_of(path.parent).replace("/", ".")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                module = ".".join([*parents, *([module] if module else [])])
            yield module
            # `from app import tiling` imports the module app.tiling
            yield from (f"{module}.{alias.name}" for alias in node.names)


def libraries(path: Path) -> set[str]:
    return {module.split(".")[0] for module in imports(path)}


def reached(path: Path) -> set[Path]:
    """The file and all files of the project that it imports, over however many others."""
    seen: set[Path] = set()
    waiting = [path]
    while waiting:
        if (each := waiting.pop()) in seen:
            continue
        seen.add(each)
        for module in imports(each):
            place = ROOT / module.replace(".", "/")
            waiting += [f for f in (place.with_suffix(".py"), place / "__init__.py") if f.is_file()]
    return seen


ids = {"ids": name_of}


def test_there_are_sources():
    assert {"app/pipeline.py", "training/train.py"} <= {name_of(path) for path in SOURCES}


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "app")], **ids)
def test_serving_knows_nothing_of_training(path):
    assert not libraries(path) & ONLY_TRAINING


@pytest.mark.parametrize("library", DOORS)
def test_every_heavy_library_has_one_door(library):
    users = {name_of(path) for path in SOURCES if library in libraries(path)}
    assert {u for u in users if not any(fnmatch(u, door) for door in DOORS[library])} == set()


@pytest.mark.parametrize(
    "subject",
    [
        "pipeline",
        "tiling",
        "contract",
        "measurement",
        "image",
        "scale",
        "limits",
        "pattern",
        "density",
        "quality",
        "photo_metadata",
        "georeference",
    ],
)
def test_the_core_knows_nothing_of_http(subject):
    """Evaluation and command line call it; `errors` alone knows the numbers that HTTP gives to failures."""
    place = ROOT / "app" / subject
    start = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    files = reached(start) - {ROOT / "app/errors.py"}
    assert {name_of(path): libraries(path) & HTTP for path in files if libraries(path) & HTTP} == {}
    assert not {ROOT / "app/routes.py", ROOT / "app/schemas.py"} & files


def test_training_takes_no_more_of_the_service_than_its_core():
    core = {
        "contract",
        "engine",
        "errors",
        "image",
        "measurement",
        "pipeline",
        "registry",
        "session",
        "telemetry",
    }
    taken = {
        module.split(".")[1]
        for path in SOURCES
        if path.is_relative_to(ROOT / "training")
        for module in imports(path)
        if module.startswith("app.")
    }
    assert taken <= core | {"tiling"}


@pytest.mark.parametrize("path", SOURCES, **ids)
def test_a_file_is_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 300


def test_imports_are_found_wherever_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr("test_architecture.ROOT", tmp_path)
    file = tmp_path / "app" / "sub" / "module.py"
    file.parent.mkdir(parents=True)
    file.write_text(
        "import a.b as c\nfrom d import e\nfrom . import f\nfrom .g import h\nfrom ..i import j\n"
        "def k():\n    if True:\n        import l\n"
    )
    assert {"a.b", "d", "app.sub.f", "app.sub.g", "app.i", "l"} <= imports(file)
