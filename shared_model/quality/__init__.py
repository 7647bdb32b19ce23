"""How well a round's model foresees what is played, said by devices inside its noised vector."""
