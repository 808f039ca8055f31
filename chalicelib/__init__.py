"""The part of a shop that works after the sale."""
