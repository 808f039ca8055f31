"""The words and the rules. Pure: no AWS, no clock, no environment."""
