"""A service to be measured: a process of its own."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(
    model: str, device: str = "auto", models_dir: Path = Path("models")
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The service as a process of its own, ready, on a free port."""
    command = [
        sys.executable,
        "-c",
        "import sys; from app.cli import main; sys.exit(main())",
        "serve",
    ]
    flags = ["--port", "0", "--device", device, "--models-dir", str(models_dir)]
    with subprocess.Popen(  # noqa: S603  (this program's own package)
        [*command, *flags, "--default-model", model, "--request-timeout-s", "3600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout  # noqa: S101  (for the reader: a pipe was asked for)
            said = next(each for each in process.stdout if each.startswith("Hairline: "))
            url = said.removeprefix("Hairline: ").removesuffix("/\n")
            while not is_ready(url):
                time.sleep(0.1)
            yield url, process
        finally:
            process.terminate()


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/readyz", timeout=10):  # noqa: S310
            return True
    except OSError:
        return False
