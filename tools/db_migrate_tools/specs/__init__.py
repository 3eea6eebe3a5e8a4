"""Feature specs: Markdown in, pieces of SQL out, every choice told."""

from db_migrate_tools.specs.reader import Spec, read_spec
from db_migrate_tools.specs.sections import split_marked

__all__ = ["Spec", "read_spec", "split_marked"]
