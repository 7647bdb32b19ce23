"""What lyrics vectors are worth: translations are found, and songs of one theme lie together."""
