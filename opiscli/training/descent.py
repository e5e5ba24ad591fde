"""Moves the parameters of a problem, and stops now and then to be looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np
from threadpoolctl import threadpool_limits

from opiscli.arrays import FloatingArray
from opiscli.errors import TrainingError
from opiscli.training.optimisers.adam import Adam
from opiscli.training.optimisers.lbfgs import minimise
from opiscli.training.optimisers.schedule import warm_up_and_cosine
from opiscli.training.problem import Problem
from opiscli.training.settings import Optimiser

_LOOKS = 20
_FEWEST_STEPS = 10
"""Between two looks."""

_WARM_UP = 0.1
"""Share of the steps in which the learning rate rises."""

_MARGINS_EVERY = 25
_INNER_STEPS = 10
"""Of L-BFGS on one batch."""

_LARGE = 4
"""Times as many classes are in a batch of L-BFGS, which sees few batches."""

_LARGEST = 1e4
"""No weight of a head on unit rows is as large, unless its training has come apart."""


@dataclass(slots=True)
class Position:
    """Where a training stands: all it needs to go on as if it had never stopped.

    Parameters
    ----------
    flat
        The parameters, moved in place.
    optimiser
        State of Adam; L-BFGS begins anew with each batch.
    step
        Steps taken.
    rng
        What all further draws come from.
    """

    flat: FloatingArray
    optimiser: Adam
    step: int
    rng: np.random.Generator

    @classmethod
    def at_start(cls, problem: Problem) -> "Position":
        """Before the first step."""
        rng = np.random.default_rng(problem.settings.seed)
        flat = problem.start(rng)
        return cls(flat, Adam.at_rest(flat), 0, rng)


@dataclass(frozen=True, slots=True)
class MeanLoss:
    """Means of both parts of the loss since the last look."""

    base: float
    tcm: float


def descend(problem: Problem, position: Position) -> Iterator[MeanLoss]:
    """Train to the last step; ``position`` moves along, and is at rest at each look.

    The matrix products are held to one thread: the numbers do not depend on how many
    processors there are, and products this small gain little from more.

    Raises
    ------
    TrainingError
        If the loss or a parameter grows beyond all bounds.
    """
    lbfgs = problem.settings.optimiser is Optimiser.LBFGS
    move = _lbfgs_steps if lbfgs else _adam_steps
    n_steps = problem.settings.steps
    stride = max(ceil(n_steps / _LOOKS), _FEWEST_STEPS)
    while position.step < n_steps:
        until = min(position.step + stride, n_steps)
        with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
            losses = move(problem, position, until)
        _require_bounded(position, losses)
        yield MeanLoss(*losses.mean(axis=0).tolist())


def _adam_steps(problem: Problem, position: Position, until: int) -> FloatingArray:
    settings, rng = problem.settings, position.rng
    batches = problem.batches()
    n_decaying = problem.head.layout.size if problem.head.shrinks else 0
    rate = settings.rate_for(problem.items.n_classes)
    warm_up = ceil(_WARM_UP * settings.steps)
    losses: list[tuple[float, float]] = []
    tcm = problem.regulariser(position.flat, rng)
    while position.step < until:
        if losses and len(losses) % _MARGINS_EVERY == 0:
            tcm = problem.regulariser(position.flat, rng)
        value = problem.value(position.flat, batches.draw(rng), tcm)
        losses.append((value.base, value.tcm))
        share = warm_up_and_cosine(position.step, settings.steps, warm_up)
        position.optimiser.step(
            position.flat,
            value.gradient,
            share * rate,
            decay=settings.decay,
            n_decaying=n_decaying,
        )
        position.step += 1
    return np.array(losses)


def _lbfgs_steps(problem: Problem, position: Position, until: int) -> FloatingArray:
    """Minimise on one large batch after another, TCM held to the pairs it starts with."""
    settings, rng = problem.settings, position.rng
    batches = problem.batches(times=_LARGE)
    n_decaying = problem.head.layout.size if problem.head.shrinks else 0
    losses = []
    while position.step < until:
        batch = batches.draw(rng)
        tcm = problem.regulariser(position.flat, rng)
        held = None if tcm is None else problem.held(position.flat, batch, tcm)
        before = problem.value(position.flat, batch, held)
        losses.append((before.base, before.tcm))

        def penalised(flat: FloatingArray) -> tuple[float, FloatingArray]:
            value = problem.value(flat, batch, held)  # noqa: B023, used before the next batch
            value.gradient[:n_decaying] += settings.decay * flat[:n_decaying]
            penalty = settings.decay / 2 * float(np.square(flat[:n_decaying]).sum())
            return value.base + value.tcm + penalty, value.gradient

        n_steps = min(_INNER_STEPS, until - position.step)
        position.flat[:] = minimise(penalised, position.flat, n_steps)
        position.step += n_steps
    return np.array(losses)


def _require_bounded(position: Position, losses: FloatingArray) -> None:
    largest = np.abs(position.flat).max()
    if not np.isfinite(losses).all() or not largest < _LARGEST:
        raise TrainingError(
            f"training came apart before step {position.step}: mean loss {losses.mean():.3g},"
            f" largest weight {largest:.3g}",
            hint="Lower --lr, or leave it out.",
        )
