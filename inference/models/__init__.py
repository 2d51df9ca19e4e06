"""Models on disk and in memory: what a file is, how it is loaded, what is installed, what is resident."""
