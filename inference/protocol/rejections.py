"""Why an adapter's file is refused: every reason under its stable code, in English here."""

from collections.abc import Mapping
from types import MappingProxyType

from inference.protocol.adapters import Rejected


def rejected(code: str, /, **values: str | int) -> Rejected:
    """Return a refusal of `REJECTIONS` with its values."""
    return Rejected(code=code, values=values, words=REJECTIONS[code].format(**values))


REJECTIONS: Mapping[str, str] = MappingProxyType(
    {
        # What the file is.
        "not_a_file": "This is no plain file. Send the file itself.",
        "empty": "The file is empty. Download it again, and send it again.",
        "too_large": "The file has {size} MB; an adapter may have at most {most} MB.",
        "web_page": "This is a web page, not an adapter: the download needs a login, or the link is wrong.",
        "git_lfs": "This is a Git LFS pointer, not the file itself. Download it from its page, and send that.",
        "picture": "This is a picture, not an adapter. Send the .safetensors file.",
        "gguf": "GGUF files cannot be used. Send the .safetensors file.",
        "packed": "This is an archive of files. Unpack it, and send the .safetensors file that is in it.",
        "unknown_format": "This is no adapter that I know, or it is damaged. Send a .safetensors file.",
        "pickle_in_disguise": "The file's name says safetensors, but it is a pickle. Where it comes from, look for "
        "the real .safetensors file; if it is a pickle that you trust, name it .pt.",
        # Headers of safetensors files.
        "cut_short": "The file is cut short: it promises {needed} bytes and {there} are there. Download it again.",
        "damaged_header": "The file's header is damaged. Download it again.",
        "header_too_large": "The file's header claims {size} bytes; at most {most} are read.",
        "too_many_tensors": "The file lists more than {most} tensors, which no adapter has.",
        "duplicate_key": "The file names `{name}` twice in its header. It is damaged, or made to deceive.",
        "long_name": "The file holds a tensor whose name is too long (`{name}`).",
        "odd_name": "The file holds a tensor whose name has characters that no name has (`{name}`).",
        "bad_entry": "The file's header lies about the tensor `{name}`, or is damaged. Download it again.",
        "unknown_dtype": "The tensor `{name}` has the type {dtype}, which is not used here. Save it as float16.",
        "overlap": "The tensor `{name}` lies on another one. The file is damaged, or made to deceive.",
        "gap": "There are bytes before the tensor `{name}` that belong to none. The file is damaged.",
        "leftover": "There are {count} bytes behind the last tensor, where nothing should be. The file is damaged.",
        # What the tensors hold.
        "no_numbers": "The file holds no numbers at all.",
        "empty_tensor": "The tensor `{name}` is empty. The file is damaged.",
        "not_finite": "The tensor `{name}` holds values that are no numbers (NaN or infinity): its training went "
        "wrong. Use a file that was saved earlier in the training.",
        "too_great": "The tensor `{name}` holds values beyond {most}, which no trained adapter has. It would only "
        "spoil pictures.",
        "absurd_scale": "The module `{name}` is scaled by {scale}, and at most {most} makes sense. Look at its alpha.",
        "absurd_rank": "The module `{name}` has the rank {rank}; it can have at most {most}.",
        # Pickles.
        "pickle_runs": "This pickle wants to run `{what}`, which an adapter has no need of. It was not run. Do not "
        "open the file anywhere else, and look for it as .safetensors.",
        "pickle_damaged": "This pickle is damaged, or is none that torch wrote. Look for it as .safetensors.",
        "pickle_without_tensors": "This pickle holds no named tensors. Look for the adapter as .safetensors.",
        "pickle_too_large": "What this pickle unpacks to is larger than the file itself. Look for it as .safetensors.",
        "archive_compressed": "Its parts are compressed, which torch never does. Look for it as .safetensors.",
        "archive_odd": "It holds `{name}`, which no pickle of torch has. Look for it as .safetensors.",
        "archive_lies": "What it says about the sizes of its parts is not true. Look for it as .safetensors.",
        "archive_crowded": "It holds more than {most} parts, which no adapter has. Look for it as .safetensors.",
        "odd_tensor": "The tensor `{name}` is of a kind that cannot be used here. Look for it as .safetensors.",
        # What it is for.
        "hypernetwork": "This is a hypernetwork. They cannot be used here yet: LoRAs do the same and more.",
        "checkpoint": "This is a whole model (a checkpoint), not an adapter. Whoever runs the bot installs it with "
        "`easel models add`.",
        "vae": "This is a VAE, not an adapter. Whoever runs the bot installs it with `easel models add`.",
        "upscaler": "This is an upscaler or a face restorer, not an adapter. Whoever runs the bot installs it with "
        "`easel models add`.",
        "controlnet": "This is a ControlNet, which cannot be used as an adapter.",
        "ip_adapter": "This is an IP-Adapter, which cannot be used here.",
        "other_family": "This is made for {family}, and no model of that family runs here. What runs here is Stable "
        "Diffusion 1, 2 and XL.",
        "unknown_kind": "This is no LoRA and no embedding that I know. Its tensors are named like {names}.",
        "unknown_family": "This fits none of the models that I know, which are Stable Diffusion 1, 2 and XL: {count} "
        "of its tensors belong to no part of them, such as {names}.",
        "unmatched": "{count} of its tensors belong to no part of the model: {names}. With the rest alone the "
        "pictures would be wrong.",
        "vector_count": "An embedding has 1 to {most} vectors, and this one {vectors}.",
        "pair_differs": "Its two text encoders get different numbers of vectors: {first} and {second}.",
        # How inspecting it ended.
        "out_of_memory": "Looking at it took more memory than an adapter needs. Look for it as .safetensors.",
        "took_too_long": "Looking at it took longer than {seconds} s. Look for it as .safetensors.",
        "broke": "It could not be looked at: the program that does so broke. Look for it as .safetensors.",
    }
)
