"""A bot to which nobody brought an adapter."""

from collections.abc import Mapping

from bot.services.networks import Network
from bot.texts import Mistake
from inference.protocol.recipe import ContentHash


class NoShelf:
    """No adapters at all."""

    def visible(self, _actor: object, /) -> Mapping[str, Network]:
        """Return none."""
        return {}

    def require(self, _name: ContentHash, _actor: object, /) -> Network:
        """Raise Mistake."""
        raise Mistake("adapters_gone")

    def exists(self, _name: ContentHash, /) -> bool:
        """Tell that there is none."""
        return False

    def name_of(self, _name: ContentHash, _actor: object = None, /) -> str | None:
        """Return none."""
        return None
