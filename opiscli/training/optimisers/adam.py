"""Adam with decoupled weight decay."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatingArray

_AT_ONCE = 1 << 16
"""Parameters of a step that are worked on together: few enough to stay in the cache."""


@dataclass(slots=True)
class Adam:
    """State of the optimiser; `step` updates a flat vector of parameters in place.

    Parameters
    ----------
    first, second
        Running means of the gradient and of its square, same shape as the parameters.
    n_steps
        Steps taken so far.
    beta1, beta2, epsilon
        As in the paper.

    References
    ----------
    Kingma, Ba, "Adam: A method for stochastic optimization", ICLR 2015, arXiv:1412.6980.
    Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101.
    """

    first: FloatingArray
    second: FloatingArray
    n_steps: int = 0
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    @classmethod
    def initial(cls, parameters: FloatingArray) -> "Adam":
        """The state before the first step."""
        return cls(np.zeros_like(parameters), np.zeros_like(parameters))

    def step(
        self,
        parameters: FloatingArray,
        gradient: FloatingArray,
        learning_rate: float,
        *,
        decay: float = 0.0,
        n_decaying: int = 0,
    ) -> None:
        """Take one step; the first ``n_decaying`` also decay by ``learning_rate * decay``."""
        self.n_steps += 1
        parameters[:n_decaying] *= 1 - learning_rate * decay
        for start in range(0, len(parameters), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            self._move(parameters[some], gradient[some], learning_rate, some)

    def _move(
        self, parameters: FloatingArray, gradient: FloatingArray, learning_rate: float, some: slice
    ) -> None:
        first, second = self.first[some], self.second[some]
        first *= self.beta1
        first += (1 - self.beta1) * gradient
        second *= self.beta2
        second += (1 - self.beta2) * gradient**2
        spread = np.sqrt(second)
        spread /= (1 - self.beta2**self.n_steps) ** 0.5
        spread += self.epsilon
        parameters -= learning_rate / (1 - self.beta1**self.n_steps) * first / spread
