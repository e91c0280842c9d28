"""The paper's tables in Markdown, its numbers beside ours."""

from .accounts import table_2, table_3
from .losses import loss_table
from .solvers import table_5
from .stages import late_losses

__all__ = ["late_losses", "loss_table", "table_2", "table_3", "table_5"]
