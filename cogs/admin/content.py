"""/admin content: what prompts and pictures may not have."""

import asyncio
import io
from typing import cast

import discord
from discord import app_commands
from discord.app_commands import locale_str as _

from bot.interactions.admin import require_admin
from bot.interactions.answers import guarded, show, tell
from bot.interactions.files import Sent, fetched
from bot.interactions.forms import ask, sent
from bot.services import word_lists
from bot.services.content import checked_pattern
from bot.services.guilds import MAX_NEGATIVE_CHARACTERS, Settings
from bot.services.word_lists import MAX_FILE_BYTES, Changed, Kind, List, Make
from bot.texts import Mistake, say
from bot.ui import admin_rules, content_pages
from bot.ui.choices import NAME_CHARACTERS, Choices, matching
from bot.ui.custom_ids import NEGATIVE, NEGATIVE_ID
from bot.ui.plain import block
from cogs.admin.part import Interaction, Part

Words = app_commands.Range[str, 1, 4000]
Pattern = app_commands.Range[str, 1, 300]

_CHECKS = [
    app_commands.Choice(name=_("no check"), value="off"),
    app_commands.Choice(name=_("blur what is flagged"), value="blur"),
    app_commands.Choice(name=_("do not show what is flagged"), value="block"),
]


class Content(Part, name="content", description=_("What prompts and pictures may not have")):
    """What prompts and pictures may not have."""

    # Words and patterns ---------------------------------------------------------------------------------------------

    @app_commands.command(name="show", description=_("Words, patterns and the check of pictures, as they are set"))
    async def show(self, interaction: Interaction) -> None:
        """Show all lists; where they are long, all of them in a file."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._show(interaction)

    @app_commands.command(name="block", description=_("Words that no prompt may have"))
    @app_commands.describe(
        words=_("Words and phrases with commas between"), file=_("Or a text file, one word or phrase a line")
    )
    async def block(
        self, interaction: Interaction, words: Words | None = None, file: discord.Attachment | None = None
    ) -> None:
        """Block words, or show what is blocked."""
        await self._add(interaction, "block", "blocked_words", words, file)

    @app_commands.command(name="warn", description=_("Words of which members are warned"))
    @app_commands.describe(
        words=_("Words and phrases with commas between"), file=_("Or a text file, one word or phrase a line")
    )
    async def warn(
        self, interaction: Interaction, words: Words | None = None, file: discord.Attachment | None = None
    ) -> None:
        """Warn of words, or show of what is warned."""
        await self._add(interaction, "warn", "warned_words", words, file)

    @app_commands.command(name="pattern", description=_("Look for a regular expression in prompts"))
    @app_commands.describe(pattern=_("As in Python; case does not count"), then=_("What happens; otherwise refuse"))
    @app_commands.choices(
        then=[
            app_commands.Choice(name=_("refuse the prompt"), value="block"),
            app_commands.Choice(name=_("warn the member"), value="warn"),
        ]
    )
    async def pattern(
        self,
        interaction: Interaction,
        pattern: Pattern | None = None,
        then: app_commands.Choice[str] | None = None,
    ) -> None:
        """Add a pattern, or show those that there are."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        if pattern is None:
            await self._show(interaction)
            return
        kind: Kind = "warn" if then is not None and then.value == "warn" else "block"
        field: List = "warned_patterns" if kind == "warn" else "blocked_patterns"
        # What was read once is known at once the next time.
        new = await asyncio.to_thread(checked_pattern, pattern)
        await self._added(interaction, field, lambda now: word_lists.add_patterns(now, kind, [new]))

    @app_commands.command(name="unblock", description=_("Take words or patterns off the lists"))
    @app_commands.rename(everything="all")
    @app_commands.describe(word=_("A pattern, or words with commas between"), everything=_("Or everything of a list"))
    @app_commands.choices(
        everything=[
            app_commands.Choice(name=_("blocked words"), value="blocked_words"),
            app_commands.Choice(name=_("warned words"), value="warned_words"),
            app_commands.Choice(name=_("blocked patterns"), value="blocked_patterns"),
            app_commands.Choice(name=_("warned patterns"), value="warned_patterns"),
        ]
    )
    async def unblock(
        self,
        interaction: Interaction,
        word: Words | None = None,
        everything: app_commands.Choice[str] | None = None,
    ) -> None:
        """Take words or patterns off, or a whole list, or show what there is."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale = str(interaction.locale)
        if word is not None and everything is not None:
            raise Mistake("content_one_thing")
        if everything is not None:
            field = cast(List, everything.value)
            gone = await self._done(interaction, lambda now: word_lists.clear(now, field))
            await show(interaction, content_pages.cleared(field, gone.words, locale))
        elif word is not None:
            gone = await self._done(interaction, lambda now: word_lists.remove(now, _named(now, word)))
            await show(interaction, content_pages.removed(gone.words, locale))
        else:
            await self._show(interaction)

    async def _add(
        self, interaction: Interaction, kind: Kind, field: List, words: str | None, file: discord.Attachment | None
    ) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        if words is None and file is None:
            await self._show(interaction)
            return
        text = words or ""
        if file is not None:
            if file.size > MAX_FILE_BYTES:
                raise Mistake("content_file_large", most=MAX_FILE_BYTES // 1024)
            text += "\n" + word_lists.text_of(await fetched(interaction, Sent.of(file)))
        new = word_lists.words_in(text)
        if not new:
            raise Mistake("content_no_words")
        await self._added(interaction, field, lambda now: word_lists.add_words(now, kind, new))

    async def _added(self, interaction: Interaction, field: List, make: Make) -> None:
        done = await self._done(interaction, make)
        settings, locale = self.settings(interaction), str(interaction.locale)
        await show(interaction, content_pages.added(settings, field, done.words, locale))

    async def _done(self, interaction: Interaction, make: Make) -> Changed:
        """Change the lists, and return what came or went."""
        done: list[Changed] = []

        def changes(now: Settings) -> dict[str, object]:
            done.append(make(now))
            return done[-1].changes

        await self.made(interaction, changes)
        return done[-1]

    async def _show(self, interaction: Interaction) -> None:
        settings, around = self.settings(interaction), self.around(interaction)
        view, text = content_pages.lists(settings, admin_rules.checks(settings, around), around.locale)
        files = [] if text is None else [discord.File(io.BytesIO(text.encode()), content_pages.FILE_NAME)]
        await show(interaction, view, files)

    @unblock.autocomplete("word")
    async def _words(self, interaction: Interaction, typed: str) -> Choices:
        settings = self.settings(interaction)
        every = (word for field in word_lists.LISTS for word in getattr(settings, field))
        return matching(typed, [word for word in every if len(word) <= NAME_CHARACTERS])

    # Pictures -------------------------------------------------------------------------------------------------------

    @app_commands.command(name="negative", description=_("What to keep out of every picture made in this server"))
    @app_commands.describe(text=_("The words; without them you see and change what is set"))
    async def negative(
        self, interaction: Interaction, text: app_commands.Range[str, 1, MAX_NEGATIVE_CHARACTERS] | None = None
    ) -> None:
        """Set the server's negative prompt, or open a form with the present one.

        A form does not tell who was given the command in Discord's own settings: they see what is set.
        """
        if text is not None:
            await self._set_negative(interaction, text)
            return
        if not interaction.permissions.manage_guild:
            await self._show_negative(interaction, self.settings(interaction))
            return
        locale = str(interaction.locale)
        await ask(
            interaction,
            NEGATIVE_ID,
            title=say("admin_negative_title", locale),
            label=say("admin_negative_label", locale),
            text=self.settings(interaction).negative_prompt,
            most=MAX_NEGATIVE_CHARACTERS,
            required=False,
        )

    @app_commands.command(name="check", description=_("Have finished pictures looked at by a network"))
    @app_commands.describe(ordinary=_("In ordinary channels"), age_restricted=_("In age-restricted channels"))
    @app_commands.rename(age_restricted="age-restricted")
    @app_commands.choices(ordinary=_CHECKS, age_restricted=_CHECKS)
    async def check(
        self,
        interaction: Interaction,
        ordinary: app_commands.Choice[str] | None = None,
        age_restricted: app_commands.Choice[str] | None = None,
    ) -> None:
        """Set what happens with what is flagged, or show it. What is not said stays."""
        chosen = {"check": ordinary, "check_age_restricted": age_restricted}
        changes = {field: choice.value for field, choice in chosen.items() if choice is not None}
        settings = await self.changed(interaction, changes)
        # What is told is whether it can run now.
        await self.bot.rooms.checks.start()
        await tell(interaction, admin_rules.checks(settings, self.around(interaction)))

    async def sent(self, interaction: Interaction) -> None:
        """Take the form."""
        if (form := sent(interaction, NEGATIVE)) is not None:
            _found, text = form
            await guarded(interaction, lambda: self._fill_in(interaction, text), "admin")

    async def _fill_in(self, interaction: Interaction, text: str) -> None:
        require_admin(interaction)
        await self._set_negative(interaction, text)

    async def _set_negative(self, interaction: Interaction, text: str) -> None:
        await self._show_negative(interaction, await self.changed(interaction, {"negative_prompt": text.strip()}))

    async def _show_negative(self, interaction: Interaction, settings: Settings) -> None:
        locale = str(interaction.locale)
        if not settings.negative_prompt:
            await tell(interaction, say("admin_negative_none", locale))
            return
        text = block(settings.negative_prompt, MAX_NEGATIVE_CHARACTERS)
        await tell(interaction, say("admin_negative", locale, text=text))


def _named(settings: Settings, text: str) -> list[str]:
    """Return the words that a text names, or the one pattern: a pattern may have commas."""
    whole = text.strip()
    if whole in (*settings.blocked_patterns, *settings.warned_patterns):
        return [whole]
    return word_lists.words_in(text)
