"""First contact with a server, and what is kept of it."""

from collections.abc import Mapping
from types import MappingProxyType

ENGLISH_SERVERS: Mapping[str, str] = MappingProxyType(
    {
        "greeting": "## Hello, and thank you for adding me to {server}\n"
        "I make pictures from words: type **/imagine**. Everybody may, everywhere, until you set something else. "
        "One press sets the usual rules:",
        "greeting_everybody_means": "**For everybody**: no limits but those of whoever runs me.",
        "greeting_careful_means": "**Careful with strangers**: at most 30 steps, pictures of a million pixels "
        "(1024×1024), 4 at a time and 60 a day for each member; LoRAs and embeddings wait until you approve them.",
        "greeting_here_means": "**Only in this channel**: I answer here and nowhere else.",
        "greeting_more": "Whoever manages the server can press, now or later. **/admin panel** shows and changes "
        "everything: models, limits, channels, roles, words. **/help** is for everybody.",
        "button_greeting_everybody": "For everybody",
        "button_greeting_careful": "Careful with strangers",
        "button_greeting_here": "Only in this channel",
        "greeting_everybody_set": "Done: in {server} everybody may ask for what I can do. /admin panel changes it.",
        "greeting_careful_set": "Done: in {server} I am careful with strangers. /admin panel changes it.",
        "greeting_here_set": "Done: in {server} I answer in this channel alone. /admin panel changes it.",
        "greeting_not_yours": "Only whoever manages that server can set this.",
    }
)
