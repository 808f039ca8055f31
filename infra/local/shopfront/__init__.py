"""Two small shops beside the API, each an origin of its own: what a shop's owner would have built around the plugin."""
