"""Why an adapter's file is refused, in German; `inference.protocol.rejections` has it in English."""

from collections.abc import Mapping
from types import MappingProxyType

GERMAN_REJECTIONS: Mapping[str, str] = MappingProxyType(
    {
        # Was die Datei ist
        "not_a_file": "Das ist keine gewöhnliche Datei. Schick die Datei selbst.",
        "empty": "Die Datei ist leer. Lade sie noch einmal herunter, und schick sie dann wieder.",
        "too_large": "Die Datei hat {size} MB; ein Adapter darf höchstens {most} MB haben.",
        "web_page": "Das ist eine Webseite und kein Adapter: Der Download braucht eine Anmeldung, oder der Link "
        "stimmt nicht.",
        "git_lfs": "Das ist ein Verweis von Git LFS und nicht die Datei selbst. Lade sie von ihrer Seite herunter, "
        "und schick die.",
        "picture": "Das ist ein Bild und kein Adapter. Schick die .safetensors-Datei.",
        "gguf": "GGUF-Dateien lassen sich nicht benutzen. Schick die .safetensors-Datei.",
        "packed": "Das ist ein Archiv mit Dateien. Entpacke es, und schick die .safetensors-Datei, die darin ist.",
        "unknown_format": "Das ist kein Adapter, den ich kenne, oder er ist beschädigt. Schick eine "
        ".safetensors-Datei.",
        "pickle_in_disguise": "Die Datei heißt wie safetensors, ist aber ein Pickle. Such dort, wo sie herkommt, die "
        "echte .safetensors-Datei; ist es ein Pickle, dem du traust, nenn ihn .pt.",
        # Köpfe von safetensors-Dateien
        "cut_short": "Die Datei ist abgeschnitten: Sie verspricht {needed} Bytes, und {there} sind da. Lade sie noch "
        "einmal herunter.",
        "damaged_header": "Der Kopf der Datei ist beschädigt. Lade sie noch einmal herunter.",
        "header_too_large": "Der Kopf der Datei soll {size} Bytes haben; höchstens {most} werden gelesen.",
        "too_many_tensors": "Die Datei nennt mehr als {most} Tensoren, so viele hat kein Adapter.",
        "duplicate_key": "Die Datei nennt `{name}` zweimal in ihrem Kopf. Sie ist beschädigt oder soll täuschen.",
        "long_name": "Die Datei enthält einen Tensor mit einem zu langen Namen (`{name}`).",
        "odd_name": "Die Datei enthält einen Tensor, dessen Name Zeichen hat, die kein Name hat (`{name}`).",
        "bad_entry": "Der Kopf der Datei sagt über den Tensor `{name}` nicht die Wahrheit, oder er ist beschädigt. "
        "Lade sie noch einmal herunter.",
        "unknown_dtype": "Der Tensor `{name}` hat den Typ {dtype}, der hier nicht benutzt wird. Speichere ihn als "
        "float16.",
        "overlap": "Der Tensor `{name}` liegt auf einem anderen. Die Datei ist beschädigt oder soll täuschen.",
        "gap": "Vor dem Tensor `{name}` liegen Bytes, die zu keinem gehören. Die Datei ist beschädigt.",
        "leftover": "Hinter dem letzten Tensor liegen {count} Bytes, wo nichts sein sollte. Die Datei ist beschädigt.",
        # Was in den Tensoren steht
        "no_numbers": "Die Datei enthält gar keine Zahlen.",
        "empty_tensor": "Der Tensor `{name}` ist leer. Die Datei ist beschädigt.",
        "not_finite": "Der Tensor `{name}` enthält Werte, die keine Zahlen sind (NaN oder unendlich): Beim Training "
        "ging etwas schief. Nimm eine Datei, die früher im Training gespeichert wurde.",
        "too_great": "Der Tensor `{name}` enthält Werte über {most}, die kein trainierter Adapter hat. Er würde "
        "Bilder nur verderben.",
        "absurd_scale": "Das Modul `{name}` wird mit {scale} multipliziert, und höchstens {most} ist sinnvoll. Sieh "
        "nach seinem Alpha.",
        "absurd_rank": "Das Modul `{name}` hat den Rang {rank}; höchstens {most} ist möglich.",
        # Pickles
        "pickle_runs": "Dieser Pickle will `{what}` ausführen, was ein Adapter nicht braucht. Es wurde nicht "
        "ausgeführt. Öffne die Datei auch sonst nirgends, und such sie als .safetensors.",
        "pickle_damaged": "Dieser Pickle ist beschädigt, oder er ist nicht von torch. Such ihn als .safetensors.",
        "pickle_without_tensors": "Dieser Pickle enthält keine Tensoren mit Namen. Such den Adapter als .safetensors.",
        "pickle_too_large": "Was dieser Pickle auspackt, ist größer als die Datei selbst. Such ihn als .safetensors.",
        "archive_compressed": "Seine Teile sind komprimiert, was torch nie macht. Such ihn als .safetensors.",
        "archive_odd": "Er enthält `{name}`, was kein Pickle von torch hat. Such ihn als .safetensors.",
        "archive_lies": "Was er über die Größen seiner Teile sagt, stimmt nicht. Such ihn als .safetensors.",
        "archive_crowded": "Er enthält mehr als {most} Teile, so viele hat kein Adapter. Such ihn als .safetensors.",
        "odd_tensor": "Der Tensor `{name}` ist von einer Art, die sich hier nicht benutzen lässt. Such ihn als "
        ".safetensors.",
        # Wofür sie ist
        "hypernetwork": "Das ist ein Hypernetwork. Die lassen sich hier noch nicht benutzen: LoRAs können dasselbe "
        "und mehr.",
        "checkpoint": "Das ist ein ganzes Modell (ein Checkpoint) und kein Adapter. Wer den Bot betreibt, richtet es "
        "mit `easel models add` ein.",
        "vae": "Das ist ein VAE und kein Adapter. Wer den Bot betreibt, richtet es mit `easel models add` ein.",
        "upscaler": "Das vergrößert Bilder oder verbessert Gesichter und ist kein Adapter. Wer den Bot betreibt, "
        "richtet es mit `easel models add` ein.",
        "controlnet": "Das ist ein ControlNet und lässt sich nicht als Adapter benutzen.",
        "ip_adapter": "Das ist ein IP-Adapter und lässt sich hier nicht benutzen.",
        "other_family": "Das ist für {family} gemacht, und so ein Modell läuft hier nicht. Hier laufen Stable "
        "Diffusion 1, 2 und XL.",
        "unknown_kind": "Das ist kein LoRA und kein Embedding, das ich kenne. Seine Tensoren heißen etwa {names}.",
        "unknown_family": "Das passt zu keinem Modell, das ich kenne, nämlich Stable Diffusion 1, 2 und XL: {count} "
        "seiner Tensoren gehören zu keinem Teil davon, etwa {names}.",
        "unmatched": "{count} seiner Tensoren gehören zu keinem Teil des Modells: {names}. Nur mit den anderen "
        "würden die Bilder falsch.",
        "vector_count": "Ein Embedding hat 1 bis {most} Vektoren, dieses {vectors}.",
        "pair_differs": "Seine zwei Textencoder bekommen verschieden viele Vektoren: {first} und {second}.",
        # Wie das Ansehen ausging
        "out_of_memory": "Sie anzusehen brauchte mehr Speicher, als ein Adapter braucht. Such ihn als .safetensors.",
        "took_too_long": "Sie anzusehen dauerte länger als {seconds} s. Such ihn als .safetensors.",
        "broke": "Sie ließ sich nicht ansehen: Das Programm dafür ist abgestürzt. Such den Adapter als .safetensors.",
    }
)
