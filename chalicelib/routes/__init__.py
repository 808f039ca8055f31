"""HTTP in, HTTP out, no decisions: blueprints that `app.py` registers. Every route says who may call it."""
