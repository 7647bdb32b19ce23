"""The verbs of sottovoce-client, a file each: options in, one function of the rooms below, words or JSON out."""
