"""English."""

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    # A request, from its beginning to its end
    "asked": "{member} asked for",
    "waiting": "Waiting: {ahead} ahead of you, about {eta}.",
    "waiting_first": "Waiting: you are next, about {eta}.",
    "waiting_for_engine": "Waiting: the engine has stopped. An admin has to start it again; your place is kept.",
    "reason_next": "",
    "reason_running": "",
    "reason_share": "The queue takes turns between members.",
    "reason_own": "Your own pictures go first in the order you asked.",
    "reason_model": "Pictures of the model that is loaded go first.",
    "reason_quota": "You have used up your share for now, so others go first.",
    "reason_lanes": "Faster lanes go first.",
    "reason_limit": "As many are running as may at a time.",
    "running": "{bar} {percent} %, {done} of {count} done, about {eta} left",
    "loading": "Loading the model {model} …",
    "again_after_loss": "The engine was lost and is back. Painting it again.",
    "done": "{model} · {sampler} · {steps} steps · guidance {guidance} · {size} · seed {seed} · {seconds} s",
    "reduced": "The pictures were too large for this channel and are shown smaller. ✉️ sends them whole where it can.",
    "moved": "{mention}, your pictures are here: the first answer could no longer be changed.",
    "by_dm": "I cannot write in the channel where you asked, so here they are.",
    "kept": "I could not deliver {count} of your requests and kept the pictures for you: see /history.",
    "partly": "Not all of them could be painted: {reason}",
    "cancelled": "Cancelled.",
    "expired": "These pictures are no longer kept.",
    "failed": "That did not work: {reason}",
    # What goes wrong
    "error": "Something went wrong on my side. It was written down as {reference}.",
    "store": "My disk does not take or give anything just now. Nothing was lost; please try again in a minute.",
    "engine_dead": "The engine that paints has stopped. An admin has to start me again.",
    "stale": "This command has changed. Reload Discord (Ctrl-R) and try again.",
    "not_allowed": "You may not do that here.",
    "no_permission": "Discord does not let me do that here. An admin can give me the permission.",
    "not_yours": "That belongs to somebody else.",
    "gone": "There is nothing left to do that to.",
    "model_gone": "The model that painted this is no longer installed here.",
    "source_gone": "The picture that this one was made from is no longer kept. Send it again.",
    "limit_member_waiting": "You have {now} pictures waiting and may have {most}. Wait, or cancel some with /queue.",
    "limit_guild_waiting": "This server has {now} pictures waiting and may have {most}. Try again in a few minutes.",
    "limit_count": "One request may have {most} pictures.",
    # What was typed or sent
    "no_models": "No model is installed. An admin installs one with `easel models add`.",
    "no_model": "There is no model named “{name}”. Start typing and choose one that is offered.",
    "no_model_near": "There is no model named “{name}”. Did you mean {near}?",
    "no_sampler": "There is no sampler named “{name}”. Start typing and choose one that is offered.",
    "no_sampler_near": "There is no sampler named “{name}”. Did you mean {near}?",
    "no_style": "There is no style named “{name}”. Start typing and choose one that is offered.",
    "no_style_near": "There is no style named “{name}”. Did you mean {near}?",
    "no_size": "“{text}” is no size. Write pixels such as 512x768, or a ratio such as 3:2.",
    "ratio_range": "A ratio goes from 1:4 to 4:1, and “{text}” does not.",
    "image_unread": "“{name}” could not be fetched from Discord. Send it again.",
    "image_bytes": "“{name}” has more than {most} MiB. Make it smaller first.",
    "image_pixels": "“{name}” has more than {most} million pixels. Make it smaller first.",
    "image_none": "“{name}” is no picture that can be read. Send a PNG, JPEG, WebP or GIF.",
    "image_damaged": "“{name}” is damaged and cannot be read. Save it again and send that.",
    # /queue
    "queue_title": "### Queue\n-# Pictures being painted: {running} · waiting: {waiting}",
    "queue_mine_title": "### Your unfinished requests\n"
    "-# Everybody’s pictures being painted: {running} · waiting: {waiting}",
    "queue_empty": "Nothing is waiting or running. /imagine starts at once.",
    "queue_mine_empty": "You have nothing waiting or running. /imagine starts something.",
    "queue_runs": "▶ {what} · {count} · about {eta} left",
    "queue_waits": "{place}. {what} · {count} · about {eta}",
    "queue_somebody": "somebody’s",
    "queue_more": "and {count} more requests",
    "queue_cancelled": "Cancelled: {count}.",
    "queue_no_request": "You have no unfinished request like “{text}”. /queue mine shows what there is.",
    "queue_ambiguous": "Several of your requests are like “{text}”. Choose one that is offered.",
    # /history
    "history_title": "### Your requests, newest first",
    "history_empty": "You have asked for nothing yet. Try /imagine.",
    "history_end": "That was all.",
    "favourites_title": "### Your favourites, newest first",
    "favourites_empty": "You have no favourites yet. React to pictures of yours with ⭐ to keep them.",
    "history_pictures": "{count} · {model} · {when}",
    "history_expired": "pictures no longer kept · {model} · {when}",
    "history_cancelled": "cancelled · {model} · {when}",
    "history_failed": "failed: {reason} · {when}",
    "history_unfinished": "not finished yet · {model} · {when}",
    # /me
    "me_title": "### Your defaults\nWhat /imagine uses when you do not say.",
    "me_model": "**Model** {value}",
    "me_size": "**Size** {value}",
    "me_count": "**Pictures** {value}",
    "me_private": "**Seen by** {value}",
    "me_model_none": "{name}, the first that is installed",
    "me_model_gone": "{name}, which is no longer installed",
    "me_size_none": "the model’s own",
    "me_private_yes": "you alone",
    "me_private_no": "everybody in the channel",
    "me_hint": "/me set changes them, /me reset forgets them.",
    "me_nothing": "Say what to set: a model, a size, a number of pictures, or whether they are private.",
    "me_saved": "Saved.",
    "me_exported": "Everything kept about you: your defaults, your requests and your pictures. "
    "File {number} of {count}.",
    "me_export_dm": "That is {count} files. They are in your direct messages.",
    "me_export_closed": "That is {count} files, which only fit into direct messages, and yours are closed to me. "
    "Open them in the server’s privacy settings and try again.",
    "me_export_running": "Your data is being packed already. It comes as soon as it is done.",
    "me_export_too_large": "Your data does not fit through Discord. Ask an admin for it.",
    "me_delete_confirm": "This deletes your defaults, requests, pictures and favourites for good, and stops what is "
    "being painted for you. Messages that show your pictures stay in their channels: delete those with ❌ first.\n\n"
    "/me export gives you a copy before.",
    "me_deleted": "Everything kept about you is gone.",
    # Buttons
    "button_again": "Again",
    "button_cancel": "Cancel",
    "button_drop": "Cancel",
    "button_delete": "Delete",
    "button_settings": "Settings",
    "button_show": "Show",
    "button_forget": "Delete it all",
    "button_older": "Older",
    "button_newest": "Newest",
    "button_refresh": "Refresh",
    # /help and /about
    "help_start": "## How to make pictures\nType **/imagine** and say what you want to see:\n"
    "> /imagine prompt: a red lighthouse at dusk, oil painting",
    "help_more": "### Say more\n"
    "**negative** what to keep out · **style** a look · **model** who paints\n"
    "**size** 512x768, or a ratio such as 3:2 · **count** how many at once\n"
    "**image** a picture to start from, **strength** how much to change it\n"
    "**steps**, **guidance**, **sampler**, **seed** for those who know them · **private** only you see it",
    "help_buttons": "### Under your pictures\n"
    "**Again** paints with a new seed · **Settings** shows how they were made, to copy · **Delete** takes them away\n"
    "React with ✉️ to get them by direct message, ⭐ to keep them for good, ❌ to delete them. "
    "📪 means that your direct messages are closed to me.",
    "help_commands": "### More commands\n"
    "**/queue mine** what waits for you · **/queue all** how busy it is · **/queue cancel** never mind\n"
    "**/history** everything you asked for, and your favourites\n"
    "**/me show**, **set**, **reset** your defaults · **/me export**, **delete** your data\n"
    "**/about** which models are installed",
    "about_title": "## {name}\nMakes pictures from words with diffusion models, on the "
    "machine of whoever runs it. {version}, free software.",
    "about_now": "**Now** pictures being painted: {running} · waiting: {waiting}",
    "about_device": "**Paints on** {device}",
    "about_trouble": "**Now** nothing can be painted: {reason}",
    "about_models": "### Models\n{models}",
    "about_model": "**{name}** · {family} · {width}×{height}",
    "about_more": "and {count} more",
    "presence": "{running} painting, {waiting} waiting",
    "presence_idle": "/imagine",
    # Units
    "second": "{n} s",
    "minute": "{n} min",
    "hour": "{n} h",
    "picture": "1 picture",
    "pictures": "{n} pictures",
}
