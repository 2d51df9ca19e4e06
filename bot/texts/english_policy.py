"""What members are told where a server's rules do not allow something, in English."""

from collections.abc import Mapping

ENGLISH_POLICY: Mapping[str, str] = {
    # Nothing at all
    "policy_closed": "Whoever runs me has closed me in this server.",
    "policy_closed_why": "Whoever runs me has closed me in this server: {why}",
    "policy_draining": "Nothing new is taken on just now, so that I can be worked on. What waits is still painted; "
    "please try again later.",
    "policy_draining_why": "Nothing new is taken on just now: {why}. What waits is still painted; please try again "
    "later.",
    "policy_unreadable": "What the admins of this server chose cannot be read, so nothing is allowed here until "
    "somebody who manages it sets it again with /admin.",
    "policy_blocked": "The admins of this server have blocked you from using me here.",
    "policy_blocked_why": "The admins of this server have blocked you from using me here: {why}",
    # Places
    "policy_channel_closed": "I do not answer in this channel.",
    "policy_channel_closed_where": "I do not answer in this channel, but here: {channels}",
    "policy_channel_elsewhere": "In this server I answer only here: {channels}",
    "policy_channel_command": "In this server /{command} and its buttons are only for: {channels}",
    "policy_threads": "In this server I do not answer in threads. Ask in a channel itself.",
    "policy_age_only": "In this server I answer only in age-restricted channels.",
    "policy_age_never": "In this server I do not answer in age-restricted channels.",
    "policy_private": "In this server pictures are not for you alone: leave `private` out, or say False. If it is "
    "your default, /me set private:False changes that.",
    # Models
    "policy_model_denied": "“{name}” is not allowed in this server.",
    "policy_model_denied_instead": "“{name}” is not allowed in this server. You can use: {models}",
    "policy_model_new": "“{name}” is new here, and the admins of this server have not allowed it yet.",
    "policy_model_new_instead": "“{name}” is new here, and the admins of this server have not allowed it yet. You can "
    "use: {models}",
    "policy_model_channels": "“{name}” is only for these channels: {channels}",
    "policy_model_channels_instead": "“{name}” is only for these channels: {channels}. Here you can use: {models}",
    "policy_model_roles": "“{name}” is only for members with one of these roles: {roles}",
    "policy_model_roles_instead": "“{name}” is only for members with one of these roles: {roles}. You can use: "
    "{models}",
    # Limits
    "policy_steps": "Steps at most {most} here; you asked for {asked}.",
    "policy_pixels": "Pictures are painted with at most {most} pixels here, such as {side}x{side}; this one would "
    "have {asked}.",
    "policy_count": "At most {most} pictures a request here; you asked for {asked}.",
    "policy_warned": "The admins of this server want you to mind what you ask for. They named: {words}",
    "policy_waiting_own_room": "You have {now} pictures waiting and may have {most} here. Ask for {room} or fewer.",
    "policy_waiting_own_full": "You have {now} pictures waiting and may have {most} here. Wait, or cancel some with "
    "/queue.",
    "policy_waiting_guild_room": "This server has {now} pictures waiting and may have {most}. Ask for {room} or fewer.",
    "policy_waiting_guild_full": "This server has {now} pictures waiting and may have {most}. Try again in a few "
    "minutes.",
    # Budgets
    "policy_budget_daily_pictures": "You may have {most} pictures a day here: {left} are left, and you asked for "
    "{asked}. A new day begins {renewed}.",
    "policy_budget_daily_pictures_fit": "You may have {most} pictures a day here: {left} are left, and you asked for "
    "{asked}. Ask for {fit} or fewer; a new day begins {renewed}.",
    "policy_budget_weekly_pictures": "You may have {most} pictures in seven days here: {left} are left, and you asked "
    "for {asked}. The oldest day no longer counts {renewed}.",
    "policy_budget_weekly_pictures_fit": "You may have {most} pictures in seven days here: {left} are left, and you "
    "asked for {asked}. Ask for {fit} or fewer; the oldest day no longer counts {renewed}.",
    "policy_budget_daily_seconds": "You may use {most} GPU-seconds a day here: {left} are left, and this takes about "
    "{asked}. A new day begins {renewed}.",
    "policy_budget_daily_seconds_fit": "You may use {most} GPU-seconds a day here: {left} are left, and this takes "
    "about {asked}. Ask for {fit} of these pictures or fewer; a new day begins {renewed}.",
    "policy_budget_weekly_seconds": "You may use {most} GPU-seconds in seven days here: {left} are left, and this "
    "takes about {asked}. The oldest day no longer counts {renewed}.",
    "policy_budget_weekly_seconds_fit": "You may use {most} GPU-seconds in seven days here: {left} are left, and this "
    "takes about {asked}. Ask for {fit} of these pictures or fewer; the oldest day no longer counts {renewed}.",
    # What others asked for
    "history_of_title": "## What {member} asked for in this server",
    "history_of_empty": "There is nothing here that was shown to everybody.",
    "history_of_server": "What others asked for is shown in servers only.",
    "history_of_nobody": "In this server only those who manage it may see what others asked for.",
    "history_of_roles": "In this server only members with one of these roles may see what others asked for: {roles}",
    "history_of_favourites": "Favourites are shown to those alone who marked them. Leave `favourites` or `member` out.",
    # Training
    "training_server": "Training is for servers only, where their admins let somebody do it.",
    "training_nobody": "In this server only those who manage it may train LoRAs and embeddings.",
    "training_roles": "In this server only members with one of these roles may train LoRAs and embeddings: {roles}",
    # What one may do
    "can_title": "## What you may do here",
    "can_title_direct": "## What you may do in direct messages",
    "can_refused": "**Nothing just now.** {why}",
    "can_models": "**Models** {models}",
    "can_no_models": "**Models** none that you may use here",
    "can_default_model": "Where you name none, and have no default: {model}",
    "can_denied_models": "Not here, or not for you: {models}",
    "can_limits": "**Limits**",
    "can_count": "Pictures of one request: {most}",
    "can_steps": "Steps: {most}",
    "can_pixels": "Million pixels of a picture as it is painted: {most}",
    "can_upscale": "Pictures become at most {most} times as wide and as high.",
    "can_upscale_pixels": "Million pixels of a picture made larger: {most}",
    "can_waiting": "Pictures of yours that wait: {now} of {most}",
    "can_waiting_any": "Pictures of yours that wait: {now}",
    "can_lane_priority": "Your requests go before those of others.",
    "can_lane_relaxed": "Your requests wait behind those of others.",
    "can_budgets": "**Budgets**",
    "can_daily_pictures": "Pictures today: {left} of {most} left",
    "can_weekly_pictures": "Pictures in seven days: {left} of {most} left",
    "can_daily_seconds": "GPU-seconds today: {left} of {most} left",
    "can_weekly_seconds": "GPU-seconds in seven days: {left} of {most} left",
    "can_past_relaxed": "Past that, your requests wait behind all others. A new day begins {renewed}.",
    "can_past_refuse": "Past that, nothing is painted for you. A new day begins {renewed}.",
    "can_rights": "**Rights**",
    "can_press": "make more of other people's pictures with their buttons",
    "can_adapters": "bring LoRAs and embeddings",
    "can_private": "have pictures that you alone see",
    "can_history": "see what others asked for",
    "can_train": "train LoRAs and embeddings, once I can",
    "can_where": "**Where**",
    "can_everywhere": "Everywhere in this server",
    "can_channels": "In {channels}",
    "can_command": "/{command}: {channels}",
    "can_closed": "Not in {channels}",
    "can_private_channels": "Seen by you alone in {channels}",
}
