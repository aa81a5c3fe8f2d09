"""What users install: built as they do it, and imported from nothing but the wheel."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from collections import Counter
from email import message_from_string
from email.message import Message
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "voxpipe"

# Runs with `-I`, so neither the working directory nor PYTHONPATH gives it anything, and
# imports each module in a process of its own, so that none leans on another's imports.
# That process is forked off one with the package around it, which is imported first
# wherever one begins.
IMPORT_ALL = """
import contextlib, importlib, importlib.abc, json, os, sys
unpacked, modules, foreign = json.load(sys.stdin)
sys.path.insert(0, unpacked)

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in foreign:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for name in modules:  # what others wrote is loaded once, for all
    with contextlib.suppress(Exception):
        importlib.import_module(name)
for name in [name for name in sys.modules if name.split(".")[0] == "voxpipe"]:
    del sys.modules[name]

def import_within(package):
    for name in modules:
        if name.rpartition(".")[0] != package:
            continue
        if os.fork():
            os.wait()
            continue
        try:
            module = importlib.import_module(name)
            assert module.__file__.startswith(unpacked), module.__file__
            print("imported", flush=True)
        except BaseException as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
        import_within(name)
        os._exit(0)

import_within("")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, the wheel made from it, and one made from the tree."""
    folder = tmp_path_factory.mktemp("built")
    _build("--outdir", str(folder))
    _build("--wheel", "--outdir", str(folder / "direct"))
    return folder


def _build(*options: str, tree: Path = ROOT) -> None:
    # Without isolation: hatchling is installed, and tests need no network.
    build = [sys.executable, "-m", "build", "--no-isolation", *options, str(tree)]
    run = subprocess.run(build, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def _wheel(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def _names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as file:
        return file.namelist()


def _files_of_the_package() -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    names = [name for name in _names(_wheel(built)) if ".dist-info/" not in name]
    assert set(names) == _files_of_the_package()
    assert "voxpipe/py.typed" in names
    folders = {name.rpartition("/")[0] for name in names if name.endswith(".py")}
    assert not [folder for folder in folders if f"{folder}/__init__.py" not in names]


def test_nothing_is_in_there_twice_although_the_root_has_links(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        members = sdist.getnames()
    for names in (members, _names(_wheel(built))):
        assert not [name for name, times in Counter(names).items() if times > 1]
    tops = {name.split("/")[1] for name in members if "/" in name}
    assert not tops & {"pipeline", "processors", "transports"}
    assert "voxpipe" in tops


def test_the_source_is_enough_to_test_it_again(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.split("/", 1)[-1] for name in sdist.getnames()}
    assert _files_of_the_package() <= names
    assert {"LICENSE", "README.md", "CHANGELOG.md", "Makefile", ".ci/setup"} <= names
    assert {"tests/conftest.py", "tests/test_packaging.py"} <= names


def test_the_wheel_is_the_same_from_the_tree_and_from_the_sdist(built: Path) -> None:
    direct, via_sdist = _wheel(built / "direct"), _wheel(built)
    with zipfile.ZipFile(direct) as one, zipfile.ZipFile(via_sdist) as other:
        assert {i.filename: i.CRC for i in one.infolist()} == {
            i.filename: i.CRC for i in other.infolist()
        }


def test_the_metadata_says_what_pypi_shows(built: Path) -> None:
    wheel = _wheel(built)
    with zipfile.ZipFile(wheel) as file:
        (metadata,) = (n for n in file.namelist() if n.endswith("dist-info/METADATA"))
        text = file.read(metadata).decode()
        licences = [n for n in file.namelist() if "dist-info/licenses" in n]
    assert "License-Expression: MIT" in text
    assert "Requires-Python: >=3.11" in text
    assert licences


@pytest.mark.slow
def test_every_module_imports_from_the_wheel_with_nothing_but_what_it_declares(
    built: Path,
) -> None:
    wheel = _wheel(built)
    modules = _modules(wheel)
    assert "voxpipe.pipeline" in modules
    unpacked = built / "unpacked"
    with zipfile.ZipFile(wheel) as file:
        file.extractall(unpacked)
    order = json.dumps([str(unpacked), modules, sorted(_not_declared())])
    run = subprocess.run(
        [sys.executable, "-I", "-c", IMPORT_ALL],
        input=order,
        capture_output=True,
        text=True,
        check=False,
        cwd=built,
    )
    told = run.stdout.splitlines()
    assert len(told) == len(modules), run.stderr
    failures = [line for line in told if line != "imported"]
    # What an extra is for may refuse to be imported, if it says how to get it.
    cured = re.compile(r"ImportError: .*voxpipe\[\w+\]")
    assert not [line for line in failures if not cured.search(line)]


def _modules(wheel: Path) -> list[str]:
    return sorted(
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in _names(wheel)
        if name.endswith(".py") and not name.endswith("__main__.py")
    )


def _not_declared() -> set[str]:
    """Importable names that neither voxpipe nor anything it requires has brought."""
    declared = _closure("voxpipe")
    return {
        module
        for module, owners in packages_distributions().items()
        if not declared & {_normal(owner) for owner in owners}
    }


def _closure(name: str) -> set[str]:
    found: set[str] = set()
    wanted = [name]
    while wanted:
        name = _normal(wanted.pop())
        if name in found:
            continue
        found.add(name)
        for line in distribution(name).requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name)
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def released(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel from a clone of a public repository, by way of an sdist."""
    clone = tmp_path_factory.mktemp("clone")
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        sdist.extractall(clone, filter="data")
    (tree,) = clone.iterdir()
    (tree / "PKG-INFO").unlink()
    for git in (
        ["init"],
        ["remote", "add", "origin", "git@example.com:we/voxpipe.git"],
    ):
        subprocess.run(["git", "-C", tree, *git], capture_output=True, check=True)
    _build("--outdir", str(clone), tree=tree)
    return _wheel(clone)


ADDRESS = "https://example.com/we/voxpipe"


@pytest.mark.slow
def test_what_is_released_leads_to_where_it_was_cloned_from(released: Path) -> None:
    metadata = _metadata(released)
    urls = dict(url.split(", ") for url in metadata.get_all("Project-URL", []))
    assert urls.keys() == {"Source", "Documentation", "Changelog", "Security"}
    assert urls["Source"] == ADDRESS
    readme = metadata.get_payload()
    assert isinstance(readme, str)
    assert f"({ADDRESS}/raw/HEAD/docs/page.png)" in readme
    links = set(re.findall(rf"{ADDRESS}/(?:blob|raw)/HEAD/([^)#]+)", readme))
    links |= {url.removeprefix(f"{ADDRESS}/blob/HEAD/") for url in urls.values()}
    assert len(links) > 20
    assert [link for link in links - {ADDRESS} if not (ROOT / link).exists()] == []
    own = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.sub(rf"{ADDRESS}/(?:blob|raw)/HEAD/", "", readme) == own


def test_only_what_others_find_is_an_address() -> None:
    browsed = runpy.run_path(str(ROOT / ".ci" / "metadata.py"))["browsed"]
    assert browsed("https://me:secret@example.com/we/voxpipe.git") == ADDRESS
    assert browsed("ssh://git@example.com:2222/we/voxpipe") == ADDRESS
    for nobodys in (
        "",
        "/home/me/voxpipe",
        "../voxpipe",
        "file:///home/me/x",
        "C:\\vox",
    ):
        assert browsed(nobodys) is None


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as file:
        (name,) = [each for each in file.namelist() if each.endswith("/METADATA")]
        return message_from_string(file.read(name).decode())
