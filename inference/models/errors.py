"""What can be wrong with a model."""


class ModelError(Exception):
    """A model that cannot be had or used; the message says why and what to do, in words for a person."""
