"""Arrays that are larger than what is read at once."""

import numpy as np
import pytest

import opiscli


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_array_of_an_archive_may_have_more_than_a_list_of_members(tmp_path, save):
    rows = np.random.default_rng(0).normal(size=(9000, 24))
    labels = np.repeat(np.arange(900), 10)
    save(tmp_path / "e.npz", embedding=rows, label=labels)
    found = opiscli.read_embeddings(str(tmp_path / "e.npz"))
    assert found.n_items == 9000
