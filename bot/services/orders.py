"""What a wish means where it is uttered: the model, styles, lists and adapters that somebody has there."""

import asyncio
from collections.abc import Sequence

import msgspec

from bot.queue.dispatcher import Dispatcher
from bot.services.drafts import Order
from bot.services.gatekeeping import Gatekeeper
from bot.services.guilds import Guilds
from bot.services.networks import Networks, Shelf, asked, networks_for, with_asked
from bot.services.people import People
from bot.services.policy import limits_for
from bot.services.prompts import Choices, Written, combinations_of, drawn, named, write
from bot.services.requests import Actor, Settled
from bot.services.style_words import Applied
from bot.services.styles import Styles
from bot.services.wildcards import WildcardLists
from bot.services.wishes import Dress, Here, Wish, count_of, order_of
from inference.prompt.hints import Hint
from inference.prompt.regions import Layout, parse_layout
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import ContentHash, Recipe
from storage.jobs import Origin

#: Characters of prompts that are read where they are; longer ones are read in a thread.
_READ_AT_ONCE = 1000


class Orders:
    """Makes recipes of wishes."""

    def __init__(
        self,
        *,
        people: People,
        styles: Styles,
        wildcards: WildcardLists,
        guilds: Guilds,
        gatekeeper: Gatekeeper,
        dispatcher: Dispatcher,
        adapters: Shelf,
        most_pictures: int,
    ) -> None:
        self._people = people
        self._styles = styles
        self._wildcards = wildcards
        self._guilds = guilds
        self._gatekeeper = gatekeeper
        self._dispatcher = dispatcher
        self._adapters = adapters
        self._most_pictures = most_pictures

    def order(self, wish: Wish, actor: Actor) -> Order:
        """Return what a wish means here and for this member; choices in its prompts are still to be made.

        Raises UserError and OutOfRange.
        """
        defaults = self._people.defaults(actor.member_id)
        settings = self._guilds.settings(actor.guild_id)
        here = Here(
            models=self._gatekeeper.models(actor),
            default_model=self._gatekeeper.default_model(actor),
            limits=limits_for(settings, actor.roles),
        )
        return order_of(wish, defaults, self._dispatcher.models, self._dress(actor), settings.negative_prompt, here)

    async def settled(
        self, kind: str, wish: Wish, actor: Actor, origin: Origin | None = None
    ) -> tuple[Settled, Sequence[tuple[str, Hint]]]:
        """Return what is to be made for a wish, its choices made, and hints, each with the text that it points into.

        What comes from one of our pictures is one picture where the wish says no count. Raises UserError, PromptError
        and OutOfRange.
        """
        defaults = self._people.defaults(actor.member_id)
        ordered = self.order(wish, actor)
        networks = self.networks(ordered.recipe.model, actor)
        recipe = (
            ordered.recipe if wish.lora is None else _with_asked(ordered.recipe, wish.lora, wish.is_exact, networks)
        )
        limits = limits_for(self._guilds.settings(actor.guild_id), actor.roles)
        choices = Choices(
            wildcards=self._wildcards.of(actor.guild_id),
            made=wish.is_exact,
            combinations=wish.combinations,
            most=self._most_pictures,
        )
        layout = parse_layout(wish.regions) if wish.regions else None
        count = wish.count or 1 if origin is not None else count_of(wish, defaults, limits)
        written = await _written(recipe, count, choices, layout, networks)
        settled = Settled(
            kind=kind,
            recipe=written.recipe,
            images=ordered.images,
            words=written.words,
            typed=recipe.prompt,
            count=written.count,
            origin=origin,
        )
        return settled, written.hints

    def models(self, actor: Actor) -> Sequence[ModelInfo]:
        """Return the models that somebody may use where they are; all where they may use none."""
        return self._gatekeeper.models(actor) or self._dispatcher.models

    def networks(self, model: ContentHash, actor: Actor) -> Networks:
        """Return the adapters that somebody may name in a prompt for a model."""
        return networks_for(self._adapters.visible(actor), model, self._dispatcher.models)

    def combinations_of(self, prompt: str, style: str | None, actor: Actor) -> tuple[int, int]:
        """Return how many pictures every combination of a prompt means, and how many one request may have.

        Raises Mistake and PromptError.
        """
        words = self._dress(actor)(prompt, "", style).prompt
        return combinations_of(words, self._wildcards.of(actor.guild_id)), self._most_pictures

    def drawn(self, prompt: str, actor: Actor) -> tuple[str, int]:
        """Return a prompt in the styles that it names, with its choices made, and how many ways there are to make them.

        Slow for long prompts. Raises Mistake and PromptError.
        """
        words = self._dress(actor)(prompt, "", None).prompt
        return drawn(words, self._wildcards.of(actor.guild_id))

    def _dress(self, actor: Actor) -> Dress:
        member, guild = actor.member_id, actor.guild_id

        def dress(prompt: str, negative: str, style: str | None) -> Applied:
            names = self._styles.named(style, member, guild) if style else ()
            return self._styles.applied(prompt, negative, names, member, guild)

        return dress


def _with_asked(recipe: Recipe, lora: str, exact: bool, networks: Networks) -> Recipe:
    """Return a recipe with the adapters of the option `lora`. Raises Mistake, PromptError."""
    if not (written := asked(lora, networks)):
        return recipe
    uses = recipe.adapters
    if exact:
        more = named(written, networks)
        again = {use.hash for use in more}
        uses = (*(use for use in uses if use.hash not in again), *more)
    return msgspec.structs.replace(recipe, prompt=with_asked(recipe.prompt, written), adapters=uses)


async def _written(recipe: Recipe, count: int, choices: Choices, layout: Layout | None, networks: Networks) -> Written:
    """Settle the prompts of a request, without holding anybody up. Raises as `write` does."""
    plain = "{" not in recipe.prompt + recipe.negative_prompt and "__" not in recipe.prompt + recipe.negative_prompt
    if plain and len(recipe.prompt) + len(recipe.negative_prompt) <= _READ_AT_ONCE:
        return write(recipe, count, choices, layout, networks)
    return await asyncio.to_thread(write, recipe, count, choices, layout, networks)
