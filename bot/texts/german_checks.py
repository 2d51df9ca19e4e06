"""What members are told of the check of pictures, in German."""

from collections.abc import Mapping

GERMAN_CHECKS: Mapping[str, str] = {
    "check_which_one": "Bild {numbers}",
    "check_which_many": "Bilder {numbers}",
    "check_blurred": "Die Bildprüfung hat hier angeschlagen, darum unkenntlich gemacht: {which}.",
    "check_blocked": "Die Bildprüfung hat hier angeschlagen, darum nicht gezeigt: {which}.",
    "check_withheld": "Bilder werden hier geprüft, bevor sie gezeigt werden, und die Prüfung läuft gerade nicht. "
    "Zurückgehalten: {which}. **Noch einmal prüfen** versucht es erneut.",
    "check_still": "Die Prüfung läuft noch immer nicht. Die Bilder bleiben aufgehoben: versuch es später noch einmal, "
    "oder sag es den Admins.",
    "check_source": "Die Bildprüfung hat bei diesem Bild angeschlagen, darum lässt sich hier nichts daraus machen.",
    "check_source_waits": "Bilder werden hier geprüft, bevor etwas aus ihnen gemacht wird, und dieses wird gerade "
    "geprüft. Versuch es gleich noch einmal.",
    "check_source_withheld": "Bilder werden hier geprüft, bevor etwas aus ihnen gemacht wird, und die Prüfung läuft "
    "gerade nicht. Versuch es später noch einmal, oder sag es den Admins.",
    "button_check": "Noch einmal prüfen",
}
