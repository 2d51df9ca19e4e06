"""Model families: how each turns words into conditioning, and steps into latents."""
