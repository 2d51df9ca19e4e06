"""Classifiers of pictures as ONNX files: what they take and give is told by files beside them, or by their shapes."""

import math
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.extras import to_install
from inference.models.errors import ModelError
from inference.vision.preprocessing import FILE, Preprocessing, Triple, described, read_json
from inference.vision.safety import Judgement

_CONFIG = "config.json"
#: Parts of labels that say what is not for everybody.
_FLAGGED_WORDS = ("nsfw", "porn", "hentai", "sexy", "explicit", "nude", "nudity", "unsafe")
#: Of classifiers that come without labels, by how many classes they have: "normal, nsfw" and
#: "drawings, hentai, neutral, porn, sexy".
_USUAL = {2: (1,), 5: (1, 3, 4)}
_USUAL_SIDE = 224
_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
#: By which probabilities may miss one as a sum.
_SUM_TOLERANCE = 1e-3
_MOST_CLASSES = 10_000


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the operator says of a classifier, in a file of its name that ends in .json. All of it may be left out."""

    width: int | None = None
    height: int | None = None
    resize: Literal["stretch", "crop"] | None = None
    resample: Literal["nearest", "bilinear", "bicubic", "lanczos"] | None = None
    layout: Literal["NCHW", "NHWC"] | None = None
    colours: Literal["RGB", "BGR"] | None = None
    #: Pixels 0..255 are multiplied by `scale`; then the mean is taken away, and the rest divided by `std`.
    scale: float | None = None
    mean: Triple | None = None
    std: Triple | None = None
    output: str | None = None
    #: Places of the classes that are flagged, from 0.
    flagged: tuple[int, ...] | None = None
    activation: Literal["none", "softmax", "sigmoid"] | None = None
    #: Of what the flagged classes have together.
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError("threshold must be above 0, and at most 1")
        if self.flagged is not None and (not self.flagged or len(set(self.flagged)) < len(self.flagged)):
            raise ValueError("flagged must name at least one class, and none twice")


class Classifier:
    """A classifier in an ONNX file. Runs on the CPU: it takes no memory from what paints."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        """Load it, and try it on a grey picture. Raises ModelError."""
        own, labels, prepared = path.with_suffix(".json"), path.with_name(_CONFIG), path.with_name(FILE)
        if path.parent.name == "onnx":
            labels, prepared = (path.parent.parent / name for name in (_CONFIG, FILE))
        self._told = _description(own) if own.is_file() else Description()
        self._session, self._failures = _session(path, threads)
        self._input, self._dtype, fixed, self._layout = _taken(self._session, self._told, path)
        self._output = _given(self._session, self._told, path)
        self._preprocessing = _preprocessing(self._told, prepared, fixed, self._layout)
        width, height = self._preprocessing.width, self._preprocessing.height
        if any(own is not None and own != said for own, said in zip(fixed, (width, height), strict=True)):
            raise ModelError(
                f"{path} takes {fixed[0]} x {fixed[1]} pixels, but is described as taking {width} x {height}."
            )
        beside = [file for file in (own, labels, prepared) if file.is_file()]
        data = [file for file in path.parent.iterdir() if file.name.startswith(f"{path.name}") and file != path]
        self.files = (path, *beside, *data)
        raw = self._run(next(self._preprocessing.views(Image.new("RGB", (64, 64), "grey"))))
        self._flagged = _classes(self._told, labels, len(raw), path)
        if len(raw) == 1 and self._told.activation is None:
            raise ModelError(
                f"{path} gives one number, which may be a probability or not. Say which in {own.name}: "
                '{"activation": "none"} or {"activation": "sigmoid"}.'
            )
        self.description = (
            f"{path}, {width} x {height} pixels, of {len(raw)} classes those at "
            f"{', '.join(map(str, self._flagged))} from {self._told.threshold:g} on"
        )

    def judge(self, picture: Image.Image) -> Judgement:
        """Judge an RGB picture by the view of it that is worst. Raises ModelError."""
        score = max(self._score(view) for view in self._preprocessing.views(picture))
        return Judgement(score >= self._told.threshold, round(score, 4))

    def _score(self, view: NDArray[np.float32]) -> float:
        probabilities = _probabilities(self._run(view), self._told.activation)
        return min(1.0, float(probabilities[list(self._flagged)].sum()))

    def _run(self, view: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what a classifier gives for a (3, height, width) view, a number a class. Raises ModelError."""
        arranged = view.transpose(1, 2, 0) if self._layout == "NHWC" else view
        batch = np.ascontiguousarray(arranged[None].astype(self._dtype))
        try:
            (given,) = self._session.run([self._output], {self._input: batch})
        except self._failures as error:
            raise ModelError(f"The classifier fails: {_brief(error)}") from None
        found = np.asarray(given)
        if found.dtype.kind != "f" or found.size == 0 or found.size != found.shape[-1] or found.size > _MOST_CLASSES:
            raise ModelError(
                f"The classifier gives {found.dtype} {found.shape}, where a number for each class is wanted."
            )
        numbers = found.astype(np.float64).reshape(-1)
        if not np.isfinite(numbers).all():
            raise ModelError("The classifier gives numbers that are none; its file may be damaged.")
        return numbers


