"""What members are told where a server's rules do not allow something, in German."""

from collections.abc import Mapping

GERMAN_POLICY: Mapping[str, str] = {
    # Gar nichts
    "policy_closed": "Wer mich betreibt, hat mich auf diesem Server geschlossen.",
    "policy_closed_why": "Wer mich betreibt, hat mich auf diesem Server geschlossen: {why}",
    "policy_draining": "Gerade wird nichts Neues angenommen, damit an mir gearbeitet werden kann. Was wartet, wird "
    "noch gemalt; versuch es später wieder.",
    "policy_draining_why": "Gerade wird nichts Neues angenommen: {why}. Was wartet, wird noch gemalt; versuch es "
    "später wieder.",
    "policy_unreadable": "Was die Admins dieses Servers gewählt haben, ist nicht lesbar. Darum ist hier nichts "
    "erlaubt, bis jemand, der ihn verwaltet, es mit /admin neu setzt.",
    "policy_blocked": "Die Admins dieses Servers haben dich hier für mich gesperrt.",
    "policy_blocked_why": "Die Admins dieses Servers haben dich hier für mich gesperrt: {why}",
    # Orte
    "policy_channel_closed": "In diesem Kanal antworte ich nicht.",
    "policy_channel_closed_where": "In diesem Kanal antworte ich nicht, wohl aber hier: {channels}",
    "policy_channel_elsewhere": "Auf diesem Server antworte ich nur hier: {channels}",
    "policy_channel_command": "Auf diesem Server gehören /{command} und seine Knöpfe nur hierher: {channels}",
    "policy_threads": "Auf diesem Server antworte ich nicht in Threads. Frag im Kanal selbst.",
    "policy_age_only": "Auf diesem Server antworte ich nur in altersbeschränkten Kanälen.",
    "policy_age_never": "Auf diesem Server antworte ich nicht in altersbeschränkten Kanälen.",
    "policy_private": "Auf diesem Server sind Bilder nicht für dich allein: lass `private` weg, oder sag False. Ist "
    "es deine Voreinstellung, ändert das /me set private:False.",
    # Modelle
    "policy_model_denied": "„{name}“ ist auf diesem Server nicht erlaubt.",
    "policy_model_denied_instead": "„{name}“ ist auf diesem Server nicht erlaubt. Nehmen kannst du: {models}",
    "policy_model_new": "„{name}“ ist hier neu, und die Admins dieses Servers haben es noch nicht erlaubt.",
    "policy_model_new_instead": "„{name}“ ist hier neu, und die Admins dieses Servers haben es noch nicht erlaubt. "
    "Nehmen kannst du: {models}",
    "policy_model_channels": "„{name}“ ist nur für diese Kanäle: {channels}",
    "policy_model_channels_instead": "„{name}“ ist nur für diese Kanäle: {channels}. Hier kannst du nehmen: {models}",
    "policy_model_roles": "„{name}“ ist nur für Mitglieder mit einer dieser Rollen: {roles}",
    "policy_model_roles_instead": "„{name}“ ist nur für Mitglieder mit einer dieser Rollen: {roles}. Nehmen kannst "
    "du: {models}",
    # Grenzen
    "policy_steps": "Hier sind es höchstens {most} Schritte; du wolltest {asked}.",
    "policy_pixels": "Hier werden Bilder mit höchstens {most} Pixeln gemalt, etwa {side}x{side}; dieses hätte {asked}.",
    "policy_count": "Hier sind es höchstens {most} Bilder auf einmal; du wolltest {asked}.",
    "policy_warned": "Die Admins dieses Servers bitten dich, auf deine Worte zu achten. Sie nennen: {words}",
    "policy_waiting_own_room": "Bei dir warten {now} Bilder, {most} dürfen es hier sein. Verlang höchstens {room}.",
    "policy_waiting_own_full": "Bei dir warten {now} Bilder, {most} dürfen es hier sein. Warte, oder brich welche ab: "
    "/queue.",
    "policy_waiting_guild_room": "Auf diesem Server warten {now} Bilder, {most} dürfen es sein. Verlang höchstens "
    "{room}.",
    "policy_waiting_guild_full": "Auf diesem Server warten {now} Bilder, {most} dürfen es sein. Versuch es in ein "
    "paar Minuten wieder.",
    # Budgets
    "policy_budget_daily_pictures": "Hier darfst du {most} Bilder am Tag haben: {left} sind übrig, und du wolltest "
    "{asked}. Ein neuer Tag beginnt {renewed}.",
    "policy_budget_daily_pictures_fit": "Hier darfst du {most} Bilder am Tag haben: {left} sind übrig, und du "
    "wolltest {asked}. Verlang höchstens {fit}; ein neuer Tag beginnt {renewed}.",
    "policy_budget_weekly_pictures": "Hier darfst du {most} Bilder in sieben Tagen haben: {left} sind übrig, und du "
    "wolltest {asked}. Der älteste Tag zählt nicht mehr {renewed}.",
    "policy_budget_weekly_pictures_fit": "Hier darfst du {most} Bilder in sieben Tagen haben: {left} sind übrig, und "
    "du wolltest {asked}. Verlang höchstens {fit}; der älteste Tag zählt nicht mehr {renewed}.",
    "policy_budget_daily_seconds": "Hier darfst du {most} GPU-Sekunden am Tag brauchen: {left} sind übrig, und dies "
    "dauert etwa {asked}. Ein neuer Tag beginnt {renewed}.",
    "policy_budget_daily_seconds_fit": "Hier darfst du {most} GPU-Sekunden am Tag brauchen: {left} sind übrig, und "
    "dies dauert etwa {asked}. Verlang höchstens {fit} solche Bilder; ein neuer Tag beginnt {renewed}.",
    "policy_budget_weekly_seconds": "Hier darfst du {most} GPU-Sekunden in sieben Tagen brauchen: {left} sind übrig, "
    "und dies dauert etwa {asked}. Der älteste Tag zählt nicht mehr {renewed}.",
    "policy_budget_weekly_seconds_fit": "Hier darfst du {most} GPU-Sekunden in sieben Tagen brauchen: {left} sind "
    "übrig, und dies dauert etwa {asked}. Verlang höchstens {fit} solche Bilder; der älteste Tag zählt nicht mehr "
    "{renewed}.",
    # Was andere verlangt haben
    "history_of_title": "## Was {member} auf diesem Server verlangt hat",
    "history_of_empty": "Hier ist nichts, das alle sehen konnten.",
    "history_of_server": "Was andere verlangt haben, ist nur auf Servern zu sehen.",
    "history_of_nobody": "Auf diesem Server sehen nur die, die ihn verwalten, was andere verlangt haben.",
    "history_of_roles": "Auf diesem Server sehen nur Mitglieder mit einer dieser Rollen, was andere verlangt haben: "
    "{roles}",
    "history_of_favourites": "Favoriten sehen nur die, die sie markiert haben. Lass `favourites` oder `member` weg.",
    # Trainieren
    "training_server": "Trainiert wird nur auf Servern, wo deren Admins jemanden lassen.",
    "training_nobody": "Auf diesem Server dürfen nur die, die ihn verwalten, LoRAs und Embeddings trainieren.",
    "training_roles": "Auf diesem Server dürfen nur Mitglieder mit einer dieser Rollen LoRAs und Embeddings "
    "trainieren: {roles}",
    # Was man darf
    "can_title": "## Was du hier darfst",
    "can_title_direct": "## Was du in Direktnachrichten darfst",
    "can_refused": "**Gerade nichts.** {why}",
    "can_models": "**Modelle** {models}",
    "can_no_models": "**Modelle** keine, die du hier nehmen darfst",
    "can_default_model": "Nennst du keines, und hast keine Voreinstellung: {model}",
    "can_denied_models": "Nicht hier, oder nicht für dich: {models}",
    "can_limits": "**Grenzen**",
    "can_count": "Bilder einer Anfrage: {most}",
    "can_steps": "Schritte: {most}",
    "can_pixels": "Millionen Pixel eines Bildes, wie es gemalt wird: {most}",
    "can_upscale": "Bilder werden höchstens {most}-mal so breit und so hoch.",
    "can_upscale_pixels": "Millionen Pixel eines vergrößerten Bildes: {most}",
    "can_waiting": "Bilder von dir, die warten: {now} von {most}",
    "can_waiting_any": "Bilder von dir, die warten: {now}",
    "can_lane_priority": "Deine Anfragen gehen denen anderer vor.",
    "can_lane_relaxed": "Deine Anfragen warten hinter denen anderer.",
    "can_budgets": "**Budgets**",
    "can_daily_pictures": "Bilder heute: {left} von {most} übrig",
    "can_weekly_pictures": "Bilder in sieben Tagen: {left} von {most} übrig",
    "can_daily_seconds": "GPU-Sekunden heute: {left} von {most} übrig",
    "can_weekly_seconds": "GPU-Sekunden in sieben Tagen: {left} von {most} übrig",
    "can_past_relaxed": "Danach warten deine Anfragen hinter allen anderen. Ein neuer Tag beginnt {renewed}.",
    "can_past_refuse": "Danach wird für dich nichts gemalt. Ein neuer Tag beginnt {renewed}.",
    "can_rights": "**Rechte**",
    "can_press": "mit ihren Knöpfen mehr aus den Bildern anderer machen",
    "can_adapters": "LoRAs und Embeddings bringen",
    "can_private": "Bilder haben, die nur du siehst",
    "can_history": "sehen, was andere verlangt haben",
    "can_train": "LoRAs und Embeddings trainieren, sobald ich das kann",
    "can_where": "**Wo**",
    "can_everywhere": "Überall auf diesem Server",
    "can_channels": "In {channels}",
    "can_command": "/{command}: {channels}",
    "can_closed": "Nicht in {channels}",
    "can_private_channels": "Nur für dich zu sehen in {channels}",
}
