"""Charts of an asset or a sensor as pages show them: time range, annotations, replay."""
