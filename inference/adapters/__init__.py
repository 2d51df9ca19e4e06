"""Adapters that members bring: LoRAs in their forms and layouts, and embeddings; inspected, read and applied."""
