"""The use cases as plain functions. `now` is an argument; nothing here knows of HTTP."""
