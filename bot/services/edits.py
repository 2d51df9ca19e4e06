"""Pictures of pictures: what the buttons of a picture do, and the commands that take one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec

from bot.queue.dispatcher import Dispatcher
from bot.services import derive
from bot.services.admission import Admission
from bot.services.deeds import DEEDS, LARGER, Deed, Larger
from bot.services.derive import NOISE_STRENGTHS, Margins, Start, Verb
from bot.services.drafts import Draft, draw_seed
from bot.services.enlarging import Factor, Way, choose_restorer, choose_upscaler
from bot.services.generation import Generation
from bot.services.guilds import Guilds
from bot.services.orders import Orders
from bot.services.originals import Originals
from bot.services.pasting import Settings, pasted, told_by
from bot.services.people import People
from bot.services.policy import limits_for
from bot.services.pressing import megapixels, require_upscale
from bot.services.requests import Acknowledge, Actor, Settled, Target
from bot.services.sizes import Pixels, Ratio
from bot.services.wishes import Wish, over
from bot.texts import Mistake
from inference.protocol.limits import MAX_IMAGE_PIXELS
from inference.protocol.names import SAMPLER_NAMES
from inference.protocol.recipe import AnyRecipe, Blend, ContentHash, Instruct, Recipe, Upscale, diffusion_of, sources
from storage import content_hash
from storage.images import Image
from storage.jobs import NewJob, Origin

#: Denoising strength of a picture painted over as a whole: its composition stays.
RESTYLE_STRENGTH = 0.6
#: Pixels by which the edge of a mask is softened.
MASK_BLUR = 4

#: Of another program's settings, what only its own picture is painted with.
_OWN = (
    "width",
    "height",
    "seed",
    "variation_seed",
    "variation_strength",
    "hires_width",
    "hires_height",
    "hires_strength",
    "strength",
)
#: What only a recipe that starts from a picture has.
_OF_PICTURES = ("strength", "mask", "mask_blur")
_NOTHING = Wish(draft=Draft())


#: Server, or None, channel and message.
Place = tuple[int | None, int, int]


@dataclass(frozen=True, kw_only=True)
class Remixed:
    """How a picture is wanted otherwise. None where nothing was said."""

    prompt: str
    negative_prompt: str
    model: str | None = None
    #: A style's name, put upon the words.
    style: str | None = None
    sampler: str | None = None
    size: Pixels | Ratio | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """A picture to start from."""

    start: Start
    #: Of an upload; ours are in the store.
    data: bytes | None = None
    #: How Easel made it, where that is known.
    recipe: AnyRecipe | None = None
    #: What another program says of how it did.
    told: Wish = _NOTHING
    #: One of our pictures: which, and where; None for any other.
    image: Image | None = None
    place: Place | None = None

    def origin(self, verb: str) -> Origin | None:
        """Return where a picture comes from that a verb makes of this one."""
        if self.image is None:
            return None
        return Origin(image=self.image.id, index=self.image.index, verb=verb, message=self.place)


class Edits:
    """Makes pictures of pictures. Whatever it makes goes in by `Admission`."""

    def __init__(
        self,
        *,
        generation: Generation,
        orders: Orders,
        originals: Originals,
        admission: Admission,
        dispatcher: Dispatcher,
        guilds: Guilds,
        people: People,
    ) -> None:
        self._generation = generation
        self._orders = orders
        self._originals = originals
        self._admission = admission
        self._dispatcher = dispatcher
        self._guilds = guilds
        self._people = people

    # Pictures of ours -----------------------------------------------------------------------------------------------

    def of_ours(self, image: Image, place: Place | None = None) -> Source:
        """Return one of our pictures as a source."""
        exact = not isinstance(image.recipe, Upscale)
        start = Start(image.hash, image.width, image.height, exact)
        return Source(start=start, recipe=image.recipe, image=image, place=place)

    def of_upload(
        self, data: bytes, width: int, height: int, known: Image | Settings | None, place: Place | None = None
    ) -> Source:
        """Return a picture that somebody sent as a source; `known` is what `Lineage.recognise` says of it."""
        exact, recipe, told = True, None, _NOTHING
        if isinstance(known, Image):
            recipe, exact = known.recipe, not isinstance(known.recipe, Upscale)
        elif known is not None and known.recipe is not None:
            recipe, exact = known.recipe, known.upscale is None
        elif known is not None:
            said = pasted(told_by(known), self._dispatcher.models).wish
            told = replace(said, size=None, draft=replace(said.draft, **dict.fromkeys(_OWN)))
        start = Start(content_hash(data), width, height, exact)
        image = known if isinstance(known, Image) else None
        return Source(start=start, data=data, recipe=recipe, told=told, image=image, place=place)

    def offered(self, source: Source, actor: Actor) -> list[Deed]:
        """Return what buttons can make of a picture of ours, by its size and the server's rules."""
        return [deed for deed in DEEDS if self._applies(source, deed, actor)]

    def _applies(self, source: Source, deed: Deed, actor: Actor) -> bool:
        try:
            if deed in LARGER:
                way, factor = LARGER[cast(Larger, deed)]
                self._require_larger(source, factor, actor)
                known = diffusion_of(source.recipe) if source.recipe is not None else None
                return way == "network" or (known is not None and self._larger(known, way, factor, source) is not None)
            derive.derive(self._like(source, actor, _NOTHING)[0], cast(Verb, deed), 0, source.start)
        except Mistake:
            return False
        return deed != "again" or source.start.exact

    async def press(self, source: Source, deed: Deed, actor: Actor, target: Target, acknowledge: Acknowledge) -> NewJob:
        """Make of one of our pictures what its button says. Raises as `Generation.submit` does, and Mistake."""
        if deed in LARGER:
            way, factor = LARGER[cast(Larger, deed)]
            return await self.enlarge(source, way, factor, _NOTHING, actor, target, acknowledge, verb=deed)
        several = self._people.defaults(actor.member_id).count if deed in NOISE_STRENGTHS else None
        return await self._derive(
            source, cast(Verb, deed), replace(_NOTHING, count=several), actor, target, acknowledge
        )

    async def remix(
        self, source: Source, changed: Remixed, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Paint a picture with what was changed. Raises as `press` does."""
        like, _ = self._like(source, actor, _NOTHING)
        same = (changed.prompt, changed.negative_prompt) == (like.prompt, like.negative_prompt)
        draft = Draft(
            prompt=None if same else changed.prompt,
            negative_prompt=None if same else changed.negative_prompt,
            model=None if changed.model == self._dispatcher.model_name(like.model) else changed.model,
            sampler=None if changed.sampler == SAMPLER_NAMES[like.sampler] else changed.sampler,
        )
        own = Pixels(*derive.size_of(like))
        said = Wish(draft=draft, size=None if changed.size == own else changed.size, style=changed.style)
        return await self._paint("remix", source, like, said, actor, target, acknowledge)

    # Whatever a picture is ------------------------------------------------------------------------------------------

    async def vary(
        self, source: Source, strong: bool, said: Wish, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Paint variations of a picture. Raises as `press` does."""
        return await self._derive(source, "vary_strong" if strong else "vary_subtle", said, actor, target, acknowledge)

    async def enlarge(
        self,
        source: Source,
        way: Way,
        factor: Factor,
        said: Wish,
        actor: Actor,
        target: Target,
        acknowledge: Acknowledge,
        *,
        verb: str = "upscale",
        upscaler: str | None = None,
        faces: str | None = None,
        face_strength: float = 1.0,
    ) -> NewJob:
        """Make a picture larger, or restore its faces, or both; "" is any face restorer, None none.

        Raises as `press` does; Mistake also for what the server does not allow.
        """
        self._require_larger(source, factor, actor)
        restorer = choose_restorer(faces, self._dispatcher.models)
        if factor == 1 and restorer is None:
            raise Mistake("upscale_nothing")
        if way != "network" and (restorer is not None or upscaler is not None):
            raise Mistake("upscale_network_only")
        if way != "network":
            like, said = self._like(source, actor, said)
            recipe = self._larger(like, way, factor, source)
            return await self._paint(verb, source, recipe, said, actor, target, acknowledge)
        chosen = choose_upscaler(upscaler, factor, self._dispatcher.models) if factor > 1 else None
        model = None if chosen is None else chosen.hash
        larger = Upscale(
            image=source.start.hash,
            factor=factor,
            model=model,
            faces=None if restorer is None else restorer.hash,
            face_strength=face_strength,
            of=None if source.recipe is None else diffusion_of(source.recipe),
        )
        pixels = source.start.width * source.start.height * factor**2
        settled = Settled(
            kind=verb,
            recipe=larger,
            images=await self._files(source, larger),
            origin=source.origin(verb),
            unit_seconds=self._dispatcher.estimator.enlarging_seconds(model, pixels),
            pixels=pixels,
        )
        return await self._admission.enter(settled, actor, target, acknowledge)

    async def outpaint(
        self, source: Source, margins: Margins, said: Wish, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Continue a picture beyond its sides. Raises as `press` does."""
        like, said = self._like(source, actor, said, needs_words=True)
        recipe = derive.outpainted(like, margins, draw_seed(), source.start)
        return await self._paint("outpaint", source, recipe, said, actor, target, acknowledge)

    async def restyle(
        self, source: Source, said: Wish, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Paint a picture over as a whole. Raises as `press` does."""
        like, said = self._like(source, actor, said, needs_words=True)
        strength = RESTYLE_STRENGTH if said.draft.strength is None else said.draft.strength
        recipe = derive.restyled(like, strength, draw_seed(), source.start)
        return await self._paint("restyle", source, recipe, said, actor, target, acknowledge)

    async def inpaint(
        self, source: Source, mask: bytes, said: Wish, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Paint a part of a picture anew. Raises as `press` does."""
        like, said = self._like(source, actor, said, needs_words=True)
        blur = MASK_BLUR if said.draft.mask_blur is None else said.draft.mask_blur
        recipe = derive.inpainted(like, content_hash(mask), blur, draw_seed(), source.start)
        said = replace(said, draft=replace(said.draft, mask=mask))
        return await self._paint("inpaint", source, recipe, said, actor, target, acknowledge)

    async def instruct(
        self, source: Source, said: Wish, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Change a picture as the prompt tells, by a model that follows instructions. Raises as `press` does."""
        width, height = derive.sides(source.start.width, source.start.height)
        files = await self._originals.bytes_of((source.start.hash,), self._given(source))
        draft = replace(said.draft, instruct=True, image=files[source.start.hash], width=width, height=height)
        wish = replace(said, draft=draft, count=said.count or 1)
        return await self._generation.wanted("instruct", wish, actor, target, acknowledge, source.origin("instruct"))

    async def blend(
        self, parts: Sequence[Source], said: Wish, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        """Paint what a prompt says from several pictures at once. Raises as `press` does."""
        plain = replace(said, draft=replace(said.draft, **dict.fromkeys(_OF_PICTURES)))
        like = self._orders.order(plain, actor).recipe
        recipe = derive.blended(like, [part.start for part in parts], like.seed)
        if said.draft.strength is not None:
            recipe = msgspec.structs.replace(recipe, strength=said.draft.strength)
        given = {name: data for part in parts for name, data in self._given(part).items()}
        files = await self._originals.files_of(recipe, given)
        draft = replace(said.draft, like=recipe, strength=None, **_pictures_of(recipe, files))
        wish = replace(said, draft=draft, size=None, count=said.count or 1)
        return await self._generation.wanted("blend", wish, actor, target, acknowledge, parts[0].origin("blend"))

    # How ------------------------------------------------------------------------------------------------------------

    async def _derive(
        self, source: Source, verb: Verb, said: Wish, actor: Actor, target: Target, acknowledge: Acknowledge
    ) -> NewJob:
        like, said = self._like(source, actor, said)
        recipe = derive.derive(like, verb, draw_seed(), source.start)
        return await self._paint(verb, source, recipe, said, actor, target, acknowledge)

    def _like(self, source: Source, actor: Actor, said: Wish, needs_words: bool = False) -> tuple[Recipe, Wish]:
        """Return the recipe that a picture's is made like, and what is said beside it.

        That is the picture's own; or else one of what another program says, of what is said now, and of defaults.
        """
        known = None if source.recipe is None else diffusion_of(source.recipe)
        if needs_words and isinstance(known, Instruct):
            # What was to be changed does not say what the picture shows now, and the model does nothing else.
            known = None
        if known is not None:
            # Regions belong to the texts that they were written for.
            return known if said.draft.prompt is None else msgspec.structs.replace(known, regions=None), said
        said = over(said, source.told)
        if said.draft.prompt is None:
            if needs_words and said.style is None:
                raise Mistake("edit_needs_prompt")
            said = replace(said, draft=replace(said.draft, prompt=""))
        plain = replace(said, draft=replace(said.draft, **dict.fromkeys(_OF_PICTURES)))
        return self._orders.order(plain, actor).recipe, said

    def _larger(self, like: Recipe, way: Way, factor: Factor, source: Source) -> Recipe:
        """Return the recipe of a picture painted larger. Raises Mistake for sizes that cannot be."""
        if way == "hires":
            return derive.hires(like, factor, draw_seed(), source.start)
        model = next((info for info in self._dispatcher.models if info.hash == like.model), None)
        tile = (like.width, like.height) if model is None else (model.default_width, model.default_height)
        return derive.detailed(like, factor, draw_seed(), source.start, tile)

    def _require_larger(self, source: Source, factor: Factor, actor: Actor) -> None:
        width, height = source.start.width, source.start.height
        pixels = width * height * factor**2
        require_upscale(limits_for(self._guilds.settings(actor.guild_id), actor.roles), factor, pixels)
        if pixels > MAX_IMAGE_PIXELS:
            raise Mistake("upscale_too_large", most=megapixels(MAX_IMAGE_PIXELS), asked=megapixels(pixels, up=True))

    async def _paint(
        self,
        verb: str,
        source: Source,
        recipe: Recipe,
        said: Wish,
        actor: Actor,
        target: Target,
        acknowledge: Acknowledge,
    ) -> NewJob:
        files = await self._files(source, recipe, said.draft.mask)
        draft = replace(said.draft, like=recipe, **_pictures_of(recipe, files))
        wish = replace(said, draft=draft, count=said.count or 1)
        return await self._generation.wanted(verb, wish, actor, target, acknowledge, source.origin(verb))

    async def _files(self, source: Source, recipe: AnyRecipe, *others: bytes | None) -> dict[ContentHash, bytes]:
        """Return the bytes that a recipe starts from. Raises Mistake where they, or its model, are gone."""
        return await self._originals.files_of(recipe, self._given(source, *others))

    def _given(self, source: Source, *others: bytes | None) -> dict[ContentHash, bytes]:
        return {content_hash(data): data for data in (source.data, *others) if data is not None}


def _pictures_of(recipe: Recipe, files: Mapping[ContentHash, bytes]) -> dict[str, Any]:
    """Return a draft's fields for the pictures that a recipe starts from."""
    if isinstance(recipe, Blend):
        return {"images": tuple(files[name] for name in recipe.images)}
    return dict(zip(("image", "mask"), (files[name] for name in sources(recipe)), strict=False))
