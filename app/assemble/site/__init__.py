"""From flex-model and flex-context of an asset to a site that the engine plans."""
