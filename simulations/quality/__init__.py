"""How good release 0 is: trained in the clear, scored by full ranking, without rounds and without privacy."""
