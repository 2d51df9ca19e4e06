"""Who makes the pictures: `base` is the protocol; a local process and an in-process form obey it."""
