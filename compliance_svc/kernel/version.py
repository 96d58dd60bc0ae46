"""The version of the decision kernel."""

from typing import Final

KERNEL_VERSION: Final = "4"
"""Raised with every change that could change a decision or its record."""
