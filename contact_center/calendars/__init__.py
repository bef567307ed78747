"""Business time: when we work, and when something that takes so long is due."""
