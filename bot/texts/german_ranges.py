"""Values that are not allowed, in German; `inference.protocol.limits` has it in English."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.texts.ranges import Ranges

GERMAN_PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "whole": "eine ganze Zahl von {low} bis {high}",
        "finite": "eine Zahl von {low:g} bis {high:g}",
        "between": "von {low:g} bis {high:g}",
        "one_of": "eines von {choices}",
        "multiple": "ein Vielfaches von {multiple}",
        "near_multiple": "ein Vielfaches von {multiple}, etwa {low} oder {high}",
        "characters": "{count} Zeichen",
        "most_characters": "höchstens {most} Zeichen",
        "most_pixels": "höchstens {most} Pixel",
        "unicode": "gültiger Unicode-Text (keine halben Paare)",
        "first_pass": "mindestens {width}x{height} wie beim ersten Durchgang",
        "one_above_0": "mehr als 0 an einer der Seiten",
        "most_tiles": "höchstens {most}: mach sie größer oder das Bild kleiner",
        "pictures": "von {low} bis {high} Bilder",
        "each_picture": "eines für jedes der {count} Bilder, oder keines",
    }
)

_SIZES = {
    f"{of}{side}": f"{name}{kind}"
    for of, kind in (
        ("", ""),
        ("hires ", " von Hires"),
        ("seed resize ", " des Seeds"),
        ("default ", " als Voreinstellung"),
        ("source's ", " der Vorlage"),
        ("full ", " des Ganzen"),
    )
    for side, name in (("width", "Breite"), ("height", "Höhe"), ("size", "Größe"))
}

#: What has a range, by its English name.
GERMAN_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        **_SIZES,
        "adapter text encoder weight": "Gewicht eines Adapters im Text-Encoder",
        "adapter weight": "Gewicht eines Adapters",
        "adapter word": "Wort eines Adapters",
        "adapters": "Adapter",
        "bytes of adapters": "Bytes der Adapter",
        "clip skip": "Clip skip",
        "count": "Bilder",
        "daily pictures": "Bilder am Tag",
        "daily seconds": "Sekunden am Tag",
        "days that pictures are kept": "Tage, die Bilder aufgehoben werden",
        "description": "Beschreibung",
        "eta": "Eta",
        "face strength": "Stärke der Gesichter",
        "fit": "Einpassen",
        "guidance": "Guidance",
        "guidance rescale": "Guidance-Rescale",
        "guidance scale": "Guidance",
        "hires sampler": "Sampler von Hires",
        "hires steps": "Schritte von Hires",
        "hires strength": "Stärke von Hires",
        "hires upscaler": "Vergrößerung von Hires",
        "image guidance scale": "Guidance des Bildes",
        "images": "Bilder",
        "left": "Links",
        "right": "Rechts",
        "top": "Oben",
        "bottom": "Unten",
        "left, right, top and bottom": "Links, rechts, oben und unten",
        "locale": "Sprache",
        "mask blur": "Weichheit der Maske",
        "model": "Modell",
        "name": "Name",
        "negative prompt": "Negativer Prompt",
        "number of adapters": "Zahl der Adapter",
        "overlap": "Überlappung",
        "pictures that wait": "Bilder, die warten",
        "pixels": "Pixel",
        "pixels of a picture made larger": "Pixel eines vergrößerten Bildes",
        "prompt": "Prompt",
        "reason": "Grund",
        "regions": "Bereiche",
        "regions' base": "Anteil des Ganzen an den Bereichen",
        "region's ratio": "Verhältnis eines Bereichs",
        "sampler": "Sampler",
        "schedule": "Schedule",
        "seed": "Seed",
        "size": "Größe",
        "steps": "Schritte",
        "strength": "Stärke",
        "style prompt": "Zweiter Prompt",
        "tiles": "Kacheln",
        "trigger word": "Auslösewort",
        "variation seed": "Seed der Variation",
        "variation strength": "Stärke der Variation",
        "waiting": "Bilder eines Mitglieds, die warten",
        "weekly pictures": "Bilder in der Woche",
        "weekly seconds": "Sekunden in der Woche",
        "weight": "Gewicht",
        "weights": "Gewichte",
    }
)

GERMAN_RANGES = Ranges("{field}: {value} geht nicht. Erlaubt: {allowed}.", GERMAN_FIELDS, GERMAN_PHRASES)
