"""Whether this computer may work now: what it reads of power, session, network and load, and what its owner allows."""
