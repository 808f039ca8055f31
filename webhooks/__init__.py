"""The shop's side of the wire: what an owner runs and installs. May import chalicelib; never the reverse."""
