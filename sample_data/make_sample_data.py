"""Makes the files of this folder from the sets they are taken from; see README.md."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Copy the WordNet sample and turn the digits into two NPY files."""
    shutil.copyfile(folder / "sample_wordnet.parquet", HERE / "wordnet.parquet")
    digits = pq.read_table(folder / "digits64.parquet")
    embeddings = digits["embedding"].combine_chunks().flatten().to_numpy().reshape(-1, 64)
    np.save(HERE / "digits.npy", embeddings)
    np.save(HERE / "digits_labels.npy", np.array(digits["label"].to_pylist()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
