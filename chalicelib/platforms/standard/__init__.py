"""Standard: any home-made shop that speaks Standard Webhooks in our own words (`schema.json`)."""
