"""What a conversation costs: prices, the bill, a budget."""

from .budget import Budget, BudgetSpent
from .prices import (
    PRICES,
    Bill,
    Price,
)

__all__ = [
    "PRICES",
    "Bill",
    "Budget",
    "BudgetSpent",
    "Price",
]
