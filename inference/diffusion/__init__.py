"""Diffusion: the engine that runs by ticks, samplers, sigma schedules, noise, guidance and previews."""
