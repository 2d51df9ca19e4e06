"""What the bot and the worker say to each other: recipes, commands, events and their frames.

Light on purpose: the standard library and msgspec only, so that the bot, the tools and the tests can import it
without importing torch. Nothing from Discord ever enters these structures.
"""

#: Raised by one when a frame of the older side could be misread by the newer.
PROTOCOL_VERSION = 1
