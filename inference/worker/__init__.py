"""The process that paints: frames in on stdin, frames out on stdout, logs on stderr.

`loop.serve` knows neither torch nor diffusers; `studio` brings them in once the handshake has begun.
"""
