"""What moves between this process and its workers, and the memory that they take."""

from dataclasses import dataclass, field, fields, is_dataclass

import numpy as np

from opiscli.engine.remote import Answer

_MOST_NAMED = 8


@dataclass
class Traffic:
    """Sums over all that was sent and received so far.

    Parameters
    ----------
    bytes_sent, bytes_received, bytes_read
        Arrays only. What is sent is counted once, however many workers there are; what they read
        of the source themselves is the sum over all of them.
    n_tasks
        Results that were received.
    memory
        Largest resident memory of each worker, in bytes; memory that several processes of a
        machine share is in the number of each of them.
    """

    bytes_sent: int = 0
    bytes_received: int = 0
    bytes_read: int = 0
    n_tasks: int = 0
    memory: dict[tuple[str, int], int] = field(default_factory=dict)

    def sent(self, n_bytes: int) -> None:
        """Add what was sent."""
        self.bytes_sent += n_bytes

    def received(self, answer: Answer) -> object:
        """Add what was received, and return the result in it."""
        self.bytes_received += _nbytes(answer.result)
        self.bytes_read += answer.n_bytes_read
        self.n_tasks += 1
        self.memory[answer.worker] = max(answer.memory, self.memory.get(answer.worker, 0))
        return answer.result

    def __str__(self) -> str:
        largest = sorted(self.memory.items(), key=lambda one: -one[1])
        named = ", ".join(
            f"{n_bytes / 1e6:,.0f} MB in process {process} on {machine}"
            for (machine, process), n_bytes in largest[:_MOST_NAMED]
        )
        n = len(largest)
        more = f" and less in {n - _MOST_NAMED:,} others" if n > _MOST_NAMED else ""
        read = f" {self.bytes_read / 1e6:,.1f} MB read by all," if self.bytes_read else ""
        return (
            f"{self.n_tasks:,} tasks on {n} worker process{'' if n == 1 else 'es'},"
            f" {self.bytes_sent / 1e6:,.1f} MB sent to each,{read}"
            f" {self.bytes_received / 1e6:,.1f} MB received,"
            f" largest memory per worker: {named}{more}"
        )


def _nbytes(result: object) -> int:
    if isinstance(result, np.ndarray):
        return result.nbytes
    if is_dataclass(result):
        return sum(_nbytes(getattr(result, one.name)) for one in fields(result))
    return 0
