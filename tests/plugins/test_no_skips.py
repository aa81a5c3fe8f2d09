"""The plugin itself, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parent

TESTS = """
import pytest

def test_skips():
    pytest.skip("no sound card")

@pytest.mark.skip(reason="no browser")
def test_is_skipped():
    pass

@pytest.mark.xfail
def test_is_expected_to_fail():
    assert False

def test_passes():
    pass
"""
MODULE = "import pytest; pytest.skip('no network', allow_module_level=True)"


@pytest.mark.slow
def test_a_skip_fails_and_says_what_was_missing(tmp_path: Path) -> None:
    (tmp_path / "test_tests.py").write_text(TESTS)
    (tmp_path / "test_module.py").write_text(MODULE)
    options = ["-p", "no:cacheprovider", "-p", "no_skips", "-ra"]
    options += ["--continue-on-collection-errors", f"--rootdir={tmp_path}"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        cwd=PLUGINS,  # where `-m` finds the plugin
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    for missing in ("no sound card", "no browser", "no network"):
        assert f"forbidden here: Skipped: {missing}" in run.stdout
    # pytest calls a failure outside of a test's own code, as a mark's, an error.
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in run.stdout
