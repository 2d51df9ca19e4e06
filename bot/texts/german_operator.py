"""Was denen gesagt wird, die den Bot betreiben."""

from collections.abc import Mapping
from types import MappingProxyType

GERMAN_OPERATOR: Mapping[str, str] = MappingProxyType(
    {
        "operator_only": "Das ist für die, die mich betreiben: wem meine Anwendung bei Discord gehört, oder ihr Team.",
        "operator_unknown": "Discord sagt mir gerade nicht, wer mich betreibt. Versuch es in einer Minute noch einmal.",
        "operator_no_server": "Ich bin auf keinem Server, der {name} heißt. Nimm einen von denen, die angeboten "
        "werden, oder seine ID.",
        "operator_servers_same": "Mehrere Server heißen {name}. Nimm die ID von dem, den du meinst: {ids}",
        "operator_long": "Das ist zu lang: höchstens {most} Zeichen.",
        "backup_running": "Es wird schon eine Sicherung gemacht. Warte, bis sie fertig ist.",
        # Zustand
        "operator_status_title": "## Easel {version}",
        "operator_running_since": "läuft seit {time} · Python {python}",
        "operator_disconnected": "⚠️ Discord ist nicht verbunden.",
        "operator_trouble": "⚠️ Es kann nichts gemalt werden: {reason}",
        "operator_check_problem": "⚠️ Die Prüfung von Bildern geht nicht: {reason}",
        "operator_draining": "⚠️ Neues wird nicht angenommen (/operator resume). Mitglieder lesen: {words}",
        "operator_draining_silent": "⚠️ Neues wird nicht angenommen (/operator resume).",
        "operator_device": "**Gerät** {name} · {kind} · {dtype} · {attention}\n"
        "**Speicher** {used} von {memory} GB benutzt\n**Versionen** {versions}",
        "operator_no_device": "**Gerät** keines: Die Engine läuft nicht.",
        "operator_models": "**Modelle** {models} installiert · im Speicher: {resident}",
        "operator_none": "keine",
        "operator_queue": "**Warteschlange** {running} in Arbeit · wartend: {waiting}",
        "operator_engine": "**Engine** {launches}× gestartet, {deaths}× abgestürzt, seit ich laufe",
        "operator_disk": "**Platte** {free} von {whole} GB frei · {pictures} Bilder, {bytes} GB · Datenbank "
        "{database} GB",
        "operator_servers_count": "**Server** {open} offen, {closed} geschlossen",
        "operator_errors": "### Fehler am letzten Tag: {count}",
        "operator_no_errors": "### Keine Fehler am letzten Tag",
        "operator_error": "<t:{at}:R> {kind}: {text}",
        "operator_more": "und {count} weitere",
        # Server
        "operator_servers_title": "## Server: {count}",
        "operator_servers_none": "Ich bin noch auf keinem Server.",
        "operator_server": "**{name}** `{id}` · {members} Mitglieder\n"
        "-# {pictures} Bilder, {seconds} GPU-Sekunden von {asking} Mitgliedern in 30 Tagen · {waiting} wartend",
        "operator_server_gone": "**{name}** `{id}` · dort bin ich nicht mehr\n"
        "-# {pictures} Bilder, {seconds} GPU-Sekunden von {asking} Mitgliedern in 30 Tagen",
        "operator_server_unnamed": "ein Server",
        "operator_server_closed": "-# 🔒 geschlossen",
        "operator_server_closed_why": "-# 🔒 geschlossen: {why}",
        "operator_servers_page": "-# Seite {page} von {pages}: /operator servers page:{next}",
        "operator_closed": "Geschlossen: Für {name} tue ich nichts mehr, bis /operator open.",
        "operator_opened": "Offen: Für {name} arbeite ich wieder.",
        "operator_was_open": "{name} war nicht geschlossen.",
        "operator_still_there": "Auf dem Server bin ich noch. Nur was von Servern aufgehoben ist, die ich verlassen "
        "habe, lässt sich löschen.",
        # Rundschreiben
        "operator_broadcast_heading": "Von denen, die mich betreiben",
        "operator_broadcast_empty": "Es gibt nichts zu senden.",
        "operator_broadcast_running": "Es wird schon etwas an alle gesendet. Warte, bis das fertig ist.",
        "operator_broadcast_gone": "Das wurde schon gesendet, oder es ist älter als ein Tag.",
        "operator_broadcast_preview": "Das geht an {servers} Server, in den Kanal für Neuigkeiten, den jeder "
        "eingestellt hat. Geschlossen und ausgelassen: {closed}.",
        "operator_broadcast_without": "-# Nicht erreicht, weil dort kein solcher Kanal ist, in dem ich schreiben darf: "
        "{names}",
        "operator_broadcast_going": "Es wird gesendet, ein Server je Sekunde.",
        "operator_broadcast_done": "An {sent} Server gesendet.",
        "operator_broadcast_failed": "An {sent} Server gesendet, an {failed} nicht: {names}",
        "button_broadcast": "Senden",
        # Wartung
        "operator_drained": "Ab jetzt wird nichts Neues angenommen, auch nach einem Neustart; was wartet, wird gemalt. "
        "/operator resume beendet das.",
        "operator_resumed": "Ich nehme wieder an, was verlangt wird.",
        "operator_not_draining": "Es wurde schon alles angenommen.",
        # Sicherung
        "operator_backup_begun": "Die Sicherung hat begonnen.",
        "operator_backup_going": "{bar} {done} von {whole} GB",
        "operator_backup_done": "Die Sicherung ist vollständig: `{path}`\n{bytes} GB, {files} Dateien",
        "operator_backup_left_out": "-# Nicht darin: {missing} Dateien, die fehlten, {damaged}, die beschädigt sind.",
        "operator_backup_removed": "-# Ältere, die gelöscht wurden: {removed}",
        "operator_backup_failed": "Es gibt keine Sicherung: {reason}",
        "operator_backup_last": "**Letzte Sicherung** <t:{at}:R>, `{path}`",
        "operator_backup_none": "**Letzte Sicherung** keine, seit ich laufe",
        # Was aufgehoben wird
        "operator_keep": "## Was aufgehoben ist\n{pictures} Bilder, {bytes} GB, davon {favourites} Favoriten",
        "operator_keep_oldest": "Das älteste ist vom <t:{at}:D>.",
        "operator_keep_days": "Bilder werden nach {days} Tagen gelöscht (EASEL_KEEP_DAYS), Favoriten nie; ein Server "
        "kann weniger einstellen.",
        "operator_keep_for_good": "Bilder bleiben für immer (EASEL_KEEP_DAYS ist 0); ein Server kann eine Grenze "
        "einstellen.",
        "operator_keep_gb": "Über {gb} GB gehen die ältesten (EASEL_KEEP_GB).",
        "operator_keep_would": "Blieben sie {days} Tage, gingen {pictures} Bilder: {bytes} GB.",
    }
)
