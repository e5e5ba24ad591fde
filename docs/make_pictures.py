"""Makes the pictures of the README from the sample data, small enough to be read with it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
WORDNET = HERE.parent / "sample_data" / "wordnet.parquet"
COLOURS = 64
PICTURES = {
    "curves": ("plot-curves", "--highlight", "worst:3"),
    "classes": ("plot-classes", "--far", "0.01"),
    "distances": ("plot-distances",),
}


def main() -> None:
    """Draw each picture with the command and reduce it to a palette."""
    with tempfile.TemporaryDirectory() as folder:
        for name, (command, *options) in PICTURES.items():
            drawn = Path(folder) / f"{name}.png"
            argv = [sys.executable, "-m", "opiscli", command, WORDNET, *options, "-o", drawn]
            subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
            picture = (
                Image.open(drawn)
                .convert("RGB")
                .quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
            )
            picture.save(HERE / "pictures" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
