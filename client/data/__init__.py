"""The listener's hold on what is kept: export, erase, limits of age, and a check that all is well."""
