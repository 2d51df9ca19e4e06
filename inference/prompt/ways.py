"""The ways in which one choice may be made: how many there are, how long they are, and one of them by chance."""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import chain, islice, repeat

from inference.prompt.wildcards import Line, Pool, weight_of

#: Counting ends here: this many, or more.
MOST_COUNTED = 10**300
#: Pieces of text that a prompt may be put together from; far more than fit into one unless they are empty.
MAX_PIECES = 65_536
#: Putting so many options in order takes as long as writing one piece.
_ORDERED_AT_ONCE = 16


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """How a choice may be made."""

    pool: Pool
    least: int
    #: At most as many as there are options.
    most: int
    joiner: str
    count: int
    #: The most pieces that a way to make it is put together from.
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A pool that several options are taken from: how many there are of each number of ways, and of each size."""

    pool: Pool
    counts: Counter[int] = field(repr=False)
    sizes: Counter[int] = field(repr=False)


def several(measured: Measured, least: int, most: int, joiner: str) -> Ways:
    """Return the ways to take from `least` to `most` options, or all where there are fewer."""
    number = len(measured.pool.options)
    least, most = min(least, number), min(most, number)
    size = number // _ORDERED_AT_ONCE + most + sum(islice(_largest(measured.sizes), most))
    size = min(size, MAX_PIECES + 1)
    return Ways(measured.pool, least, most, joiner, _arrangements(measured.counts, least, most), size)


def _largest(numbers: Counter[int]) -> Iterator[int]:
    """Return numbers from the largest on, each as often as it occurs."""
    return chain.from_iterable(repeat(number, times) for number, times in sorted(numbers.items(), reverse=True))


def _arrangements(counts: Counter[int], least: int, most: int) -> int:
    """Return how many ways there are to take from `least` to `most` options in order, by the ways of each option."""
    # Fewer than there are: if each option had but one way, and if those with the most ways were always taken.
    number = counts.total()
    orders = richest = 1
    for place, ways in enumerate(islice(_largest(counts), most)):
        orders *= number - place
        richest *= ways * (place + 1)
        if max(orders, richest) >= MOST_COUNTED:
            return MOST_COUNTED
    # For each size, the sum over all sets of options of the product of their ways: the polynomial Π (1 + ways·x).
    sums = [1]
    for ways, times in counts.items():
        powers = [math.comb(times, taken) * ways**taken for taken in range(min(times, most) + 1)]
        longer = [0] * min(len(sums) + len(powers) - 1, most + 1)
        for place, factor in enumerate(sums):
            for taken, power in enumerate(powers[: len(longer) - place]):
                longer[place + taken] += factor * power
        sums = longer
    total = sum(math.factorial(size) * sums[size] for size in range(least, most + 1))
    return min(total, MOST_COUNTED)


def drawn(ways: Ways, chance: random.Random) -> Sequence[Line]:
    """Take options by chance: each next one by its weight among those that are left."""
    if ways.least == ways.most == 1:
        return [ways.pool.at(chance.random())]
    number = ways.least + int(chance.random() * (ways.most - ways.least + 1))
    # The first of exponential waiting times, each at the rate of its option's weight, are such a sequence (Efraimidis
    # and Spirakis, 2006).
    options = ways.pool.options
    times = [-math.log(1.0 - chance.random()) / weight_of(line) for line in options]
    return [options[place] for place in nsmallest(number, range(len(options)), times.__getitem__)]
