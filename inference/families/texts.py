"""What a model is given to read."""

#: A text for all of a family's text encoders, or one for the first and another for the second.
Text = str | tuple[str, str]


def read_by(encoder: int, text: Text) -> str:
    """Return the part of a text that an encoder reads, counted from 0."""
    return text if isinstance(text, str) else text[min(encoder, 1)]
