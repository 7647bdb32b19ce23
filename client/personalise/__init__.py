"""The listener's own copy of the head: tuned on the device, measured on the listener's own plays, never sent."""
