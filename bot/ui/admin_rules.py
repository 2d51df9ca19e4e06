"""What a server's admins chose of channels, roles and content, in words. Pure."""

from bot.services.guilds import MIB, Settings
from bot.ui.admin_words import LINES, Around

# Channels ---------------------------------------------------------------------------------------------------------


def channels(settings: Settings, around: Around) -> str:
    """Return where the bot answers, and how."""
    lines = [places(settings, around)]
    if settings.closed_channels:
        lines.append(around.say("admin_closed", channels=around.channel_list(settings.closed_channels)))
    lines += command_lines(settings, around)
    if settings.private_channels:
        lines.append(around.say("admin_private_only", channels=around.channel_list(settings.private_channels)))
    lines.append(around.say("admin_private_may" if settings.allow_private else "admin_private_may_not"))
    lines.append(around.say("admin_threads" if settings.threads else "admin_threads_not"))
    lines.append(around.say(_AGE_RESTRICTED[settings.age_restricted]))
    return "\n".join(lines)


_AGE_RESTRICTED = {"allowed": "admin_age_allowed", "only": "admin_age_only", "never": "admin_age_never"}


def places(settings: Settings, around: Around) -> str:
    """Return where the bot answers."""
    if not settings.channels:
        return around.say("admin_everywhere")
    return around.say("admin_only_in", channels=around.channel_list(settings.channels))


def command_lines(settings: Settings, around: Around) -> list[str]:
    """Return the commands that have channels of their own."""
    shown = [
        around.say("admin_command_in", command=command, channels=around.channel_list(held))
        for command, held in list(settings.command_channels.items())[:LINES]
    ]
    left = len(settings.command_channels) - len(shown)
    return shown + ([around.say("admin_more", count=left)] if left else [])


def command_rule(settings: Settings, command: str, around: Around) -> str:
    """Return where a command may be used."""
    held = settings.command_channels.get(command, ())
    if not held:
        return around.say("admin_command_anywhere", command=command)
    return around.say("admin_command_in", command=command, channels=around.channel_list(held))


# Roles ------------------------------------------------------------------------------------------------------------


def roles(settings: Settings, around: Around) -> str:
    """Return what members with a role may do, and others."""
    parts = (ranks, buttons, history, adapters, training)
    return "\n".join(part(settings, around) for part in parts)


def ranks(settings: Settings, around: Around) -> str:
    """Return the lanes and weights of roles."""
    ranked = list(dict.fromkeys((*settings.role_weights, *settings.role_lanes)))
    lines = [role_line(settings, role, around) for role in ranked[:LINES]] or [around.say("admin_ranks_none")]
    if (left := len(ranked) - LINES) > 0:
        lines.append(around.say("admin_more", count=left))
    return "\n".join(lines)


def role_line(settings: Settings, role: int, around: Around) -> str:
    """Return the lane and the weight of a role."""
    lane = around.say(_LANES[settings.role_lanes.get(role, "normal")])
    weight = f"{settings.role_weights.get(role, 1.0):g}"
    return around.say("admin_rank", role=around.role(role), lane=lane, weight=weight)


_LANES = {"priority": "admin_lane_priority", "normal": "admin_lane_normal", "relaxed": "admin_lane_relaxed"}


def buttons(settings: Settings, around: Around) -> str:
    """Return who may make new pictures of others' by their buttons."""
    if settings.press == "everyone":
        return around.say("admin_buttons_everyone")
    if settings.press == "author":
        return around.say("admin_buttons_author")
    return around.say("admin_buttons_roles", roles=around.role_list(settings.press_roles))


def history(settings: Settings, around: Around) -> str:
    """Return who may see what others asked for."""
    return around.say(_HISTORY[settings.history], roles=around.role_list(settings.history_roles))


_HISTORY = {"everyone": "admin_history_everyone", "roles": "admin_history_roles", "nobody": "admin_history_nobody"}


def adapters(settings: Settings, around: Around) -> str:
    """Return who may bring adapters, and whether they wait to be approved."""
    who = around.say(_ADAPTERS[settings.add_adapters], roles=around.role_list(settings.adapter_roles))
    key = "admin_adapters_approval" if settings.approve_adapters else "admin_adapters_no_approval"
    return f"{who}\n{around.say(key)}"


_ADAPTERS = {"everyone": "admin_adapters_everyone", "roles": "admin_adapters_roles", "nobody": "admin_adapters_nobody"}


def training(settings: Settings, around: Around) -> str:
    """Return who may train, and that nothing does yet."""
    who = around.say(_TRAIN[settings.train], roles=around.role_list(settings.train_roles))
    return f"{who}\n{around.say('admin_train_not_yet')}"


_TRAIN = {"everyone": "admin_train_everyone", "roles": "admin_train_roles", "nobody": "admin_train_nobody"}


def quotas(settings: Settings, around: Around) -> str:
    """Return how many adapters a member may bring."""
    lines = []
    if (quota := settings.adapter_quota) is not None:
        lines.append(around.say("admin_quota", count=quota.count, megabytes=quota.bytes // MIB))
    for role, held in settings.adapter_quotas.items():
        megabytes = held.bytes // MIB
        lines.append(around.say("admin_quota_role", role=around.role(role), count=held.count, megabytes=megabytes))
    return "\n".join(lines) or around.say("admin_quota_none")


# Content ----------------------------------------------------------------------------------------------------------


def content(settings: Settings, around: Around) -> str:
    """Return what prompts and pictures may not have."""
    blocked = len(settings.blocked_words) + len(settings.blocked_patterns)
    warned = len(settings.warned_words) + len(settings.warned_patterns)
    lines = [
        around.say("admin_words_blocked", count=blocked),
        around.say("admin_words_warned", count=warned),
        around.say("admin_negative_is" if settings.negative_prompt else "admin_negative_none"),
    ]
    return "\n".join([*lines, checks(settings, around)])


def checks(settings: Settings, around: Around) -> str:
    """Return what becomes of pictures that the check flags."""
    lines = [
        around.say("admin_check_ordinary", what=around.say(_CHECKS[settings.check])),
        around.say("admin_check_restricted", what=around.say(_CHECKS[settings.check_age_restricted])),
    ]
    if not around.checks and {settings.check, settings.check_age_restricted} != {"off"}:
        lines.append(around.say("admin_check_missing"))
    return "\n".join(lines)


_CHECKS = {"off": "admin_check_off", "blur": "admin_check_blur", "block": "admin_check_block"}


def kept(settings: Settings, around: Around) -> str:
    """Return how long pictures are kept."""
    if settings.keep_days is None:
        return around.say("admin_kept_always")
    return around.say("admin_kept_days", days=settings.keep_days)
