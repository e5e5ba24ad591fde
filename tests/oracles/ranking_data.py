"""Data that never changes: from an integer generator that is written out."""

import numpy as np


def make(seed, n_items, dims, n_classes):
    """Return clusters that overlap, in classes of uneven size."""
    state, numbers = seed, []
    for _ in range(n_items * (dims + 1)):
        state = (6364136223846793005 * state + 1442695040888963407) % 2**64
        numbers.append(state >> 40)
    drawn = np.array(numbers, dtype=np.float64).reshape(n_items, dims + 1) / 2**24
    labels = (n_classes * drawn[:, 0] ** 1.5).astype(np.int64)
    centres = np.sin(np.outer(labels + 1, np.arange(1, dims + 1)) * 1.7)
    return (centres + 3 * (drawn[:, 1:] - 0.5)).astype(np.float32), labels
