"""A loopback Discord: gateway, REST v10, CDN and a control API in one process, for bots to be tried on."""

from playground.messages import Upload
from playground.modals import Modal
from playground.permissions import Permission
from playground.server import Playground
from playground.settings import PlaygroundSettings

__all__ = ["Modal", "Permission", "Playground", "PlaygroundSettings", "Upload"]
