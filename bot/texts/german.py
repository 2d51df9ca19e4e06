"""German."""

from collections.abc import Mapping

from bot.texts.german_adapters import GERMAN_REJECTIONS
from bot.texts.german_admin import GERMAN_ADMIN
from bot.texts.german_checks import GERMAN_CHECKS
from bot.texts.german_moderation import GERMAN_MODERATION
from bot.texts.german_operator import GERMAN_OPERATOR
from bot.texts.german_policy import GERMAN_POLICY
from bot.texts.german_servers import GERMAN_SERVERS

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
    "reason_quota": "Deine warten vorerst in der hinteren Spur, andere kommen zuerst.",
    "reason_lanes": "Schnellere Spuren kommen zuerst.",
    "reason_limit": "Es laufen schon so viele, wie zugleich dürfen.",
    "running": "{bar} {percent} %, {done} von {count} fertig, noch etwa {eta}",
    "loading": "Das Modell {model} wird geladen …",
    "waiting_for_disk": "Meine Platte nimmt gerade nichts. Was gemalt ist, bleibt und kommt, sobald Platz ist.",
    "again_after_loss": "Die Maschine war weg und ist wieder da. Es wird neu gemalt.",
    "done": "{model} · {sampler} · {steps} Schritte · Guidance {guidance} · {size} · Seed {seed} · {seconds} s",
    "made_with": "mit {names}",
    "made_with_gone": "{name}, das es nicht mehr gibt",
    "made_with_nameless": "einem LoRA oder Embedding",
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
    "rules_unchecked": "Die Regeln dieses Servers ließen sich nicht prüfen, darum wurde nichts gemalt. Versuch es "
    "später wieder.",
    "no_permission": "Discord lässt mich das hier nicht tun. Eine Admin kann mir das Recht geben.",
    "not_yours": "Das gehört jemand anderem.",
    "gone": "Damit lässt sich nichts mehr tun.",
    "model_gone": "Das Modell, das dies gemalt hat, ist hier nicht mehr installiert.",
    "source_gone": "Das Bild, von dem dieses ausging, ist nicht mehr da. Schick es noch einmal.",
    "other_version": "Das hat eine andere Version von mir gemacht, und ich kann nicht lesen, wie. Was zu sehen ist, "
    "bleibt; für neue Bilder nimm /imagine.",
    "press_author": "Auf diesem Server darf nur, wer ein Bild verlangt hat, mit seinen Knöpfen mehr daraus machen.",
    "press_roles": "Auf diesem Server dürfen nur Mitglieder mit einer dieser Rollen mit den Knöpfen mehr aus den "
    "Bildern anderer machen: {roles}",
    "upscale_off": "Auf diesem Server werden Bilder nicht vergrößert.",
    "upscale_most_factor": "Auf diesem Server werden Bilder höchstens {most}-mal so breit und so hoch; du wolltest "
    "{asked}-mal.",
    "upscale_most_pixels": "Auf diesem Server darf ein vergrößertes Bild {most} Millionen Pixel haben; dieses hätte "
    "{asked}.",
    "limit_member_waiting": "Bei dir warten {now} Bilder, {most} dürfen es sein. Warte, oder brich welche ab: /queue.",
    "limit_guild_waiting": "Hier warten {now} Bilder, {most} dürfen es sein. Versuch es in ein paar Minuten wieder.",
    "limit_count": "Eine Anfrage darf {most} Bilder haben.",
    # Was getippt oder geschickt wurde
    "no_models": "Es ist kein Modell installiert. Eine Admin installiert eines mit `easel models add`.",
    "no_instruct_model": "Es ist kein Modell installiert, das Anweisungen folgt. Eine Admin installiert ein "
    "instruct-pix2pix-Modell mit `easel models add`: eines, dessen Netz 8 Eingangskanäle hat, etwa "
    "timbrooks/instruct-pix2pix.",
    "model_instructs": "„{name}“ ändert nur Bilder nach einer Anweisung. Wähl dafür ein anderes Modell.",
    "model_is_ordinary": "„{name}“ ist ein gewöhnliches Modell und folgt keinen Anweisungen. Wähl eines, das es tut, "
    "oder lass das Modell weg.",
    "no_model": "Ein Modell „{name}“ gibt es nicht. Fang an zu tippen und wähl eines, das angeboten wird.",
    "no_model_near": "Ein Modell „{name}“ gibt es nicht. Meinst du {near}?",
    "no_sampler": "Einen Sampler „{name}“ gibt es nicht. Fang an zu tippen und wähl einen, der angeboten wird.",
    "no_sampler_near": "Einen Sampler „{name}“ gibt es nicht. Meinst du {near}?",
    "no_style": "Einen Stil „{name}“ gibt es nicht. Fang an zu tippen und wähl einen, der angeboten wird.",
    "no_style_near": "Einen Stil „{name}“ gibt es nicht. Meinst du {near}?",
    "no_adapter": "Es gibt kein LoRA oder Embedding „{name}“, das du hier benutzen kannst. /adapters list zeigt, was "
    "es gibt.",
    "no_adapter_near": "Es gibt kein LoRA oder Embedding „{name}“, das du hier benutzen kannst. Meinst du {near}?",
    "adapters_whose_own": "deines",
    "adapters_whose_server": "von diesem Server",
    "adapters_whose_public": "für alle",
    "adapters_whose_operator": "kommt mit mir",
    "adapters_missing": "Die Datei von „{name}“ liegt nicht mehr auf der Platte. Wem es gehört, der kann sie noch "
    "einmal bringen.",
    "adapters_banned_owner": "Was von der Person kommt, der „{name}“ gehört, wird auf diesem Server nicht verwendet.",
    "adapters_taken_away": "Die Admins dieses Servers haben „{name}“ weggenommen.",
    "adapters_waiting": "„{name}“ wartet darauf, dass ein Admin seines Servers es freigibt.",
    "adapters_unapproved": "Dieser Server verwendet nur, was seine Admins freigegeben haben. Teile „{name}“ hier, dann "
    "können sie es ansehen.",
    "adapters_name": "„{name}“ kann nicht der Name eines LoRAs oder Embeddings sein. Ein Name hat 1 bis {most} "
    "Buchstaben, Ziffern, Leerzeichen und . _ + - und beginnt und endet mit einem Buchstaben oder einer Ziffer.",
    "adapters_description": "Eine Beschreibung hat höchstens {most} Zeichen.",
    "adapters_triggers": "Es gibt höchstens {most} Auslösewörter, mit Kommas dazwischen, zu je {characters} Zeichen.",
    "adapters_default_weight": "Das Gewicht geht von {least:g} bis {most:g}; üblich ist 1.",
    "adapters_full": "Du hast so viele LoRAs und Embeddings, wie du haben darfst: {most}. Nimm erst eines weg: "
    "/adapters remove.",
    "adapters_full_bytes": "Deine LoRAs und Embeddings nehmen alle deine {most} MiB ein. Nimm erst eines weg: "
    "/adapters remove.",
    "adapters_full_here": "Auf diesem Server darfst du {most} LoRAs und Embeddings haben. Nimm erst eines weg: "
    "/adapters remove.",
    "adapters_full_bytes_here": "Auf diesem Server dürfen deine LoRAs und Embeddings {most} MiB einnehmen. Nimm erst "
    "eines weg: /adapters remove.",
    "adapters_full_disk": "Für LoRAs und Embeddings ist kein Platz mehr. Wer mich betreibt, kann ihnen mehr geben.",
    "adapters_busy": "Etwas anderes von dir ist noch unterwegs. Versuche es wieder, wenn es da ist.",
    "adapters_large": "Diese Datei hat {size} MiB, und du hast Platz für {most} MiB.",
    "adapters_server": "Das ist etwas für Server. Verwende diesen Befehl auf einem.",
    "adapters_taken": "Es gibt schon ein LoRA oder Embedding namens „{name}“. Wähle einen anderen Namen.",
    "adapters_taken_there": "„{name}“ heißt schon etwas anderes, das dort geteilt ist. Benenne deines erst um: "
    "/adapters edit.",
    "adapters_operators": "„{name}“ bringe ich mit; es bleibt, wie es ist.",
    "adapters_not_yours": "Das darf nur, wem „{name}“ gehört.",
    "adapters_nothing": "Sag, was sich ändern soll: Name, Beschreibung, Auslösewörter oder Gewicht.",
    "adapters_elsewhere": "„{name}“ ist auf einem anderen Server geteilt. Zieh es erst zurück: /adapters share.",
    "adapters_owned": "Genau diese Datei hast du schon, als „{name}“.",
    "adapters_banned": "Die Admins dieses Servers lassen dich keine LoRAs und Embeddings bringen.",
    "adapters_ban_self": "Dich selbst kannst du nicht ausschließen.",
    "adapters_banned_already": "Die Person ist schon ausgeschlossen.",
    "adapters_not_banned": "Die Person ist nicht ausgeschlossen.",
    "adapters_add_nobody": "Auf diesem Server bringen nur die, die ihn verwalten, LoRAs und Embeddings.",
    "adapters_add_roles": "Auf diesem Server bringen Mitglieder mit einer dieser Rollen LoRAs und Embeddings: {roles}.",
    "adapters_public_off": "Hier werden LoRAs und Embeddings mit einem Server geteilt, nicht mit allen.",
    "adapters_manager": "Das dürfen nur die, die diesen Server verwalten.",
    "adapters_many": "Ein Bild nimmt höchstens {most} LoRAs und Embeddings.",
    "adapters_weight": "„{text}“ ist kein Gewicht. Schreib eine Zahl von -{most} bis {most}, etwa 0.8.",
    "adapters_gone": "Ein LoRA oder Embedding, mit dem das gemalt wurde, gibt es nicht mehr. Darum geht es nicht "
    "nochmal.",
    "adapters_gone_named": "„{name}“, womit das gemalt wurde, gibt es nicht mehr. Darum geht es nicht nochmal.",
    "adapters_unseen": "Das wurde mit einem LoRA oder Embedding gemalt, das du hier nicht benutzen kannst: es ist "
    "jemandes eigenes, gehört einem anderen Server oder ist nicht mehr zugelassen.",
    "adapters_misfit": "„{name}“ ist für {family} gemacht, und „{model}“ ist das nicht.",
    "hints": "Gemalt, wie es dasteht, aber vielleicht nicht, wie du es meinst:",
    "hints_more": "und {count} weitere: siehe /prompt check",
    "combinations_limit": "Dieser Prompt bedeutet {means} Bilder, und eine Anfrage darf {most} haben.",
    "combinations_count": "Dieser Prompt bedeutet {means} Bilder, nicht {said}. "
    "Sag combinations: {means}, um alle malen zu lassen.",
    "combinations_offer": "alle {means} Kombinationen",
    "combinations_too_many": "{means} Kombinationen, aber eine Anfrage darf {most} haben",
    "combinations_none": "keine Auswahl: schreib {{a|b}} oder __liste__ in den Prompt",
    "no_size": "„{text}“ ist keine Größe. Schreib Pixel wie 512x768 oder ein Verhältnis wie 3:2.",
    "ratio_range": "Ein Verhältnis geht von 1:4 bis 4:1, und „{text}“ liegt nicht darin.",
    "image_unread": "„{name}“ ließ sich nicht von Discord holen. Schick es noch einmal.",
    "image_bytes": "„{name}“ hat mehr als {most} MiB. Mach es erst kleiner.",
    "image_pixels": "„{name}“ hat mehr als {most} Millionen Pixel. Mach es erst kleiner.",
    "image_none": "„{name}“ ist kein Bild, das sich lesen lässt. Schick PNG, JPEG, WebP oder GIF.",
    "image_damaged": "„{name}“ ist beschädigt und nicht zu lesen. Speichere es neu und schick das.",
    "image_side": "„{name}“ ist {width}x{height} Pixel groß, und eine Seite darf {most} haben. Mach es erst kleiner.",
    "image_unknown": "„{name}“ ließ sich nicht ansehen. Speichere es neu, als PNG, und schick das.",
    # Aus einem Bild gemacht
    "edit_too_large": "Das wären {width}x{height} Pixel. Höchstens {most_side} pro Seite und {most} Millionen "
    "insgesamt können gemalt werden: Mach das Bild erst kleiner, oder füge weniger an.",
    "edit_too_small": "Das wären {width}x{height} Pixel, und eine Seite braucht {least}. Mach das Bild erst größer.",
    "edit_margin": "Auf einer Seite können höchstens {most} Pixel angefügt werden. Mach es in zwei Schritten.",
    "edit_nothing_added": "Sag, auf welcher Seite etwas angefügt werden soll.",
    "edit_instructed": "Das Bild wurde nach einer Anweisung gemacht, mit einem Modell, das nichts anderes kann. Geh "
    "mit einem anderen Modell von ihm aus, und sag, was es zeigt.",
    "edit_square_already": "Das Bild ist schon quadratisch.",
    "edit_full_too_large": "Das wären {width}x{height} Pixel. Höchstens {most_side} pro Seite und {most} Millionen "
    "insgesamt sind möglich: Nimm einen kleineren Faktor, oder mach das Bild erst kleiner.",
    "edit_tiles": "Das wären {count} Kacheln, und höchstens {most} können für ein Bild gemalt werden. Nimm größere "
    "Kacheln, oder einen kleineren Faktor.",
    "blend_count": "Nimm 2 bis {most} Bilder zum Verschmelzen.",
    "blend_weights": "Gib ein Gewicht für jedes der {count} Bilder an, oder keines.",
    "blend_weight": "Das Gewicht eines Bilds geht von 0,01 bis 1.",
    "mask_no_box": "„{text}“ ist kein Kasten. Schreib links, oben, Breite und Höhe in Pixeln oder Prozent, etwa "
    "10,20,64,48 oder 10%,20%,50%,50%, oder Worte wie linke Hälfte, oberes Drittel oder unten rechts.",
    "mask_box": "Der Kasten {box} liegt nicht im Bild, das {width}x{height} Pixel groß ist.",
    "mask_box_outside": "Der Kasten {box} ist leer oder reicht über das Bild hinaus.",
    "mask_no_colour": "„{text}“ ist keine Farbe. Schreib sie wie #ff8800.",
    "mask_colour_none": "Nichts im Bild hat die Farbe {colour}.",
    "mask_shape": "Die Maske „{name}“ ist {mask_width}x{mask_height} Pixel groß und das Bild {width}x{height}: Sie "
    "brauchen dieselbe Form. Speichere die Maske so groß wie das Bild.",
    "mask_nothing": "Nichts ist markiert. Sag, was neu gemalt wird: Weiß in einer Maske, ein Kasten oder eine Farbe.",
    "mask_everything": "Alles ist markiert. Um das ganze Bild zu ändern, lass die Maske weg.",
    # /paste
    "paste_title": "Einstellungen einfügen",
    "paste_text": "Einstellungen als Text",
    "paste_text_hint": "Alles, was AUTOMATIC1111, Forge oder Easel schrieb: Prompt, negativer Prompt, Schritte usw.",
    "paste_picture": "Oder ein Bild",
    "paste_picture_hint": "So, wie AUTOMATIC1111, Forge, ComfyUI, InvokeAI oder Easel es gespeichert hat",
    "paste_both": "Schick Einstellungen oder ein Bild, nicht beides.",
    "paste_nothing": "Füg die Einstellungen ein, oder schick ein Bild, das sie enthält.",
    "paste_none": "„{name}“ sagt nicht, wie es entstand. Schick die Datei so, wie das Programm sie gespeichert hat: "
    "Bildschirmfotos und viele Websites lassen das weg.",
    "paste_left_out": "Hier unbekannt und weggelassen: {what}",
    "paste_left_out_more": "Hier unbekannt und weggelassen: {what} und {count} weitere",
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
    "me_exported": "Alles, was über dich aufgehoben ist: Vorgaben, Stile, LoRAs, Embeddings, Anfragen und Bilder. "
    "Datei {number} von {count}.",
    "me_export_dm": "Deine Daten liegen in deinen Direktnachrichten. Dateien: {count}.",
    "me_export_closed": "Das sind {count} Dateien, die nur in Direktnachrichten passen, und deine sind für mich zu. "
    "Öffne sie in den Privatsphäre-Einstellungen des Servers und versuch es noch einmal.",
    "me_export_running": "Deine Daten werden schon gepackt. Sie kommen, sobald das fertig ist.",
    "me_export_too_large": "Deine Daten passen nicht durch Discord. Frag eine Admin danach.",
    "me_delete_confirm": "Das löscht deine Vorgaben, Stile, LoRAs, Embeddings, Anfragen, Bilder und Favoriten für "
    "immer und bricht ab, was für dich gemalt wird. Stile und Listen, die du Servern gegeben hast, bleiben dort ohne "
    "deinen Namen. "
    "Nachrichten mit deinen Bildern bleiben in ihren Kanälen: lösche die vorher mit ❌.\n\n"
    "/me export gibt dir vorher eine Kopie.",
    "me_deleted": "Alles, was über dich aufgehoben war, ist weg.",
    # /styles
    "styles_title": "### Stile\n-# {first} bis {last} von {count}",
    "styles_empty": "Noch keine. /styles add macht einen.",
    "style_own": "deiner",
    "style_server": "dieses Servers",
    "style_operator": "bringe ich mit",
    "style_without": "ohne: {words}",
    "style_steps": "{value} Schritte",
    "style_guidance": "Guidance {value}",
    "style_saved": "### Gespeichert",
    "style_shared": "### Alle auf diesem Server können ihn jetzt nehmen",
    "style_removed": "Der Stil „{name}“ ist weg.",
    "style_form": "Einen Stil ändern",
    "style_form_prompt": "Worte; {{prompt}} ist, was verlangt wurde",
    "style_form_negative": "Was nicht ins Bild soll",
    "style_too_long": "„{name}“ ist zu lang für ein Formular. Ändere ihn mit den Optionen `prompt` und `negative`.",
    "style_name": "„{name}“ kann kein Stil heißen. Ein Name hat 1 bis {most} Zeichen, keines davon < > oder ein Komma, "
    "und keines, das man nicht sieht.",
    "style_words": "Die Worte eines Stils haben höchstens {most} Zeichen.",
    "style_empty": "Sag, woraus „{name}“ besteht: Worte, Worte für das, was fehlen soll, oder Einstellungen.",
    "style_nothing": "Sag, was sich ändern soll: Worte, Einstellungen, der Name, oder was weg soll.",
    "style_taken": "Einen Stil „{name}“ hast du schon. /styles edit ändert ihn.",
    "style_taken_server": "Einen Stil „{name}“ hat dieser Server schon. Nenn deinen erst anders: /styles edit.",
    "style_full": "Du darfst {most} Stile haben. Nimm erst einen weg: /styles remove.",
    "style_full_server": "Ein Server darf {most} Stile haben. Wer einen gegeben hat oder den Server verwaltet, kann "
    "ihn wegnehmen.",
    "style_not_yours": "Das darf nur, wer „{name}“ diesem Server gegeben hat oder ihn verwaltet.",
    "style_operators": "„{name}“ bringe ich mit; er bleibt, wie er ist. Ein Stil von dir mit dem Namen geht ihm vor.",
    "style_deep": "„{name}“ nimmt Stile, die Stile nehmen, und so weiter: mehr als {most} ineinander.",
    "style_many": "Das sind zu viele Stile: höchstens {most}.",
    "style_long": "Mit seinen Stilen ist das länger als {most} Zeichen.",
    "style_names": "Der Stil „{style}“ nimmt „{name}“, und so einen Stil gibt es hier nicht.",
    "style_names_near": "Der Stil „{style}“ nimmt „{name}“, und so einen Stil gibt es hier nicht. Meinst du {near}?",
    "style_circle": "Der Stil „{name}“ nimmt sich selbst: {circle}. Ändere einen davon.",
    "styles_server": "Das ist für Server. Nimm diesen Befehl in einem.",
    "styles_manager": "Das darf nur, wer diesen Server verwalten darf. /styles share gibt ihm einen von deinen.",
    "styles_none": "Es gibt nichts auszugeben: /styles add macht einen Stil.",
    "styles_exported": "Stile: {count}, wie AUTOMATIC1111 sie liest",
    "styles_imported": "Neu: {added} · ersetzt: {replaced} · ausgelassen: {skipped}",
    "styles_skipped": "Zeile {line}, „{name}“: {why}",
    "styles_skipped_more": "und {count} weitere",
    "styles_skipped_twice": "Der Name kommt weiter unten noch einmal, und der letzte zählt.",
    "styles_skipped_number": "Seine Schritte oder seine Guidance sind keine Zahl.",
    "styles_file_bytes": "„{name}“ hat mehr als {most} MiB. Teil es.",
    "styles_file_encoding": "„{name}“ ist kein reiner Text in UTF-8. Speichere es so und schick es noch einmal.",
    "styles_file_columns": "„{name}“ ist keine Liste von Stilen: die erste Zeile muss die Spalten name, prompt und "
    "negative_prompt nennen, mit Kommas dazwischen.",
    "styles_file_rows": "„{name}“ hat mehr als {most} Stile. Teil es.",
    "styles_file_broken": "„{name}“ ist in Zeile {line} nicht zu lesen: ein Anführungszeichen fehlt, oder ein Feld "
    "hört nicht auf.",
    # /adapters
    "loras_title": "### LoRAs und Embeddings {first} bis {last} von {count}",
    "loras_for_model": "die zu {model} passen",
    "loras_empty": "Hier gibt es noch keine. /adapters add bringt eines: eine Datei, oder ein Link zu Civitai oder "
    "Hugging Face.",
    "loras_none_such": "Solche gibt es nicht. /adapters list ohne Angaben zeigt alle, die du benutzen kannst.",
    "loras_by": "{whose}, von {member}",
    "loras_triggers": "Triggerworte: {words}",
    "loras_use": "Im Prompt: {text}",
    "loras_models": "Passt zu {models}",
    "loras_models_none": "Für {family} gemacht; so ein Modell ist nicht installiert.",
    "loras_kib": "{n} KiB",
    "loras_mib": "{n} MiB",
    "loras_of": "{amount} von {total}",
    "loras_rank": "Rang {rank}",
    "loras_vectors": "{vectors} Vektoren",
    "loras_since": "seit {when}",
    "loras_server": "gebracht in {name}",
    "loras_visibility_private": "nur für mich",
    "loras_visibility_server": "für diesen Server",
    "loras_visibility_public": "für alle",
    "loras_fetching": "Die Datei wird geholt: {amount}",
    "loras_inspecting": "Die Datei wird angesehen …",
    "loras_added": "Hinzugefügt. Ein Vorschaubild wird gemalt.",
    "loras_added_alone": "Hinzugefügt.",
    "loras_added_waits": "Hinzugefügt. Wer diesen Server verwaltet, muss es zulassen; bis dahin wird es hier nicht "
    "benutzt.",
    "loras_changed": "Geändert",
    "loras_removed": "„{name}“ ist gelöscht: die Datei, das Vorschaubild und alles, was dazu gesagt war.",
    "loras_really": "„{name}“ endgültig löschen? Bilder, die damit gemalt wurden, bleiben, und können nicht nochmal "
    "gemalt werden.",
    "loras_taken_away": "„{name}“ wird auf diesem Server nicht mehr benutzt. Wem es gehört, behält die Datei.",
    "loras_approved": "„{name}“ ist zugelassen und kann benutzt werden.",
    "loras_queue_title": "Wartet auf Zulassung; {left} weitere",
    "loras_queue_empty": "Nichts wartet auf Zulassung.",
    "loras_ban_done": "{member} kann diesem Server nichts bringen, und nichts davon wird hier benutzt.",
    "loras_unbanned": "{member} kann diesem Server wieder LoRAs und Embeddings bringen.",
    "loras_banned": "Können diesem Server nichts bringen: {members}",
    "loras_banned_none": "Niemand ist davon ausgeschlossen, diesem Server LoRAs und Embeddings zu bringen.",
    "loras_no_model": "Kein Modell ist installiert, zu dem „{name}“ passt, darum kann nichts damit gemalt werden.",
    "loras_ending": "„{name}“ ist keine Datei eines LoRA oder Embedding. Sie enden auf .safetensors, .pt oder .bin.",
    "loras_none_there": "Diese Nachricht hat keine Datei und keinen Link.",
    "loras_no_file": "Die Datei fehlt. Häng eine ans Formular, oder nimm /adapters add mit der Angabe link.",
    "loras_both": "Gib eine Datei an oder einen Link, nicht beides.",
    "loras_form_title": "LoRA oder Embedding hinzufügen",
    "loras_form_edit": "LoRA oder Embedding ändern",
    "loras_form_file": "Die Datei",
    "loras_form_file_hint": "Sie endet auf .safetensors, .pt oder .bin",
    "loras_form_name": "Name in Prompts",
    "loras_form_name_hint": "Leer: wie die Datei sagt",
    "loras_form_description": "Was es tut",
    "loras_form_triggers": "Triggerworte",
    "loras_form_triggers_hint": "Mit Kommas dazwischen; beim Hinzufügen heißt leer: die aus der Datei",
    "loras_form_weight": "Gewicht, wo niemand eines sagt",
    "loras_form_weight_hint": "Von -2 bis 2; 1 ist üblich",
    "loras_form_visibility": "Wer es benutzen darf",
    "button_adapter_info": "Mehr",
    "button_adapter_edit": "Ändern",
    "button_adapter_share": "Mit diesem Server teilen",
    "button_adapter_withdraw": "Zurückziehen",
    "button_adapter_removing": "Löschen",
    "button_adapter_remove": "Endgültig löschen",
    "button_adapter_preview": "Neue Vorschau",
    "button_adapter_approve": "Zulassen",
    "button_adapter_reject": "Nicht hier",
    "button_adapter_ban_owner": "Besitzer ausschließen",
    # /wildcards
    "wildcards_title": "### Listen dieses Servers",
    "wildcards_empty": "Noch keine. /wildcards add macht eine aus einer Textdatei, ein Eintrag je Zeile.",
    "wildcards_operators_title": "### Listen, die ich mitbringe",
    "wildcards_hint": "`__name__` in einem Prompt zieht eine Zeile dieser Liste.",
    "wildcards_more": "und {count} weitere; die Datei nennt alle",
    "wildcards_saved": "### Gespeichert\nSchreib einen Namen so in einen Prompt, um eine Zeile der Liste zu ziehen.",
    "wildcards_form": "Eine Liste dieses Servers",
    "wildcards_form_label": "Ein Eintrag je Zeile",
    "wildcards_server": "Listen gehören zu Servern. Nimm diesen Befehl in einem.",
    "wildcards_manager": "Nur wer diesen Server verwalten darf, ändert seine Listen.",
    "wildcard_row": "`__{name}__` · {lines} · {example}",
    "wildcard_line": "1 Zeile",
    "wildcard_lines": "{n} Zeilen",
    "wildcard_shown": "Die Liste `__{name}__`",
    "wildcard_removed": "Die Liste `__{name}__` ist weg.",
    "wildcard_name": "„{name}“ kann keine Liste heißen. Ein Name hat kleine Buchstaben a bis z, Ziffern, - "
    "und einzelne _ dazwischen, in Teilen mit / getrennt, und höchstens {most} Zeichen.",
    "wildcard_names": "Die Option `name` ist für eine einzelne Datei. Mehrere heißen wie die Dateien: lass sie weg.",
    "wildcard_twice": "Zwei der Dateien würden „{name}“ heißen. Schick sie nacheinander, mit der Option `name`.",
    "wildcard_ending": "„{name}“ ist keine .txt-Datei. Eine Liste ist eine Textdatei mit einem Eintrag je Zeile.",
    "wildcard_bytes": "„{name}“ hat mehr als {most} KiB. Teil es in mehrere Listen.",
    "wildcard_encoding": "„{name}“ ist kein reiner Text in UTF-8. Speichere es so und schick es noch einmal.",
    "wildcard_empty": "„{name}“ hat keine Einträge: jede Zeile ist leer oder ein Kommentar.",
    "wildcard_most_lines": "„{name}“ hat {lines} Zeilen, {most} dürfen es sein. Teil es in mehrere Listen.",
    "wildcard_most_lists": "Ein Server darf {most} Listen haben. Nimm erst eine weg: /wildcards remove.",
    "wildcard_most_bytes": "Die Listen eines Servers dürfen zusammen {most} KiB haben. Nimm erst welche weg: "
    "/wildcards remove.",
    "wildcard_wrong": "Aus „{name}“ lässt sich nicht ziehen: {reason}",
    "wildcard_operators": "„{name}“ bringe ich mit; hier lässt es sich nicht wegnehmen. Eine Liste dieses Servers "
    "mit dem Namen geht ihr vor.",
    "wildcard_too_long": "„{name}“ ist zu lang für ein Formular. Hol es mit /wildcards show, ändere es und schick es "
    "mit /wildcards add.",
    "no_wildcard": "Eine Liste „{name}“ gibt es hier nicht. /wildcards list zeigt, was es gibt.",
    "no_wildcard_near": "Eine Liste „{name}“ gibt es hier nicht. Meinst du {near}?",
    # /admin
    "admin_negative": "Bleibt aus jedem Bild, das auf diesem Server verlangt wird:\n{text}",
    "admin_negative_none": "Aus den Bildern dieses Servers bleibt nichts immer heraus.",
    "admin_negative_title": "Negativer Prompt dieses Servers",
    "admin_negative_label": "Was aus jedem Bild bleiben soll",
    "admin_buttons_everyone": "Wer auf diesem Server ein Bild sieht, darf mit seinen Knöpfen mehr daraus machen.",
    "admin_buttons_author": "Nur wer ein Bild verlangt hat, und Moderatorinnen, dürfen mit seinen Knöpfen mehr daraus "
    "machen.",
    "admin_buttons_roles": "Nur wer ein Bild verlangt hat, Moderatorinnen, und Mitglieder mit einer dieser Rollen "
    "dürfen mit seinen Knöpfen mehr daraus machen: {roles}",
    "admin_buttons_which": "Nenne auch mindestens eine Rolle: wähl sie bei `role`.",
    "admin_buttons_no_roles": "Rollen zählen nur, wo `who` „Mitglieder mit einer Rolle“ ist. Wähl das, oder lass sie "
    "weg.",
    "admin_upscale": "Bilder dürfen auf diesem Server bis zu {most}-mal so breit und so hoch werden, mit höchstens "
    "{megapixels} Millionen Pixeln.",
    "admin_upscale_off": "Bilder werden auf diesem Server nicht vergrößert.",
    "admin_adapters_everyone": "Alle dürfen diesem Server LoRAs und Embeddings bringen.",
    "admin_adapters_nobody": "Nur wer diesen Server verwaltet, bringt ihm LoRAs und Embeddings.",
    "admin_adapters_roles": "Diesem Server bringen LoRAs und Embeddings, wer ihn verwaltet, und Mitglieder mit einer "
    "dieser Rollen: {roles}",
    "admin_adapters_approval": "Sie werden hier erst benutzt, wenn jemand sie zugelassen hat, der den Server "
    "verwaltet: /adapters queue.",
    "admin_adapters_no_approval": "Sie werden hier sofort benutzt.",
    "admin_quota_both": "Sag `count` und `megabytes` zusammen, oder `clear` allein.",
    "admin_quota_none": "Mitglieder dürfen diesem Server bringen, was der Betreiber sie lässt.",
    "admin_quota": "Alle: {count} LoRAs und Embeddings, {megabytes} MiB zusammen",
    "admin_quota_role": "{role}: {count} LoRAs und Embeddings, {megabytes} MiB zusammen",
    # /prompt
    "prompt_title": "### So wird dieser Prompt gelesen",
    "prompt_title_negative": "### So wird dieser negative Prompt gelesen",
    "prompt_drawn": "Seine Auswahl bedeutet {ways} Bilder; eine Anfrage zieht so viele, wie du willst. "
    "Dies ist eins davon.",
    "prompt_styled": "Mit den Stilen, die er nennt.",
    "prompt_about": "{model} · {steps} Schritte",
    "prompt_up_to": "bis zu {tokens}",
    "prompt_uncounted": "Tokens sind nicht gezählt: {reason}",
    "prompt_busy": "Die Maschine hat zu tun und antwortet nicht. Versuch es in einer Minute noch einmal.",
    "prompt_lost": "Die Maschine ging verloren. Versuch es noch einmal.",
    "prompt_cannot": "Lässt sich nicht malen: {words}",
    "prompt_row": "Prompt {number} von {count}, Gewicht {weight}",
    "prompt_step": "Schritt {step}",
    "prompt_steps": "Schritte {first} bis {last}",
    "prompt_chunk": "Chunk {number}, {used} von {room}",
    "prompt_networks": "Netze",
    "prompt_network": "{kind} {name}: Gewicht {weight}, Text-Encoder {text_encoder}",
    "prompt_embedding": "Embedding {name}",
    "prompt_hint": "Hinweis: {words}",
    "prompt_shortened": "Gekürzt. In der Datei steht alles.",
    # Was aus einem Bild werden kann
    "deed_vary_subtle": "Variieren",
    "deed_vary_strong": "Stark variieren",
    "deed_again": "Neuer Seed",
    "deed_zoom_out_1_5": "Herauszoomen 1,5×",
    "deed_zoom_out_2": "Herauszoomen 2×",
    "deed_square": "Quadratisch",
    "deed_extend_left": "Links erweitern",
    "deed_extend_right": "Rechts erweitern",
    "deed_extend_up": "Oben erweitern",
    "deed_extend_down": "Unten erweitern",
    "deed_remix": "Remix",
    "done_faces": "Gesichter verbessert",
    "done_larger": "{factor}× so groß durch {model}",
    "done_larger_filter": "{factor}× so groß durch Lanczos-Filter, da kein Upscaler installiert ist",
    "deed_upscale_2": "Vergrößern 2×",
    "deed_upscale_4": "Vergrößern 4×",
    "deed_hires_2": "Hires 2×",
    "deed_detail_2": "Details 2×",
    "deed_upscale": "Vergrößern",
    "deed_outpaint": "Erweitern",
    "deed_restyle": "Übermalen",
    "deed_inpaint": "Teil neu malen",
    "button_upscale": "Größer",
    "card_edit": "Bearbeiten",
    "card_favourite": "Favorit",
    "card_unfavourite": "Kein Favorit",
    "card_send": "Mir senden",
    "card_settings": "Einstellungen",
    "card_delete": "Löschen",
    "card_sent": "Es ist in deinen Direktnachrichten.",
    "card_deleted": "Das Bild ist gelöscht.",
    "dm_closed": "Deine Direktnachrichten sind geschlossen, also kann dir nichts gesendet werden.",
    "upscale_too_large": "Das wären {asked} Millionen Pixel, und höchstens {most} sind möglich.",
    "edit_needs_prompt": "Dieses Bild sagt nicht, was es zeigt. Schreib in den Prompt, was gemalt werden soll.",
    "edit_title": "Ein Bild bearbeiten",
    "edit_prompt": "Was gemalt werden soll",
    "edit_area": "Wo",
    "edit_area_hint": "linke Hälfte, oben rechts, Mitte oder 10,20,64,48; leer: überall",
    "edit_colour": "Oder: alles, was diese Farbe hat",
    "edit_colour_hint": "Etwa #ff8800",
    "edit_mask": "Oder: eine Maske",
    "edit_mask_hint": "Weiß wird neu gemalt, Schwarz bleibt",
    "edit_strength": "Wie viel sich ändert, 0 bis 1",
    "edit_strength_hint": "Leer: das Übliche",
    "edit_no_strength": "„{text}“ ist keine Stärke. Schreib eine Zahl von 0 bis 1, etwa 0.6.",
    "mask_one": "Sag nur einmal, wo gemalt werden soll: ein Ort, eine Farbe oder eine Maske.",
    "remix_unknown": "Wie dieses Bild gemalt wurde, ist nicht bekannt; es gibt nichts zu ändern. /edit nimmt "
    "jedes Bild.",
    "remix_words": "Was gemalt werden soll",
    "remix_words_hint": "Eine Zeile „Negative prompt: …“ sagt, was fehlen soll",
    "remix_style": "Stil, der dazukommt",
    "deed_instruct": "Anweisung",
    "deed_blend": "Mischen",
    "no_face_restorer": "Kein Modell für Gesichter ist installiert. Der Betreiber kann eines hinzufügen, "
    "etwa GFPGANv1.4.pth.",
    "upscale_nothing": "Nichts würde größer und kein Gesicht besser. Wähle einen Faktor oder Gesichter.",
    "upscale_network_only": "Ein Upscaler und Gesichter gehören zur Art „durch einen Upscaler“. Wähle die "
    "oder lass sie weg.",
    "card_upload": "Was soll aus diesem Bild werden?",
    "card_too_large": "Dieses Bild ist zu groß, um es noch einmal zu zeigen. /edit und /upscale nehmen es.",
    "which_picture": "Welches Bild?",
    "no_picture_there": "An dieser Nachricht hängt kein Bild.",
    "edit_which_sides": "Sag, was dazukommen soll: Pixel an manchen Seiten, ein Zoom oder quadratisch.",
    "remix_title": "Remix",
    "remix_model": "Welches Modell malt",
    "remix_sampler": "Sampler",
    "remix_size": "Größe: Pixel oder ein Verhältnis",
    "remix_too_long": "Sein Prompt hat mehr als {most} Zeichen, mehr als ein Formular fasst. "
    "Nimm /imagine mit seinen Einstellungen.",
    "button_picture": "Mehr",
    "card": "Bild {number} von {count}: Was soll daraus werden?",
    "card_link": "Bild {number} aus [dieser Nachricht]({link}): Was soll daraus werden?",
    "origin": "{deed} · aus Bild {number}",
    "origin_link": "{deed} · aus Bild {number} [dieser Nachricht]({link})",
    # /lineage
    "lineage_title": "### Woher Bild {number} kommt, und was daraus wurde",
    "lineage_line": "{deed} · aus {number}",
    "lineage_gone": "nicht mehr aufgehoben",
    "lineage_message": "[Nachricht]({link})",
    "lineage_lines_more": "und {count} weitere in der Zeichnung",
    "lineage_alone": "Es wurde aus keinem anderen Bild gemacht, und aus ihm noch keines.",
    "lineage_orphan": "Bild 1 wurde aus einem anderen gemacht, von dem nichts mehr aufgehoben ist.",
    "lineage_grey": "Graue Felder ohne Nummer stehen für Bilder, die du nicht sehen darfst.",
    "lineage_left_out": "Aus Platzmangel nicht gezeigt: {count}.",
    "lineage_open": "Bild {number}",
    "lineage_box": "weg",
    "lineage_between": "… {count} dazwischen",
    "lineage_more": "+{count} weitere",
    "lineage_none": "Du hast keine Bilder, die noch da sind. /imagine macht eines, oder schick eines mit `picture`.",
    "lineage_both": "Gib ein Bild an oder einen Link, nicht beides.",
    "lineage_link": "„{text}“ ist kein Link zu einer Nachricht. Kopier ihn aus dem Menü der Nachricht: "
    "Nachrichtenlink kopieren.",
    "lineage_no_message": "Diese Nachricht zeigt kein Bild von mir, das du sehen darfst.",
    "lineage_no_number": "Diese Nachricht hat kein Bild {number}.",
    "lineage_not_ours": "„{name}“ ist nicht so, wie ich es gemalt habe, oder gar nicht von mir. /paste malt nach "
    "seinen Einstellungen, wenn es welche hat, und /variations malt Ähnliches.",
    "lineage_written": "### Dieses Bild sagt, wie es gemalt wurde\nIch habe nichts darüber, was ich dir hier zeigen "
    "könnte. Diese Einstellungen stehen darin:",
    "button_lineage": "Woher es kommt",
    "button_repeat": "Genauso noch einmal malen",
    "button_recipe": "Noch einmal malen",
    "deed_repeat": "Noch einmal gemalt",
    # Links auf Dateien
    "link_unread": "Das ist kein Link, den ich lesen kann. Kopiere die ganze Adresse der Seite oder der Datei.",
    "link_https": "Nur Links, die mit https:// beginnen, werden geholt.",
    "link_credentials": "In dem Link steht eine Anmeldung. Nimm heraus, was vor dem @ steht.",
    "link_port": "Der Link nennt den Port {port}. Benutzt wird nur der übliche von https.",
    "link_host": "Von {host} wird nichts geholt. Links dürfen zu {hosts} führen; lade andere Dateien selbst hoch.",
    "link_address": "{host} führt zu keinem öffentlichen Server, darum wurde nichts geholt.",
    "link_led_on": "{host} leitet zu {target} weiter, und von dort wird nichts geholt. Nimm den Link der Datei selbst, "
    "oder lade sie hoch.",
    "link_redirects": "Der Link leitet mehr als {most} Mal weiter, oder im Kreis. Nimm den Link der Datei selbst.",
    "link_login": "{host} zeigt eine Anmeldung oder eine Seite statt einer Datei: sie braucht eine Anmeldung, oder der "
    "Link stimmt nicht. Lade die Datei selbst herunter und dann hier hoch.",
    "link_missing": "{host} hat unter diesem Link nichts. Ist er vollständig?",
    "link_status": "{host} gibt die Datei gerade nicht her (Antwort {status}). Versuch es später wieder.",
    "link_packed": "{host} schickt die Datei gepackt, und hier wird sie nicht entpackt. Lade sie hoch.",
    "link_answer": "Was {host} geantwortet hat, lässt sich nicht lesen. Nimm den Link der Datei selbst, oder lade sie "
    "hoch.",
    "link_page": "{host} hat Adapter, aber nicht auf dieser Seite. Nimm den Link der Seite eines Modells oder seiner "
    "Datei.",
    "link_kind": "Auf der Seite geht es um etwas der Art {kind}; hinzufügen lassen sich nur LoRAs und Embeddings.",
    "link_none": "Auf {page} gibt es kein LoRA und kein Embedding: keine Datei, die auf .safetensors, .pt oder .bin "
    "endet.",
    "link_several": "Auf {page} gibt es mehrere Dateien. Nimm den Link von der, die du meinst: {files}",
    "link_suffix": "„{name}“ ist keine Datei eines LoRAs oder Embeddings. Die enden auf .safetensors, .pt oder .bin.",
    "link_bytes": "Die Datei hat mehr als {most} MiB, und mehr wird nicht geholt.",
    "link_cut": "Die Datei kam von {host} nicht vollständig an. Versuch es noch einmal.",
    "link_changed": "Was von {host} kam, ist nicht die Datei, von der die Seite spricht. Versuch es später wieder.",
    "link_no_adapter": "Was von {host} kam, ist weder ein LoRA noch ein Embedding.",
    "link_slow": "{host} ist zu langsam, darum wurde es aufgegeben. Versuch es später wieder, oder lade die Datei "
    "hoch.",
    "link_unreachable": "{host} war nicht zu erreichen. Versuch es später wieder.",
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
    "button_previous": "Zurück",
    "button_next": "Weiter",
    # /help und /about
    "help_start": "## So entstehen Bilder\nTipp **/imagine** und sag, was du sehen willst:\n"
    "> /imagine prompt: a red lighthouse at dusk, oil painting",
    "help_more": "### Mehr sagen\n"
    "**negative** was fehlen soll · **style** ein Stil · **model** wer malt · **lora** LoRAs, Embeddings\n"
    "**size** 512x768 oder ein Verhältnis wie 3:2 · **count** wie viele auf einmal\n"
    "**image** ein Bild als Anfang, **strength** wie stark es sich ändert\n"
    "**steps**, **guidance**, **sampler**, **seed**, **second_prompt** für alle, die sie kennen\n"
    "**combinations** malt jedes {{a|b}} des Prompts · **regions** Spalten oder Zeilen für Texte, die AND verbindet\n"
    "**settings** ein Bild, dessen Einstellungen gelten · **private** nur du siehst es",
    "help_buttons": "### Unter deinen Bildern\n"
    "**Vergrößern** macht eines größer · **Variieren** malt es ein wenig anders · **Mehr** hat alles andere: Remix, "
    "Herauszoomen, Erweitern, Bearbeiten, Favorit, Senden, Löschen\n"
    "**Nochmal** malt mit neuem Seed · **Einstellungen** zeigt zum Kopieren, wie sie entstanden · "
    "**Löschen** nimmt sie weg\n"
    "Reagiere mit ✉️, um sie als Direktnachricht zu bekommen, mit ⭐, um sie für immer aufzuheben, mit ❌, um sie zu "
    "löschen. 📪 heißt, dass deine Direktnachrichten für mich zu sind.",
    "help_commands": "### Weitere Befehle\n"
    "**/edit** restyle, inpaint, outpaint oder instruct für jedes Bild · **/upscale** · **/variations** · **/blend**\n"
    "Das Menü jeder Nachricht mit Bild: **Variieren**, **Vergrößern**, **Bearbeiten**, **Einstellungen ändern**\n"
    "und jeder mit Datei: **Als Adapter hinzufügen**\n"
    "**/paste** malt nach den Einstellungen eines anderen Programms oder eines Bildes\n"
    "**/queue mine** was auf dich wartet · **/queue all** wie viel los ist · **/queue cancel** doch nicht\n"
    "**/history** alles, was du verlangt hast, und deine Favoriten\n"
    "**/lineage** woher ein Bild kommt, und was daraus wurde\n"
    "**/prompt check** wie ein Prompt gelesen wird, und was falsch aussieht\n"
    "**/me show**, **set**, **reset** deine Vorgaben · **/me export**, **delete** deine Daten\n"
    "**/styles list** Stile für `style:`, auch deine\n"
    "**/adapters add**, **list** LoRAs und Embeddings bringen, und als `<lora:name:0.8>` oder in `lora:` benutzen\n"
    "**/wildcards list** Listen, aus denen `__name__` in einem Prompt eine Zeile zieht\n"
    "**/admin panel** was Admins für ihren Server festlegen\n"
    "**/can** was du hier darfst · **/about** welche Modelle installiert sind",
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
    "chunk": "1 Chunk",
    "chunks": "{n} Chunks",
    "token": "1 Token",
    "tokens": "{n} Tokens",
    "picture": "1 Bild",
    "pictures": "{n} Bilder",
    # Wer den Bot betreibt
    **GERMAN_OPERATOR,
    # Was ein Server nicht erlaubt
    **GERMAN_POLICY,
    **GERMAN_CHECKS,
    # Der erste Kontakt mit einem Server
    **GERMAN_SERVERS,
    # Warum die Datei eines Adapters abgelehnt wird
    **{f"adapter_refused_{code}": text for code, text in GERMAN_REJECTIONS.items()},
    # /admin
    **GERMAN_ADMIN,
    **GERMAN_MODERATION,
}
