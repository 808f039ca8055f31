"""Shopify: webhooks signed with the app's client secret, and the GraphQL Admin API."""
