"""Python code in a process of its own, for what could end or hang the one that tests run in."""

import json
import os
import subprocess
import sys
import textwrap
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import skbackprop

__all__ = ["dask_cluster", "run_script"]


def run_script(script, timeout=120):
    """Run code that finds the package; return the lines it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _environment():
    """What a process needs to find the package where the tests have found it."""
    package = Path(skbackprop.__file__).parent.parent
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


@contextmanager
def dask_cluster(folder, n_workers=2):
    """A scheduler and workers begun from the command line, as on several machines.

    Yields the scheduler's address and the processes, the scheduler's first. They are on the
    loopback device, on ports that are free, and are ended with the block; should the tests
    be killed, they end by themselves.
    """
    common = ["--no-dashboard", "--host", "127.0.0.1"]
    file = folder / "scheduler.json"
    one = ["--nthreads", "1", "--no-nanny", "--memory-limit", "1GB"]
    one += ["--death-timeout", "60"]
    with ExitStack() as running:

        def start(name, *arguments):
            log = running.enter_context(open(folder / f"{name}.log", "w"))
            command = [sys.executable, "-m", "dask", *name.split("-")[:1], *arguments, *common]
            environment = _environment() | {"OMP_NUM_THREADS": "1"}
            process = subprocess.Popen(
                command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
            )
            running.callback(process.wait, timeout=30)
            running.callback(process.kill)
            return process

        processes = [
            start(
                "scheduler", "--port", "0", "--scheduler-file", str(file), "--idle-timeout", "300"
            )
        ]
        for i in range(n_workers):
            local = ["--local-directory", str(folder / f"worker-{i}")]
            processes.append(start(f"worker-{i}", "--scheduler-file", str(file), *local, *one))
        deadline = time.monotonic() + 60
        while not file.exists():
            assert processes[0].poll() is None, (folder / "scheduler.log").read_text()
            assert time.monotonic() < deadline, "The scheduler has not begun in 60 seconds."
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"], processes
