"""Makes the pictures of the README, small enough to be read with it.

All are of the sample data but one: the toy needs the set digits64 in the folder OPIS_DATA, and
is left as it is without.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
WORDNET = HERE.parent / "sample_data" / "wordnet.parquet"
COLOURS = 128
TEST = ("--where", "split=test")
PICTURES = {
    "curves": ("plot-curves", WORDNET, "--highlight", "worst:3"),
    "classes": ("plot-classes", WORDNET, "--far", "0.01"),
    "distances": ("plot-distances", WORDNET),
    "tuned": ("plot-curves", WORDNET, "{folder}/tuned.parquet", *TEST),
}


def main() -> None:
    """Draw each picture with the command and reduce it to a palette."""
    with tempfile.TemporaryDirectory() as folder:
        head, tuned = f"{folder}/head.safetensors", f"{folder}/tuned.parquet"
        opis("finetune", WORDNET, "--where", "split=train", "-o", head)
        opis("project", WORDNET, "--head", head, "-o", tuned)
        for name, argv in PICTURES.items():
            drawn = Path(folder) / f"{name}.png"
            opis(*(str(part).format(folder=folder) for part in argv), "-o", drawn)
            keep(drawn, name)
        data = os.environ.get("OPIS_DATA")
        if data is None:
            sys.stderr.write("no OPIS_DATA: the toy picture is left as it is\n")
            return
        drawn = Path(folder) / "toy.png"
        subprocess.run(
            [sys.executable, HERE / "toy_picture.py", Path(data) / "digits64.parquet", drawn],
            check=True,
        )
        keep(drawn, "toy")


def opis(*argv: object) -> None:
    """Run a command quietly."""
    subprocess.run(
        [sys.executable, "-m", "opiscli", *map(str, argv)], check=True, stdout=subprocess.DEVNULL
    )


def keep(drawn: Path, name: str) -> None:
    """Put a picture where the README looks for it, with a palette of few colours."""
    picture = (
        Image.open(drawn)
        .convert("RGB")
        # The octree keeps light greys grey; a maximum of coverage turns them into hues.
        .quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    )
    picture.save(HERE / "pictures" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
