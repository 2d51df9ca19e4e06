"""Making pictures: the wire protocol, prompts, the engine, model families and the worker process."""

__version__ = "0.1.0"
