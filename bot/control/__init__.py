"""What the operator has on the machine itself: a server on loopback for `easel admin`, and metrics."""
