"""German."""

from collections.abc import Mapping

GERMAN: Mapping[str, str] = {
    # Eine Anfrage, vom Anfang bis zum Ende
    "asked": "{member} wünscht sich",
    "waiting": "Wartet: {ahead} vor dir, etwa {eta}.",
    "waiting_first": "Wartet: du bist gleich dran, etwa {eta}.",
    "waiting_for_engine": "Wartet: die Maschine, die malt, steht still. Dein Platz bleibt, bis sie wieder läuft.",
    "reason_next": "",
    "reason_running": "",
    "reason_share": "Die Warteschlange nimmt alle reihum dran.",
    "reason_own": "Deine eigenen kommen in der Reihenfolge, in der du gefragt hast.",
    "reason_model": "Bilder des geladenen Modells kommen zuerst.",
    "reason_quota": "Du hast deinen Anteil vorerst verbraucht, andere kommen zuerst.",
    "reason_lanes": "Schnellere Spuren kommen zuerst.",
    "reason_limit": "Es laufen schon so viele, wie zugleich dürfen.",
    "running": "{bar} {percent} %, {done} von {count} fertig, noch etwa {eta}",
    "loading": "Das Modell {model} wird geladen …",
    "again_after_loss": "Die Maschine war weg und ist wieder da. Es wird neu gemalt.",
    "done": "{model} · {sampler} · {steps} Schritte · Guidance {guidance} · {size} · Seed {seed} · {seconds} s",
    "reduced": "Die Bilder waren für diesen Kanal zu groß und sind verkleinert. ✉️ schickt sie ganz, wo das geht.",
    "moved": "{mention}, deine Bilder sind hier: die erste Antwort ließ sich nicht mehr ändern.",
    "by_dm": "Ich darf in dem Kanal nicht schreiben, darum kommen sie hierher.",
    "kept": "{count} deiner Anfragen konnte ich nicht zustellen; die Bilder sind aufgehoben: siehe /history.",
    "partly": "Nicht alle ließen sich malen: {reason}",
    "cancelled": "Abgebrochen.",
    "expired": "Diese Bilder sind nicht mehr da.",
    "failed": "Das ging nicht: {reason}",
    # Was schiefgeht
    "error": "Bei mir ging etwas schief. Es ist notiert als {reference}.",
    "store": "Meine Platte nimmt und gibt gerade nichts. Verloren ist nichts; versuch es in einer Minute wieder.",
    "engine_dead": "Die Maschine, die malt, steht. Eine Admin muss mich neu starten.",
    "stale": "Dieser Befehl hat sich geändert. Lade Discord neu (Strg-R) und versuch es noch einmal.",
    "not_allowed": "Das darfst du hier nicht.",
    "no_permission": "Discord lässt mich das hier nicht tun. Eine Admin kann mir das Recht geben.",
    "not_yours": "Das gehört jemand anderem.",
    "gone": "Damit lässt sich nichts mehr tun.",
    "model_gone": "Das Modell, das dies gemalt hat, ist hier nicht mehr installiert.",
    "source_gone": "Das Bild, von dem dieses ausging, ist nicht mehr da. Schick es noch einmal.",
    "limit_member_waiting": "Bei dir warten {now} Bilder, {most} dürfen es sein. Warte, oder brich welche ab: /queue.",
    "limit_guild_waiting": "Hier warten {now} Bilder, {most} dürfen es sein. Versuch es in ein paar Minuten wieder.",
    "limit_count": "Eine Anfrage darf {most} Bilder haben.",
    # Was getippt oder geschickt wurde
    "no_models": "Es ist kein Modell installiert. Eine Admin installiert eines mit `easel models add`.",
    "no_model": "Ein Modell „{name}“ gibt es nicht. Fang an zu tippen und wähl eines, das angeboten wird.",
    "no_model_near": "Ein Modell „{name}“ gibt es nicht. Meinst du {near}?",
    "no_sampler": "Einen Sampler „{name}“ gibt es nicht. Fang an zu tippen und wähl einen, der angeboten wird.",
    "no_sampler_near": "Einen Sampler „{name}“ gibt es nicht. Meinst du {near}?",
    "no_style": "Einen Stil „{name}“ gibt es nicht. Fang an zu tippen und wähl einen, der angeboten wird.",
    "no_style_near": "Einen Stil „{name}“ gibt es nicht. Meinst du {near}?",
    "no_size": "„{text}“ ist keine Größe. Schreib Pixel wie 512x768 oder ein Verhältnis wie 3:2.",
    "ratio_range": "Ein Verhältnis geht von 1:4 bis 4:1, und „{text}“ liegt nicht darin.",
    "image_unread": "„{name}“ ließ sich nicht von Discord holen. Schick es noch einmal.",
    "image_bytes": "„{name}“ hat mehr als {most} MiB. Mach es erst kleiner.",
    "image_pixels": "„{name}“ hat mehr als {most} Millionen Pixel. Mach es erst kleiner.",
    "image_none": "„{name}“ ist kein Bild, das sich lesen lässt. Schick PNG, JPEG, WebP oder GIF.",
    "image_damaged": "„{name}“ ist beschädigt und nicht zu lesen. Speichere es neu und schick das.",
    # /queue
    "queue_title": "### Warteschlange\n-# Bilder in Arbeit: {running} · wartend: {waiting}",
    "queue_mine_title": "### Deine offenen Anfragen\n-# Bilder von allen in Arbeit: {running} · wartend: {waiting}",
    "queue_empty": "Nichts wartet, nichts läuft. /imagine fängt sofort an.",
    "queue_mine_empty": "Von dir wartet und läuft nichts. /imagine fängt etwas an.",
    "queue_runs": "▶ {what} · {count} · noch etwa {eta}",
    "queue_waits": "{place}. {what} · {count} · etwa {eta}",
    "queue_somebody": "von jemandem",
    "queue_more": "und {count} weitere Anfragen",
    "queue_cancelled": "Abgebrochen: {count}.",
    "queue_no_request": "Eine offene Anfrage wie „{text}“ hast du nicht. /queue mine zeigt, was es gibt.",
    "queue_ambiguous": "Mehrere deiner Anfragen sind wie „{text}“. Wähl eine, die angeboten wird.",
    # /history
    "history_title": "### Deine Anfragen, die neuesten zuerst",
    "history_empty": "Du hast noch nichts verlangt. Versuch /imagine.",
    "history_end": "Das war alles.",
    "favourites_title": "### Deine Favoriten, die neuesten zuerst",
    "favourites_empty": "Du hast noch keine Favoriten. Reagiere auf deine Bilder mit ⭐, um sie aufzuheben.",
    "history_pictures": "{count} · {model} · {when}",
    "history_expired": "Bilder nicht mehr da · {model} · {when}",
    "history_cancelled": "abgebrochen · {model} · {when}",
    "history_failed": "misslungen: {reason} · {when}",
    "history_unfinished": "noch nicht fertig · {model} · {when}",
    # /me
    "me_title": "### Deine Vorgaben\nWas /imagine nimmt, wenn du nichts sagst.",
    "me_model": "**Modell** {value}",
    "me_size": "**Größe** {value}",
    "me_count": "**Bilder** {value}",
    "me_private": "**Sichtbar für** {value}",
    "me_model_none": "{name}, das erste, das installiert ist",
    "me_model_gone": "{name}, das nicht mehr installiert ist",
    "me_size_none": "die des Modells",
    "me_private_yes": "dich allein",
    "me_private_no": "alle im Kanal",
    "me_hint": "/me set ändert sie, /me reset vergisst sie.",
    "me_nothing": "Sag, was gelten soll: ein Modell, eine Größe, eine Zahl von Bildern, oder ob sie privat sind.",
    "me_saved": "Gespeichert.",
    "me_exported": "Alles, was über dich aufgehoben ist: Vorgaben, Anfragen und Bilder. Datei {number} von {count}.",
    "me_export_dm": "Das sind {count} Dateien. Sie liegen in deinen Direktnachrichten.",
    "me_export_closed": "Das sind {count} Dateien, die nur in Direktnachrichten passen, und deine sind für mich zu. "
    "Öffne sie in den Privatsphäre-Einstellungen des Servers und versuch es noch einmal.",
    "me_export_running": "Deine Daten werden schon gepackt. Sie kommen, sobald das fertig ist.",
    "me_export_too_large": "Deine Daten passen nicht durch Discord. Frag eine Admin danach.",
    "me_delete_confirm": "Das löscht deine Vorgaben, Anfragen, Bilder und Favoriten für immer und bricht ab, was für "
    "dich gemalt wird. Nachrichten mit deinen Bildern bleiben in ihren Kanälen: lösche die vorher mit ❌.\n\n"
    "/me export gibt dir vorher eine Kopie.",
    "me_deleted": "Alles, was über dich aufgehoben war, ist weg.",
    # Knöpfe
    "button_again": "Nochmal",
    "button_cancel": "Abbrechen",
    "button_drop": "Abbrechen",
    "button_delete": "Löschen",
    "button_settings": "Einstellungen",
    "button_show": "Zeigen",
    "button_forget": "Alles löschen",
    "button_older": "Ältere",
    "button_newest": "Neueste",
    "button_refresh": "Auffrischen",
    # /help und /about
    "help_start": "## So entstehen Bilder\nTipp **/imagine** und sag, was du sehen willst:\n"
    "> /imagine prompt: a red lighthouse at dusk, oil painting",
    "help_more": "### Mehr sagen\n"
    "**negative** was fehlen soll · **style** ein Stil · **model** wer malt\n"
    "**size** 512x768 oder ein Verhältnis wie 3:2 · **count** wie viele auf einmal\n"
    "**image** ein Bild als Anfang, **strength** wie stark es sich ändert\n"
    "**steps**, **guidance**, **sampler**, **seed** für alle, die sie kennen · **private** nur du siehst es",
    "help_buttons": "### Unter deinen Bildern\n"
    "**Nochmal** malt mit neuem Seed · **Einstellungen** zeigt zum Kopieren, wie sie entstanden · "
    "**Löschen** nimmt sie weg\n"
    "Reagiere mit ✉️, um sie als Direktnachricht zu bekommen, mit ⭐, um sie für immer aufzuheben, mit ❌, um sie zu "
    "löschen. 📪 heißt, dass deine Direktnachrichten für mich zu sind.",
    "help_commands": "### Weitere Befehle\n"
    "**/queue mine** was auf dich wartet · **/queue all** wie viel los ist · **/queue cancel** doch nicht\n"
    "**/history** alles, was du verlangt hast, und deine Favoriten\n"
    "**/me show**, **set**, **reset** deine Vorgaben · **/me export**, **delete** deine Daten\n"
    "**/about** welche Modelle installiert sind",
    "about_title": "## {name}\nMalt Bilder nach Worten mit Diffusionsmodellen, auf der Maschine derer, die ihn "
    "betreiben. {version}, freie Software.",
    "about_now": "**Gerade** Bilder in Arbeit: {running} · wartend: {waiting}",
    "about_device": "**Malt auf** {device}",
    "about_trouble": "**Gerade** lässt sich nichts malen: {reason}",
    "about_models": "### Modelle\n{models}",
    "about_model": "**{name}** · {family} · {width}×{height}",
    "about_more": "und {count} weitere",
    # Einheiten
    "second": "{n} s",
    "minute": "{n} min",
    "hour": "{n} h",
    "picture": "1 Bild",
    "pictures": "{n} Bilder",
}
