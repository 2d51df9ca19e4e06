"""The page of the playground in a real browser, with the real bot and the sample model's pictures."""
