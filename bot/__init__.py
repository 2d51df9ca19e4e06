"""The bot: composition, policy, queue and delivery, in one asyncio process that never imports torch."""
