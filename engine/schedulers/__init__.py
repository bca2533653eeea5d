"""The doors that plugins share: storage, process and fallback schedulers, and the ways they compute."""
