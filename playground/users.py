"""People and bots."""

from dataclasses import dataclass
from typing import Any


@dataclass(eq=False)
class User:
    """Someone with an account."""

    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"
    #: Whether a bot may begin a conversation.
    accepts_direct_messages: bool = True
    #: Whether the application was added to the account, so that it works everywhere.
    installed: bool = False

    @property
    def mention(self) -> str:
        """Return the text that names this user in a message."""
        return f"<@{self.id}>"

    def payload(self) -> dict[str, Any]:
        """Return the user as everyone sees them."""
        body: dict[str, Any] = {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0000" if self.bot else "0",
            "global_name": None if self.bot else self.name,
            "avatar": None,
            "avatar_decoration_data": None,
            "banner": None,
            "accent_color": None,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
        }
        return body | {"bot": True} if self.bot else body

    def private_payload(self) -> dict[str, Any]:
        """Return the user as they see themselves."""
        return self.payload() | {"mfa_enabled": False, "locale": self.locale, "email": None, "verified": True}
