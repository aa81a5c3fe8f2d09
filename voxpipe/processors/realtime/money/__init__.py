"""What a conversation costs: prices, the bill, a budget."""
