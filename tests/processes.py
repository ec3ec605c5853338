"""Python code in a process of its own, for what could end or hang the one that tests run in."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import skbackprop

__all__ = ["run_script"]


def run_script(script, timeout=120):
    """Run code that finds the package; return the lines it prints."""
    package = Path(skbackprop.__file__).parent.parent
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
