"""What members may do, by what is known at this moment: at the door, when they ask, and when it is their turn."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bot.queue.dispatcher import Dispatcher
from bot.queue.units import GuildId, MemberId
from bot.services.asking import Decision, Request, Standing
from bot.services.audit import Audit
from bot.services.blocks import Blocks
from bot.services.budgets import Budgets
from bot.services.content import NOTHING, Found, found, search
from bot.services.guilds import Guilds
from bot.services.policy import (
    TRAIN,
    command_of,
    decide,
    default_model,
    is_private,
    may_use,
    require_allowed,
    require_entry,
    require_painting,
    require_trainer,
)
from bot.services.pressing import growth
from bot.services.prompt_texts import texts_of, without_lists
from bot.services.requests import Actor, Place
from bot.services.shares import Shares
from bot.texts import Mistake
from inference.protocol.messages import JobId, ModelInfo
from inference.protocol.recipe import TextToImage, Upscale
from storage.guilds import Settings
from storage.jobs import NewJob

#: Where a channel of a server is now, as Discord tells it; None where that is not known.
LivePlace = Callable[[int, int], Place | None]

#: Characters of prompts that are read where they are; longer ones are read in a thread.
_READ_AT_ONCE = 1_000
#: Of all patterns together when it is a job's turn: the queue waits for it.
_TURN_SECONDS = 0.05
#: Stands for whoever asked for the picture that was pressed: a job tells no more than that it was another.
_SOMEBODY = 0
#: Jobs of which it is remembered that nothing blocked was found in them.
_CLEAN = 5_000


class Gatekeeper:
    """Holds what members want against the rules of their server."""

    def __init__(
        self,
        *,
        guilds: Guilds,
        blocks: Blocks,
        budgets: Budgets,
        audit: Audit,
        shares: Shares,
        dispatcher: Dispatcher,
        live_place: LivePlace,
    ) -> None:
        self._guilds = guilds
        self._blocks = blocks
        self._budgets = budgets
        self._audit = audit
        self._shares = shares
        self._dispatcher = dispatcher
        self._live_place = live_place
        #: The lists that jobs were held against, the oldest first.
        self._clean: dict[JobId, tuple[tuple[str, ...], ...]] = {}

    # At the door ----------------------------------------------------------------------------------------------------

    def require_entry(self, actor: Actor) -> None:
        """Raise Mistake where somebody may do nothing with their command where they are."""
        require_entry(self._guilds.policy(actor.guild_id), actor, self._blocks.reason(actor.guild_id, actor.member_id))

    def bar(self, actor: Actor) -> Mistake | None:
        """Return why somebody can paint nothing where they are, whatever it is; None where they can."""
        policy = self._guilds.policy(actor.guild_id)
        blocked = self._blocks.reason(actor.guild_id, actor.member_id)
        try:
            require_painting(policy, replace(actor, command="imagine"), blocked)
        except Mistake as refusal:
            return refusal
        return None

    def require_trainer(self, actor: Actor) -> None:
        """Raise Mistake where somebody can have nothing trained where they are, whatever it is."""
        policy = self._guilds.policy(actor.guild_id)
        blocked = self._blocks.reason(actor.guild_id, actor.member_id)
        require_trainer(policy, replace(actor, command=TRAIN), blocked)

    def standing(self, actor: Actor, now: float, member_coming: int = 0, guild_coming: int = 0) -> Standing:
        """Return what is known of somebody; pictures that are coming are not in the queue yet."""
        guild = None if actor.guild_id is None else GuildId(actor.guild_id)
        load = self._dispatcher.queue.load(MemberId(actor.member_id), guild)
        return Standing(
            blocked=self._blocks.reason(actor.guild_id, actor.member_id),
            spent=self._budgets.spent(actor.guild_id, actor.member_id, now),
            waiting=load.member_waiting + member_coming,
            guild_waiting=load.guild_waiting + guild_coming,
            now=now,
        )

    # Models ---------------------------------------------------------------------------------------------------------

    def models(self, actor: Actor) -> list[ModelInfo]:
        """Return the models that somebody may use where they are."""
        settings = self._guilds.settings(actor.guild_id)
        return [
            info
            for info in self._dispatcher.models
            if may_use(settings, info.name, actor.place, actor.roles, paints=info.kind == "checkpoint")
        ]

    def default_model(self, actor: Actor) -> str | None:
        """Return the model that the server chose for who names none where they are."""
        installed = [info.name for info in self._dispatcher.models]
        return default_model(self._guilds.settings(actor.guild_id), actor.place, actor.roles, installed)

    # What is asked for ----------------------------------------------------------------------------------------------

    async def words(self, job: NewJob, typed: str = "") -> Found:
        """Return what a server's lists say of a request, without holding anybody up.

        `typed` is its prompt before choices were made: what may be drawn the next time is refused at once.
        """
        settings = self._guilds.settings(job.guild_id)
        if not any((*_lists(settings), settings.warned_words, settings.warned_patterns)):
            return NOTHING
        long = sum(map(len, job.prompts)) > _READ_AT_ONCE
        texts = await asyncio.to_thread(texts_of, job.recipe, job.words) if long else texts_of(job.recipe, job.words)
        words = await search(settings, (*texts, without_lists(typed)))
        if words.slow and job.guild_id is not None:
            await self._audit.note_slow(job.guild_id, words.slow)
        return words

    def decide(
        self, job: NewJob, actor: Actor, standing: Standing, words: Found, pixels: int = 0, author_id: int | None = None
    ) -> Decision:
        """Return whether a request is allowed, and how. `pixels` are those of the result of an Upscale."""
        settings = self._guilds.settings(job.guild_id)
        # Previews are for one alone by their nature.
        asked = job.private and not job.kind.startswith("adapter_preview")
        request = replace(self.request(job, actor, pixels), private=asked, author_id=author_id)
        decision = decide(self._guilds.policy(job.guild_id), actor, actor.place, standing, request, words)
        if decision.refusal is None:
            self._note_clean(job.id, settings)
        return replace(decision, lane=self._shares.lane(decision.lane))

    def request(self, job: NewJob, actor: Actor, pixels: int = 0) -> Request:
        """Return a job as rules see it."""
        recipe = job.recipe
        factor, larger = growth(recipe, pixels)
        info = next((info for info in self._dispatcher.models if info.hash == recipe.model), None)
        if isinstance(recipe, Upscale):
            name = None if info is None else info.name
            steps = painted = 0
        else:
            name = self._dispatcher.model_name(recipe.model)
            steps, painted = recipe.steps, recipe.width * recipe.height
            if isinstance(recipe, TextToImage) and recipe.hires is not None:
                steps = max(steps, recipe.hires.steps)
        same = [] if info is None else [each for each in self._dispatcher.models if each.kind == info.kind]
        return Request(
            command=command_of(job.kind, actor.command),
            model=name,
            paints=not isinstance(recipe, Upscale),
            others=tuple(each.name for each in same if info is not None and each.instructs == info.instructs),
            steps=steps,
            pixels=painted,
            count=job.count,
            upscale=factor,
            upscale_pixels=larger,
            prompts=job.prompts,
            seconds=job.unit_seconds * job.count,
        )

    # When it is its turn --------------------------------------------------------------------------------------------

    def may_run(self, job: NewJob) -> Mistake | None:
        """Return why a job may not be painted any more, by the rules as they are now, or None.

        What it may cost was settled when it was asked for, and so was who sees it.
        """
        policy = self._guilds.policy(job.guild_id)
        asker = Actor.of(job)
        place = None if job.guild_id is None else self._live_place(job.guild_id, job.channel_id)
        actor = asker if place is None else replace(asker, place=place)
        blocked = self._blocks.reason(job.guild_id, job.member_id)
        try:
            words = self._words_now(job, policy.settings)
            request = replace(self.request(job, actor), author_id=_SOMEBODY if job.asked_as.others else None)
            require_allowed(policy, actor, actor.place, blocked, request, words)
        except Mistake as refusal:
            return refusal
        self._note_clean(job.id, policy.settings)
        return None

    # When it is done ------------------------------------------------------------------------------------------------

    def may_post(self, job: NewJob, place: Place | None) -> bool:
        """Tell whether everybody in the channel of a job may see its result, by the rules as they are now."""
        if job.guild_id is None:
            return True
        policy, asker = self._guilds.policy(job.guild_id), Actor.of(job)
        actor = asker if place is None else replace(asker, place=place)
        try:
            require_entry(policy, actor, self._blocks.reason(job.guild_id, job.member_id))
        except Mistake:
            return False
        return not is_private(policy.settings, actor.place)

    def _words_now(self, job: NewJob, settings: Settings) -> Found:
        """Return what the lists say of a job that waits: nothing new, as long as they are those it was held against."""
        lists = _lists(settings)
        if not any(lists) or self._clean.get(job.id) == lists:
            return NOTHING
        return found(settings, texts_of(job.recipe, job.words), _TURN_SECONDS)

    def _note_clean(self, job_id: JobId, settings: Settings) -> None:
        lists = _lists(settings)
        self._clean.pop(job_id, None)
        if any(lists):
            self._clean[job_id] = lists
            while len(self._clean) > _CLEAN:
                del self._clean[next(iter(self._clean))]


def _lists(settings: Settings) -> tuple[tuple[str, ...], ...]:
    """Return what decides whether words are blocked."""
    return settings.blocked_words, settings.blocked_patterns
