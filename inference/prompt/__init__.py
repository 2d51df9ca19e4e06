"""The language that prompts are written in: what AUTOMATIC1111 reads, read as it reads it.

A prompt goes through four stages, each a module: `networks` takes `<lora:…>` out, `composition` splits at AND,
`editing` and `schedule` say which text holds for which steps, and `attention` weighs the words of one such text.
`reading` does all of it at once, and `hints` points at what is probably a mistake. What is said of prompts stands in
`words`.

Before them `combinations` draws what is left to chance, `{a|b}` and `__name__`: `choices` is its grammar, `wildcards`
finds the lists, and `ways` knows in how many ways a choice can be made.

Light on purpose: the standard library and `inference.protocol` only. Nothing here is recursive and everything takes
time in proportion to the text, so that no text can stop the program that reads it.
"""
