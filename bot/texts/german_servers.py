"""First contact with a server, and what is kept of it, in German."""

from collections.abc import Mapping
from types import MappingProxyType

GERMAN_SERVERS: Mapping[str, str] = MappingProxyType(
    {
        "greeting": "## Hallo, und danke, dass ich auf {server} sein darf\n"
        "Ich mache Bilder aus Worten: Tippe **/imagine**. Alle dürfen das, überall, bis du etwas anderes einstellst. "
        "Ein Druck stellt ein, was üblich ist:",
        "greeting_everybody_means": "**Für alle**: keine Grenzen außer denen derer, die mich betreiben.",
        "greeting_careful_means": "**Vorsichtig mit Fremden**: höchstens 30 Schritte, Bilder mit einer Million Pixel "
        "(1024×1024), 4 auf einmal und 60 am Tag je Mitglied; LoRAs und Embeddings warten, bis ihr sie zulasst.",
        "greeting_here_means": "**Nur in diesem Kanal**: Ich antworte hier und sonst nirgends.",
        "greeting_more": "Drücken kann, wer den Server verwaltet, jetzt oder später. **/admin panel** zeigt und ändert "
        "alles: Modelle, Grenzen, Kanäle, Rollen, Worte. **/help** ist für alle.",
        "button_greeting_everybody": "Für alle",
        "button_greeting_careful": "Vorsichtig mit Fremden",
        "button_greeting_here": "Nur in diesem Kanal",
        "greeting_everybody_set": "Fertig: Auf {server} dürfen alle verlangen, was ich kann. /admin panel ändert es.",
        "greeting_careful_set": "Fertig: Auf {server} bin ich vorsichtig mit Fremden. /admin panel ändert es.",
        "greeting_here_set": "Fertig: Auf {server} antworte ich nur in diesem Kanal. /admin panel ändert es.",
        "greeting_not_yours": "Das kann nur einstellen, wer den Server verwaltet.",
    }
)
