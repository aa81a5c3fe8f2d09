"""What runs under the boxes: timers, wake-ups, task groups, event loops."""
