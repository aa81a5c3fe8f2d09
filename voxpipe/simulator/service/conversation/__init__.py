"""Items in their order, and what they weigh in tokens."""
