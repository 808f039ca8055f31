"""WooCommerce: its own webhooks, one per topic, signed over the raw body."""
