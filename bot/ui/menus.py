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
    "Words that set a look; several with commas between": "Worte, die einen Stil geben; mehrere mit Kommas",
    "Give each text that AND joins its place: columns, rows, or with ratios: columns 1:2": "Jedem Text, den AND "
    "verbindet, seinen Platz geben: columns, rows, oder columns 1:2",
    "Paint every combination of {a|b} and __lists__: say how many that are": "Jede Kombination von {a|b} und "
    "__listen__ malen: sag, wie viele das sind",
    "What the second text encoder of SDXL reads instead": "Was der zweite Text-Encoder von SDXL stattdessen liest",
    "A picture whose settings to use where you say nothing": "Ein Bild, dessen Einstellungen gelten, wo du nichts "
    "sagst",
    "A picture to start from": "Ein Bild, von dem ausgegangen wird",
    "How much to change that picture, 0 to 1": "Wie stark dieses Bild verändert wird, 0 bis 1",
    "Show the pictures to you alone": "Die Bilder nur dir zeigen",
    # /paste
    "Paint from the settings of another program, or of a picture": "Nach den Einstellungen eines anderen Programms "
    "oder eines Bildes malen",
    "A picture that says how it was made; without it you get a form for settings": "Ein Bild, das sagt, wie es "
    "entstand; ohne eines kommt ein Formular",
    # /edit, /upscale, /variations, /blend, and the menus of messages
    "Change a picture": "Ein Bild ändern",
    "Paint a picture over as a whole": "Ein Bild als Ganzes übermalen",
    "Paint a part of a picture anew": "Einen Teil eines Bildes neu malen",
    "Continue a picture beyond its sides": "Ein Bild über seine Ränder hinaus fortsetzen",
    "Change a picture by saying what to change": "Ein Bild ändern, indem du sagst, was sich ändern soll",
    "Make a picture larger, or restore its faces": "Ein Bild vergrößern, oder seine Gesichter verbessern",
    "Paint variations of a picture": "Variationen eines Bildes malen",
    "Paint from two to four pictures at once": "Aus zwei bis vier Bildern zugleich malen",
    "The picture to start from": "Das Bild, von dem ausgegangen wird",
    "What to paint; a picture of mine says it itself": "Was gemalt werden soll; ein Bild von mir sagt es selbst",
    "Where: left half, top right, middle third, or 10,20,64,48 in pixels": "Wo: linke Hälfte, oben "
    "rechts, mittleres Drittel oder 10,20,64,48 in Pixeln",
    "Or everything that has this colour, such as #ff8800": "Oder alles, was diese Farbe hat, etwa #ff8800",
    "Or a mask: white is painted anew. Without any, what is transparent is": "Oder eine Maske: Weiß wird "
    "neu gemalt. Sonst das, was durchsichtig ist",
    "How much to change that part, 0 to 1; usually 1": "Wie stark sich dieser Teil ändert, 0 bis 1; meist 1",
    "Pixels by which its edge is softened": "Pixel, um die sein Rand weicher wird",
    "Pixels to add on the left": "Pixel, die links dazukommen",
    "Pixels to add on the right": "Pixel, die rechts dazukommen",
    "Pixels to add above": "Pixel, die oben dazukommen",
    "Pixels to add below": "Pixel, die unten dazukommen",
    "Or how many times as wide and as high the view becomes": "Oder wievielmal so breit und hoch der Ausschnitt wird",
    "Or make it square": "Oder quadratisch machen",
    "What to change, such as: make it snow": "Was sich ändern soll, etwa: make it snow",
    "How closely to keep to the picture; 1.5 is usual": "Wie genau beim Bild zu bleiben ist; 1,5 ist üblich",
    "Which model that follows instructions": "Welches Modell, das Anweisungen folgt",
    "The picture to make larger": "Das Bild, das größer werden soll",
    "How": "Wie es geht",
    "twice": "doppelt",
    "four times": "vierfach",
    "not: only its faces": "gar nicht: nur seine Gesichter",
    "by an upscaler, nothing is painted anew": "durch einen Upscaler, nichts wird neu gemalt",
    "painted larger as a whole (hires)": "als Ganzes größer gemalt (Hires)",
    "details painted anew, part by part": "Details neu gemalt, Teil für Teil",
    "Which upscaler; otherwise the one that suits": "Welcher Upscaler; sonst der passende",
    "Restore faces": "Gesichter verbessern",
    "How much of the restored faces shows, 0 to 1": "Wie viel von den verbesserten Gesichtern zu sehen ist, 0 bis 1",
    "How much they differ from it": "Wie sehr sie sich unterscheiden",
    "slightly": "ein wenig",
    "strongly": "stark",
    "A picture": "Ein Bild",
    "Another picture": "Ein anderes Bild",
    "A third picture": "Ein drittes Bild",
    "A fourth picture": "Ein viertes Bild",
    "How far to go from the pictures, 0 to 1": "Wie weit es von den Bildern weg geht, 0 bis 1",
    "Vary": "Variieren",
    "Upscale": "Vergrößern",
    "Edit": "Bearbeiten",
    "Remix settings": "Einstellungen ändern",
    # /queue
    "What waits and what is being painted": "Was wartet und was gemalt wird",
    "Your unfinished requests, with buttons to cancel them": "Deine offenen Anfragen, mit Knöpfen zum Abbrechen",
    "How busy it is, and where you stand": "Wie viel los ist, und wo du stehst",
    "Cancel one of your requests, or all of them": "Eine deiner Anfragen abbrechen, oder alle",
    "Which request; all of yours where you choose none": "Welche Anfrage; alle deine, wenn du keine wählst",
    # /history
    "What you asked for, newest first": "Was du verlangt hast, das Neueste zuerst",
    "Only what you marked with ⭐": "Nur, was du mit ⭐ aufgehoben hast",
    # /lineage
    "Where a picture comes from, and what was made of it": "Woher ein Bild kommt, und was daraus wurde",
    "A picture that was painted here, as it was saved; without options it is your newest": "Ein Bild, das hier gemalt "
    "wurde, wie gespeichert; ohne Angaben dein neuestes",
    "The link of a message with pictures that were painted here": "Der Link einer Nachricht mit Bildern, die hier "
    "gemalt wurden",
    "Which picture of that message; otherwise the first": "Welches Bild dieser Nachricht; sonst das erste",
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
    # /styles
    "Looks under a name: words, words to keep out, settings": "Stile unter einem Namen: Worte, Worte für das, was "
    "fehlen soll, Einstellungen",
    "Make a style": "Einen Stil machen",
    "What the style is called": "Wie der Stil heißt",
    "Its words; {prompt} stands for what is asked for": "Seine Worte; {prompt} steht für das, was verlangt wird",
    "What it keeps out of the picture": "Was er aus dem Bild heraushält",
    "How many steps it wants": "Wie viele Schritte er will",
    "How closely it follows the words": "Wie genau er den Worten folgt",
    "The sampler it wants": "Welchen Sampler er will",
    "The size it wants, such as 512x768 or 3:2": "Welche Größe er will, etwa 512x768 oder 3:2",
    "The model it wants": "Welches Modell er will",
    "Whose style it is": "Wessen Stil es ist",
    "myself": "mich selbst",
    "this server": "diesen Server",
    "Change a style, in a form where you say nothing but its name": "Einen Stil ändern; im Formular, wenn du nur den "
    "Namen sagst",
    "Which style": "Welcher Stil",
    "A new name for it": "Ein neuer Name für ihn",
    "Something to take away from it": "Etwas, das er nicht mehr haben soll",
    "negative": "Negatives",
    "steps": "Schritte",
    "guidance": "Guidance",
    "sampler": "Sampler",
    "all settings": "alle Einstellungen",
    "Which styles there are": "Welche Stile es gibt",
    "Delete a style": "Einen Stil löschen",
    "Give one of your styles to this server": "Diesem Server einen deiner Stile geben",
    "Which of your styles": "Welcher deiner Stile",
    "Add the styles of a file: AUTOMATIC1111’s styles.csv": "Die Stile einer Datei hinzufügen: styles.csv von "
    "AUTOMATIC1111",
    "A styles.csv": "Eine styles.csv",
    "Get styles as a file: AUTOMATIC1111’s styles.csv": "Stile als Datei bekommen: styles.csv von AUTOMATIC1111",
    # /adapters
    "LoRAs and embeddings, perhaps with a weight, name:0.8; several with commas between": "LoRAs und Embeddings, auch "
    "mit Gewicht, name:0.8; mehrere mit Kommas",
    "LoRAs and embeddings: yours and those shared": "LoRAs und Embeddings: deine und die geteilten",
    "Add as adapter": "Als Adapter hinzufügen",
    "Bring a LoRA or an embedding; without options you get a form": "Ein LoRA oder Embedding bringen; ohne Angaben "
    "kommt ein Formular",
    "A .safetensors, .pt or .bin file": "Eine Datei .safetensors, .pt oder .bin",
    "Or a link to its page or its file at Civitai or Hugging Face": "Oder ein Link zur Seite oder Datei bei Civitai "
    "oder Hugging Face",
    "What it is called in prompts; otherwise as the file": "Wie es in Prompts heißt; sonst wie die Datei",
    "Words that it was trained on, with commas between": "Worte, mit denen es trainiert wurde, mit Kommas dazwischen",
    "How strong it is where nobody says; 1 is usual": "Wie stark es ist, wo niemand es sagt; 1 ist üblich",
    "What it does": "Was es tut",
    "Who may use it; otherwise you alone": "Wer es benutzen darf; sonst du allein",
    "Who may use it; otherwise this server": "Wer es benutzen darf; sonst dieser Server",
    "me alone": "nur ich",
    "everybody": "alle",
    "mine": "meine",
    "of this server": "von diesem Server",
    "for everybody": "für alle",
    "Which LoRAs and embeddings you can use here": "Welche LoRAs und Embeddings du hier benutzen kannst",
    "Whose": "Wessen",
    "Which kind": "Welche Art",
    "LoRAs": "LoRAs",
    "embeddings": "Embeddings",
    "Only those that fit this model": "Nur die, die zu diesem Modell passen",
    "Everything about a LoRA or an embedding": "Alles über ein LoRA oder Embedding",
    "Which LoRA or embedding": "Welches LoRA oder Embedding",
    "Paint a picture that shows what one of yours does": "Ein Bild malen, das zeigt, was eines von deinen tut",
    "What to paint; otherwise its trigger words": "Was gemalt werden soll; sonst seine Triggerworte",
    "Change one of yours, in a form where you say nothing but its name": "Eines von deinen ändern; im Formular, wenn "
    "du nur den Namen sagst",
    "Say who may use one of yours": "Sagen, wer eines von deinen benutzen darf",
    "Delete one of yours for good, or, as an admin, take one away from this server": "Eines von deinen löschen oder, "
    "wer verwaltet, eines von hier wegnehmen",
    "For admins: what waits to be approved in this server": "Für die Verwaltung: was auf Zulassung wartet",
    "For admins: let a member bring nothing here; alone it shows who": "Für die Verwaltung: jemanden ausschließen; "
    "allein zeigt es, wen",
    "Whose LoRAs and embeddings are not wanted here": "Wessen LoRAs und Embeddings hier nicht erwünscht sind",
    "For admins: let a member bring LoRAs and embeddings again": "Für die Verwaltung: jemanden wieder zulassen",
    "Who may bring them again": "Wer sie wieder bringen darf",
    "Who may bring LoRAs and embeddings, and whether you look at them first": "Wer LoRAs und Embeddings bringen darf, "
    "und ob ihr sie zuerst anseht",
    "Besides those who manage this server": "Außer denen, die diesen Server verwalten",
    "They are used here only once you have approved them: /adapters queue": "Sie werden hier erst benutzt, wenn ihr "
    "sie zugelassen habt: /adapters queue",
    "How many LoRAs and embeddings a member may bring here; without options you see what is set": "Wie viele jemand "
    "bringen darf; ohne Angaben siehst du, was gilt",
    "For members with this role; otherwise for everybody": "Für Mitglieder mit dieser Rolle; sonst für alle",
    "How many": "Wie viele",
    "How many MiB in all": "Wie viele MiB zusammen",
    "Take this rule away": "Diese Regel wegnehmen",
    # /wildcards
    "Lists of words that prompts draw from": "Listen von Worten, aus denen Prompts ziehen",
    "Add or replace lists, from text files": "Listen aus Textdateien hinzufügen oder ersetzen",
    "A .txt file, one entry a line": "Eine .txt-Datei, ein Eintrag je Zeile",
    "What the list is called; otherwise as the file": "Wie die Liste heißt; sonst wie die Datei",
    "A second file": "Eine zweite Datei",
    "A third file": "Eine dritte Datei",
    "A fourth file": "Eine vierte Datei",
    "A fifth file": "Eine fünfte Datei",
    "Change a list, or begin a new one": "Eine Liste ändern, oder eine neue anfangen",
    "Which lists there are": "Welche Listen es gibt",
    "Get a list as a file": "Eine Liste als Datei bekommen",
    "Remove a list of this server": "Eine Liste dieses Servers wegnehmen",
    "Which list": "Welche Liste",
    # /admin
    "Settings of this server": "Einstellungen dieses Servers",
    "What to keep out of every picture made in this server": "Was aus jedem Bild dieses Servers bleiben soll",
    "The words; without them you see and change what is set": "Die Worte; ohne sie siehst und änderst du, was gilt",
    "Who may make more of a picture with its buttons; without options you see what is set": "Wer mit den Knöpfen mehr "
    "aus einem Bild machen darf; ohne Angaben siehst du, was gilt",
    "Besides whoever asked for the picture, and moderators": "Außer denen, die das Bild verlangt haben, und "
    "Moderatorinnen",
    "everyone": "alle",
    "nobody else": "sonst niemand",
    "members with a role": "Mitglieder mit einer Rolle",
    "Whose members may": "Wessen Mitglieder dürfen",
    "A second role": "Eine zweite Rolle",
    "A third role": "Eine dritte Rolle",
    "A fourth role": "Eine vierte Rolle",
    "A fifth role": "Eine fünfte Rolle",
    "How much larger pictures may be made; without options you see what is set": "Wie viel größer Bilder gemacht "
    "werden dürfen; ohne Angaben siehst du, was gilt",
    "How many times as wide and as high": "Wie viele Male so breit und so hoch",
    "not at all": "gar nicht",
    "up to 2×": "bis 2×",
    "up to 4×": "bis 4×",
    "How many million pixels a picture made larger may have": "Wie viele Millionen Pixel ein vergrößertes Bild haben "
    "darf",
    # /prompt
    "How prompts are read": "Wie Prompts gelesen werden",
    "See how a prompt is read: tokens, weights, steps, mistakes": "Sehen, wie ein Prompt gelesen wird: Tokens, "
    "Gewichte, Schritte, Fehler",
    "The prompt": "Der Prompt",
    "Which model reads it": "Welches Modell ihn liest",
    "Steps of the picture; the model's own if you do not say": "Schritte des Bildes; sonst die des Modells",
    "Read it as a negative prompt": "Als negativen Prompt lesen",
    # /help, /about
    "How to use this bot": "Wie dieser Bot geht",
    "What this bot is, and which models it has": "Was dieser Bot ist, und welche Modelle er hat",
}

_MENUS: Mapping[Locale, Mapping[str, str]] = {Locale.german: GERMAN_MENUS}


class CommandTranslator(app_commands.Translator):
    """Gives Discord the menus in other languages. Names of slash commands and options are the same in all of them."""

    async def translate(
        self, string: app_commands.locale_str, locale: Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """Return the text in the locale's language, None where there is none."""
        location = app_commands.TranslationContextLocation
        if isinstance(context.data, app_commands.ContextMenu):
            return _MENUS.get(locale, {}).get(string.message)
        if context.location in (location.command_name, location.group_name, location.parameter_name):
            return None
        return _MENUS.get(locale, {}).get(string.message)
