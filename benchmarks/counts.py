"""How much of everything a run of the benchmarks does: a whole one, and a quick one that only tries them."""

from dataclasses import dataclass

from benchmarks.networks import Size
from benchmarks.tiny_models import KINDS, Kind


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What is painted, timed, asked for and killed, and how often; the defaults are those of a whole run."""

    #: Families on which each sampler is compared with diffusers, of those on which it can be.
    families: int = len(KINDS)
    #: Tiny models that paint mixed batches of pictures from words.
    mixing: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "sd1_instruct")
    #: Prompts that the sample model is to obey, and pictures for each row of what prompts do.
    prompts: int = 200
    prompt_pictures: int = 40
    #: Pictures of which others are made, and how many of them are painted larger.
    edited: int = 40
    enlarged: int = 10
    #: How many of them are blended; four at the least, two beside which a blend is held and two others.
    blended: int = 20
    #: Random networks for throughput and adapters, the side of throughput's pictures on a CPU, and rounds of each.
    network: Size = "sd15"
    side_on_cpu: int = 128
    rounds: int = 3
    adapter_rounds: int = 7
    #: Jobs of the engine in this process, and in a worker process.
    engine_jobs: int = 20
    process_jobs: int = 12
    #: Jobs that wait while the queue decides, of how many members, and decisions.
    waiting: int = 100_000
    crowds: tuple[int, ...] = (1000, 1, 100_000)
    decisions: int = 2000
    #: Jobs that are served both ways, and by our queue alone.
    compared: int = 100_000
    served: int = 1_000_000
    #: What the bot is to acknowledge at once, and of each kind alone.
    acknowledged: int = 200
    alone: int = 20
    #: Requests while something is killed, and kills.
    chaos_jobs: int = 200
    kills: int = 100
    #: Jobs over which memory is watched; those that are asked for at a time, and from look to look.
    soak_jobs: int = 2000
    soak_at_once: int = 20
    soak_look_every: int = 100


WHOLE = Counts()
#: The least of everything that still goes through all of the code.
QUICK = Counts(
    families=1,
    mixing=("sd1_inpaint", "sdxl"),
    prompts=10,
    prompt_pictures=1,
    edited=4,
    enlarged=1,
    blended=4,
    network="small",
    side_on_cpu=64,
    rounds=1,
    adapter_rounds=2,
    engine_jobs=2,
    process_jobs=2,
    waiting=2000,
    crowds=(100, 1, 2000),
    decisions=200,
    compared=2000,
    served=20_000,
    acknowledged=8,
    alone=2,
    chaos_jobs=8,
    kills=4,
    soak_jobs=80,
    soak_at_once=10,
    soak_look_every=20,
)
