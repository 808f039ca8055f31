"""What the pretend Saleor shop is made of."""
