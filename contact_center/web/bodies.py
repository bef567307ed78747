"""What callers send as JSON: nothing unknown, and in edits nothing that need not change."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Edit(Body):
    """What is left out stays."""

    nullable: ClassVar[frozenset[str]] = frozenset()  # by null; of others it says nothing

    def changes(self) -> dict[str, Any]:
        sent = self.model_dump(exclude_unset=True)
        return {name: v for name, v in sent.items() if v is not None or name in self.nullable}
