"""Descriptions of commands, options and choices in Discord's menus, by their English words."""

from collections.abc import Mapping

from discord import Locale, app_commands

GERMAN_MENUS: Mapping[str, str] = {
    # /imagine
    "Paint pictures from words": "Malt Bilder nach Worten",
    "What to paint": "Was gemalt werden soll",
    "What to keep out of the picture": "Was nicht ins Bild soll",
    "Which model paints it": "Welches Modell es malt",
    "Pixels or a ratio, such as 512x768 or 3:2": "Pixel oder ein Verhältnis, etwa 512x768 oder 3:2",
    "How many pictures": "Wie viele Bilder",
    "More is slower and, up to a point, better": "Mehr ist langsamer und, bis zu einem Punkt, besser",
    "How closely to follow the words; 7 is usual": "Wie genau den Worten zu folgen ist; 7 ist üblich",
    "The way it is worked out, such as DPM++ 2M Karras": "Wie gerechnet wird, etwa DPM++ 2M Karras",
    "The same seed gives the same picture": "Derselbe Seed gibt dasselbe Bild",
    "Words that set a look": "Worte, die einen Stil geben",
    "A picture to start from": "Ein Bild, von dem ausgegangen wird",
    "How much to change that picture, 0 to 1": "Wie stark dieses Bild verändert wird, 0 bis 1",
    "Show the pictures to you alone": "Die Bilder nur dir zeigen",
    # /queue
    "What waits and what is being painted": "Was wartet und was gemalt wird",
    "Your unfinished requests, with buttons to cancel them": "Deine offenen Anfragen, mit Knöpfen zum Abbrechen",
    "How busy it is, and where you stand": "Wie viel los ist, und wo du stehst",
    "Cancel one of your requests, or all of them": "Eine deiner Anfragen abbrechen, oder alle",
    "Which request; all of yours where you choose none": "Welche Anfrage; alle deine, wenn du keine wählst",
    # /history
    "What you asked for, newest first": "Was du verlangt hast, das Neueste zuerst",
    "Only what you marked with ⭐": "Nur, was du mit ⭐ aufgehoben hast",
    # /me
    "Your defaults and your data": "Deine Vorgaben und deine Daten",
    "What /imagine uses when you do not say": "Was /imagine nimmt, wenn du nichts sagst",
    "Change your defaults": "Deine Vorgaben ändern",
    "Forget your defaults, or one of them": "Deine Vorgaben vergessen, oder eine davon",
    "Which one; all of them where you choose none": "Welche; alle, wenn du keine wählst",
    "Your usual model": "Dein übliches Modell",
    "Your usual size, such as 512x768 or 3:2": "Deine übliche Größe, etwa 512x768 oder 3:2",
    "How many pictures you usually want": "Wie viele Bilder du meistens willst",
    "Whether your pictures are seen by you alone": "Ob nur du deine Bilder siehst",
    "Get a copy of everything kept about you": "Eine Kopie von allem bekommen, was über dich aufgehoben ist",
    "Delete everything kept about you": "Alles löschen, was über dich aufgehoben ist",
    "model": "Modell",
    "size": "Größe",
    "count": "Anzahl",
    "private": "privat",
    # /help, /about
    "How to use this bot": "Wie dieser Bot geht",
    "What this bot is, and which models it has": "Was dieser Bot ist, und welche Modelle er hat",
}

_MENUS: Mapping[Locale, Mapping[str, str]] = {Locale.german: GERMAN_MENUS}


class CommandTranslator(app_commands.Translator):
    """Gives Discord the menus in other languages. Names of commands and options are the same in all of them."""

    async def translate(
        self, string: app_commands.locale_str, locale: Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """Return the text in the locale's language, None where there is none."""
        location = app_commands.TranslationContextLocation
        if context.location in (location.command_name, location.group_name, location.parameter_name):
            return None
        return _MENUS.get(locale, {}).get(string.message)
