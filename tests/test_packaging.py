"""What is installed is what was tested: locks, images and documents agree with the program.

No container engine is needed. The Dockerfile is read as instructions, and its install commands
are run as they stand, but in a virtual environment.
"""

import json
import os
import re
import shlex
import subprocess
import tomllib
import venv
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from app.settings import Settings

ROOT = Path(__file__).parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
MARKER_PLATFORMS = [
    {"sys_platform": "linux", "platform_machine": "x86_64", "platform_system": "Linux"},
    {"sys_platform": "linux", "platform_machine": "aarch64", "platform_system": "Linux"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "platform_system": "Darwin"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "platform_system": "Windows"},
]
ENVIRONMENT_NAMES = {f"HAIRLINE_{name.upper()}" for name in Settings.model_fields}


@dataclass(frozen=True)
class Stage:
    """One FROM of the Dockerfile: its own instructions after those of the stage below it."""

    name: str
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def last(self, keyword: str) -> str:
        return [rest for word, rest in self.instructions if word == keyword][-1]

    def environment(self) -> dict[str, str]:
        pairs = [rest for word, rest in self.instructions if word == "ENV"]
        return dict(entry.split("=", 1) for rest in pairs for entry in shlex.split(rest))

    def pip_commands(self) -> list[list[str]]:
        """The arguments after `python -m pip` of every RUN that calls it."""
        runs = [shlex.split(rest) for word, rest in self.instructions if word == "RUN"]
        return [run[run.index("pip") + 1 :] for run in runs if "pip" in run]


def read_dockerfile() -> dict[str, Stage]:
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    stages: dict[str, Stage] = {}
    current = Stage("", "")
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        keyword, _, rest = line.strip().partition(" ")
        if keyword == "FROM":
            base, _, name = rest.partition(" AS ")
            inherited = stages[base].instructions if base in stages else []
            current = stages[name] = Stage(name, base, list(inherited))
        elif keyword:
            current.instructions.append((keyword, rest))
    return stages


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return read_dockerfile()


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def locked(lock: Path) -> list[Requirement]:
    """The requirements of a lock, without their hashes."""
    logical_lines = re.sub(r"\\\n\s*", "", lock.read_text()).splitlines()
    lines = [line.split(" --hash")[0] for line in logical_lines if re.match(r"\w", line)]
    return [Requirement(line) for line in lines]


def names_on(lock: Path, platform: dict[str, str]) -> set[str]:
    return {
        requirement.name
        for requirement in locked(lock)
        if requirement.marker is None or requirement.marker.evaluate(platform)
    }


# The locks


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_pins_and_hashes_everything_and_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    logical_lines = re.sub(r"\\\n\s*", "", text).splitlines()
    requirements = [line for line in logical_lines if line and not line.lstrip().startswith("#")]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)? --hash=sha256:[0-9a-f]{64}", requirement)
    assert "://" not in text
    assert "torch" not in {requirement.name for requirement in locked(lock)}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
@pytest.mark.parametrize(
    "platform", MARKER_PLATFORMS, ids=lambda p: f"{p['sys_platform']}-{p['platform_machine']}"
)
def test_no_environment_holds_two_runtimes(lock: Path, platform: dict[str, str]) -> None:
    names = names_on(lock, platform)
    assert not {"onnxruntime", "onnxruntime-gpu"} <= names
    assert "tensorflow" not in names or not any(name.startswith("nvidia-") for name in names)


@pytest.mark.parametrize("name", ["serve", "serve-cpu", "cuda"])
def test_what_serves_holds_no_training_framework(name: str) -> None:
    names = {requirement.name for requirement in locked(ROOT / "requirements" / f"{name}.txt")}
    assert names.isdisjoint({"tensorflow", "keras", "tf2onnx", "matplotlib", "pillow-heif"})


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_what_reports_its_use_is_left_out(lock: Path) -> None:
    assert "openvino-telemetry" not in {pin.name for pin in locked(lock)}


