"""The commands that go down to an engine and the events that come up from it."""

from typing import Literal, NewType

import msgspec

from inference.protocol import PROTOCOL_VERSION
from inference.protocol.limits import (
    MAX_ADAPTERS,
    MAX_CHECKED_BYTES,
    MAX_COUNT,
    MAX_IMAGE_BYTES,
    MAX_TOKENIZED_CHARACTERS,
    MAX_TOKENIZED_TEXTS,
    OutOfRange,
    require_float,
    require_int,
    require_text,
)
from inference.protocol.marks import Mark
from inference.protocol.recipe import AnyRecipe, ContentHash, Upscale, Words, require_hash, sources

JobId = NewType("JobId", str)
#: Names one life of an engine process; an event of another launch is dropped.
LaunchId = NewType("LaunchId", str)


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is told at its start."""

    #: The folder that holds the installed models and their catalogue.
    models_folder: str
    #: The folder that holds adapters by their hashes; empty where there are none.
    adapters_folder: str = ""
    #: The file or folder of the model that checks finished pictures; empty where there is none.
    safety_checker: str = ""
    #: "auto", "cpu", "mps", "cuda" or "cuda:1".
    device: str = "auto"
    #: "auto" is float16 on a GPU and float32 on a CPU.
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    attention: Literal["auto", "sdpa", "xformers"] = "auto"
    #: Rows (conditional and unconditional) of one pass of the network.
    max_rows: int = 16
    #: Bytes for resident models; 0 lets the engine choose from the device's memory.
    memory_budget_bytes: int = 0
    #: Bytes for adapters that are kept in memory; 0 lets the engine choose.
    adapters_budget_bytes: int = 0
    #: Threads that torch may use on a CPU; 0 lets torch choose.
    threads: int = 0
    #: The log tells what people typed.
    log_prompts: bool = False
    heartbeat_seconds: float = 1.0

    def __post_init__(self) -> None:
        require_int("max_rows", self.max_rows, 1, 1024)
        require_int("memory_budget_bytes", self.memory_budget_bytes, 0, 2**50)
        require_int("adapters_budget_bytes", self.adapters_budget_bytes, 0, 2**50)
        require_int("threads", self.threads, 0, 1024)
        require_float("heartbeat_seconds", self.heartbeat_seconds, 0.01, 60)


class ModelInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An installed model, as the engine reports it."""

    hash: ContentHash
    name: str
    #: A checkpoint, a VAE that can be used beside one, or a network that makes pictures larger.
    kind: Literal["checkpoint", "vae", "upscaler", "face_restorer"] = "checkpoint"
    #: "sd1", "sd2" or "sdxl"; "upscaler" and "face_restorer" for such.
    family: str
    #: Which adapters fit: those of the same family, "sd1", "sd2", "sdxl" or "sample"; empty for what is no checkpoint.
    adapter_family: str = ""
    prediction_type: Literal["epsilon", "v_prediction"]
    #: The network takes a mask and a masked picture (9 channels).
    inpainting: bool
    #: The network takes a picture and an instruction (8 channels), and paints nothing else.
    instructs: bool = False
    default_width: int
    default_height: int
    bytes: int
    #: Settings that suit the model, where they are known.
    default_sampler: str = "dpmpp_2m"
    default_schedule: str = "karras"
    default_steps: int = 20
    default_guidance_scale: float = 7.0
    #: How many times as large an upscaler makes a picture; 0 for anything else.
    factor: int = 0


# Commands -------------------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """The first frame down: who speaks, and the settings. The answer is Ready or Refused."""

    launch: LaunchId
    settings: EngineSettings
    protocol: int = PROTOCOL_VERSION


class Generate(msgspec.Struct, frozen=True, kw_only=True, tag="generate"):
    """Paint `count` pictures: `picture_of(recipe, 0, words)` to `picture_of(recipe, count - 1, words)`.

    An Upscale makes one picture, and has no words.
    """

    job: JobId
    recipe: AnyRecipe
    count: int = 1
    #: Of each picture; empty where all have the recipe's.
    words: tuple[Words, ...] = ()
    #: The bytes of the recipe's source pictures, by their hashes: the engine never asks back.
    images: dict[ContentHash, bytes] = {}
    #: A preview every so many steps; 0 for none.
    preview_every: int = 0
    #: States of a higher urgency take the rows of a tick first.
    urgency: int = 0

    def __post_init__(self) -> None:
        require_int("count", self.count, 1, MAX_COUNT)
        require_int("preview_every", self.preview_every, 0, 1000)
        if len(self.words) not in (0, self.count):
            raise OutOfRange("words", len(self.words), f"none, or of each of {self.count}")
        if isinstance(self.recipe, Upscale) and (self.count != 1 or self.words):
            raise OutOfRange("count", self.count, "1, without words, for a picture made larger")
        missing = [name for name in sources(self.recipe) if name not in self.images]
        if missing:
            raise OutOfRange("images", "missing", f"the bytes of {', '.join(missing)}")
        for data in self.images.values():
            if len(data) > MAX_IMAGE_BYTES:
                raise OutOfRange("image", f"{len(data):,} bytes long", f"at most {MAX_IMAGE_BYTES:,} bytes")


