"""Tools that the service calls itself: declared, told, approved."""