def test_every_lock_was_made_from_the_present_pyproject() -> None:
    """A dependency that was added, or a bound that was raised, must have reached the locks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    inputs = {
        "serve": [],
        "serve-cpu": extras["openvino"],
        "cuda": extras["cuda"],
        "train": extras["train"],
        "test": [line for extra in ("train", "openvino", "heif", "dev") for line in extras[extra]],
    }
    for name, additional in inputs.items():
        pins = {
            pin.name: str(pin.specifier)[2:] for pin in locked(ROOT / f"requirements/{name}.txt")
        }
        for line in [*project["dependencies"], *additional]:
            wanted = Requirement(line)
            if wanted.name == "onnxruntime-gpu" and name in {"serve-cpu", "train"}:
                continue
            assert wanted.specifier.contains(pins[wanted.name]), (
                f"{line} in {name}.txt: run `make lock`"
            )


# The Dockerfile


def test_each_image_installs_a_lock_and_then_the_project_alone(stages: dict[str, Stage]) -> None:
    for image, lock in {"cpu": "serve-cpu", "train": "train", "cuda": "cuda"}.items():
        dependencies, project = stages[image].pip_commands()
        assert dependencies == [
            "install", "--require-hashes", "--no-deps", "--requirement", f"/requirements/{lock}.txt"
        ]  # fmt: skip
        assert (ROOT / "requirements" / f"{lock}.txt").is_file()
        assert project == ["install", "--no-deps", "--no-build-isolation", "/source"]


def test_a_plain_docker_build_makes_the_cuda_image(stages: dict[str, Stage]) -> None:
    assert list(stages)[-1] == "cuda"


def test_no_image_runs_as_root(stages: dict[str, Stage]) -> None:
    uid = re.search(r"--uid (\d+)", stages["base"].last("RUN"))
    assert uid
    for image in ("cpu", "train", "cuda"):
        keywords = [word for word, _ in stages[image].instructions]
        assert stages[image].last("USER") == f"{uid[1]}:{uid[1]}"
        assert "RUN" not in keywords[keywords.index("USER") :]


@pytest.mark.parametrize("image", ["cpu", "cuda"])
def test_an_image_starts_the_service_with_settings_that_exist(
    stages: dict[str, Stage], image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = stages[image]
    variables = {k: v for k, v in stage.environment().items() if k.startswith("HAIRLINE_")}
    assert variables.keys() <= ENVIRONMENT_NAMES
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    settings = Settings()
    assert settings.host == "0.0.0.0"  # noqa: S104 - inside a container this is its own network alone
    assert settings.device == image
    assert stage.last("EXPOSE") == str(settings.port) == str(Settings.model_fields["port"].default)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert json.loads(stage.last("ENTRYPOINT"))[0] in scripts
    assert json.loads(stage.last("CMD")) == ["serve"]


def test_the_health_check_is_a_program_that_asks_healthz(stages: dict[str, Stage]) -> None:
    _, _, command = stages["cpu"].last("HEALTHCHECK").partition("CMD ")
    python, dash_c, program = json.loads(command)
    assert (python, dash_c) == ("python", "-c")
    compile(program, "HEALTHCHECK", "exec")
    assert "/healthz" in program
    assert set(re.findall(r"HAIRLINE_\w+", program)) <= stages["cpu"].environment().keys()


def test_the_builder_is_given_what_the_wheel_needs() -> None:
    admitted = {
        line[1:].split("/")[0]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    included = {
        pattern.strip("/").split("/")[0]
        for pattern in project["tool"]["hatch"]["build"]["targets"]["wheel"]["include"]
    }
    files = {project["project"]["readme"], *project["project"]["license-files"]}
    assert admitted == included | files | {"pyproject.toml", "requirements"}


# Compose


@pytest.mark.parametrize(("service", "target"), [("hairline", "cuda"), ("hairline-cpu", "cpu")])
def test_a_compose_service_builds_and_confines_its_image(
    compose: dict, stages: dict[str, Stage], service: str, target: str
) -> None:
    description = compose["services"][service]
    assert description["build"]["target"] == target
    assert description["profiles"] == [target]
    assert description["ports"] == [f"127.0.0.1:8000:{stages[target].last('EXPOSE')}"]
    assert description["read_only"] is True
    assert description["cap_drop"] == ["ALL"]
    home = re.search(r"--home-dir (\S+)", stages["base"].last("RUN"))
    assert home
    assert description["tmpfs"] == [home[1]]
    asks_for_gpu = "deploy" in description
    assert asks_for_gpu == (target == "cuda")


def test_compose_up_alone_means_the_gpu(compose: dict) -> None:
    assert "COMPOSE_PROFILES=cuda" in (ROOT / ".env").read_text().splitlines()
    devices = compose["services"]["hairline"]["deploy"]["resources"]["reservations"]["devices"]
    assert devices == [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]


# The documents


@pytest.mark.parametrize("document", ["README.md", "docker-compose.yml", "Dockerfile"])
def test_a_document_names_only_settings_that_exist(document: str) -> None:
    named = set(re.findall(r"HAIRLINE_[A-Z_]*[A-Z]", (ROOT / document).read_text()))
    assert named <= ENVIRONMENT_NAMES


def test_the_readme_names_every_setting_and_the_floor_of_the_gpu() -> None:
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall(r"HAIRLINE_[A-Z_]*[A-Z]", readme)) >= ENVIRONMENT_NAMES
    assert "make serve" in readme
    assert "make test" in readme
    assert re.search(r"\b580\b", readme)
    assert "Turing" in readme


# The same commands in a clean environment


def run(*command: str | Path, environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_commands_of_the_cpu_image_install_a_service_that_starts(
    stages: dict[str, Stage], tmp_path: Path
) -> None:
    """The steps of the target `cpu`, from an empty environment to the list of its models."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    ours = ("HAIRLINE_", "PYTHON")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
        **{k: v for k, v in stages["cpu"].environment().items() if k.startswith(ours)},
    }
    for arguments in stages["cpu"].pip_commands():
        here = [re.sub("^/source|^/(?=requirements)", f"{ROOT}/", word) for word in arguments]
        run(python, "-m", "pip", *here, environment=environment, folder=tmp_path)

    command = tmp_path / "venv/bin/hairline"
    assert "serve" in run(command, "--help", environment=environment, folder=tmp_path)
    for absent in ("tensorflow", "keras", "onnxruntime_gpu"):
        probe = f"import importlib.util; assert importlib.util.find_spec({absent!r}) is None"
        run(python, "-c", probe, environment=environment, folder=tmp_path)

    (models,) = (tmp_path / "venv/lib").glob("python*/site-packages/models")
    shipped = {path.name for path in models.iterdir()}
    assert shipped == {path.name for path in (ROOT / "models").glob("*.onnx")} | {"README.md"}
    for model in (ROOT / "models").glob("*.onnx"):
        name = model.name.partition(".")[0]  # unet.int8.onnx is a form of unet
        assert name in run(command, "models", environment=environment, folder=tmp_path)
