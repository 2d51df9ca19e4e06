"""What the simulation of the queue shows: tables of decisions and waits, and the drawing in docs/queue.md."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.queueing import (
    DAY,
    HOUR,
    KINDS,
    Comparison,
    Fair,
    Scenario,
    compare,
    costs,
    kinds,
    requests,
    simulate,
)
from bot.queue.units import MemberId


def run(
    waiting: int = 100_000,
    crowds: Sequence[int] = (1000, 1, 100_000),
    decisions: int = 2000,
    compared: int = 100_000,
    served: int = 1_000_000,
) -> None:
    """Print what decisions cost, who waits how long, and what a simulation of many more jobs takes.

    Decisions are taken while `waiting` jobs wait, of each number of members in `crowds`.
    """
    print(f"{waiting:,} jobs wait for 6 models; milliseconds of a decision, median and p99")
    print(f"{'members':>9} {'pictures':>9} {'claim':>15} {'with 3 companions':>19} {'position':>15}")
    for members in crowds:
        found = costs(members, waiting, decisions)
        cells = [_median_and_p99(times) for times in (found.claims, found.batches, found.positions)]
        print(f"{members:9,} {found.pictures:9,} {cells[0]:>15} {cells[1]:>19} {cells[2]:>15}", flush=True)
    _print_comparison(compare(Scenario(jobs=compared)))
    began = time.perf_counter()
    asked = requests(Scenario(jobs=served))
    drawn = time.perf_counter()
    outcome = simulate(Fair(), asked)
    took = time.perf_counter() - drawn
    print(
        f"\n{served:,} jobs ({outcome.units:,} pictures, {outcome.ended / DAY:.0f} days) served in {took:.0f} s;",
        end=" ",
    )
    print(f"{1e6 * took / outcome.units:.0f} us a picture, engine included; to draw them up took {drawn - began:.0f} s")


def _median_and_p99(times: Sequence[float]) -> str:
    middle, last = np.percentile(times, (50, 99))
    return f"{middle:.3f} {last:.3f}"


def _print_comparison(found: Comparison) -> None:
    scenario = found.scenario
    print(f"\n{scenario.jobs:,} jobs of {scenario.members:,} members ask for {scenario.load:.0%} of the GPU")
    print("from a job's coming to the start of its last picture, median, p95 and p99")
    print(f"{'':9} {'members':>7} {'jobs':>7}  {'first come, first served':^29}  {'ours':^29}  ratio of medians")
    for kind in KINDS:
        fifo, fair = (found.waits(outcome, kind) for outcome in (found.fifo, found.fair))
        ratio = float(np.median(fair) / np.median(fifo))
        members = kinds(scenario.members).count(kind)
        print(f"{kind:9} {members:7} {len(fair):7}  {_percentiles(fifo)}  {_percentiles(fair)}  {ratio:.3g}")
    for name, outcome in (("first come, first served", found.fifo), ("ours", found.fair)):
        pictures, hours = outcome.units / 100, outcome.ended / HOUR
        loads = f"{outcome.loads / pictures:.1f} in 100 pictures, {outcome.loads / hours:.0f} an hour"
        print(f"models loaded, {name + ':':26} {loads}")


def _percentiles(waits: Sequence[float]) -> str:
    return " ".join(f"{duration(wait):>9}" for wait in np.percentile(waits, (50, 95, 99)))


def duration(seconds: float) -> str:
    """Return "8 s", "12 min", "3.4 h" or "10 h"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.2g} h"


#: Seconds that axes are labelled with.
_TICKS = (10, 60, 600, HOUR, 10 * HOUR)
_INK, _FAINT, _FIFO, _FAIR = "#24292f", "#d0d7de", "#8c959f", "#0969da"


def plot(path: Path, found: Comparison | None = None) -> None:
    """Draw the waits of each member and the distribution of light members' waits. Needs matplotlib."""
    from matplotlib.figure import Figure

    found = found or compare()
    figure = Figure(figsize=(10, 4.4), layout="constrained", facecolor="white")
    members, light = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_members(members, found)
    _draw_light(light, found)
    for axes in (members, light):
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["bottom", "left"]].set_color(_FAINT)
        axes.tick_params(colors=_INK, which="both", length=0)
        axes.xaxis.label.set_color(_INK)
        axes.grid(color=_FAINT, linewidth=0.6, alpha=0.7)
        axes.set_axisbelow(True)
    figure.savefig(path, dpi=160)


def _draw_members(axes: Any, found: Comparison) -> None:
    """Draw a dot for each member: how many pictures they asked for, and how long they waited."""
    pictures: Counter[MemberId] = Counter()
    for request in found.asked:
        pictures[request.member] += len(request.seconds)
    for outcome, colour, name in ((found.fifo, _FIFO, "first come, first served"), (found.fair, _FAIR, "ours")):
        waits: defaultdict[MemberId, list[float]] = defaultdict(list)
        for request, wait in zip(found.asked, outcome.waits, strict=True):
            waits[request.member].append(wait)
        middles = [float(np.median(waits[member])) for member in pictures]
        axes.scatter(pictures.values(), middles, s=14, color=colour, alpha=0.55, linewidths=0, label=name)
    of_kind = [[each for each, kind in enumerate(kinds(found.scenario.members)) if kind == name] for name in KINDS]
    for name, those in zip(KINDS, of_kind, strict=True):
        middle = float(np.median([pictures[MemberId(member)] for member in those]))
        axes.text(middle, 14 * HOUR, f"{len(those)} {name}", color=_INK, ha="center")
    axes.set(xscale="log", yscale="log", xlabel="pictures that a member asked for", ylim=(8, 30 * HOUR))
    axes.set_title("A member's median wait", loc="left", color=_INK, fontsize=11)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_yticks(_TICKS, [duration(tick) for tick in _TICKS])
    axes.minorticks_off()
    legend = axes.legend(frameon=False, loc="lower right", labelcolor=_INK, markerscale=1.6, handletextpad=0.1)
    for handle in legend.legend_handles:
        handle.set_alpha(1)


def _draw_light(axes: Any, found: Comparison) -> None:
    """Draw which share of light members' jobs waited no longer than so long."""
    for outcome, colour in ((found.fifo, _FIFO), (found.fair, _FAIR)):
        waits = np.sort(found.waits(outcome, "light"))
        axes.plot(waits, np.linspace(0, 100, len(waits)), color=colour, linewidth=2)
    axes.set(xscale="log", xlim=(_TICKS[0], 24 * HOUR), ylim=(0, 101), xlabel="wait")
    axes.set_title("Requests of light members, % served by then", loc="left", color=_INK, fontsize=11)
    axes.set_xticks(_TICKS, [duration(tick) for tick in _TICKS])
    axes.minorticks_off()
