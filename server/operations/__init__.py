"""Running a coordinator: everything that `up` starts, and what may be asked of it."""
