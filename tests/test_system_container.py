"""The container of docs/deployment.md: built, started and called.

No registry is asked: `python:3.12-slim` is made here of this machine's own Python and
programs, which are mounted to be read, so that nothing but the venv is copied.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anyio import fail_after, open_process
from anyio.streams.text import TextReceiveStream

from voxpipe.transports.telephony.testing import FakeTwilio

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[1]
CURE = "buildah is not installed. The cure: sudo apt-get install buildah"
TOKEN = "a-token-of-twilio"
BASE = "python:3.12-slim"
# Where programs lie on Debian, and what useradd, pip and the resolver read.
LINKS = ("bin", "sbin", "lib", "lib64")
SETTINGS = (
    *("passwd", "group", "shadow", "login.defs", "pam.d", "nsswitch.conf"),
    *("ld.so.cache", "ssl", "pip.conf"),
)
AGENT = """
from voxpipe.pipeline import AudioFormat, AudioFrame, Pipeline
from voxpipe.pipeline.testing import Source

HUM = AudioFrame(data=bytes([0x10, 0x90]) * 4_000, format=AudioFormat("ulaw", 8_000))

async def answer(call):
    await Pipeline(Source([HUM]).output >> call.speaks).run()
"""


@dataclass
class Builder:
    """`buildah` with a store of its own."""

    store: Path

    def command(self, *arguments: str) -> list[str]:
        places = ("--root", str(self.store), "--runroot", str(self.store) + "-run")
        return ["buildah", *places, "--storage-driver", "vfs", *arguments]

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def build(self, tag: str, recipe: str, folder: Path) -> None:
        (folder / "Dockerfile").write_text(recipe, encoding="utf-8")
        self("bud", *here(), *for_pip(), "--tag", tag, str(folder))


def here() -> list[str]:
    """This machine's programs, its Python and its network; a container's files."""
    shared = {
        "/usr",
        sys.base_prefix,
        *(path for path in INDEXES if Path(path).exists()),
    }
    volumes = (("--volume", f"{each}:{each}:ro") for each in sorted(shared))
    isolation = ("--isolation", "chroot", "--network", "host")
    return [*isolation, *(each for volume in volumes for each in volume)]


INDEXES = ("/opt",)  # where a machine without PyPI keeps its packages


def for_pip() -> list[str]:
    names = [name for name in os.environ if name.startswith(("PIP_", "SSL_CERT"))]
    return [each for name in names for each in ("--env", f"{name}={os.environ[name]}")]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    if shutil.which("buildah") is None:
        pytest.skip(CURE)
    builder = Builder(tmp_path_factory.mktemp("containers") / "store")
    folder = tmp_path_factory.mktemp("base")
    with tarfile.open(folder / "base.tar", "w") as base:
        for name in ("usr", "tmp", "proc", "sys", "dev", "run", "home", "root"):
            base.addfile(_directory(name))
        for name in LINKS:
            if Path("/", name).is_symlink():
                base.add(f"/{name}", name)
        for name in SETTINGS:
            if Path("/etc", name).exists():
                base.add(f"/etc/{name}", f"etc/{name}")
    python = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
    builder.build(
        f"docker.io/library/{BASE}",
        "FROM scratch\nADD base.tar /\n"
        "ENV PATH=/venv/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        f"RUN {python} -m venv /venv\n",
        folder,
    )
    return builder


def _directory(name: str) -> tarfile.TarInfo:
    directory = tarfile.TarInfo(name)
    directory.type, directory.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
    return directory


@dataclass(frozen=True)
class Page:
    """What docs/deployment.md tells one to write."""

    recipe: str
    arguments: list[str]
    variables: list[str]


@pytest.fixture(scope="module")
def page() -> Page:
    text = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^```dockerfile\n(.*?)^```", text, re.M | re.S)
    # Until it is on PyPI: what stands in the second line's place.
    copy, install = re.findall(r"`((?:COPY voxpipe|RUN pip)[^`]*)`", text)
    released = 'RUN pip install --no-cache-dir "voxpipe[fast]"'
    assert recipe.count(released) == 1
    (run,) = re.findall(r"^docker run (.*) my-agent (.*)$", text, re.M)
    return Page(
        recipe.replace(released, f"{copy}\n{install}"),
        run[1].split(),
        re.findall(r"-e (\S+)", run[0]),
    )


@pytest.fixture(scope="module")
def image(
    builder: Builder, page: Page, tmp_path_factory: pytest.TempPathFactory
) -> str:
    folder = tmp_path_factory.mktemp("agent")
    (folder / "my_agent.py").write_text(AGENT, encoding="utf-8")
    clone = folder / "voxpipe"
    tracked = (
        "git",
        "ls-files",
        "-z",
        "voxpipe",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        ".ci/metadata.py",
    )
    names = subprocess.run(tracked, cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0")[:-1]:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    builder.build("my-agent", page.recipe, folder)
    return "my-agent"


async def test_the_container_of_the_documentation_is_built_and_takes_a_call(
    builder: Builder, page: Page, image: str
) -> None:
    config = json.loads(builder("inspect", "--type", "image", image))["OCIv1"]["config"]
    assert config["User"] == "agent"
    assert config["WorkingDir"] == "/app"
    assert config["StopSignal"] == "SIGTERM"
    assert config["ExposedPorts"] == {"8080/tcp": {}}
    assert page.variables == ["OPENAI_API_KEY", "TWILIO_AUTH_TOKEN"]
    async with started(builder, image, config, page.arguments) as port:
        public_url = page.arguments[page.arguments.index("--public-url") + 1]
        twilio = FakeTwilio(
            f"http://127.0.0.1:{port}", auth_token=TOKEN, public_url=public_url
        )
        async with twilio.call() as caller:
            assert (await caller.listen(pause=0.1)).duration > 0.5


@asynccontextmanager
async def started(
    builder: Builder, image: str, config: dict[str, Any], arguments: list[str]
) -> AsyncGenerator[str]:
    """The port of what the image starts, stopped as its signal says."""
    container = builder("from", image).strip()
    command = [*config["Entrypoint"], *arguments, "--port", "0", "--simulator"]
    secret = ("--env", f"TWILIO_AUTH_TOKEN={TOKEN}")
    # buildah kills what it runs when it is told to stop; an engine signals it.
    pid = ("/bin/sh", "-c", 'echo "pid $$" && exec "$@"', "sh")
    run = builder.command("run", *here(), *secret, container, "--", *pid, *command)
    with fail_after(60):
        async with await open_process(run, stderr=None) as process:
            try:
                assert process.stdout is not None
                said = ""
                async for text in TextReceiveStream(process.stdout):
                    said += text
                    if "Ctrl-C" in said:
                        break
                assert "checks    on: Twilio's signature" in said
                assert TOKEN not in said
                yield re.findall(r" at http://[\w.]+:(\d+)", said)[0]
                (entry,) = re.findall(r"^pid (\d+)$", said, re.M)
                os.kill(int(entry), getattr(signal, config["StopSignal"]))
                assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()
