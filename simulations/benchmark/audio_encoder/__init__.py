"""What the audio encoder's vectors are worth, on music that nobody trained on, beside plain statistics of spectra."""
