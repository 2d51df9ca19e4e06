"""What whoever runs the bot is told."""

from collections.abc import Mapping
from types import MappingProxyType

ENGLISH_OPERATOR: Mapping[str, str] = MappingProxyType(
    {
        "operator_only": "This is for whoever runs me: the owner of my application at Discord, or its team.",
        "operator_unknown": "Discord does not tell me just now who runs me. Try again in a minute.",
        "operator_no_server": "I am in no server called {name}. Choose one of those that are offered, or give its id.",
        "operator_servers_same": "Several servers are called {name}. Give the id of the one you mean: {ids}",
        "operator_long": "That is too long: at most {most} characters.",
        "backup_running": "A backup is being made already. Wait until it is done.",
        # Status
        "operator_status_title": "## Easel {version}",
        "operator_running_since": "running for {time} · Python {python}",
        "operator_disconnected": "⚠️ Discord is not connected.",
        "operator_trouble": "⚠️ Nothing can be painted: {reason}",
        "operator_check_problem": "⚠️ The check of pictures cannot run: {reason}",
        "operator_draining": "⚠️ Nothing new is taken on (/operator resume). Members are told: {words}",
        "operator_draining_silent": "⚠️ Nothing new is taken on (/operator resume).",
        "operator_device": "**Device** {name} · {kind} · {dtype} · {attention}\n"
        "**Memory** {used} of {memory} GB in use\n**Versions** {versions}",
        "operator_no_device": "**Device** none: the engine is not up.",
        "operator_models": "**Models** {models} installed · in memory: {resident}",
        "operator_none": "none",
        "operator_queue": "**Queue** {running} being painted · waiting: {waiting}",
        "operator_engine": "**Engine** launched {launches}×, died {deaths}× since the start",
        "operator_disk": "**Disk** {free} of {whole} GB free · {pictures} pictures, {bytes} GB · database "
        "{database} GB",
        "operator_servers_count": "**Servers** {open} open, {closed} closed",
        "operator_errors": "### Errors of the last day: {count}",
        "operator_no_errors": "### No errors in the last day",
        "operator_error": "<t:{at}:R> {kind}: {text}",
        "operator_more": "and {count} more",
        # Servers
        "operator_servers_title": "## Servers: {count}",
        "operator_servers_none": "I am in no server yet.",
        "operator_server": "**{name}** `{id}` · {members} members\n"
        "-# {pictures} pictures, {seconds} GPU-seconds by {asking} members in 30 days · {waiting} waiting",
        "operator_server_gone": "**{name}** `{id}` · I am there no more\n"
        "-# {pictures} pictures, {seconds} GPU-seconds by {asking} members in 30 days",
        "operator_server_unnamed": "a server",
        "operator_server_closed": "-# 🔒 closed",
        "operator_server_closed_why": "-# 🔒 closed: {why}",
        "operator_servers_page": "-# page {page} of {pages}: /operator servers page:{next}",
        "operator_closed": "Closed: I do nothing for {name} any more, until /operator open.",
        "operator_opened": "Open: I work for {name} again.",
        "operator_was_open": "{name} was not closed.",
        "operator_still_there": "I am in that server. Only what is kept of servers that I have left can be deleted.",
        # Broadcast
        "operator_broadcast_heading": "From whoever runs me",
        "operator_broadcast_empty": "There is nothing to send.",
        "operator_broadcast_running": "A broadcast is being sent already. Wait until it is done.",
        "operator_broadcast_gone": "This was sent already, or is older than a day.",
        "operator_broadcast_preview": "This goes to {servers} servers, into the channel for updates that each has set. "
        "Closed and left out: {closed}.",
        "operator_broadcast_without": "-# Not reached, since they have no such channel where I may write: {names}",
        "operator_broadcast_going": "It is being sent, a server a second.",
        "operator_broadcast_done": "Sent to {sent} servers.",
        "operator_broadcast_failed": "Sent to {sent} servers, not to {failed}: {names}",
        "button_broadcast": "Send it",
        # Maintenance
        "operator_drained": "Nothing new is taken on from now on, also after a restart; what waits is painted. "
        "/operator resume ends it.",
        "operator_resumed": "I take on again what is asked for.",
        "operator_not_draining": "Everything was being taken on already.",
        # Backup
        "operator_backup_begun": "The backup has begun.",
        "operator_backup_going": "{bar} {done} of {whole} GB",
        "operator_backup_done": "The backup is whole: `{path}`\n{bytes} GB, {files} files",
        "operator_backup_left_out": "-# Not in it: {missing} files that were gone, {damaged} that are damaged.",
        "operator_backup_removed": "-# Older ones that were deleted: {removed}",
        "operator_backup_failed": "There is no backup: {reason}",
        "operator_backup_last": "**Last backup** <t:{at}:R>, `{path}`",
        "operator_backup_none": "**Last backup** none since the start",
        # Retention
        "operator_keep": "## What is kept\n{pictures} pictures, {bytes} GB, of them {favourites} favourites",
        "operator_keep_oldest": "The oldest is of <t:{at}:D>.",
        "operator_keep_days": "Pictures are deleted after {days} days (EASEL_KEEP_DAYS), favourites never; a server "
        "may set fewer.",
        "operator_keep_for_good": "Pictures are kept for good (EASEL_KEEP_DAYS is 0); a server may set a limit.",
        "operator_keep_gb": "The oldest go beyond {gb} GB (EASEL_KEEP_GB).",
        "operator_keep_would": "If they were kept for {days} days, {pictures} pictures would go: {bytes} GB.",
    }
)
