"""What every measurement of a run is given."""

import sys
from dataclasses import dataclass

from tests.benchmarks.gateways import Gateway, Gateways, Wanted

SIZES = {"1m": 1_000_000, "10m": 10_000_000, "50m": 50_000_000}


@dataclass(frozen=True, slots=True)
class Course:
    """One run: a size, the databases, and how patient it is.

    `rounds` of None leaves their number to each measurement. `seconds` is how long the writer writes at a time.
    """

    size: str
    rows: int
    gateways: Gateways
    rounds: int | None = None
    seconds: float = 30

    @property
    def gateway(self) -> Gateway:
        """The database of the size that is measured."""
        return self.gateways.get(Wanted(self.rows))

    def rounds_or(self, usual: int) -> int:
        """Return how many rounds to take where `usual` ones are enough."""
        return self.rounds or usual

    def tell(self, text: str) -> None:
        """Say how far the run has come."""
        print(text, file=sys.stderr, flush=True)
