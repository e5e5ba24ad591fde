"""Gradient descent on the parameters of a problem, with regular pauses for validation."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil

import numpy as np
from threadpoolctl import threadpool_limits

from opiscli.arrays import FloatingArray, IntArray
from opiscli.errors import TrainingError
from opiscli.training.losses.parts.loss import PairLoss
from opiscli.training.optimisers.adam import Adam
from opiscli.training.optimisers.lbfgs import minimise
from opiscli.training.optimisers.schedule import warm_up_and_cosine
from opiscli.training.problem import Problem
from opiscli.training.settings import Optimiser

_VALIDATION_STEPS = 20
_FEWEST_STEPS = 10
"""Between two validation steps."""

_WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""

_MARGINS_EVERY = 25
_INNER_STEPS = 10
"""L-BFGS steps on one batch."""

_LARGER = 4
"""A batch of L-BFGS has this many times as many classes, because it sees few batches."""

_LARGEST = 1e4
"""A weight of a head on unit rows is only larger if training has diverged."""


@dataclass(slots=True)
class DescentState:
    """Everything a training run needs to continue as if it had never stopped.

    Parameters
    ----------
    flat
        The parameters, moved in place.
    optimiser
        State of Adam; L-BFGS has none between batches.
    step
        Steps taken.
    rng
        Generator of all further draws.
    """

    flat: FloatingArray
    optimiser: Adam
    step: int
    rng: np.random.Generator

    @classmethod
    def initial(cls, problem: Problem) -> "DescentState":
        """The state before the first step."""
        rng = np.random.default_rng(problem.settings.seed)
        flat = problem.initial_parameters(rng)
        return cls(flat, Adam.initial(flat), 0, rng)


@dataclass(frozen=True, slots=True)
class MeanLoss:
    """Mean base loss and mean TCM since the last validation step."""

    base: float
    tcm: float


def descend(problem: Problem, state: DescentState) -> Iterator[MeanLoss]:
    """Train to the last step, updating ``state``; yield whenever validation is due.

    Matrix products use one thread: the numbers then do not depend on how many processors
    there are, and products this small gain little from more.

    Raises
    ------
    TrainingError
        If the loss or a parameter diverges.
    """
    lbfgs = problem.settings.optimiser is Optimiser.LBFGS
    move = _lbfgs_steps if lbfgs else _adam_steps
    n_steps = problem.settings.steps
    stride = max(ceil(n_steps / _VALIDATION_STEPS), _FEWEST_STEPS)
    while state.step < n_steps:
        until = min(state.step + stride, n_steps)
        with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
            losses = move(problem, state, until)
        _refuse_divergence(state, losses)
        yield MeanLoss(*losses.mean(axis=0).tolist())


def _adam_steps(problem: Problem, state: DescentState, until: int) -> FloatingArray:
    settings, rng = problem.settings, state.rng
    batches = problem.batches()
    rate = settings.rate_for(problem.items.n_classes)
    warm_up = ceil(_WARM_UP * settings.steps)
    losses: list[tuple[float, float]] = []
    tcm = problem.regulariser(state.flat, rng)
    while state.step < until:
        if losses and len(losses) % _MARGINS_EVERY == 0:
            tcm = problem.regulariser(state.flat, rng)
        value = problem.value(state.flat, batches.draw(rng), tcm)
        losses.append((value.base, value.tcm))
        share = warm_up_and_cosine(state.step, settings.steps, warm_up)
        state.optimiser.step(
            state.flat,
            value.gradient,
            share * rate,
            decay=settings.decay,
            n_decaying=problem.n_decaying,
        )
        state.step += 1
    return np.array(losses)


def _lbfgs_steps(problem: Problem, state: DescentState, until: int) -> FloatingArray:
    """Minimise on successive large batches, keeping the active TCM pairs of each batch fixed."""
    rng = state.rng
    batches = problem.batches(times=_LARGER)
    losses = []
    while state.step < until:
        batch = batches.draw(rng)
        tcm = problem.regulariser(state.flat, rng)
        fixed = None if tcm is None else problem.with_fixed_pairs(tcm, state.flat, batch)
        before = problem.value(state.flat, batch, fixed)
        losses.append((before.base, before.tcm))
        n_steps = min(_INNER_STEPS, until - state.step)
        objective = partial(with_penalty, problem=problem, batch=batch, tcm=fixed)
        state.flat[:] = minimise(objective, state.flat, n_steps)
        state.step += n_steps
    return np.array(losses)


def with_penalty(
    flat: FloatingArray, *, problem: Problem, batch: IntArray, tcm: PairLoss | None
) -> tuple[float, FloatingArray]:
    """Loss of a batch with weight decay as an L2 penalty, and its gradient."""
    decay, n_decaying = problem.settings.decay, problem.n_decaying
    value = problem.value(flat, batch, tcm)
    value.gradient[:n_decaying] += decay * flat[:n_decaying]
    penalty = decay / 2 * float(np.square(flat[:n_decaying]).sum())
    return value.base + value.tcm + penalty, value.gradient


def _refuse_divergence(state: DescentState, losses: FloatingArray) -> None:
    largest = np.abs(state.flat).max()
    if not np.isfinite(losses).all() or not largest < _LARGEST:
        raise TrainingError(
            f"training diverged before step {state.step}: mean loss {losses.mean():.3g},"
            f" largest weight {largest:.3g}",
            hint="Lower --lr, or omit it.",
        )
