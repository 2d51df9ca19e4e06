"""From events of the engine to messages in Discord."""
