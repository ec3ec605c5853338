"""The examples of the gallery, which lie in one folder for each section."""

from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PATHS = {path.stem: path for path in sorted(EXAMPLES.rglob("plot_*.py"))}
