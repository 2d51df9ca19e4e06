"""`make bench`: every promise that can be measured, beside plain diffusers, in one run."""

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
warnings.simplefilter("ignore")

import diffusers
import torch
import transformers

from benchmarks import (
    adapters,
    edits,
    equality,
    memory,
    mixing,
    networks,
    overhead,
    prompts,
    queue_report,
    service,
    throughput,
    tiny_models,
)
from benchmarks.counts import QUICK, WHOLE, Counts
from benchmarks.references import REFERENCES, Reference
from inference.families.base import DiffusionModel
from inference.models.loading import load_model
from inference.output import said
from inference.protocol.messages import EngineSettings
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES
from inference.sample import MODEL_FOLDER
from inference.sample.score import held_out_scenes, load_pipeline, paint, scores


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen measurements and print what they found."""
    parser = _parser()
    options = parser.parse_args(arguments)
    unknown = [name for name in options.what if name not in SECTIONS]
    if unknown:
        parser.error(f"there is no measurement named {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    transformers.utils.logging.disable_progress_bar()
    counts = QUICK if options.quick else WHOLE
    _describe(options)
    began = time.perf_counter()
    for name in options.what or SECTIONS:
        title, section = SECTIONS[name]
        print(f"\n== {title}", flush=True)
        section(options, counts)
    print(f"\nAll of it took {time.perf_counter() - began:.0f} s.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="easel bench", description="Measure Easel beside plain diffusers.")
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"{', '.join(SECTIONS)}; default: all")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="little of everything, to see in minutes that all of it runs here; its numbers say little",
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--network", choices=networks.SIZES, help="for throughput; default: sd15, with --quick small")
    parser.add_argument(
        "--side",
        type=int,
        help="pixels, for throughput; default: 128 on a CPU, with --quick 64; 512 or 1024 on a GPU",
    )
    parser.add_argument("--rounds", type=int, help="rounds of throughput; default: 3, with --quick 1")
    return parser


def _describe(options: argparse.Namespace) -> None:
    if options.quick:
        print(
            "A quick run: measurements are taken from end to end, but with little to measure. It shows that they run on"
        )
        print("this machine; its numbers say little. Without --quick they say more: all of it takes about an hour.\n")
    device = torch.device(options.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()}, CPU"
    print(f"{name}, {torch.get_num_threads()} threads; Python {platform.python_version()}, torch {torch.__version__},")
    print(f"diffusers {diffusers.__version__}, transformers {transformers.__version__}")


def _equality(_options: argparse.Namespace, counts: Counts) -> None:
    """Print, for each sampler and schedule, the largest differences over families and tasks."""
    print("Tiny random models of every family (SD 1.x, SD 1.x inpainting, SD 1.x instruct-pix2pix, SD 2.x,")
    print("SD 2.x v-prediction, SDXL), float32, guidance 5, from words, from a picture, inpainting from the picture")
    print("and from noise, and a picture changed as it is told.")
    if counts.families < len(tiny_models.KINDS):
        print(f"Each row is of {counts.families} of these families, in turn.")
    print("Largest differences: of the final latents, relative to the largest; and of pixels in 0..1.\n")
    with tempfile.TemporaryDirectory() as folder:
        pairs = [(_tiny(kind, Path(folder)), tiny_models.make_pipeline(kind)) for kind in tiny_models.KINDS]
        print(f"{'sampler':14} {'schedule':14} {'against':33} {'latents':>9} {'pixels':>9}  tasks")
        for number, reference in enumerate(REFERENCES):
            found = [
                (task, equality.compare(model, pipeline, reference, task))
                for model, pipeline in _in_turn(pairs, number, reference)[: counts.families]
                for task in equality.tasks_for(model, reference)
            ]
            latents, pixels = (max(getattr(each, name) for _, each in found) for name in ("latents", "pixels"))
            tasks = " ".join(task for task in equality.TASKS if task in {task for task, _ in found})
            schedule = SCHEDULE_NAMES.get(reference.schedule, reference.schedule)
            print(
                f"{SAMPLER_NAMES[reference.sampler]:14} {schedule:14} {reference.scheduler:33}"
                f" {latents:9.1e} {pixels:9.1e}  {tasks}",
                flush=True,
            )


def _in_turn(
    pairs: Sequence[tuple[DiffusionModel, Any]], number: int, reference: Reference
) -> list[tuple[DiffusionModel, Any]]:
    """Return the models on which a reference can be compared; each number has another one first."""
    first = number % len(pairs)
    return [pair for pair in (*pairs[first:], *pairs[:first]) if equality.tasks_for(pair[0], reference)]


def _tiny(kind: tiny_models.Kind, folder: Path) -> DiffusionModel:
    path = tiny_models.make_folder(kind, folder / kind)
    return load_model(path, models_folder=folder, device=torch.device("cpu"), dtype=torch.float32)


def _mixing(_options: argparse.Namespace, counts: Counts) -> None:
    with tempfile.TemporaryDirectory() as folder:
        models: list[tuple[str, DiffusionModel, int]] = [
            (f"tiny {kind}", _tiny(kind, Path(folder)), 64) for kind in counts.mixing
        ]
        models.append(("sample model", _sample_model(), 128))
        print(f"{'eight mixed requests':20} {'pixels':>9} {'latents':>9}  same recipe twice")
        for name, model, side in models:
            found = mixing.measure(model, side)
            same = "identical" if found.identical_alone and found.identical_mixed else "DIFFERS"
            print(f"{name:20} {found.pixels:9.1e} {found.latents:9.1e}  {same}", flush=True)


def _sample_model() -> DiffusionModel:
    return load_model(MODEL_FOLDER, models_folder=MODEL_FOLDER.parent, device=torch.device("cpu"), dtype=torch.float32)


def _sample(_options: argparse.Namespace, counts: Counts) -> None:
    pairs = held_out_scenes(counts.prompts)
    pictures = paint(load_pipeline(MODEL_FOLDER), [text for _, text in pairs])
    print(f"{counts.prompts} prompts, 20 steps of DDIM, guidance 5; an unseen seed,", end=" ")
    print("combinations never trained on among them")
    for name, (share, count) in scores([scene for scene, _ in pairs], pictures).items():
        print(f"{name:12} {share:6.1%}  of {count}")


def _prompts(_options: argparse.Namespace, counts: Counts) -> None:
    print("The sample model, 20 steps of DPM++ 2M Karras, guidance 5; a seed for each picture; judged by its pixels")

    def note(finding: prompts.Finding) -> None:
        print(f"{finding.title:9} {finding.share:5.0%} of {finding.of:3} {finding.looked_for:23} {finding.written}")

    prompts.measure(_sample_model(), counts.prompt_pictures, note)


def _edits(_options: argparse.Namespace, counts: Counts) -> None:
    model = _sample_model()
    pictures = edits.originals(model, counts.edited)
    print(f"{counts.edited} pictures of one subject, the sample model, 16 steps of DPM++ 2M Karras;", end=" ")
    print("judged by their pixels")
    for varied in edits.vary(model, pictures):
        print(
            f"variation of the {varied.of:7} {varied.strength:4.2f}: subject and background kept in {varied.kept:4.0%};"
            f" median distance {varied.distance:4.1f} of 255",
            flush=True,
        )
    inpainted = edits.inpaint(model, pictures)
    outside = "kept bit for bit" if inpainted.kept else "CHANGED"
    print(f"inpainting: colour {inpainted.coloured:.0%}, colour and shape {inpainted.shown:.0%}; outside {outside}")
    for verb in ("zoom_out_1_5", "extend_left", "extend_down"):
        outpainted = edits.outpaint(model, pictures, verb)
        inside = "kept bit for bit" if outpainted.kept else "CHANGED"
        print(
            f"{verb}: background continued in {outpainted.continued:.0%};"
            f" step across the seam {outpainted.seam:.1f} of 255; source {inside}",
            flush=True,
        )
    larger_ways: tuple[tuple[edits.Way, int], ...] = (("detail", 2), ("detail", 4), ("hires", 2))
    for way, factor in larger_ways:
        larger = edits.enlarge(model, pictures[: counts.enlarged], way, factor)
        seam = "" if larger.seam is None else f"; steps across tiles' edges {larger.seam:.2f} times as large"
        print(
            f"{way} x{factor}: subject and background kept in {larger.kept:.0%};"
            f" distance from the picture enlarged {larger.distance:.1f} of 255{seam}",
            flush=True,
        )
    for strength in (0.5, 0.65, 0.8):
        blended = edits.blend(model, pictures[: counts.blended], strength)
        print(
            f"blend of two at {strength}: the prompt's colour in {blended.coloured:.0%}, its shape in"
            f" {blended.shaped:.0%}; distance from the two {blended.distance:.0f},"
            f" from others {blended.from_others:.0f} of 255",
            flush=True,
        )


def _throughput(options: argparse.Namespace, counts: Counts) -> None:
    device = torch.device(options.device)
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    network: networks.Size = options.network or counts.network
    side = options.side or (counts.side_on_cpu if device.type == "cpu" else 1024 if network == "sdxl" else 512)
    pair = networks.make(network, device, dtype)
    print(f"{network}, {pair.parameters / 1e6:.0f} million parameters in the UNet, random, {dtype}, {side}x{side}")
    rounds = counts.rounds if options.rounds is None else options.rounds
    for count in (1, 8):
        found = throughput.measure(pair.model, pair.pipeline, side, rounds, count)
        title = "one request" if count == 1 else "eight mixed requests"
        ours, theirs = (count / median(times) for times in (found.ours, found.theirs))
        print(
            f"{title:22} {found.ratio:5.2f} times the pictures per second of diffusers' pipeline"
            f" ({ours:.3g} against {theirs:.3g}; ratios {', '.join(f'{ratio:.2f}' for ratio in found.ratios)})",
            flush=True,
        )


def _adapters(options: argparse.Namespace, counts: Counts) -> None:
    device = torch.device(options.device)
    pair = networks.make(counts.network, device, torch.float16 if device.type == "cuda" else torch.float32)
    side = 64 if device.type == "cpu" else 512
    with tempfile.TemporaryDirectory() as folder:
        found = adapters.measure(pair, Path(folder), side, counts.adapter_rounds)
    size = "SD 1.5's size" if counts.network == "sd15" else f"The size {counts.network}"
    print(f"{size}, random; LoRAs of {found.megabytes:.0f} MB for {found.modules} modules; medians, milliseconds")
    print(f"another adapter that was read ahead     {found.ours:8.1f}")
    print(f"another adapter that is on the disk     {found.ours_unread:8.1f}")
    print(f"back to none                            {found.ours_off:8.1f}")
    print(f"diffusers' load_lora_weights            {found.theirs:8.1f}")
    print(f"the same in place, without text         {found.theirs_hotswap:8.1f}")
    print(f"a pass of two rows, {side}x{side}:", end=" ")
    print(f"{found.plain_pass:.1f} without, {found.our_pass:.1f} with ours, {found.their_pass:.1f} with diffusers'")
    print(f"the passes differ by {found.difference:.1e}, where the adapter itself changes {found.effect:.1e}")


def _overhead(_options: argparse.Namespace, counts: Counts) -> None:
    found = overhead.of_engine(_sample_model(), counts.engine_jobs)
    print("The sample model, 128x128, 20 steps; everything but the network's passes and the VAE;", end=" ")
    print(f"medians of {counts.engine_jobs} jobs")
    for title, milliseconds, (hits, misses) in (
        ("engine, new prompt (text encoder included)", found.new_prompt, found.new_texts),
        ("engine, known prompt", found.known_prompt, found.known_texts),
    ):
        texts = f"texts known {hits}, read {misses}"
        print(f"{title:43} {milliseconds:6.1f} ms a job; {texts}")
    settings = EngineSettings(models_folder=str(MODEL_FOLDER.parent), device="cpu")
    crossing = overhead.measure_process(settings, counts.process_jobs)
    print(f"through the worker process                  {crossing.beside_network:6.1f} ms a job")
    print(f"cancel: confirmed after {crossing.cancel_in_steps:.2f} steps' time", end=" ")
    print(f"(median of {counts.process_jobs}); {crossing.steps_after_cancel} step(s) still reported at most")


def _acknowledge(_options: argparse.Namespace, counts: Counts) -> None:
    found = asyncio.run(service.acknowledge(counts.acknowledged, counts.alone))
    print("One after the other, and then at once, while the same bot's engine paints with the sample model:")
    for what, each in found.items():
        print(f"{each.count} {what}: acknowledged after {each.median * 1000:.0f} ms median,", end=" ")
        print(f"{each.p99 * 1000:.0f} ms p99, {each.longest * 1000:.0f} ms at most; {each.unanswered} not at all")


def _chaos(_options: argparse.Namespace, counts: Counts) -> None:
    found = asyncio.run(service.chaos(counts.chaos_jobs, counts.kills))
    kills = ", ".join(f"{count} of the {what}" for what, count in sorted(found.kills.items()))
    print(f"{found.jobs} requests while something was killed {found.kills.total()} times ({kills})")
    for outcome, count in sorted(found.outcomes.items()):
        print(f"{outcome:10} {count:4}")
    print(f"Discord told {found.unheard} times that nobody answered, and the member asked again;", end=" ")
    print(f"{found.late} of those came all the same")


def _soak(_options: argparse.Namespace, counts: Counts) -> None:
    found = asyncio.run(service.soak(counts.soak_jobs, counts.soak_at_once, counts.soak_look_every))
    for jobs, megabytes in found.memory[:: max(1, len(found.memory) // 10)]:
        print(f"after {jobs:5} jobs {megabytes:7.1f} MB")
    print(f"growth from the second quarter on: {found.growth:+.2f} MB in a thousand jobs")


def _queue(_options: argparse.Namespace, counts: Counts) -> None:
    queue_report.run(counts.waiting, counts.crowds, counts.decisions, counts.compared, counts.served)


def _memory(_options: argparse.Namespace, _counts: Counts) -> None:
    memory.run()


SECTIONS: dict[str, tuple[str, Callable[[argparse.Namespace, Counts], None]]] = {
    "equality": ("Our pictures against those of diffusers' pipelines", _equality),
    "mixing": ("A picture in a mixed batch against the same picture alone", _mixing),
    "sample": ("The sample model obeys its prompts", _sample),
    "prompts": ("What prompts' weights, edits, regions and the like do to pictures", _prompts),
    "edits": ("Variations, inpainting, outpainting, upscaling by painting, and blending", _edits),
    "throughput": ("Eight mixed requests through one engine, against diffusers one after another", _throughput),
    "adapters": ("Another LoRA, beside diffusers' load_lora_weights", _adapters),
    "overhead": ("What the engine adds to a job", _overhead),
    "queue": ("The queue's decisions: their cost, and who waits how long", _queue),
    "acknowledge": ("How soon the bot says that it heard", _acknowledge),
    "chaos": ("The bot and its worker are killed while people ask for pictures", _chaos),
    "memory": ("What the weights of each kind of model take in memory", _memory),
    "soak": ("Memory over many jobs", _soak),
}

if __name__ == "__main__":
    sys.exit(said(main))
