"""A backup while it paints, restored elsewhere: the bot starts from it, and everything is there and works."""

WORKS = {"again", "settings", "do", "picture", "one", "remix", "lineage", "repeat"}
