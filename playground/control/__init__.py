"""The control API: what a person does and sees, what can go wrong, and the clock, as JSON over HTTP."""

from playground.control.api import BASE, Control

__all__ = ["BASE", "Control"]