def _session(path: Path, threads: int) -> tuple[Any, tuple[type[Exception], ...]]:
    """Return a session of onnxruntime, and what it raises over what it cannot do. Raises ModelError."""
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as raised
    except ImportError:
        raise ModelError(f"{path} is an ONNX file, and onnxruntime is not installed. {to_install('onnx')}") from None
    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NotImplemented")
    failures = (RuntimeError, ValueError, *(getattr(raised, name) for name in (*names, "RuntimeException")))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]), failures
    except failures as error:
        raise ModelError(f"{path} is no ONNX file that can be run: {_brief(error)}") from None


def _description(path: Path) -> Description:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Description)
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} does not describe a classifier: {error}") from None


#: A width and a height, None where any will do.
_Sides = tuple[int | None, int | None]


def _taken(session: Any, told: Description, path: Path) -> tuple[str, Any, _Sides, Literal["NCHW", "NHWC"]]:
    """Return the name, type, fixed sides and layout of what a classifier takes. Raises ModelError."""
    inputs = session.get_inputs()
    shape = list(inputs[0].shape) if inputs else []
    if len(inputs) != 1 or len(shape) != 4 or inputs[0].type not in _TYPES:
        raise ModelError(f"{path} takes something else than one batch of pictures as floating-point numbers.")
    layout = told.layout or ("NHWC" if shape[3] == 3 and shape[1] != 3 else "NCHW")
    height, width = (shape[1], shape[2]) if layout == "NHWC" else (shape[2], shape[3])
    if (shape[3] if layout == "NHWC" else shape[1]) not in (3, None) and isinstance(shape[1], int):
        raise ModelError(f"{path} takes pictures of other colours than red, green and blue.")
    return inputs[0].name, _TYPES[inputs[0].type], (_fixed(width), _fixed(height)), layout


def _fixed(side: object) -> int | None:
    return side if isinstance(side, int) and side > 0 else None


def _given(session: Any, told: Description, path: Path) -> str:
    """Return the name of the output that is read. Raises ModelError."""
    names = [output.name for output in session.get_outputs()]
    wanted = told.output or (names[0] if len(names) == 1 else "logits")
    if wanted not in names:
        raise ModelError(
            f"{path} gives {', '.join(names)}. Say which of them counts in {path.with_suffix('.json').name}: "
            f'{{"output": "{names[0]}"}}.'
        )
    return wanted


def _preprocessing(told: Description, prepared: Path, fixed: _Sides, layout: str) -> Preprocessing:
    """Return how pictures are prepared: as was said, else as a file of Hugging Face's says, else as is usual."""
    width, height = (side or _USUAL_SIDE for side in fixed)
    if prepared.is_file():
        usual = described(prepared, width)
    else:
        # As networks are trained that torch exports, and as TensorFlow's are.
        half = (0.5, 0.5, 0.5) if layout == "NCHW" else None
        usual = Preprocessing(
            width=width, height=height, resize="stretch", mean=half or (0.0, 0.0, 0.0), std=half or (1.0, 1.0, 1.0)
        )
    resize = told.resize or usual.resize
    return Preprocessing(
        width=told.width or usual.width,
        height=told.height or usual.height,
        resize=resize,
        edge=usual.edge if resize == usual.resize else None,
        resample=usual.resample if told.resample is None else Image.Resampling[told.resample.upper()],
        scale=usual.scale if told.scale is None else told.scale,
        mean=told.mean or usual.mean,
        std=told.std or usual.std,
        colours=told.colours or usual.colours,
    )


def _classes(told: Description, labels: Path, count: int, path: Path) -> tuple[int, ...]:
    """Return the places of the classes that are flagged. Raises ModelError where nobody says which."""
    found = told.flagged
    if found is None and labels.is_file():
        found = _by_labels(labels)
    if found is None:
        found = (0,) if count == 1 else _USUAL.get(count)
    if found is None or not all(0 <= place < count for place in found) or (count > 1 and len(found) >= count):
        raise ModelError(
            f"{path} knows {count} classes, and it is not told which of them are flagged. Say so in "
            f'{path.with_suffix(".json").name}: {{"flagged": [1]}}, from 0.'
        )
    return tuple(found)


def _by_labels(path: Path) -> tuple[int, ...] | None:
    """Return the places of labels that say what is not for everybody; None where there are no labels."""
    told = read_json(path)
    labels = told.get("id2label") if isinstance(told, dict) else None
    if not isinstance(labels, dict):
        return None
    try:
        named = {int(place): str(label).casefold() for place, label in labels.items()}
    except ValueError:
        raise ModelError(f"{path} numbers its labels by something else than numbers.") from None
    return tuple(place for place, label in named.items() if any(word in label for word in _FLAGGED_WORDS)) or None


def _probabilities(numbers: NDArray[np.float64], activation: str | None) -> NDArray[np.float64]:
    """Return probabilities. What was not said is told by the numbers: those that sum to one are probabilities."""
    if activation == "sigmoid":
        return np.array([1 / (1 + math.exp(-max(-700.0, min(700.0, number)))) for number in numbers])
    whole = bool((numbers >= 0).all()) and abs(numbers.sum() - 1) < _SUM_TOLERANCE
    if activation == "softmax" or (activation is None and not whole):
        powers = np.exp(numbers - numbers.max())
        return np.asarray(powers / powers.sum())
    if ((numbers < -_SUM_TOLERANCE) | (numbers > 1 + _SUM_TOLERANCE)).any():
        raise ModelError('The classifier gives numbers that are no probabilities: "activation" is wrong.')
    return numbers.clip(0, 1)


def _brief(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:300]
