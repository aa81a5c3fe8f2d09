"""What a conversation costs: prices, the bill, a budget."""

from .budget import Budget, BudgetSpent
from .price_list import PRICES, Price
from .prices import Bill

__all__ = [
    "PRICES",
    "Bill",
    "Budget",
    "BudgetSpent",
    "Price",
]
