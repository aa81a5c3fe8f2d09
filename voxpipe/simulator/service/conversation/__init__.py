"""The items of a conversation in their order, and what they weigh in tokens."""