class Cancel(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """Stop a job within one step, whether it runs or waits. The answer is Cancelled, or nothing if it had ended."""

    job: JobId


class Pause(msgspec.Struct, frozen=True, kw_only=True, tag="pause"):
    """Keep a job's states as they are and give its rows to others."""

    job: JobId


class Resume(msgspec.Struct, frozen=True, kw_only=True, tag="resume"):
    """Go on with a paused job."""

    job: JobId


class Rescan(msgspec.Struct, frozen=True, kw_only=True, tag="rescan"):
    """Read the models folder again. The answer is Models."""


class Tokenize(msgspec.Struct, frozen=True, kw_only=True, tag="tokenize"):
    """Say how a model's text encoders cut texts, without loading its networks. The answer is Tokenized."""

    #: Names the question; the answer carries it.
    request: str
    model: ContentHash
    texts: tuple[str, ...]

    def __post_init__(self) -> None:
        require_int("number of texts", len(self.texts), 1, MAX_TOKENIZED_TEXTS)
        require_text("texts", "".join(self.texts), MAX_TOKENIZED_CHARACTERS)


class Examine(msgspec.Struct, frozen=True, kw_only=True, tag="examine"):
    """Look at a picture that somebody sent, and make a mask for it where one is wanted. The answer is Examined."""

    #: Names the question; the answer carries it.
    request: str
    data: bytes
    mask: Mark | None = None

    def __post_init__(self) -> None:
        if len(self.data) > MAX_IMAGE_BYTES:
            raise OutOfRange("image", f"{len(self.data):,} bytes long", f"at most {MAX_IMAGE_BYTES:,} bytes")


class Check(msgspec.Struct, frozen=True, kw_only=True, tag="check"):
    """Judge a finished picture by the model that checks; without one, say which model that is.

    The answer is Checked.
    """

    #: Names the question; the answer carries it.
    request: str
    data: bytes = b""

    def __post_init__(self) -> None:
        if len(self.data) > MAX_CHECKED_BYTES:
            raise OutOfRange("picture", f"{len(self.data):,} bytes long", f"at most {MAX_CHECKED_BYTES:,} bytes")


class Prefetch(msgspec.Struct, frozen=True, kw_only=True, tag="prefetch"):
    """Read adapters beside the work, since a job that waits will want them. A hint: nothing answers it."""

    adapters: tuple[ContentHash, ...]
    #: Of the model that they are wanted for, as `ModelInfo.adapter_family` says it.
    family: str

    def __post_init__(self) -> None:
        require_int("number of adapters", len(self.adapters), 0, MAX_ADAPTERS)
        for adapter in self.adapters:
            require_hash("adapter", adapter)


class Shutdown(msgspec.Struct, frozen=True, kw_only=True, tag="shutdown"):
    """Leave. Jobs that still run are abandoned without an event."""


Command = Hello | Generate | Cancel | Pause | Resume | Rescan | Tokenize | Examine | Check | Prefetch | Shutdown


# Events ---------------------------------------------------------------------------------------------------------


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine runs on. Memory is the GPU's, or the machine's where there is none."""

    kind: str
    name: str
    memory_bytes: int
    dtype: str
    attention: str
    versions: dict[str, str]


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The engine takes commands."""

    launch: LaunchId
    device: DeviceInfo
    models: tuple[ModelInfo, ...]
    protocol: int = PROTOCOL_VERSION


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """The engine cannot start with what Hello said."""

    launch: LaunchId
    reason: str


class Models(msgspec.Struct, frozen=True, kw_only=True, tag="models"):
    """The installed models, after a Rescan."""

    launch: LaunchId
    models: tuple[ModelInfo, ...]


class Token(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A token as people read it. What ends a word has a space behind it, so that tokens in a row are the words."""

    text: str
    weight: float


class TokenChunk(msgspec.Struct, frozen=True, kw_only=True):
    """What a text encoder reads at once: tokens of text, without begin and end."""

    tokens: tuple[Token, ...]
    #: Tokens that have room in a chunk.
    room: int = 75


class Tokenized(msgspec.Struct, frozen=True, kw_only=True, tag="tokenized"):
    """The answer to Tokenize. It ends no job."""

    launch: LaunchId
    request: str
    #: Of each text its chunks, at least one; nothing where there is a problem.
    chunks: tuple[tuple[TokenChunk, ...], ...] = ()
    #: Why the texts could not be read, in words for a person.
    problem: str | None = None


#: none: no picture of a format that is read. damaged: it cannot be decoded. pixels, side: it is too large. box: not
#: inside the picture. colour: nothing has it. shape: the mask is of another shape than the picture. nothing,
#: everything: what the mask marks. internal: a defect.
ProblemCode = Literal[
    "none", "damaged", "pixels", "side", "box", "colour", "shape", "nothing", "everything", "internal"
]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a picture, or the mask for it, cannot be used; the values are those that words for it need."""

    code: ProblemCode
    #: Which of two files it is about.
    of: Literal["picture", "mask"] = "picture"
    values: dict[str, int | str] = {}


class Examined(msgspec.Struct, frozen=True, kw_only=True, tag="examined"):
    """The answer to Examine. It ends no job."""

    launch: LaunchId
    request: str
    #: As people see the picture, turned upright by its EXIF data; 0 where it cannot be read.
    width: int = 0
    height: int = 0
    #: A part of the picture, and not the whole, is more transparent than not.
    transparent: bool = False
    #: A grey PNG of that size without anything but pixels; white is painted anew.
    mask: bytes | None = None
    problem: Problem | None = None


class Checked(msgspec.Struct, frozen=True, kw_only=True, tag="checked"):
    """The answer to Check. It ends no job."""

    launch: LaunchId
    request: str
    #: The SHA-256 of the model that checks, with all that is read beside it; empty where there is a problem.
    checker: ContentHash = ContentHash("")
    #: None where nothing was judged.
    flagged: bool | None = None
    #: How sure it is, from 0 to 1; None where the model does not tell.
    score: float | None = None
    #: Why nothing can be judged, in words for the operator.
    problem: str | None = None


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, tag="heartbeat"):
    """The engine lives, even while a step or a load takes long."""

    launch: LaunchId
    jobs: tuple[JobId, ...]
    resident_models: tuple[ContentHash, ...] = ()
    memory_used_bytes: int = 0
    #: How long the step or load under way has taken so far; 0 while waiting for commands.
    turn_seconds: float = 0.0


class Loading(msgspec.Struct, frozen=True, kw_only=True, tag="loading"):
    """A job waits for its model to be loaded."""

    launch: LaunchId
    job: JobId
    model: ContentHash


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """A model became resident; what the switch cost."""

    launch: LaunchId
    job: JobId
    model: ContentHash
    seconds: float
    bytes: int
    evicted: tuple[ContentHash, ...] = ()


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """A job's first step begins."""

    launch: LaunchId
    job: JobId


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A rough picture of what grows: JPEG bytes."""

    data: bytes
    width: int
    height: int


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress"):
    """One picture of a job has come one step further. `step` counts all passes and never goes back."""

    launch: LaunchId
    job: JobId
    picture: int
    step: int
    steps: int
    preview: Preview | None = None


class Notice(msgspec.Struct, frozen=True, kw_only=True, tag="notice"):
    """Something a person may want to know that changes nothing about the result, such as a halved batch."""

    launch: LaunchId
    job: JobId | None
    text: str


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A finished picture: PNG bytes that carry their recipe and an AUTOMATIC1111-style `parameters` text."""

    data: bytes
    width: int
    height: int
    #: The recipe of this very picture.
    recipe: AnyRecipe


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job's seconds went. Shared ticks count in full for each job that took part."""

    total_seconds: float
    loading_seconds: float
    network_seconds: float
    steps: int


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """Every picture of the job, in order."""

    launch: LaunchId
    job: JobId
    pictures: tuple[Picture, ...]
    timings: Timings


#: invalid: the request cannot be carried out as it is. model: the model cannot be loaded. memory: it does not fit even
#: alone. nonfinite: the network gave NaN or infinities. internal: a defect or a broken machine.
FailureKind = Literal["invalid", "model", "memory", "nonfinite", "internal"]


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The job ended without pictures; `message` says what is wrong and what to do, in words for a person."""

    launch: LaunchId
    job: JobId
    kind: FailureKind
    message: str


class Cancelled(msgspec.Struct, frozen=True, kw_only=True, tag="cancelled"):
    """The job ended because Cancel asked for it."""

    launch: LaunchId
    job: JobId


Event = (
    Ready
    | Refused
    | Models
    | Tokenized
    | Examined
    | Checked
    | Heartbeat
    | Loading
    | Loaded
    | Started
    | Progress
    | Notice
    | Finished
    | Failed
    | Cancelled
)

#: Exactly one of these ends every job that an engine lived to end.
TERMINAL_EVENTS = (Finished, Failed, Cancelled)
