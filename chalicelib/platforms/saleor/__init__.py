"""Saleor: webhooks that carry what our own queries ask for, signed with the shop's key pair or a shared secret."""
